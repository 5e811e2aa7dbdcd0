#include "cypher/functions/temporal.h"

#include <gtest/gtest.h>

#include "cypher/position.h"
#include "graph/calendar.h"

namespace graft::cypher {
namespace {

using graph::Map;
using graph::Value;
using graph::ValueType;

Value make(ValueType t, Value x) { return make_temporal(t, x, {}); }
Value text(ValueType t, std::string_view s) { return make(t, Value::string(s)); }
Value number(int64_t n) { return Value::integer(n); }
Value duration(std::string_view s) { return make_duration(Value::string(s)); }

std::string show(const Value& v) {
  switch (v.type()) {
    case ValueType::kDate: return graph::iso_text(v.as_date());
    case ValueType::kTime: return graph::iso_text(v.as_time());
    case ValueType::kLocalTime: return graph::iso_text(v.as_local_time());
    case ValueType::kLocalDateTime: return graph::iso_text(v.as_local_date_time());
    case ValueType::kDateTime: return graph::iso_text(v.as_date_time());
    case ValueType::kDuration: return graph::iso_text(v.as_duration());
    default: return graph::to_text(v);
  }
}

constexpr ValueType kD = ValueType::kDate, kT = ValueType::kTime, kLT = ValueType::kLocalTime, kLDT = ValueType::kLocalDateTime, kDT = ValueType::kDateTime;

TEST(Temporal, DatesFromText) {
  for (auto [in, out] : std::initializer_list<std::pair<const char*, const char*>>{
           {"2015-07-21", "2015-07-21"}, {"20150721", "2015-07-21"}, {"2015-07", "2015-07-01"}, {"201507", "2015-07-01"},
           {"2015-W30-2", "2015-07-21"}, {"2015W302", "2015-07-21"}, {"2015-W30", "2015-07-20"}, {"2015W30", "2015-07-20"},
           {"2015-202", "2015-07-21"}, {"2015202", "2015-07-21"}, {"2015", "2015-01-01"}, {"+12345-01-02", "+12345-01-02"},
           {"-0001-12-31", "-0001-12-31"}}) {
    EXPECT_EQ(show(text(kD, in)), out) << in;
  }
  for (const char* bad : {"", "15", "2015-13", "2015-02-29", "2015-07-21x", "2015-W54", "2015-366", "2015-0721", "x", "2015-07-21T10"}) {
    EXPECT_THROW(text(kD, bad), QueryError) << bad;
  }
}

TEST(Temporal, TimesAndDateTimesFromText) {
  EXPECT_EQ(show(text(kLT, "214032.142")), "21:40:32.142");
  EXPECT_EQ(show(text(kLT, "21")), "21:00");
  EXPECT_EQ(show(text(kT, "2140-00:00")), "21:40Z");
  EXPECT_EQ(show(text(kT, "22+18:00")), "22:00+18:00");
  EXPECT_EQ(show(text(kDT, "2015-W30-2T214032.142Z")), "2015-07-21T21:40:32.142Z");
  EXPECT_EQ(show(text(kDT, "2015T214032-0100")), "2015-01-01T21:40:32-01:00");
  EXPECT_EQ(show(text(kDT, "2015-07-21T21:40:32.142[Europe/London]")), "2015-07-21T21:40:32.142+01:00[Europe/London]");
  EXPECT_EQ(show(text(kDT, "2017-10-29T02:30+01:00[Europe/Stockholm]")), "2017-10-29T02:30+01:00[Europe/Stockholm]");
  for (const char* bad : {"24:00", "21:60", "21:40+19:00", "21:40[Europe/London]", "2:"}) EXPECT_THROW(text(kT, bad), QueryError) << bad;
  EXPECT_THROW(text(kDT, "2015-07-21T21:40[Nowhere/City]"), QueryError);
}

TEST(Temporal, FromMaps) {
  Value base = text(kD, "1984-11-11");
  EXPECT_EQ(show(make(kD, Value::map({{"date", base}, {"week", number(1)}}))), "1984-01-08");
  EXPECT_EQ(show(make(kD, Value::map({{"date", base}, {"quarter", number(3)}}))), "1984-08-11");
  EXPECT_EQ(show(make(kD, Value::map({{"date", base}, {"year", number(28)}}))), "0028-11-11");
  EXPECT_EQ(show(make(kD, Value::map({{"date", text(kD, "1816-12-30")}, {"week", number(2)}, {"dayOfWeek", number(3)}}))), "1817-01-08");
  Value time = text(kT, "12:31:14.645876+01:00");
  EXPECT_EQ(show(make(kT, Value::map({{"time", time}, {"second", number(42)}, {"timezone", Value::string("+05:00")}}))), "16:31:42.645876+05:00");
  EXPECT_EQ(show(make(kT, Value::map({{"time", text(kLT, "12:31")}, {"timezone", Value::string("+05:00")}}))), "12:31+05:00");
  EXPECT_EQ(show(make(kDT, Value::map({{"year", number(1984)}, {"month", number(3)}, {"day", number(28)}, {"hour", number(12)}, {"timezone", Value::string("Europe/Stockholm")}}))),
            "1984-03-28T12:00+02:00[Europe/Stockholm]");
  EXPECT_TRUE(make(kD, Value::map({{"year", Value()}})).is_null());
  for (const Map& bad : {Map{{"month", number(1)}}, Map{{"year", number(1984)}, {"day", number(1)}}, Map{{"year", number(1984)}, {"month", number(13)}},
                         Map{{"year", number(1984)}, {"month", number(1)}, {"week", number(1)}}, Map{{"year", number(1984)}, {"hour", number(1)}}, Map{{"nonsense", number(1)}}, Map{}}) {
    EXPECT_THROW(make(kD, Value::map(bad)), QueryError) << graph::to_text(Value::map(bad));
  }
}

TEST(Temporal, Durations) {
  EXPECT_EQ(show(duration("P0.75M")), "P22DT19H51M49.5S");
  EXPECT_EQ(show(duration("P5M1.5D")), "P5M1DT12H");
  EXPECT_EQ(show(duration("P12Y5M14DT16H12M70S")), "P12Y5M14DT16H13M10S");
  EXPECT_EQ(show(duration("P2012-02-02T14:37:21.545")), "P2012Y2M2DT14H37M21.545S");
  EXPECT_EQ(show(duration("P1DT-0.001S")), "P1DT-0.001S");
  Value d = make_duration(Value::map({{"years", number(12)}, {"months", number(5)}, {"days", number(14)}, {"hours", number(16)}, {"minutes", number(12)}, {"seconds", number(70)}, {"nanoseconds", number(1)}}));
  EXPECT_EQ(show(divide_duration(d, 2)), "P6Y2M22DT13H21M8S");
  EXPECT_EQ(show(multiply_duration(d, 2)), "P24Y10M28DT32H26M20.000000002S");
  EXPECT_EQ(show(add_temporal(text(kD, "1984-10-11"), d)), "1997-03-25");
  EXPECT_EQ(show(subtract_temporal(text(kD, "1984-10-11"), d)), "1972-04-27");
  EXPECT_EQ(show(subtract_temporal(text(kLT, "12:31:14.000000001"), d)), "20:18:04");
  for (const char* bad : {"", "P", "PT", "P1", "1Y", "P1Y1Y", "PT1D", "P1YT"}) EXPECT_THROW(duration(bad), QueryError) << bad;
  EXPECT_THROW(add_temporal(text(kD, "1984-10-11"), Value::duration({INT64_MAX, 0, 0, 0})), QueryError);
}

TEST(Temporal, Between) {
  auto between = [](const Value& a, const Value& b, DurationUnit u) { return show(duration_between(a, b, u)); };
  EXPECT_EQ(between(text(kLDT, "2015-07-21T21:40:32.142"), text(kD, "2015-06-24"), DurationUnit::kAll), "P-27DT-21H-40M-32.142S");
  EXPECT_EQ(between(text(kDT, "2014-07-21T21:40:36.143+0200"), text(kDT, "2015-07-21T21:40:32.142+0100"), DurationUnit::kAll), "P1YT59M55.999S");
  EXPECT_EQ(between(text(kDT, "2018-07-21T21:40:36.143+0500"), text(kDT, "1984-07-21T22:40:36.143+0200"), DurationUnit::kMonths), "P-33Y-11M");
  EXPECT_EQ(between(text(kDT, "2017-10-29T00:00[Europe/Stockholm]"), text(kLT, "04:00"), DurationUnit::kSeconds), "PT5H");
  EXPECT_EQ(between(text(kLDT, "-999999999-01-01"), text(kLDT, "+999999999-12-31T23:59:59"), DurationUnit::kSeconds), "PT17531639991215H59M59S");
  EXPECT_EQ(between(text(kLT, "12:44:54.7"), text(kLT, "12:34:55.3"), DurationUnit::kSeconds), "PT-9M-59.4S");
}

TEST(Temporal, Truncation) {
  Value t = text(kDT, "2017-10-11T12:31:14.645876123+01:00");
  EXPECT_EQ(show(truncate_temporal(kD, "millennium", t, Value::map({{"day", number(2)}}))), "2000-01-02");
  EXPECT_EQ(show(truncate_temporal(kDT, "millisecond", t, Value::map({{"nanosecond", number(2)}}))), "2017-10-11T12:31:14.645000002+01:00");
  EXPECT_EQ(show(truncate_temporal(kDT, "year", t, Value::map({{"timezone", Value::string("Europe/Stockholm")}}))), "2017-01-01T00:00+01:00[Europe/Stockholm]");
  EXPECT_EQ(show(truncate_temporal(kLT, "day", t, Value())), "00:00");
  EXPECT_THROW(truncate_temporal(kD, "hour", t, Value()), QueryError);
}

TEST(Temporal, Components) {
  Value out;
  ASSERT_TRUE(temporal_component(text(kD, "1984-01-01"), "weekYear", &out));
  EXPECT_EQ(out.as_integer(), 1983);
  ASSERT_TRUE(temporal_component(text(kDT, "1984-11-11T12:31:14.645876123[Europe/Stockholm]"), "epochMillis", &out));
  EXPECT_EQ(out.as_integer(), 469020674645);
  EXPECT_FALSE(temporal_component(text(kD, "1984-01-01"), "hour", &out));
}

}  // namespace
}  // namespace graft::cypher
