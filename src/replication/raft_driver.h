#pragma once

// The raft role: gives the Raft core its ticks, messages and proposals, and carries out what it says is ready. Does no
// long work: writing is the log role's, applying the apply role's. All calls and members are the raft role's, except
// where said.

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "env/clock.h"
#include "env/random.h"
#include "raft/log_file.h"
#include "raft/raft_node.h"
#include "replication/applier.h"
#include "replication/chain.h"
#include "replication/lane.h"
#include "replication/log_writer.h"
#include "replication/read_index.h"
#include "replication/role_handle.h"

namespace graft::replication {

struct RaftState {
  raft::Role role = raft::Role::kFollower;
  raft::Term term = 0;
  raft::MemberId leader = 0;
  bool operator==(const RaftState&) const = default;
};

class RaftDriverHost {  // called on the raft role
 public:
  virtual ~RaftDriverHost() = default;
  virtual void send(const std::vector<raft::OutgoingMessage>& messages) = 0;
  virtual void on_committed(std::vector<raft::LogEntry> entries) = 0;
  virtual void on_raft_state(const RaftState& state) = 0;
  virtual void on_tick(const raft::RaftStatus& status) = 0;
  virtual void on_log_failed(Error error) = 0;
  virtual std::optional<raft::SnapshotDescriptor> offer_snapshot(raft::LogIndex at_least, raft::MemberId to) = 0;
};

struct RaftDriverOptions {
  raft::MemberId id = 0;
  env::Duration tick_interval{0};
  uint32_t heartbeat_ticks = 0;
  uint32_t election_ticks = 0;
  std::string read_prefix;  // unique per start of a member
};

class RaftDriver final : public raft::LogReader {
 public:
  static constexpr size_t kMaxProposalBytes = 8 << 20;

  RaftDriver(RaftDriverOptions options, raft::LogFile& log, VoteFile& vote, Chain& chain, RaftDriverHost& host, RoleHandle raft_role,
             RoleHandle log_role, const env::Clock& clock, env::Random& random);
  ~RaftDriver() override;

  // Begins (or begins anew, after a snapshot) from what is applied and the log after it.
  Status start(raft::LogIndex applied, const raft::Configuration& configuration);
  // After suspend: the log is reset to begin after what a snapshot brought; then start.
  void restart_from_snapshot(raft::LogIndex index, raft::Term term, raft::Configuration configuration, std::function<void(Status)> done);
  // While a snapshot is put in place: nothing is stepped, proposed or ticked until restart_from_snapshot is done.
  void suspend();
  void stop();  // for good
  bool running() const { return node_ != nullptr; }

  void step(std::string_view message);
  void propose(Proposal proposal);  // any role; in the order of the calls
  void read_index(env::Duration deadline, ReadIndexer::Callback done);
  void applied(raft::LogIndex index, std::vector<AppliedChange> changes);
  Status transfer_leader(raft::MemberId to);
  void campaign();
  void report_unreachable(raft::MemberId member);
  void report_snapshot(raft::MemberId member, bool ok);
  void set_window(raft::MemberId member, uint32_t messages);
  void compact(raft::LogIndex index);
  raft::RaftStatus status() const;
  raft::Configuration configuration() const { return node_ ? node_->configuration() : raft::Configuration{}; }
  RaftState state() const { return state_; }

  // LogReader, called from inside the node.
  raft::LogIndex first_index() const override { return log_.first_index(); }
  raft::LogIndex last_index() const override { return log_.last_index(); }
  Result<raft::Term> term(raft::LogIndex index) const override { return log_.term(index); }
  Result<std::vector<raft::LogEntry>> entries(raft::LogIndex low, raft::LogIndex high, uint64_t max_bytes) const override {
    return log_.entries(low, high, max_bytes);
  }
  std::optional<raft::SnapshotDescriptor> snapshot(raft::LogIndex at_least, raft::MemberId to) override {
    return host_.offer_snapshot(at_least, to);
  }

 private:
  struct Held {  // committed entries that wait until the commit that covers them is durable
    uint64_t ready_number = 0;
    std::vector<raft::LogEntry> entries;
  };
  void schedule_tick();
  void tick();
  void schedule_ready();
  void process_ready();
  void carry_out(raft::Ready ready);
  void persist(raft::Ready& ready, bool force_sync);
  void hand_over_committed(raft::Ready& ready, bool hold);
  void on_written(LogWriter::Written written);
  void update_state();
  void propose_queued();
  Status propose_change(const Proposal& proposal);

  const RaftDriverOptions options_;
  raft::LogFile& log_;
  Chain& chain_;
  RaftDriverHost& host_;
  RoleHandle role_;
  const env::Clock& clock_;
  env::Random& random_;
  LogWriter writer_;
  ReadIndexer reads_;
  std::unique_ptr<raft::RaftNode> node_;
  uint64_t incarnation_ = 0;       // of node_
  bool stopped_ = false;
  bool ticking_ = false;
  bool ready_scheduled_ = false;
  RaftState state_;
  raft::HardState hard_state_;     // the newest one handed to the log
  std::deque<Held> held_;

  std::mutex mutex_;               // proposals_
  std::vector<Proposal> proposals_;
  std::atomic<bool> proposing_{false};
};

}  // namespace graft::replication
