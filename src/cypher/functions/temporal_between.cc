// duration.between and its kin.
#include <string>

#include "cypher/functions/temporal.h"
#include "cypher/functions/temporal_duration.h"
#include "cypher/functions/temporal_fields.h"
#include "cypher/position.h"
#include "graph/calendar.h"

namespace graft::cypher {
namespace {

using namespace graph;  // calendar and values

// A local date and time in a zone (the same zone on both sides once aligned).
struct LocalPoint {
  int64_t days = 0, nanos = 0;
  Zone zone;

  int64_t local_seconds() const { return days * kSecondsPerDay + nanos / kNanosPerSecond; }
  __int128 instant() const {
    return static_cast<__int128>(at_local(zone, local_seconds(), 0).seconds) * kNanosPerSecond + nanos % kNanosPerSecond;
  }
};

LocalPoint in_zone(const LocalPoint& p, const Zone& zone) {
  DateTime t = at_instant(zone, at_local(p.zone, p.local_seconds(), 0).seconds, 0);
  int64_t local = t.seconds + t.offset_seconds;
  return {floor_div(local, kSecondsPerDay), floor_mod(local, kSecondsPerDay) * kNanosPerSecond + p.nanos % kNanosPerSecond, zone};
}

// Fills what one side lacks from the other: its date, its zone; a missing time is midnight.
void align(const TemporalParts& a, const TemporalParts& b, LocalPoint* from, LocalPoint* to) {
  from->days = a.days ? *a.days : b.days.value_or(0);
  to->days = b.days ? *b.days : a.days.value_or(0);
  from->nanos = a.nanos_of_day.value_or(0);
  to->nanos = b.nanos_of_day.value_or(0);
  from->zone = a.zone ? *a.zone : b.zone.value_or(Zone{});
  to->zone = b.zone ? *b.zone : a.zone.value_or(Zone{});
}

// Whole months from `from` to `to`, both local in one zone.
int64_t months_between(const LocalPoint& from, const LocalPoint& to) {
  int64_t end = to.days;
  if (end > from.days && to.nanos < from.nanos) --end;
  if (end < from.days && to.nanos > from.nanos) ++end;
  CivilDate a = civil_from_days(from.days), b = civil_from_days(end);
  return ((b.year * 12 + b.month) * 32 + b.day - ((a.year * 12 + a.month) * 32 + a.day)) / 32;
}

int64_t days_between(const LocalPoint& from, const LocalPoint& to) {
  int64_t days = to.days - from.days;
  if (days > 0 && to.nanos < from.nanos) --days;
  if (days < 0 && to.nanos > from.nanos) ++days;
  return days;
}

}  // namespace

Value duration_between(const Value& from_value, const Value& to_value, DurationUnit unit) {
  if (from_value.is_null() || to_value.is_null()) return Value();
  for (const Value* v : {&from_value, &to_value}) {
    if (!is_temporal(v->type())) throw QueryError{ErrorCode::kType, "duration.between() expects temporal values, not " + to_text(*v), {}};
  }
  TemporalParts a = take_apart(from_value), b = take_apart(to_value);
  LocalPoint from, to;
  align(a, b, &from, &to);
  bool dates = a.days && b.days;
  if (unit == DurationUnit::kSeconds) return Value::duration(make_duration_parts(0, 0, 0, to.instant() - from.instant()));
  LocalPoint there = in_zone(to, from.zone);
  int64_t months = 0, days = 0;
  if (dates && unit != DurationUnit::kDays) {
    months = months_between(from, there);
    from.days = add_months(from.days, months);
  }
  if (unit == DurationUnit::kMonths) return Value::duration({months, 0, 0, 0});
  if (dates) {
    days = days_between(from, there);
    from.days += days;
  }
  if (unit == DurationUnit::kDays) return Value::duration({0, days, 0, 0});
  return Value::duration(make_duration_parts(months, days, 0, to.instant() - from.instant()));
}

}  // namespace graft::cypher
