#pragma once

#include <cstdint>
#include <string_view>

namespace graft {

// XXH3, 64 bits: page, log record and frame checksums, hash tables. Stable across machines and versions.
uint64_t checksum64(std::string_view bytes, uint64_t seed = 0);

// A 128-bit number that adds and subtracts with wrap-around: what state sums are made of.
struct Sum128 {
  uint64_t low = 0;
  uint64_t high = 0;

  Sum128& operator+=(const Sum128& o) {
    uint64_t l = low + o.low;
    high += o.high + (l < low);
    low = l;
    return *this;
  }
  Sum128& operator-=(const Sum128& o) {
    uint64_t l = low - o.low;
    high -= o.high + (low < o.low);
    low = l;
    return *this;
  }
  bool operator==(const Sum128&) const = default;
};

// XXH3, 128 bits.
Sum128 hash128(std::string_view bytes, uint64_t seed = 0);

}  // namespace graft
