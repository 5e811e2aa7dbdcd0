#pragma once

// The replica put together: the parts, and the calls between them. Each part keeps to its roles; what is shared here
// stands under one mutex and is copied out.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "raft/log_file.h"
#include "replication/applied_waiters.h"
#include "replication/applier.h"
#include "replication/chain.h"
#include "replication/checkpointer.h"
#include "replication/data_directory.h"
#include "replication/lane.h"
#include "replication/member_records.h"
#include "replication/raft_driver.h"
#include "replication/replica.h"
#include "replication/role_handle.h"
#include "replication/transactions.h"

namespace graft::replication {

class ReplicaCore final : public std::enable_shared_from_this<ReplicaCore>, public LaneHost, public ApplierHost, public RaftDriverHost {
 public:
  ReplicaCore(const ReplicaOptions& options, const Roles& roles, env::Clock& clock, env::Random& random, env::FileSystem& fs,
              env::Transport& transport);
  ~ReplicaCore() override;

  Status start();  // once, after make_shared

  // ---- the public calls of Replica; any role
  ReplicaStatus status() const;
  raft::MemberId leader_hint() const;
  void wait_for_leader(env::Duration timeout, std::function<void(Status)> done);
  ReadVersion applied() const;
  void read(ReadRequest request, std::function<void(Result<ReadVersion>)> done);
  void autocommit(std::shared_ptr<LaneWork> work, CommitCallback done);
  void begin(std::vector<std::string> bookmarks, std::function<void(Result<std::unique_ptr<ExplicitTransaction>>)> done);
  void commit(std::unique_ptr<ExplicitTransaction> transaction, CommitCallback done);
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
  void send(raft::OutgoingMessage message) override;
  void on_committed(std::vector<raft::LogEntry> entries) override;
  void on_raft_state(const RaftState& state) override;
  void on_tick(const raft::RaftStatus& status) override;
  void on_log_failed(Error error) override;
  std::optional<raft::SnapshotDescriptor> offer_snapshot(raft::LogIndex at_least, raft::MemberId to) override;

 private:
  // What everybody may ask about; copied under mutex_.
  struct Shared {
    ReplicaState state = ReplicaState::kStarting;
    std::string reason;
    raft::RaftStatus raft;
    std::vector<Member> members;
    std::vector<raft::MemberId> removed;
    ClusterRecord cluster;
    raft::MemberId raft_leader = 0;       // as Raft knows it
    bool leader_unreachable = false;      // the connection to it was refused or reset
    bool opened = false;                  // leader: the lane runs
  };
  struct LeaderWaiter {
    env::Duration deadline;
    std::function<void(Status)> done;
  };

  RoleHandle role(env::TaskRunner& runner) { return RoleHandle(runner, weak_from_this()); }
  Status open_directory();
  Status recover();
  Status found(const std::vector<Member>& members);
  Status match_log(const storage::CheckpointMeta& meta);
  void build(const storage::CheckpointMeta& meta, const ChainMark& mark);
  void begin_serving();

  void refresh_cluster(const AppliedPoint& point);
  void on_opened();
  void settle_leader();   // tells who waits for a leader, when there is one
  void expire_leader_waiters();
  void fail(Error error);
  Status check_serving() const;

  Result<raft::LogIndex> check_bookmarks(const std::vector<std::string>& bookmarks) const;
  ReadVersion version_of(const AppliedPoint& point) const;
  void wait_applied(raft::LogIndex index, env::Duration deadline, bool for_bookmark, std::function<void(Result<ReadVersion>)> done);
  Position position_at(raft::LogIndex index) const;
  Result<std::unique_ptr<ForkTransaction>> fork_transaction();
  void run_beside(std::shared_ptr<LaneWork> work, CommitCallback done, int attempt);
  void submit_commit(std::unique_ptr<ForkTransaction> transaction, CommitCallback done);
  JobCallback deliver(CommitCallback done);
  raft::MemberId raft_leader() const;

  const ReplicaOptions options_;
  const Roles roles_;
  env::Clock& clock_;
  env::Random& random_;
  env::FileSystem& fs_;
  env::Transport& transport_;

  // Set by start() before any other role knows of them, then constant pointers.
  std::unique_ptr<DataDirectory> directory_;
  Identity identity_;
  std::unique_ptr<raft::LogFile> log_;
  std::shared_ptr<storage::Store> first_store_;  // until build(): then the chain's
  std::unique_ptr<Chain> chain_;
  std::unique_ptr<Lane> lane_;
  std::unique_ptr<Applier> applier_;
  std::unique_ptr<RaftDriver> driver_;
  std::unique_ptr<Checkpointer> checkpointer_;
  AppliedWaiters applied_waiters_;

  mutable std::mutex mutex_;  // shared_, leader_waiters_
  Shared shared_;
  std::vector<LeaderWaiter> leader_waiters_;

  // apply role
  std::shared_ptr<Opening> last_opening_;
  std::optional<Sum128> last_system_sum_;
  // raft role
  uint64_t ticks_ = 0;
};

}  // namespace graft::replication
