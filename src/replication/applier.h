#pragma once

// Applies committed entries, in order: moves `applied` along the chain on the leader, replays change sets elsewhere, many
// as one version. Everything runs on the apply role but enqueue.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "graph/transaction.h"
#include "raft/raft_node.h"
#include "replication/chain.h"
#include "replication/role_handle.h"

namespace graft::replication {

// A committed configuration entry; reject: it does not fit and changes nothing on any member.
struct AppliedChange {
  raft::LogEntry entry;
  bool reject = false;
};

class ApplierHost {
 public:
  virtual ~ApplierHost() = default;
  // After a batch, on the apply role. changes: for RaftNode::apply_change, in order, before index is reported to it.
  virtual void on_applied(const AppliedPoint& point, std::vector<AppliedChange> changes) = 0;
  virtual void on_apply_failed(Error error) = 0;
};

class Applier {
 public:
  static constexpr size_t kMaxBatchBytes = 8 << 20;

  Applier(Chain& chain, ApplierHost& host, RoleHandle role);
  ~Applier();

  void enqueue(std::vector<raft::LogEntry> entries);  // any role, in log order
  // Forgets what is queued: a snapshot has taken its place. Apply role.
  void clear();
  // Looks whether the chain may open; apply role.
  void poke();

 private:
  void run();
  Status apply(raft::LogEntry& entry);
  Status apply_envelope(const raft::LogEntry& entry, std::string_view bytes, bool* took_effect);
  Status replay(const raft::LogEntry& entry, const Envelope& envelope);
  Status compare_sums(const raft::LogEntry& entry, const Envelope& envelope);
  void seal();

  Chain& chain_;
  ApplierHost& host_;
  RoleHandle role_;
  std::mutex mutex_;  // queue_
  std::vector<raft::LogEntry> queue_;
  std::atomic<bool> scheduled_{false};

  // apply role
  storage::VersionRef base_;                             // of the replay under way
  std::unique_ptr<graph::IdAllocator> ids_;              // asked for nothing: a change set has its ids
  std::unique_ptr<graph::GraphTransaction> transaction_; // replay that is not sealed yet
  size_t replay_bytes_ = 0;
  raft::LogIndex replay_index_ = 0;                      // last entry in transaction_
  raft::Term replay_term_ = 0;
  std::vector<AppliedChange> changes_;
};

}  // namespace graft::replication
