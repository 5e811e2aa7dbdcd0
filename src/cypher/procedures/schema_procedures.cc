// TuGraph's procedures that make and change labels and indexes.
#include <algorithm>

#include "cypher/functions/query_context.h"
#include "cypher/functions/unicode.h"
#include "cypher/procedures/builtin.h"
#include "cypher/procedures/label_description.h"

namespace graft::cypher {
namespace {

using graph::EntityKind;
using graph::Value;
using graph::ValueType;

[[noreturn]] void bad_argument(std::string message) { throw_error(ErrorCode::kArgument, std::move(message)); }

std::string text_at(const ProcedureCall& call, size_t i, std::string_view what) {
  if (i >= call.arguments.size() || call.arguments[i].type() != ValueType::kString || call.arguments[i].as_string().empty()) {
    bad_argument(std::string(what) + " must be a string that is not empty");
  }
  return std::string(call.arguments[i].as_string());
}

// name, type, optional, name, type, optional ...
std::vector<graph::SchemaField> fields_from(const ProcedureCall& call, size_t first) {
  std::vector<graph::SchemaField> fields;
  if ((call.arguments.size() - first) % 3 != 0) bad_argument("Fields are given as name, type, optional for each");
  for (size_t i = first; i + 2 < call.arguments.size(); i += 3) {
    graph::SchemaField field{text_at(call, i, "A field's name"), to_upper(text_at(call, i + 1, "A field's type")), false};
    if (call.arguments[i + 2].type() != ValueType::kBoolean) bad_argument("'optional' of the field " + field.name + " must be true or false");
    field.optional = call.arguments[i + 2].as_boolean();
    fields.push_back(std::move(field));
  }
  return fields;
}

void add_index(graph::GraphTransaction& tx, EntityKind entity, const std::string& label, const std::vector<std::string>& fields, bool unique) {
  uint32_t token = entity == EntityKind::kNode ? tx.label(label) : tx.type(label);
  const graph::LabelSchema* schema = tx.view().catalog().schema(entity, token);
  std::vector<graph::PropertyKeyId> keys;
  for (const std::string& field : fields) {
    bool declared = schema == nullptr || std::any_of(schema->fields.begin(), schema->fields.end(), [&](const auto& f) { return f.name == field; });
    if (!declared) bad_argument("'" + label + "' has no field '" + field + "'");
    keys.push_back(tx.property_key(field));
  }
  if (unique) {
    graph::ConstraintDefinition constraint;
    constraint.entity = entity;
    constraint.kind = graph::ConstraintKind::kUnique;
    constraint.label_or_type = token;
    constraint.keys = std::move(keys);
    unwrap(tx.create_constraint(std::move(constraint)));
    return;
  }
  graph::IndexDefinition index;
  index.entity = entity;
  index.labels_or_types = {token};
  index.keys = std::move(keys);
  unwrap(tx.create_index(std::move(index)));
}

void create_label(graph::GraphTransaction& tx, DescribedLabel label) {
  bool node = label.schema.entity == EntityKind::kNode;
  label.schema.label_or_type = node ? tx.label(label.name) : tx.type(label.name);
  EntityKind entity = label.schema.entity;
  unwrap(tx.create_label_schema(std::move(label.schema)));
  for (const auto& [field, unique] : label.indexes) add_index(tx, entity, label.name, {field}, unique);
}

std::unique_ptr<ProcedureRows> nothing() { return make_rows({}); }

// db.createVertexLabel(label, primary, name, type, optional, ...)
std::unique_ptr<ProcedureRows> create_vertex_label(const ProcedureCall& call) {
  DescribedLabel label{text_at(call, 0, "The label"), {}, {}};
  label.schema.entity = EntityKind::kNode;
  label.schema.primary = text_at(call, 1, "The primary field");
  label.schema.fields = fields_from(call, 2);
  create_label(writer_of(call), std::move(label));
  return nothing();
}

std::vector<std::pair<std::string, std::string>> end_labels_from(const Value& v) {
  if (v.type() == ValueType::kString) return v.as_string().empty() ? std::vector<std::pair<std::string, std::string>>{} : parse_end_labels(v.as_string());
  std::vector<std::pair<std::string, std::string>> pairs;
  if (v.type() != ValueType::kList) bad_argument("The pairs of labels must be a list such as '[[\"person\", \"city\"]]'");
  for (const Value& pair : v.as_list()) {
    bool two = pair.type() == ValueType::kList && pair.as_list().size() == 2;
    if (!two || pair.as_list()[0].type() != ValueType::kString || pair.as_list()[1].type() != ValueType::kString) bad_argument("A pair of labels must be two strings");
    pairs.emplace_back(pair.as_list()[0].as_string(), pair.as_list()[1].as_string());
  }
  return pairs;
}

// db.createEdgeLabel(label, '[["person", "person"]]', name, type, optional, ...)
std::unique_ptr<ProcedureRows> create_edge_label(const ProcedureCall& call) {
  DescribedLabel label{text_at(call, 0, "The label"), {}, {}};
  label.schema.entity = EntityKind::kRelationship;
  if (call.arguments.size() < 2) bad_argument("db.createEdgeLabel needs the label and the pairs of labels");
  label.schema.end_labels = end_labels_from(call.arguments[1]);
  label.schema.fields = fields_from(call, 2);
  create_label(writer_of(call), std::move(label));
  return nothing();
}

EntityKind entity_named(const ProcedureCall& call, size_t i) {
  std::string kind = to_lower(text_at(call, i, "The kind of label"));
  if (kind == "vertex") return EntityKind::kNode;
  if (kind == "edge") return EntityKind::kRelationship;
  bad_argument("The kind of label must be 'vertex' or 'edge', not '" + kind + "'");
}

// db.createLabel('vertex', label, primary, [name, type, optional], ...) and ('edge', label, pairs, ...)
std::unique_ptr<ProcedureRows> create_any_label(const ProcedureCall& call) {
  DescribedLabel label{text_at(call, 1, "The label"), {}, {}};
  label.schema.entity = entity_named(call, 0);
  if (label.schema.entity == EntityKind::kNode) {
    label.schema.primary = text_at(call, 2, "The primary field");
  } else {
    label.schema.end_labels = end_labels_from(call.arguments[2]);
  }
  for (size_t i = 3; i < call.arguments.size(); ++i) {
    if (call.arguments[i].type() != ValueType::kList) bad_argument("A field is given as a list [name, type, optional]");
    ProcedureCall field{call.caller, call.query, call.arguments[i].as_list()};
    for (graph::SchemaField& f : fields_from(field, 0)) label.schema.fields.push_back(std::move(f));
  }
  create_label(writer_of(call), std::move(label));
  return nothing();
}

template <EntityKind entity>
std::unique_ptr<ProcedureRows> create_label_by_json(const ProcedureCall& call) {
  create_label(writer_of(call), parse_label_description(text_at(call, 0, "The description"), entity));
  return nothing();
}

uint32_t known_token(const graph::Catalog& catalog, EntityKind entity, const std::string& name) {
  auto token = entity == EntityKind::kNode ? catalog.label(name) : catalog.type(name);
  if (!token) throw_error(ErrorCode::kLabelNotFound, std::string("There is no ") + (entity == EntityKind::kNode ? "label" : "relationship type") + " '" + name + "'");
  return *token;
}

template <EntityKind entity>
std::unique_ptr<ProcedureRows> add_index_call(const ProcedureCall& call) {
  add_index(writer_of(call), entity, text_at(call, 0, "The label"), {text_at(call, 1, "The field")}, call.arguments[2].as_boolean());
  return nothing();
}

template <EntityKind entity>
std::unique_ptr<ProcedureRows> delete_index(const ProcedureCall& call) {
  graph::GraphTransaction& tx = writer_of(call);
  const graph::Catalog& catalog = tx.view().catalog();
  std::string label = text_at(call, 0, "The label"), field = text_at(call, 1, "The field");
  uint32_t token = known_token(catalog, entity, label);
  auto key = catalog.property_key(field);
  for (const graph::ConstraintDefinition& c : catalog.constraints()) {
    if (key && c.entity == entity && c.label_or_type == token && c.keys == std::vector<graph::PropertyKeyId>{*key} && c.backing_index != graph::kNoToken) {
      unwrap(tx.drop_constraint(std::string(c.name)));
      return nothing();
    }
  }
  for (const graph::IndexDefinition& i : catalog.indexes()) {
    if (key && i.entity == entity && i.labels_or_types == std::vector<uint32_t>{token} && i.keys == std::vector<graph::PropertyKeyId>{*key}) {
      unwrap(tx.drop_index(std::string(i.name)));
      return nothing();
    }
  }
  throw_error(ErrorCode::kIndexNotFound, "There is no index on " + label + "." + field);
}

std::unique_ptr<ProcedureRows> drop_db(const ProcedureCall& call) {
  writer_of(call).drop_all();
  return nothing();
}

std::unique_ptr<ProcedureRows> drop_all_vertex(const ProcedureCall& call) {
  writer_of(call).drop_entities();
  return nothing();
}

// db.addEdgeIndex(label, field, unique, pair_unique)
std::unique_ptr<ProcedureRows> add_edge_index(const ProcedureCall& call) {
  if (call.arguments[3].as_boolean()) throw_error(ErrorCode::kUnsupported, "An index that is unique for each pair of nodes is not supported: create one that is not");
  return add_index_call<EntityKind::kRelationship>(call);
}

// db.addVertexCompositeIndex(label, [field, ...], unique)
std::unique_ptr<ProcedureRows> add_composite_index(const ProcedureCall& call) {
  std::vector<std::string> fields;
  for (const Value& v : call.arguments[1].as_list()) {
    if (v.type() != ValueType::kString || v.as_string().empty()) bad_argument("A field must be a string that is not empty");
    fields.emplace_back(v.as_string());
  }
  if (fields.size() < 2) bad_argument("A composite index needs two fields or more");
  add_index(writer_of(call), EntityKind::kNode, text_at(call, 0, "The label"), fields, call.arguments[2].as_boolean());
  return nothing();
}

}  // namespace

graph::GraphTransaction& writer_of(const ProcedureCall& call) {
  if (call.caller.transaction == nullptr) throw_error(ErrorCode::kAccessMode, "Writing is not possible in a read transaction");
  return *call.caller.transaction;
}

void add_schema_procedures(ProcedureRegistry& r) {
  auto add = [&](std::string name, std::vector<ProcedureInput> inputs, bool variadic, std::vector<ProcedureOutput> outputs, std::string description, ProcedureFunction call) {
    ProcedureInfo p;
    p.name = std::move(name);
    p.inputs = std::move(inputs);
    p.variadic = variadic;
    p.outputs = std::move(outputs);
    p.mode = ProcedureMode::kSchema;
    p.description = std::move(description);
    p.call = std::move(call);
    r.add(std::move(p));
  };
  add("db.dropDB", {}, false, {}, "Forgets all nodes, relationships and schema.", drop_db);
  add("db.createVertexLabel", {{"label", "STRING", {}}, {"primary", "STRING", {}}, {"field_specs", "ANY", {}}}, true, {}, "A typed schema for a label: name, type, optional for each field.", create_vertex_label);
  add("db.createEdgeLabel", {{"label", "STRING", {}}, {"pairs", "ANY", {}}, {"field_specs", "ANY", {}}}, true, {}, "A typed schema for a relationship type.", create_edge_label);
  add("db.createLabel", {{"label_type", "STRING", {}}, {"label_name", "STRING", {}}, {"extra", "ANY", {}}, {"field_specs", "LIST<ANY>", {}}}, true, {}, "A typed schema, for 'vertex' or 'edge'.", create_any_label);
  add("db.createVertexLabelByJson", {{"json_data", "STRING", {}}}, false, {}, "A typed schema for a label, as JSON.", create_label_by_json<EntityKind::kNode>);
  add("db.createEdgeLabelByJson", {{"json_data", "STRING", {}}}, false, {}, "A typed schema for a relationship type, as JSON.", create_label_by_json<EntityKind::kRelationship>);
  add("db.addIndex", {{"label_name", "STRING", {}}, {"field_name", "STRING", {}}, {"unique", "BOOLEAN", {}}}, false, {}, "An index on nodes.", add_index_call<EntityKind::kNode>);
  add("db.addEdgeIndex", {{"label_name", "STRING", {}}, {"field_name", "STRING", {}}, {"unique", "BOOLEAN", {}}, {"pair_unique", "BOOLEAN", Value::boolean(false)}}, false, {}, "An index on relationships.", add_edge_index);
  add("db.addVertexCompositeIndex", {{"label_name", "STRING", {}}, {"field_names", "LIST<STRING>", {}}, {"unique", "BOOLEAN", {}}}, false, {}, "An index on several fields of nodes.", add_composite_index);
  add("db.dropAllVertex", {}, false, {}, "Forgets all nodes and relationships; the schema stays.", drop_all_vertex);
  add("db.deleteIndex", {{"label_name", "STRING", {}}, {"field_name", "STRING", {}}}, false, {}, "Removes an index on nodes.", delete_index<EntityKind::kNode>);
  add("db.deleteEdgeIndex", {{"label_name", "STRING", {}}, {"field_name", "STRING", {}}}, false, {}, "Removes an index on relationships.", delete_index<EntityKind::kRelationship>);
}

}  // namespace graft::cypher
