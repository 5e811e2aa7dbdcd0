#include "cypher/search/text_distance.h"

#include <algorithm>

#include "cypher/functions/unicode.h"

namespace graft::cypher {

uint32_t edit_distance(const std::vector<uint32_t>& a, const std::vector<uint32_t>& b, uint32_t most) {
  size_t n = a.size(), m = b.size();
  if ((n > m ? n - m : m - n) > most) return most + 1;
  std::vector<uint32_t> before(m + 1), last(m + 1), row(m + 1);
  for (size_t j = 0; j <= m; ++j) last[j] = static_cast<uint32_t>(j);
  for (size_t i = 1; i <= n; ++i) {
    row[0] = static_cast<uint32_t>(i);
    uint32_t least = row[0];
    for (size_t j = 1; j <= m; ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
      least = std::min(least, row[j]);
    }
    if (least > most) return most + 1;
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[m];
}

WildcardPattern::WildcardPattern(std::string_view pattern, const std::function<std::string(std::string_view)>& normalize) {
  std::string literal;
  auto flush = [&] {
    for (uint32_t c : decode_utf8(normalize(literal))) parts_.push_back(c);
    literal.clear();
  };
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*' || pattern[i] == '?') {
      flush();
      parts_.push_back(pattern[i] == '*' ? kAny : kOne);
    } else {
      if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
      literal.push_back(pattern[i]);
    }
  }
  flush();
}

std::string WildcardPattern::literal_prefix() const {
  std::string out;
  for (uint32_t c : parts_) {
    if (c == kAny || c == kOne) break;
    append_utf8(c, &out);
  }
  return out;
}

// Goes back to the last * only: linear for all but contrived patterns, and never worse than pattern times term.
bool WildcardPattern::matches(std::string_view text) const {
  std::vector<uint32_t> term = decode_utf8(text);
  size_t at = 0, part = 0, star = parts_.size(), behind_star = 0;
  while (at < term.size()) {
    if (part < parts_.size() && parts_[part] != kAny && (parts_[part] == kOne || parts_[part] == term[at])) {
      ++at;
      ++part;
    } else if (part < parts_.size() && parts_[part] == kAny) {
      star = part++;
      behind_star = at;
    } else if (star != parts_.size()) {
      part = star + 1;
      at = ++behind_star;
    } else {
      return false;
    }
  }
  while (part < parts_.size() && parts_[part] == kAny) ++part;
  return part == parts_.size();
}

}  // namespace graft::cypher
