#include "graph/calendar.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>

namespace graft::graph {
namespace {

constexpr int64_t kDaysPer400Years = 146'097;
constexpr int64_t kDaysTo1970 = 719'468;  // from 0000-03-01

std::string year_text(int64_t year) {
  if (year >= 0 && year <= 9999) return fmt::format("{:04}", year);
  return fmt::format("{}{:04}", year < 0 ? '-' : '+', std::llabs(year));
}

std::string fraction_text(int64_t nanos) {
  if (nanos == 0) return "";
  std::string digits = fmt::format(".{:09}", nanos);
  digits.erase(digits.find_last_not_of('0') + 1);
  return digits;
}

std::string clock_text(int64_t nanos_of_day) {
  int64_t nanos = nanos_of_day % kNanosPerSecond, seconds = nanos_of_day / kNanosPerSecond;
  std::string text = fmt::format("{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
  if (seconds % 60 != 0 || nanos != 0) text += fmt::format(":{:02}{}", seconds % 60, fraction_text(nanos));
  return text;
}

std::string local_text(int64_t local_seconds, int64_t nanos) {
  int64_t days = floor_div(local_seconds, kSecondsPerDay);
  return iso_text(Date{days}) + "T" + clock_text(floor_mod(local_seconds, kSecondsPerDay) * kNanosPerSecond + nanos);
}

}  // namespace

bool is_leap_year(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(int64_t year, int month) {
  if (month == 2) return is_leap_year(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Years are counted from March here, so that the leap day is a year's last day.
int64_t days_from_civil(int64_t year, int month, int day) {
  if (month <= 2) --year;
  int64_t cycle = floor_div(year, 400), year_of_cycle = year - cycle * 400;
  int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  int64_t day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
  return cycle * kDaysPer400Years + day_of_cycle - kDaysTo1970;
}

CivilDate civil_from_days(int64_t days) {
  int64_t shifted = days + kDaysTo1970;
  int64_t cycle = floor_div(shifted, kDaysPer400Years), day_of_cycle = shifted - cycle * kDaysPer400Years;
  int64_t year_of_cycle =
      (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36'524 - day_of_cycle / 146'096) / 365;
  int64_t day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
  int64_t march_month = (5 * day_of_year + 2) / 153;
  int day = static_cast<int>(day_of_year - (153 * march_month + 2) / 5 + 1);
  int month = static_cast<int>(march_month < 10 ? march_month + 3 : march_month - 9);
  return {year_of_cycle + cycle * 400 + (month <= 2), month, day};
}

namespace {

int week_day(int64_t days) { return static_cast<int>(floor_mod(days + 3, 7)) + 1; }  // 1970-01-01 was a Thursday

int64_t first_monday_of_week_year(int64_t week_year) {
  int64_t fourth = days_from_civil(week_year, 1, 4);  // always in week 1
  return fourth - (week_day(fourth) - 1);
}

}  // namespace

int64_t days_from_week_date(int64_t week_year, int week, int day) {
  return first_monday_of_week_year(week_year) + (week - 1) * 7 + (day - 1);
}

WeekDate week_date_from_days(int64_t days) {
  int64_t year = civil_from_days(days).year;
  if (days < first_monday_of_week_year(year)) {
    --year;
  } else if (days >= first_monday_of_week_year(year + 1)) {
    ++year;
  }
  return {year, static_cast<int>((days - first_monday_of_week_year(year)) / 7) + 1, week_day(days)};
}

int weeks_in_year(int64_t week_year) {
  return static_cast<int>((first_monday_of_week_year(week_year + 1) - first_monday_of_week_year(week_year)) / 7);
}

int64_t add_months(int64_t days, int64_t months) {
  CivilDate d = civil_from_days(days);
  int64_t month = d.year * 12 + (d.month - 1) + months;
  int64_t year = floor_div(month, 12);
  int month_of_year = static_cast<int>(floor_mod(month, 12)) + 1;
  return days_from_civil(year, month_of_year, std::min(d.day, days_in_month(year, month_of_year)));
}

std::string iso_text(Date d) {
  CivilDate c = civil_from_days(d.days);
  return fmt::format("{}-{:02}-{:02}", year_text(c.year), c.month, c.day);
}

std::string iso_text(LocalTime t) { return clock_text(t.nanos); }
std::string iso_text(Time t) { return clock_text(t.nanos) + iso_offset(t.offset_seconds); }
std::string iso_text(LocalDateTime t) { return local_text(t.seconds, t.nanos); }

std::string iso_text(const DateTime& t) {
  std::string text = local_text(t.seconds + t.offset_seconds, t.nanos) + iso_offset(t.offset_seconds);
  return t.zone.empty() ? text : text + "[" + t.zone + "]";
}

std::string iso_offset(int32_t offset_seconds) {
  if (offset_seconds == 0) return "Z";
  int32_t a = std::abs(offset_seconds);
  std::string text = fmt::format("{}{:02}:{:02}", offset_seconds < 0 ? '-' : '+', a / 3600, a / 60 % 60);
  if (a % 60 != 0) text += fmt::format(":{:02}", a % 60);
  return text;
}

std::string iso_text(Duration d) {
  std::string text = "P";
  if (d.months / 12 != 0) text += fmt::format("{}Y", d.months / 12);
  if (d.months % 12 != 0) text += fmt::format("{}M", d.months % 12);
  if (d.days != 0) text += fmt::format("{}D", d.days);
  // Seconds are floored and nanos positive; text shows both with the sign of their sum.
  bool negative = d.seconds < 0;
  int64_t seconds = d.seconds, nanos = d.nanos;
  if (negative && nanos > 0) {
    ++seconds;
    nanos = kNanosPerSecond - nanos;
  }
  if (seconds != 0 || nanos != 0) {
    text += "T";
    if (seconds / 3600 != 0) text += fmt::format("{}H", seconds / 3600);
    if (seconds / 60 % 60 != 0) text += fmt::format("{}M", seconds / 60 % 60);
    int64_t rest = seconds % 60;
    if (rest != 0 || nanos != 0) {
      text += fmt::format("{}{}{}S", negative ? "-" : "", std::llabs(rest), fraction_text(nanos));
    }
  }
  return text == "P" ? "PT0S" : text;
}

}  // namespace graft::graph
