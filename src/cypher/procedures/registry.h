#pragma once

// Procedures by name. Those of the graph are built in (make_procedure_registry); the server adds its own before it serves.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cypher/procedures/batched_change.h"
#include "cypher/query.h"
#include "graph/value.h"

namespace graft::cypher {

class QueryContext;

enum class ProcedureMode : uint8_t { kRead, kWrite, kSchema, kDbms };

struct ProcedureInput {
  std::string name;
  std::string type;                           // "STRING", "INTEGER", "LIST<STRING>", "ANY" ...
  std::optional<graph::Value> default_value;  // may be left out
};
struct ProcedureOutput {
  std::string name;
  std::string type;
};

// The rows of one call, made as they are asked for.
class ProcedureRows {
 public:
  virtual ~ProcedureRows() = default;
  // False: no more. *row gets one value per output.
  virtual bool next(std::vector<graph::Value>* row) = 0;
};
std::unique_ptr<ProcedureRows> make_rows(std::vector<std::vector<graph::Value>> rows);

// What a call may use. Throws QueryError.
struct ProcedureCall {
  const ProcedureContext& caller;  // view, transaction (null in a read), user
  QueryContext& query;             // clock, cancel, memory
  std::vector<graph::Value> arguments;  // as many as inputs; types checked, integers made floats where FLOAT is asked for
};
using ProcedureFunction = std::function<std::unique_ptr<ProcedureRows>(const ProcedureCall&)>;

struct ProcedureInfo {
  std::string name;
  std::vector<ProcedureInput> inputs;
  bool variadic = false;          // the last input repeats (TuGraph's createVertexLabel)
  std::vector<ProcedureOutput> outputs;
  ProcedureMode mode = ProcedureMode::kRead;
  bool admin = false;             // administrators only
  // Has to wait for the cluster: allowed only as a standalone CALL, which the server runs itself (QueryEngine::server_call).
  bool server_side = false;
  std::string description;
  ProcedureFunction call;         // empty when only a server can run it
  // server_side: the server runs it as many transactions; `call` does it in one.
  std::function<std::unique_ptr<BatchedChange>(const graph::Catalog&, const std::vector<graph::Value>&)> batched;
  std::string signature;          // made by add() when empty: "db.labels() :: (label :: STRING)"
};

// Thread-safe. A ProcedureInfo lives as long as the registry, also when one of the same name takes its place.
class ProcedureRegistry {
 public:
  void add(ProcedureInfo procedure);
  // One that only reads, with a fixed number of arguments.
  void add_reading(std::string name, std::vector<ProcedureInput> inputs, std::vector<ProcedureOutput> outputs, std::string description,
                   ProcedureFunction call);
  const ProcedureInfo* find(std::string_view name) const;  // exact, else case-insensitive; null: none
  std::vector<const ProcedureInfo*> all() const;           // sorted by name
  std::vector<std::string> names() const;                  // sorted
  uint64_t version() const;                                // moves when a procedure is added: part of the plan cache's key

 private:
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<ProcedureInfo>> owned_;
  std::vector<const ProcedureInfo*> sorted_;
  uint64_t version_ = 0;
};

// With all of the graph's own procedures.
std::shared_ptr<ProcedureRegistry> make_procedure_registry();

// Adds graft.test.registerProcedure(signature, columns, rows), by which the openCypher TCK brings its own procedures. Never
// in a server that people use: the TCK's switch only.
void add_test_procedures(const std::shared_ptr<ProcedureRegistry>& registry);

// What a call of db.awaitIndex or db.awaitIndexes, with checked arguments, waits for. Throws QueryError: no such index.
std::vector<graph::SchemaTask> awaited_tasks(const ServerCall& call, const graph::Catalog& catalog);

// Checks count and types, fills defaults, converts integers where a float is asked for. Throws QueryError that names the
// signature.
std::vector<graph::Value> check_arguments(const ProcedureInfo& procedure, std::vector<graph::Value> arguments);

}  // namespace graft::cypher
