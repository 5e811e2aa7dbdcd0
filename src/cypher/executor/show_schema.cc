#include <algorithm>

#include "cypher/executor/schema_text.h"
#include "cypher/executor/show_rows.h"
#include "graph/search_options.h"

namespace graft::cypher {

using graph::ConstraintDefinition;
using graph::ConstraintKind;
using graph::EntityKind;
using graph::IndexDefinition;
using graph::IndexKind;
using graph::IndexState;
using graph::List;
using graph::Map;
using graph::Value;

namespace {

Value row_text(std::string_view s) { return Value::string(s); }

std::string_view state_name(IndexState state) {
  return state == IndexState::kOnline ? "ONLINE" : state == IndexState::kFailed ? "FAILED" : "POPULATING";
}

std::string_view entity_name(EntityKind entity) { return entity == EntityKind::kNode ? "NODE" : "RELATIONSHIP"; }

std::string backticked(std::string_view name) { return "`" + std::string(name) + "`"; }

const std::string& token_name(const graph::Catalog& catalog, EntityKind entity, uint32_t token) {
  return entity == EntityKind::kNode ? catalog.label_name(token) : catalog.type_name(token);
}

List token_names(const graph::Catalog& catalog, EntityKind entity, const std::vector<uint32_t>& tokens) {
  List names;
  for (uint32_t token : tokens) names.push_back(row_text(token_name(catalog, entity, token)));
  return names;
}

List key_names(const graph::Catalog& catalog, const std::vector<graph::PropertyKeyId>& keys) {
  List names;
  for (graph::PropertyKeyId key : keys) names.push_back(row_text(catalog.property_key_name(key)));
  return names;
}

std::string pattern(EntityKind entity, const std::string& name) {
  return entity == EntityKind::kNode ? "(n:" + backticked(name) + ")" : "()-[r:" + backticked(name) + "]-()";
}

std::string properties_text(const graph::Catalog& catalog, EntityKind entity, const std::vector<graph::PropertyKeyId>& keys) {
  std::string out = "(";
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i != 0) out += ", ";
    out += (entity == EntityKind::kNode ? "n." : "r.") + backticked(catalog.property_key_name(keys[i]));
  }
  return out + ")";
}

Value owning_constraint(const graph::Catalog& catalog, graph::IndexId index) {
  for (const ConstraintDefinition& c : catalog.constraints()) {
    if (c.backing_index == index) return row_text(c.name);
  }
  return {};
}

std::string requirement(const ConstraintDefinition& c) {
  switch (c.kind) {
    case ConstraintKind::kUnique: return " IS UNIQUE";
    case ConstraintKind::kKey: return c.entity == EntityKind::kNode ? " IS NODE KEY" : " IS RELATIONSHIP KEY";
    case ConstraintKind::kExists: return " IS NOT NULL";
    case ConstraintKind::kPropertyType: return " IS :: " + c.property_type;
  }
  return "";
}

// As it can be typed again.
std::string options_text(const IndexDefinition& index) {
  std::string out = "{indexConfig: {";
  Value options = graph::options_of(index);
  const Value* config = options.is_null() ? nullptr : options.find("indexConfig");
  if (config != nullptr) {
    for (const auto& [key, value] : config->as_map()) out += (out.back() == '{' ? "" : ",") + backticked(key) + ": " + graph::to_text(value);
  }
  return out + "}}";
}

std::string create_index_text(const graph::Catalog& catalog, const IndexDefinition& index) {
  std::string text = "CREATE " + std::string(index_type_name(index.kind)) + " INDEX " + backticked(index.name) + " FOR ";
  if (index.kind == IndexKind::kLookup || index.labels_or_types.empty()) {
    return text + (index.entity == EntityKind::kNode ? "(n) ON EACH labels(n)" : "()-[r]-() ON EACH type(r)");
  }
  std::string names;
  for (uint32_t token : index.labels_or_types) names += (names.empty() ? "" : "|") + backticked(token_name(catalog, index.entity, token));
  text += index.entity == EntityKind::kNode ? "(n:" + names + ")" : "()-[r:" + names + "]-()";
  std::string properties = properties_text(catalog, index.entity, index.keys);
  if (index.kind == IndexKind::kFulltext) properties = "EACH [" + properties.substr(1, properties.size() - 2) + "]";
  text += " ON " + properties;
  if (index.kind == IndexKind::kFulltext || index.kind == IndexKind::kVector) text += " OPTIONS " + options_text(index);
  return text;
}

Value shown_options(const IndexDefinition& index) {
  Value options = graph::options_of(index);
  bool search = index.kind == IndexKind::kFulltext || index.kind == IndexKind::kVector;
  return search && !options.is_null() ? options : Value::map({{"indexConfig", Value::map({})}, {"indexProvider", row_text(index_provider_name(index.kind))}});
}

void sort_by_name(std::vector<Map>* rows) {
  auto name = [](const Map& row) { return row[1].second.as_string(); };
  std::sort(rows->begin(), rows->end(), [&](const Map& a, const Map& b) { return name(a) < name(b); });
}

}  // namespace

std::vector<Map> show_indexes(QueryContext& context) {
  const graph::Catalog& catalog = context.view().catalog();
  std::vector<Map> rows;
  for (const IndexDefinition& index : catalog.indexes()) {
    bool lookup = index.kind == IndexKind::kLookup;
    rows.push_back({
        {"id", Value::integer(index.id)},
        {"name", row_text(index.name)},
        {"state", row_text(state_name(index.state))},
        {"populationPercent", Value::floating(context.view().index_populated_percent(index))},
        {"type", row_text(index_type_name(index.kind))},
        {"entityType", row_text(entity_name(index.entity))},
        {"labelsOrTypes", lookup ? Value() : Value::list(token_names(catalog, index.entity, index.labels_or_types))},
        {"properties", lookup ? Value() : Value::list(key_names(catalog, index.keys))},
        {"indexProvider", row_text(index_provider_name(index.kind))},
        {"owningConstraint", owning_constraint(catalog, index.id)},
        {"lastRead", Value()},
        {"readCount", Value()},
        {"trackedSince", Value()},
        {"options", shown_options(index)},
        {"failureMessage", row_text(index.failure)},
        {"createStatement", row_text(create_index_text(catalog, index))},
    });
  }
  sort_by_name(&rows);
  return rows;
}

std::vector<Map> show_constraints(QueryContext& context) {
  const graph::Catalog& catalog = context.view().catalog();
  std::vector<Map> rows;
  for (const ConstraintDefinition& c : catalog.constraints()) {
    Value index_name;
    for (const IndexDefinition& index : catalog.indexes()) {
      if (index.id == c.backing_index) index_name = row_text(index.name);
    }
    const std::string& label = token_name(catalog, c.entity, c.label_or_type);
    rows.push_back({
        {"id", Value::integer(constraint_number(catalog, c))},
        {"name", row_text(c.name)},
        {"type", row_text(constraint_type_name(c))},
        {"entityType", row_text(entity_name(c.entity))},
        {"labelsOrTypes", Value::list({row_text(label)})},
        {"properties", Value::list(key_names(catalog, c.keys))},
        {"ownedIndex", index_name},
        {"propertyType", c.property_type.empty() ? Value() : row_text(c.property_type)},
        {"options", index_name.is_null() ? Value() : Value::map({{"indexConfig", Value::map({})}, {"indexProvider", row_text(index_provider_name(IndexKind::kRange))}})},
        {"createStatement", row_text("CREATE CONSTRAINT " + backticked(c.name) + " FOR " + pattern(c.entity, label) + " REQUIRE " +
                                 properties_text(catalog, c.entity, c.keys) + requirement(c))},
    });
  }
  sort_by_name(&rows);
  return rows;
}

}  // namespace graft::cypher
