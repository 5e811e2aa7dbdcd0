#pragma once

// The replica put together: the parts, and the calls between them. Each part keeps to its roles; what is shared here
// stands under one mutex and is copied out.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "raft/log_file.h"
#include "replication/applied_waiters.h"
#include "replication/applier.h"
#include "replication/apply_lag.h"
#include "replication/chain.h"
#include "replication/checkpointer.h"
#include "replication/data_directory.h"
#include "replication/healing.h"
#include "replication/lane.h"
#include "replication/member_records.h"
#include "replication/raft_driver.h"
#include "replication/replica.h"
#include "replication/peer_transport.h"
#include "replication/role_handle.h"
#include "replication/schema_builder.h"
#include "replication/scrubber.h"
#include "replication/snapshot_transfer.h"
#include "replication/startup.h"
#include "replication/transactions.h"

namespace graft::replication {

class ReplicaCore final : public std::enable_shared_from_this<ReplicaCore>,
                          public LaneHost,
                          public ApplierHost,
                          public RaftDriverHost,
                          public PeerHandler,
                          public StartupHost,
                          public HealerHost {
 public:
  // Reopens after damage (see replica.cc). diverged: not the disk, what was applied is wrong.
  using Reopen = std::function<void(bool diverged)>;

  ReplicaCore(const ReplicaOptions& options, const Roles& roles, env::Clock& clock, env::Random& random, env::FileSystem& fs,
              env::Transport& transport);
  ~ReplicaCore() override;

  Status start();  // once, after make_shared
  // Before start(). A core without it does not heal while it runs.
  void set_reopen(Reopen reopen, bool diverged_lately) {
    reopen_ = std::move(reopen);
    diverged_lately_ = diverged_lately;
  }
  // From the core that this one replaces: readers may still hold versions of them.
  std::vector<std::shared_ptr<storage::Store>> stores() const;
  void retire_stores(std::vector<std::shared_ptr<storage::Store>> stores) { retired_stores_ = std::move(stores); }
  void give_up(const Error& error);  // it could not be replaced; raft role

  // ---- the public calls of Replica; any role
  ReplicaStatus status() const;
  raft::MemberId leader_hint() const;
  void wait_for_leader(env::Duration timeout, std::function<void(Status)> done);
  ReadVersion applied() const;
  void read(ReadRequest request, std::function<void(Result<ReadVersion>)> done);
  void autocommit(std::shared_ptr<LaneWork> work, CommitCallback done);
  void begin(std::vector<std::string> bookmarks, std::function<void(Result<std::unique_ptr<ExplicitTransaction>>)> done);
  Result<std::unique_ptr<ExplicitTransaction>> begin_at_applied();
  void commit(std::unique_ptr<ExplicitTransaction> transaction, CommitCallback done);
  void await_schema(std::vector<graph::SchemaTask> tasks, env::Duration timeout, std::function<void(Status)> done);
  void add_member(Member member, std::function<void(Status)> done);
  void remove_member(raft::MemberId id, std::function<void(Status)> done);
  void transfer_leadership(raft::MemberId to, std::function<void(Status)> done);
  void stop(std::function<void()> done);

  // ---- LaneHost; any role
  void propose(Proposal proposal) override;
  void confirm_leadership(raft::Term term, std::function<void(Status)> done) override;
  Error not_leader_error() const override;
  // ---- ApplierHost; apply role
  void on_applied(const AppliedPoint& point, std::vector<AppliedChange> changes) override;
  void on_apply_failed(Error error) override;
  // ---- RaftDriverHost; raft role
  void send(const std::vector<raft::OutgoingMessage>& messages) override;
  void on_committed(std::vector<raft::LogEntry> entries) override;
  void on_raft_state(const RaftState& state) override;
  void on_tick(const raft::RaftStatus& status) override;
  void on_log_failed(Error error) override;
  std::optional<raft::SnapshotDescriptor> offer_snapshot(raft::LogIndex at_least, raft::MemberId to) override;
  // ---- PeerHandler; raft role
  std::optional<Refusal> judge(const Hello& hello) override;
  void on_message(raft::MemberId from, std::string message) override;
  void on_peer_applied(raft::MemberId from, raft::LogIndex index) override;
  void on_peer_connected(raft::MemberId id) override;
  void on_peer_unreachable(raft::MemberId id, const Error& reason) override;
  void on_peer_refused(raft::MemberId id, const Refusal& refusal) override;
  void on_peer_congested(raft::MemberId id, bool congested) override;
  void on_call(CallKind kind, const Hello& hello, std::string request, Respond respond) override;
  void on_snapshot_connection(const Hello& hello, std::shared_ptr<FrameChannel> channel) override;
  // ---- StartupHost; raft role
  void on_waiting(const std::string& reason) override;
  void on_found(const Founders& founders) override;
  void on_join(const std::string& cluster_id, const std::vector<Member>& members) override;
  void on_startup_failed(Error error) override;
  void on_removed(const std::string& reason) override;
  // ---- HealerHost; raft role
  bool being_filled() override;
  void on_heal_waiting(const std::string& reason) override;
  void on_heal_offer(const HealAnswer& offer) override;
  void on_heal_refused(const HealAnswer& answer) override;

 private:
  // What everybody may ask about; copied under mutex_.
  struct Shared {
    ReplicaState state = ReplicaState::kStarting;
    std::string reason;
    raft::RaftStatus raft;
    std::vector<Member> members;
    std::vector<raft::MemberId> removed;
    ClusterRecord cluster;
    bool built = false;                   // the parts below exist
    raft::MemberId raft_leader = 0;       // as Raft knows it
    bool leader_unreachable = false;      // the connection to it was refused or reset
    std::set<raft::MemberId> unreachable; // likewise, anybody
  };
  struct LeaderWaiter {
    env::Duration deadline;
    std::function<void(Status)> done;
  };

  RoleHandle role(env::TaskRunner& runner) { return RoleHandle(runner, weak_from_this()); }
  Status open_directory();
  Status open_files();
  Status open_copied_files();
  Status open_log_and_vote();
  Status open_store();
  storage::StoreOptions store_options();
  void on_store_damage(const Error& error);
  Status start_peers();
  Status recover();
  Status start_without_state();
  Status take_over_copied_files();
  void expire_while_starting();
  Status found(const std::vector<Member>& members);
  Status match_log(const storage::CheckpointMeta& meta);
  void build(const storage::CheckpointMeta& meta, const ChainMark& mark);
  void begin_serving();

  // Healing; see healing.h.
  bool is_member() const;  // by its identity: it may have promised something
  Status begin_healing(const std::string& reason);
  void start_healer();
  std::vector<Member> members_in_store() const;
  void create_receiver();
  void install_healed(ReceivedSnapshot snapshot);
  Result<std::unique_ptr<raft::LogFile>> renew_log(const storage::CheckpointMeta& meta);
  void on_healed(Result<std::unique_ptr<raft::LogFile>> log, std::shared_ptr<storage::Store> store);
  bool can_heal_itself() const;
  void heal_itself(const Error& error, bool diverged);
  void hand_over(const std::string& reason, bool diverged);
  void answer_heal(const std::string& request, Respond respond);
  void offer_to_heal(raft::MemberId to, raft::LogIndex at_least, HealAnswer answer, const Respond& respond);

  // Peers.
  std::vector<Member> known_members() const;  // incarnations of the founders filled in where genesis has not said them
  void update_peers();
  bool welcome_guest(const Hello& hello, const Member* member);
  bool begin_snapshot(raft::MemberId from, const std::string& message);
  void install_snapshot(ReceivedSnapshot snapshot);
  void put_in_place(ReceivedSnapshot snapshot, const storage::CheckpointMeta& meta, const ChainMark& mark);
  void answer_probe(const std::string& request, const Respond& respond);
  void answer_register(const std::string& request, Respond respond);
  void answer_remove(const std::string& request, Respond respond);
  void store_cluster_id(const std::string& cluster_id);
  void release_retired_stores();

  // Membership; raft role.
  struct Transfer {
    raft::MemberId to = 0;
    bool asked = false;            // Raft was told: the lane is drained
    env::Duration deadline{0};
    std::function<void(Status)> done;
  };
  void drive_transfer();
  raft::MemberId best_successor() const;
  void drive_promotions(const raft::RaftStatus& status);
  void compact_log(raft::LogIndex durable);
  void drive_flow(const raft::RaftStatus& status);
  void change_membership(SystemJob::Work work, std::optional<ConfigurationChange> change, std::function<void(Status)> done);
  void try_change(SystemJob::Work work, std::optional<ConfigurationChange> change, env::Duration deadline, std::function<void(Status)> done);
  bool last_change_settled() const;
  void remove_self(std::function<void(Status)> done);

  void refresh_cluster(const AppliedPoint& point);
  void on_opened();
  Status known_or_stopped() const;
  void settle_leader();   // tells who waits for a leader, when there is one
  void expire_leader_waiters();
  // Stops serving for good, or, after damage, until it has healed.
  void fail(Error error);
  // Raft role: nothing is served any more. Everybody who waits is told.
  void halt(ReplicaState state, const std::string& reason);
  void end_transfer(Status status);
  Status check_serving() const;
  bool built() const;

  Result<raft::LogIndex> check_bookmarks(const std::vector<std::string>& bookmarks) const;
  ReadVersion version_of(const AppliedPoint& point) const;
  void wait_applied(raft::LogIndex index, env::Duration deadline, bool for_bookmark, std::function<void(Result<ReadVersion>)> done);
  Position position_at(raft::LogIndex index) const;
  Result<std::unique_ptr<ForkTransaction>> fork_transaction();
  void run_beside(std::shared_ptr<LaneWork> work, CommitCallback done, int attempt);
  void run_on_fork(std::shared_ptr<LaneWork> work, CommitCallback done, int attempt);
  // work: whose statement it is, if it was one of its own; null: an explicit transaction's.
  void submit_commit(std::unique_ptr<ForkTransaction> transaction, std::shared_ptr<LaneWork> work, CommitCallback done);
  JobCallback deliver(std::shared_ptr<LaneWork> work, CommitCallback done);
  raft::MemberId raft_leader() const;

  const ReplicaOptions options_;
  const Roles roles_;
  env::Clock& clock_;
  env::Random& random_;
  env::FileSystem& fs_;
  env::Transport& transport_;

  std::atomic<bool> started_{false};  // start() is done: until then peers are told to come again
  // Set by start() before any other role knows of them, then constant pointers.
  std::unique_ptr<DataDirectory> directory_;
  Identity identity_;
  bool copied_ = false;        // the directory was another node's
  bool copied_cleanly_ = false;  // and was not in use when it was copied
  Reopen reopen_;
  bool diverged_lately_ = false;
  std::atomic<bool> healing_{false};  // no Raft node runs; begins in start() only
  std::unique_ptr<raft::LogFile> log_;
  std::shared_ptr<storage::Store> first_store_;  // until build(): then the chain's
  std::unique_ptr<Chain> chain_;
  std::unique_ptr<Lane> lane_;
  std::unique_ptr<Applier> applier_;
  std::unique_ptr<RaftDriver> driver_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<SchemaBuilder> schema_builder_;
  std::unique_ptr<Scrubber> scrubber_;
  AppliedWaiters applied_waiters_;

  mutable std::mutex mutex_;  // shared_, leader_waiters_
  Shared shared_;
  std::vector<LeaderWaiter> leader_waiters_;
  bool halted_ = false;       // mutex_: failed, removed or about to be replaced: for good

  std::vector<std::shared_ptr<storage::Store>> retired_stores_;  // mutex_: of older snapshots, while somebody reads them

  // apply role
  std::shared_ptr<Opening> last_opening_;
  std::optional<Sum128> last_system_sum_;
  // raft role
  std::unique_ptr<PeerTransport> peers_;
  std::unique_ptr<Startup> startup_;
  std::unique_ptr<Healer> healer_;
  HealingNote healing_note_;
  std::shared_ptr<SnapshotSender> sender_;
  std::shared_ptr<SnapshotReceiver> receiver_;
  std::vector<Member> join_members_;             // whom a joining node knows before it has the state
  std::map<raft::MemberId, Member> guests_;      // who came to us and is not, or not registered, in our state
  std::map<raft::MemberId, raft::LogIndex> peer_applied_;
  std::map<raft::MemberId, uint32_t> caught_up_;  // ticks in a row that a member to be promoted was close behind
  std::optional<Transfer> transfer_;
  bool change_in_flight_ = false;
  raft::LogIndex last_change_index_ = 0;         // newest configuration entry applied here
  std::vector<raft::MemberId> last_change_voters_;  // who voted before it
  ApplyLag apply_lag_;
  bool throttled_ = false;
  env::Duration last_sums_at_{0};
  uint64_t ticks_ = 0;
};

}  // namespace graft::replication
