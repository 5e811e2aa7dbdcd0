// Healing: how a member finds at start or while it runs that it cannot vouch for its files, how it is filled anew, and what
// the leader does for one that asks. docs/adr/0007-healing.md says why this keeps every promise.

#include <algorithm>

#include <fmt/format.h>

#include "env/trace.h"
#include "replication/replica_core.h"

namespace graft::replication {
namespace {

// What a leader needs at most to answer; the asker waits 2 s for it.
constexpr env::Duration kTimeToOffer = std::chrono::milliseconds(1500);

const Member* member_of(const std::vector<Member>& members, raft::MemberId id) {
  auto found = std::find_if(members.begin(), members.end(), [id](const Member& member) { return member.id == id; });
  return found == members.end() ? nullptr : &*found;
}

}  // namespace

bool ReplicaCore::is_member() const { return identity_.registered || identity_.founded || !identity_.cluster_id.empty(); }

// ---- at start

Status ReplicaCore::begin_healing(const std::string& reason) {
  if (!directory_->vote().kept()) {
    return Error{ErrorCode::kCorruption,
                 fmt::format("{}; {} is missing or damaged too, so that nobody knows what this member has promised: take it out with CALL "
                             "db.bolt.removeRaftNode({}), empty its directory and add it under a new id with db.bolt.addRaftNode",
                             reason, directory_->vote().path(), options_.self.id)};
  }
  if (healing_note_.aside.empty()) {
    healing_note_ = HealingNote{reason, {}, members_in_store()};
    GRAFT_TRY(directory_->write_healing_note(&healing_note_));
  }
  bool alone = options_.initial_peers.size() <= 1 && std::all_of(healing_note_.members.begin(), healing_note_.members.end(),
                                                                  [this](const Member& member) { return member.id == options_.self.id; });
  if (alone) {
    GRAFT_TRY(directory_->remove_healing_note());
    return Error{ErrorCode::kCorruption,
                 fmt::format("{}; no other member is known that could fill this one anew: name the members in 'bolt_raft_init_peers', or, if it "
                             "was the only one, restore a backup", reason)};
  }
  first_store_ = nullptr;
  log_ = nullptr;
  GRAFT_TRY(directory_->move_damaged(healing_note_));
  create_receiver();
  healing_ = true;
  env::trace(env::TraceLevel::kError, "replica", "node {} has to be filled anew by the leader: {}; what was there is kept in {}/{}",
             options_.self.id, reason, directory_->path(), healing_note_.aside);
  std::lock_guard lock(mutex_);
  shared_.state = ReplicaState::kHealing;
  shared_.reason = "this node is being filled anew: " + reason;
  return {};
}

std::vector<Member> ReplicaCore::members_in_store() const {
  if (!first_store_ || first_store_->durable_meta().applied_index == 0) return {};
  std::vector<Member> members = members_of(graph::GraphView(first_store_->applied()));
  if (!first_store_->health().ok()) return {};
  return members;
}

void ReplicaCore::start_healer() {
  Member self = options_.self;
  self.incarnation = identity_.incarnation;
  std::vector<Member> members = options_.initial_peers;
  members.insert(members.end(), healing_note_.members.begin(), healing_note_.members.end());
  healer_ = std::make_unique<Healer>(self, std::move(members), *peers_, *this, role(roles_.raft));
  role(roles_.raft).post([this] { healer_->run(); });
  expire_while_starting();
}

// ---- being filled

bool ReplicaCore::being_filled() {
  if (receiver_->deserted(0)) receiver_->stop();
  return receiver_->active();
}

void ReplicaCore::on_heal_waiting(const std::string& reason) {
  std::string text = fmt::format("this node is being filled anew: {}; waits for a leader: {}", healing_note_.reason, reason);
  bool news = false;
  {
    std::lock_guard lock(mutex_);
    news = shared_.reason != text;
    shared_.reason = text;
  }
  if (news) env::trace(env::TraceLevel::kWarning, "replica", "node {}: {}", options_.self.id, text);
}

void ReplicaCore::on_heal_offer(const HealAnswer& offer) {
  env::trace(env::TraceLevel::kInfo, "snapshot", "node {} is filled anew by node {} up to log index {}", options_.self.id, offer.self.id, offer.index);
  raft::SnapshotDescriptor descriptor{.index = offer.index, .term = offer.term, .configuration = {}, .data = offer.data};
  receiver_->start(*peers_, offer.self, descriptor, [this](Result<ReceivedSnapshot> received) {
    if (received.ok()) return install_healed(std::move(*received));
    env::trace(env::TraceLevel::kWarning, "snapshot", "not received: {}", received.error().message);
  });
}

void ReplicaCore::on_heal_refused(const HealAnswer& answer) {
  halt(answer.kind == HealAnswer::Kind::kRemoved ? ReplicaState::kRemoved : ReplicaState::kFailed, answer.text);
}

void ReplicaCore::install_healed(ReceivedSnapshot snapshot) {
  healer_->finish();
  receiver_->make_current([this, store = std::move(snapshot.store)](Status switched) mutable {
    if (!switched.ok()) return fail(switched.error());
    role(roles_.log).post([this, store = std::move(store)]() mutable {
      Result<std::unique_ptr<raft::LogFile>> log = renew_log(store->durable_meta());
      role(roles_.raft).post([this, log = std::move(log), store = std::move(store)]() mutable { on_healed(std::move(log), std::move(store)); });
    });
  });
}

// The snapshot holds what this member may have acknowledged; term and vote are those that it is known to have had.
Result<std::unique_ptr<raft::LogFile>> ReplicaCore::renew_log(const storage::CheckpointMeta& meta) {
  VoteFile& vote = directory_->vote();
  raft::HardState hard_state{vote.kept()->term, vote.kept()->vote, meta.applied_index};
  if (hard_state.term < meta.applied_term) hard_state = raft::HardState{meta.applied_term, 0, meta.applied_index};
  GRAFT_TRY(vote.keep(hard_state.term, hard_state.vote));
  GRAFT_TRY_ASSIGN(std::unique_ptr<raft::LogFile> log, raft::LogFile::open(fs_, directory_->log_directory(), options_.log_segment_bytes));
  GRAFT_TRY(log->reset(meta.applied_index, meta.applied_term, hard_state));
  GRAFT_TRY(directory_->remove_healing_note());
  return log;
}

void ReplicaCore::on_healed(Result<std::unique_ptr<raft::LogFile>> log, std::shared_ptr<storage::Store> store) {
  receiver_->finish(log.ok());
  if (!log.ok()) return fail(log.error());
  log_ = std::move(*log);
  first_store_ = std::move(store);
  healing_ = false;
  env::trace(env::TraceLevel::kWarning, "replica", "node {} is filled anew and takes part again; the cause was: {}; the files of before are in {}/{}",
             options_.self.id, healing_note_.reason, directory_->path(), healing_note_.aside);
  Status recovered = recover();
  if (!recovered.ok()) fail(std::move(recovered).error());
}

// ---- damage found while running

bool ReplicaCore::can_heal_itself() const {
  if (!reopen_ || !built() || healing_) return false;
  std::lock_guard lock(mutex_);
  return !halted_ && std::any_of(shared_.members.begin(), shared_.members.end(),
                                 [this](const Member& member) { return member.id != options_.self.id && !member.learner; });
}

// Everything stops; once no role works on the files any more, another core takes over, which finds the note.
void ReplicaCore::heal_itself(const Error& error, bool diverged) {
  if (diverged && diverged_lately_) {
    return halt(ReplicaState::kFailed, fmt::format("{}; it was filled anew for that a short while ago, so it is not tried again: memory of this machine, "
                                                   "or a fault of the program; keep the directory for us", error.message));
  }
  std::string reason = error.message;
  halt(ReplicaState::kHealing, "this node is being filled anew: " + reason);
  sender_->stop();
  receiver_->stop();
  role(roles_.log).post([this, reason, diverged] {
    role(roles_.apply).post([this, reason, diverged] {
      role(roles_.lane).post([this, reason, diverged] {
        checkpointer_->stop(0, [this, reason, diverged] {
          role(roles_.raft).post([this, reason, diverged] { hand_over(reason, diverged); });
        });
      });
    });
  });
}

void ReplicaCore::hand_over(const std::string& reason, bool diverged) {
  HealingNote note{reason, {}, known_members()};
  Status noted = directory_->write_healing_note(&note);
  if (!noted.ok()) return give_up(noted.error());
  peers_ = nullptr;
  directory_->release();
  reopen_(diverged);
}

void ReplicaCore::give_up(const Error& error) {
  env::trace(env::TraceLevel::kError, "replica", "node {} cannot be filled anew: {}", options_.self.id, error.message);
  std::lock_guard lock(mutex_);
  shared_.state = ReplicaState::kFailed;
  shared_.reason = error.message;
}

std::vector<std::shared_ptr<storage::Store>> ReplicaCore::stores() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<storage::Store>> stores = retired_stores_;
  if (chain_) stores.push_back(chain_->store());
  return stores;
}

// ---- the leader's part

// All that the asker acknowledged to this leader is in this leader's log now. Whether it still leads is asked afterwards:
// then nobody of a later term can count on the asker either.
void ReplicaCore::answer_heal(const std::string& bytes, Respond respond) {
  Result<HealRequest> request = decode_heal_request(bytes);
  if (!request.ok()) return;
  HealAnswer answer;
  answer.self = options_.self;
  answer.self.incarnation = identity_.incarnation;
  answer.members = known_members();
  auto refuse = [&](HealAnswer::Kind kind, std::string text) {
    answer.kind = kind;
    answer.text = std::move(text);
    respond(encode_heal_answer(answer));
  };
  raft::MemberId id = request->self.id;
  if (!built() || !driver_->running()) return refuse(HealAnswer::Kind::kLater, "does not serve itself");
  bool removed = false;
  {
    std::lock_guard lock(mutex_);
    removed = std::find(shared_.removed.begin(), shared_.removed.end(), id) != shared_.removed.end();
  }
  if (removed) return refuse(HealAnswer::Kind::kRemoved, fmt::format("node {} was removed from the cluster; add it under a new id, with an empty directory", id));
  const Member* member = member_of(answer.members, id);
  if (!member || member->incarnation.empty()) return refuse(HealAnswer::Kind::kLater, fmt::format("node {} is not known here yet", id));
  if (member->incarnation != request->self.incarnation) {
    return refuse(HealAnswer::Kind::kRefused, fmt::format("id {} belongs to another data directory: take the node out with CALL db.bolt.removeRaftNode({}), "
                                                          "empty its directory and add it under a new id", id, id));
  }
  RaftState state = driver_->state();
  if (state.role != raft::Role::kLeader) return refuse(HealAnswer::Kind::kLater, "does not lead");
  raft::LogIndex last = driver_->status().last_index;
  env::Duration deadline = clock_.monotonic() + kTimeToOffer;
  driver_->read_index(deadline, [this, id, last, deadline, term = state.term, answer = std::move(answer), respond](Result<ReadPoint> point) mutable {
    if (!point.ok() || point->leader_term != term) {
      answer.text = "leads, as it believes, and no majority confirms it";
      return respond(encode_heal_answer(answer));
    }
    raft::LogIndex at_least = std::max(last, point->index);
    wait_applied(at_least, deadline, false, [this, id, at_least, answer = std::move(answer), respond](const Result<ReadVersion>& version) mutable {
      if (version.ok()) {
        role(roles_.raft).post([this, id, at_least, answer = std::move(answer), respond]() mutable { offer_to_heal(id, at_least, std::move(answer), respond); });
        return;
      }
      answer.text = version.error().message;
      respond(encode_heal_answer(answer));
    });
  });
}

void ReplicaCore::offer_to_heal(raft::MemberId to, raft::LogIndex at_least, HealAnswer answer, const Respond& respond) {
  sender_->withdraw(to);  // made before it asked
  std::optional<raft::SnapshotDescriptor> descriptor = offer_snapshot(at_least, to);
  if (descriptor) {
    answer.kind = HealAnswer::Kind::kOffer;
    answer.index = descriptor->index;
    answer.term = descriptor->term;
    answer.data = descriptor->data;
  } else {
    answer.text = "has not applied yet what made it a member";
  }
  respond(encode_heal_answer(answer));
}

}  // namespace graft::replication
