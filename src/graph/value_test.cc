// Laws that the orders, keys and codecs of values have to keep, held against seeded random values.

#include "graph/value.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace graft::graph {
namespace {

// A small generator of our own: the same values on every machine.
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }

  int64_t integer() {
    static constexpr int64_t kEdges[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MAX - 1, (1ll << 53), (1ll << 53) + 1, -(1ll << 53) - 1};
    return below(2) ? kEdges[below(9)] : static_cast<int64_t>(next()) >> below(60);
  }
  double floating() {
    static const double kEdges[] = {0.0, -0.0, 1.0, 0.5, -0.5, 9007199254740992.0, 9223372036854775807.0, -9223372036854775808.0,
                                    std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                                    std::numeric_limits<double>::quiet_NaN(), 1e300, -1e-300};
    return below(2) ? kEdges[below(13)] : static_cast<double>(static_cast<int64_t>(next())) / static_cast<double>(1 + below(1000));
  }
  std::string text() {
    std::string s;
    for (int64_t n = below(4); n > 0; --n) s.push_back(static_cast<char>("\0\1ab\xff"[below(5)]));
    return s;
  }

  Value scalar() {
    switch (below(12)) {
      case 0: return Value::boolean(below(2) != 0);
      case 1:
      case 2: return Value::integer(integer());
      case 3:
      case 4: return Value::floating(floating());
      case 5: return Value::string(text());
      case 6: return Value::date({below(2000) - 1000});
      case 7: return Value::time({below(86'400) * 1'000'000'000, static_cast<int32_t>(below(5) - 2) * 3600});
      case 8: return Value::local_time({below(86'400'000'000'000)});
      case 9: return Value::date_time({below(100), static_cast<int32_t>(below(3)), static_cast<int32_t>(below(2)) * 3600, below(2) ? "" : "Europe/Paris"});
      case 10: return Value::duration({below(3) - 1, below(60) - 30, below(100'000) - 50'000, static_cast<int32_t>(below(2)) * 7});
      default: return Value::point({below(2) ? 7203u : 9157u, floating(), floating(), floating()});
    }
  }
  Value storable() {
    if (below(4) != 0) return below(8) == 0 ? Value::local_date_time({below(50), 5}) : scalar();
    if (below(4) == 0) return Value::bytes(text());
    List list;
    int64_t kind = below(3);
    for (int64_t n = below(3); n > 0; --n) {
      list.push_back(kind == 0 ? Value::integer(integer()) : kind == 1 ? Value::floating(floating()) : Value::string(text()));
    }
    return Value::list(std::move(list));
  }
  Value any(int depth) {
    int64_t kind = below(depth > 2 ? 5 : 8);
    if (kind == 0) return {};
    if (kind == 1) return Value::node(next() % 5);
    if (kind == 2) return Value::relationship(next() % 5);
    if (kind == 3) return Value::path({{1, next() % 3}, {next() % 3}});
    if (kind == 4) return scalar();
    if (kind == 5) return Value::map({{"a", any(depth + 1)}, {text() + "k", any(depth + 1)}});
    List list;
    for (int64_t n = below(3); n > 0; --n) list.push_back(any(depth + 1));
    return Value::list(std::move(list));
  }

 private:
  uint64_t state_;
};

int sign(int c) { return c < 0 ? -1 : c > 0 ? 1 : 0; }

std::string key_of(const Value& v) {
  std::string key;
  encode_index_key(v, &key);
  return key;
}

TEST(Value, OrderIsTotal) {
  Generator g(42);
  for (int i = 0; i < 200'000; ++i) {
    Value a = g.any(0), b = g.any(0), c = g.any(0);
    ASSERT_EQ(sign(compare_order(a, b)), -sign(compare_order(b, a))) << to_text(a) << " " << to_text(b);
    ASSERT_EQ(compare_order(a, a), 0);
    if (compare_order(a, b) <= 0 && compare_order(b, c) <= 0) {
      ASSERT_LE(compare_order(a, c), 0) << to_text(a) << " " << to_text(b) << " " << to_text(c);
    }
  }
}

TEST(Value, EquivalenceAgreesWithOrderAndHash) {
  Generator g(43);
  for (int i = 0; i < 200'000; ++i) {
    Value a = g.any(0), b = g.any(0);
    ASSERT_EQ(equivalent(a, b), compare_order(a, b) == 0) << to_text(a) << " " << to_text(b);
    if (equivalent(a, b)) {
      ASSERT_EQ(hash_equivalent(a), hash_equivalent(b)) << to_text(a) << " " << to_text(b);
    }
    if (identical(a, b)) {
      ASSERT_TRUE(equivalent(a, b));
    }
    if (compare_equal(a, b) == 1) {
      ASSERT_TRUE(equivalent(a, b)) << to_text(a) << " " << to_text(b);
    }
  }
}

TEST(Value, KeyOrderIsValueOrder) {
  Generator g(44);
  for (int i = 0; i < 400'000; ++i) {
    Value a = g.storable(), b = g.storable();
    ASSERT_EQ(sign(key_of(a).compare(key_of(b))), sign(compare_order(a, b))) << to_text(a) << " " << to_text(b);
  }
}

TEST(Value, KeysOfCompositesOrderByTheirParts) {
  Generator g(45);
  for (int i = 0; i < 100'000; ++i) {
    Value a1 = g.storable(), a2 = g.storable(), b1 = g.storable(), b2 = g.storable();
    int wanted = compare_order(a1, b1) != 0 ? compare_order(a1, b1) : compare_order(a2, b2);
    ASSERT_EQ(sign((key_of(a1) + key_of(a2)).compare(key_of(b1) + key_of(b2))), sign(wanted));
  }
}

TEST(Value, StringPrefixIsKeyPrefix) {
  Generator g(46);
  for (int i = 0; i < 100'000; ++i) {
    std::string prefix = g.text(), s = g.text() + g.text(), key;
    encode_index_string_prefix(prefix, &key);
    ASSERT_EQ(key_of(Value::string(s)).starts_with(key), s.starts_with(prefix));
  }
}

TEST(Value, EncodingRoundTrips) {
  Generator g(47);
  for (int i = 0; i < 100'000; ++i) {
    Value a = i % 2 ? g.any(0) : g.storable(), b;
    std::string bytes;
    encode_value(a, &bytes);
    bytes += "rest";
    std::string_view in = bytes;
    ASSERT_TRUE(decode_value(&in, &b)) << to_text(a);
    ASSERT_EQ(in, "rest");
    ASSERT_TRUE(identical(a, b)) << to_text(a) << " " << to_text(b);
  }
}

TEST(Value, DecodingAnyBytesIsSafe) {
  Generator g(48);
  for (int i = 0; i < 200'000; ++i) {
    std::string bytes;
    if (i % 2) {
      encode_value(g.any(0), &bytes);
      if (!bytes.empty()) bytes[static_cast<size_t>(g.below(static_cast<int64_t>(bytes.size())))] ^= static_cast<char>(1 << g.below(8));
      bytes.resize(bytes.size() - static_cast<size_t>(g.below(static_cast<int64_t>(bytes.size()))));
    } else {
      for (int64_t n = g.below(20); n > 0; --n) bytes.push_back(static_cast<char>(g.below(24)));
    }
    std::string_view in = bytes;
    Value v;
    if (decode_value(&in, &v)) to_text(v);
  }
  std::string huge_list = {static_cast<char>(ValueType::kList), '\xff', '\xff', '\xff', '\xff', '\x7f'};
  std::string_view in = huge_list;
  Value v;
  EXPECT_FALSE(decode_value(&in, &v));
}

TEST(Value, DeepNestingIsRefusedByDecoding) {
  std::string bytes;
  for (uint32_t i = 0; i < 100'000; ++i) bytes += {static_cast<char>(ValueType::kList), 1};
  bytes.push_back(static_cast<char>(ValueType::kNull));
  std::string_view in = bytes;
  Value v;
  EXPECT_FALSE(decode_value(&in, &v));
}

TEST(Value, NumbersCompareExactlyAcrossTypes) {
  Value big = Value::integer((1ll << 53) + 1), close = Value::floating(9007199254740992.0);
  EXPECT_EQ(compare_equal(big, close), 0);
  EXPECT_EQ(compare(big, close), Comparison::kGreater);
  EXPECT_LT(key_of(close), key_of(big));
  EXPECT_EQ(key_of(Value::integer(1)), key_of(Value::floating(1.0)));
  EXPECT_EQ(compare(Value::integer(INT64_MAX), Value::floating(9223372036854775807.0)), Comparison::kLess);
}

TEST(Value, EqualityIsThreeValued) {
  auto list = [](std::vector<Value> v) { return Value::list(std::move(v)); };
  Value one = Value::integer(1), two = Value::integer(2), null;
  EXPECT_EQ(compare_equal(null, null), -1);
  EXPECT_EQ(compare_equal(list({one, null}), list({one, null})), -1);
  EXPECT_EQ(compare_equal(list({one, null}), list({two, null})), 0);
  EXPECT_EQ(compare_equal(list({one}), list({one, null})), 0);
  EXPECT_EQ(compare_equal(Value::floating(NAN), Value::floating(NAN)), 0);
  EXPECT_TRUE(equivalent(Value::floating(NAN), Value::floating(NAN)));
  EXPECT_EQ(compare(list({one, two}), list({Value::integer(3), null})), Comparison::kLess);
  EXPECT_EQ(compare(list({one, two}), list({one, null})), Comparison::kNull);
  EXPECT_EQ(compare(one, Value::string("1")), Comparison::kNull);
}

TEST(Value, TypesAreOrderedAsCypherSays) {
  std::vector<Value> ascending = {
      Value::map({}), Value::node(1), Value::relationship(1), Value::list({}), Value::path({{1}, {}}),
      Value::date_time({0, 0, 0, ""}), Value::local_date_time({0, 0}), Value::date({0}), Value::time({0, 0}),
      Value::local_time({0}), Value::duration({0, 0, 0, 0}), Value::string(""), Value::boolean(false), Value::integer(1),
      Value::floating(1.5), Value::floating(NAN), Value()};
  for (size_t i = 0; i + 1 < ascending.size(); ++i) {
    EXPECT_LT(compare_order(ascending[i], ascending[i + 1]), 0) << to_text(ascending[i]);
  }
}

TEST(Value, WhatMayBeStored) {
  EXPECT_TRUE(is_storable(Value::list({Value::integer(1), Value::integer(2)})));
  EXPECT_TRUE(is_storable(Value::list({})));
  EXPECT_FALSE(is_storable(Value::list({Value::integer(1), Value::string("a")})));
  EXPECT_FALSE(is_storable(Value::list({Value()})));
  EXPECT_FALSE(is_storable(Value::list({Value::list({})})));
  EXPECT_FALSE(is_storable(Value::map({})));
  EXPECT_FALSE(is_storable(Value()));
}

TEST(Value, Text) {
  auto floating = [](double d) { return to_text(Value::floating(d)); };
  EXPECT_EQ(floating(1), "1.0");
  EXPECT_EQ(floating(1e-10), "1.0E-10");
  EXPECT_EQ(floating(1.5e10), "1.5E10");
  EXPECT_EQ(floating(1234567.0), "1234567.0");
  EXPECT_EQ(floating(0.001), "0.001");
  EXPECT_EQ(floating(-0.0), "-0.0");
  EXPECT_EQ(floating(NAN), "NaN");
  EXPECT_EQ(floating(-INFINITY), "-Infinity");
  auto duration = [](int64_t months, int64_t days, int64_t seconds, int32_t nanos) {
    return to_text(Value::duration({months, days, seconds, nanos}));
  };
  EXPECT_EQ(duration(149, 14, 58390, 1), "P12Y5M14DT16H13M10.000000001S");
  EXPECT_EQ(duration(0, 0, -2, 1000000), "PT-1.999S");
  EXPECT_EQ(duration(0, 0, -61, 999000000), "PT-1M-0.001S");
  EXPECT_EQ(duration(0, 0, 0, 0), "PT0S");
  EXPECT_EQ(to_text(Value::date({0})), "1970-01-01");
  EXPECT_EQ(to_text(Value::date({-719529})), "-0001-12-31");
  EXPECT_EQ(to_text(Value::date_time({0, 500'000'000, 3600, "Europe/Paris"})), "1970-01-01T01:00:00.5+01:00[Europe/Paris]");
  EXPECT_EQ(to_text(Value::list({Value::string("it's"), Value::map({{"a", Value()}})})), "['it\\'s', {a: null}]");
}

TEST(Value, MovesLeaveNullAndCopiesShare) {
  Value a = Value::string("shared"), b = a, c = std::move(a);
  EXPECT_TRUE(a.is_null());  // NOLINT: what a move leaves is promised
  EXPECT_EQ(b.as_string().data(), c.as_string().data());
  b = b;
  EXPECT_EQ(b.as_string(), "shared");
  EXPECT_EQ(Value::list({Value::list({}), Value::integer(1)}).depth(), 2u);
}

}  // namespace
}  // namespace graft::graph
