#pragma once

// The proleptic Gregorian calendar over years -999,999,999 to 999,999,999, and ISO 8601 text of temporal values.
// Source: ISO 8601:2004; day counts are relative to 1970-01-01.

#include <cstdint>
#include <string>

#include "graph/value.h"

namespace graft::graph {

inline constexpr int64_t kNanosPerSecond = 1'000'000'000;
inline constexpr int64_t kSecondsPerDay = 86'400;
inline constexpr int64_t kNanosPerDay = kSecondsPerDay * kNanosPerSecond;
inline constexpr int64_t kMaxYear = 999'999'999;

struct CivilDate { int64_t year; int month, day; };       // month 1-12, day 1-31
struct WeekDate { int64_t week_year; int week, day; };    // ISO week 1-53, day 1 (Monday) - 7

constexpr int64_t floor_div(int64_t a, int64_t b) { return a / b - ((a % b != 0) && ((a < 0) != (b < 0))); }
constexpr int64_t floor_mod(int64_t a, int64_t b) { return a - floor_div(a, b) * b; }

bool is_leap_year(int64_t year);
int days_in_month(int64_t year, int month);
int64_t days_from_civil(int64_t year, int month, int day);  // the date must exist
CivilDate civil_from_days(int64_t days);
int64_t days_from_week_date(int64_t week_year, int week, int day);
WeekDate week_date_from_days(int64_t days);
int weeks_in_year(int64_t week_year);
// The same day `months` later; the last day of the month where that month is shorter.
int64_t add_months(int64_t days, int64_t months);

std::string iso_text(Date d);
std::string iso_text(LocalTime t);
std::string iso_text(Time t);
std::string iso_text(LocalDateTime t);
std::string iso_text(const DateTime& t);  // with [Zone/Name] when it has one
std::string iso_text(Duration d);
std::string iso_offset(int32_t offset_seconds);  // Z, +01:00, -02:05:07

}  // namespace graft::graph
