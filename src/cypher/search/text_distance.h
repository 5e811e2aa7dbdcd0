#pragma once

// Inexact comparison of terms.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace graft::cypher {

// Insertions, deletions, substitutions and exchanges of neighbours (each character moved once) that make one of the other;
// anything above `most` when there are more.
uint32_t edit_distance(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b, uint32_t most);

// A pattern with * (any characters) and ? (one character); a backslash makes the next one literal.
class WildcardPattern {
 public:
  WildcardPattern(std::string_view pattern, const std::function<std::string(std::string_view)>& normalize);
  std::string literal_prefix() const;
  bool matches(std::string_view term) const;

 private:
  static constexpr uint32_t kAny = 0x110000, kOne = 0x110001;  // beyond all characters
  std::vector<uint32_t> parts_;
};

}  // namespace graft::cypher
