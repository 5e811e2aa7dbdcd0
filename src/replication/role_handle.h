#pragma once

#include <memory>
#include <utility>

#include "env/task_runner.h"

namespace graft::replication {

// Posts to one role on behalf of an object that may be gone before the task's turn: the task then does nothing.
// While a task runs, it keeps the object alive.
class RoleHandle {
 public:
  RoleHandle(env::TaskRunner& runner, std::weak_ptr<void> life) : runner_(&runner), life_(std::move(life)) {}

  template <class F>
  void post(F f) const {
    runner_->post(guarded(std::move(f)));
  }
  template <class F>
  env::TimerId post_after(env::Duration delay, F f) const {
    return runner_->post_after(delay, guarded(std::move(f)));
  }
  bool cancel(env::TimerId timer) const { return runner_->cancel(timer); }

 private:
  template <class F>
  auto guarded(F f) const {
    return [life = life_, f = std::move(f)]() mutable {
      if (std::shared_ptr<void> alive = life.lock()) f();
    };
  }

  env::TaskRunner* runner_;
  std::weak_ptr<void> life_;
};

}  // namespace graft::replication
