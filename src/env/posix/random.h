#pragma once

#include <cstddef>
#include <mutex>

#include "env/random.h"

namespace graft::env {

// The kernel's generator (getrandom), read 64 numbers at a time.
class KernelRandom final : public Random {
 public:
  uint64_t next() override;

 private:
  static constexpr size_t kBuffered = 64;
  std::mutex mutex_;
  uint64_t buffer_[kBuffered];
  size_t left_ = 0;
};

}  // namespace graft::env
