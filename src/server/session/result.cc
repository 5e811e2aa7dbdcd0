#include "server/session/result.h"

#include <algorithm>

#include "env/heap.h"

namespace graft::server {
namespace {

constexpr size_t kRowsPerBatch = 1024;
constexpr size_t kFirstRows = 128;
constexpr size_t kFirstBytes = 64 * 1024;
constexpr env::Duration kAtOnceTime = std::chrono::microseconds(500);
constexpr env::Duration kTooLong = std::chrono::seconds(1);
// Rows of a write are kept until it is committed.
constexpr size_t kMostKeptBytes = size_t{256} << 20;
// What a statement may use of the lane before it has to go on beside it.
constexpr env::Duration kLaneTime = std::chrono::milliseconds(2);
constexpr size_t kLaneRows = 10000;

Error too_many_rows() {
  return {ErrorCode::kOutOfMemory, "The statement writes and returns more than 256 MiB of rows, which are kept until it is committed: return less."};
}

}  // namespace

Error to_error(const cypher::QueryError& error) { return {error.code, error.message}; }

Result<Prepared> prepare(const StatementSetting& setting, const Statement& statement, const graph::GraphView& view) {
  auto prepared = setting.engine->prepare(statement.text, statement.parameters, view);
  if (auto* error = std::get_if<cypher::QueryError>(&prepared)) return to_error(*error);
  return std::get<Prepared>(std::move(prepared));
}

cypher::ExecutionOptions execution_options(const StatementSetting& setting, const Statement& statement,
                                           const graph::GraphView& view, graph::GraphTransaction* transaction) {
  cypher::ExecutionOptions options;
  options.parameters = statement.parameters;
  options.timeout = statement.timeout;
  options.timeout_code = statement.timeout_code;
  options.memory_budget_bytes = setting.limits.memory_bytes;
  options.memory_pool = setting.limits.memory_pool;
  options.change_bytes = setting.limits.change_bytes;
  options.server = setting.information;
  options.imports = setting.imports;
  options.clock = setting.clock;
  options.random = setting.random;
  options.database = "default";
  options.procedure_context = {&view, transaction, setting.user, setting.admin};
  return options;
}

// ---- StatementResult ----

void StatementResult::start(std::shared_ptr<const graph::GraphView> view, cypher::ExecutionOptions options) {
  view_ = std::move(view);
  execution_ = setting_.engine->start(prepared_, *view_, nullptr, std::move(options));
  canceller_->attach(execution_);
}

void StatementResult::start_read(const Statement& statement, std::shared_ptr<const graph::GraphView> view) {
  cypher::ExecutionOptions options = execution_options(setting_, statement, *view, nullptr);
  start(std::move(view), std::move(options));
}

Status StatementResult::read_first(const Statement& statement, std::shared_ptr<const graph::GraphView> view) {
  const env::Duration begun = setting_.clock->monotonic();
  start_read(statement, std::move(view));
  Status status = produce(kFirstRows, kFirstBytes);
  prepared_->running_time().note(done() ? setting_.clock->monotonic() - begun : kTooLong);
  return status;
}

bool StatementResult::read_at_once(const Statement& statement, std::shared_ptr<const graph::GraphView> view) {
  if (!prepared_->running_time().is_short()) return false;
  const env::Duration begun = setting_.clock->monotonic();
  cypher::ExecutionOptions options = execution_options(setting_, statement, *view, nullptr);
  if (options.timeout == env::Duration(0) || options.timeout > kAtOnceTime) options.timeout = kAtOnceTime;
  start(std::move(view), std::move(options));
  const bool whole = produce(kFirstRows, kFirstBytes).ok() && done();
  prepared_->running_time().note(whole ? setting_.clock->monotonic() - begun : kTooLong);
  if (!whole) abandon();
  return whole;
}

void StatementResult::start_batches(const Statement& statement, std::shared_ptr<const graph::GraphView> view,
                                    std::unique_ptr<cypher::BatchTransactions> batches) {
  view_ = std::move(view);
  batches_ = std::move(batches);
  cypher::ExecutionOptions options = execution_options(setting_, statement, *view_, nullptr);
  options.batches = batches_.get();
  execution_ = setting_.engine->start(prepared_, *view_, nullptr, std::move(options));
  canceller_->attach(execution_);
}

void StatementResult::batch_committed(cypher::BatchOutcome outcome, const graph::WriteCounters& written, const replication::Position& position) {
  if (outcome.ok()) {
    add_counters(written, &counters_);
    committed_ = position;
  }
  if (execution_ != nullptr) execution_->batch_committed(std::move(outcome));
}

Status StatementResult::run_write(const Statement& statement, graph::GraphTransaction& transaction, cypher::MemoryShare* held) {
  const int64_t heap_before = env::thread_heap_bytes();
  view_ = std::shared_ptr<const graph::GraphView>(std::shared_ptr<void>(), &transaction.view());
  const graph::WriteCounters before = transaction.counters();
  cypher::ExecutionOptions options = execution_options(setting_, statement, *view_, &transaction);
  options.memory_budget_bytes -= std::min(options.memory_budget_bytes, held->bytes());
  execution_ = setting_.engine->start(prepared_, *view_, &transaction, std::move(options));
  canceller_->attach(execution_);
  Status status = produce(SIZE_MAX, kMostKeptBytes);
  if (status.ok() && !done()) status = too_many_rows();
  counters_ = counters_since(before, transaction.counters());
  if (!status.ok()) {
    abandon();
    return status;
  }
  const int64_t grown = env::thread_heap_bytes() - heap_before;
  return keep_account(held->bytes() + static_cast<uint64_t>(std::max<int64_t>(grown, 0)), held);
}

// In steps: most transactions are small.
Status StatementResult::keep_account(uint64_t bytes, cypher::MemoryShare* held) const {
  if (bytes > setting_.limits.memory_bytes) {
    return Error{ErrorCode::kQueryMemory, "The transaction needs more memory than its limit of " + std::to_string(setting_.limits.memory_bytes >> 20) +
                                              " MiB (query_memory_mb); split it, for instance with CALL { ... } IN TRANSACTIONS"};
  }
  if (held->resize(bytes)) return {};
  return Error{ErrorCode::kOutOfMemory, "All queries together need more memory than their limit (total_query_memory_mb); try again when others have ended"};
}

void StatementResult::adopt(RecordBuffer rows, std::optional<cypher::PlanDescription> profile, graph::WriteCounters counters) {
  rows_ = std::move(rows);
  had_rows_ = rows_.rows() > 0;
  profile_ = std::move(profile);
  counters_ = counters;
}

namespace {

Error pin_lost() {
  return {ErrorCode::kTransactionTerminated, "The read was ended: it held on to an old version for too long, or met damage on this node's disk. Run it again."};
}

}  // namespace

Status StatementResult::produce_batch(size_t max_rows) {
  bool ended = false;
  GRAFT_TRY_ASSIGN(const cypher::RowBatch batch, execution_->next(max_rows, &ended));
  if (view_->pin_cancelled()) return pin_lost();
  batch_ = execution_->batch_to_commit();
  GRAFT_TRY(rows_.append(batch, setting_.format, execution_->view() != nullptr ? *execution_->view() : *view_));
  had_rows_ |= batch.rows() > 0;
  if (ended) {
    if (prepared_->mode() == cypher::QueryMode::kProfile) profile_ = execution_->profile();
    abandon();
  }
  return {};
}

Status StatementResult::produce(size_t max_rows, size_t max_bytes) {
  while (!done() && batch_ == nullptr && rows_.rows() < max_rows && rows_.bytes() < max_bytes) {
    if (view_->pin_cancelled()) return pin_lost();
    GRAFT_TRY(produce_batch(std::min(kRowsPerBatch, max_rows - rows_.rows())));
  }
  return {};
}

Status StatementResult::produce_all(Canceller* also) {
  if (also != nullptr) also->attach(execution_);
  Status status = produce(SIZE_MAX, kMostKeptBytes);
  if (also != nullptr) also->detach();
  GRAFT_TRY(std::move(status));
  if (done()) return {};
  return Error{ErrorCode::kQueryMemory, "A result that is still open has more than 256 MiB of rows, which have to be kept when something is written: read it to its "
                                        "end, or close it, before."};
}

void StatementResult::abandon() {
  canceller_->detach();
  execution_ = nullptr;
  view_ = nullptr;
}

// ---- LaneStatement ----

LaneStatement::LaneStatement(StatementSetting setting, Statement statement, Prepared prepared, uint64_t catalog_version)
    : setting_(std::move(setting)), statement_(std::move(statement)), prepared_(std::move(prepared)), catalog_version_(catalog_version),
      rows_(setting_.limits.memory_pool) {}

Result<replication::LaneWork::Outcome> LaneStatement::run(graph::GraphTransaction& transaction, bool with_budget) {
  rows_.clear();
  profile_.reset();
  if (auto cancelled = statement_.canceller->error()) return std::move(*cancelled);
  const graph::GraphView& view = transaction.view();
  // Names and indexes may have come since it was planned.
  if (const uint64_t now = view.catalog().version(); now != catalog_version_) {
    GRAFT_TRY_ASSIGN(prepared_, prepare(setting_, statement_, view));
    catalog_version_ = now;
  }
  if (with_budget && (prepared_->expects_large_write() || prepared_->running_time().writes_too_long())) return Outcome::kOverBudget;
  const env::Duration begun = setting_.clock->monotonic();
  cypher::ExecutionOptions options = execution_options(setting_, statement_, view, &transaction);
  const bool shortened = with_budget && (options.timeout == env::Duration(0) || options.timeout > kLaneTime);
  if (shortened) {
    options.timeout = kLaneTime;
    options.timeout_code = ErrorCode::kTimeout;
  }
  const std::shared_ptr<cypher::Execution> execution = setting_.engine->start(prepared_, view, &transaction, std::move(options));
  statement_.canceller->attach(execution);
  Result<Outcome> outcome = execute(*execution, transaction, with_budget);
  statement_.canceller->detach();
  if (shortened && !outcome.ok() && outcome.error().code == ErrorCode::kTimeout) outcome = Outcome::kOverBudget;
  if (outcome.ok()) prepared_->running_time().note_write(*outcome == Outcome::kOverBudget || setting_.clock->monotonic() - begun > kLaneTime);
  return outcome;
}

Result<replication::LaneWork::Outcome> LaneStatement::execute(cypher::Execution& execution, graph::GraphTransaction& transaction,
                                                              bool with_budget) {
  bool done = false;
  while (!done) {
    GRAFT_TRY_ASSIGN(const cypher::RowBatch batch, execution.next(kRowsPerBatch, &done));
    GRAFT_TRY(rows_.append(batch, setting_.format, transaction.view()));
    if (with_budget && rows_.rows() > kLaneRows) return Outcome::kOverBudget;
    if (rows_.bytes() > kMostKeptBytes) return too_many_rows();
  }
  if (prepared_->mode() == cypher::QueryMode::kProfile) profile_ = execution.profile();
  GRAFT_TRY(transaction.check_constraints());
  return Outcome::kDone;
}

void add_counters(const graph::WriteCounters& more, graph::WriteCounters* sum) {
  sum->nodes_created += more.nodes_created;
  sum->nodes_deleted += more.nodes_deleted;
  sum->relationships_created += more.relationships_created;
  sum->relationships_deleted += more.relationships_deleted;
  sum->properties_set += more.properties_set;
  sum->labels_added += more.labels_added;
  sum->labels_removed += more.labels_removed;
  sum->indexes_added += more.indexes_added;
  sum->indexes_removed += more.indexes_removed;
  sum->constraints_added += more.constraints_added;
  sum->constraints_removed += more.constraints_removed;
  sum->system_updates += more.system_updates;
}

graph::WriteCounters counters_since(const graph::WriteCounters& before, const graph::WriteCounters& now) {
  graph::WriteCounters d;
  d.nodes_created = now.nodes_created - before.nodes_created;
  d.nodes_deleted = now.nodes_deleted - before.nodes_deleted;
  d.relationships_created = now.relationships_created - before.relationships_created;
  d.relationships_deleted = now.relationships_deleted - before.relationships_deleted;
  d.properties_set = now.properties_set - before.properties_set;
  d.labels_added = now.labels_added - before.labels_added;
  d.labels_removed = now.labels_removed - before.labels_removed;
  d.indexes_added = now.indexes_added - before.indexes_added;
  d.indexes_removed = now.indexes_removed - before.indexes_removed;
  d.constraints_added = now.constraints_added - before.constraints_added;
  d.constraints_removed = now.constraints_removed - before.constraints_removed;
  d.system_updates = now.system_updates - before.system_updates;
  return d;
}

}  // namespace graft::server
