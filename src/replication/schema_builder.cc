#include "replication/schema_builder.h"

#include <algorithm>

#include "env/trace.h"
#include "replication/transactions.h"

namespace graft::replication {
namespace {

using graph::SchemaTask;
using graph::TaskState;

constexpr size_t kMostFailuresKept = 256;
constexpr env::Duration kRetryPause = std::chrono::milliseconds(50);

std::string failure_key(const SchemaTask& task) {
  if (!task.constraint.empty()) return "constraint " + task.constraint;
  if (task.kind == SchemaTask::Kind::kBuildIndex) return "index " + std::to_string(task.index);
  return (task.entity == graph::EntityKind::kNode ? "label " : "type ") + std::to_string(task.label_or_type);
}

}  // namespace

class SchemaBuilder::SliceJob final : public LaneJob {
 public:
  SliceJob(SchemaBuilder& builder, SchemaTask task, uint64_t entities)
      : builder_(builder), life_(builder.background_), task_(std::move(task)), entities_(entities) {}

  Result<Outcome> run(graph::GraphTransaction& transaction, const Chain::Batch&, const WriteWindow&, std::shared_ptr<LaneJob>) override {
    env::Duration begun = builder_.clock_.monotonic();
    failure_.clear();
    GRAFT_TRY_ASSIGN(bool more, transaction.index_build_slice(task_.index, entities_, &failure_));
    static_cast<void>(more);
    took_ = builder_.clock_.monotonic() - begun;
    return Outcome::kDone;
  }

  void finish(const Result<raft::LogIndex>& result) override {
    // Before the version's readers are told: who waits for the index asks why it is gone.
    if (result.ok() && !failure_.empty()) builder_.remember_failure(task_, failure_);
    life_.post([&builder = builder_, entities = entities_, took = took_, ok = result.ok()] { builder.sliced(entities, took, ok); });
  }

 private:
  SchemaBuilder& builder_;
  RoleHandle life_;
  SchemaTask task_;
  uint64_t entities_;
  env::Duration took_{0};
  std::string failure_;
};

SchemaBuilder::SchemaBuilder(Chain& chain, Lane& lane, RoleHandle background, const env::Clock& clock, uint64_t most_in_slice)
    : chain_(chain), lane_(lane), background_(std::move(background)), clock_(clock), most_in_slice_(most_in_slice),
      slice_(std::min(kFirstSlice, most_in_slice)) {}

SchemaBuilder::~SchemaBuilder() = default;

void SchemaBuilder::on_applied(const AppliedPoint& point) {
  graph::GraphView view(point.version);
  uint64_t version = view.catalog().version();
  if (!seen_catalog_ || version != catalog_version_) {
    seen_catalog_ = true;
    catalog_version_ = version;
    work_left_ = !graph::schema_tasks(view.catalog()).empty();
    settle(view.catalog());
  }
  if (work_left_ && chain_.opening() != nullptr) background_.post([this] { drive(); });
}

void SchemaBuilder::drive() {
  std::shared_ptr<Opening> opening = chain_.opening();
  if (opening == nullptr) check_.reset();
  if (busy_ || opening == nullptr) return;
  std::vector<SchemaTask> tasks = graph::schema_tasks(graph::GraphView(chain_.applied().version).catalog());
  if (tasks.empty()) {
    check_.reset();
    return;
  }
  busy_ = true;
  if (tasks[0].kind == SchemaTask::Kind::kBuildIndex) lane_.submit(std::make_shared<SliceJob>(*this, tasks[0], slice_));
  else drive_check(tasks[0], opening);
}

void SchemaBuilder::sliced(uint64_t entities, env::Duration took, bool ok) {
  if (!ok) return go_on(kRetryPause);
  if (took * 2 < kSliceTime) slice_ = std::min({entities * 2, kMostSlice, most_in_slice_});
  else if (took > kSliceTime * 3 / 2) slice_ = std::max(entities / 2, std::min(kLeastSlice, most_in_slice_));
  // The lane is for the clients, two thirds of the time at least.
  go_on(std::max<env::Duration>(took * 2, std::chrono::microseconds(500)));
}

void SchemaBuilder::go_on(env::Duration pause) {
  background_.post_after(pause, [this] {
    busy_ = false;
    drive();
  });
}

void SchemaBuilder::begin_check(const SchemaTask& task, const std::shared_ptr<Opening>& opening) {
  check_ = std::make_unique<Check>();
  check_->task = task;
  Chain::Standing now = chain_.standing();
  check_->store = std::move(now.store);
  check_->opening = opening;
  check_->version = std::move(now.applied.version);
  check_->probe = std::make_unique<graph::GraphTransaction>(check_->store->fork(check_->version), *opening->ids, nullptr);
}

void SchemaBuilder::drive_check(const SchemaTask& task, const std::shared_ptr<Opening>& opening) {
  bool usable = check_ && check_->task == task && check_->opening == opening && !check_->probe->view().pin_cancelled();
  if (!usable) begin_check(task, opening);
  Result<uint64_t> next = check_->probe->check_existing(task, check_->next, kCheckedAtOnce);
  if (next.ok() && *next != graph::kNoId) {
    check_->next = *next;
    return go_on(std::chrono::microseconds(100));
  }
  bool cancelled = check_->probe->view().pin_cancelled();  // what it read then means nothing
  bool broken = !next.ok() && next.error().code == ErrorCode::kConstraintCreationFailed;
  check_.reset();
  if (cancelled || (!next.ok() && !broken)) return go_on(kRetryPause);
  if (broken) remember_failure(task, next.error().message);
  submit_verdict(task, next.ok());
}

void SchemaBuilder::submit_verdict(const SchemaTask& task, bool kept) {
  auto work = [task, kept](graph::GraphTransaction& transaction) -> Status {
    return kept ? transaction.finish_check(task) : transaction.drop_checked(task);
  };
  RoleHandle life = background_;
  auto done = [this, life](const Result<raft::LogIndex>& result) {
    life.post([this, ok = result.ok()] { go_on(ok ? env::Duration(0) : kRetryPause); });
  };
  lane_.submit(std::make_shared<SystemJob>(std::move(work), std::nullopt, std::move(done)));
}

void SchemaBuilder::remember_failure(const SchemaTask& task, std::string why) {
  env::trace(env::TraceLevel::kInfo, "schema", "{} failed: {}", failure_key(task), why);
  std::lock_guard lock(mutex_);
  if (failures_.size() >= kMostFailuresKept) failures_.clear();
  failures_[failure_key(task)] = std::move(why);
}

std::optional<Status> SchemaBuilder::outcome_locked(const graph::Catalog& catalog, const std::vector<SchemaTask>& tasks) const {
  bool all_done = true;
  for (const SchemaTask& task : tasks) {
    std::string failure;
    TaskState state = graph::task_state(catalog, task, &failure);
    if (state == TaskState::kUnderWay) all_done = false;
    if (state != TaskState::kFailed) continue;
    auto known = failures_.find(failure_key(task));
    if (failure.empty() && known != failures_.end()) failure = known->second;
    if (failure.empty()) failure = "the " + failure_key(task) + " was dropped, or could not be made: what exists does not keep to it";
    bool index_alone = task.kind == SchemaTask::Kind::kBuildIndex && task.constraint.empty();
    return Status(Error{index_alone ? ErrorCode::kProcedureCallFailed : ErrorCode::kConstraintCreationFailed, failure});
  }
  if (all_done) return Status();
  return std::nullopt;
}

void SchemaBuilder::await(std::vector<SchemaTask> tasks, env::Duration deadline, std::function<bool()> given_up, std::function<void(Status)> done) {
  std::optional<Status> outcome;
  {
    std::lock_guard lock(mutex_);
    if (abandoned_) outcome = Status(*abandoned_);
    // Under the lock: a version that is applied from now on settles this waiter too.
    else outcome = outcome_locked(graph::GraphView(chain_.applied().version).catalog(), tasks);
    if (!outcome) waiters_.push_back(Waiter{std::move(tasks), deadline, std::move(given_up), std::move(done)});
  }
  if (outcome) done(*outcome);
}

void SchemaBuilder::settle(const graph::Catalog& catalog) {
  std::vector<std::pair<std::function<void(Status)>, Status>> settled;
  {
    std::lock_guard lock(mutex_);
    std::erase_if(waiters_, [&](Waiter& waiter) {
      std::optional<Status> outcome = outcome_locked(catalog, waiter.tasks);
      if (outcome) settled.emplace_back(std::move(waiter.done), *outcome);
      return outcome.has_value();
    });
  }
  for (auto& [done, status] : settled) done(status);
}

void SchemaBuilder::expire() {
  std::vector<std::function<void(Status)>> late;
  std::vector<Waiter> given_up;
  {
    std::lock_guard lock(mutex_);
    if (waiters_.empty()) return;
    env::Duration now = clock_.monotonic();
    std::erase_if(waiters_, [&](Waiter& waiter) {
      if (waiter.given_up && waiter.given_up()) {
        given_up.push_back(std::move(waiter));
        return true;
      }
      if (waiter.deadline > now) return false;
      late.push_back(std::move(waiter.done));
      return true;
    });
  }
  for (Waiter& waiter : given_up) {
    drop(waiter.tasks);
    waiter.done(Error{ErrorCode::kCancelled, "the statement was cancelled while existing data was being checked; what it made is dropped again"});
  }
  for (auto& done : late) done(Error{ErrorCode::kProcedureTimedOut, "the indexes did not come online in the given time; they go on being populated"});
}

// Constraints and schemas whose statement was given up, as far as they are not finished yet.
void SchemaBuilder::drop(const std::vector<SchemaTask>& tasks) {
  auto work = [tasks](graph::GraphTransaction& transaction) -> Status {
    for (SchemaTask task : tasks) {
      std::string ignored;
      if (graph::task_state(transaction.view().catalog(), task, &ignored) != TaskState::kUnderWay) continue;
      if (!task.constraint.empty()) task.kind = SchemaTask::Kind::kCheckConstraint;
      GRAFT_TRY(transaction.drop_checked(task));
    }
    return {};
  };
  lane_.submit(std::make_shared<SystemJob>(std::move(work), std::nullopt, [](const Result<raft::LogIndex>&) {}));
}

void SchemaBuilder::abandon(const Error& error) {
  std::vector<Waiter> waiters;
  {
    std::lock_guard lock(mutex_);
    abandoned_ = error;
    waiters.swap(waiters_);
  }
  for (Waiter& waiter : waiters) waiter.done(error);
}

}  // namespace graft::replication
