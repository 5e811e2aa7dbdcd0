// What a graph looks like: db.schema.nodeTypeProperties, relTypeProperties, visualization; dbms.graph.getGraphSchema.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "cypher/functions/query_context.h"
#include "cypher/procedures/builtin.h"
#include "graph/virtual_entity.h"

namespace graft::cypher {
namespace {

using graph::EntityKind;
using graph::Value;
using graph::ValueType;

std::string quoted_name(const std::string& name) { return "`" + name + "`"; }

std::string_view scalar_type(ValueType type) {
  switch (type) {
    case ValueType::kBoolean: return "Boolean";
    case ValueType::kInteger: return "Long";
    case ValueType::kFloat: return "Double";
    case ValueType::kString: return "String";
    case ValueType::kBytes: return "ByteArray";
    case ValueType::kDate: return "Date";
    case ValueType::kLocalTime: return "LocalTime";
    case ValueType::kTime: return "Time";
    case ValueType::kLocalDateTime: return "LocalDateTime";
    case ValueType::kDateTime: return "DateTime";
    case ValueType::kDuration: return "Duration";
    case ValueType::kPoint: return "Point";
    default: return "Any";
  }
}

// As Neo4j names the types of stored values.
std::string stored_type(const Value& v) {
  if (v.type() != ValueType::kList) return std::string(scalar_type(v.type()));
  const graph::List& list = v.as_list();
  if (list.empty()) return "StringArray";
  return std::string(scalar_type(list[0].type())) + "Array";
}

// One set of labels, or one relationship type: how many there are and what properties they have.
struct Seen {
  uint64_t entities = 0;
  struct Property {
    uint64_t count = 0;
    std::set<std::string> types;
  };
  std::map<std::string, Property> properties;

  void add(const graph::Catalog& catalog, const graph::PropertyList& list) {
    ++entities;
    for (const auto& [key, value] : list) {
      Property& p = properties[catalog.property_key_name(key)];
      ++p.count;
      p.types.insert(stored_type(value));
    }
  }
  // `head` and propertyName, propertyTypes, mandatory for each property; one row without any when there is none.
  void append(const Row& head, std::vector<Row>* rows) const {
    auto row = [&](Value name, Value types, bool mandatory) {
      Row out = head;
      out.push_back(std::move(name));
      out.push_back(std::move(types));
      out.push_back(Value::boolean(mandatory));
      rows->push_back(std::move(out));
    };
    for (const auto& [name, property] : properties) {
      graph::List types;
      for (const std::string& type : property.types) types.push_back(Value::string(type));
      row(Value::string(name), Value::list(std::move(types)), property.count == entities);
    }
    if (properties.empty()) row(Value(), Value(), false);
  }
};

std::unique_ptr<ProcedureRows> node_type_properties(const ProcedureCall& call) {
  const graph::GraphView& view = *call.caller.view;
  const graph::Catalog& catalog = view.catalog();
  std::map<std::vector<std::string>, Seen> sets;
  auto cursor = view.scan_nodes();
  graph::NodeId some[256];
  while (size_t n = cursor->next(some)) {
    for (size_t i = 0; i < n; ++i) {
      std::vector<std::string> names;
      for (graph::LabelId label : view.labels(some[i])) names.push_back(catalog.label_name(label));
      std::sort(names.begin(), names.end());
      sets[std::move(names)].add(catalog, view.node_properties(some[i]));
      call.query.tick();
    }
  }
  std::vector<Row> rows;
  for (const auto& [names, seen] : sets) {
    std::string type;
    graph::List labels;
    for (const std::string& name : names) {
      type += ":" + quoted_name(name);
      labels.push_back(Value::string(name));
    }
    seen.append({Value::string(type), Value::list(std::move(labels))}, &rows);
  }
  return make_rows(std::move(rows));
}

std::unique_ptr<ProcedureRows> relationship_type_properties(const ProcedureCall& call) {
  const graph::GraphView& view = *call.caller.view;
  const graph::Catalog& catalog = view.catalog();
  std::vector<Row> rows;
  for (const std::string& name : catalog.types()) {
    Seen seen;
    auto cursor = view.scan_relationships(*catalog.type(name));
    graph::RelationshipCursor::Item some[256];
    while (size_t n = cursor->next(some)) {
      for (size_t i = 0; i < n; ++i) {
        seen.add(catalog, view.relationship_properties(some[i].id));
        call.query.tick();
      }
    }
    if (seen.entities > 0) seen.append({Value::string(":" + quoted_name(name))}, &rows);
  }
  return make_rows(std::move(rows));
}

// Virtual nodes and relationships, as in Neo4j. Of counts: nothing is scanned.
std::unique_ptr<ProcedureRows> visualization(const ProcedureCall& call) {
  const graph::GraphView& view = *call.caller.view;
  const graph::Catalog& catalog = view.catalog();
  view.record_label_read(graph::kNoToken);
  view.record_type_read(graph::kNoToken);
  graph::List nodes, relationships;
  for (const std::string& name : catalog.labels()) {
    graph::LabelId label = *catalog.label(name);
    if (view.node_count(label) > 0) nodes.push_back(Value::node(graph::virtual_node(label)));
  }
  for (const std::string& type_name : catalog.types()) {
    graph::TypeId type = *catalog.type(type_name);
    for (const std::string& start_name : catalog.labels()) {
      const graph::LabelId start = *catalog.label(start_name);
      if (view.relationship_count(start, type, graph::Direction::kOutgoing) == 0) continue;
      for (const std::string& end_name : catalog.labels()) {
        const graph::LabelId end = *catalog.label(end_name);
        if (view.relationship_count(end, type, graph::Direction::kIncoming) == 0) continue;
        relationships.push_back(Value::relationship(graph::virtual_relationship({type, start, end})));
      }
    }
  }
  return make_rows({{Value::list(std::move(nodes)), Value::list(std::move(relationships))}});
}

// The indexes on one field, as TuGraph's schema tells them.
void describe_index(const graph::Catalog& catalog, EntityKind entity, uint32_t token, const std::string& field, nlohmann::ordered_json* property) {
  for (const graph::IndexDefinition& index : catalog.indexes()) {
    bool on = index.entity == entity && index.labels_or_types == std::vector<uint32_t>{token} && index.keys.size() == 1 && catalog.property_key_name(index.keys[0]) == field;
    if (!on) continue;
    (*property)["index"] = true;
    (*property)["unique"] = index.unique;
  }
}

nlohmann::ordered_json described(const graph::Catalog& catalog, EntityKind entity, const std::string& name, const graph::LabelSchema& schema) {
  nlohmann::ordered_json out;
  out["label"] = name;
  out["type"] = entity == EntityKind::kNode ? "VERTEX" : "EDGE";
  out["detach_property"] = true;
  if (entity == EntityKind::kNode) {
    out["primary"] = schema.primary;
  } else {
    out["constraints"] = nlohmann::ordered_json::array();
    for (const auto& [start, end] : schema.end_labels) out["constraints"].push_back({start, end});
  }
  out["properties"] = nlohmann::ordered_json::array();
  for (const graph::SchemaField& f : schema.fields) {
    nlohmann::ordered_json property{{"name", f.name}, {"type", f.type}, {"optional", f.optional}};
    describe_index(catalog, entity, schema.label_or_type, f.name, &property);
    out["properties"].push_back(std::move(property));
  }
  return out;
}

std::unique_ptr<ProcedureRows> graph_schema(const ProcedureCall& call) {
  const graph::Catalog& catalog = call.caller.view->catalog();
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const std::string& name : catalog.labels())
    if (const graph::LabelSchema* s = catalog.schema(EntityKind::kNode, *catalog.label(name))) all.push_back(described(catalog, EntityKind::kNode, name, *s));
  for (const std::string& name : catalog.types())
    if (const graph::LabelSchema* s = catalog.schema(EntityKind::kRelationship, *catalog.type(name))) all.push_back(described(catalog, EntityKind::kRelationship, name, *s));
  nlohmann::ordered_json schema;
  schema["schema"] = std::move(all);
  return make_rows({{Value::string(schema.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))}});
}

}  // namespace

void add_overview_procedures(ProcedureRegistry& r) {
  auto add = [&](std::string name, std::vector<ProcedureOutput> outputs, std::string description, ProcedureFunction call) {
    ProcedureInfo p;
    p.name = std::move(name);
    p.outputs = std::move(outputs);
    p.description = std::move(description);
    p.call = std::move(call);
    r.add(std::move(p));
  };
  add("db.schema.nodeTypeProperties", {{"nodeType", "STRING"}, {"nodeLabels", "LIST<STRING>"}, {"propertyName", "STRING"}, {"propertyTypes", "LIST<STRING>"}, {"mandatory", "BOOLEAN"}},
      "Show the derived property schema of the nodes in tabular form.", node_type_properties);
  add("db.schema.relTypeProperties", {{"relType", "STRING"}, {"propertyName", "STRING"}, {"propertyTypes", "LIST<STRING>"}, {"mandatory", "BOOLEAN"}},
      "Show the derived property schema of the relationships in tabular form.", relationship_type_properties);
  add("db.schema.visualization", {{"nodes", "LIST<NODE>"}, {"relationships", "LIST<RELATIONSHIP>"}}, "Visualizes the schema of the data: labels, and which types lead from which to which.", visualization);
  add("dbms.graph.getGraphSchema", {{"schema", "STRING"}}, "All typed schemas, as JSON.", graph_schema);
}

}  // namespace graft::cypher
