#include "cypher/functions/temporal_zone.h"

#include <algorithm>
#include <cctype>

#include <absl/time/time.h>
#define USE_OS_TZDB 1  // as Debian builds the library: the layout of its classes depends on it
#include <date/tz.h>

#include "cypher/position.h"

namespace graft::cypher {
namespace {

constexpr int32_t kMaxOffset = 18 * 3600;

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

// Listed by the database, and its rules can be read: a client may send any name.
bool known(std::string_view name) {
  const auto& zones = date::get_tzdb().zones;
  auto at = std::lower_bound(zones.begin(), zones.end(), name, [](const date::time_zone& zone, std::string_view wanted) { return zone.name() < wanted; });
  absl::TimeZone rules;
  return at != zones.end() && at->name() == name && absl::LoadTimeZone(at->name(), &rules);
}

// Abseil's reader and not date's: it goes on with a zone's rule after the last change that the database lists, which is in 2037.
absl::TimeZone rules_of(const std::string& name) {
  absl::TimeZone rules;
  if (!absl::LoadTimeZone(name, &rules)) bad_zone(name);
  return rules;
}

// Of two possible moments the earlier, in a gap the offset before it.
int32_t offset_at_local(const std::string& name, int64_t local_seconds) {
  absl::CivilSecond local = absl::ToCivilSecond(absl::FromUnixSeconds(local_seconds), absl::UTCTimeZone());
  return static_cast<int32_t>(local_seconds - absl::ToUnixSeconds(rules_of(name).At(local).pre));
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
  if (!known(zone.name)) bad_zone(zone.name);
  return zone;
}

int32_t offset_at_instant(const Zone& zone, int64_t utc_seconds) {
  if (zone.name.empty()) return zone.offset_seconds;
  return rules_of(zone.name).At(absl::FromUnixSeconds(utc_seconds)).offset;
}

std::optional<int32_t> named_offset_at_instant(std::string_view name, int64_t utc_seconds) {
  if (!known(name)) return std::nullopt;
  return offset_at_instant({0, std::string(name)}, utc_seconds);
}

std::optional<int32_t> named_offset_at_local(std::string_view name, int64_t local_seconds) {
  if (!known(name)) return std::nullopt;
  return offset_at_local(std::string(name), local_seconds);
}

graph::DateTime at_instant(const Zone& zone, int64_t utc_seconds, int32_t nanos) {
  return {utc_seconds, nanos, offset_at_instant(zone, utc_seconds), zone.name};
}

graph::DateTime at_local(const Zone& zone, int64_t local_seconds, int32_t nanos) {
  if (zone.name.empty()) return {local_seconds - zone.offset_seconds, nanos, zone.offset_seconds, {}};
  return at_instant(zone, local_seconds - offset_at_local(zone.name, local_seconds), nanos);
}

}  // namespace graft::cypher
