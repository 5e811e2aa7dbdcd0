#pragma once

// The pipeline: parse -> analyse -> plan -> start -> next. Callers (the Bolt session, tests, the simulator) see only this.
// All failures are QueryError values inside Cypher and come out as such.

#include <algorithm>
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
#include "env/file.h"
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

// How long runs of a statement have taken until their first rows: whether it is worth handing it to another thread. Any
// thread. Falls fast and rises slowly, so that a run that was interrupted does not count for much.
class RunningTime {
 public:
  void note(env::Duration elapsed) const {
    const int64_t now = std::min<int64_t>(elapsed.count(), kMostNoted), before = typical_.load(std::memory_order_relaxed);
    const int64_t after = before < 0 ? now : now < before ? (now + before) / 2 : before + (now - before) / 16;
    typical_.store(after, std::memory_order_relaxed);
  }
  bool is_short() const {
    const int64_t typical = typical_.load(std::memory_order_relaxed);
    return typical >= 0 && typical < kShort;
  }
  // Of a write, whether it was too long for the lane. Twice in a row: it will be again.
  void note_write(bool too_long) const { long_writes_.store(too_long ? std::min(long_writes_.load(std::memory_order_relaxed) + 1, 2) : 0, std::memory_order_relaxed); }
  bool writes_too_long() const { return long_writes_.load(std::memory_order_relaxed) == 2; }

 private:
  static constexpr int64_t kShort = 100'000, kMostNoted = 500'000;  // ns
  mutable std::atomic<int64_t> typical_{-1};                          // -1: never run
  mutable std::atomic<int> long_writes_{0};
};

// A parsed, checked and planned statement. Immutable, shared through the plan cache, any thread.
class PreparedQuery {
 public:
  virtual ~PreparedQuery() = default;
  virtual const std::vector<std::string>& columns() const = 0;
  virtual QueryMode mode() const = 0;
  virtual QueryType type() const = 0;            // kRead: never writes
  virtual bool is_cluster_procedure() const = 0; // a standalone CALL of a server_side procedure: see server_call
  virtual bool expects_large_write() const = 0;  // planner's guess: run beside the lane
  virtual bool commits_in_batches() const { return false; }  // has CALL { } IN TRANSACTIONS: see BatchTransactions
  virtual bool asks_server() const { return false; }  // SHOW TRANSACTIONS and the like: see ServerInformation
  virtual const std::vector<Notification>& notifications() const = 0;
  virtual PlanDescription plan() const = 0;      // estimates
  const RunningTime& running_time() const { return running_time_; }

 private:
  RunningTime running_time_;
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

// CALL { } IN TRANSACTIONS. The statement itself reads a pinned version; each batch runs in a transaction that is begun here
// on the newest version. When one is to be committed, Execution::next() comes back early: whoever runs the statement
// takes it (batch_to_commit), commits it without holding a thread, tells the outcome (batch_committed) and goes on.
class BatchTransaction {
 public:
  virtual ~BatchTransaction() = default;  // rolls back
  virtual graph::GraphTransaction& graph() = 0;
  virtual std::string name() const = 0;   // "neo4j-transaction-12", for REPORT STATUS
  size_t heap_before = 0;                 // what the statement held when it began: BatchRunner's
};
class BatchTransactions {
 public:
  virtual ~BatchTransactions() = default;
  // On the thread that runs the statement; at once.
  virtual Result<std::unique_ptr<BatchTransaction>> begin() = 0;
};
// The newest version after the commit: clauses behind the batch read it.
using BatchOutcome = Result<std::shared_ptr<const graph::GraphView>>;

// What SHOW TRANSACTIONS | SETTINGS | USERS and TERMINATE TRANSACTIONS are answered from: a row is a map by column name. Any
// thread. Errors as QueryError.
class ServerInformation {
 public:
  virtual ~ServerInformation() = default;
  virtual std::vector<graph::Map> transactions(const ProcedureContext& caller) = 0;
  virtual std::vector<graph::Map> terminate(const std::vector<std::string>& names, const ProcedureContext& caller) = 0;
  virtual std::vector<graph::Map> settings(const ProcedureContext& caller) = 0;
  virtual std::vector<graph::Map> users(const ProcedureContext& caller) = 0;
};

// Memory that all running statements of a server share. Thread-safe.
class MemoryPool {
 public:
  explicit MemoryPool(uint64_t limit_bytes) : limit_(limit_bytes) {}
  bool take(uint64_t bytes) {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_) return true;
    give_back(bytes);
    return false;
  }
  void give_back(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  uint64_t limit() const { return limit_; }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

// What somebody holds of a pool; given back at its end.
class MemoryShare {
 public:
  explicit MemoryShare(MemoryPool* pool) : pool_(pool) {}  // null: there is no limit
  ~MemoryShare() { resize(0); }
  MemoryShare(const MemoryShare&) = delete;
  MemoryShare& operator=(const MemoryShare&) = delete;
  // False: the pool has not so much left; what is held stays the same.
  bool resize(uint64_t bytes) {
    if (pool_ != nullptr && bytes > bytes_ && !pool_->take(bytes - bytes_)) return false;
    if (pool_ != nullptr && bytes < bytes_) pool_->give_back(bytes_ - bytes);
    bytes_ = bytes;
    return true;
  }
  uint64_t bytes() const { return bytes_; }

 private:
  MemoryPool* pool_;
  uint64_t bytes_ = 0;
};

// The folder that LOAD CSV may read from.
struct ImportDirectory {
  env::FileSystem* files = nullptr;
  std::string path;
};

struct ExecutionOptions {
  std::vector<std::pair<std::string, graph::Value>> parameters;
  env::Duration timeout{0};                       // 0: none
  ErrorCode timeout_code = ErrorCode::kTimeout;   // what it fails with then
  uint64_t memory_budget_bytes = uint64_t{1} << 30;
  MemoryPool* memory_pool = nullptr;              // null: no common limit
  uint64_t change_bytes = 0;                      // what its transaction may change, as encoded; 0: no limit
  const env::Clock* clock = nullptr;              // required
  env::Random* random = nullptr;                  // required: rand(), randomUUID()
  std::string database = "neo4j";
  ProcedureContext procedure_context;
  const ProcedureRegistry* procedures = nullptr;  // set by QueryEngine::start: SHOW PROCEDURES
  ServerInformation* server = nullptr;            // null: there is no server to ask
  const ImportDirectory* imports = nullptr;       // null: LOAD CSV is refused
  BatchTransactions* batches = nullptr;           // null: IN TRANSACTIONS may not write; outlives the execution
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
  // Any thread; next() fails within 100 ms, with kCancelled or, by an administrator's word, kTransactionTerminated.
  virtual void cancel(ErrorCode why = ErrorCode::kCancelled) = 0;
  // What entities in the rows that next() gave last are to be read from. Until the next call.
  virtual const graph::GraphView* view() const { return nullptr; }  // null: the one it was started with
  // Null, or the batch whose end next() came back for; then batch_committed() before the next call.
  virtual std::unique_ptr<BatchTransaction> batch_to_commit() { return nullptr; }
  virtual void batch_committed(BatchOutcome) {}
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
  uint32_t shake = 0;    // of tests: not 0: costs are multiplied by random factors, so that any order and operator is taken
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
  // The cached plan, or null; takes next to no time.
  virtual std::shared_ptr<const PreparedQuery> find_prepared(std::string_view text, const graph::GraphView& view) = 0;
  // view: what it reads; transaction: null for a read, else the one whose view() it is.
  virtual std::unique_ptr<Execution> start(std::shared_ptr<const PreparedQuery> query, const graph::GraphView& view,
                                           graph::GraphTransaction* transaction, ExecutionOptions options) = 0;
  // Only for a query whose is_cluster_procedure() is true: its arguments, evaluated.
  virtual std::variant<ServerCall, QueryError> server_call(const PreparedQuery& query, const graph::GraphView& view,
                                                           const ExecutionOptions& options) = 0;
};

}  // namespace graft::cypher
