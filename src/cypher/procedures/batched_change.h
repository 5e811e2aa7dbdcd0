#pragma once

// A change of a label or relationship type that touches all that has it. In a server it runs as many short transactions,
// one after another, so that others do not wait for it; in an explicit transaction as part of that.

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "graph/transaction.h"
#include "graph/value.h"

namespace graft::cypher {

class BatchedChange {
 public:
  virtual ~BatchedChange() = default;
  // Each phase begins with a change of the schema, and then may visit every entity. All throw QueryError.
  virtual size_t phases() const = 0;
  virtual bool begin(size_t phase, graph::GraphTransaction& transaction) const = 0;  // true: visits follow
  virtual bool visit(size_t phase, graph::GraphTransaction& transaction, uint64_t id) const = 0;   // true: changed
  // After a visit has failed: puts back what others should not have to live with.
  virtual void give_up(graph::GraphTransaction&) const {}
  virtual uint64_t entities_at_once() const { return 1000; }

  graph::EntityKind entity = graph::EntityKind::kNode;
  uint32_t label_or_type = graph::kNoToken;
};

struct BatchPosition {
  size_t phase = 0;
  bool visiting = false;
  uint64_t next = 0;      // entity
  int64_t affected = 0;
  bool done = false;
};

// One short transaction's worth, from `at` on.
Result<BatchPosition> batched_step(const BatchedChange& change, const BatchPosition& at, graph::GraphTransaction& transaction);
// give_up, its errors as values.
Status batched_give_up(const BatchedChange& change, graph::GraphTransaction& transaction);
// All of it in one transaction. Throws; returns what was affected.
int64_t run_at_once(const BatchedChange& change, graph::GraphTransaction& transaction);

}  // namespace graft::cypher
