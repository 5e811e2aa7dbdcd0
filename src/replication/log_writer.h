#pragma once

// The log role: appends what the raft role hands over and makes all that is queued durable with one fdatasync; only
// then is Raft told and may the messages go that depend on it. A new term or vote is in the vote file before. A failed
// write or sync is final.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "raft/log_file.h"
#include "raft/raft_node.h"
#include "replication/role_handle.h"
#include "replication/vote_file.h"

namespace graft::replication {

class LogWriter {
 public:
  struct Write {
    uint64_t incarnation = 0;  // which RaftNode asked; a snapshot makes a new one
    uint64_t ready_number = 0;
    std::vector<raft::LogEntry> entries;
    std::optional<raft::HardState> hard_state;
    bool must_sync = false;
    std::vector<raft::OutgoingMessage> messages;  // to be sent once durable
  };
  struct Written {
    uint64_t incarnation = 0;
    uint64_t ready_number = 0;
    std::vector<raft::OutgoingMessage> messages;
  };

  // written, failed: called on the raft role.
  LogWriter(raft::LogFile& log, VoteFile& vote, RoleHandle log_role, RoleHandle raft_role, std::function<void(Written)> written,
            std::function<void(Error)> failed);

  // Raft role.
  void enqueue(Write write);
  bool idle() const { return outstanding_ == 0; }
  // Any role. Compaction is not worth stopping for: a failure shows again at the next append.
  void compact(raft::LogIndex index);
  // After all that is queued: the log begins anew after index, unless it holds that very entry and goes on behind it;
  // what is behind it may have been acknowledged. done on the raft role.
  void reset(raft::LogIndex index, raft::Term term, raft::HardState hard_state, std::function<void()> done);

 private:
  void run();
  Status write_all(std::vector<Write>& batch);

  raft::LogFile& log_;
  VoteFile& vote_;
  RoleHandle log_role_;
  RoleHandle raft_role_;
  std::function<void(Written)> written_;
  std::function<void(Error)> failed_;

  std::mutex mutex_;  // queue_
  std::vector<Write> queue_;
  std::atomic<bool> scheduled_{false};
  uint64_t outstanding_ = 0;  // raft role: writes not yet reported
  bool broken_ = false;       // log role
};

}  // namespace graft::replication
