// Procedures that list what there is.
#include <algorithm>

#include "cypher/functions/query_context.h"
#include "cypher/functions/unicode.h"
#include "cypher/procedures/builtin.h"

namespace graft::cypher {
namespace {

using graph::EntityKind;
using graph::Value;

Value text(std::string_view s) { return Value::string(s); }
const graph::GraphView& view_of(const ProcedureCall& call) { return *call.caller.view; }

// Names that something has: what was dropped or never used is not listed.
std::vector<Row> used_labels(const ProcedureCall& call) {
  std::vector<Row> rows;
  const graph::Catalog& catalog = view_of(call).catalog();
  for (const std::string& name : catalog.labels()) {
    graph::LabelId id = *catalog.label(name);
    view_of(call).record_label_read(id);
    if (view_of(call).node_count(id) > 0 || catalog.schema(EntityKind::kNode, id) != nullptr) rows.push_back({text(name)});
  }
  return rows;
}

std::vector<Row> used_types(const ProcedureCall& call) {
  std::vector<Row> rows;
  const graph::Catalog& catalog = view_of(call).catalog();
  for (const std::string& name : catalog.types()) {
    graph::TypeId id = *catalog.type(name);
    view_of(call).record_type_read(id);
    if (view_of(call).relationship_count(id) > 0 || catalog.schema(EntityKind::kRelationship, id) != nullptr) rows.push_back({text(name)});
  }
  return rows;
}

std::unique_ptr<ProcedureRows> labels(const ProcedureCall& call) { return make_rows(used_labels(call)); }
std::unique_ptr<ProcedureRows> types(const ProcedureCall& call) { return make_rows(used_types(call)); }

std::unique_ptr<ProcedureRows> property_keys(const ProcedureCall& call) {
  std::vector<Row> rows;
  for (const std::string& name : view_of(call).catalog().property_keys()) rows.push_back({text(name)});
  return make_rows(std::move(rows));
}

std::string label_or_type_name(const graph::Catalog& catalog, EntityKind entity, uint32_t token) {
  return entity == EntityKind::kNode ? catalog.label_name(token) : catalog.type_name(token);
}

std::vector<Row> index_rows(const graph::Catalog& catalog, std::string_view only_label) {
  std::vector<Row> rows;
  for (const graph::IndexDefinition& index : catalog.indexes()) {
    for (uint32_t token : index.labels_or_types) {
      std::string label = label_or_type_name(catalog, index.entity, token);
      if (!only_label.empty() && label != only_label) continue;
      for (graph::PropertyKeyId key : index.keys) {
        rows.push_back({text(label), text(catalog.property_key_name(key)), text(index.entity == EntityKind::kNode ? "vertex" : "edge"), Value::boolean(index.unique), Value::boolean(false)});
      }
    }
  }
  return rows;
}

std::unique_ptr<ProcedureRows> indexes(const ProcedureCall& call) { return make_rows(index_rows(view_of(call).catalog(), "")); }
std::unique_ptr<ProcedureRows> label_indexes(const ProcedureCall& call) {
  std::string kind = to_lower(call.arguments[1].as_string());
  if (kind != "vertex" && kind != "edge") throw_error(ErrorCode::kArgument, "The kind of label must be 'vertex' or 'edge', not '" + kind + "'");
  std::vector<Row> rows;
  for (Row& row : index_rows(view_of(call).catalog(), call.arguments[0].as_string())) {
    if (row[2].as_string() == kind) rows.push_back({row[0], row[1], row[3], row[4]});
  }
  return make_rows(std::move(rows));
}

const graph::LabelSchema& schema_named(const graph::Catalog& catalog, EntityKind entity, std::string_view name) {
  auto token = entity == EntityKind::kNode ? catalog.label(name) : catalog.type(name);
  const graph::LabelSchema* schema = token ? catalog.schema(entity, *token) : nullptr;
  if (schema == nullptr) throw_error(ErrorCode::kLabelNotFound, "No schema was made for '" + std::string(name) + "'");
  return *schema;
}

std::unique_ptr<ProcedureRows> label_schema(const ProcedureCall& call) {
  std::string kind = to_lower(call.arguments[0].as_string());
  if (kind != "vertex" && kind != "edge") throw_error(ErrorCode::kArgument, "The kind of label must be 'vertex' or 'edge', not '" + kind + "'");
  std::vector<Row> rows;
  for (const graph::SchemaField& f : schema_named(view_of(call).catalog(), kind == "vertex" ? EntityKind::kNode : EntityKind::kRelationship, call.arguments[1].as_string()).fields) {
    rows.push_back({text(f.name), text(f.type), Value::boolean(f.optional)});
  }
  return make_rows(std::move(rows));
}

template <EntityKind entity>
std::unique_ptr<ProcedureRows> schema_as_map(const ProcedureCall& call) {
  std::string_view name = call.arguments[0].as_string();
  const graph::LabelSchema& schema = schema_named(view_of(call).catalog(), entity, name);
  graph::List properties;
  for (const graph::SchemaField& f : schema.fields) {
    properties.push_back(Value::map({{"name", text(f.name)}, {"type", text(f.type)}, {"optional", Value::boolean(f.optional)}}));
  }
  graph::Map map{{"label", text(name)}, {"type", text(entity == EntityKind::kNode ? "VERTEX" : "EDGE")}, {"properties", Value::list(std::move(properties))}};
  if constexpr (entity == EntityKind::kNode) {
    map.emplace_back("primary", text(schema.primary));
  } else {
    graph::List pairs;
    for (const auto& [start, end] : schema.end_labels) pairs.push_back(Value::list({text(start), text(end)}));
    map.emplace_back("constraints", Value::list(std::move(pairs)));
  }
  return make_rows({{Value::map(std::move(map))}});
}

Value count(uint64_t n) { return Value::integer(static_cast<int64_t>(n)); }

std::unique_ptr<ProcedureRows> meta_count(const ProcedureCall& call) {
  view_of(call).record_label_read(graph::kNoToken);
  view_of(call).record_type_read(graph::kNoToken);
  return make_rows({{text("vertex"), count(view_of(call).node_count())}, {text("edge"), count(view_of(call).relationship_count())}});
}

std::unique_ptr<ProcedureRows> meta_count_detail(const ProcedureCall& call) {
  std::vector<Row> rows;
  view_of(call).record_label_read(graph::kNoToken);
  view_of(call).record_type_read(graph::kNoToken);
  const graph::Catalog& catalog = view_of(call).catalog();
  for (const std::string& name : catalog.labels()) rows.push_back({Value::boolean(true), text(name), count(view_of(call).node_count(*catalog.label(name)))});
  for (const std::string& name : catalog.types()) rows.push_back({Value::boolean(false), text(name), count(view_of(call).relationship_count(*catalog.type(name)))});
  return make_rows(std::move(rows));
}

}  // namespace

void add_catalog_procedures(ProcedureRegistry& r) {
  r.add_reading("db.labels", {}, {{"label", "STRING"}}, "The labels in use.", labels);
  r.add_reading("db.relationshipTypes", {}, {{"relationshipType", "STRING"}}, "The relationship types in use.", types);
  r.add_reading("db.propertyKeys", {}, {{"propertyKey", "STRING"}}, "All property keys.", property_keys);
  r.add_reading("db.vertexLabels", {}, {{"label", "STRING"}}, "The labels in use.", labels);
  r.add_reading("db.edgeLabels", {}, {{"edgeLabels", "STRING"}}, "The relationship types in use.", types);
  std::vector<ProcedureOutput> index_columns{{"label", "STRING"}, {"field", "STRING"}, {"label_type", "STRING"}, {"unique", "BOOLEAN"}, {"pair_unique", "BOOLEAN"}};
  r.add_reading("db.indexes", {}, index_columns, "All indexes, a row for each field.", indexes);
  r.add_reading("db.listLabelIndexes", {{"label_name", "STRING", {}}, {"label_type", "STRING", Value::string("vertex")}}, {{"label", "STRING"}, {"field", "STRING"}, {"unique", "BOOLEAN"}, {"pair_unique", "BOOLEAN"}}, "The indexes of one label.", label_indexes);
  r.add_reading("db.getLabelSchema", {{"label_type", "STRING", {}}, {"label_name", "STRING", {}}}, {{"name", "STRING"}, {"type", "STRING"}, {"optional", "BOOLEAN"}}, "The fields of a label that was made with a schema.", label_schema);
  r.add_reading("db.getVertexSchema", {{"label", "STRING", {}}}, {{"schema", "MAP"}}, "A label's schema.", schema_as_map<EntityKind::kNode>);
  r.add_reading("db.getEdgeSchema", {{"label", "STRING", {}}}, {{"schema", "MAP"}}, "A relationship type's schema.", schema_as_map<EntityKind::kRelationship>);
  r.add_reading("dbms.meta.count", {}, {{"type", "STRING"}, {"number", "INTEGER"}}, "How many nodes and relationships there are.", meta_count);
  r.add_reading("dbms.meta.countDetail", {}, {{"is_vertex", "BOOLEAN"}, {"label", "STRING"}, {"count", "INTEGER"}}, "How many nodes of each label and relationships of each type.", meta_count_detail);
}

}  // namespace graft::cypher
