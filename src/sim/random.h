#pragma once

#include <cstdint>

#include "env/random.h"

namespace graft::sim {

// xoshiro256**, seeded by splitmix64: the same numbers on every machine. Each purpose draws from a stream of its own, so
// that one more draw in one place does not change all the others.
class SimRandom final : public env::Random {
 public:
  explicit SimRandom(uint64_t seed, uint64_t stream = 0) {
    uint64_t x = seed * 0x9e3779b97f4a7c15u + stream * 0xd1342543de82ef95u + 1;
    for (uint64_t& word : state_) word = splitmix(&x);
  }

  uint64_t next() override {
    const uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  uint64_t below(uint64_t n) { return n == 0 ? 0 : next() % n; }
  uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }  // both included
  bool chance(double probability) { return static_cast<double>(next() >> 11) * 0x1p-53 < probability; }

 private:
  static uint64_t rotate(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  static uint64_t splitmix(uint64_t* x) {
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  uint64_t state_[4];
};

}  // namespace graft::sim
