#pragma once

// One statement's result: what is left to run, and the rows that wait to be pulled.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cypher/query.h"
#include "replication/replica.h"
#include "server/session/canceller.h"
#include "server/session/record_buffer.h"

namespace graft::server {

using Parameters = std::vector<std::pair<std::string, graph::Value>>;
using Prepared = std::shared_ptr<const cypher::PreparedQuery>;

// What a statement may use, at most.
struct StatementLimits {
  uint64_t memory_bytes = uint64_t{1} << 30;
  cypher::MemoryPool* memory_pool = nullptr;                            // all statements together; null: no limit
  uint64_t change_bytes = uint64_t{64} << 20;                           // what a transaction may change: the replica's limit
  env::Duration transaction_timeout{0};                                 // 0: none
  env::Duration idle_timeout = std::chrono::minutes(10);                // without a request in between; 0: none
};

// What stays the same for all statements of a session.
struct StatementSetting {
  cypher::QueryEngine* engine = nullptr;
  env::Clock* clock = nullptr;
  env::Random* random = nullptr;
  ValueFormat format;
  std::string user;
  bool admin = false;
  StatementLimits limits;
  cypher::ServerInformation* information = nullptr;
  const cypher::ImportDirectory* imports = nullptr;
};

struct Statement {
  std::string text;
  Parameters parameters;
  env::Duration timeout{0};
  std::shared_ptr<Canceller> canceller = std::make_shared<Canceller>();
  ErrorCode timeout_code = ErrorCode::kTimeout;
};

// A QueryError as an Error: the message is complete already.
Error to_error(const cypher::QueryError& error);

Result<Prepared> prepare(const StatementSetting& setting, const Statement& statement, const graph::GraphView& view);

cypher::ExecutionOptions execution_options(const StatementSetting& setting, const Statement& statement,
                                           const graph::GraphView& view, graph::GraphTransaction* transaction);

// Used by one thread at a time: a worker while it runs, the io role else.
class StatementResult {
 public:
  StatementResult(StatementSetting setting, Prepared prepared, std::shared_ptr<Canceller> canceller)
      : setting_(std::move(setting)), prepared_(std::move(prepared)), canceller_(std::move(canceller)), rows_(setting_.limits.memory_pool) {}

  // A read of a pinned version, or of a transaction's view; the result holds what the view stands in.
  void start_read(const Statement& statement, std::shared_ptr<const graph::GraphView> view);
  // As much of a read as its first answer needs, and how long that took.
  Status read_first(const Statement& statement, std::shared_ptr<const graph::GraphView> view);
  // The whole of a read that has always been short. False: it was not short, or has many rows, or failed, and is to be run
  // on a worker from its beginning.
  bool read_at_once(const Statement& statement, std::shared_ptr<const graph::GraphView> view);
  // Runs a write to its end inside a transaction; the rows are kept. What the transaction holds afterwards is added to
  // *held, and counts against the memory of one statement. Error: the transaction is to be rolled back.
  Status run_write(const Statement& statement, graph::GraphTransaction& transaction, cypher::MemoryShare* held);
  // CALL { } IN TRANSACTIONS: reads the version; batches gives the transactions that produce() comes back with.
  void start_batches(const Statement& statement, std::shared_ptr<const graph::GraphView> view, std::unique_ptr<cypher::BatchTransactions> batches);
  // Takes over rows that were made elsewhere: on the lane.
  void adopt(RecordBuffer rows, std::optional<cypher::PlanDescription> profile, graph::WriteCounters counters);

  // Runs on until about max_rows rows or max_bytes wait, or the end.
  Status produce(size_t max_rows, size_t max_bytes);
  // To the end; an error when that is more than is kept of a result. also: stops it too, beside its own canceller.
  Status produce_all(Canceller* also = nullptr);
  // After produce(): null, or the batch whose commit it waits for. Then batch_committed(), then produce() again.
  std::unique_ptr<cypher::BatchTransaction> take_batch() { return std::move(batch_); }
  void batch_committed(cypher::BatchOutcome outcome, const graph::WriteCounters& written, const replication::Position& position);
  // Of the last batch; none: nothing was committed.
  const std::optional<replication::Position>& committed() const { return committed_; }
  // Nothing more is wanted of a read.
  void abandon();

  const Prepared& prepared() const { return prepared_; }
  RecordBuffer& rows() { return rows_; }
  bool runs_batches() const { return batches_ != nullptr; }
  bool done() const { return execution_ == nullptr; }
  bool exhausted() const { return done() && rows_.rows() == 0; }
  bool had_rows() const { return had_rows_; }
  const graph::WriteCounters& counters() const { return counters_; }
  const std::optional<cypher::PlanDescription>& profile() const { return profile_; }
  const std::shared_ptr<Canceller>& canceller() const { return canceller_; }

 private:
  Status produce_batch(size_t max_rows);
  void start(std::shared_ptr<const graph::GraphView> view, cypher::ExecutionOptions options);
  Status keep_account(uint64_t bytes, cypher::MemoryShare* held) const;

  StatementSetting setting_;
  Prepared prepared_;
  std::shared_ptr<const graph::GraphView> view_;
  std::unique_ptr<cypher::BatchTransactions> batches_;
  std::unique_ptr<cypher::BatchTransaction> batch_;
  std::optional<replication::Position> committed_;
  std::shared_ptr<cypher::Execution> execution_;  // null: ended
  std::shared_ptr<Canceller> canceller_;
  RecordBuffer rows_;
  bool had_rows_ = false;
  graph::WriteCounters counters_;
  std::optional<cypher::PlanDescription> profile_;
};

// An autocommit write, to be run on the lane. run() and whoever reads the rows afterwards are never active at once.
class LaneStatement final : public replication::LaneWork {
 public:
  LaneStatement(StatementSetting setting, Statement statement, Prepared prepared, uint64_t catalog_version);

  Result<Outcome> run(graph::GraphTransaction& transaction, bool with_budget) override;
  bool cancelled() const override { return statement_.canceller->cancelled(); }

  const Prepared& prepared() const { return prepared_; }
  RecordBuffer take_rows() { return std::move(rows_); }
  std::optional<cypher::PlanDescription> take_profile() { return std::move(profile_); }

 private:
  Result<Outcome> execute(cypher::Execution& execution, graph::GraphTransaction& transaction, bool with_budget);

  StatementSetting setting_;
  Statement statement_;
  Prepared prepared_;
  uint64_t catalog_version_;
  RecordBuffer rows_;
  std::optional<cypher::PlanDescription> profile_;
};

void add_counters(const graph::WriteCounters& more, graph::WriteCounters* sum);
// Field by field: what happened between two looks at a transaction's counters.
graph::WriteCounters counters_since(const graph::WriteCounters& before, const graph::WriteCounters& now);

}  // namespace graft::server
