// Start and recovery.
//
// Rules: the newest checkpoint is of an applied, hence committed, log index i. A log that ends before i, or has another
// term there, is older than the checkpoint (a snapshot was installed, or the log's tail was never durable): it begins
// anew after i. A log that begins after i + 1 is missing entries: an error.

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
  if (copied_ || first_store_->durable_meta().applied_index == 0) {
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
    copied_cleanly_ = clean;
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
  GRAFT_TRY(open_files());
  raft::HardState hard_state = log_->hard_state();
  if (hard_state.vote != 0) {
    hard_state.vote = 0;
    GRAFT_TRY(log_->append({}, &hard_state));
    GRAFT_TRY(log_->sync());
  }
  GRAFT_TRY(directory_->write_identity(identity_));
  return directory_->remove_coming_identity();
}

Status ReplicaCore::open_files() {
  GRAFT_TRY_ASSIGN(std::unique_ptr<storage::Store> store, storage::Store::open(fs_, directory_->stores().current(), store_options()));
  first_store_ = std::move(store);
  GRAFT_TRY_ASSIGN(log_, raft::LogFile::open(fs_, directory_->log_directory(), options_.log_segment_bytes));
  return {};
}

storage::StoreOptions ReplicaCore::store_options() {
  storage::StoreOptions options = options_.store;
  options.on_damage = [core = weak_from_this()](const Error& error) {
    auto self = core.lock();
    if (!self) return;
    self->role(self->roles_.raft).post([self = self.get(), error] { self->fail(error); });
  };
  return options;
}

Status ReplicaCore::recover() {
  storage::CheckpointMeta meta = first_store_->durable_meta();
  GRAFT_TRY_ASSIGN(ChainMark mark, decode_checkpoint_extra(meta.extra));
  GRAFT_TRY(match_log(meta));
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
  if (!too_short && log_->first_index() > meta.applied_index + 1) {
    return Error{ErrorCode::kCorruption,
                 fmt::format("the Raft log in {} begins at entry {}, but the newest checkpoint ends at {}: entries are missing; remove this "
                             "member, empty its directory and add it under a new id", directory_->log_directory(), log_->first_index(),
                             meta.applied_index)};
  }
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
  driver_ = std::make_unique<RaftDriver>(std::move(driver), *log_, *chain_, *this, role(roles_.raft), role(roles_.log), clock_, random_);
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
    update_peers();
    peers_->set_applied(index);
    if (alone) driver_->campaign();  // nobody to wait for
  });
}

}  // namespace graft::replication
