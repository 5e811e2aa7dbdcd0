#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "env/clock.h"
#include "raft/raft_node.h"

namespace graft::replication {

// Who waits until this member has applied a log index. Any thread; callbacks run outside the lock.
class AppliedWaiters {
 public:
  explicit AppliedWaiters(const env::Clock& clock) : clock_(clock) {}

  // Calls back with success at once or later, or with `late` at the deadline (monotonic time).
  void wait(raft::LogIndex index, env::Duration deadline, Error late, std::function<void(Status)> done);
  void advance(raft::LogIndex applied);
  void expire();
  void abandon(const Error& error);

 private:
  struct Waiter {
    env::Duration deadline;
    Error late;
    std::function<void(Status)> done;
  };
  const env::Clock& clock_;
  std::mutex mutex_;
  raft::LogIndex applied_ = 0;
  std::multimap<raft::LogIndex, Waiter> waiters_;
};

}  // namespace graft::replication
