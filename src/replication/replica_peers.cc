// What other members say to this one, and it to them. Raft role.

#include <algorithm>

#include <fmt/format.h>

#include "base/codec.h"
#include "env/trace.h"
#include "replication/replica_core.h"

namespace graft::replication {
namespace {

// Raft messages that carry a snapshot's descriptor are small; larger ones are not looked into.
constexpr size_t kMaxDescriptorMessage = 64 << 10;
constexpr uint32_t kWindow = 256;
constexpr size_t kMaxGuests = 16;

std::string encode_member_id(raft::MemberId id) {
  std::string bytes;
  ByteWriter(&bytes).varint(id);
  return bytes;
}

const Member* find_in(const std::vector<Member>& members, raft::MemberId id) {
  for (const Member& member : members) {
    if (member.id == id) return &member;
  }
  return nullptr;
}

}  // namespace

Status ReplicaCore::start_peers() {
  PeerOptions options;
  options.self = options_.self;
  options.self.incarnation = identity_.incarnation;
  options.cluster_id = identity_.cluster_id;
  options.listen = options_.raft_listen;
  options.start = random_.next();
  GRAFT_TRY_ASSIGN(peers_, PeerTransport::start(options, *this, clock_, transport_, roles_.raft));
  sender_ = SnapshotSender::create(clock_, roles_.raft, roles_.background, options_.snapshot_bytes_per_second, random_.next(),
                                   [this](raft::MemberId to, bool ok) {
                                     if (driver_) driver_->report_snapshot(to, ok);
                                   },
                                   // Raft asks for the snapshot once more, and gets the one that is offered already.
                                   [this](raft::MemberId to) {
                                     if (driver_) driver_->report_snapshot(to, false);
                                   });
  if (directory_->stores_damage().ok()) create_receiver();
  return {};
}

void ReplicaCore::create_receiver() {
  SnapshotReceiver::Options receiving;
  receiving.store = store_options();
  receiver_ = SnapshotReceiver::create(fs_, directory_->stores(), clock_, roles_.raft, roles_.background, std::move(receiving));
}

std::vector<Member> ReplicaCore::known_members() const {
  std::vector<Member> members;
  {
    std::lock_guard lock(mutex_);
    members = shared_.members;
  }
  if (members.empty()) members = join_members_;
  // Who founds first may connect before this node has founded too: by then every founder has noted all of them.
  if (members.empty()) members = options_.initial_peers;
  const Founders& founders = startup_ && !startup_->finished() ? startup_->founders() : identity_.founders;
  for (Member& member : members) {
    auto founder = founders.find(member.id);
    if (member.incarnation.empty() && founder != founders.end()) member.incarnation = founder->second;
  }
  return members;
}

void ReplicaCore::update_peers() {
  if (!peers_) return;
  std::string cluster_id;
  {
    std::lock_guard lock(mutex_);
    cluster_id = shared_.cluster.id;
  }
  if (!cluster_id.empty() && cluster_id != identity_.cluster_id) store_cluster_id(cluster_id);
  std::vector<Member> members = known_members();
  std::vector<raft::MemberId> removed;
  {
    std::lock_guard lock(mutex_);
    removed = shared_.removed;
  }
  for (raft::MemberId id : removed) {
    guests_.erase(id);
    peers_->disconnect(id);  // it comes back, and learns why not
  }
  for (auto it = guests_.begin(); it != guests_.end();) {
    const Member* member = find_in(members, it->first);
    if (!member) {
      members.push_back(it->second);
    } else if (!member->incarnation.empty()) {  // now the state says who it is
      if (member->incarnation != it->second.incarnation) peers_->disconnect(it->first);
      it = guests_.erase(it);
      continue;
    }
    ++it;
  }
  peers_->set_peers(members);
}

// A node that our state does not know, or not as registered, and that names our cluster: it was added by entries that
// this member has not seen. It may lead by now, so those entries can come from nobody else. Once they are applied, they
// say whether it is the node that it claims to be.
bool ReplicaCore::welcome_guest(const Hello& hello, const Member* member) {
  if (identity_.cluster_id.empty() || hello.cluster_id != identity_.cluster_id || hello.from.incarnation.empty()) return false;
  if (member && !member->incarnation.empty()) return false;
  auto [guest, is_new] = guests_.insert_or_assign(hello.from.id, hello.from);
  if (!is_new) return true;
  env::trace(env::TraceLevel::kInfo, "peers", "{} is not known here yet: accepted until the log says who it is", describe(guest->second));
  if (guests_.size() > kMaxGuests) guests_.erase(guests_.begin());  // ids grow: the lowest is gone most likely
  role(roles_.raft).post([this] { update_peers(); });
  return true;
}

void ReplicaCore::store_cluster_id(const std::string& cluster_id) {
  identity_.cluster_id = cluster_id;
  identity_.registered = true;
  peers_->set_cluster_id(cluster_id);
  role(roles_.background).post([this, identity = identity_] {
    Status stored = directory_->write_identity(identity);
    if (!stored.ok()) env::trace(env::TraceLevel::kWarning, "replica", "the cluster id is not stored yet: {}", stored.error().message);
  });
}

// ---- connections

std::optional<Refusal> ReplicaCore::judge(const Hello& hello) {
  if (!started_) return Refusal{RefusalCode::kNotReady, fmt::format("node {} is starting", options_.self.id)};
  if (hello.purpose == Purpose::kCall) return std::nullopt;  // answered by what is asked
  if (healing_) return Refusal{RefusalCode::kNotYet, fmt::format("node {} is being filled anew", options_.self.id)};
  bool removed = false;
  {
    std::lock_guard lock(mutex_);
    removed = std::find(shared_.removed.begin(), shared_.removed.end(), hello.from.id) != shared_.removed.end();
  }
  if (removed) {
    return Refusal{RefusalCode::kRemoved, fmt::format("node {} was removed from the cluster; add it again under a new id, with an empty directory, "
                                                      "by CALL db.bolt.addRaftNode", hello.from.id)};
  }
  std::vector<Member> members = known_members();
  const Member* member = find_in(members, hello.from.id);
  if (welcome_guest(hello, member)) return std::nullopt;
  if (!member) return Refusal{RefusalCode::kUnknownMember, fmt::format("node {} is not known here", hello.from.id)};
  if (member->incarnation.empty()) return Refusal{RefusalCode::kNotYet, fmt::format("node {} has not registered yet", hello.from.id)};
  if (member->incarnation != hello.from.incarnation) {
    return Refusal{RefusalCode::kForeignIncarnation,
                   fmt::format("id {} belongs to another data directory: this one was emptied or exchanged; take the node out with "
                               "CALL db.bolt.removeRaftNode({}), empty its directory and add it under a new id with db.bolt.addRaftNode",
                               hello.from.id, hello.from.id)};
  }
  return std::nullopt;
}

void ReplicaCore::on_message(raft::MemberId from, std::string message) {
  if (!driver_ || !driver_->running()) return;
  bool recovered = false;
  {
    std::lock_guard lock(mutex_);
    recovered = shared_.leader_unreachable && shared_.raft_leader == from;
    if (recovered) shared_.leader_unreachable = false;
  }
  if (recovered) settle_leader();
  if (message.size() <= kMaxDescriptorMessage && begin_snapshot(from, message)) return;
  driver_->step(message);
}

void ReplicaCore::on_peer_applied(raft::MemberId from, raft::LogIndex index) { peer_applied_[from] = index; }

void ReplicaCore::on_peer_connected(raft::MemberId id) {
  std::lock_guard lock(mutex_);
  shared_.unreachable.erase(id);
}

void ReplicaCore::on_peer_unreachable(raft::MemberId id, const Error&) {
  {
    std::lock_guard lock(mutex_);
    if (shared_.raft_leader == id) shared_.leader_unreachable = true;
    shared_.unreachable.insert(id);
  }
  if (driver_) driver_->report_unreachable(id);
}

void ReplicaCore::on_peer_refused(raft::MemberId id, const Refusal& refusal) {
  env::trace(env::TraceLevel::kWarning, "replica", "node {} refuses this node: {}", id, refusal.text);
  if (refusal.code == RefusalCode::kRemoved) {
    halt(ReplicaState::kRemoved, refusal.text);
  } else if (refusal.code == RefusalCode::kForeignIncarnation) {
    fail(Error{ErrorCode::kUnavailable, refusal.text});
  }
}

void ReplicaCore::on_peer_congested(raft::MemberId id, bool congested) {
  if (driver_) driver_->set_window(id, congested ? 0 : kWindow);
}

void ReplicaCore::send(const std::vector<raft::OutgoingMessage>& messages) { peers_->send(messages); }

// ---- questions

void ReplicaCore::on_call(CallKind kind, const Hello&, std::string request, Respond respond) {
  switch (kind) {
    case CallKind::kProbe:
      return answer_probe(request, respond);
    case CallKind::kRegister:
      return answer_register(request, std::move(respond));
    case CallKind::kRemove:
      return answer_remove(request, std::move(respond));
    case CallKind::kHeal:
      return answer_heal(request, std::move(respond));
  }
}

void ReplicaCore::answer_probe(const std::string& bytes, const Respond& respond) {
  Result<ProbeRequest> request = decode_probe_request(bytes);
  if (!request.ok() || healing_) return;
  if (startup_ && !startup_->finished()) return respond(encode_probe_answer(startup_->answer()));
  std::vector<Member> members = known_members();
  std::vector<raft::MemberId> removed;
  raft::MemberId leader_id = 0;
  std::string cluster_id;
  {
    std::lock_guard lock(mutex_);
    removed = shared_.removed;
    leader_id = shared_.raft_leader;
    cluster_id = shared_.cluster.id;
  }
  if (cluster_id.empty()) {  // founded, genesis not applied yet
    ProbeAnswer answer;
    answer.state = ProbeState::kFounded;
    answer.self = options_.self;
    answer.self.incarnation = identity_.incarnation;
    answer.peers = options_.initial_peers;
    answer.founders = identity_.founders;
    return respond(encode_probe_answer(answer));
  }
  Member self = options_.self;
  self.incarnation = identity_.incarnation;
  std::optional<Member> leader;
  if (const Member* member = find_in(members, leader_id)) leader = *member;
  respond(encode_probe_answer(answer_as_member(self, cluster_id, members, removed, leader, *request)));
}

// A node that was added says which directory it is: bound to its id from now on.
void ReplicaCore::answer_register(const std::string& bytes, Respond respond) {
  Result<RegisterRequest> request = decode_register_request(bytes);
  if (!request.ok()) return;
  auto answer = [respond](bool ok, std::string text) { respond(encode_register_answer(RegisterAnswer{ok, std::move(text), std::nullopt})); };
  if (!chain_ || !chain_->opening()) return answer(false, not_leader_error().message);
  auto work = [self = request->self](graph::GraphTransaction& transaction) -> Status {
    std::optional<Member> member = find_member(transaction.view(), self.id);
    if (!member) {
      return Error{ErrorCode::kInvalidArgument, fmt::format("node {} has to be added first: CALL db.bolt.addRaftNode({}, '{}', {}, {})", self.id,
                                                            self.id, self.ip, self.bolt_port, self.bolt_raft_port)};
    }
    if (member->incarnation == self.incarnation) return {};
    if (!member->incarnation.empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("id {} belongs to another data directory; remove node {} and add it under a new id", self.id, self.id)};
    }
    member->incarnation = self.incarnation;
    set_member(transaction, *member);
    return {};
  };
  lane_->submit(std::make_shared<SystemJob>(std::move(work), std::nullopt, [answer](const Result<raft::LogIndex>& result) {
    answer(result.ok(), result.ok() ? "" : result.error().message);
  }));
}

void ReplicaCore::answer_remove(const std::string& bytes, Respond respond) {
  ByteReader reader(bytes);
  raft::MemberId id = reader.varint();
  if (!reader.ok()) return;
  remove_member(id, [respond](Status status) { respond(status.ok() ? "" : status.error().message); });
}

// The leader asks its successor to remove it.
void ReplicaCore::remove_self(std::function<void(Status)> done) {
  transfer_leadership(0, [this, done = std::move(done)](Status transferred) mutable {
    if (!transferred.ok()) return done(std::move(transferred));
    role(roles_.raft).post([this, done = std::move(done)]() mutable {
      std::vector<Member> members = known_members();
      const Member* leader = find_in(members, raft_leader());
      if (!leader || leader->id == options_.self.id || !peers_) return done(not_leader_error());
      peers_->call(env::Address{leader->ip, leader->bolt_raft_port}, leader->id, CallKind::kRemove, encode_member_id(options_.self.id),
                   [done = std::move(done)](Result<std::string> answer) {
                     if (!answer.ok()) return done(answer.error());
                     if (answer->empty()) return done(Status());
                     done(Error{ErrorCode::kUnavailable, *answer});
                   });
    });
  });
}

// ---- snapshots

std::optional<raft::SnapshotDescriptor> ReplicaCore::offer_snapshot(raft::LogIndex at_least, raft::MemberId to) {
  Chain::Standing now = chain_->standing();
  const AppliedPoint& point = now.applied;
  raft::Configuration configuration = configuration_of(members_of(graph::GraphView(point.version)));
  auto has = [to](const std::vector<raft::MemberId>& ids) { return std::find(ids.begin(), ids.end(), to) != ids.end(); };
  // Raft ignores a snapshot whose members lack the receiver: wait until the entry that added it is applied.
  if (point.index < at_least || (!has(configuration.voters) && !has(configuration.learners))) return std::nullopt;
  SnapshotSource source{now.store, point.version, storage::CheckpointMeta{point.index, point.term, encode_checkpoint_extra(point.mark)},
                        std::move(configuration)};
  return sender_->offer(to, std::move(source));
}

void ReplicaCore::on_snapshot_connection(const Hello& hello, std::shared_ptr<FrameChannel> channel) { sender_->serve(hello, std::move(channel)); }

// True: the message offers a snapshot that is taken care of here. Raft learns of it by being started anew on top.
bool ReplicaCore::begin_snapshot(raft::MemberId from, const std::string& message) {
  Result<raft::MessageInfo> info = raft::inspect_message(message);
  if (!info.ok() || !info->snapshot) return false;
  if (info->snapshot->index <= chain_->applied().index) return false;
  if (info->term < driver_->state().term) return true;
  if (receiver_->deserted(from)) receiver_->stop();
  if (receiver_->active()) return true;
  std::vector<Member> members = known_members();
  const Member* sender = find_in(members, from);
  auto guest = guests_.find(from);
  if (!sender && guest != guests_.end()) sender = &guest->second;
  if (!sender) return true;
  env::trace(env::TraceLevel::kInfo, "snapshot", "node {} is filled by node {} up to log index {}", options_.self.id, from, info->snapshot->index);
  receiver_->start(*peers_, *sender, *info->snapshot, [this](Result<ReceivedSnapshot> received) {
    if (received.ok()) return install_snapshot(std::move(*received));
    env::trace(env::TraceLevel::kWarning, "snapshot", "not received: {}", received.error().message);
  });
  return true;
}

void ReplicaCore::install_snapshot(ReceivedSnapshot snapshot) {
  storage::CheckpointMeta meta = snapshot.store->durable_meta();
  Result<ChainMark> mark = decode_checkpoint_extra(meta.extra);
  if (!mark.ok()) return fail(mark.error());
  // While it came, another leader may have brought us further by the log. From suspend() on nothing more is committed
  // here, so what is applied cannot pass the snapshot.
  if (driver_->status().commit >= meta.applied_index) return receiver_->finish(true);
  driver_->suspend();
  receiver_->make_current([this, snapshot = std::move(snapshot), meta = std::move(meta), mark = *mark](Status switched) mutable {
    if (!switched.ok()) return fail(switched.error());
    put_in_place(std::move(snapshot), meta, mark);
  });
}

void ReplicaCore::put_in_place(ReceivedSnapshot snapshot, const storage::CheckpointMeta& meta, const ChainMark& mark) {
  role(roles_.apply).post([this, snapshot = std::move(snapshot), meta, mark] {
    applier_->clear();
    AppliedPoint point{snapshot.store->applied(), meta.applied_index, meta.applied_term, mark};
    {
      std::lock_guard lock(mutex_);
      retired_stores_.push_back(chain_->store());
    }
    chain_->replace_store(snapshot.store, point);
    refresh_cluster(point);
    applied_waiters_.advance(point.index);
    schema_builder_->on_applied(point);
    raft::Configuration configuration = configuration_of(members_of(graph::GraphView(point.version)));
    role(roles_.raft).post([this, meta, configuration = std::move(configuration)] {
      driver_->restart_from_snapshot(meta.applied_index, meta.applied_term, configuration, [this](Status started) {
        receiver_->finish(started.ok());
        if (!started.ok()) fail(started.error());
      });
    });
  });
}

// Readers of an older generation keep it until their pins end.
void ReplicaCore::release_retired_stores() {
  std::vector<std::shared_ptr<storage::Store>> unused;
  bool none_left = false;
  {
    std::lock_guard lock(mutex_);
    if (retired_stores_.empty()) return;
    auto in_use = [](const std::shared_ptr<storage::Store>& store) { return store.use_count() > 1 || store->stats().pins > 0; };
    auto middle = std::partition(retired_stores_.begin(), retired_stores_.end(), in_use);
    std::move(middle, retired_stores_.end(), std::back_inserter(unused));
    retired_stores_.erase(middle, retired_stores_.end());
    none_left = retired_stores_.empty();
  }
  unused.clear();
  if (none_left && !receiver_->active()) directory_->stores().remove_others();
}

// ---- first start

void ReplicaCore::on_waiting(const std::string& reason) {
  bool news = false;
  {
    std::lock_guard lock(mutex_);
    news = shared_.reason != reason;
    shared_.state = ReplicaState::kWaitingForPeers;
    shared_.reason = reason;
  }
  if (news) env::trace(env::TraceLevel::kWarning, "replica", "node {}: {}", options_.self.id, reason);
}

void ReplicaCore::on_found(const Founders& founders) {
  identity_.founders = founders;
  Status founded = found(options_.initial_peers);
  if (founded.ok()) {
    identity_.founded = true;
    founded = directory_->write_identity(identity_);
  }
  if (founded.ok()) founded = recover();
  if (!founded.ok()) fail(founded.error());
}

void ReplicaCore::on_join(const std::string& cluster_id, const std::vector<Member>& members) {
  identity_.cluster_id = cluster_id;
  identity_.registered = true;
  join_members_ = members;
  peers_->set_cluster_id(cluster_id);
  {
    std::lock_guard lock(mutex_);
    shared_.state = ReplicaState::kJoining;
    shared_.reason = "this node is being filled with the cluster's data";
  }
  if (copied_) {
    Status taken = take_over_copied_files();  // and the identity with them
    if (!taken.ok()) return fail(std::move(taken).error());
  }
  if (first_store_->durable_meta().applied_index != 0) {
    Status recovered = recover();
    if (!recovered.ok()) fail(std::move(recovered).error());
    return;
  }
  build(storage::CheckpointMeta{}, ChainMark{});
  begin_serving();
}

void ReplicaCore::on_startup_failed(Error error) { fail(std::move(error)); }

void ReplicaCore::on_removed(const std::string& reason) { halt(ReplicaState::kRemoved, reason); }

}  // namespace graft::replication
