#include "replication/applied_waiters.h"

#include <utility>
#include <vector>

namespace graft::replication {

void AppliedWaiters::wait(raft::LogIndex index, env::Duration deadline, Error late, std::function<void(Status)> done) {
  {
    std::lock_guard lock(mutex_);
    if (index > applied_) {
      waiters_.emplace(index, Waiter{deadline, std::move(late), std::move(done)});
      return;
    }
  }
  done(Status());
}

void AppliedWaiters::advance(raft::LogIndex applied) {
  std::vector<std::function<void(Status)>> calls;
  {
    std::lock_guard lock(mutex_);
    applied_ = applied;
    while (!waiters_.empty() && waiters_.begin()->first <= applied) {
      calls.push_back(std::move(waiters_.begin()->second.done));
      waiters_.erase(waiters_.begin());
    }
  }
  for (auto& call : calls) call(Status());
}

void AppliedWaiters::expire() {
  std::vector<Waiter> late;
  {
    std::lock_guard lock(mutex_);
    if (waiters_.empty()) return;
    env::Duration now = clock_.monotonic();
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      if (it->second.deadline > now) {
        ++it;
        continue;
      }
      late.push_back(std::move(it->second));
      it = waiters_.erase(it);
    }
  }
  for (Waiter& waiter : late) waiter.done(std::move(waiter.late));
}

void AppliedWaiters::abandon(const Error& error) {
  std::multimap<raft::LogIndex, Waiter> waiters;
  {
    std::lock_guard lock(mutex_);
    waiters.swap(waiters_);
  }
  for (auto& [index, waiter] : waiters) waiter.done(error);
}

}  // namespace graft::replication
