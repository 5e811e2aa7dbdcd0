// Procedures about the indexes' building. In a server the session runs those that wait (server_side).
#include <algorithm>

#include "cypher/functions/query_context.h"
#include "cypher/procedures/builtin.h"

namespace graft::cypher {
namespace {

using graph::IndexDefinition;
using graph::IndexState;
using graph::Value;

const IndexDefinition& index_named(const graph::Catalog& catalog, std::string_view name) {
  for (const IndexDefinition& index : catalog.indexes())
    if (index.name == name) return index;
  throw_error(ErrorCode::kIndexNotFound, "No such index '" + std::string(name) + "'");
}

// Without a cluster around there is nothing to wait for.
void require_online(const IndexDefinition& index) {
  if (index.state == IndexState::kFailed) throw_error(ErrorCode::kProcedureCallFailed, "Index '" + index.name + "' is in failed state: " + index.failure);
  if (index.state == IndexState::kPopulating) throw_error(ErrorCode::kProcedureTimedOut, "Index '" + index.name + "' is being populated");
}

std::unique_ptr<ProcedureRows> await_index(const ProcedureCall& call) {
  require_online(index_named(call.caller.view->catalog(), call.arguments[0].as_string()));
  return make_rows({});
}

std::unique_ptr<ProcedureRows> await_indexes(const ProcedureCall& call) {
  for (const IndexDefinition& index : call.caller.view->catalog().indexes()) require_online(index);
  return make_rows({});
}

// Counts are kept exact by every write: there is nothing to sample.
std::unique_ptr<ProcedureRows> resample_index(const ProcedureCall& call) {
  index_named(call.caller.view->catalog(), call.arguments[0].as_string());
  return make_rows({});
}

std::unique_ptr<ProcedureRows> nothing_to_sample(const ProcedureCall&) { return make_rows({}); }

}  // namespace

std::vector<graph::SchemaTask> awaited_tasks(const ServerCall& call, const graph::Catalog& catalog) {
  std::vector<graph::SchemaTask> tasks;
  auto add = [&](const IndexDefinition& index) { tasks.push_back({graph::SchemaTask::Kind::kBuildIndex, index.id, {}, {}, graph::kNoToken}); };
  if (call.procedure == "db.awaitIndex") {
    add(index_named(catalog, call.arguments[0].as_string()));
  } else {
    for (const IndexDefinition& index : catalog.indexes())
      if (index.state != IndexState::kOnline) add(index);
  }
  return tasks;
}

void add_index_procedures(ProcedureRegistry& r) {
  auto add = [&](std::string name, std::vector<ProcedureInput> inputs, bool waits, std::string description, ProcedureFunction call) {
    ProcedureInfo p;
    p.name = std::move(name);
    p.inputs = std::move(inputs);
    p.server_side = waits;
    p.description = std::move(description);
    p.call = std::move(call);
    r.add(std::move(p));
  };
  ProcedureInput index_name{"indexName", "STRING", {}}, seconds{"timeOutSeconds", "INTEGER", Value::integer(300)};
  add("db.awaitIndex", {index_name, seconds}, true, "Wait for an index to come online (for example: CALL db.awaitIndex(\"MyIndex\", 300)).", await_index);
  add("db.awaitIndexes", {seconds}, true, "Wait for all indexes to come online (for example: CALL db.awaitIndexes(300)).", await_indexes);
  add("db.resampleIndex", {index_name}, false, "Schedule resampling of an index (for example: CALL db.resampleIndex(\"MyIndex\")).", resample_index);
  add("db.resampleOutdatedIndexes", {}, false, "Schedule resampling of all outdated indexes.", nothing_to_sample);
  add("db.prepareForReplanning", {seconds}, false, "Counts are exact at all times here: there is nothing to prepare.", nothing_to_sample);
}

}  // namespace graft::cypher
