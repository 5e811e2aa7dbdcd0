#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/ids.h"

namespace graft::graph {

class Value;
using List = std::vector<Value>;
// Keys in insertion order; keys are unique. Small maps dominate: lookup is linear up to 16 entries.
using Map = std::vector<std::pair<std::string, Value>>;

enum class ValueType : uint8_t {
  kNull, kBoolean, kInteger, kFloat, kString, kBytes, kList, kMap, kNode, kRelationship, kPath,
  kDate, kLocalTime, kTime, kLocalDateTime, kDateTime, kDuration, kPoint,
};

struct Date { int64_t days; bool operator==(const Date&) const = default; };                 // since 1970-01-01
struct LocalTime { int64_t nanos; bool operator==(const LocalTime&) const = default; };      // since midnight
struct Time { int64_t nanos; int32_t offset_seconds; bool operator==(const Time&) const = default; };  // local nanos
struct LocalDateTime { int64_t seconds; int32_t nanos; bool operator==(const LocalDateTime&) const = default; };  // local epoch
struct DateTime {      // an instant with the zone it is shown in
  int64_t seconds;     // UTC since 1970
  int32_t nanos;
  int32_t offset_seconds;
  std::string zone;    // IANA name, or empty when only the offset is known
  bool operator==(const DateTime&) const = default;
};
struct Duration { int64_t months, days, seconds; int32_t nanos; bool operator==(const Duration&) const = default; };
struct Point { uint32_t srid; double x, y, z; };  // srid 7203, 4326 (2 dimensions), 9157, 4979 (3)

struct Path {
  std::vector<NodeId> nodes;                   // one more than relationships
  std::vector<RelationshipId> relationships;   // in walking order; a relationship may be walked against its direction
};

inline constexpr uint32_t kMaxValueDepth = 1000;

// A Cypher value: 16 bytes, cheap to copy (heap parts are shared and immutable, counted atomically). Node,
// relationship and path values hold ids only: what they look like is read from the version at hand.
class Value {
 public:
  Value() = default;  // null
  Value(const Value& o);
  Value(Value&& o) noexcept : type_(o.type_), bits_(o.bits_) { o.type_ = ValueType::kNull; o.bits_ = 0; }
  Value& operator=(const Value& o);
  Value& operator=(Value&& o) noexcept { std::swap(type_, o.type_); std::swap(bits_, o.bits_); return *this; }
  ~Value() { if (on_heap()) release(); }

  static Value boolean(bool b) { return Value(ValueType::kBoolean, b); }
  static Value integer(int64_t i) { return Value(ValueType::kInteger, static_cast<uint64_t>(i)); }
  static Value floating(double d);
  static Value string(std::string_view s);
  static Value bytes(std::string_view b);
  static Value list(List l);
  static Value map(Map m);
  static Value node(NodeId id) { return Value(ValueType::kNode, id); }
  static Value relationship(RelationshipId id) { return Value(ValueType::kRelationship, id); }
  static Value path(Path p);
  static Value date(Date d) { return Value(ValueType::kDate, static_cast<uint64_t>(d.days)); }
  static Value local_time(LocalTime t) { return Value(ValueType::kLocalTime, static_cast<uint64_t>(t.nanos)); }
  static Value time(Time t);
  static Value local_date_time(LocalDateTime t);
  static Value date_time(DateTime t);
  static Value duration(Duration d);
  static Value point(Point p);

  ValueType type() const { return type_; }
  bool is_null() const { return type_ == ValueType::kNull; }
  bool is_number() const { return type_ == ValueType::kInteger || type_ == ValueType::kFloat; }

  // The caller has looked at type(); a wrong type is a CHECK.
  bool as_boolean() const;
  int64_t as_integer() const;
  double as_float() const;
  double as_number() const;  // integer or float
  std::string_view as_string() const;
  std::string_view as_bytes() const;
  const List& as_list() const;
  const Map& as_map() const;
  NodeId as_node() const;
  RelationshipId as_relationship() const;
  const Path& as_path() const;
  Date as_date() const;
  LocalTime as_local_time() const;
  Time as_time() const;
  LocalDateTime as_local_date_time() const;
  const DateTime& as_date_time() const;
  Duration as_duration() const;
  Point as_point() const;

  const Value* find(std::string_view key) const;  // map entry or null

  // Nesting of lists and maps: 0 for anything else, 1 for [1], 2 for [[1]]. Functions here recurse this deep: whoever
  // builds values from outside (a query, a client) refuses more than kMaxValueDepth. O(1).
  uint32_t depth() const;
  // About what the value occupies beyond its own 16 bytes; shared parts count fully. Lists and maps are walked one level.
  size_t heap_bytes() const;

 private:
  struct Heap;
  template <class T> struct HeapOf;
  Value(ValueType t, uint64_t bits) : type_(t), bits_(bits) {}
  struct TextHeap;
  static constexpr uint32_t kHeapTypes =  // a bit per ValueType
      1u << static_cast<int>(ValueType::kString) | 1u << static_cast<int>(ValueType::kBytes) |
      1u << static_cast<int>(ValueType::kList) | 1u << static_cast<int>(ValueType::kMap) |
      1u << static_cast<int>(ValueType::kPath) | 1u << static_cast<int>(ValueType::kTime) |
      1u << static_cast<int>(ValueType::kLocalDateTime) | 1u << static_cast<int>(ValueType::kDateTime) |
      1u << static_cast<int>(ValueType::kDuration) | 1u << static_cast<int>(ValueType::kPoint);
  bool on_heap() const { return (kHeapTypes >> static_cast<int>(type_)) & 1; }
  static Value text(ValueType t, std::string_view s);
  std::string_view text() const;
  void release();
  template <class T> static Value make(ValueType t, T v, uint32_t depth = 0);
  template <class T> const T& heap(ValueType t) const;

  ValueType type_ = ValueType::kNull;
  uint64_t bits_ = 0;  // the value itself, a double's bits, or Heap*
};

// Bit-for-bit sameness of type and content (1 and 1.0 differ; NaN equals NaN). What storage and tests use.
bool identical(const Value& a, const Value& b);

// Cypher's equivalence (DISTINCT, grouping, set membership in keys): null equals null, NaN equals NaN, 1 equals 1.0.
bool equivalent(const Value& a, const Value& b);
uint64_t hash_equivalent(const Value& v);

// Cypher's global sort order over all types (orderability); null last, ascending. -1, 0, 1.
int compare_order(const Value& a, const Value& b);

// Cypher's `=`: 1 true, 0 false, -1 null (unknown).
int compare_equal(const Value& a, const Value& b);

enum class Comparison : int8_t { kLess = -1, kEqual = 0, kGreater = 1, kUnordered = 2 /* NaN: all false */, kNull = 3 };
// Cypher's `<` and its kin (comparability).
Comparison compare(const Value& a, const Value& b);

// True for what a property may hold: scalars, temporals, points, bytes, and lists of one such type without nulls.
bool is_storable(const Value& v);

// Self-describing binary form, the same on every machine: change sets, long values, spill files. decode is safe on any input.
void encode_value(const Value& v, std::string* out);
bool decode_value(std::string_view* in, Value* out);  // false: malformed

// Order-preserving byte keys for indexes: compare_order(a, b) < 0  <=>  key(a) < key(b) for storable values.
void encode_index_key(const Value& v, std::string* out);
// The bytes with which the index keys of all strings that start with `prefix`, and of no others, begin.
void encode_index_string_prefix(std::string_view prefix, std::string* out);

// As Cypher writes it ('text', [1, 2], {a: 1}, 2020-01-01): messages, EXPLAIN, shell. Entities print as (id), [id].
std::string to_text(const Value& v);
std::string_view type_name(ValueType t);  // "Integer", "String", ...; as in error messages

}  // namespace graft::graph
