#include "cypher/functions/temporal_parse.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "cypher/functions/temporal_duration.h"
#include "cypher/position.h"
#include "graph/calendar.h"

namespace graft::cypher {
namespace {

using graph::ValueType;
using namespace graph;  // calendar

[[noreturn]] void cannot_parse(ValueType type, std::string_view text) {
  throw QueryError{ErrorCode::kSyntax,
                   "Text cannot be parsed to a " + std::string(graph::type_name(type)) + ": '" + std::string(text) + "'", {}};
}

// A cursor over the text; every take_* gives false and moves nothing when it does not fit.
struct Cursor {
  std::string_view rest;

  size_t digits() const {
    size_t n = 0;
    while (n < rest.size() && rest[n] >= '0' && rest[n] <= '9') ++n;
    return n;
  }
  bool take(char c) {
    if (rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool take_number(size_t n, int64_t* out) {
    if (digits() < n) return false;
    std::from_chars(rest.data(), rest.data() + n, *out);
    rest.remove_prefix(n);
    return true;
  }
};

bool valid_date(int64_t year, int64_t month, int64_t day) {
  return std::llabs(year) <= kMaxYear && month >= 1 && month <= 12 && day >= 1 &&
         day <= days_in_month(year, static_cast<int>(month));
}

// A dash before one or more digits is part of the date.
bool take_dash_before_digit(Cursor* c) {
  if (c->rest.size() < 2 || c->rest[0] != '-' || !isdigit(static_cast<unsigned char>(c->rest[1]))) return false;
  c->rest.remove_prefix(1);
  return true;
}

// One or two digits.
bool take_short_number(Cursor* c, int64_t* out) { return c->take_number(std::clamp<size_t>(c->digits(), 1, 2), out); }

// ww-D, wwD, ww behind the W.
bool parse_week(Cursor* c, bool dashed, int64_t year, int64_t* days) {
  int64_t week = 1, day = 1;
  if (!take_short_number(c, &week)) return false;
  if (dashed ? take_dash_before_digit(c) : c->digits() >= 1) c->take_number(1, &day);
  if (week < 1 || week > weeks_in_year(year) || day < 1 || day > 7) return false;
  *days = days_from_week_date(year, static_cast<int>(week), static_cast<int>(day));
  return true;
}

// q-DD, qDD, q behind the Q.
bool parse_quarter(Cursor* c, bool dashed, int64_t year, int64_t* days) {
  int64_t quarter = 1, day = 1;
  if (!c->take_number(1, &quarter) || quarter < 1 || quarter > 4) return false;
  if (dashed ? take_dash_before_digit(c) : c->digits() > 0) {
    if (!(dashed ? take_short_number(c, &day) : c->take_number(2, &day))) return false;
  }
  const int64_t start = days_from_civil(year, static_cast<int>(quarter - 1) * 3 + 1, 1);
  if (day < 1 || day > add_months(start, 3) - start) return false;
  *days = start + day - 1;
  return true;
}

// After the year: -MM-DD, MMDD, -MM, MM, -DDD, DDD, -Www-D, WwwD, -Www, Www, -Qq-DD, QqDD, -Qq, Qq, or nothing.
// With dashes one digit is enough for months, weeks and days.
bool parse_after_year(Cursor* c, int64_t year, int64_t* days) {
  Cursor at = *c;
  bool dashed = at.take('-');
  int64_t a = 1, b = 1;
  const bool week = at.take('W');
  if (week || at.take('Q')) {
    if (!(week ? parse_week(&at, dashed, year, days) : parse_quarter(&at, dashed, year, days))) return false;
    *c = at;
    return true;
  }
  size_t n = at.digits();
  if (n == 3) {
    at.take_number(3, &a);
    if (a < 1 || a > 365 + is_leap_year(year)) return false;
    *days = days_from_civil(year, 1, 1) + a - 1;
    *c = at;
    return true;
  }
  if (n == 0 && !dashed) {
    *days = days_from_civil(year, 1, 1);
    return true;
  }
  if (dashed ? n < 1 || n > 2 || !at.take_number(n, &a) : (n != 2 && n != 4) || !at.take_number(2, &a)) return false;
  const bool day = dashed ? take_dash_before_digit(&at) : n == 4;
  if (n == 1 && !day) return false;  // 2015-7 might as well be a day of the year
  if (day) {
    if (!(dashed ? take_short_number(&at, &b) : at.take_number(2, &b))) return false;
  }
  if (!valid_date(year, a, b)) return false;
  *days = days_from_civil(year, static_cast<int>(a), static_cast<int>(b));
  *c = at;
  return true;
}

bool parse_date(Cursor* c, int64_t* days) {
  bool negative = !c->rest.empty() && c->rest[0] == '-', sign = negative || (!c->rest.empty() && c->rest[0] == '+');
  if (sign) c->rest.remove_prefix(1);
  size_t n = c->digits();
  if (sign ? n < 1 || n > 9 : n < 4) return false;
  int64_t year = 0;
  if (!c->take_number(sign ? n : 4, &year)) return false;
  if (negative) year = -year;
  return std::llabs(year) <= kMaxYear && parse_after_year(c, year, days);
}

// With colons one digit is enough for each part. `amount`: a span of time, where 24:60 is none too many.
bool parse_clock(Cursor* c, int64_t* nanos_of_day, bool amount = false) {
  int64_t hour = 0, minute = 0, second = 0, nanos = 0;
  if (!take_short_number(c, &hour)) return false;
  bool colons = !c->rest.empty() && c->rest[0] == ':';
  bool has_second = false;
  if (colons || c->digits() >= 2) {
    if (colons) c->take(':');
    if (!(colons ? take_short_number(c, &minute) : c->take_number(2, &minute))) return false;
    if (colons ? c->take(':') : c->digits() >= 2) has_second = true;
    if (has_second && !(colons ? take_short_number(c, &second) : c->take_number(2, &second))) return false;
  }
  if (has_second && (c->take('.') || c->take(','))) {
    size_t n = c->digits();
    if (n < 1 || n > 9) return false;
    c->take_number(n, &nanos);
    for (; n < 9; ++n) nanos *= 10;
  }
  if (!amount && (hour > 23 || minute > 59 || second > 59)) return false;
  *nanos_of_day = (hour * 3600 + minute * 60 + second) * kNanosPerSecond + nanos;
  return true;
}

// The rest of the text: +01:00, Z, [Name], +01:00[Name]. Offsets alone for a time.
bool parse_zone_part(Cursor* c, bool names_allowed, ParsedTemporal* out) {
  if (c->rest.empty()) return true;
  size_t bracket = c->rest.find('[');
  std::string_view offset = c->rest.substr(0, bracket);
  if (!offset.empty()) {
    int32_t seconds = 0;
    if (!parse_offset(offset, &seconds)) return false;
    out->given_offset = seconds;
    out->zone = Zone{seconds, {}};
  }
  if (bracket != std::string_view::npos) {
    if (!names_allowed || c->rest.back() != ']') return false;
    out->zone = parse_zone(c->rest.substr(bracket + 1, c->rest.size() - bracket - 2));
  }
  c->rest = {};
  return true;
}

}  // namespace

ParsedTemporal parse_temporal(ValueType type, std::string_view text) {
  ParsedTemporal out;
  Cursor c{text};
  bool has_date = type == ValueType::kDate || type == ValueType::kLocalDateTime || type == ValueType::kDateTime;
  bool has_time = type != ValueType::kDate;
  bool zoned = type == ValueType::kTime || type == ValueType::kDateTime;
  if (has_date) {
    int64_t days = 0;
    if (!parse_date(&c, &days)) cannot_parse(type, text);
    out.days = days;
    if (has_time && !c.take('T') && !c.take('t')) has_time = false;
  }
  if (!has_date) c.take('T');
  if (has_time) {
    int64_t nanos = 0;
    if (!parse_clock(&c, &nanos)) cannot_parse(type, text);
    out.nanos_of_day = nanos;
  }
  if (zoned && !parse_zone_part(&c, type == ValueType::kDateTime, &out)) cannot_parse(type, text);
  if (!c.rest.empty()) cannot_parse(type, text);
  return out;
}

namespace {

// [-+]digits[.digits]
bool parse_amount(Cursor* c, long double* out) {
  bool negative = c->take('-');
  if (!negative) c->take('+');
  size_t n = c->digits();
  if (n == 0 || n > 19) return false;
  long double value = 0;
  for (; n > 0; --n, c->rest.remove_prefix(1)) value = value * 10 + (c->rest[0] - '0');
  if (c->take('.') || c->take(',')) {
    long double scale = 0.1L;
    if (c->digits() == 0) return false;
    for (; c->digits() > 0; c->rest.remove_prefix(1), scale /= 10) value += (c->rest[0] - '0') * scale;
  }
  *out = negative ? -value : value;
  return true;
}

bool parse_units(Cursor* c, DurationParts* parts) {
  static constexpr std::string_view kDateUnits = "YMWD", kTimeUnits = "HMS";
  bool in_time = false, any = false;
  size_t next_unit = 0;
  while (!c->rest.empty()) {
    if (c->take('T')) {
      if (in_time || c->rest.empty()) return false;
      in_time = true;
      next_unit = 0;
      continue;
    }
    long double amount = 0;
    if (!parse_amount(c, &amount) || c->rest.empty()) return false;
    size_t unit = (in_time ? kTimeUnits : kDateUnits).find(c->rest[0], next_unit);
    if (unit == std::string_view::npos) return false;
    c->rest.remove_prefix(1);
    next_unit = unit + 1;
    any = true;
    if (in_time) {
      parts->seconds += amount * (unit == 0 ? 3600 : unit == 1 ? 60 : 1);
    } else if (unit <= 1) {
      parts->months += amount * (unit == 0 ? 12 : 1);
    } else {
      parts->days += amount * (unit == 2 ? 7 : 1);
    }
  }
  return any;
}

// P2012-02-02T14:37:21.545, P20120202T143721, PT14:37
bool parse_dated(Cursor* c, DurationParts* parts) {
  int64_t year = 0, month = 0, day = 0, nanos = 0;
  if (c->digits() > 0) {
    if (!c->take_number(4, &year)) return false;
    const bool dashed = c->take('-');
    if (!c->take_number(2, &month) || (dashed && !c->take('-')) || !c->take_number(2, &day) || month > 12 || day > 31) return false;
  }
  if (c->take('T') && !parse_clock(c, &nanos, true)) return false;
  parts->months = static_cast<long double>(year * 12 + month);
  parts->days = static_cast<long double>(day);
  parts->seconds = static_cast<long double>(nanos / kNanosPerSecond);
  parts->nanos = static_cast<long double>(nanos % kNanosPerSecond);
  return c->rest.empty();
}

}  // namespace

graph::Value parse_duration(std::string_view text) {
  std::string upper(text);
  for (char& letter : upper) letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
  Cursor c{upper};
  bool negative = c.take('-');
  if (!negative) c.take('+');
  DurationParts parts;
  if (c.take('P')) {
    Cursor dated = c;
    DurationParts dated_parts;
    if (!c.rest.empty() && parse_dated(&dated, &dated_parts)) return graph::Value::duration(approximate(dated_parts, negative ? -1 : 1));
    if (parse_units(&c, &parts)) return graph::Value::duration(approximate(parts, negative ? -1 : 1));
  }
  cannot_parse(ValueType::kDuration, text);
}

}  // namespace graft::cypher
