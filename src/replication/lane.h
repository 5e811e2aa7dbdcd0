#pragma once

// The lane: everything that changes the graph runs here, one after another, on the newest head. Many jobs make one
// batch: one fork, one version, one Raft entry. What a job saw and did is told to its caller only when the version it
// worked on is committed.

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/clock.h"
#include "graph/transaction.h"
#include "replication/chain.h"
#include "replication/replica.h"
#include "replication/role_handle.h"
#include "replication/write_window.h"

namespace graft::replication {

// A Raft configuration change that belongs to the change set of its entry.
struct ConfigurationChange {
  raft::ChangeKind kind = raft::ChangeKind::kAddVoter;
  raft::MemberId member = 0;
};

// What the lane hands to the raft role, in chain order.
struct Proposal {
  uint64_t generation = 0;  // of the chain when it was made
  ChainMark mark;
  std::string bytes;        // the envelope
  std::optional<ConfigurationChange> change;
};

class LaneJob {
 public:
  virtual ~LaneJob() = default;
  // kAgain: undone by the lane, and the job has been handed on to somewhere else (`finish` will not be called).
  enum class Outcome { kDone, kHandedOn };
  virtual Result<Outcome> run(graph::GraphTransaction& transaction, const Chain::Batch& batch, const WriteWindow& window,
                              std::shared_ptr<LaneJob> self) = 0;
  // Work that was done on a fork of the very version that is the head now: the lane seals that fork, alone in its batch,
  // and `run` is not called. The transaction stays the job's.
  struct Ready {
    graph::GraphTransaction& transaction;
    std::string change_set;
  };
  virtual std::optional<Ready> ready(const Chain::Batch&, bool /*others_wait*/) { return std::nullopt; }
  // A configuration change has a batch of its own.
  virtual bool is_configuration_change() const { return false; }
  virtual std::optional<ConfigurationChange> configuration_change() const { return std::nullopt; }
  // Once, on any role. Index: of the entry, or of what it read.
  virtual void finish(const Result<raft::LogIndex>& result) = 0;

  graph::WriteCounters counters;  // set by the lane
};

class LaneHost {
 public:
  virtual ~LaneHost() = default;
  virtual void propose(Proposal proposal) = 0;
  // Calls back when it is certain that this member was the leader of `term` after the call.
  virtual void confirm_leadership(raft::Term term, std::function<void(Status)> done) = 0;
  virtual Error not_leader_error() const = 0;
};

class Lane {
 public:
  static constexpr size_t kMaxQueued = 20'000;
  static constexpr size_t kMaxBatchJobs = 256;
  static constexpr size_t kMaxBatchBytes = 1 << 20;
  static constexpr env::Duration kMaxBatchTime = std::chrono::milliseconds(2);

  Lane(Chain& chain, LaneHost& host, RoleHandle role, const env::Clock& clock, uint64_t max_transaction_bytes);

  // Any role. first: before all that waits (the cluster's own business).
  void submit(std::shared_ptr<LaneJob> job, bool first = false);
  void kick();
  // With the next batch, the head's state sums are proposed too, for every member to compare.
  void request_sums();
  void abandon(const Error& error);
  size_t queued() const;

 private:
  struct Ran {  // one job of the batch under way
    std::shared_ptr<LaneJob> job;
    std::optional<Error> error;
  };
  struct Made {  // what the batch under way has come to
    std::vector<Ran> ran;
    std::vector<std::string> change_sets;
    size_t bytes = 0;
    std::optional<ConfigurationChange> change;
    bool spoilt = false;  // holds what must not be proposed: nothing of the batch is
  };
  void run_again(std::vector<Ran> ran);
  void run_batch();
  void propose_sums(const Chain::Batch& batch);
  std::shared_ptr<LaneJob> take(bool batch_is_empty);
  graph::GraphTransaction* take_ready(const Chain::Batch& batch, const std::shared_ptr<LaneJob>& job, Made* made);
  void fill(const Chain::Batch& batch, graph::GraphTransaction& transaction, std::shared_ptr<LaneJob> job, Made* made);
  void run_job(const Chain::Batch& batch, graph::GraphTransaction& transaction, std::shared_ptr<LaneJob> job, Made* made);
  void seal(const Chain::Batch& batch, graph::GraphTransaction& transaction, Made made);
  void withhold(const Chain::Batch& batch, std::vector<Ran> ran);

  Chain& chain_;
  LaneHost& host_;
  RoleHandle role_;
  const env::Clock& clock_;
  const uint64_t max_transaction_bytes_;

  mutable std::mutex mutex_;  // queue_
  std::deque<std::shared_ptr<LaneJob>> queue_;
  std::atomic<bool> scheduled_{false};
  std::atomic<bool> sums_wanted_{false};

  // lane role
  storage::VersionNo last_sums_ = 0;       // version whose sums were proposed last
  std::shared_ptr<Opening> opening_;       // that window_ belongs to
  std::unique_ptr<WriteWindow> window_;
};

}  // namespace graft::replication
