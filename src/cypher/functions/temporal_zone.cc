#include "cypher/functions/temporal_zone.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <stdexcept>

#define USE_OS_TZDB 1  // as Debian builds the library: the layout of its classes depends on it
#include <date/tz.h>

#include "cypher/position.h"
#include "graph/calendar.h"

namespace graft::cypher {
namespace {

using graph::floor_div;
using graph::kSecondsPerDay;

constexpr int32_t kMaxOffset = 18 * 3600;
constexpr int64_t kCycleSeconds = int64_t{146'097} * kSecondsPerDay;  // 400 years, after which rules repeat
constexpr int64_t kRulesEnd = int64_t{2400 - 1970} * 365 * kSecondsPerDay;

[[noreturn]] void bad_zone(std::string_view text) {
  throw QueryError{ErrorCode::kSyntax, "Invalid time zone '" + std::string(text) +
                                             "': use an offset such as +01:00 or a name such as Europe/Stockholm", {}};
}

bool same_letters(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// The name as the database spells it; as it is when there is none.
std::string spelled(std::string name) {
  for (const date::time_zone& zone : date::get_tzdb().zones) {
    if (same_letters(zone.name(), name)) return zone.name();
  }
  return name;
}

const date::time_zone* locate(std::string_view name) {
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::runtime_error&) {
    bad_zone(name);
  }
}

// The database's rules reach some centuries; far years use the same rules, 400-year cycles away.
int64_t within_rules(int64_t seconds) {
  if (seconds > kRulesEnd) return seconds - (floor_div(seconds - kRulesEnd, kCycleSeconds) + 1) * kCycleSeconds;
  return std::max(seconds, int64_t{-30'000} * 366 * kSecondsPerDay);
}

bool two_digits(std::string_view* text, int32_t* out) {
  if (text->size() < 2 || !isdigit((*text)[0]) || !isdigit((*text)[1])) return false;
  *out = ((*text)[0] - '0') * 10 + ((*text)[1] - '0');
  text->remove_prefix(2);
  return true;
}

}  // namespace

bool parse_offset(std::string_view text, int32_t* offset) {
  if (text == "Z" || text == "z") {
    *offset = 0;
    return true;
  }
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
  int32_t sign = text[0] == '-' ? -1 : 1, hours = 0, minutes = 0, seconds = 0;
  text.remove_prefix(1);
  if (!two_digits(&text, &hours)) return false;
  bool colons = !text.empty() && text[0] == ':';
  for (int32_t* part : {&minutes, &seconds}) {
    if (text.empty()) break;
    if (colons) {
      if (text[0] != ':') return false;
      text.remove_prefix(1);
    }
    if (!two_digits(&text, part)) return false;
  }
  *offset = sign * (hours * 3600 + minutes * 60 + seconds);
  return text.empty() && minutes < 60 && seconds < 60 && std::abs(*offset) <= kMaxOffset;
}

Zone parse_zone(std::string_view text) {
  Zone zone;
  if (parse_offset(text, &zone.offset_seconds)) return zone;
  if (text.empty() || text[0] == '+' || text[0] == '-') bad_zone(text);
  std::string name(text);
  for (char& c : name) {
    if (c == ' ') c = '_';
  }
  zone.offset_seconds = 0;
  zone.name = spelled(std::move(name));
  locate(zone.name);
  return zone;
}

int32_t offset_at_instant(const Zone& zone, int64_t utc_seconds) {
  if (zone.name.empty()) return zone.offset_seconds;
  date::sys_seconds at{std::chrono::seconds(within_rules(utc_seconds))};
  return static_cast<int32_t>(locate(zone.name)->get_info(at).offset.count());
}

graph::DateTime at_instant(const Zone& zone, int64_t utc_seconds, int32_t nanos) {
  return {utc_seconds, nanos, offset_at_instant(zone, utc_seconds), zone.name};
}

graph::DateTime at_local(const Zone& zone, int64_t local_seconds, int32_t nanos) {
  if (zone.name.empty()) return {local_seconds - zone.offset_seconds, nanos, zone.offset_seconds, {}};
  date::local_seconds at{std::chrono::seconds(within_rules(local_seconds))};
  auto before = static_cast<int64_t>(locate(zone.name)->get_info(at).first.offset.count());
  return at_instant(zone, local_seconds - before, nanos);
}

}  // namespace graft::cypher
