#include "cypher/executor/entity_writer.h"

#include <algorithm>

#include "cypher/executor/executor.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

// Integers and floats in one list: all become floats, as in Neo4j.
bool is_mixed_numbers(const graph::List& items) {
  return std::all_of(items.begin(), items.end(), [](const Value& v) { return v.is_number(); });
}

Value as_floats(const graph::List& items) {
  graph::List floats;
  for (const Value& v : items) floats.push_back(Value::floating(v.as_number()));
  return Value::list(std::move(floats));
}

}  // namespace

Value stored_value(const Value& value, std::string_view key) {
  if (is_storable(value)) return value;
  if (value.type() == ValueType::kList) {
    const graph::List& items = value.as_list();
    if (is_mixed_numbers(items)) return as_floats(items);
    bool has_null = std::any_of(items.begin(), items.end(), [](const Value& v) { return v.is_null(); });
    throw_error(ErrorCode::kType, "Property `" + std::string(key) + "`: " +
                                      (has_null ? "lists that hold null cannot be stored in properties"
                                                : "a list in a property must hold values of one simple type"));
  }
  throw_error(ErrorCode::kType, "Property values can only be of primitive types or lists of them: property `" + std::string(key) +
                                    "` is a " + std::string(graph::type_name(value.type())));
}

graph::PropertyList to_properties(QueryContext& context, const Value& map) {
  graph::PropertyList properties;
  if (map.type() != ValueType::kMap) {
    if (map.type() != ValueType::kNode && map.type() != ValueType::kRelationship) throw_type("Map", map);
    return to_properties(context, properties_of(context, map));
  }
  for (const auto& [key, value] : map.as_map()) {
    if (value.is_null()) continue;
    properties.emplace_back(context.writer().property_key(key), stored_value(value, key));
  }
  return properties;
}

LabelNames::LabelNames(Executor& executor, QueryContext& context, const std::vector<std::string>& names,
                       const std::vector<Expr*>& dynamic) {
  for (const std::string& name : names) names_.emplace_back(LateToken::kLabel, name);
  for (const Expr* e : dynamic) dynamic_.push_back(compile(&executor, context, *e));
}

template <class F>
std::vector<graph::LabelId> LabelNames::collect(const Frame& frame, F&& id) {
  std::vector<graph::LabelId> labels;
  auto add = [&](graph::LabelId label) {
    if (label != graph::kNoToken && std::find(labels.begin(), labels.end(), label) == labels.end()) labels.push_back(label);
  };
  for (LateToken& name : names_) add(id(name));
  auto add_dynamic = [&](const Value& v) {
    if (v.type() != ValueType::kString) throw_type("String or List<String>", v);
    if (v.as_string().empty()) throw_error(ErrorCode::kArgument, "A label cannot be an empty string");
    LateToken token(LateToken::kLabel, std::string(v.as_string()));
    add(id(token));
  };
  for (const EvaluatorPtr& expression : dynamic_) {
    Value v = expression->eval(frame);
    if (v.type() == ValueType::kList) {
      for (const Value& item : v.as_list()) add_dynamic(item);
    } else {
      add_dynamic(v);
    }
  }
  return labels;
}

std::vector<graph::LabelId> LabelNames::make(const Frame& frame) {
  return collect(frame, [&](LateToken& token) { return token.make(frame.context); });
}

std::vector<graph::LabelId> LabelNames::find(const Frame& frame) {
  return collect(frame, [&](LateToken& token) { return token.find(frame.context); });
}

PatternCreator::PatternCreator(Executor& executor, QueryContext& context, const std::vector<CreateNodeItem>& nodes,
                               const std::vector<CreateRelationshipItem>& relationships, bool merge)
    : executor_(executor), context_(context), merge_(merge) {
  auto compiled = [&](const Expr* e) { return e == nullptr ? nullptr : compile(&executor, context, *e); };
  for (const CreateNodeItem& item : nodes) {
    nodes_.push_back({&item, LabelNames(executor, context, item.labels, item.dynamic_labels), compiled(item.properties)});
  }
  for (const CreateRelationshipItem& item : relationships) {
    relationships_.push_back({&item, LateToken(LateToken::kType, item.type), compiled(item.dynamic_type), compiled(item.properties)});
  }
}

graph::PropertyList PatternCreator::properties(const Frame& frame, Evaluator* expression) const {
  if (expression == nullptr) return {};
  Value map = expression->eval(frame);
  if (merge_ && map.type() == ValueType::kMap) {
    for (const auto& [key, value] : map.as_map()) {
      if (value.is_null()) {
        throw_error(ErrorCode::kSemantic, "Cannot merge the pattern because of null property value for '" + key + "'");
      }
    }
  }
  return to_properties(context_, map);
}

void PatternCreator::create(Batch* batch, uint32_t row) {
  Frame frame{context_, batch, row, executor_.locals()};
  for (NodeItem& node : nodes_) {
    graph::PropertyList values = properties(frame, node.properties.get());
    graph::NodeId id = unwrap(context_.writer().create_node(node.labels.make(frame), values));
    if (node.item->node != kNoSlot) batch->column(node.item->node).set(row, Value::node(id));
  }
  for (RelationshipItem& relationship : relationships_) create_relationship(frame, relationship, batch, row);
}

graph::NodeId PatternCreator::end_of(const Batch& batch, uint32_t row, Slot slot) const {
  graph::NodeId id = batch.column(slot).node(row);
  if (id == graph::kNoId) {
    const std::string& name = executor_.plan().slots[static_cast<size_t>(slot)].name;
    throw_error(ErrorCode::kEntityNotFound, "Failed to create relationship: node `" + name + "` is missing (null)");
  }
  require_node(context_, id);
  return id;
}

graph::TypeId PatternCreator::type_of(const Frame& frame, RelationshipItem& item) const {
  if (item.dynamic_type == nullptr) return item.type.make(context_);
  Value v = item.dynamic_type->eval(frame);
  if (v.type() == ValueType::kList && v.as_list().size() == 1) v = Value(v.as_list()[0]);
  if (v.type() != ValueType::kString || v.as_string().empty()) throw_type("String that is not empty", v);
  return context_.writer().type(v.as_string());
}

void PatternCreator::create_relationship(const Frame& frame, RelationshipItem& item, Batch* batch, uint32_t row) {
  graph::NodeId from = end_of(*batch, row, item.item->from), to = end_of(*batch, row, item.item->to);
  graph::PropertyList values = properties(frame, item.properties.get());
  graph::RelationshipId id = unwrap(context_.writer().create_relationship(type_of(frame, item), from, to, values));
  if (item.item->relationship != kNoSlot) batch->column(item.item->relationship).set(row, Value::relationship(id));
}

SetWriter::SetWriter(Executor& executor, QueryContext& context, const std::vector<SetItem>& items, bool remove)
    : executor_(executor), context_(context), remove_(remove) {
  auto compiled = [&](const Expr* e) { return e == nullptr ? nullptr : compile(&executor, context, *e); };
  for (const SetItem& item : items) {
    items_.push_back({&item, compiled(item.target), compiled(item.key_expression), compiled(item.value),
                      LabelNames(executor, context, item.labels, item.dynamic_labels),
                      LateToken(LateToken::kPropertyKey, item.key)});
  }
}

void SetWriter::apply(const Batch& batch, uint32_t row) {
  Frame frame{context_, &batch, row, executor_.locals()};
  for (size_t i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    Value entity = item.target->eval(frame);
    if (entity.is_null()) continue;
    if (entity.type() != ValueType::kNode && entity.type() != ValueType::kRelationship) throw_type("Node or Relationship", entity);
    entity.type() == ValueType::kNode ? require_node(context_, entity.as_node())
                                      : require_relationship(context_, entity.as_relationship());
    switch (item.item->kind) {
      case SetItemKind::kProperty:
      case SetItemKind::kDynamicProperty: i = set_together(frame, entity, i); break;
      case SetItemKind::kRemoveProperty: set_property(entity, item.property, Value()); break;
      case SetItemKind::kRemoveDynamicProperty: {
        Value key = item.key->eval(frame);
        if (!key.is_null()) set_dynamic(entity, key, Value());
        break;
      }
      case SetItemKind::kReplace: set_properties(entity, item.value->eval(frame), true); break;
      case SetItemKind::kMerge: set_properties(entity, item.value->eval(frame), false); break;
      case SetItemKind::kLabels: set_labels(frame, entity, item); break;
    }
  }
}

// Neo4j: in SET n.a = 1, n.b = n.a the values of neighbouring items of one variable are computed before any is set.
size_t SetWriter::set_together(const Frame& frame, const Value& entity, size_t first) {
  size_t last = first;
  const Expr* target = items_[first].item->target;
  auto belongs = [&](const SetItem& other) {
    bool property = other.kind == SetItemKind::kProperty || other.kind == SetItemKind::kDynamicProperty;
    return property && other.target->kind == ExprKind::kVariable && other.target->slot == target->slot;
  };
  while (target->kind == ExprKind::kVariable && last + 1 < items_.size() && belongs(*items_[last + 1].item)) ++last;
  std::vector<Value> keys, values;
  for (size_t i = first; i <= last; ++i) {
    keys.push_back(items_[i].key == nullptr ? Value() : items_[i].key->eval(frame));
    values.push_back(items_[i].value->eval(frame));
  }
  for (size_t i = first; i <= last; ++i) {
    if (items_[i].key == nullptr) {
      set_property(entity, items_[i].property, values[i - first]);
    } else {
      set_dynamic(entity, keys[i - first], values[i - first]);
    }
  }
  return last;
}

void SetWriter::set_dynamic(const Value& entity, const Value& key, const Value& value) {
  if (key.type() != ValueType::kString) throw_type("String", key);
  LateToken token(LateToken::kPropertyKey, std::string(key.as_string()));
  set_property(entity, token, value);
}

void SetWriter::write(const Value& entity, graph::PropertyKeyId key, const Value& value) {
  if (entity.type() == ValueType::kNode) {
    unwrap(context_.writer().set_node_property(entity.as_node(), key, value));
  } else {
    unwrap(context_.writer().set_relationship_property(entity.as_relationship(), key, value));
  }
}

void SetWriter::set_property(const Value& entity, LateToken& key, const Value& value) {
  if (value.is_null()) {
    graph::PropertyKeyId id = key.find(context_);
    if (id != graph::kNoToken) write(entity, id, value);
    return;
  }
  Value stored = stored_value(value, key.name());
  write(entity, key.make(context_), stored);
}

void SetWriter::set_properties(const Value& entity, const Value& source, bool replace) {
  if (source.is_null()) throw_type("Map, Node or Relationship", source);
  Value map = properties_of(context_, source);
  if (replace) {
    Value old = properties_of(context_, entity);
    for (const auto& [key, value] : old.as_map()) {
      if (map.find(key) == nullptr) write(entity, context_.writer().property_key(key), Value());
    }
  }
  for (const auto& [key, value] : map.as_map()) {
    LateToken token(LateToken::kPropertyKey, key);
    set_property(entity, token, value);
  }
}

void SetWriter::set_labels(const Frame& frame, const Value& entity, Item& item) {
  if (entity.type() != ValueType::kNode) throw_type("Node", entity);
  if (remove_) {
    for (graph::LabelId label : item.labels.find(frame)) unwrap(context_.writer().remove_label(entity.as_node(), label));
    return;
  }
  for (graph::LabelId label : item.labels.make(frame)) unwrap(context_.writer().add_label(entity.as_node(), label));
}

}  // namespace graft::cypher
