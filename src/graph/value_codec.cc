#include "base/codec.h"
#include "graph/value.h"

namespace graft::graph {

namespace {

void put(const Value& v, ByteWriter& w);

void put_path(const Path& path, ByteWriter& w) {
  w.varint(path.relationships.size());
  for (size_t i = 0; i < path.nodes.size(); ++i) {
    w.varint(path.nodes[i]);
    if (i < path.relationships.size()) w.varint(path.relationships[i]);
  }
}

void put_map(const Map& map, ByteWriter& w) {
  w.varint(map.size());
  for (const auto& [key, value] : map) {
    w.bytes(key);
    put(value, w);
  }
}

void put_date_time(const DateTime& t, ByteWriter& w) {
  w.zigzag(t.seconds);
  w.zigzag(t.nanos);
  w.zigzag(t.offset_seconds);
  w.bytes(t.zone);
}

void put_duration(const Duration& d, ByteWriter& w) {
  w.zigzag(d.months);
  w.zigzag(d.days);
  w.zigzag(d.seconds);
  w.zigzag(d.nanos);
}

void put_point(const Point& p, ByteWriter& w) {
  w.varint(p.srid);
  w.f64(p.x);
  w.f64(p.y);
  w.f64(p.z);
}

void put_content(const Value& v, ByteWriter& w) {
  switch (v.type()) {
    case ValueType::kNull: return;
    case ValueType::kBoolean: return w.u8(v.as_boolean() ? 1 : 0);
    case ValueType::kInteger: return w.zigzag(v.as_integer());
    case ValueType::kFloat: return w.f64(v.as_float());
    case ValueType::kString: return w.bytes(v.as_string());
    case ValueType::kBytes: return w.bytes(v.as_bytes());
    case ValueType::kList:
      w.varint(v.as_list().size());
      for (const Value& item : v.as_list()) put(item, w);
      return;
    case ValueType::kMap: return put_map(v.as_map(), w);
    case ValueType::kNode: return w.varint(v.as_node());
    case ValueType::kRelationship: return w.varint(v.as_relationship());
    case ValueType::kPath: return put_path(v.as_path(), w);
    case ValueType::kDate: return w.zigzag(v.as_date().days);
    case ValueType::kLocalTime: return w.zigzag(v.as_local_time().nanos);
    case ValueType::kTime:
      w.zigzag(v.as_time().nanos);
      return w.zigzag(v.as_time().offset_seconds);
    case ValueType::kLocalDateTime:
      w.zigzag(v.as_local_date_time().seconds);
      return w.zigzag(v.as_local_date_time().nanos);
    case ValueType::kDateTime: return put_date_time(v.as_date_time(), w);
    case ValueType::kDuration: return put_duration(v.as_duration(), w);
    case ValueType::kPoint: return put_point(v.as_point(), w);
  }
}

void put(const Value& v, ByteWriter& w) {
  w.u8(static_cast<uint8_t>(v.type()));
  put_content(v, w);
}

// Reads one value; r.ok() turns false on anything that encode_value cannot have written.
class Decoder {
 public:
  explicit Decoder(std::string_view in) : r_(in) {}
  bool ok() const { return r_.ok(); }
  size_t remaining() const { return r_.remaining(); }

  Value value(uint32_t depth) {
    auto type = static_cast<ValueType>(r_.u8());
    switch (type) {
      case ValueType::kNull: return {};
      case ValueType::kBoolean: return Value::boolean(ranged(r_.u8(), 0, 1) != 0);
      case ValueType::kInteger: return Value::integer(r_.zigzag());
      case ValueType::kFloat: return Value::floating(r_.f64());
      case ValueType::kString: return Value::string(r_.bytes());
      case ValueType::kBytes: return Value::bytes(r_.bytes());
      case ValueType::kList: return list(depth + 1);
      case ValueType::kMap: return map(depth + 1);
      case ValueType::kNode: return Value::node(r_.varint());
      case ValueType::kRelationship: return Value::relationship(r_.varint());
      case ValueType::kPath: return path();
      case ValueType::kDate: return Value::date({r_.zigzag()});
      case ValueType::kLocalTime: return Value::local_time({ranged(r_.zigzag(), 0, kNanosPerDay - 1)});
      case ValueType::kTime: return time();
      case ValueType::kLocalDateTime: return local_date_time();
      case ValueType::kDateTime: return date_time();
      case ValueType::kDuration: return duration();
      case ValueType::kPoint: return point();
    }
    r_.fail();
    return {};
  }

 private:
  static constexpr int64_t kNanosPerDay = 86'400'000'000'000;
  static constexpr int64_t kMaxNanos = 999'999'999;

  int64_t ranged(int64_t v, int64_t low, int64_t high) {
    if (v < low || v > high) r_.fail();
    return v;
  }
  int32_t offset() { return static_cast<int32_t>(ranged(r_.zigzag(), -86'400, 86'400)); }
  int32_t nanos() { return static_cast<int32_t>(ranged(r_.zigzag(), 0, kMaxNanos)); }

  // How many items follow: each takes at least a byte, so a count beyond what is left is malformed.
  size_t count(uint32_t depth) {
    uint64_t n = r_.varint();
    if (n > r_.remaining() || depth > kMaxValueDepth) r_.fail();
    return r_.ok() ? n : 0;
  }
  Value list(uint32_t depth) {
    List items;
    size_t n = count(depth);
    items.reserve(n);
    for (size_t i = 0; i < n && r_.ok(); ++i) items.push_back(value(depth));
    return Value::list(std::move(items));
  }
  Value map(uint32_t depth) {
    Map entries;
    size_t n = count(depth);
    for (size_t i = 0; i < n && r_.ok(); ++i) {
      std::string key(r_.bytes());
      entries.emplace_back(std::move(key), value(depth));
    }
    return Value::map(std::move(entries));
  }
  Value path() {
    Path p;
    size_t n = count(0);
    for (size_t i = 0; i < n && r_.ok(); ++i) {
      p.nodes.push_back(r_.varint());
      p.relationships.push_back(r_.varint());
    }
    p.nodes.push_back(r_.varint());
    return Value::path(std::move(p));
  }
  Value time() {
    int64_t n = ranged(r_.zigzag(), 0, kNanosPerDay - 1);
    return Value::time({n, offset()});
  }
  Value local_date_time() {
    int64_t seconds = r_.zigzag();
    return Value::local_date_time({seconds, nanos()});
  }
  Value date_time() {
    DateTime t;
    t.seconds = r_.zigzag();
    t.nanos = nanos();
    t.offset_seconds = offset();
    t.zone = std::string(r_.bytes());
    return Value::date_time(std::move(t));
  }
  Value duration() {
    Duration d;
    d.months = r_.zigzag();
    d.days = r_.zigzag();
    d.seconds = r_.zigzag();
    d.nanos = nanos();
    return Value::duration(d);
  }
  Value point() {
    Point p;
    p.srid = static_cast<uint32_t>(ranged(static_cast<int64_t>(r_.varint()), 0, 0xFFFFFFFF));
    p.x = r_.f64();
    p.y = r_.f64();
    p.z = r_.f64();
    return Value::point(p);
  }

  ByteReader r_;
};

}  // namespace

void encode_value(const Value& v, std::string* out) {
  ByteWriter w(out);
  put(v, w);
}

bool decode_value(std::string_view* in, Value* out) {
  Decoder decoder(*in);
  Value v = decoder.value(0);
  if (!decoder.ok()) return false;
  in->remove_prefix(in->size() - decoder.remaining());
  *out = std::move(v);
  return true;
}

bool is_storable(const Value& v) {
  switch (v.type()) {
    case ValueType::kNull:
    case ValueType::kMap:
    case ValueType::kNode:
    case ValueType::kRelationship:
    case ValueType::kPath: return false;
    case ValueType::kList:
      for (const Value& item : v.as_list()) {
        bool scalar = item.type() != ValueType::kList && item.type() != ValueType::kBytes && is_storable(item);
        if (!scalar || item.type() != v.as_list().front().type()) return false;
      }
      return true;
    default: return true;
  }
}

}  // namespace graft::graph
