#include "replication/replica_core.h"

#include <algorithm>

#include <fmt/format.h>

#include "env/trace.h"

namespace graft::replication {
namespace {

constexpr uint32_t kCheckpointPollTicks = 25;
constexpr uint64_t kKeptLogFactor = 4;

Error stopped_serving(const std::string& reason) {
  return Error{ErrorCode::kUnavailable, "this node has stopped serving: " + reason};
}

// For those whose commit took effect, but not yet all that it begins.
Error schema_unknown(const std::string& reason) {
  return Error{ErrorCode::kUnknownOutcome, "the node stopped while existing data was being checked; that goes on under the next leader: " + reason};
}

}  // namespace

ReplicaCore::ReplicaCore(const ReplicaOptions& options, const Roles& roles, env::Clock& clock, env::Random& random, env::FileSystem& fs,
                         env::Transport& transport)
    : options_(options), roles_(roles), clock_(clock), random_(random), fs_(fs), transport_(transport), applied_waiters_(clock) {}

ReplicaCore::~ReplicaCore() = default;

// ---- what everybody may ask

ReplicaStatus ReplicaCore::status() const {
  ReplicaStatus status;
  {
    std::lock_guard lock(mutex_);
    status.state = shared_.state;
    status.reason = shared_.reason;
    status.raft = shared_.raft;
    status.members = shared_.members;
    status.leader = shared_.leader_unreachable ? 0 : shared_.raft_leader;
    status.unreachable.assign(shared_.unreachable.begin(), shared_.unreachable.end());
    status.cluster_id = shared_.cluster.id;
    status.epoch = shared_.cluster.epoch;
  }
  if (built()) {
    status.log_first = log_->first_index();
    status.log_last = log_->last_index();
  }
  return status;
}

bool ReplicaCore::built() const {
  std::lock_guard lock(mutex_);
  return shared_.built;
}

raft::MemberId ReplicaCore::leader_hint() const {
  std::lock_guard lock(mutex_);
  return shared_.leader_unreachable || shared_.cluster.id.empty() ? 0 : shared_.raft_leader;
}

raft::MemberId ReplicaCore::raft_leader() const {
  std::lock_guard lock(mutex_);
  return shared_.raft_leader;
}

void ReplicaCore::wait_for_leader(env::Duration timeout, std::function<void(Status)> done) {
  {
    std::lock_guard lock(mutex_);
    bool known = shared_.raft_leader != 0 && !shared_.leader_unreachable && !shared_.cluster.id.empty();
    if (!known && !halted_) {
      leader_waiters_.push_back(LeaderWaiter{clock_.monotonic() + timeout, std::move(done)});
      return;
    }
  }
  done(known_or_stopped());
}

// For those who do not have to wait for a leader.
Status ReplicaCore::known_or_stopped() const {
  std::lock_guard lock(mutex_);
  return halted_ ? Status(stopped_serving(shared_.reason)) : Status();
}

void ReplicaCore::settle_leader() {
  std::vector<LeaderWaiter> waiters;
  {
    std::lock_guard lock(mutex_);
    if (shared_.raft_leader == 0 || shared_.leader_unreachable || shared_.cluster.id.empty()) return;
    waiters.swap(leader_waiters_);
  }
  for (LeaderWaiter& waiter : waiters) waiter.done(Status());
}

void ReplicaCore::expire_leader_waiters() {
  std::vector<LeaderWaiter> late;
  std::string reason;
  {
    std::lock_guard lock(mutex_);
    if (leader_waiters_.empty()) return;
    env::Duration now = clock_.monotonic();
    auto first_late = std::stable_partition(leader_waiters_.begin(), leader_waiters_.end(),
                                            [&](const LeaderWaiter& waiter) { return waiter.deadline > now; });
    std::move(first_late, leader_waiters_.end(), std::back_inserter(late));
    leader_waiters_.erase(first_late, leader_waiters_.end());
    reason = shared_.reason;
  }
  for (LeaderWaiter& waiter : late) {
    waiter.done(Error{ErrorCode::kUnavailable, reason.empty() ? "the cluster has no leader at the moment" : reason});
  }
}

Error ReplicaCore::not_leader_error() const {
  std::lock_guard lock(mutex_);
  for (const Member& member : shared_.members) {
    if (member.id != shared_.raft_leader || member.id == options_.self.id) continue;
    return Error{ErrorCode::kNotLeader, fmt::format("this node is not the leader; the leader is node {} at {}", member.id,
                                                    env::Address{member.ip, member.bolt_port}.to_string())};
  }
  return Error{ErrorCode::kNotLeader, "this node is not the leader; no leader is known at the moment"};
}

Status ReplicaCore::check_serving() const {
  std::lock_guard lock(mutex_);
  if (shared_.state == ReplicaState::kServing) return {};
  if (shared_.state == ReplicaState::kFailed) return stopped_serving(shared_.reason);
  return Error{ErrorCode::kUnavailable, shared_.reason.empty() ? "the database is starting" : shared_.reason};
}

// ---- calls between the parts

void ReplicaCore::propose(Proposal proposal) { driver_->propose(std::move(proposal)); }

void ReplicaCore::confirm_leadership(raft::Term term, std::function<void(Status)> done) {
  role(roles_.raft).post([this, term, done = std::move(done)]() mutable {
    driver_->read_index(clock_.monotonic() + std::chrono::seconds(5), [term, done = std::move(done)](Result<ReadPoint> point) {
      if (point.ok() && point->leader_term == term) return done(Status());
      done(Error{ErrorCode::kLeadershipLost, "leadership moved while the statement ran; it had no effect"});
    });
  });
}

void ReplicaCore::on_applied(const AppliedPoint& point, std::vector<AppliedChange> changes) {
  refresh_cluster(point);
  std::shared_ptr<Opening> opening = chain_->opening();
  if (opening && opening != last_opening_) {
    last_opening_ = opening;
    on_opened();
  }
  applied_waiters_.advance(point.index);
  schema_builder_->on_applied(point);
  lane_->kick();
  role(roles_.raft).post([this, index = point.index, changes = std::move(changes)]() mutable {
    if (!changes.empty()) {
      last_change_voters_ = driver_->configuration().voters;
      last_change_index_ = changes.back().entry.index;
    }
    driver_->applied(index, std::move(changes));
    if (peers_) peers_->set_applied(index);
  });
}

// The state sums tell cheaply whether the cluster's records have changed.
void ReplicaCore::refresh_cluster(const AppliedPoint& point) {
  graph::GraphView view(point.version);
  Sum128 sum = graph::state_sums(view).system;
  if (last_system_sum_ == sum) return;
  ClusterRecord cluster = cluster_record(view);
  std::vector<Member> members = members_of(view);
  std::vector<raft::MemberId> removed = removed_members(view);
  if (point.version.cancelled()) return;  // damaged pages read as absent
  last_system_sum_ = sum;
  {
    std::lock_guard lock(mutex_);
    shared_.cluster = cluster;
    shared_.members = std::move(members);
    bool self_removed = std::find(removed.begin(), removed.end(), options_.self.id) != removed.end();
    shared_.removed = std::move(removed);
    if (self_removed) {
      role(roles_.raft).post([this] {
        halt(ReplicaState::kRemoved, "this node was removed from the cluster; to use it again, empty its directory and add it under a new id");
      });
    } else if (!cluster.id.empty() && !halted_) {
      shared_.state = ReplicaState::kServing;
      shared_.reason.clear();
    }
  }
  role(roles_.raft).post([this] { update_peers(); });
  settle_leader();
}

// The first entry of a new cluster says who it is.
void ReplicaCore::on_opened() {
  {
    std::lock_guard lock(mutex_);
    if (!shared_.cluster.id.empty()) return;
  }
  ClusterRecord record{random_hex128(random_), 1};
  std::map<raft::MemberId, std::string> incarnations = identity_.founders;
  incarnations[identity_.id] = identity_.incarnation;
  auto genesis = [this, record, incarnations](graph::GraphTransaction& transaction) -> Status {
    if (!cluster_record(transaction.view()).id.empty()) return {};
    set_cluster_record(transaction, record);
    for (Member member : members_of(transaction.view())) {
      auto known = incarnations.find(member.id);
      if (known == incarnations.end()) continue;
      member.incarnation = known->second;
      set_member(transaction, member);
    }
    if (!options_.default_password_record.empty()) {
      transaction.set_system_record(kDefaultUserKey, options_.default_password_record);
    }
    return {};
  };
  lane_->submit(std::make_shared<SystemJob>(std::move(genesis), std::nullopt, [](const Result<raft::LogIndex>& result) {
                  if (!result.ok()) env::trace(env::TraceLevel::kInfo, "replica", "founding entry: {}", result.error().message);
                }), true);
}

// The leader's regular duties: not to run away from those that apply, and to have the members compare their states.
void ReplicaCore::drive_flow(const raft::RaftStatus& status) {
  env::Duration now = clock_.monotonic();
  if (status.role != raft::Role::kLeader) {
    apply_lag_.clear();
    throttled_ = false;
    return;
  }
  raft::LogIndex own = chain_->applied().index;
  peer_applied_[options_.self.id] = own;
  env::Duration lag = apply_lag_.observe(now, own, peer_applied_, driver_->configuration().voters);
  bool throttled = lag >= (throttled_ ? ApplyLag::kGoOnAt : ApplyLag::kSlowAt);
  if (throttled != throttled_) {
    throttled_ = throttled;
    chain_->set_throttled(throttled);
    if (!throttled) lane_->kick();
  }
  if (now - last_sums_at_ >= options_.state_sums_interval) {
    last_sums_at_ = now;
    lane_->request_sums();
  }
}

// The log is kept for a snapshot in flight, and, while it is not too long, for followers that are a little behind: a
// snapshot costs them more.
void ReplicaCore::compact_log(raft::LogIndex durable) {
  raft::LogIndex limit = durable;
  if (raft::LogIndex lowest = sender_->lowest_index(); lowest != 0) limit = std::min(limit, lowest);
  if (log_->bytes() < kKeptLogFactor * options_.checkpoint_log_bytes) {
    for (const raft::Progress& progress : driver_->status().progress) {
      if (progress.recent_active && progress.match != 0) limit = std::min(limit, progress.match);
    }
  }
  driver_->compact(limit);
}

void ReplicaCore::on_apply_failed(Error error) {
  role(roles_.raft).post([this, error = std::move(error)] {
    if (error.code == ErrorCode::kCorruption && can_heal_itself()) return heal_itself(error, true);
    halt(ReplicaState::kFailed, error.message);
  });
}

void ReplicaCore::on_log_failed(Error error) { fail(std::move(error)); }

void ReplicaCore::fail(Error error) {
  if (error.code == ErrorCode::kCorruption && can_heal_itself()) return heal_itself(error, false);
  halt(ReplicaState::kFailed, error.message);
}

void ReplicaCore::halt(ReplicaState state, const std::string& reason) {
  std::vector<LeaderWaiter> waiters;
  {
    std::lock_guard lock(mutex_);
    if (halted_) return;
    halted_ = true;
    shared_.state = state;
    shared_.reason = reason;
    shared_.raft_leader = 0;
    waiters.swap(leader_waiters_);
  }
  env::trace(env::TraceLevel::kError, "replica", "node {} stops serving: {}", options_.self.id, reason);
  Error stopped = stopped_serving(reason);
  for (LeaderWaiter& waiter : waiters) waiter.done(stopped);
  if (!driver_) return;
  driver_->stop();
  scrubber_->stop();
  chain_->abandon(Error{ErrorCode::kUnknownOutcome, "the node stopped while the commit was being replicated; it may or may not have taken effect: " + reason});
  lane_->abandon(stopped);
  applied_waiters_.abandon(stopped);
  schema_builder_->abandon(schema_unknown(reason));
  end_transfer(stopped);
}

void ReplicaCore::on_committed(std::vector<raft::LogEntry> entries) { applier_->enqueue(std::move(entries)); }

void ReplicaCore::on_raft_state(const RaftState& state) {
  {
    std::lock_guard lock(mutex_);
    shared_.raft_leader = state.leader;
    shared_.leader_unreachable = false;
    shared_.raft = driver_->status();
  }
  env::trace(env::TraceLevel::kInfo, "raft", "node {}: term {}, {}, leader {}", options_.self.id, state.term,
             state.role == raft::Role::kLeader ? "leader" : state.role == raft::Role::kFollower ? "follower" : "candidate", state.leader);
  settle_leader();
  drive_transfer();
  if (state.role == raft::Role::kLeader) {
    role(roles_.apply).post([this] { applier_->poke(); });
  } else {
    lane_->kick();  // what waits for the lane is told that it waits in vain
  }
}

void ReplicaCore::on_tick(const raft::RaftStatus& status) {
  {
    std::lock_guard lock(mutex_);
    shared_.raft = status;
  }
  ++ticks_;
  chain_->expire_watched();
  applied_waiters_.expire();
  schema_builder_->expire();
  expire_leader_waiters();
  drive_transfer();
  drive_promotions(status);
  drive_flow(status);
  if (ticks_ % kCheckpointPollTicks == 0) {
    checkpointer_->poll();
    scrubber_->poll();
    role(roles_.background).post([this] { release_retired_stores(); });
  }
}

}  // namespace graft::replication
