#include "cypher/executor/schema_text.h"

#include <algorithm>

namespace graft::cypher {

using graph::ConstraintDefinition;
using graph::ConstraintKind;
using graph::EntityKind;
using graph::IndexDefinition;
using graph::IndexKind;

std::string schema_text(const graph::Catalog& catalog, EntityKind entity, const std::vector<uint32_t>& tokens,
                        const std::vector<graph::PropertyKeyId>& keys) {
  bool node = entity == EntityKind::kNode;
  std::string text;
  for (uint32_t token : tokens) text += (text.empty() ? ":" : "|") + (node ? catalog.label_name(token) : catalog.type_name(token));
  if (tokens.empty()) text = node ? ":<any-labels>" : ":<any-types>";
  std::string properties;
  for (graph::PropertyKeyId key : keys) properties += (properties.empty() ? "" : ", ") + catalog.property_key_name(key);
  if (!properties.empty()) text += " {" + properties + "}";
  return node ? "(" + text + ")" : "()-[" + text + "]-()";
}

std::string_view index_type_name(IndexKind kind) {
  switch (kind) {
    case IndexKind::kRange: return "RANGE";
    case IndexKind::kText: return "TEXT";
    case IndexKind::kPoint: return "POINT";
    case IndexKind::kLookup: return "LOOKUP";
    case IndexKind::kFulltext: return "FULLTEXT";
    case IndexKind::kVector: return "VECTOR";
  }
  return "";
}

std::string_view index_provider_name(IndexKind kind) {
  switch (kind) {
    case IndexKind::kRange: return "range-1.0";
    case IndexKind::kText: return "text-2.0";
    case IndexKind::kPoint: return "point-1.0";
    case IndexKind::kLookup: return "token-lookup-1.0";
    case IndexKind::kFulltext: return "fulltext-1.0";
    case IndexKind::kVector: return "vector-2.0";
  }
  return "";
}

std::string_view constraint_type_name(const ConstraintDefinition& c) {
  bool node = c.entity == EntityKind::kNode;
  switch (c.kind) {
    case ConstraintKind::kUnique: return node ? "UNIQUENESS" : "RELATIONSHIP_UNIQUENESS";
    case ConstraintKind::kKey: return node ? "NODE_KEY" : "RELATIONSHIP_KEY";
    case ConstraintKind::kExists: return node ? "NODE_PROPERTY_EXISTENCE" : "RELATIONSHIP_PROPERTY_EXISTENCE";
    case ConstraintKind::kPropertyType: return node ? "NODE_PROPERTY_TYPE" : "RELATIONSHIP_PROPERTY_TYPE";
  }
  return "";
}

std::string constraint_text(const graph::Catalog& catalog, const ConstraintDefinition& c) {
  std::string type(constraint_type_name(c));
  std::replace(type.begin(), type.end(), '_', ' ');
  std::string text = "Constraint( id=" + std::to_string(constraint_number(catalog, c)) + ", name='" + c.name + "', type='" + type +
                     "', schema=" + schema_text(catalog, c.entity, {c.label_or_type}, c.keys);
  if (!c.property_type.empty()) text += ", propertyType=" + c.property_type;
  if (c.backing_index != graph::kNoToken) text += ", ownedIndex=" + std::to_string(c.backing_index);
  return text + " )";
}

std::string index_text(const graph::Catalog& catalog, const IndexDefinition& index) {
  return "Index( id=" + std::to_string(index.id) + ", name='" + index.name + "', type='" + std::string(index_type_name(index.kind)) +
         "', schema=" + schema_text(catalog, index.entity, index.labels_or_types, index.keys) + ", indexProvider='" +
         std::string(index_provider_name(index.kind)) + "' )";
}

int64_t constraint_number(const graph::Catalog& catalog, const ConstraintDefinition& c) {
  int64_t number = 0;
  for (const IndexDefinition& index : catalog.indexes()) number = std::max<int64_t>(number, index.id);
  for (const ConstraintDefinition& other : catalog.constraints()) {
    ++number;
    if (other.name == c.name) break;
  }
  return number;
}

}  // namespace graft::cypher
