#include "env/posix/io_thread.h"

#include <pthread.h>

#include "env/posix/stream_connection.h"

namespace graft::env {

namespace {
constexpr size_t kReadBufferBytes = 64 << 10;
}

IoThread::IoThread(const std::string& name) : work_(asio::make_work_guard(context_)), read_buffer_(kReadBufferBytes) {
  std::string shown = name.substr(0, 15);
  thread_ = std::thread([this, shown] {
    pthread_setname_np(pthread_self(), shown.c_str());
    context_.run();
  });
}

IoThread::~IoThread() { stop(); }

void IoThread::stop() {
  if (!thread_.joinable()) return;
  GRAFT_CHECK(thread_.get_id() != std::this_thread::get_id());
  stopped_ = true;
  work_.reset();
  context_.stop();
  thread_.join();
  for (const auto& connection : connections_) connection->release();  // breaks the circle handler <-> connection
  connections_.clear();
  std::deque<Task> tasks;  // these too are destroyed without a lock
  std::map<TimerId, Timer> timers;
  {
    std::lock_guard lock(tasks_mutex_);
    tasks.swap(tasks_);
  }
  {
    std::lock_guard lock(timers_mutex_);
    timers.swap(timers_);
  }
}

void IoThread::post(Task task) {
  {
    std::lock_guard lock(tasks_mutex_);
    if (stopped_) return;
    tasks_.push_back(std::move(task));
  }
  asio::post(context_, [this] { run_next(); });
}

void IoThread::run_next() {
  Task task;
  {
    std::lock_guard lock(tasks_mutex_);
    if (tasks_.empty()) return;
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
}

size_t IoThread::backlog() const {
  std::lock_guard lock(tasks_mutex_);
  return tasks_.size();
}

TimerId IoThread::post_after(Duration delay, Task task) {
  std::lock_guard lock(timers_mutex_);
  const TimerId id = next_timer_++;
  if (stopped_) return id;
  auto timer = std::make_unique<asio::steady_timer>(context_, std::max(delay, Duration::zero()));
  timer->async_wait([this, id](const SystemError& error) {
    if (!error) expire(id);
  });
  timers_.emplace(id, Timer{std::move(timer), std::move(task)});
  return id;
}

bool IoThread::cancel(TimerId timer) {
  Timer dropped;  // destroyed after the lock is released
  std::lock_guard lock(timers_mutex_);
  auto it = timers_.find(timer);
  if (it == timers_.end()) return false;
  dropped = std::move(it->second);
  timers_.erase(it);
  return true;
}

void IoThread::expire(TimerId timer) {
  Timer due;
  {
    std::lock_guard lock(timers_mutex_);
    auto it = timers_.find(timer);
    if (it == timers_.end()) return;
    due = std::move(it->second);
    timers_.erase(it);
  }
  due.task();
}

}  // namespace graft::env
