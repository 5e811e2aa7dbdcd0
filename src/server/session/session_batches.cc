// CALL { } IN TRANSACTIONS outside of a transaction: the statement runs on a worker until a batch has ended, its commit
// goes through the replica, and its end brings the statement back to a worker.

#include "server/session/session_plan.h"

namespace graft::server {
namespace {

constexpr size_t kFirstBatchRows = 128;
constexpr size_t kFirstBatchBytes = 64 * 1024;

class ReplicaBatch final : public cypher::BatchTransaction {
 public:
  ReplicaBatch(std::unique_ptr<replication::ExplicitTransaction> transaction, std::string name)
      : transaction_(std::move(transaction)), name_(std::move(name)) {}
  graph::GraphTransaction& graph() override { return transaction_->graph(); }
  std::string name() const override { return name_; }
  std::unique_ptr<replication::ExplicitTransaction> take() { return std::move(transaction_); }

 private:
  std::unique_ptr<replication::ExplicitTransaction> transaction_;
  std::string name_;
};

class ReplicaBatches final : public cypher::BatchTransactions {
 public:
  explicit ReplicaBatches(std::shared_ptr<SessionServices> services) : services_(std::move(services)) {}
  Result<std::unique_ptr<cypher::BatchTransaction>> begin() override {
    GRAFT_TRY_ASSIGN(auto transaction, services_->replica.begin_at_applied());
    return std::unique_ptr<cypher::BatchTransaction>(std::make_unique<ReplicaBatch>(std::move(transaction), services_->transactions->next_name()));
  }

 private:
  const std::shared_ptr<SessionServices> services_;
};

}  // namespace

void Session::run_batches(std::shared_ptr<Plan> plan) {
  when_leader_known([this, plan] {
    wait_for(Wait::kVersion);
    replication::ReadRequest request;
    request.bookmarks = plan->extra.bookmarks;
    request.linearizable = true;
    if (plan->statement.timeout > env::Duration(0)) request.timeout = std::min(request.timeout, plan->statement.timeout);
    services_.replica.read(std::move(request), on_io<replication::ReadVersion>([this, plan](Result<replication::ReadVersion> version) {
      if (!version.ok()) return fail(version.error());
      start_batches(plan, std::move(version).value());
    }));
  });
}

void Session::start_batches(std::shared_ptr<Plan> plan, replication::ReadVersion version) {
  plan->position = version.position;
  auto work = [plan, services = services_owner_, version = std::move(version)]() -> Result<std::shared_ptr<StatementResult>> {
    auto batches = std::make_unique<ReplicaBatches>(services);
    if (auto begun = batches->begin(); !begun.ok()) return begun.error();  // not the leader: said before anything runs
    auto view = std::make_shared<graph::GraphView>(version.version);
    if (view->catalog().version() != plan->catalog_version) {
      GRAFT_TRY_ASSIGN(plan->prepared, prepare(plan->setting, plan->statement, *view));
    }
    auto result = std::make_shared<StatementResult>(plan->setting, plan->prepared, plan->statement.canceller);
    result->start_batches(plan->statement, std::move(view), std::move(batches));
    return result;
  };
  on_worker(std::move(work), [this, plan](Result<std::shared_ptr<StatementResult>> started) {
    if (!started.ok()) return fail(started.error());
    std::shared_ptr<StatementResult> result = std::move(started).value();
    produce(result, kFirstBatchRows, kFirstBatchBytes, [this, plan, result](Status status) {
      if (!status.ok()) return fail(status.error());
      open_autocommit(result, plan->position);
    });
  });
}

void Session::produce(std::shared_ptr<StatementResult> result, size_t rows, size_t bytes, std::function<void(Status)> then) {
  running_ = result->canceller();
  on_worker([result, transaction = transaction_, rows, bytes] { return result->produce(rows, bytes); },
            [this, result, rows, bytes, then = std::move(then)](Status status) mutable {
              running_ = nullptr;
              std::unique_ptr<cypher::BatchTransaction> batch = result->take_batch();
              if (!status.ok() || batch == nullptr) return then(std::move(status));
              commit_batch(result, std::move(batch), [this, result, rows, bytes, then = std::move(then)] { produce(result, rows, bytes, then); });
            });
}

void Session::commit_batch(std::shared_ptr<StatementResult> result, std::unique_ptr<cypher::BatchTransaction> batch, std::function<void()> then) {
  running_ = result->canceller();
  wait_for(Wait::kCommit);
  auto committed = [this, result, then = std::move(then)](Result<replication::CommitOutcome> outcome) {
    running_ = nullptr;
    if (outcome.ok()) {
      result->batch_committed(std::make_shared<const graph::GraphView>(services_.replica.applied().version), outcome->counters, outcome->position);
    } else {
      result->batch_committed(outcome.error(), {}, {});
    }
    then();
  };
  services_.replica.commit(static_cast<ReplicaBatch&>(*batch).take(), on_io<replication::CommitOutcome>(std::move(committed)));
}

}  // namespace graft::server
