#pragma once

// A function on a stack of its own, which can stop in the middle and be gone on with later, by any thread: so that deep
// work can wait for an answer without holding a thread. (Boost.Context does the switching; an mmapped stack with a guard
// page, of which only what is used takes memory.)

#include <cstddef>
#include <functional>
#include <memory>

namespace graft::env {

class Fiber {
 public:
  static constexpr size_t kStackBytes = size_t{8} << 20;

  // body must let no exception out but the one of suspend().
  explicit Fiber(std::function<void(Fiber&)> body, size_t stack_bytes = kStackBytes);
  // A body that has not ended is unwound: its suspend() throws.
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Runs the body until it suspends or ends. Not inside the body, nor after its end.
  void resume();
  bool ended() const;
  // Inside the body only, and not inside a catch block: returns when resume() is called again.
  void suspend();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft::env
