// Construction and truncation of temporal values.
#include <string>

#include "cypher/functions/temporal.h"
#include "cypher/functions/temporal_fields.h"
#include "cypher/functions/temporal_parse.h"
#include "cypher/position.h"
#include "graph/calendar.h"

namespace graft::cypher {
namespace {

using namespace graph;  // calendar and values

Value from_text(ValueType type, std::string_view text) {
  ParsedTemporal parsed = parse_temporal(type, text);
  TemporalParts parts{parsed.days, parsed.nanos_of_day, parsed.zone};
  if (type == ValueType::kDateTime && parsed.given_offset && !parsed.zone->name.empty()) {
    // Both an offset and a name: the offset fixes the instant when the zone allows it there.
    int64_t local = *parsed.days * kSecondsPerDay + parsed.nanos_of_day.value_or(0) / kNanosPerSecond;
    DateTime t = at_instant(*parsed.zone, local - *parsed.given_offset, static_cast<int32_t>(parsed.nanos_of_day.value_or(0) % kNanosPerSecond));
    if (t.offset_seconds == *parsed.given_offset) return Value::date_time(t);
    throw QueryError{ErrorCode::kArgument, "The zone " + parsed.zone->name + " does not have the offset " + iso_offset(*parsed.given_offset) + " then", {}};
  }
  return put_together(type, parts);
}

Value convert(ValueType type, const Value& v) {
  TemporalParts parts = take_apart(v);
  if ((has_date(type) && !parts.days) || (!has_date(type) && !parts.nanos_of_day)) {
    throw QueryError{ErrorCode::kType, "Cannot make a " + std::string(temporal_function(type)) + " of " + to_text(v), {}};
  }
  if (type == ValueType::kTime && parts.zone && parts.days) {
    parts.zone = Zone{v.as_date_time().offset_seconds, {}};
  }
  return put_together(type, parts);
}

bool names_only_zone(const Map& map) { return map.size() == 1 && map[0].first == "timezone"; }

}  // namespace

Value make_temporal(ValueType type, const Value& x, Moment now) {
  switch (x.type()) {
    case ValueType::kNull: return Value();
    case ValueType::kString: return from_text(type, x.as_string());
    case ValueType::kMap: {
      const Map& map = x.as_map();
      if (names_only_zone(map)) {
        if (map[0].second.is_null()) return Value();
        if (map[0].second.type() == ValueType::kString) return temporal_now(type, now, map[0].second.as_string());
      }
      std::optional<TemporalParts> parts = parts_from_map(type, map, {});
      return parts ? put_together(type, *parts) : Value();
    }
    default:
      if (is_temporal(x.type())) return convert(type, x);
      throw QueryError{ErrorCode::kType, std::string(temporal_function(type)) + "() expects a string, a map or a temporal value, not " + to_text(x), {}};
  }
}

Value temporal_now(ValueType type, Moment now, std::string_view zone) {
  Zone z = zone.empty() ? Zone{} : parse_zone(zone);
  DateTime t = at_instant(z, now.seconds, now.nanos);
  return type == ValueType::kDateTime ? Value::date_time(t) : convert(type, Value::date_time(t));
}

Value datetime_from_epoch(const Value& seconds, const Value& nanos) {
  if (seconds.is_null() || nanos.is_null()) return Value();
  if (!seconds.is_number() || !nanos.is_number()) throw QueryError{ErrorCode::kType, "datetime.fromepoch() expects two numbers", {}};
  Duration d = make_duration(Value::map({{"seconds", seconds}, {"nanoseconds", nanos}})).as_duration();
  return Value::date_time({d.seconds, d.nanos, 0, {}});
}

Value datetime_from_epoch_millis(const Value& millis) {
  if (millis.is_null()) return Value();
  if (!millis.is_number()) throw QueryError{ErrorCode::kType, "datetime.fromepochmillis() expects a number", {}};
  Duration d = make_duration(Value::map({{"milliseconds", millis}})).as_duration();
  return Value::date_time({d.seconds, d.nanos, 0, {}});
}

namespace {

int64_t truncate_date(std::string_view unit, int64_t days, bool* known) {
  CivilDate c = civil_from_days(days);
  *known = true;
  if (unit == "millennium") return days_from_civil(floor_div(c.year, 1000) * 1000, 1, 1);
  if (unit == "century") return days_from_civil(floor_div(c.year, 100) * 100, 1, 1);
  if (unit == "decade") return days_from_civil(floor_div(c.year, 10) * 10, 1, 1);
  if (unit == "year") return days_from_civil(c.year, 1, 1);
  if (unit == "weekYear") return days_from_week_date(week_date_from_days(days).week_year, 1, 1);
  if (unit == "quarter") return days_from_civil(c.year, (c.month - 1) / 3 * 3 + 1, 1);
  if (unit == "month") return days_from_civil(c.year, c.month, 1);
  if (unit == "week") return days - (week_date_from_days(days).day - 1);
  if (unit == "day") return days;
  *known = false;
  return days;
}

int64_t nanos_of_unit(std::string_view unit) {
  if (unit == "day") return kNanosPerDay;
  if (unit == "hour") return 3600 * kNanosPerSecond;
  if (unit == "minute") return 60 * kNanosPerSecond;
  if (unit == "second") return kNanosPerSecond;
  if (unit == "millisecond") return 1'000'000;
  if (unit == "microsecond") return 1'000;
  return 0;
}

[[noreturn]] void bad_unit(ValueType type, std::string_view unit) {
  throw QueryError{ErrorCode::kArgument, std::string(temporal_function(type)) + ".truncate() has no unit '" + std::string(unit) + "' for this value", {}};
}

TemporalParts truncate_parts(ValueType type, std::string_view unit, const Value& value) {
  TemporalParts parts = take_apart(value);
  bool date_unit = false;
  int64_t days = parts.days ? truncate_date(unit, *parts.days, &date_unit) : 0;
  if (date_unit && !has_date(type) && unit != "day") bad_unit(type, unit);
  if (date_unit) {
    parts.days = days;
    parts.nanos_of_day = 0;
    return parts;
  }
  int64_t nanos = nanos_of_unit(unit);
  if (nanos == 0 || type == ValueType::kDate || !parts.nanos_of_day) bad_unit(type, unit);
  parts.nanos_of_day = *parts.nanos_of_day / nanos * nanos;
  return parts;
}

// {nanosecond: 2} over a value cut to milliseconds keeps the milliseconds.
Map with_kept_subseconds(std::string_view unit, const Map& map, int64_t nanos_of_day) {
  bool finer_micro = false, finer_nano = false;
  for (const auto& entry : map) {
    finer_micro |= entry.first == "microsecond";
    finer_nano |= entry.first == "nanosecond";
  }
  Map fields = map;
  if ((unit == "millisecond" && (finer_micro || finer_nano)) || (unit == "microsecond" && finer_nano)) {
    fields.emplace_back("millisecond", Value::integer(nanos_of_day / 1'000'000 % 1'000));
  }
  if (unit == "microsecond" && finer_nano) fields.emplace_back("microsecond", Value::integer(nanos_of_day / 1'000 % 1'000));
  return fields;
}

}  // namespace

Value truncate_temporal(ValueType type, std::string_view unit, const Value& value, const Value& fields) {
  if (value.is_null()) return Value();
  if (!is_temporal(value.type())) {
    throw QueryError{ErrorCode::kType, std::string(temporal_function(type)) + ".truncate() expects a temporal value, not " + to_text(value), {}};
  }
  TemporalParts parts = truncate_parts(type, unit, value);
  if ((has_date(type) && !parts.days) || (!has_date(type) && !parts.nanos_of_day)) bad_unit(type, unit);
  if (type == ValueType::kTime && parts.zone && parts.days) parts.zone = Zone{take_apart(convert(type, value)).zone->offset_seconds, {}};
  if (!fields.is_null() && fields.type() != ValueType::kMap) {
    throw QueryError{ErrorCode::kType, "The last argument of truncate() must be a map, not " + to_text(fields), {}};
  }
  if (fields.is_null() || fields.as_map().empty()) return put_together(type, parts);
  Map map = with_kept_subseconds(unit, fields.as_map(), parts.nanos_of_day.value_or(0));
  Zone kept = parts.zone.value_or(Zone{});
  parts.zone.reset();  // a zone given here replaces, and does not convert
  std::optional<TemporalParts> changed = parts_from_map(type, map, parts);
  if (!changed) return Value();
  if (!changed->zone) changed->zone = kept;
  return put_together(type, *changed);
}

}  // namespace graft::cypher
