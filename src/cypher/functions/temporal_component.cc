// value.year, value.offset, duration.minutesOfHour ...
#include <string>

#include "cypher/functions/temporal.h"
#include "cypher/functions/temporal_fields.h"
#include "graph/calendar.h"

namespace graft::cypher {
namespace {

using namespace graph;  // calendar and values

bool date_component(int64_t days, std::string_view key, int64_t* out) {
  CivilDate c = civil_from_days(days);
  int quarter = (c.month - 1) / 3 + 1;
  WeekDate w = week_date_from_days(days);
  if (key == "year") return *out = c.year, true;
  if (key == "quarter") return *out = quarter, true;
  if (key == "month") return *out = c.month, true;
  if (key == "week") return *out = w.week, true;
  if (key == "weekYear") return *out = w.week_year, true;
  if (key == "day") return *out = c.day, true;
  if (key == "ordinalDay") return *out = days - days_from_civil(c.year, 1, 1) + 1, true;
  if (key == "weekDay" || key == "dayOfWeek") return *out = w.day, true;
  if (key == "dayOfQuarter" || key == "quarterDay") return *out = days - days_from_civil(c.year, quarter * 3 - 2, 1) + 1, true;
  return false;
}

bool time_component(int64_t nanos_of_day, std::string_view key, int64_t* out) {
  int64_t nanos = nanos_of_day % kNanosPerSecond, seconds = nanos_of_day / kNanosPerSecond;
  if (key == "hour") return *out = seconds / 3600, true;
  if (key == "minute") return *out = seconds / 60 % 60, true;
  if (key == "second") return *out = seconds % 60, true;
  if (key == "millisecond") return *out = nanos / 1'000'000, true;
  if (key == "microsecond") return *out = nanos / 1'000, true;
  if (key == "nanosecond") return *out = nanos, true;
  return false;
}

bool zone_component(int32_t offset, const std::string& name, std::string_view key, Value* out) {
  if (key == "timezone") return *out = Value::string(name.empty() ? iso_offset(offset) : name), true;
  if (key == "offset") return *out = Value::string(iso_offset(offset)), true;
  if (key == "offsetMinutes") return *out = Value::integer(offset / 60), true;
  if (key == "offsetSeconds") return *out = Value::integer(offset), true;
  return false;
}

struct DurationComponent {
  std::string_view key;
  int64_t (*get)(const Duration&);
};

int64_t nanos_in(const Duration& d, int64_t per_second) { return d.seconds * per_second + d.nanos / (kNanosPerSecond / per_second); }

constexpr DurationComponent kDurationComponents[] = {
    {"years", [](const Duration& d) { return d.months / 12; }},
    {"quarters", [](const Duration& d) { return d.months / 3; }},
    {"months", [](const Duration& d) { return d.months; }},
    {"weeks", [](const Duration& d) { return d.days / 7; }},
    {"days", [](const Duration& d) { return d.days; }},
    {"hours", [](const Duration& d) { return d.seconds / 3600; }},
    {"minutes", [](const Duration& d) { return d.seconds / 60; }},
    {"seconds", [](const Duration& d) { return d.seconds; }},
    {"milliseconds", [](const Duration& d) { return nanos_in(d, 1'000); }},
    {"microseconds", [](const Duration& d) { return nanos_in(d, 1'000'000); }},
    {"nanoseconds", [](const Duration& d) { return nanos_in(d, kNanosPerSecond); }},
    {"quartersOfYear", [](const Duration& d) { return d.months / 3 % 4; }},
    {"monthsOfQuarter", [](const Duration& d) { return d.months % 3; }},
    {"monthsOfYear", [](const Duration& d) { return d.months % 12; }},
    {"daysOfWeek", [](const Duration& d) { return d.days % 7; }},
    {"minutesOfHour", [](const Duration& d) { return d.seconds / 60 % 60; }},
    {"secondsOfMinute", [](const Duration& d) { return d.seconds % 60; }},
    {"millisecondsOfSecond", [](const Duration& d) { return int64_t{d.nanos} / 1'000'000; }},
    {"microsecondsOfSecond", [](const Duration& d) { return int64_t{d.nanos} / 1'000; }},
    {"nanosecondsOfSecond", [](const Duration& d) { return int64_t{d.nanos}; }},
};

}  // namespace

bool temporal_component(const Value& value, std::string_view key, Value* out) {
  if (value.type() == ValueType::kDuration) {
    for (const DurationComponent& c : kDurationComponents) {
      if (c.key == key) return *out = Value::integer(c.get(value.as_duration())), true;
    }
    return false;
  }
  TemporalParts parts = take_apart(value);
  int64_t number = 0;
  if ((parts.days && date_component(*parts.days, key, &number)) ||
      (parts.nanos_of_day && time_component(*parts.nanos_of_day, key, &number))) {
    return *out = Value::integer(number), true;
  }
  if (value.type() == ValueType::kTime) return zone_component(value.as_time().offset_seconds, {}, key, out);
  if (value.type() != ValueType::kDateTime) return false;
  const DateTime& t = value.as_date_time();
  if (key == "epochSeconds") return *out = Value::integer(t.seconds), true;
  if (key == "epochMillis") return *out = Value::integer(t.seconds * 1'000 + t.nanos / 1'000'000), true;
  return zone_component(t.offset_seconds, t.zone, key, out);
}

}  // namespace graft::cypher
