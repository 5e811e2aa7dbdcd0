// Procedures that change everything of a label: one short transaction after another, so that others do not wait.

#include "cypher/procedures/batched_change.h"
#include "server/session/session_plan.h"

namespace graft::server {
namespace {

class BatchedWork final : public replication::LaneWork {
 public:
  BatchedWork(std::shared_ptr<const cypher::BatchedChange> change, cypher::BatchPosition from) : change_(std::move(change)), from_(from) {}
  Result<Outcome> run(graph::GraphTransaction& transaction, bool) override {
    GRAFT_TRY_ASSIGN(to_, cypher::batched_step(*change_, from_, transaction));
    return Outcome::kDone;
  }
  const cypher::BatchPosition& reached() const { return to_; }

 private:
  std::shared_ptr<const cypher::BatchedChange> change_;
  cypher::BatchPosition from_, to_;
};

class GiveUpWork final : public replication::LaneWork {
 public:
  explicit GiveUpWork(std::shared_ptr<const cypher::BatchedChange> change) : change_(std::move(change)) {}
  Result<Outcome> run(graph::GraphTransaction& transaction, bool) override {
    GRAFT_TRY(cypher::batched_give_up(*change_, transaction));
    return Outcome::kDone;
  }

 private:
  std::shared_ptr<const cypher::BatchedChange> change_;
};

}  // namespace

void Session::run_batched(std::shared_ptr<Plan> plan, const cypher::BatchPosition& from) {
  auto work = std::make_shared<BatchedWork>(plan->call->batched, from);
  running_ = plan->statement.canceller;
  wait_for(Wait::kCommit);
  services_.replica.autocommit(work, on_io<replication::CommitOutcome>([this, plan, work, from](Result<replication::CommitOutcome> outcome) {
    running_ = nullptr;
    if (outcome.ok() && !work->reached().done && plan->statement.canceller->cancelled()) outcome = Error{ErrorCode::kCancelled, "The procedure was cancelled; what it has changed so far stays."};
    if (!outcome.ok()) {
      const bool begun = from.phase > 0 || from.visiting;
      if (begun) services_.replica.autocommit(std::make_shared<GiveUpWork>(plan->call->batched), [](const Result<replication::CommitOutcome>&) {});
      return fail(outcome.error());
    }
    const cypher::BatchPosition at = work->reached();
    if (!at.done) return run_batched(plan, at);
    cypher::RowBatch rows;
    rows.columns = plan->prepared->columns().size();
    rows.values.assign(rows.columns, graph::Value::integer(at.affected));
    RecordBuffer records;
    if (Status status = records.append(rows, plan->setting.format, graph::GraphView(services_.replica.applied().version)); !status.ok()) return fail(status.error());
    auto result = std::make_shared<StatementResult>(plan->setting, plan->prepared, plan->statement.canceller);
    result->adopt(std::move(records), {}, outcome->counters);
    open_autocommit(std::move(result), outcome->position);
  }));
}

}  // namespace graft::server
