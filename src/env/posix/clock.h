#pragma once

#include "env/clock.h"

namespace graft::env {

// The system's clocks (CLOCK_MONOTONIC, CLOCK_REALTIME).
class PosixClock final : public Clock {
 public:
  Duration monotonic() const override;
  Duration wall() const override;
};

}  // namespace graft::env
