// Functions on entities and single values.
#include <algorithm>
#include <set>
#include <string>

#include <fmt/core.h>

#include "cypher/functions/entities.h"
#include "cypher/functions/function_helpers.h"
#include "graph/element_id.h"

namespace graft::cypher {
namespace {

using graph::Value;
using graph::ValueType;

Value coalesce(QueryContext&, Arguments args) {
  for (const Value& v : args) {
    if (!v.is_null()) return v;
  }
  return Value();
}

Value null_if(QueryContext&, Arguments args) { return graph::compare_equal(args[0], args[1]) == 1 ? Value() : args[0]; }

Value entity_id(QueryContext&, Arguments args) {
  if (args[0].is_null()) return Value();
  if (args[0].type() == ValueType::kNode) return Value::integer(static_cast<int64_t>(args[0].as_node()));
  if (args[0].type() == ValueType::kRelationship) return Value::integer(static_cast<int64_t>(args[0].as_relationship()));
  throw_type("Node or Relationship", args[0]);
}

Value element_id(QueryContext&, Arguments args) {
  if (args[0].is_null()) return Value();
  if (args[0].type() == ValueType::kNode) return Value::string(graph::node_element_id(args[0].as_node()));
  if (args[0].type() == ValueType::kRelationship) return Value::string(graph::relationship_element_id(args[0].as_relationship()));
  throw_type("Node or Relationship", args[0]);
}

graph::RelationshipRecord record_of(QueryContext& context, const Value& v) {
  if (v.type() != ValueType::kRelationship) throw_type("Relationship", v);
  return relationship_record(context, v.as_relationship());
}

Value start_node(QueryContext& context, Arguments args) {
  return args[0].is_null() ? Value() : Value::node(record_of(context, args[0]).start);
}
Value end_node(QueryContext& context, Arguments args) {
  return args[0].is_null() ? Value() : Value::node(record_of(context, args[0]).end);
}

Value type(QueryContext& context, Arguments args) {
  if (args[0].is_null()) return Value();
  if (args[0].type() != ValueType::kRelationship) throw_type("Relationship", args[0]);
  return relationship_type_name(context, args[0].as_relationship());
}

Value labels(QueryContext& context, Arguments args) {
  if (args[0].is_null()) return Value();
  if (args[0].type() != ValueType::kNode) throw_type("Node", args[0]);
  return label_names(context, args[0].as_node());
}

Value properties(QueryContext& context, Arguments args) {
  if (!args[0].is_null() && args[0].type() != ValueType::kMap && args[0].type() != ValueType::kNode && args[0].type() != ValueType::kRelationship) {
    throw_type("Map, Node or Relationship", args[0]);
  }
  return properties_of(context, args[0]);
}

Value keys(QueryContext& context, Arguments args) {
  Value map = properties(context, args);
  if (map.is_null()) return Value();
  graph::List names;
  for (const auto& entry : map.as_map()) names.push_back(Value::string(entry.first));
  return Value::list(std::move(names));
}

Value length(QueryContext&, Arguments args) {
  if (args[0].is_null()) return Value();
  if (args[0].type() != ValueType::kPath) throw_type("Path", args[0]);
  return Value::integer(static_cast<int64_t>(args[0].as_path().relationships.size()));
}

Value timestamp(QueryContext& context, Arguments) { return Value::integer(context.statement_time().count() / 1'000'000); }

Value random_uuid(QueryContext& context, Arguments) {
  uint64_t a = (context.random() & ~uint64_t{0xf000}) | 0x4000;                       // version 4
  uint64_t b = (context.random() & ~(uint64_t{3} << 62)) | (uint64_t{1} << 63);       // variant 1 (RFC 4122)
  return Value::string(fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xffff, b >> 48, b & 0xffff'ffff'ffff));
}

// valueType(): the names and their order of Neo4j's closed dynamic unions.
constexpr std::pair<ValueType, std::string_view> kTypeNames[] = {
    {ValueType::kNull, "NULL"}, {ValueType::kBoolean, "BOOLEAN"}, {ValueType::kString, "STRING"}, {ValueType::kInteger, "INTEGER"},
    {ValueType::kFloat, "FLOAT"}, {ValueType::kDate, "DATE"}, {ValueType::kLocalTime, "LOCAL TIME"}, {ValueType::kTime, "ZONED TIME"},
    {ValueType::kLocalDateTime, "LOCAL DATETIME"}, {ValueType::kDateTime, "ZONED DATETIME"}, {ValueType::kDuration, "DURATION"},
    {ValueType::kPoint, "POINT"}, {ValueType::kBytes, "BYTES"}, {ValueType::kNode, "NODE"}, {ValueType::kRelationship, "RELATIONSHIP"},
    {ValueType::kMap, "MAP"}, {ValueType::kList, "LIST"}, {ValueType::kPath, "PATH"}};

size_t type_rank(ValueType t) {
  size_t rank = 0;
  while (kTypeNames[rank].first != t) ++rank;
  return rank;
}

// Of lists those of the smaller element types stand first.
std::vector<size_t> type_order(const Value& v) {
  std::vector<size_t> order{type_rank(v.type())};
  if (v.type() != ValueType::kList) return order;
  std::set<std::vector<size_t>> inner;
  for (const Value& e : v.as_list()) inner.insert(type_order(e));
  for (const auto& o : inner) order.insert(order.end(), o.begin(), o.end());
  return order;
}

std::string type_text(const Value& v) {
  if (v.is_null()) return "NULL";
  std::string text(kTypeNames[type_rank(v.type())].second);
  if (v.type() == ValueType::kList) {
    std::vector<std::pair<std::vector<size_t>, std::string>> inner;
    for (const Value& e : v.as_list()) inner.emplace_back(type_order(e), type_text(e));
    std::sort(inner.begin(), inner.end());
    inner.erase(std::unique(inner.begin(), inner.end()), inner.end());
    // A null among the elements makes the other types nullable instead of standing on its own.
    bool nullable = inner.size() > 1 && inner[0].second == "NULL";
    if (nullable) inner.erase(inner.begin());
    std::string names;
    for (auto& [rank, name] : inner) {
      if (nullable && name.ends_with(" NOT NULL")) name.resize(name.size() - 9);
      names += (names.empty() ? "" : " | ") + name;
    }
    text += "<" + (names.empty() ? "NOTHING" : names) + ">";
  }
  return text + " NOT NULL";
}

Value value_type(QueryContext&, Arguments args) { return Value::string(type_text(args[0])); }

}  // namespace

void add_scalar_functions(FunctionTable& t) {
  t.scalar("coalesce(input :: ANY...) :: ANY", "Scalar", coalesce, "The first of its arguments that is not null.", Stability::kForever, true);
  t.scalar("nullIf(v1 :: ANY, v2 :: ANY) :: ANY", "Scalar", null_if, "null where the two values are equal, else the first.", Stability::kForever, true);
  t.scalar("id(input :: NODE | RELATIONSHIP) :: INTEGER", "Scalar", entity_id, "The numeric id of a node or relationship.");
  t.scalar("elementId(input :: NODE | RELATIONSHIP) :: STRING", "Scalar", element_id, "The element id of a node or relationship.");
  t.scalar("startNode(input :: RELATIONSHIP) :: NODE", "Scalar", start_node, "The node a relationship starts at.", Stability::kStatement);
  t.scalar("endNode(input :: RELATIONSHIP) :: NODE", "Scalar", end_node, "The node a relationship ends at.", Stability::kStatement);
  t.scalar("type(input :: RELATIONSHIP) :: STRING", "Scalar", type, "The type of a relationship.", Stability::kStatement);
  t.scalar("labels(input :: NODE) :: LIST<STRING>", "List", labels, "The labels of a node.", Stability::kStatement);
  t.scalar("properties(input :: NODE | RELATIONSHIP | MAP) :: MAP", "Scalar", properties, "All properties, as a map.", Stability::kStatement);
  t.scalar("keys(input :: NODE | RELATIONSHIP | MAP) :: LIST<STRING>", "List", keys, "The names of all properties.", Stability::kStatement);
  t.scalar("length(input :: PATH) :: INTEGER", "Scalar", length, "How many relationships a path has.");
  t.scalar("timestamp() :: INTEGER", "Scalar", timestamp, "Milliseconds since 1970, the same throughout a statement.", Stability::kStatement);
  t.scalar("randomUUID() :: STRING", "Scalar", random_uuid, "A random UUID (version 4).", Stability::kNever);
  t.scalar("valueType(input :: ANY) :: STRING", "Scalar", value_type, "The most precise Cypher type of a value.", Stability::kForever, true);
}

}  // namespace graft::cypher
