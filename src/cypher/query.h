#pragma once

// The pipeline: parse -> analyse -> plan -> start -> next. Callers (the Bolt session, tests, the simulator) see only this.
// All failures are QueryError values inside Cypher and come out as such.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cypher/position.h"
#include "env/clock.h"
#include "env/random.h"
#include "graph/transaction.h"
#include "graph/value.h"
#include "graph/view.h"

namespace graft::cypher {

struct Notification {
  std::string code, title, description, severity, category;  // Neo4j's
  std::optional<Position> position;
  std::string gql_status, gql_description;  // of Bolt 5.6 and later; empty: made of the others
};

// One plan operator as EXPLAIN/PROFILE show it.
struct PlanDescription {
  std::string operator_name;                                  // NodeByLabelScan, Expand(All) ...
  std::vector<std::pair<std::string, graph::Value>> arguments;  // Details, EstimatedRows, Rows, DbHits, Time ...
  std::vector<std::string> identifiers;
  std::vector<PlanDescription> children;
};

// What the statement may do: decides where it runs.
enum class QueryType : uint8_t { kRead, kReadWrite, kWrite, kSchema };

// A parsed, checked and planned statement. Immutable, shared through the plan cache, any thread.
class PreparedQuery {
 public:
  virtual ~PreparedQuery() = default;
  virtual const std::vector<std::string>& columns() const = 0;
  virtual QueryMode mode() const = 0;
  virtual QueryType type() const = 0;            // kRead: never writes
  virtual bool is_cluster_procedure() const = 0; // a standalone CALL of a server_side procedure: see server_call
  virtual bool expects_large_write() const = 0;  // planner's guess: run beside the lane
  virtual const std::vector<Notification>& notifications() const = 0;
  virtual PlanDescription plan() const = 0;      // estimates
};

// Procedures that need more than a graph (cluster, sessions, configuration): registered by the server by name; see procedures/.
struct ProcedureContext {
  const graph::GraphView* view = nullptr;
  graph::GraphTransaction* transaction = nullptr;  // null in a read
  std::string user;
  bool is_admin = true;
};

class BatchedChange;
class ProcedureRegistry;

struct ExecutionOptions {
  std::vector<std::pair<std::string, graph::Value>> parameters;
  env::Duration timeout{0};                       // 0: none
  uint64_t memory_budget_bytes = uint64_t{1} << 30;
  const env::Clock* clock = nullptr;              // required
  env::Random* random = nullptr;                  // required: rand(), randomUUID()
  std::string database = "neo4j";
  ProcedureContext procedure_context;
  const ProcedureRegistry* procedures = nullptr;  // set by QueryEngine::start: SHOW PROCEDURES
};

// Rows in row-major order, as many columns as PreparedQuery::columns().
struct RowBatch {
  size_t columns = 0;
  std::vector<graph::Value> values;
  size_t rows() const { return columns == 0 ? zero_column_rows : values.size() / columns; }
  size_t zero_column_rows = 0;
};

// A running statement. One thread at a time. Works on a view (read) or a transaction (write).
class Execution {
 public:
  virtual ~Execution() = default;
  // Up to about max_rows more rows; sets *done after the last. A write has taken full effect once done.
  // Errors: QueryError as Error (message includes the position). After an error only destruction is allowed.
  virtual Result<RowBatch> next(size_t max_rows, bool* done) = 0;
  virtual void cancel() = 0;                      // any thread; next() fails with kCancelled within 100 ms
  virtual PlanDescription profile() const = 0;    // with real rows, after done
};

// A statement that the server runs itself: a standalone CALL of a procedure that has to wait for the cluster.
struct ServerCall {
  std::string procedure;                 // as registered
  std::vector<graph::Value> arguments;   // checked, defaults filled in
  std::shared_ptr<const BatchedChange> batched;  // null: it is something else
  bool waits_for_indexes() const { return procedure.starts_with("db.awaitIndex"); }
};

class ProcedureRegistry;

struct PlannerOptions {
  bool optimise = true;  // false: no indexes, joins by hash, walks or order from an index: what tests compare plans with
};

// Holds the plan cache and the functions and procedures. One per database process; thread-safe.
class QueryEngine {
 public:
  static std::unique_ptr<QueryEngine> create(std::shared_ptr<const ProcedureRegistry> procedures, PlannerOptions options = {});
  virtual ~QueryEngine() = default;

  // Parse, analyse, plan; or the cached plan for (text, parameter types, catalog version).
  virtual std::variant<std::shared_ptr<const PreparedQuery>, QueryError> prepare(
      std::string_view text, const std::vector<std::pair<std::string, graph::Value>>& parameters,
      const graph::GraphView& view) = 0;
  // view: what it reads; transaction: null for a read, else the one whose view() it is.
  virtual std::unique_ptr<Execution> start(std::shared_ptr<const PreparedQuery> query, const graph::GraphView& view,
                                           graph::GraphTransaction* transaction, ExecutionOptions options) = 0;
  // Only for a query whose is_cluster_procedure() is true: its arguments, evaluated.
  virtual std::variant<ServerCall, QueryError> server_call(const PreparedQuery& query, const graph::GraphView& view,
                                                           const ExecutionOptions& options) = 0;
};

}  // namespace graft::cypher
