// Start and recovery.
//
// Rules: the newest checkpoint is of an applied, hence committed, log index i. A log that ends before i, or has another
// term there, is older than the checkpoint (a snapshot was installed, or the log's tail was never durable): it begins
// anew after i. A log that begins after i + 1 is missing entries. A member whose log or store is damaged, missing or does
// not fit is filled anew by the leader (healing.h).

#include <algorithm>

#include <fmt/format.h>

#include "env/trace.h"
#include "replication/replica_core.h"

namespace graft::replication {

// The Raft port is taken first, so that nothing is written when it is not free; who comes meanwhile is told to come again.
Status ReplicaCore::start() {
  GRAFT_TRY(open_directory());
  GRAFT_TRY(start_peers());
  if (!copied_) GRAFT_TRY(open_files());
  if (healing_) {
    start_healer();
  } else if (copied_ || first_store_->durable_meta().applied_index == 0) {
    GRAFT_TRY(start_without_state());
  } else {
    GRAFT_TRY(recover());
  }
  started_ = true;
  return {};
}

// Alone it founds a cluster of one; else the peers are asked whether to found or to join.
Status ReplicaCore::start_without_state() {
  bool alone = options_.initial_peers.size() <= 1 && identity_.cluster_id.empty() && !copied_;
  if (alone) {
    GRAFT_TRY(found({options_.self}));
    return recover();
  }
  Member self = options_.self;
  self.incarnation = identity_.incarnation;
  startup_ = std::make_unique<Startup>(identity_, self, options_.initial_peers, copied_, *directory_, *peers_, *this, role(roles_.raft));
  on_waiting("waiting for the other nodes of bolt_raft_init_peers");
  role(roles_.raft).post([this] {
    if (startup_) startup_->run();
  });
  expire_while_starting();
  return {};
}

// Until Raft's ticks do it.
void ReplicaCore::expire_while_starting() {
  role(roles_.raft).post_after(options_.tick_interval, [this] {
    expire_leader_waiters();
    if (!built()) expire_while_starting();
  });
}

Status ReplicaCore::open_directory() {
  GRAFT_TRY_ASSIGN(directory_, DataDirectory::open(fs_, options_.directory));
  GRAFT_TRY_ASSIGN(std::optional<Identity> identity, directory_->identity());
  if (!identity) {
    identity = Identity{};
    identity->id = options_.self.id;
    identity->incarnation = random_hex128(random_);
    GRAFT_TRY(directory_->write_identity(*identity));
  }
  GRAFT_TRY_ASSIGN(bool clean, directory_->clean_stop_matches());
  GRAFT_TRY_ASSIGN(std::optional<HealingNote> healing, directory_->healing_note());
  if (identity->id != options_.self.id && options_.initial_peers.size() <= 1) {  // and there is nobody who could confirm it
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("directory {} is node {}'s, and 'bolt_raft_node_id' is {}: give that number, or another directory",
                             options_.directory, identity->id, options_.self.id)};
  }
  if (identity->id != options_.self.id) {
    // Another node's directory: ours only if a leader says that our id was added and is nobody's yet. Until then
    // nothing is written.
    env::trace(env::TraceLevel::kWarning, "replica", "directory {} was copied from node {}", options_.directory, identity->id);
    copied_ = true;
    copied_cleanly_ = clean && !healing;
    identity_ = Identity{};
    identity_.id = options_.self.id;
    GRAFT_TRY_ASSIGN(std::optional<Identity> coming, directory_->coming_identity());
    identity_.incarnation = coming && coming->id == identity_.id ? coming->incarnation : random_hex128(random_);
    return {};
  }
  identity_ = std::move(*identity);
  GRAFT_TRY(directory_->remove_clean_stop());
  return {};
}

// What was copied from a node that was stopped cleanly is used, without the vote in it; else it is set aside. The identity
// comes last: after a crash before it, the directory is a copy still, one without a marker.
Status ReplicaCore::take_over_copied_files() {
  GRAFT_TRY(directory_->remove_clean_stop());
  if (!copied_cleanly_) {
    env::trace(env::TraceLevel::kWarning, "replica", "the copied directory was in use when it was copied: set aside, the node is filled by the leader");
    GRAFT_TRY(directory_->set_aside());
  }
  GRAFT_TRY(directory_->remove_healing_note());
  Status opened = open_copied_files();
  if (!opened.ok() && opened.error().code == ErrorCode::kCorruption) {
    env::trace(env::TraceLevel::kWarning, "replica", "what was copied is damaged: set aside, the node is filled by the leader: {}", opened.error().message);
    GRAFT_TRY(directory_->set_aside());
    opened = open_copied_files();
  }
  GRAFT_TRY(opened);
  if (!receiver_) create_receiver();
  raft::HardState hard_state = log_->hard_state();
  if (hard_state.vote != 0) {
    hard_state.vote = 0;
    GRAFT_TRY(log_->append({}, &hard_state));
    GRAFT_TRY(log_->sync());
  }
  GRAFT_TRY(directory_->vote().keep(hard_state.term, 0));
  GRAFT_TRY(directory_->write_identity(identity_));
  return directory_->remove_coming_identity();
}

Status ReplicaCore::open_copied_files() {
  first_store_ = nullptr;
  GRAFT_TRY_ASSIGN(log_, raft::LogFile::open(fs_, directory_->log_directory(), options_.log_segment_bytes));
  return open_store();
}

// What a member may have promised counts from here on: files that are not whole are not used.
Status ReplicaCore::open_files() {
  GRAFT_TRY_ASSIGN(std::optional<HealingNote> note, directory_->healing_note());
  if (note) {
    healing_note_ = std::move(*note);
    return begin_healing(healing_note_.reason);
  }
  GRAFT_TRY_ASSIGN(bool has_log, directory_->has_log());
  if (is_member() && !has_log) {
    return begin_healing(fmt::format("the Raft log in {} is missing, and with it what this member has acknowledged", directory_->log_directory()));
  }
  Status opened = open_log_and_vote();
  if (opened.ok()) opened = open_store();
  if (!opened.ok() && opened.error().code == ErrorCode::kCorruption && is_member()) return begin_healing(opened.error().message);
  GRAFT_TRY(opened);
  raft::LogIndex applied = first_store_->durable_meta().applied_index;
  if (!is_member() && applied == 0) return {};
  if (applied == 0 && log_->last_index() > 0) {
    return begin_healing(fmt::format("the store in {} is missing or empty, and the Raft log is not", directory_->stores().current()));
  }
  if (log_->first_index() > applied + 1) {
    return begin_healing(fmt::format("the Raft log in {} begins at entry {}, but the newest checkpoint ends at {}: entries are missing",
                                     directory_->log_directory(), log_->first_index(), applied));
  }
  return {};
}

// The log and the vote file tell each other what is newer: after a crash between the two, in a directory of an earlier
// version, or where one of them was lost.
Status ReplicaCore::open_log_and_vote() {
  GRAFT_TRY_ASSIGN(log_, raft::LogFile::open(fs_, directory_->log_directory(), options_.log_segment_bytes));
  raft::HardState hard_state = log_->hard_state();
  VoteFile& file = directory_->vote();
  bool file_is_newer = file.kept() && (file.kept()->term > hard_state.term ||
                                       (file.kept()->term == hard_state.term && hard_state.vote == 0 && file.kept()->vote != 0));
  if (!file_is_newer) return file.keep(hard_state.term, hard_state.vote);
  hard_state.term = file.kept()->term;
  hard_state.vote = file.kept()->vote;
  GRAFT_TRY(log_->append({}, &hard_state));
  return log_->sync();
}

Status ReplicaCore::open_store() {
  GRAFT_TRY(directory_->stores_damage());
  GRAFT_TRY_ASSIGN(std::unique_ptr<storage::Store> store, storage::Store::open(fs_, directory_->stores().current(), store_options()));
  first_store_ = std::move(store);
  // What is needed to take part at all; damage elsewhere is found when it is met.
  graph::GraphView view(first_store_->applied());
  static_cast<void>(graph::state_sums(view));
  static_cast<void>(members_of(view));
  return first_store_->health();
}

// Of the store in use, or of one that is given up or being received: whoever opened or receives that one is told by it.
void ReplicaCore::on_store_damage(const Error& error) {
  if (!started_) {  // start() looks for itself; what it has overlooked counts afterwards
    role(roles_.raft).post_after(options_.tick_interval, [this, error] { on_store_damage(error); });
  } else if (!healing_ && (!built() || !chain_->store()->health().ok())) {
    fail(error);
  }
}

storage::StoreOptions ReplicaCore::store_options() {
  storage::StoreOptions options = options_.store;
  options.on_damage = [core = weak_from_this()](const Error& error) {
    auto self = core.lock();
    if (!self) return;
    self->role(self->roles_.raft).post([self = self.get(), error] { self->on_store_damage(error); });
  };
  return options;
}

Status ReplicaCore::recover() {
  storage::CheckpointMeta meta = first_store_->durable_meta();
  GRAFT_TRY_ASSIGN(ChainMark mark, decode_checkpoint_extra(meta.extra));
  GRAFT_TRY(match_log(meta));
  if (!is_member()) {  // before it can vote: from now on its files are missed when they are lost
    identity_.founded = true;
    GRAFT_TRY(directory_->write_identity(identity_));
  }
  GRAFT_TRY(directory_->vote().keep(log_->hard_state().term, log_->hard_state().vote));
  build(meta, mark);
  begin_serving();
  return {};
}

// The same empty state at log index 1 on every founder.
Status ReplicaCore::found(const std::vector<Member>& members) {
  storage::VersionRef base = first_store_->applied();
  graph::IdAllocator ids{graph::GraphView(base)};
  graph::GraphTransaction transaction(first_store_->fork(base), ids, nullptr);
  for (const Member& member : members) set_member(transaction, member);
  first_store_->append_head(transaction.release_fork());
  first_store_->advance_applied();
  storage::CheckpointMeta meta{1, 1, encode_checkpoint_extra(ChainMark{})};
  GRAFT_TRY_ASSIGN(auto checkpoint, first_store_->begin_checkpoint(first_store_->applied(), std::move(meta)));
  while (true) {
    GRAFT_TRY_ASSIGN(bool done, checkpoint->step(Checkpointer::kStepBytes));
    if (done) break;
  }
  return log_->reset(1, 1, raft::HardState{1, 0, 1});
}

Status ReplicaCore::match_log(const storage::CheckpointMeta& meta) {
  raft::HardState hard_state = log_->hard_state();
  bool too_short = log_->last_index() < meta.applied_index;
  bool other_term = false;
  if (!too_short) {
    Result<raft::Term> term = log_->term(meta.applied_index);
    other_term = term.ok() && *term != meta.applied_term;
  }
  if (!too_short && !other_term) return {};
  if (hard_state.term < meta.applied_term) hard_state = raft::HardState{meta.applied_term, 0, 0};
  hard_state.commit = meta.applied_index;
  return log_->reset(meta.applied_index, meta.applied_term, hard_state);
}

void ReplicaCore::build(const storage::CheckpointMeta& meta, const ChainMark& mark) {
  AppliedPoint point{first_store_->applied(), meta.applied_index, meta.applied_term, mark};
  chain_ = std::make_unique<Chain>(std::move(first_store_), point, clock_);
  lane_ = std::make_unique<Lane>(*chain_, *this, role(roles_.lane), clock_, options_.max_transaction_bytes);
  schema_builder_ = std::make_unique<SchemaBuilder>(*chain_, *lane_, role(roles_.background), clock_, options_.most_in_index_slice);
  applier_ = std::make_unique<Applier>(*chain_, *this, role(roles_.apply));
  RaftDriverOptions driver;
  driver.id = options_.self.id;
  driver.tick_interval = options_.tick_interval;
  driver.heartbeat_ticks = options_.heartbeat_ticks;
  driver.election_ticks = options_.election_ticks;
  driver.read_prefix = fmt::format("{}-{:016x}-", options_.self.id, random_.next());
  driver_ = std::make_unique<RaftDriver>(std::move(driver), *log_, directory_->vote(), *chain_, *this, role(roles_.raft), role(roles_.log), clock_, random_);
  checkpointer_ = std::make_unique<Checkpointer>(
      CheckpointOptions{options_.checkpoint_log_bytes, options_.checkpoint_dirty_bytes, options_.checkpoint_interval}, *chain_, *log_,
      role(roles_.background), clock_,
      [this](raft::LogIndex index) { role(roles_.raft).post([this, index] { compact_log(index); }); },
      [this] { lane_->kick(); },
      [this](Error error) { role(roles_.raft).post([this, error = std::move(error)]() mutable { fail(std::move(error)); }); });
  scrubber_ = std::make_unique<Scrubber>(options_.scrub_interval, role(roles_.background), clock_, [this] { return chain_->applied().version; },
                                         [this](Error error) { role(roles_.raft).post([this, error = std::move(error)]() mutable { fail(std::move(error)); }); });
  {
    std::lock_guard lock(mutex_);
    shared_.built = true;
  }
  refresh_cluster(point);
  applied_waiters_.advance(point.index);
}

void ReplicaCore::begin_serving() {
  AppliedPoint point = chain_->applied();
  raft::Configuration configuration = configuration_of(members_of(graph::GraphView(point.version)));
  bool alone = configuration.voters.size() == 1 && configuration.voters[0] == options_.self.id;
  role(roles_.raft).post([this, index = point.index, configuration, alone] {
    Status started = driver_->start(index, configuration);
    if (!started.ok()) return fail(started.error());
    if (!peers_) return;
    update_peers();
    peers_->set_applied(index);
    if (alone) driver_->campaign();  // nobody to wait for
  });
}

}  // namespace graft::replication
