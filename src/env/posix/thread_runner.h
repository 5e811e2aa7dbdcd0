#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "env/task_runner.h"

namespace graft::env {

// A queue with timers that n named threads serve. With one thread it is a serial role; with several, the worker pool.
class ThreadRunner final : public TaskRunner {
 public:
  // name: at most 15 characters are shown by the system's tools.
  explicit ThreadRunner(const std::string& name, size_t threads = 1);
  ~ThreadRunner() override;  // stop()

  void post(Task task) override;
  TimerId post_after(Duration delay, Task task) override;
  bool cancel(TimerId timer) override;
  size_t backlog() const override;

  // Waits for the running tasks, drops the waiting ones and the timers. Not from one of its own tasks.
  void stop();

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Timer {
    TimerId id;
    Task task;
  };

  void serve();
  // Lock held. The next task to run: a due timer first, then the queue. Empty: nothing is ready now.
  Task take_ready();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  std::multimap<Moment, Timer> timers_;
  std::unordered_map<TimerId, std::multimap<Moment, Timer>::iterator> timer_by_id_;
  TimerId next_timer_ = 1;
  size_t sleeping_ = 0;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace graft::env
