// Order-preserving keys. A key is a tag (the type's place in the global order) and a body; bodies are self-delimiting, so
// that the keys of a composite index can simply follow one another. Numbers of both kinds share one key space: the
// nearest double, ordered as bits, then how far the integer lies from it (both steps are monotone, so the order is exact).

#include <cmath>
#include <cstring>

#include "base/check.h"
#include "graph/value.h"
#include "graph/value_order.h"

namespace graft::graph {

namespace {

constexpr char kListEnd = 0x00;  // below every tag: a shorter list comes first
constexpr uint64_t kSign = uint64_t{1} << 63;

void put_big_endian(uint64_t v, int bytes, std::string* out) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) out->push_back(static_cast<char>(v >> shift));
}

void put_signed(int64_t v, std::string* out) { put_big_endian(static_cast<uint64_t>(v) ^ kSign, 8, out); }

void put_wide(__int128 v, std::string* out) {
  auto bits = static_cast<unsigned __int128>(v);
  put_big_endian(static_cast<uint64_t>(bits >> 64) ^ kSign, 8, out);
  put_big_endian(static_cast<uint64_t>(bits), 8, out);
}

void put_double(double d, std::string* out) {
  if (std::isnan(d)) return put_big_endian(~uint64_t{0}, 8, out);  // the greatest
  if (d == 0) d = 0;                                               // one zero
  uint64_t bits;
  std::memcpy(&bits, &d, sizeof(bits));
  put_big_endian((bits & kSign) != 0 ? ~bits : bits | kSign, 8, out);
}

void put_integer(int64_t i, std::string* out) {
  auto nearest = static_cast<double>(i);
  put_double(nearest, out);
  auto distance = static_cast<__int128>(i) - static_cast<__int128>(nearest);
  put_big_endian(static_cast<uint64_t>(static_cast<int64_t>(distance) + 0x8000), 2, out);
}

// A zero byte becomes 00 FF; the end is 00 01.
void put_escaped(std::string_view s, std::string* out) {
  for (char c : s) {
    out->push_back(c);
    if (c == 0) out->push_back(static_cast<char>(0xFF));
  }
}

void put_text(std::string_view s, std::string* out) {
  put_escaped(s, out);
  out->push_back(0);
  out->push_back(1);
}

void put_duration(const Duration& d, std::string* out) {
  put_wide(average_seconds(d), out);
  put_signed(d.nanos, out);
  put_signed(d.months, out);
  put_signed(d.days, out);
}

void put_date_time(const DateTime& t, std::string* out) {
  put_signed(t.seconds, out);
  put_signed(t.nanos, out);
  put_signed(t.offset_seconds, out);
  put_text(t.zone, out);
}

void put_point(const Point& p, std::string* out) {
  put_big_endian(p.srid, 4, out);
  put_double(p.x, out);
  put_double(p.y, out);
  put_double(p.z, out);
}

}  // namespace

void encode_index_key(const Value& v, std::string* out) {
  out->push_back(static_cast<char>(order_rank(v.type())));
  switch (v.type()) {
    case ValueType::kNull: return;
    case ValueType::kBoolean: out->push_back(v.as_boolean() ? 1 : 0); return;
    case ValueType::kInteger: return put_integer(v.as_integer(), out);
    case ValueType::kFloat:
      put_double(v.as_float(), out);
      put_big_endian(0x8000, 2, out);
      return;
    case ValueType::kString: return put_text(v.as_string(), out);
    case ValueType::kBytes: return put_text(v.as_bytes(), out);
    case ValueType::kList:
      for (const Value& item : v.as_list()) encode_index_key(item, out);
      out->push_back(kListEnd);
      return;
    case ValueType::kDate: return put_signed(v.as_date().days, out);
    case ValueType::kLocalTime: return put_signed(v.as_local_time().nanos, out);
    case ValueType::kTime: {
      Time t = v.as_time();
      put_signed(t.nanos - t.offset_seconds * int64_t{1'000'000'000}, out);
      return put_signed(t.offset_seconds, out);
    }
    case ValueType::kLocalDateTime:
      put_signed(v.as_local_date_time().seconds, out);
      return put_signed(v.as_local_date_time().nanos, out);
    case ValueType::kDateTime: return put_date_time(v.as_date_time(), out);
    case ValueType::kDuration: return put_duration(v.as_duration(), out);
    case ValueType::kPoint: return put_point(v.as_point(), out);
    case ValueType::kMap:
    case ValueType::kNode:
    case ValueType::kRelationship:
    case ValueType::kPath: GRAFT_CHECK(false);  // not storable
  }
}

void encode_index_string_prefix(std::string_view prefix, std::string* out) {
  out->push_back(static_cast<char>(order_rank(ValueType::kString)));
  put_escaped(prefix, out);
}

}  // namespace graft::graph
