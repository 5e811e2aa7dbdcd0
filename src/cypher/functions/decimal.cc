#include "cypher/functions/decimal.h"

#include <charconv>
#include <cmath>
#include <string>

namespace graft::cypher {
namespace {

// Whether the kept digits must grow by one in the last place.
bool rounds_away(Rounding mode, bool negative, bool last_odd, int first_cut, bool more_cut) {
  bool any = first_cut != 0 || more_cut;
  bool above = first_cut > 5 || (first_cut == 5 && more_cut), half = first_cut == 5 && !more_cut;
  switch (mode) {
    case Rounding::kUp: return any;
    case Rounding::kDown: return false;
    case Rounding::kCeiling: return any && !negative;
    case Rounding::kFloor: return any && negative;
    case Rounding::kHalfUp: return above || half;
    case Rounding::kHalfDown: return above;
    case Rounding::kHalfEven: return above || (half && last_odd);
  }
  return false;
}

}  // namespace

double round_decimal(double value, int places, Rounding mode) {
  if (!std::isfinite(value) || value == 0) return value;
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof(buffer), std::fabs(value), std::chars_format::scientific).ptr;
  std::string text(buffer, end);                       // d.ddde+xx
  size_t e = text.find('e');
  int exponent = std::stoi(text.substr(e + 1));
  std::string digits = text.substr(0, 1) + (e > 2 ? text.substr(2, e - 2) : "");
  int keep = exponent + 1 + places;                    // digits left of the cut
  if (keep >= static_cast<int>(digits.size())) return value;
  bool negative = value < 0;
  int first_cut = keep >= 0 ? digits[static_cast<size_t>(keep)] - '0' : 0;
  bool more_cut = keep < 0 || digits.find_first_not_of('0', static_cast<size_t>(keep) + 1) != std::string::npos;
  std::string kept = keep > 0 ? digits.substr(0, static_cast<size_t>(keep)) : "0";
  bool last_odd = (kept.back() - '0') % 2 != 0;
  if (rounds_away(mode, negative, last_odd, first_cut, more_cut)) {
    size_t i = kept.size();
    while (i > 0 && kept[i - 1] == '9') kept[--i] = '0';
    if (i > 0) {
      ++kept[i - 1];
    } else {
      kept.insert(kept.begin(), '1');
    }
  }
  std::string shifted = (negative ? "-" : "") + kept + "e" + std::to_string(-places);
  double out = 0;
  std::from_chars(shifted.data(), shifted.data() + shifted.size(), out);
  return out;
}

}  // namespace graft::cypher
