// Membership and leadership on request.

#include <algorithm>

#include <fmt/format.h>

#include "env/trace.h"
#include "replication/replica_core.h"

namespace graft::replication {
namespace {

constexpr raft::LogIndex kCloseBehind = 1000;
constexpr uint32_t kHeartbeatsClose = 3;
constexpr env::Duration kChangeTimeout = std::chrono::seconds(5);
constexpr env::Duration kDrainTimeout = std::chrono::seconds(1);
constexpr env::Duration kTransferTimeout = std::chrono::seconds(2);

Error change_in_flight_error() {
  return Error{ErrorCode::kUnavailable, "another change of the membership is in flight; try again when it is done"};
}

Status check_new_member(const graph::GraphView& view, const Member& member) {
  if (member.id == 0) return Error{ErrorCode::kInvalidArgument, "node ids begin with 1"};
  if (is_removed(view, member.id)) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("id {} was removed from the cluster earlier and is never given again; choose a new id", member.id)};
  }
  for (const Member& other : members_of(view)) {
    if (other.id == member.id) {
      return Error{ErrorCode::kInvalidArgument, fmt::format("{} is a member already; remove it first, or choose another id", describe(other))};
    }
    if (other.ip == member.ip && (other.bolt_raft_port == member.bolt_raft_port || other.bolt_port == member.bolt_port)) {
      return Error{ErrorCode::kInvalidArgument, fmt::format("{} has this address already", describe(other))};
    }
  }
  return {};
}

// addRaftNode of a learner: it is to become a voter, when it has caught up.
bool is_promotion(const std::optional<Member>& known, const Member& wanted) {
  return known && !wanted.learner && known->learner && known->ip == wanted.ip && known->bolt_port == wanted.bolt_port &&
         known->bolt_raft_port == wanted.bolt_raft_port;
}

}  // namespace

// ---- changes

bool ReplicaCore::last_change_settled() const {
  if (last_change_index_ == 0) return true;
  size_t applied = 0;
  for (raft::MemberId id : last_change_voters_) {
    auto peer = peer_applied_.find(id);
    if (id == options_.self.id || (peer != peer_applied_.end() && peer->second >= last_change_index_)) ++applied;
  }
  return applied * 2 > last_change_voters_.size();
}

void ReplicaCore::change_membership(SystemJob::Work work, std::optional<ConfigurationChange> change, std::function<void(Status)> done) {
  Status serving = check_serving();
  if (!serving.ok()) return done(std::move(serving));
  role(roles_.raft).post([this, work = std::move(work), change, done = std::move(done)]() mutable {
    if (!driver_->running() || driver_->state().role != raft::Role::kLeader) return done(not_leader_error());
    if (change_in_flight_) return done(change_in_flight_error());
    change_in_flight_ = true;
    try_change(std::move(work), change, clock_.monotonic() + kChangeTimeout, [this, done = std::move(done)](Status status) {
      role(roles_.raft).post([this, status = std::move(status), done = std::move(done)]() mutable {
        change_in_flight_ = false;
        done(std::move(status));
      });
    });
  });
}

// Waits until a majority of those who voted before the last change has applied it.
void ReplicaCore::try_change(SystemJob::Work work, std::optional<ConfigurationChange> change, env::Duration deadline,
                             std::function<void(Status)> done) {
  if (driver_->state().role != raft::Role::kLeader) return done(not_leader_error());
  if (change && (!last_change_settled() || driver_->status().pending_change)) {
    if (clock_.monotonic() >= deadline) return done(change_in_flight_error());
    role(roles_.raft).post_after(options_.tick_interval, [this, work = std::move(work), change, deadline, done = std::move(done)]() mutable {
      try_change(std::move(work), change, deadline, std::move(done));
    });
    return;
  }
  lane_->submit(std::make_shared<SystemJob>(std::move(work), change, [this, done = std::move(done)](const Result<raft::LogIndex>& index) {
    if (!index.ok()) return done(index.error());
    // Applied, and Raft was told: a task posted now comes after that.
    role(roles_.apply).post([done] { done(Status()); });
  }));
}

void ReplicaCore::add_member(Member member, std::function<void(Status)> done) {
  Status serving = check_serving();
  if (!serving.ok()) return done(std::move(serving));
  if (raft_leader() != options_.self.id) return done(not_leader_error());
  member.incarnation.clear();
  member.promoting = !member.learner;
  std::optional<Member> known = find_member(graph::GraphView(chain_->applied().version), member.id);
  if (is_promotion(known, member)) {
    auto promote = [id = member.id](graph::GraphTransaction& transaction) -> Status {
      std::optional<Member> learner = find_member(transaction.view(), id);
      if (!learner) return Error{ErrorCode::kInvalidArgument, fmt::format("node {} is not a member any more", id)};
      learner->learner = false;
      learner->promoting = true;
      set_member(transaction, *learner);
      return {};
    };
    return change_membership(std::move(promote), std::nullopt, std::move(done));
  }
  auto add = [member](graph::GraphTransaction& transaction) -> Status {
    GRAFT_TRY(check_new_member(transaction.view(), member));
    set_member(transaction, member);
    return {};
  };
  change_membership(std::move(add), ConfigurationChange{raft::ChangeKind::kAddLearner, member.id}, std::move(done));
}

void ReplicaCore::remove_member(raft::MemberId id, std::function<void(Status)> done) {
  Status serving = check_serving();
  if (!serving.ok()) return done(std::move(serving));
  if (raft_leader() != options_.self.id) return done(not_leader_error());
  auto check = [id](const graph::GraphView& view) -> Status {
    if (!find_member(view, id)) return Error{ErrorCode::kInvalidArgument, fmt::format("node {} is not a member of this cluster", id)};
    raft::Configuration configuration = configuration_of(members_of(view));
    if (configuration.voters.size() == 1 && configuration.voters[0] == id) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("node {} is the last voter: without it nobody could decide anything; add another node first and wait until it votes", id)};
    }
    return {};
  };
  Status possible = check(graph::GraphView(chain_->applied().version));
  if (!possible.ok()) return done(std::move(possible));
  if (id == options_.self.id) return remove_self(std::move(done));
  auto remove = [id, check](graph::GraphTransaction& transaction) -> Status {
    GRAFT_TRY(check(transaction.view()));
    replication::remove_member(transaction, id);
    return {};
  };
  change_membership(std::move(remove), ConfigurationChange{raft::ChangeKind::kRemove, id}, std::move(done));
}

// ---- learners that are to vote

void ReplicaCore::drive_promotions(const raft::RaftStatus& status) {
  if (status.role != raft::Role::kLeader) {
    caught_up_.clear();
    return;
  }
  std::vector<Member> members;
  {
    std::lock_guard lock(mutex_);
    members = shared_.members;
  }
  for (const Member& member : members) {
    if (!member.promoting || member.incarnation.empty()) continue;
    auto progress = std::find_if(status.progress.begin(), status.progress.end(), [&](const raft::Progress& p) { return p.id == member.id; });
    bool close = progress != status.progress.end() && progress->recent_active && progress->state == "Replicate" &&
                 progress->match + kCloseBehind >= status.commit;
    uint32_t& ticks = caught_up_[member.id];
    ticks = close ? ticks + 1 : 0;
    if (ticks < kHeartbeatsClose * options_.heartbeat_ticks || change_in_flight_) continue;
    ticks = 0;
    auto promote = [id = member.id](graph::GraphTransaction& transaction) -> Status {
      std::optional<Member> learner = find_member(transaction.view(), id);
      if (!learner || !learner->promoting) return Error{ErrorCode::kInvalidArgument, "nothing to promote"};
      learner->promoting = false;
      set_member(transaction, *learner);
      return {};
    };
    change_membership(std::move(promote), ConfigurationChange{raft::ChangeKind::kAddVoter, member.id}, [id = member.id](Status status) {
      env::trace(env::TraceLevel::kInfo, "replica", "node {} {}", id, status.ok() ? "votes now" : "does not vote yet: " + status.error().message);
    });
  }
}

// ---- leadership

raft::MemberId ReplicaCore::best_successor() const {
  raft::RaftStatus status = driver_->status();
  std::vector<Member> members = known_members();
  raft::MemberId best = 0;
  raft::LogIndex best_match = 0;
  for (const raft::Progress& progress : status.progress) {
    auto member = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.id == progress.id; });
    if (member == members.end() || member->learner || member->promoting || progress.id == options_.self.id) continue;
    if (!progress.recent_active || !peers_->connected(progress.id)) continue;
    if (best == 0 || progress.match > best_match) {
      best = progress.id;
      best_match = progress.match;
    }
  }
  return best;
}

void ReplicaCore::transfer_leadership(raft::MemberId to, std::function<void(Status)> done) {
  role(roles_.raft).post([this, to, done = std::move(done)]() mutable {
    if (!driver_ || !driver_->running() || driver_->state().role != raft::Role::kLeader) return done(not_leader_error());
    if (transfer_) return done(Error{ErrorCode::kUnavailable, "leadership is being handed over already"});
    if (to == options_.self.id) return done(Status());
    raft::MemberId target = to != 0 ? to : best_successor();
    if (target == 0) return done(Error{ErrorCode::kUnavailable, "there is no other voter that leadership could go to"});
    std::vector<Member> members = known_members();
    auto member = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.id == target; });
    if (member == members.end()) return done(Error{ErrorCode::kInvalidArgument, fmt::format("node {} is not a member of this cluster", target)});
    if (member->learner || member->promoting) return done(Error{ErrorCode::kInvalidArgument, fmt::format("node {} is a learner: it cannot lead", target)});
    transfer_ = Transfer{target, false, clock_.monotonic() + kDrainTimeout, std::move(done)};
    chain_->set_draining(true);
    drive_transfer();
  });
}

void ReplicaCore::end_transfer(Status status) {
  if (!transfer_) return;
  std::function<void(Status)> done = std::move(transfer_->done);
  transfer_.reset();
  chain_->set_draining(false);
  lane_->kick();
  done(std::move(status));
}

// At each tick and each change of leadership: first the lane runs dry, then Raft hands over, then somebody else leads.
void ReplicaCore::drive_transfer() {
  if (!transfer_) return;
  auto end = [this](Status status) { end_transfer(std::move(status)); };
  RaftState state = driver_->state();
  if (state.role != raft::Role::kLeader) {
    if (state.leader != 0) return end(Status());
    if (clock_.monotonic() >= transfer_->deadline) return end(Error{ErrorCode::kUnavailable, "leadership was given up, but nobody has taken it yet"});
    return;
  }
  if (!transfer_->asked && (chain_->drained() || clock_.monotonic() >= transfer_->deadline)) {
    Status asked = driver_->transfer_leader(transfer_->to);
    if (!asked.ok()) return end(std::move(asked));
    transfer_->asked = true;
    transfer_->deadline = clock_.monotonic() + kTransferTimeout;
    return;
  }
  if (transfer_->asked && clock_.monotonic() >= transfer_->deadline) {
    end(Error{ErrorCode::kUnavailable, fmt::format("node {} did not take over leadership in time", transfer_->to)});
  }
}

}  // namespace graft::replication
