#include "graph/calendar.h"

#include <gtest/gtest.h>

namespace graft::graph {
namespace {

TEST(Calendar, DaysAndDatesAgreeOverFourHundredYearsAndTheEnds) {
  int64_t day = days_from_civil(1800, 1, 1);
  for (int64_t year = 1800; year < 2210; ++year) {
    for (int month = 1; month <= 12; ++month) {
      for (int d = 1; d <= days_in_month(year, month); ++d, ++day) {
        ASSERT_EQ(days_from_civil(year, month, d), day);
        CivilDate c = civil_from_days(day);
        ASSERT_TRUE(c.year == year && c.month == month && c.day == d);
        WeekDate w = week_date_from_days(day);
        ASSERT_EQ(days_from_week_date(w.week_year, w.week, w.day), day);
        ASSERT_LE(w.week, weeks_in_year(w.week_year));
      }
    }
  }
  EXPECT_EQ(days_from_civil(1970, 1, 1), 0);
  for (int64_t year : {-kMaxYear, int64_t{-1}, int64_t{0}, kMaxYear}) {
    CivilDate c = civil_from_days(days_from_civil(year, 2, 28));
    EXPECT_TRUE(c.year == year && c.month == 2 && c.day == 28);
  }
}

TEST(Calendar, MonthsEndOnExistingDays) {
  EXPECT_EQ(iso_text(Date{add_months(days_from_civil(2020, 1, 31), 1)}), "2020-02-29");
  EXPECT_EQ(iso_text(Date{add_months(days_from_civil(2020, 3, 31), -13)}), "2019-02-28");
}

TEST(Calendar, Text) {
  EXPECT_EQ(iso_text(Date{days_from_civil(28, 11, 11)}), "0028-11-11");
  EXPECT_EQ(iso_text(Date{days_from_civil(-kMaxYear, 1, 1)}), "-999999999-01-01");
  EXPECT_EQ(iso_text(LocalTime{0}), "00:00");
  EXPECT_EQ(iso_text(Time{12 * 3600 * kNanosPerSecond + 1, -7507}), "12:00:00.000000001-02:05:07");
  EXPECT_EQ(iso_text(Duration{0, 0, 0, 0}), "PT0S");
  EXPECT_EQ(iso_text(Duration{149, -14, 58390, 1}), "P12Y5M-14DT16H13M10.000000001S");
  EXPECT_EQ(iso_text(Duration{0, 0, -61, 999'000'000}), "PT-1M-0.001S");
  EXPECT_EQ(iso_text(Duration{0, 1, -1, 999'000'000}), "P1DT-0.001S");
}

}  // namespace
}  // namespace graft::graph
