// Equality, equivalence, orderability and hashing of values: openCypher's CIP2016-06-14 and what Neo4j makes of it.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/checksum.h"
#include "graph/value.h"
#include "graph/value_order.h"

namespace graft::graph {

namespace {

template <class T>
int three_way(const T& a, const T& b) { return a < b ? -1 : b < a ? 1 : 0; }

int three_way(std::string_view a, std::string_view b) {
  int c = a.compare(b);
  return c < 0 ? -1 : c > 0 ? 1 : 0;
}

bool same_bits(double a, double b) { return std::memcmp(&a, &b, sizeof(a)) == 0; }

// Floats among themselves, totally ordered: NaN is the greatest, the zeros are equal.
int order_floats(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return three_way(std::isnan(a), std::isnan(b));
  return three_way(a, b);
}

// An integer against a float that is not NaN, by exact value.
int order_integer_float(int64_t i, double d) {
  if (d >= 9223372036854775808.0) return -1;
  if (d < -9223372036854775808.0) return 1;
  auto whole = static_cast<int64_t>(d);  // towards zero
  if (i != whole) return three_way(i, whole);
  return three_way(0.0, d - static_cast<double>(whole));
}

int order_numbers(const Value& a, const Value& b) {
  bool a_integer = a.type() == ValueType::kInteger, b_integer = b.type() == ValueType::kInteger;
  if (a_integer && b_integer) return three_way(a.as_integer(), b.as_integer());
  if (!a_integer && !b_integer) return order_floats(a.as_float(), b.as_float());
  if (a_integer) return std::isnan(b.as_float()) ? -1 : order_integer_float(a.as_integer(), b.as_float());
  return std::isnan(a.as_float()) ? 1 : -order_integer_float(b.as_integer(), a.as_float());
}

bool is_nan(const Value& v) { return v.type() == ValueType::kFloat && std::isnan(v.as_float()); }

int order_times(const Time& a, const Time& b) {
  constexpr int64_t kNanos = 1'000'000'000;
  int c = three_way(a.nanos - a.offset_seconds * kNanos, b.nanos - b.offset_seconds * kNanos);
  return c != 0 ? c : three_way(a.offset_seconds, b.offset_seconds);
}

int order_date_times(const DateTime& a, const DateTime& b) {
  if (int c = three_way(a.seconds, b.seconds)) return c;
  if (int c = three_way(a.nanos, b.nanos)) return c;
  if (int c = three_way(a.offset_seconds, b.offset_seconds)) return c;
  return three_way(std::string_view(a.zone), std::string_view(b.zone));
}

int order_durations(const Duration& a, const Duration& b) {
  if (int c = three_way(average_seconds(a), average_seconds(b))) return c;
  if (int c = three_way(a.nanos, b.nanos)) return c;
  if (int c = three_way(a.months, b.months)) return c;
  return three_way(a.days, b.days);
}

int order_points(const Point& a, const Point& b) {
  if (int c = three_way(a.srid, b.srid)) return c;
  if (int c = order_floats(a.x, b.x)) return c;
  if (int c = order_floats(a.y, b.y)) return c;
  return order_floats(a.z, b.z);
}

int order_lists(const List& a, const List& b) {
  size_t n = std::min(a.size(), b.size());
  for (size_t i = 0; i < n; ++i) {
    if (int c = compare_order(a[i], b[i])) return c;
  }
  return three_way(a.size(), b.size());
}

std::vector<const std::pair<std::string, Value>*> sorted_entries(const Map& map) {
  std::vector<const std::pair<std::string, Value>*> entries;
  entries.reserve(map.size());
  for (const auto& entry : map) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(), [](auto* a, auto* b) { return a->first < b->first; });
  return entries;
}

// As Neo4j: fewer entries first, then the sorted keys, then the values in the order of the keys.
int order_maps(const Map& a, const Map& b) {
  if (int c = three_way(a.size(), b.size())) return c;
  auto left = sorted_entries(a), right = sorted_entries(b);
  for (size_t i = 0; i < left.size(); ++i) {
    if (int c = three_way(std::string_view(left[i]->first), std::string_view(right[i]->first))) return c;
  }
  for (size_t i = 0; i < left.size(); ++i) {
    if (int c = compare_order(left[i]->second, right[i]->second)) return c;
  }
  return 0;
}

int order_paths(const Path& a, const Path& b) {
  size_t n = std::min(a.nodes.size(), b.nodes.size());
  for (size_t i = 0; i < n; ++i) {
    if (int c = three_way(a.nodes[i], b.nodes[i])) return c;
    if (i < a.relationships.size() && i < b.relationships.size()) {
      if (int c = three_way(a.relationships[i], b.relationships[i])) return c;
    }
  }
  return three_way(a.nodes.size(), b.nodes.size());
}

int order_same_rank(const Value& a, const Value& b) {
  switch (a.type()) {
    case ValueType::kNull: return 0;
    case ValueType::kBoolean: return three_way(a.as_boolean(), b.as_boolean());
    case ValueType::kInteger:
    case ValueType::kFloat: return order_numbers(a, b);
    case ValueType::kString: return three_way(a.as_string(), b.as_string());
    case ValueType::kBytes: return three_way(a.as_bytes(), b.as_bytes());
    case ValueType::kList: return order_lists(a.as_list(), b.as_list());
    case ValueType::kMap: return order_maps(a.as_map(), b.as_map());
    case ValueType::kNode: return three_way(a.as_node(), b.as_node());
    case ValueType::kRelationship: return three_way(a.as_relationship(), b.as_relationship());
    case ValueType::kPath: return order_paths(a.as_path(), b.as_path());
    case ValueType::kDate: return three_way(a.as_date().days, b.as_date().days);
    case ValueType::kLocalTime: return three_way(a.as_local_time().nanos, b.as_local_time().nanos);
    case ValueType::kTime: return order_times(a.as_time(), b.as_time());
    case ValueType::kLocalDateTime: {
      LocalDateTime x = a.as_local_date_time(), y = b.as_local_date_time();
      int c = three_way(x.seconds, y.seconds);
      return c != 0 ? c : three_way(x.nanos, y.nanos);
    }
    case ValueType::kDateTime: return order_date_times(a.as_date_time(), b.as_date_time());
    case ValueType::kDuration: return order_durations(a.as_duration(), b.as_duration());
    case ValueType::kPoint: return order_points(a.as_point(), b.as_point());
  }
  return 0;
}

// Lists and maps of `=`: false wins over unknown.
int equal_lists(const List& a, const List& b) {
  if (a.size() != b.size()) return 0;
  int result = 1;
  for (size_t i = 0; i < a.size(); ++i) {
    int c = compare_equal(a[i], b[i]);
    if (c == 0) return 0;
    if (c < 0) result = -1;
  }
  return result;
}

int equal_maps(const Map& a, const Map& b) {
  if (a.size() != b.size()) return 0;
  auto left = sorted_entries(a), right = sorted_entries(b);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i]->first != right[i]->first) return 0;
  }
  int result = 1;
  for (size_t i = 0; i < left.size(); ++i) {
    int c = compare_equal(left[i]->second, right[i]->second);
    if (c == 0) return 0;
    if (c < 0) result = -1;
  }
  return result;
}

bool equal_points(const Point& a, const Point& b) {
  return a.srid == b.srid && a.x == b.x && a.y == b.y && (is_flat(a.srid) || a.z == b.z);
}

bool same_lists(const List& a, const List& b, bool (*same)(const Value&, const Value&)) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!same(a[i], b[i])) return false;
  }
  return true;
}

bool same_maps(const Map& a, const Map& b, bool (*same)(const Value&, const Value&)) {
  if (a.size() != b.size()) return false;
  auto left = sorted_entries(a), right = sorted_entries(b);
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i]->first != right[i]->first || !same(left[i]->second, right[i]->second)) return false;
  }
  return true;
}

Comparison to_comparison(int c) { return static_cast<Comparison>(c); }

// As Neo4j, where < of maps follows their order; the first pair of values that differs or cannot be compared decides.
Comparison compare_maps(const Map& a, const Map& b) {
  if (int c = three_way(a.size(), b.size())) return to_comparison(c);
  auto left = sorted_entries(a), right = sorted_entries(b);
  for (size_t i = 0; i < left.size(); ++i) {
    if (int c = three_way(std::string_view(left[i]->first), std::string_view(right[i]->first))) return to_comparison(c);
  }
  for (size_t i = 0; i < left.size(); ++i) {
    Comparison c = compare(left[i]->second, right[i]->second);
    if (c != Comparison::kEqual) return c;
  }
  return Comparison::kEqual;
}

Comparison compare_lists(const List& a, const List& b) {
  size_t n = std::min(a.size(), b.size());
  for (size_t i = 0; i < n; ++i) {
    if (a[i].is_null() && b[i].is_null()) return Comparison::kNull;
    Comparison c = compare(a[i], b[i]);
    if (c == Comparison::kNull && compare_equal(a[i], b[i]) == 1) continue;
    if (c != Comparison::kEqual) return c;
  }
  return to_comparison(three_way(a.size(), b.size()));
}

uint64_t mix(uint64_t h, uint64_t v) { return (h ^ v) * 0x9E3779B97F4A7C15ull + (h >> 29); }

uint64_t hash_float(double d) {
  if (std::isnan(d)) return 0x7ff8;
  if (d >= -9223372036854775808.0 && d < 9223372036854775808.0) {
    auto whole = static_cast<int64_t>(d);
    if (static_cast<double>(whole) == d) return mix(1, static_cast<uint64_t>(whole));
  }
  uint64_t bits;
  std::memcpy(&bits, &d, sizeof(bits));
  return mix(2, bits);
}

uint64_t hash_path(const Path& path) {
  uint64_t h = 11;
  for (NodeId id : path.nodes) h = mix(h, id);
  for (RelationshipId id : path.relationships) h = mix(h, id);
  return h;
}

uint64_t hash_map(const Map& map) {
  uint64_t h = 13;  // a sum: the order of the entries does not matter
  for (const auto& [key, value] : map) h += mix(checksum64(key), hash_equivalent(value));
  return h;
}

}  // namespace

int order_rank(ValueType t) {
  switch (t) {
    case ValueType::kMap: return 1;
    case ValueType::kNode: return 2;
    case ValueType::kRelationship: return 3;
    case ValueType::kList: return 4;
    case ValueType::kPath: return 5;
    case ValueType::kBytes: return 6;
    case ValueType::kPoint: return 7;
    case ValueType::kDateTime: return 8;
    case ValueType::kLocalDateTime: return 9;
    case ValueType::kDate: return 10;
    case ValueType::kTime: return 11;
    case ValueType::kLocalTime: return 12;
    case ValueType::kDuration: return 13;
    case ValueType::kString: return 14;
    case ValueType::kBoolean: return 15;
    case ValueType::kInteger:
    case ValueType::kFloat: return 16;
    case ValueType::kNull: return 17;
  }
  return 0;
}

__int128 average_seconds(const Duration& d) {
  constexpr int64_t kSecondsPerMonth = 2'629'746;  // 365.2425 days / 12
  return static_cast<__int128>(d.months) * kSecondsPerMonth + static_cast<__int128>(d.days) * 86'400 + d.seconds;
}

bool is_flat(uint32_t srid) { return srid == 7203 || srid == 4326; }

bool identical(const Value& a, const Value& b) {
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case ValueType::kFloat:
      return same_bits(a.as_float(), b.as_float()) || (is_nan(a) && is_nan(b));
    case ValueType::kList: return same_lists(a.as_list(), b.as_list(), identical);
    case ValueType::kMap: return same_maps(a.as_map(), b.as_map(), identical);
    case ValueType::kDuration: return a.as_duration() == b.as_duration();
    case ValueType::kPoint: {
      Point p = a.as_point(), q = b.as_point();
      return p.srid == q.srid && same_bits(p.x, q.x) && same_bits(p.y, q.y) && same_bits(p.z, q.z);
    }
    default: return order_same_rank(a, b) == 0;
  }
}

bool equivalent(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return order_numbers(a, b) == 0;
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case ValueType::kList: return same_lists(a.as_list(), b.as_list(), equivalent);
    case ValueType::kMap: return same_maps(a.as_map(), b.as_map(), equivalent);
    default: return order_same_rank(a, b) == 0;
  }
}

uint64_t hash_equivalent(const Value& v) {
  switch (v.type()) {
    case ValueType::kNull: return 0x6e;
    case ValueType::kBoolean: return v.as_boolean() ? 0x747275 : 0x66616c;
    case ValueType::kInteger: return mix(1, static_cast<uint64_t>(v.as_integer()));
    case ValueType::kFloat: return hash_float(v.as_float());
    case ValueType::kString: return checksum64(v.as_string());
    case ValueType::kBytes: return checksum64(v.as_bytes(), 1);
    case ValueType::kList: {
      uint64_t h = 7;
      for (const Value& item : v.as_list()) h = mix(h, hash_equivalent(item));
      return h;
    }
    case ValueType::kMap: return hash_map(v.as_map());
    case ValueType::kNode: return mix(3, v.as_node());
    case ValueType::kRelationship: return mix(5, v.as_relationship());
    case ValueType::kPath: return hash_path(v.as_path());
    case ValueType::kDate: return mix(17, static_cast<uint64_t>(v.as_date().days));
    case ValueType::kLocalTime: return mix(19, static_cast<uint64_t>(v.as_local_time().nanos));
    case ValueType::kTime:
      return mix(mix(23, static_cast<uint64_t>(v.as_time().nanos)), static_cast<uint64_t>(v.as_time().offset_seconds));
    case ValueType::kLocalDateTime: {
      LocalDateTime t = v.as_local_date_time();
      return mix(mix(29, static_cast<uint64_t>(t.seconds)), static_cast<uint64_t>(t.nanos));
    }
    case ValueType::kDateTime: {
      const DateTime& t = v.as_date_time();
      return mix(mix(31, static_cast<uint64_t>(t.seconds)), static_cast<uint64_t>(t.nanos)) + checksum64(t.zone);
    }
    case ValueType::kDuration: {
      Duration d = v.as_duration();
      return mix(mix(37, static_cast<uint64_t>(d.months)), mix(static_cast<uint64_t>(d.days), static_cast<uint64_t>(d.seconds)));
    }
    case ValueType::kPoint: {
      Point p = v.as_point();
      return mix(mix(p.srid, hash_float(p.x)), hash_float(p.y));
    }
  }
  return 0;
}

int compare_order(const Value& a, const Value& b) {
  int left = order_rank(a.type()), right = order_rank(b.type());
  return left != right ? three_way(left, right) : order_same_rank(a, b);
}

int compare_equal(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return -1;
  if (a.is_number() && b.is_number()) {
    if (is_nan(a) || is_nan(b)) return 0;
    return order_numbers(a, b) == 0 ? 1 : 0;
  }
  if (a.type() != b.type()) return 0;
  switch (a.type()) {
    case ValueType::kList: return equal_lists(a.as_list(), b.as_list());
    case ValueType::kMap: return equal_maps(a.as_map(), b.as_map());
    case ValueType::kPoint: return equal_points(a.as_point(), b.as_point()) ? 1 : 0;
    default: return order_same_rank(a, b) == 0 ? 1 : 0;
  }
}

Comparison compare(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return Comparison::kNull;
  if (a.is_number() && b.is_number()) {
    if (is_nan(a) || is_nan(b)) return Comparison::kUnordered;
    return to_comparison(order_numbers(a, b));
  }
  if (a.type() != b.type()) return Comparison::kNull;
  switch (a.type()) {
    case ValueType::kList: return compare_lists(a.as_list(), b.as_list());
    case ValueType::kMap: return compare_maps(a.as_map(), b.as_map());
    case ValueType::kNode:
    case ValueType::kRelationship:
    case ValueType::kPath:
    case ValueType::kPoint:
    case ValueType::kDuration: return compare_equal(a, b) == 1 ? Comparison::kEqual : Comparison::kNull;
    default: return to_comparison(order_same_rank(a, b));
  }
}

}  // namespace graft::graph
