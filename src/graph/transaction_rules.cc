// Constraints and typed schemas: what is checked at once, and what at the end of a statement.

#include <algorithm>

#include "graph/adjacency.h"
#include "graph/btree.h"
#include "graph/schema_check.h"
#include "graph/transaction_state.h"

namespace graft::graph {

namespace {

bool has_key(const std::vector<PropertyKeyId>& keys, PropertyKeyId key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

std::vector<uint32_t> GraphTransaction::State::labels_or_type(EntityKind kind, uint64_t id) const {
  if (kind == EntityKind::kRelationship) return {writer.relationship(id).type};
  return writer.label_sets().set(writer.label_set_of(id));
}

void GraphTransaction::State::touch(EntityKind kind, uint64_t id) {
  if (recording && writer.catalog().any_rule(kind)) pending.push_back({id, kind == EntityKind::kRelationship, false});
}

// twin: the other one that has the same, when both exist.
Error GraphTransaction::State::duplicate(const IndexDefinition& index, uint64_t other, uint64_t twin) const {
  const CatalogData& catalog = writer.catalog();
  bool node = index.entity == EntityKind::kNode;
  std::string text = node ? "Node(" : "Relationship(";
  if (twin == kNoId) {
    text += std::to_string(other) + ") already exists with ";
  } else {
    text = "Both " + text + std::to_string(std::min(other, twin)) + (node ? ") and Node(" : ") and Relationship(") +
           std::to_string(std::max(other, twin)) + ") have the ";
  }
  text += node ? "label `" + catalog.label_name(index.labels_or_types[0]) : "type `" + catalog.type_name(index.labels_or_types[0]);
  text += index.keys.size() == 1 ? "` and property " : "` and properties ";
  for (size_t i = 0; i < index.keys.size(); ++i) {
    if (i > 0) text += ", ";
    text += "`" + catalog.property_key_name(index.keys[i]) + "` = " + to_text(writer.property(index.entity, other, index.keys[i]));
  }
  return {ErrorCode::kConstraintViolation, text};
}

Status GraphTransaction::State::check_value(EntityKind kind, uint64_t id, PropertyKeyId key, Value* value) {
  if (value->is_null()) return {};
  if (!is_storable(*value))
    return Error{ErrorCode::kType, "Property values can only be of primitive types or arrays of one such type without nulls; "
                                   "this is not: " + std::string(type_name(value->type()))};
  const CatalogData& catalog = writer.catalog();
  if (!catalog.any_rule(kind)) return {};
  if (reads() != nullptr && kind == EntityKind::kNode) reads()->read_labels(id);
  std::vector<uint32_t> tokens = labels_or_type(kind, id);
  const std::string& name = catalog.property_key_name(key);
  size_t schemas = 0;
  bool declared = false;
  for (uint32_t token : tokens) {
    if (const LabelSchema* schema = catalog.schema(kind, token)) {
      ++schemas;
      for (const SchemaField& field : schema->fields) {
        if (field.name != name) continue;
        declared = true;
        GRAFT_TRY(fit_field(field, value));
      }
    }
    for (const ConstraintDefinition& c : catalog.constraints()) {
      if (c.kind != ConstraintKind::kPropertyType || c.entity != kind || c.label_or_type != token || !has_key(c.keys, key)) continue;
      if (!conforms(c.property_type, *value))
        return Error{ErrorCode::kConstraintViolation, "Property `" + name + "` must be " + c.property_type + " (constraint `" +
                                                          c.name + "`), not " + to_text(*value)};
    }
  }
  if (schemas != 0 && schemas == tokens.size() && !declared) {
    const std::string& owner = kind == EntityKind::kNode ? catalog.label_name(tokens[0]) : catalog.type_name(tokens[0]);
    return Error{ErrorCode::kConstraintViolation, "`" + owner + "` has no field `" + name + "` in its schema"};
  }
  return {};
}

Status GraphTransaction::State::check_unique(EntityKind kind, uint64_t id, PropertyKeyId key, const Value& value) {
  IndexKey found;
  for (const IndexDefinition& index : writer.catalog().indexes()) {
    if (index.entity != kind || !has_key(index.keys, key) || !has_tree(index) || !writer.covers(index, id)) continue;
    bool indexed = writer.index_key_with(index, id, key, value, &found);
    if (!indexed && found.bytes.size() + 8 > kMaxTreeKeyBytes)
      return Error{ErrorCode::kConstraintViolation,
                   "Property value is too large for index `" + index.name + "`: a key may have " +
                       std::to_string(kMaxTreeKeyBytes - 8) + " bytes"};
    if (!indexed || !index.unique) continue;
    if (reads() != nullptr) reads()->read_index_value(index.id, found.bytes);
    uint64_t other = writer.other_with_key(index, found.bytes, id);
    if (other != kNoId) return duplicate(index, other);
  }
  return {};
}

// The node's values against the rules of a label that it is about to get.
Status GraphTransaction::State::check_new_label(NodeId id, LabelId label) {
  const CatalogData& catalog = writer.catalog();
  IndexKey key;
  for (const IndexDefinition& index : catalog.indexes()) {
    if (index.entity != EntityKind::kNode || !index.unique || !has_tree(index) || index.labels_or_types[0] != label) continue;
    if (reads() != nullptr)
      for (PropertyKeyId k : index.keys) reads()->read_property(id, false, k);
    if (!writer.index_key(index, id, &key)) continue;
    if (reads() != nullptr) reads()->read_index_value(index.id, key.bytes);
    uint64_t other = writer.other_with_key(index, key.bytes, id);
    if (other != kNoId) return duplicate(index, other);
  }
  for (const ConstraintDefinition& c : catalog.constraints()) {
    if (c.kind != ConstraintKind::kPropertyType || c.entity != EntityKind::kNode || c.label_or_type != label) continue;
    if (reads() != nullptr) reads()->read_property(id, false, c.keys[0]);
    if (!conforms(c.property_type, writer.property(EntityKind::kNode, id, c.keys[0])))
      return Error{ErrorCode::kConstraintViolation, "Node(" + std::to_string(id) + "): a property is not " + c.property_type +
                                                        " as constraint `" + c.name + "` asks"};
  }
  const LabelSchema* schema = catalog.schema(EntityKind::kNode, label);
  if (schema == nullptr) return {};
  for (const SchemaField& field : schema->fields) {
    auto k = catalog.property_key(field.name);
    if (!k) continue;
    if (reads() != nullptr) reads()->read_property(id, false, *k);
    Value value = writer.property(EntityKind::kNode, id, *k);
    GRAFT_TRY(fit_field(field, &value));
  }
  return {};
}

Status GraphTransaction::State::check_ends(TypeId type, NodeId start, NodeId end) {
  const CatalogData& catalog = writer.catalog();
  const LabelSchema* schema = catalog.any_rule(EntityKind::kRelationship) ? catalog.schema(EntityKind::kRelationship, type) : nullptr;
  if (schema == nullptr || schema->end_labels.empty()) return {};
  if (reads() != nullptr) {
    reads()->read_labels(start);
    reads()->read_labels(end);
  }
  auto has_label = [&](NodeId id, const std::string& name) {
    auto label = catalog.label(name);
    if (!label) return false;
    const std::vector<LabelId>& labels = writer.label_sets().set(writer.label_set_of(id));
    return std::binary_search(labels.begin(), labels.end(), *label);
  };
  for (const auto& [from, to] : schema->end_labels)
    if (has_label(start, from) && has_label(end, to)) return {};
  return Error{ErrorCode::kConstraintViolation,
               "Relationship type `" + catalog.type_name(type) + "` does not join nodes with these labels (its schema lists the pairs)"};
}

// Existence constraints, keys and required fields.
Status GraphTransaction::State::check_present(EntityKind kind, uint64_t id) {
  const CatalogData& catalog = writer.catalog();
  bool relationship = kind == EntityKind::kRelationship;
  if (reads() != nullptr && !relationship) reads()->read_labels(id);
  auto present = [&](uint32_t token, PropertyKeyId key) -> Status {
    if (reads() != nullptr) reads()->read_property(id, relationship, key);
    if (!writer.property(kind, id, key).is_null()) return {};
    std::string who = relationship ? "Relationship(" : "Node(";
    std::string of = relationship ? "type `" + catalog.type_name(token) : "label `" + catalog.label_name(token);
    return Error{ErrorCode::kConstraintViolation,
                 who + std::to_string(id) + ") with " + of + "` must have the property `" + catalog.property_key_name(key) + "`"};
  };
  for (uint32_t token : labels_or_type(kind, id)) {
    for (const ConstraintDefinition& c : catalog.constraints()) {
      bool asks = c.kind == ConstraintKind::kExists || c.kind == ConstraintKind::kKey;
      if (!asks || c.entity != kind || c.label_or_type != token) continue;
      for (PropertyKeyId key : c.keys) GRAFT_TRY(present(token, key));
    }
    const LabelSchema* schema = catalog.schema(kind, token);
    if (schema == nullptr) continue;
    for (const SchemaField& field : schema->fields) {
      if (field.optional) continue;
      GRAFT_TRY(present(token, *catalog.property_key(field.name)));
    }
  }
  return {};
}

Status GraphTransaction::State::check_pending() {
  for (const Pending& p : pending) {
    if (p.deleted) {
      bool left = false;
      for (LocalTable table : {LocalTable::kOut, LocalTable::kIn}) {
        AdjacencySection s =
            adjacency_section(writer.reader().page(table_of(writer.meta().generation, table), adjacency_page(p.id)), p.id);
        left = left || s.begin != s.end;
      }
      if (left && !writer.node_exists(p.id))
        return Error{ErrorCode::kConstraintViolation,
                     "Cannot delete node<" + std::to_string(p.id) + ">, because it still has relationships. To delete this "
                     "node, you must first delete its relationships."};
      continue;
    }
    bool exists = p.relationship ? writer.relationship_exists(p.id) : writer.node_exists(p.id);
    if (exists) GRAFT_TRY(check_present(p.relationship ? EntityKind::kRelationship : EntityKind::kNode, p.id));
  }
  pending.clear();
  return {};
}

}  // namespace graft::graph
