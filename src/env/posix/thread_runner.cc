#include "env/posix/thread_runner.h"

#include <pthread.h>

#include <algorithm>

#include "base/check.h"

namespace graft::env {

ThreadRunner::ThreadRunner(const std::string& name, size_t threads) {
  GRAFT_CHECK(threads > 0);
  for (size_t i = 0; i < threads; i++) {
    std::string shown = threads == 1 ? name : name + "-" + std::to_string(i);
    if (shown.size() > 15) shown.resize(15);
    threads_.emplace_back([this, shown] {
      pthread_setname_np(pthread_self(), shown.c_str());
      serve();
    });
  }
}

ThreadRunner::~ThreadRunner() { stop(); }

void ThreadRunner::post(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    queue_.push_back(std::move(task));
    if (sleeping_ == 0) return;
  }
  wake_.notify_one();  // whoever wakes up finds the lock free
}

TimerId ThreadRunner::post_after(Duration delay, Task task) {
  const Moment due = std::chrono::steady_clock::now() + std::max(delay, Duration::zero());
  std::lock_guard lock(mutex_);
  const TimerId id = next_timer_++;
  if (stopped_) return id;
  auto it = timers_.emplace(due, Timer{id, std::move(task)});
  timer_by_id_.emplace(id, it);
  if (it == timers_.begin() && sleeping_ > 0) wake_.notify_one();
  return id;
}

bool ThreadRunner::cancel(TimerId timer) {
  Task dropped;  // destroyed after the lock is released: its destructor may call us
  std::lock_guard lock(mutex_);
  auto found = timer_by_id_.find(timer);
  if (found == timer_by_id_.end()) return false;
  dropped = std::move(found->second->second.task);
  timers_.erase(found->second);
  timer_by_id_.erase(found);
  return true;
}

size_t ThreadRunner::backlog() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void ThreadRunner::stop() {
  std::deque<Task> queue;
  std::multimap<Moment, Timer> timers;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    wake_.notify_all();
  }
  for (std::thread& thread : threads_) {
    GRAFT_CHECK(thread.get_id() != std::this_thread::get_id());
    thread.join();
  }
  threads_.clear();
  std::lock_guard lock(mutex_);
  queue.swap(queue_);
  timers.swap(timers_);
  timer_by_id_.clear();
}

Task ThreadRunner::take_ready() {
  if (!timers_.empty()) {
    auto first = timers_.begin();
    if (first->first <= std::chrono::steady_clock::now()) {
      Task task = std::move(first->second.task);
      timer_by_id_.erase(first->second.id);
      timers_.erase(first);
      return task;
    }
  }
  if (queue_.empty()) return {};
  Task task = std::move(queue_.front());
  queue_.pop_front();
  return task;
}

void ThreadRunner::serve() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (Task task = take_ready()) {
      lock.unlock();
      task();
      task = Task();
      lock.lock();
      continue;
    }
    sleeping_++;
    if (timers_.empty()) {
      wake_.wait(lock);
    } else {
      const Moment due = timers_.begin()->first;
      wake_.wait_until(lock, due);
    }
    sleeping_--;
  }
}

}  // namespace graft::env
