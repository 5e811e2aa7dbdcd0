#pragma once

#include "graph/value.h"

namespace graft::cypher {

// Amounts that may have fractions. A fraction of a month is carried to days (a month is 30.436875 days on average), of a
// day to seconds, of a second to nanoseconds; what is less than a nanosecond is cut off.
struct DurationParts {
  long double months = 0, days = 0, seconds = 0, nanos = 0;
};

// sign: 1 or -1. Throws kArithmetic when a part leaves 64 bits.
graph::Duration approximate(const DurationParts& parts, int sign);

// Adds with nanos normalised to [0, 1e9). Throws kArithmetic on overflow.
graph::Duration make_duration_parts(int64_t months, int64_t days, int64_t seconds, __int128 nanos);

}  // namespace graft::cypher
