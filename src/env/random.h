#pragma once

#include <cstdint>

namespace graft::env {

// Door 2. Any thread. The real one is the kernel's generator (fit for ids, salts and tokens).
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;
};

}  // namespace graft::env
