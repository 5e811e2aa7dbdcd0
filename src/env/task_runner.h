#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "env/clock.h"

namespace graft::env {

// A callable that runs once; unlike std::function it may own what cannot be copied.
class Task {
 public:
  Task() = default;
  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, Task>)
  Task(F&& f) : impl_(std::make_unique<Impl<std::decay_t<F>>>(std::forward<F>(f))) {}
  explicit operator bool() const { return impl_ != nullptr; }
  void operator()() { impl_->run(); }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void run() = 0;
  };
  template <class F>
  struct Impl final : Base {
    explicit Impl(F f) : f(std::move(f)) {}
    void run() override { f(); }
    F f;
  };
  std::unique_ptr<Base> impl_;
};

using TimerId = uint64_t;

// Door 3: a thread role. A serial runner (io, raft, log, lane, apply, background) runs its tasks one after another in
// the order posted, so that what only its tasks touch needs no lock; the worker pool runs several at once.
// All calls are safe from any thread. Tasks posted after stop() are dropped.
class TaskRunner {
 public:
  virtual ~TaskRunner() = default;
  virtual void post(Task task) = 0;
  virtual TimerId post_after(Duration delay, Task task) = 0;
  // True if the task had not started and will not run.
  virtual bool cancel(TimerId timer) = 0;
  // Tasks waiting now; whoever admits work from outside refuses it over a bound.
  virtual size_t backlog() const = 0;
};

}  // namespace graft::env
