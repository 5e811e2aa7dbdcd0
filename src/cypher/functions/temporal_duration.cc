#include "cypher/functions/temporal_duration.h"

#include <cmath>
#include <limits>
#include <string>

#include "cypher/functions/temporal.h"
#include "cypher/functions/temporal_parse.h"
#include "cypher/functions/temporal_zone.h"
#include "cypher/position.h"
#include "graph/calendar.h"

namespace graft::cypher {
namespace {

using graph::Duration;
using graph::kNanosPerSecond;
using graph::kSecondsPerDay;
using graph::Value;
using graph::ValueType;

constexpr long double kDaysPerMonth = 30.436875L;

[[noreturn]] void overflow() { throw QueryError{ErrorCode::kArithmetic, "A duration's part is too large for 64 bits", {}}; }

int64_t narrow(__int128 v) {
  if (v > std::numeric_limits<int64_t>::max() || v < std::numeric_limits<int64_t>::min()) overflow();
  return static_cast<int64_t>(v);
}

bool fits(long double v) { return v >= -9223372036854775808.0L && v < 9223372036854775808.0L; }

// Whole part towards zero; what arithmetic left a hair below the next whole number counts as that number.
int64_t whole(long double v) {
  if (!fits(v)) overflow();
  long double nearest = std::round(v);
  return static_cast<int64_t>(std::fabs(v - nearest) < 1e-9L ? nearest : std::trunc(v));
}

}  // namespace

Duration make_duration_parts(int64_t months, int64_t days, int64_t seconds, __int128 nanos) {
  __int128 total = static_cast<__int128>(seconds) * kNanosPerSecond + nanos;
  __int128 s = total / kNanosPerSecond, n = total % kNanosPerSecond;
  if (n < 0) {
    n += kNanosPerSecond;
    --s;
  }
  return {months, days, narrow(s), static_cast<int32_t>(n)};
}

Duration approximate(const DurationParts& parts, int sign) {
  int64_t months = whole(parts.months);
  long double days_all = parts.days + (parts.months - static_cast<long double>(months)) * kDaysPerMonth;
  int64_t days = whole(days_all);
  long double seconds_all = parts.seconds + (days_all - static_cast<long double>(days)) * kSecondsPerDay;
  if (!fits(seconds_all)) overflow();
  auto seconds = static_cast<int64_t>(std::trunc(seconds_all));
  long double nanos_all = parts.nanos + (seconds_all - static_cast<long double>(seconds)) * kNanosPerSecond;
  int64_t nanos = static_cast<int64_t>(std::trunc(nanos_all + (nanos_all < 0 ? -1e-3L : 1e-3L)));
  const auto signed_part = [sign](int64_t part) { return narrow(static_cast<__int128>(sign) * part); };
  return make_duration_parts(signed_part(months), signed_part(days), signed_part(seconds), static_cast<__int128>(sign) * nanos);
}

namespace {

long double number_field(std::string_view key, const Value& v) {
  if (!v.is_number()) {
    throw QueryError{ErrorCode::kType, "duration(): '" + std::string(key) + "' must be a number, not " + graph::to_text(v), {}};
  }
  return v.type() == ValueType::kInteger ? static_cast<long double>(v.as_integer()) : static_cast<long double>(v.as_float());
}

struct UnitOfMap {
  std::string_view key;
  long double DurationParts::*part;
  long double factor;
};

constexpr UnitOfMap kUnits[] = {
    {"years", &DurationParts::months, 12},       {"quarters", &DurationParts::months, 3},
    {"months", &DurationParts::months, 1},       {"weeks", &DurationParts::days, 7},
    {"days", &DurationParts::days, 1},           {"hours", &DurationParts::seconds, 3600},
    {"minutes", &DurationParts::seconds, 60},    {"seconds", &DurationParts::seconds, 1},
    {"milliseconds", &DurationParts::nanos, 1e6L}, {"microseconds", &DurationParts::nanos, 1e3L},
    {"nanoseconds", &DurationParts::nanos, 1},
};

Value duration_from_map(const graph::Map& map) {
  DurationParts parts;
  if (map.empty()) throw QueryError{ErrorCode::kArgument, "duration() needs at least one of years ... nanoseconds", {}};
  for (const auto& [key, value] : map) {
    const UnitOfMap* unit = nullptr;
    for (const UnitOfMap& u : kUnits) {
      if (u.key == key) unit = &u;
    }
    if (unit == nullptr) throw QueryError{ErrorCode::kArgument, "duration() has no component '" + key + "'", {}};
    if (value.is_null()) return Value();
    parts.*(unit->part) += number_field(key, value) * unit->factor;
  }
  return Value::duration(approximate(parts, 1));
}

}  // namespace

Value make_duration(const Value& x) {
  switch (x.type()) {
    case ValueType::kNull: return Value();
    case ValueType::kDuration: return x;
    case ValueType::kString: return parse_duration(x.as_string());
    case ValueType::kMap: return duration_from_map(x.as_map());
    default:
      throw QueryError{ErrorCode::kType, "duration() expects a string, a map or a duration, not " + graph::to_text(x), {}};
  }
}

namespace {

Value scale(const Value& duration, long double factor) {
  Duration d = duration.as_duration();
  return Value::duration(approximate({d.months * factor, d.days * factor, d.seconds * factor, d.nanos * factor}, 1));
}

Duration combine(const Duration& a, const Duration& b, int sign) {
  return make_duration_parts(narrow(static_cast<__int128>(a.months) + static_cast<__int128>(sign) * b.months),
                             narrow(static_cast<__int128>(a.days) + static_cast<__int128>(sign) * b.days),
                             narrow(static_cast<__int128>(a.seconds) + static_cast<__int128>(sign) * b.seconds),
                             static_cast<__int128>(a.nanos) + static_cast<__int128>(sign) * b.nanos);
}

int64_t check_days(__int128 days) {
  if (days > graph::days_from_civil(graph::kMaxYear, 12, 31) || days < graph::days_from_civil(-graph::kMaxYear, 1, 1)) {
    throw QueryError{ErrorCode::kArithmetic, "The result lies outside the years -999999999 to 999999999", {}};
  }
  return static_cast<int64_t>(days);
}

int64_t move_days(int64_t days, const Duration& d, int sign) {
  if (std::llabs(d.months) > 24 * graph::kMaxYear) check_days(static_cast<__int128>(1) << 100);
  return check_days(static_cast<__int128>(check_days(graph::add_months(days, sign * d.months))) + static_cast<__int128>(sign) * d.days);
}

// d's seconds and nanos added to (seconds, nanos).
void move_seconds(int64_t* seconds, int32_t* nanos, const Duration& d, int sign) {
  Duration sum = combine({0, 0, *seconds, *nanos}, {0, 0, d.seconds, d.nanos}, sign);
  check_days(graph::floor_div(sum.seconds, kSecondsPerDay));
  *seconds = sum.seconds;
  *nanos = sum.nanos;
}

int64_t move_clock(int64_t nanos_of_day, const Duration& d, int sign) {
  __int128 total = nanos_of_day + sign * (static_cast<__int128>(d.seconds) * kNanosPerSecond + d.nanos);
  __int128 rest = total % graph::kNanosPerDay;
  return static_cast<int64_t>(rest < 0 ? rest + graph::kNanosPerDay : rest);
}

Value move(const Value& v, const Duration& d, int sign) {
  switch (v.type()) {
    case ValueType::kDate: {
      int64_t seconds = d.seconds < 0 && d.nanos > 0 ? d.seconds + 1 : d.seconds;  // towards zero
      return Value::date({check_days(static_cast<__int128>(move_days(v.as_date().days, d, sign)) + sign * (seconds / kSecondsPerDay))});
    }
    case ValueType::kLocalTime: return Value::local_time({move_clock(v.as_local_time().nanos, d, sign)});
    case ValueType::kTime: return Value::time({move_clock(v.as_time().nanos, d, sign), v.as_time().offset_seconds});
    case ValueType::kLocalDateTime: {
      graph::LocalDateTime t = v.as_local_date_time();
      int64_t days = graph::floor_div(t.seconds, kSecondsPerDay);
      t.seconds += (move_days(days, d, sign) - days) * kSecondsPerDay;
      move_seconds(&t.seconds, &t.nanos, d, sign);
      return Value::local_date_time(t);
    }
    default: {
      graph::DateTime t = v.as_date_time();
      int64_t local = t.seconds + t.offset_seconds, days = graph::floor_div(local, kSecondsPerDay);
      int64_t moved = move_days(days, d, sign);
      if (moved != days) t = at_local(zone_of(t), local + (moved - days) * kSecondsPerDay, t.nanos);
      move_seconds(&t.seconds, &t.nanos, d, sign);
      return Value::date_time(at_instant(zone_of(t), t.seconds, t.nanos));
    }
  }
}

}  // namespace

bool is_temporal(ValueType type) { return type >= ValueType::kDate && type <= ValueType::kDateTime; }

bool is_temporal_sum(const Value& a, const Value& b) {
  bool da = a.type() == ValueType::kDuration, db = b.type() == ValueType::kDuration;
  return (da && (db || is_temporal(b.type()))) || (db && is_temporal(a.type()));
}

Value add_temporal(const Value& a, const Value& b) {
  if (a.type() != ValueType::kDuration) return move(a, b.as_duration(), 1);
  if (b.type() != ValueType::kDuration) return move(b, a.as_duration(), 1);
  return Value::duration(combine(a.as_duration(), b.as_duration(), 1));
}

Value subtract_temporal(const Value& a, const Value& b) {
  if (b.type() != ValueType::kDuration) {
    throw QueryError{ErrorCode::kType, "Cannot subtract " + std::string(graph::type_name(b.type())) + " from a duration", {}};
  }
  if (a.type() != ValueType::kDuration) return move(a, b.as_duration(), -1);
  return Value::duration(combine(a.as_duration(), b.as_duration(), -1));
}

Value multiply_duration(const Value& duration, double factor) { return scale(duration, static_cast<long double>(factor)); }

Value divide_duration(const Value& duration, double divisor) {
  if (divisor == 0) throw QueryError{ErrorCode::kArithmetic, "/ by zero", {}};
  return scale(duration, 1.0L / static_cast<long double>(divisor));
}

}  // namespace graft::cypher
