#pragma once

// Internal to env/posix: one io thread, its event loop, its timers and the connections that belong to it.

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "env/posix/asio.h"
#include "env/task_runner.h"

namespace graft::env {

class StreamConnection;

class IoThread final : public TaskRunner {
 public:
  explicit IoThread(const std::string& name);
  ~IoThread() override;

  void post(Task task) override;
  TimerId post_after(Duration delay, Task task) override;
  bool cancel(TimerId timer) override;
  size_t backlog() const override;

  void stop();  // ends and joins the thread; drops what waits

  asio::io_context& context() { return context_; }
  // This thread's only: what sockets read into.
  std::vector<char>& read_buffer() { return read_buffer_; }
  void add(const std::shared_ptr<StreamConnection>& connection) { connections_.insert(connection); }
  void remove(const std::shared_ptr<StreamConnection>& connection) { connections_.erase(connection); }

 private:
  void run_next();
  void expire(TimerId timer);

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<char> read_buffer_;
  std::set<std::shared_ptr<StreamConnection>> connections_;  // open ones
  std::atomic<bool> stopped_{false};

  // Not in the context: what is left in that lives until its destruction, and tasks hold what has to be gone before.
  mutable std::mutex tasks_mutex_;
  std::deque<Task> tasks_;

  struct Timer {
    std::unique_ptr<asio::steady_timer> timer;
    Task task;
  };
  std::mutex timers_mutex_;
  std::map<TimerId, Timer> timers_;
  TimerId next_timer_ = 1;
  std::thread thread_;
};

}  // namespace graft::env
