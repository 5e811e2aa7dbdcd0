#include "cypher/functions/entities.h"

#include <algorithm>

#include "cypher/functions/spatial.h"
#include "cypher/functions/temporal.h"

namespace graft::cypher {

using graph::Map;
using graph::Value;
using graph::ValueType;

namespace {

[[noreturn]] void throw_deleted(std::string_view what, uint64_t id) {
  throw_error(ErrorCode::kEntityNotFound,
              std::string(what) + " with id " + std::to_string(id) + " has been deleted in this transaction");
}

Value to_map(const QueryContext& context, const graph::PropertyList& properties) {
  Map map;
  map.reserve(properties.size());
  for (const auto& [key, value] : properties) map.emplace_back(context.view().catalog().property_key_name(key), value);
  std::sort(map.begin(), map.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return Value::map(std::move(map));
}

Value list_element(const Value& list, const Value& index) {
  if (index.type() != ValueType::kInteger) throw_type("Integer", index);
  const auto& items = list.as_list();
  int64_t i = index.as_integer();
  auto size = static_cast<int64_t>(items.size());
  if (i < 0) i += size;
  return i < 0 || i >= size ? Value() : items[static_cast<size_t>(i)];
}

}  // namespace

uint32_t LateToken::look_up(const QueryContext& context) {
  const graph::Catalog& catalog = context.view().catalog();
  if (catalog.version() == version_) return id_;
  version_ = catalog.version();
  std::optional<uint32_t> found = kind_ == kLabel  ? catalog.label(name_)
                                  : kind_ == kType ? catalog.type(name_)
                                                   : catalog.property_key(name_);
  if (found.has_value()) id_ = *found;
  return id_;
}

uint32_t LateToken::make(QueryContext& context) {
  if (id_ != graph::kNoToken) return id_;
  graph::GraphTransaction& writer = context.writer();
  id_ = kind_ == kLabel ? writer.label(name_) : kind_ == kType ? writer.type(name_) : writer.property_key(name_);
  return id_;
}

void require_node(const QueryContext& context, graph::NodeId id) {
  if (context.is_deleted_node(id)) throw_deleted("Node", id);
}

void require_relationship(const QueryContext& context, graph::RelationshipId id) {
  if (context.is_deleted_relationship(id)) throw_deleted("Relationship", id);
}

Value node_property(QueryContext& context, graph::NodeId id, graph::PropertyKeyId key) {
  require_node(context, id);
  return key == graph::kNoToken ? Value() : context.view().node_property(id, key);
}

Value relationship_property(QueryContext& context, graph::RelationshipId id, graph::PropertyKeyId key) {
  require_relationship(context, id);
  return key == graph::kNoToken ? Value() : context.view().relationship_property(id, key);
}

Value node_properties(QueryContext& context, graph::NodeId id) {
  require_node(context, id);
  return to_map(context, context.view().node_properties(id));
}

Value relationship_properties(QueryContext& context, graph::RelationshipId id) {
  require_relationship(context, id);
  return to_map(context, context.view().relationship_properties(id));
}

Value label_names(QueryContext& context, graph::NodeId id) {
  require_node(context, id);
  graph::List names;
  for (graph::LabelId label : context.view().labels(id)) {
    names.push_back(Value::string(context.view().catalog().label_name(label)));
  }
  return Value::list(std::move(names));
}

Value relationship_type_name(QueryContext& context, graph::RelationshipId id) {
  graph::TypeId type = context.deleted_relationship_type(id);
  if (type == graph::kNoToken) type = context.view().relationship(id).type;
  return type == graph::kNoToken ? Value() : Value::string(context.view().catalog().type_name(type));
}

graph::RelationshipRecord relationship_record(QueryContext& context, graph::RelationshipId id) {
  require_relationship(context, id);
  return context.view().relationship(id);
}

Value property_of(QueryContext& context, const Value& subject, std::string_view key) {
  switch (subject.type()) {
    case ValueType::kNull: return {};
    case ValueType::kMap: {
      const Value* found = subject.find(key);
      return found == nullptr ? Value() : *found;
    }
    case ValueType::kNode:
      return node_property(context, subject.as_node(), context.view().catalog().property_key(key).value_or(graph::kNoToken));
    case ValueType::kRelationship:
      return relationship_property(context, subject.as_relationship(),
                                   context.view().catalog().property_key(key).value_or(graph::kNoToken));
    case ValueType::kPoint: return point_component(subject.as_point(), key);
    case ValueType::kDate:
    case ValueType::kTime:
    case ValueType::kLocalTime:
    case ValueType::kDateTime:
    case ValueType::kLocalDateTime:
    case ValueType::kDuration: {
      Value component;
      if (temporal_component(subject, key, &component)) return component;
      throw_error(ErrorCode::kType, "No such field: " + std::string(key) + " in a value of type " +
                                        std::string(graph::type_name(subject.type())));
    }
    default: throw_type("Map, Node, Relationship, Point, Duration or a temporal value", subject);
  }
}

Value element_of(QueryContext& context, const Value& subject, const Value& key) {
  if (subject.is_null() || key.is_null()) return {};
  if (subject.type() == ValueType::kList) return list_element(subject, key);
  if (key.type() != ValueType::kString) {
    if (subject.type() == ValueType::kMap || subject.type() == ValueType::kNode || subject.type() == ValueType::kRelationship) {
      throw_type("String", key);
    }
    throw_type("List", subject);
  }
  switch (subject.type()) {
    case ValueType::kString:
    case ValueType::kBoolean:
    case ValueType::kInteger:
    case ValueType::kFloat:
    case ValueType::kPath: throw_type("Map, Node or Relationship", subject);
    default: return property_of(context, subject, key.as_string());
  }
}

Value properties_of(QueryContext& context, const Value& subject) {
  switch (subject.type()) {
    case ValueType::kNull:
    case ValueType::kMap: return subject;
    case ValueType::kNode: return node_properties(context, subject.as_node());
    case ValueType::kRelationship: return relationship_properties(context, subject.as_relationship());
    default: throw_type("Map, Node or Relationship", subject);
  }
}

}  // namespace graft::cypher
