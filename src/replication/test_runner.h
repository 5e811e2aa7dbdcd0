#pragma once

// Time and one queue of tasks by hand, for tests of what runs on roles.

#include <deque>
#include <map>

#include "env/clock.h"
#include "env/task_runner.h"

namespace graft::replication {

class TestRunner final : public env::TaskRunner, public env::Clock {
 public:
  void post(env::Task task) override { tasks_.push_back(std::move(task)); }
  env::TimerId post_after(env::Duration delay, env::Task task) override {
    timers_.emplace(now_ + delay, std::move(task));
    return 0;
  }
  bool cancel(env::TimerId) override { return false; }
  size_t backlog() const override { return tasks_.size(); }
  env::Duration monotonic() const override { return now_; }
  env::Duration wall() const override { return now_; }

  void run() {
    while (!tasks_.empty()) {
      env::Task t = std::move(tasks_.front());
      tasks_.pop_front();
      t();
    }
  }
  void pass(env::Duration time) {
    env::Duration end = now_ + time;
    run();
    while (!timers_.empty() && timers_.begin()->first <= end) {
      auto timer = timers_.extract(timers_.begin());
      now_ = std::max(now_, timer.key());
      timer.mapped()();
      run();
    }
    now_ = end;
  }

 private:
  env::Duration now_{std::chrono::seconds(1)};
  std::deque<env::Task> tasks_;
  std::multimap<env::Duration, env::Task> timers_;
};

}  // namespace graft::replication
