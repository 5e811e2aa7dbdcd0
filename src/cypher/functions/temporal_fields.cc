#include "cypher/functions/temporal_fields.h"

#include <string>

#include "base/check.h"
#include "cypher/functions/temporal.h"
#include "cypher/position.h"
#include "graph/calendar.h"

namespace graft::cypher {
namespace {

using namespace graph;  // calendar and values

[[noreturn]] void bad_argument(std::string message) { throw QueryError{ErrorCode::kArgument, std::move(message), {}}; }

enum Field { kYear, kQuarter, kMonth, kWeek, kDayOfWeek, kOrdinalDay, kDayOfQuarter, kDay, kHour, kMinute, kSecond, kMillisecond, kMicrosecond, kNanosecond, kFieldCount };

struct FieldRule { std::string_view key; int64_t low, high; };
constexpr FieldRule kFields[kFieldCount] = {
    {"year", -kMaxYear, kMaxYear}, {"quarter", 1, 4},   {"month", 1, 12},       {"week", 1, 53},
    {"dayOfWeek", 1, 7},           {"ordinalDay", 1, 366}, {"dayOfQuarter", 1, 92}, {"day", 1, 31},
    {"hour", 0, 23},               {"minute", 0, 59},   {"second", 0, 59},      {"millisecond", 0, 999},
    {"microsecond", 0, 999'999},   {"nanosecond", 0, 999'999'999}};

// What a map said, before it is made a date and a time.
struct MapFields {
  std::optional<int64_t> number[kFieldCount];
  const Value* date = nullptr;
  const Value* time = nullptr;
  const Value* datetime = nullptr;
  std::optional<Zone> zone;
  std::optional<int64_t> epoch_seconds, epoch_millis;

  bool any(Field from, Field to) const {
    for (int f = from; f <= to; ++f) {
      if (number[f]) return true;
    }
    return false;
  }
};

int64_t integer_field(std::string_view key, const Value& v) {
  if (v.type() != ValueType::kInteger) {
    throw QueryError{ErrorCode::kType, "'" + std::string(key) + "' must be an integer, not " + to_text(v), {}};
  }
  return v.as_integer();
}

bool set_number(MapFields* out, std::string_view key, const Value& v) {
  for (int f = 0; f < kFieldCount; ++f) {
    if (kFields[f].key != key && !(f == kDayOfWeek && key == "weekDay")) continue;
    int64_t n = integer_field(key, v);
    if (n < kFields[f].low || n > kFields[f].high) {
      bad_argument("Invalid value for " + std::string(key) + ": " + std::to_string(n) + " (it must be " +
                   std::to_string(kFields[f].low) + " to " + std::to_string(kFields[f].high) + ")");
    }
    out->number[f] = n;
    return true;
  }
  return false;
}

void set_zone(MapFields* out, const Value& v) {
  if (v.type() != ValueType::kString) throw QueryError{ErrorCode::kType, "'timezone' must be a string, not " + to_text(v), {}};
  out->zone = parse_zone(v.as_string());
}

const Value* temporal_field(std::string_view key, const Value& v, bool date_wanted, bool time_wanted) {
  ValueType t = v.type();
  if (!is_temporal(t) || (date_wanted && !has_date(t)) || (time_wanted && !has_time(t))) {
    throw QueryError{ErrorCode::kType, "'" + std::string(key) + "' cannot be taken from " + to_text(v), {}};
  }
  return &v;
}

// false: an entry is null.
bool read_map(ValueType type, const Map& map, MapFields* out) {
  bool date = has_date(type), time = has_time(type);
  for (const auto& [key, value] : map) {
    if (value.is_null()) return false;
    bool known = true;
    if (key == "timezone" && has_zone(type)) {
      set_zone(out, value);
    } else if (key == "date" && date) {
      out->date = temporal_field(key, value, true, false);
    } else if (key == "time" && time) {
      out->time = temporal_field(key, value, false, true);
    } else if (key == "datetime" && date && time) {
      out->datetime = temporal_field(key, value, true, true);
    } else if (key == "epochSeconds" && date && time) {
      out->epoch_seconds = integer_field(key, value);
    } else if (key == "epochMillis" && date && time) {
      out->epoch_millis = integer_field(key, value);
    } else {
      known = set_number(out, key, value);
    }
    if (!known) bad_argument(std::string(temporal_function(type)) + "() has no field '" + key + "'");
  }
  if (!date && out->any(kYear, kDay)) bad_argument(std::string(temporal_function(type)) + "() takes no date fields");
  if (!time && out->any(kHour, kNanosecond)) bad_argument("date() takes no time fields");
  if (out->datetime && (out->date || out->time)) bad_argument("'datetime' cannot be given together with 'date' or 'time'");
  return true;
}

// Fields that name a day in different ways do not mix.
void check_one_calendar(const MapFields& f) {
  bool month = f.number[kMonth] || f.number[kDay];
  bool week = f.number[kWeek] || f.number[kDayOfWeek];
  bool quarter = f.number[kQuarter] || f.number[kDayOfQuarter];
  bool ordinal = f.number[kOrdinalDay].has_value();
  if (month + week + quarter + ordinal > 1) {
    bad_argument("A date is given by one of month/day, week/dayOfWeek, quarter/dayOfQuarter or ordinalDay, not by a mixture");
  }
}

void need(const MapFields& f, Field lower, Field higher) {
  if (f.number[lower] && !f.number[higher]) {
    bad_argument(std::string(kFields[higher].key) + " must be specified when " + std::string(kFields[lower].key) + " is");
  }
}

int64_t week_based(const MapFields& f, const std::optional<int64_t>& base) {
  WeekDate from = base ? week_date_from_days(*base) : WeekDate{*f.number[kYear], 1, 1};
  int64_t year = f.number[kYear].value_or(from.week_year);
  auto week = static_cast<int>(f.number[kWeek].value_or(from.week));
  return days_from_week_date(year, week, static_cast<int>(f.number[kDayOfWeek].value_or(from.day)));
}

int64_t quarter_based(const MapFields& f, int64_t year, const std::optional<int64_t>& base) {
  int64_t quarter = 1, day = 1;
  if (base) {
    CivilDate c = civil_from_days(*base);
    quarter = (c.month - 1) / 3 + 1;
    day = *base - days_from_civil(c.year, static_cast<int>(quarter - 1) * 3 + 1, 1) + 1;
  }
  quarter = f.number[kQuarter].value_or(quarter);
  day = f.number[kDayOfQuarter].value_or(day);
  int64_t start = days_from_civil(year, static_cast<int>(quarter - 1) * 3 + 1, 1);
  if (base && !f.number[kDayOfQuarter]) {  // the same month of the quarter and day of the month, as far as there is one
    CivilDate c = civil_from_days(*base);
    int month = static_cast<int>(quarter - 1) * 3 + (c.month - 1) % 3 + 1;
    return days_from_civil(year, month, std::min(c.day, days_in_month(year, month)));
  }
  if (day > add_months(start, 3) - start) bad_argument("Invalid value for dayOfQuarter: " + std::to_string(day));
  return start + day - 1;
}

int64_t date_from_fields(const MapFields& f, const std::optional<int64_t>& base) {
  check_one_calendar(f);
  if (!base) {
    if (!f.number[kYear]) bad_argument("year must be specified");
    need(f, kDay, kMonth);
    need(f, kDayOfWeek, kWeek);
    need(f, kDayOfQuarter, kQuarter);
  }
  if (f.number[kWeek] || f.number[kDayOfWeek]) return week_based(f, base);
  CivilDate from = base ? civil_from_days(*base) : CivilDate{*f.number[kYear], 1, 1};
  int64_t year = f.number[kYear].value_or(from.year);
  if (f.number[kQuarter] || f.number[kDayOfQuarter]) return quarter_based(f, year, base);
  if (f.number[kOrdinalDay]) {
    if (*f.number[kOrdinalDay] > 365 + is_leap_year(year)) bad_argument("Invalid value for ordinalDay: " + std::to_string(*f.number[kOrdinalDay]));
    return days_from_civil(year, 1, 1) + *f.number[kOrdinalDay] - 1;
  }
  auto month = static_cast<int>(f.number[kMonth].value_or(from.month)), day = static_cast<int>(f.number[kDay].value_or(from.day));
  if (base && !f.number[kDay]) day = std::min(day, days_in_month(year, month));
  if (day > days_in_month(year, month)) {
    bad_argument("Invalid value for day: " + std::to_string(year) + "-" + std::to_string(month) + " has " +
                 std::to_string(days_in_month(year, month)) + " days");
  }
  return days_from_civil(year, month, day);
}

int64_t subsecond(const MapFields& f, int64_t base_nanos) {
  if (!f.any(kMillisecond, kNanosecond)) return base_nanos;
  int64_t milli = f.number[kMillisecond].value_or(0), micro = f.number[kMicrosecond].value_or(0), nano = f.number[kNanosecond].value_or(0);
  if (f.number[kMillisecond] && micro > 999) bad_argument("microsecond must be 0 to 999 when millisecond is given");
  if ((f.number[kMicrosecond] && nano > 999) || (f.number[kMillisecond] && nano > 999'999)) {
    bad_argument("nanosecond overlaps with the millisecond or microsecond given");
  }
  return milli * 1'000'000 + micro * 1'000 + nano;
}

int64_t time_from_fields(const MapFields& f, const std::optional<int64_t>& base) {
  if (!base) {
    need(f, kMinute, kHour);
    need(f, kSecond, kMinute);
    for (Field sub : {kMillisecond, kMicrosecond, kNanosecond}) need(f, sub, kSecond);
  }
  int64_t from = base.value_or(0), seconds = from / kNanosPerSecond;
  int64_t hour = f.number[kHour].value_or(seconds / 3600), minute = f.number[kMinute].value_or(seconds / 60 % 60);
  int64_t second = f.number[kSecond].value_or(seconds % 60);
  return (hour * 3600 + minute * 60 + second) * kNanosPerSecond + subsecond(f, from % kNanosPerSecond);
}

// A local date and time that has a zone, shown in another zone.
void change_zone(TemporalParts* parts, const Zone& to) {
  int64_t days = parts->days.value_or(0);
  int64_t local = days * kSecondsPerDay + parts->nanos_of_day.value_or(0) / kNanosPerSecond;
  DateTime t = at_local(*parts->zone, local, static_cast<int32_t>(parts->nanos_of_day.value_or(0) % kNanosPerSecond));
  DateTime moved = at_instant(to, t.seconds, t.nanos);
  int64_t moved_local = moved.seconds + moved.offset_seconds;
  if (parts->days) parts->days = floor_div(moved_local, kSecondsPerDay);
  parts->nanos_of_day = floor_mod(moved_local, kSecondsPerDay) * kNanosPerSecond + moved.nanos;
  parts->zone = to;
}

// A part of the second that is given too replaces what the milliseconds say.
TemporalParts from_epoch(const MapFields& f) {
  if (f.epoch_seconds && f.epoch_millis) bad_argument("'epochMillis' cannot be given together with 'epochSeconds'");
  int64_t seconds = f.epoch_seconds.value_or(0), nanos = 0;
  if (f.epoch_millis) {
    seconds = floor_div(*f.epoch_millis, 1000);
    nanos = floor_mod(*f.epoch_millis, 1000) * 1'000'000;
  }
  nanos = f.any(kMillisecond, kNanosecond) ? subsecond(f, 0) : nanos;
  DateTime t = at_instant(f.zone.value_or(Zone{}), seconds, static_cast<int32_t>(nanos));
  return take_apart(Value::date_time(t));
}

}  // namespace

std::string_view temporal_function(ValueType type) {
  switch (type) {
    case ValueType::kDate: return "date";
    case ValueType::kLocalTime: return "localtime";
    case ValueType::kTime: return "time";
    case ValueType::kLocalDateTime: return "localdatetime";
    default: return "datetime";
  }
}

TemporalParts take_apart(const Value& v) {
  auto local = [](int64_t seconds, int64_t nanos) {
    TemporalParts p;
    p.days = floor_div(seconds, kSecondsPerDay);
    p.nanos_of_day = floor_mod(seconds, kSecondsPerDay) * kNanosPerSecond + nanos;
    return p;
  };
  switch (v.type()) {
    case ValueType::kDate: return {v.as_date().days, {}, {}};
    case ValueType::kLocalTime: return {{}, v.as_local_time().nanos, {}};
    case ValueType::kTime: return {{}, v.as_time().nanos, Zone{v.as_time().offset_seconds, {}}};
    case ValueType::kLocalDateTime: return local(v.as_local_date_time().seconds, v.as_local_date_time().nanos);
    default: {
      const DateTime& t = v.as_date_time();
      TemporalParts p = local(t.seconds + t.offset_seconds, t.nanos);
      p.zone = zone_of(t);
      return p;
    }
  }
}

Value put_together(ValueType type, const TemporalParts& parts) {
  int64_t nanos = parts.nanos_of_day.value_or(0);
  GRAFT_CHECK(!has_date(type) || parts.days);
  int64_t local_seconds = parts.days.value_or(0) * kSecondsPerDay + nanos / kNanosPerSecond;
  auto subsecond_nanos = static_cast<int32_t>(nanos % kNanosPerSecond);
  Zone zone = parts.zone.value_or(Zone{});
  switch (type) {
    case ValueType::kDate: return Value::date({*parts.days});
    case ValueType::kLocalTime: return Value::local_time({nanos});
    case ValueType::kTime: return Value::time({nanos, at_local(zone, local_seconds, 0).offset_seconds});
    case ValueType::kLocalDateTime: return Value::local_date_time({local_seconds, subsecond_nanos});
    default: return Value::date_time(at_local(zone, local_seconds, subsecond_nanos));
  }
}

std::optional<TemporalParts> parts_from_map(ValueType type, const Map& map, const TemporalParts& base) {
  MapFields f;
  if (!read_map(type, map, &f)) return std::nullopt;
  if (f.epoch_seconds || f.epoch_millis) return from_epoch(f);
  TemporalParts parts = base, date_base = base, time_base = base;
  if (f.datetime) date_base = time_base = take_apart(*f.datetime);
  if (f.date) date_base = take_apart(*f.date);
  if (f.time) time_base = take_apart(*f.time);
  if (has_date(type)) parts.days = date_base.days && !f.any(kYear, kDay) ? date_base.days : date_from_fields(f, date_base.days);
  if (has_time(type)) {
    if (!has_date(type) && !time_base.nanos_of_day && !f.number[kHour]) bad_argument("hour must be specified");
    parts.nanos_of_day = time_from_fields(f, time_base.nanos_of_day);
    parts.zone = time_base.zone;
    // A time of a named zone has, alone, that zone's offset on its own date.
    if (parts.zone && !has_date(type) && time_base.days) {
      parts.zone = Zone{at_local(*parts.zone, *time_base.days * kSecondsPerDay + *time_base.nanos_of_day / kNanosPerSecond, 0).offset_seconds, {}};
    }
  }
  if (f.zone) {
    if (parts.zone && has_zone(type)) {
      change_zone(&parts, *f.zone);
    } else {
      parts.zone = f.zone;
    }
  }
  return parts;
}

}  // namespace graft::cypher
