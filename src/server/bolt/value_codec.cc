#include "server/bolt/value_codec.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "cypher/functions/temporal_zone.h"
#include "graph/calendar.h"
#include "graph/element_id.h"
#include "graph/virtual_entity.h"

namespace graft::server {
namespace {

using graph::Value;
using graph::ValueType;

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kNanosPerDay = 86'400 * kNanosPerSecond;
constexpr int32_t kLongestOffset = 18 * 3600;
constexpr int64_t kSecondsPerDay = 86'400;

Error malformed(std::string message) { return Error{ErrorCode::kRequestInvalid, std::move(message)}; }

// ---- writing ----

class Encoder {
 public:
  Encoder(const ValueFormat& format, const graph::GraphView* view, PackWriter* out)
      : format_(format), view_(view), out_(*out) {}

  void write(const Value& v) {
    switch (v.type()) {
      case ValueType::kNull: return out_.null();
      case ValueType::kBoolean: return out_.boolean(v.as_boolean());
      case ValueType::kInteger: return out_.integer(v.as_integer());
      case ValueType::kFloat: return out_.floating(v.as_float());
      case ValueType::kString: return out_.string(v.as_string());
      case ValueType::kBytes: return out_.bytes(v.as_bytes());
      case ValueType::kList:
        out_.list_header(v.as_list().size());
        for (const Value& item : v.as_list()) write(item);
        return;
      case ValueType::kMap:
        out_.map_header(v.as_map().size());
        for (const auto& [key, item] : v.as_map()) {
          out_.string(key);
          write(item);
        }
        return;
      case ValueType::kNode: return node(v.as_node());
      case ValueType::kRelationship: return relationship(v.as_relationship());
      case ValueType::kPath: return path(v.as_path());
      case ValueType::kPoint: return point(v.as_point());
      default: return temporal(v);
    }
  }

 private:
  void properties(const graph::PropertyList& list) {
    out_.map_header(list.size());
    for (const auto& [key, value] : list) {
      out_.string(view_->catalog().property_key_name(key));
      write(value);
    }
  }

  void texts(std::string_view key, const std::vector<std::string>& items) {
    out_.string(key);
    out_.list_header(items.size());
    for (const std::string& item : items) out_.string(item);
  }

  // "" when the query itself has dropped it since.
  const std::string& token_name(bool of_type, uint32_t token) {
    const graph::Catalog& catalog = view_->catalog();
    if (names_ == nullptr) names_ = std::make_unique<TokenNames>();
    std::unordered_map<uint32_t, std::string>& names = of_type ? names_->types : names_->labels;
    if (names.empty()) {
      for (const std::string& name : of_type ? catalog.types() : catalog.labels()) names.emplace(of_type ? *catalog.type(name) : *catalog.label(name), name);
    }
    return names[token];
  }

  // A label: its name, the keys of its indexes, the names of its constraints.
  void virtual_node(graph::NodeId id) {
    const graph::Catalog& catalog = view_->catalog();
    const graph::LabelId label = graph::virtual_label(id);
    std::vector<std::string> indexes, constraints;
    for (const auto& c : catalog.constraints()) {
      if (c.entity == graph::EntityKind::kNode && c.label_or_type == label) constraints.push_back(c.name);
    }
    for (const auto& i : catalog.indexes()) {
      const bool owned = std::any_of(catalog.constraints().begin(), catalog.constraints().end(), [&](const auto& c) { return c.backing_index == i.id; });
      if (owned || i.entity != graph::EntityKind::kNode || std::find(i.labels_or_types.begin(), i.labels_or_types.end(), label) == i.labels_or_types.end()) continue;
      std::string keys;
      for (graph::PropertyKeyId key : i.keys) keys += (keys.empty() ? "" : ",") + catalog.property_key_name(key);
      indexes.push_back(keys);
    }
    out_.structure_header(format_.element_ids ? 4 : 3, 'N');
    out_.integer(static_cast<int64_t>(id));
    out_.list_header(1);
    out_.string(token_name(false, label));
    out_.map_header(3);
    out_.entry("name", token_name(false, label));
    texts("indexes", indexes);
    texts("constraints", constraints);
    if (format_.element_ids) out_.string(std::to_string(static_cast<int64_t>(id)));
  }

  void virtual_relationship(graph::RelationshipId id) {
    const graph::VirtualRelationship r = graph::virtual_relationship_of(id);
    const std::string& type = token_name(true, r.type);
    out_.structure_header(format_.element_ids ? 8 : 5, 'R');
    const int64_t ids[] = {static_cast<int64_t>(id), static_cast<int64_t>(graph::virtual_node(r.start)), static_cast<int64_t>(graph::virtual_node(r.end))};
    for (int64_t part : ids) out_.integer(part);
    out_.string(type);
    out_.map_header(1);
    out_.entry("name", type);
    for (int64_t part : ids) {
      if (format_.element_ids) out_.string(std::to_string(part));
    }
  }

  void node(graph::NodeId id) {
    if (view_ != nullptr && graph::is_virtual(id)) return virtual_node(id);
    out_.structure_header(format_.element_ids ? 4 : 3, 'N');
    out_.integer(static_cast<int64_t>(id));
    if (view_ != nullptr && view_->node_exists(id)) {
      const std::vector<graph::LabelId> labels = view_->labels(id);
      out_.list_header(labels.size());
      for (graph::LabelId label : labels) out_.string(view_->catalog().label_name(label));
      properties(view_->node_properties(id));
    } else {
      out_.list_header(0);
      out_.map_header(0);
    }
    if (format_.element_ids) out_.string(graph::node_element_id(id));
  }

  graph::RelationshipRecord record(graph::RelationshipId id) const {
    return view_ == nullptr ? graph::RelationshipRecord{} : view_->relationship(id);
  }

  void type_and_properties(graph::RelationshipId id, const graph::RelationshipRecord& r) {
    if (r.type == graph::kNoToken) {
      out_.string("");
      out_.map_header(0);
    } else {
      out_.string(view_->catalog().type_name(r.type));
      properties(view_->relationship_properties(id));
    }
  }

  void relationship(graph::RelationshipId id) {
    if (view_ != nullptr && graph::is_virtual(id)) return virtual_relationship(id);
    const graph::RelationshipRecord r = record(id);
    out_.structure_header(format_.element_ids ? 8 : 5, 'R');
    out_.integer(static_cast<int64_t>(id));
    out_.integer(static_cast<int64_t>(r.start));
    out_.integer(static_cast<int64_t>(r.end));
    type_and_properties(id, r);
    if (format_.element_ids) {
      out_.string(graph::relationship_element_id(id));
      out_.string(graph::node_element_id(r.start));
      out_.string(graph::node_element_id(r.end));
    }
  }

  void unbound_relationship(graph::RelationshipId id, const graph::RelationshipRecord& r) {
    out_.structure_header(format_.element_ids ? 4 : 3, 'r');
    out_.integer(static_cast<int64_t>(id));
    type_and_properties(id, r);
    if (format_.element_ids) out_.string(graph::relationship_element_id(id));
  }

  // Distinct nodes, distinct relationships, then the walk as indices into them: relationships from 1, negative when
  // walked against their direction; nodes from 0, the first one left out.
  void path(const graph::Path& p) {
    std::vector<graph::NodeId> nodes;
    std::vector<graph::RelationshipId> relationships;
    std::unordered_map<uint64_t, size_t> node_index, relationship_index;
    auto index_of = [](auto& index, auto& list, uint64_t id) {
      const auto [at, added] = index.try_emplace(id, list.size());
      if (added) list.push_back(id);
      return at->second;
    };
    std::vector<int64_t> walk;
    if (!p.nodes.empty()) index_of(node_index, nodes, p.nodes.front());
    std::vector<graph::RelationshipRecord> records;
    for (size_t i = 0; i < p.relationships.size() && i + 1 < p.nodes.size(); ++i) {
      const auto at = static_cast<int64_t>(index_of(relationship_index, relationships, p.relationships[i]));
      if (records.size() < relationships.size()) records.push_back(record(p.relationships[i]));
      const bool forwards = records[static_cast<size_t>(at)].start == p.nodes[i];
      walk.push_back(forwards ? at + 1 : -(at + 1));
      walk.push_back(static_cast<int64_t>(index_of(node_index, nodes, p.nodes[i + 1])));
    }
    out_.structure_header(3, 'P');
    out_.list_header(nodes.size());
    for (graph::NodeId id : nodes) node(id);
    out_.list_header(relationships.size());
    for (size_t i = 0; i < relationships.size(); ++i) unbound_relationship(relationships[i], records[i]);
    out_.list_header(walk.size());
    for (int64_t i : walk) out_.integer(i);
  }

  void point(const graph::Point& p) {
    const bool three = p.srid == 9157 || p.srid == 4979;
    out_.structure_header(three ? 4 : 3, three ? 'Y' : 'X');
    out_.integer(p.srid);
    out_.floating(p.x);
    out_.floating(p.y);
    if (three) out_.floating(p.z);
  }

  void date_time(const graph::DateTime& t) {
    const int64_t seconds = format_.utc_date_times ? t.seconds : t.seconds + t.offset_seconds;
    const bool zoned = !t.zone.empty();
    const uint8_t tag = format_.utc_date_times ? (zoned ? 'i' : 'I') : (zoned ? 'f' : 'F');
    out_.structure_header(3, tag);
    out_.integer(seconds);
    out_.integer(t.nanos);
    if (zoned) {
      out_.string(t.zone);
    } else {
      out_.integer(t.offset_seconds);
    }
  }

  void temporal(const Value& v) {
    switch (v.type()) {
      case ValueType::kDate:
        out_.structure_header(1, 'D');
        return out_.integer(v.as_date().days);
      case ValueType::kLocalTime:
        out_.structure_header(1, 't');
        return out_.integer(v.as_local_time().nanos);
      case ValueType::kTime:
        out_.structure_header(2, 'T');
        out_.integer(v.as_time().nanos);
        return out_.integer(v.as_time().offset_seconds);
      case ValueType::kLocalDateTime:
        out_.structure_header(2, 'd');
        out_.integer(v.as_local_date_time().seconds);
        return out_.integer(v.as_local_date_time().nanos);
      case ValueType::kDateTime: return date_time(v.as_date_time());
      case ValueType::kDuration: {
        const graph::Duration d = v.as_duration();
        out_.structure_header(4, 'E');
        out_.integer(d.months);
        out_.integer(d.days);
        out_.integer(d.seconds);
        return out_.integer(d.nanos);
      }
      default: GRAFT_CHECK(false);
    }
  }

  const ValueFormat& format_;
  const graph::GraphView* view_;
  PackWriter& out_;
  struct TokenNames {
    std::unordered_map<uint32_t, std::string> labels, types;
  };
  std::unique_ptr<TokenNames> names_;  // made when a virtual entity is written
};

// ---- reading ----

class Decoder {
 public:
  Decoder(PackReader* in, DecodeLimits* limits) : in_(*in), limits_(*limits) {}

  Result<Value> read() {
    if (limits_.values == 0) return malformed("The message holds too many values.");
    --limits_.values;
    const PackItem item = in_.next();
    switch (item.type) {
      case PackType::kNull: return Value();
      case PackType::kBoolean: return Value::boolean(item.boolean);
      case PackType::kInteger: return Value::integer(item.integer);
      case PackType::kFloat: return Value::floating(item.floating);
      case PackType::kString:
        if (!is_valid_utf8(item.text)) return malformed("The message holds text that is not valid UTF-8.");
        return Value::string(item.text);
      case PackType::kBytes: return Value::bytes(item.text);
      case PackType::kInvalid: return malformed("The message is malformed: it ends too early or holds an unknown marker.");
      default: break;
    }
    if (limits_.depth == 0) return malformed("The message's values are nested too deeply.");
    --limits_.depth;
    Result<Value> value = item.type == PackType::kList  ? list(item.size)
                          : item.type == PackType::kMap ? map(item.size)
                                                        : structure(item);
    ++limits_.depth;
    return value;
  }

 private:
  Result<Value> list(uint32_t size) {
    graph::List items;
    items.reserve(std::min(size, limits_.values));
    for (uint32_t i = 0; i < size; ++i) {
      GRAFT_TRY_ASSIGN(Value item, read());
      items.push_back(std::move(item));
    }
    return Value::list(std::move(items));
  }

  Result<Value> map(uint32_t size) {
    graph::Map entries;
    entries.reserve(std::min(size, limits_.values));
    std::unordered_set<std::string_view> seen;
    for (uint32_t i = 0; i < size; ++i) {
      const PackItem key = in_.next();
      if (key.type != PackType::kString) return malformed("The message is malformed: a map key is not text.");
      if (!is_valid_utf8(key.text)) return malformed("The message holds a map key that is not valid UTF-8.");
      if (!seen.insert(key.text).second) return malformed(fmt::format("The message repeats the map key '{}'.", key.text));
      GRAFT_TRY_ASSIGN(Value item, read());
      entries.emplace_back(key.text, std::move(item));
    }
    return Value::map(std::move(entries));
  }

  // The fields of a structure that are integers, floats or, where text is not null, one string at the end.
  Result<Value> structure(const PackItem& item) {
    std::vector<PackItem> fields;
    for (uint32_t i = 0; i < item.size; ++i) {
      fields.push_back(in_.next());
      const PackType type = fields.back().type;
      if (type != PackType::kInteger && type != PackType::kFloat && type != PackType::kString) {
        return type == PackType::kInvalid ? malformed("The message is malformed: a structure ends too early.") : not_allowed(item.tag);
      }
    }
    switch (item.tag) {
      case 'D':
      case 't': return one_number(item.tag, fields);
      case 'T':
      case 'd': return two_numbers(item.tag, fields);
      case 'I':
      case 'F': return offset_date_time(item.tag == 'I', fields);
      case 'i':
      case 'f': return zoned_date_time(item.tag == 'i', fields);
      case 'E': return duration(fields);
      case 'X':
      case 'Y': return point(item.tag, fields);
      default: return not_allowed(item.tag);
    }
  }

  static Error not_allowed(uint8_t tag) {
    if (tag == 'N' || tag == 'R' || tag == 'r' || tag == 'P') {
      return malformed("A node, relationship or path cannot be a parameter: pass its element id or its properties.");
    }
    return malformed(fmt::format("The message holds a structure of unknown kind (tag 0x{:02X}).", tag));
  }

  static bool integers(const std::vector<PackItem>& fields, size_t count) {
    if (fields.size() < count) return false;
    for (size_t i = 0; i < count; ++i) {
      if (fields[i].type != PackType::kInteger) return false;
    }
    return true;
  }

  static bool in_range(int64_t v, int64_t low, int64_t high) { return v >= low && v <= high; }
  static Error bad_temporal() { return malformed("A temporal value is malformed or out of range."); }

  static Result<Value> one_number(uint8_t tag, const std::vector<PackItem>& f) {
    if (f.size() != 1 || !integers(f, 1)) return bad_temporal();
    if (tag == 'D') {
      if (!in_range(f[0].integer, first_day(), last_day())) return bad_temporal();
      return Value::date({f[0].integer});
    }
    if (!in_range(f[0].integer, 0, kNanosPerDay - 1)) return bad_temporal();
    return Value::local_time({f[0].integer});
  }

  static Result<Value> two_numbers(uint8_t tag, const std::vector<PackItem>& f) {
    if (f.size() != 2 || !integers(f, 2)) return bad_temporal();
    if (tag == 'T') {
      if (!in_range(f[0].integer, 0, kNanosPerDay - 1) || !in_range(f[1].integer, -kLongestOffset, kLongestOffset)) return bad_temporal();
      return Value::time({f[0].integer, static_cast<int32_t>(f[1].integer)});
    }
    if (!valid_moment(f[0].integer, f[1].integer)) return bad_temporal();
    return Value::local_date_time({f[0].integer, static_cast<int32_t>(f[1].integer)});
  }

  // Of the years that there are.
  static int64_t first_day() { return graph::days_from_civil(-graph::kMaxYear, 1, 1); }
  static int64_t last_day() { return graph::days_from_civil(graph::kMaxYear, 12, 31); }
  static bool valid_moment(int64_t local_seconds, int64_t nanos) {
    return in_range(local_seconds, first_day() * kSecondsPerDay, (last_day() + 1) * kSecondsPerDay - 1) && in_range(nanos, 0, kNanosPerSecond - 1);
  }

  static Result<Value> offset_date_time(bool utc, const std::vector<PackItem>& f) {
    if (f.size() != 3 || !integers(f, 3) || !valid_moment(f[0].integer, f[1].integer) ||
        !in_range(f[2].integer, -kLongestOffset, kLongestOffset)) {
      return bad_temporal();
    }
    const auto offset = static_cast<int32_t>(f[2].integer);
    if (utc && !valid_moment(f[0].integer + offset, 0)) return bad_temporal();
    const int64_t seconds = utc ? f[0].integer : f[0].integer - offset;
    return Value::date_time({seconds, static_cast<int32_t>(f[1].integer), offset, ""});
  }

  static Result<Value> zoned_date_time(bool utc, const std::vector<PackItem>& f) {
    if (f.size() != 3 || !integers(f, 2) || f[2].type != PackType::kString || !valid_moment(f[0].integer, f[1].integer)) {
      return bad_temporal();
    }
    const std::optional<int32_t> offset =
        utc ? cypher::named_offset_at_instant(f[2].text, f[0].integer) : cypher::named_offset_at_local(f[2].text, f[0].integer);
    if (!offset) return malformed("A date-time names a time zone that is not known here.");
    if (utc && !valid_moment(f[0].integer + *offset, 0)) return bad_temporal();
    const int64_t seconds = utc ? f[0].integer : f[0].integer - *offset;
    return Value::date_time({seconds, static_cast<int32_t>(f[1].integer), *offset, std::string(f[2].text)});
  }

  static Result<Value> duration(const std::vector<PackItem>& f) {
    if (f.size() != 4 || !integers(f, 4) || !in_range(f[3].integer, -kNanosPerSecond + 1, kNanosPerSecond - 1)) return bad_temporal();
    graph::Duration d{f[0].integer, f[1].integer, f[2].integer, static_cast<int32_t>(f[3].integer)};
    if (d.nanos < 0) {  // nanoseconds always count forwards
      if (d.seconds == INT64_MIN) return bad_temporal();
      d.seconds -= 1;
      d.nanos += static_cast<int32_t>(kNanosPerSecond);
    }
    return Value::duration(d);
  }

  static Result<Value> point(uint8_t tag, const std::vector<PackItem>& f) {
    const size_t dimensions = tag == 'X' ? 2 : 3;
    if (f.size() != dimensions + 1 || f[0].type != PackType::kInteger) return malformed("A point is malformed.");
    double coordinates[3] = {0, 0, 0};
    for (size_t i = 0; i < dimensions; ++i) {
      if (f[i + 1].type != PackType::kFloat) return malformed("A point's coordinate is not a float.");
      coordinates[i] = f[i + 1].floating;
    }
    const int64_t srid = f[0].integer;
    const bool known = dimensions == 2 ? srid == 7203 || srid == 4326 : srid == 9157 || srid == 4979;
    if (!known) return malformed(fmt::format("A point's spatial reference {} is not known.", srid));
    return Value::point({static_cast<uint32_t>(srid), coordinates[0], coordinates[1], coordinates[2]});
  }

  PackReader& in_;
  DecodeLimits& limits_;
};

}  // namespace

void encode_value(const Value& value, const ValueFormat& format, const graph::GraphView* view, PackWriter* out) {
  Encoder(format, view, out).write(value);
}

Result<Value> decode_value(PackReader* in, DecodeLimits* limits) { return Decoder(in, limits).read(); }

}  // namespace graft::server
