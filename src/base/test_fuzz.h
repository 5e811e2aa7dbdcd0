#pragma once

// Seeded mutation for fuzz tests (gcc has no libFuzzer): input n is a pure function of n and the corpus, so a finding is
// a number. Each fuzz test runs a fixed number of inputs; with GRAFT_FUZZ_SECONDS it goes on that long instead, from
// GRAFT_FUZZ_SEED on (1 if not given), and prints how far it came. A sanitizer that stops the process names the seed.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());

namespace graft {

class FuzzRun {
 public:
  FuzzRun(const char* name, uint64_t inputs) : name_(name), first_(number("GRAFT_FUZZ_SEED", 1)), last_(first_ + inputs - 1) {
    const uint64_t seconds = number("GRAFT_FUZZ_SECONDS", 0);
    if (seconds != 0) {
      last_ = ~uint64_t{0};
      end_ = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
      timed_ = true;
    }
    current_name = name;
    if (__sanitizer_set_death_callback != nullptr) {
      __sanitizer_set_death_callback([] { std::fprintf(stderr, "in %s, GRAFT_FUZZ_SEED=%llu\n", current_name, static_cast<unsigned long long>(current_seed)); });
    }
  }
  ~FuzzRun() {
    if (timed_) std::printf("%s: %llu inputs, seeds %llu to %llu\n", name_, static_cast<unsigned long long>(current_seed - first_ + 1), static_cast<unsigned long long>(first_), static_cast<unsigned long long>(current_seed));
  }
  // False: it is over.
  bool next(uint64_t* seed) {
    if (next_ == 0) next_ = first_;
    if (next_ > last_ || (timed_ && next_ % 64 == 0 && std::chrono::steady_clock::now() >= end_)) return false;
    *seed = current_seed = next_++;
    return true;
  }

 private:
  static uint64_t number(const char* variable, uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
  }
  static inline uint64_t current_seed = 0;
  static inline const char* current_name = "";

  const char* name_;
  uint64_t first_, last_, next_ = 0;
  bool timed_ = false;
  std::chrono::steady_clock::time_point end_;
};

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 1) {}
  uint64_t next(uint64_t n) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return n == 0 ? 0 : state_ % n;
  }
  template <class T>
  const T& one_of(std::span<const T> list) {
    return list[next(list.size())];
  }

  // One change: bytes removed, doubled, exchanged for another input's, or one of them altered; or a piece put in.
  void mutate(std::string* s, std::span<const std::string> corpus, std::span<const std::string> pieces = {}) {
    const size_t at = next(s->size() + 1), length = std::min<size_t>(next(20), s->size() - at);
    switch (next(pieces.empty() ? 4 : 6)) {
      case 0: s->erase(at, length); break;
      case 1: s->insert(at, s->substr(at, length)); break;
      case 2: {
        const std::string& other = one_of(corpus);
        s->replace(at, length, other.substr(next(other.size() + 1), next(60)));
        break;
      }
      case 3:
        if (at < s->size()) (*s)[at] = static_cast<char>(next(2) != 0 ? next(256) : static_cast<unsigned char>((*s)[at]) ^ (1u << next(8)));
        break;
      default: s->insert(at, one_of(pieces));
    }
  }

 private:
  uint64_t state_;
};

}  // namespace graft
