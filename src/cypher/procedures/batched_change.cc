#include "cypher/procedures/batched_change.h"

#include "cypher/functions/query_context.h"
#include "cypher/position.h"

namespace graft::cypher {
namespace {

BatchPosition advance(const BatchedChange& change, BatchPosition at, graph::GraphTransaction& transaction) {
  if (!at.visiting) {
    at.visiting = change.begin(at.phase, transaction);
    at.next = 0;
  } else {
    std::vector<uint64_t> ids;
    at.next = transaction.view().scan_from(change.entity, change.label_or_type, at.next, change.entities_at_once(), &ids);
    for (uint64_t id : ids) at.affected += change.visit(at.phase, transaction, id) ? 1 : 0;
    at.visiting = at.next != graph::kNoId;
  }
  if (at.visiting) return at;
  ++at.phase;
  at.done = at.phase == change.phases();
  return at;
}

}  // namespace

Result<BatchPosition> batched_step(const BatchedChange& change, const BatchPosition& at, graph::GraphTransaction& transaction) {
  try {
    return advance(change, at, transaction);
  } catch (const QueryError& error) {
    return Error{error.code, error.message};
  }
}

Status batched_give_up(const BatchedChange& change, graph::GraphTransaction& transaction) {
  try {
    change.give_up(transaction);
    return {};
  } catch (const QueryError& error) {
    return Error{error.code, error.message};
  }
}

int64_t run_at_once(const BatchedChange& change, graph::GraphTransaction& transaction) {
  BatchPosition at;
  while (!at.done) at = advance(change, at, transaction);
  return at.affected;
}

}  // namespace graft::cypher
