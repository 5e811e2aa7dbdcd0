#include "env/fiber.h"

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>

#include "base/check.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#elif defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace graft::env {
namespace {

struct Unwind {};  // thrown by suspend() of a fiber that nobody goes on with

}  // namespace

struct Fiber::State {
  std::function<void(Fiber&)> body;
  boost::context::fiber inside;   // while it is suspended
  boost::context::fiber outside;  // while it runs
  bool begun = false, ended = false;
  bool unwinding = false;
#if defined(__SANITIZE_ADDRESS__)
  void* fake_inside = nullptr;
  void* fake_outside = nullptr;
  const void* stack = nullptr;
  size_t stack_bytes = 0;
  const void* caller_stack = nullptr;
  size_t caller_bytes = 0;
#elif defined(__SANITIZE_THREAD__)
  void* own = __tsan_create_fiber(0);
  void* caller = nullptr;
#endif

  // The sanitizers want to know of every switch, before and after.
  void entering() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&fake_outside, stack, stack_bytes);
#elif defined(__SANITIZE_THREAD__)
    caller = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(own, 0);
#endif
  }
  void entered() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_inside, &caller_stack, &caller_bytes);
#endif
  }
  void leaving() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(ended ? nullptr : &fake_inside, caller_stack, caller_bytes);
#elif defined(__SANITIZE_THREAD__)
    __tsan_switch_to_fiber(caller, 0);
#endif
  }
  void left() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_outside, nullptr, nullptr);
#endif
  }
};

Fiber::Fiber(std::function<void(Fiber&)> body, size_t stack_bytes) : state_(std::make_unique<State>()) {
  state_->body = std::move(body);
  boost::context::protected_fixedsize_stack stacks(stack_bytes);
  boost::context::stack_context stack = stacks.allocate();
#if defined(__SANITIZE_ADDRESS__)
  state_->stack = static_cast<const char*>(stack.sp) - stack.size;
  state_->stack_bytes = stack.size;
#endif
  state_->inside = boost::context::fiber(std::allocator_arg, boost::context::preallocated(stack.sp, stack.size, stack), stacks,
                                         [this](boost::context::fiber&& outside) {
    State& s = *state_;
    s.entered();
    s.outside = std::move(outside);
    try {
      s.body(*this);
    } catch (const Unwind&) {
    }
    s.ended = true;
    s.leaving();
    return std::move(s.outside);
  });
}

Fiber::~Fiber() {
  if (state_->begun && !state_->ended) {
    state_->unwinding = true;
    resume();
  }
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(state_->own);
#endif
}

void Fiber::resume() {
  GRAFT_CHECK(!state_->ended && state_->inside);
  state_->begun = true;
  state_->entering();
  state_->inside = std::move(state_->inside).resume();
  state_->left();
}

bool Fiber::ended() const { return state_->ended; }

void Fiber::suspend() {
  State& s = *state_;
  s.leaving();
  s.outside = std::move(s.outside).resume();
  s.entered();
  if (s.unwinding) throw Unwind{};
}

}  // namespace graft::env
