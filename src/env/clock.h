#pragma once

#include <chrono>
#include <cstdint>

namespace graft::env {

using Duration = std::chrono::nanoseconds;

// Door 1. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Duration monotonic() const = 0;  // since an arbitrary moment; never goes back
  virtual Duration wall() const = 0;       // since 1970-01-01T00:00Z; may jump
};

}  // namespace graft::env
