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
  std::map<TimerId, Timer> timers;
  {
    std::lock_guard lock(timers_mutex_);
    timers.swap(timers_);
  }
}

void IoThread::post(Task task) {
  if (stopped_) return;
  waiting_.fetch_add(1, std::memory_order_relaxed);
  asio::post(context_, [this, task = std::move(task)]() mutable {
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    task();
  });
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
