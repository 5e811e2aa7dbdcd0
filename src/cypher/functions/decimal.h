#pragma once

namespace graft::cypher {

enum class Rounding { kUp, kDown, kCeiling, kFloor, kHalfUp, kHalfDown, kHalfEven };

// Rounds to so many decimal places as one would on paper, by the shortest decimal form of the number: 2.675 -> 2.68.
double round_decimal(double value, int places, Rounding mode);

}  // namespace graft::cypher
