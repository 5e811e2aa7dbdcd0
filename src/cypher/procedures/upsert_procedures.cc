// TuGraph's db.upsertVertex and db.upsertEdge: rows given as maps; existing ones, by primary key, are updated.
#include <algorithm>
#include <optional>

#include "cypher/functions/query_context.h"
#include "cypher/procedures/builtin.h"

namespace graft::cypher {
namespace {

using graph::EntityKind;
using graph::GraphTransaction;
using graph::LabelSchema;
using graph::Value;
using graph::ValueType;

struct Tally {
  int64_t total = 0, data_error = 0, index_conflict = 0, insert = 0, update = 0;
  std::unique_ptr<ProcedureRows> rows() const {
    auto n = [](int64_t v) { return Value::integer(v); };
    return make_rows({{n(total), n(data_error), n(index_conflict), n(insert), n(update)}});
  }
};

const LabelSchema& schema_of(const GraphTransaction& t, EntityKind entity, std::string_view name) {
  const graph::Catalog& catalog = t.view().catalog();
  auto token = entity == EntityKind::kNode ? catalog.label(name) : catalog.type(name);
  const LabelSchema* schema = token ? catalog.schema(entity, *token) : nullptr;
  if (schema == nullptr) throw_error(ErrorCode::kLabelNotFound, "No schema was made for '" + std::string(name) + "': upserts need to know its fields");
  return *schema;
}

// The index that a vertex is found by.
graph::IndexId primary_index(const GraphTransaction& t, const LabelSchema& schema) {
  const graph::Catalog& catalog = t.view().catalog();
  auto key = catalog.property_key(schema.primary);
  for (const auto& c : catalog.constraints()) {
    bool own = key && c.entity == EntityKind::kNode && c.label_or_type == schema.label_or_type && c.keys == std::vector<graph::PropertyKeyId>{*key};
    if (!own || c.backing_index == graph::kNoToken) continue;
    for (const auto& i : catalog.indexes())
      if (i.id == c.backing_index && i.state == graph::IndexState::kOnline) return i.id;
  }
  throw_error(ErrorCode::kLabelNotFound, "'" + catalog.label_name(schema.label_or_type) + "' has no primary key that vertices could be found by");
}

std::optional<graph::NodeId> find_vertex(const GraphTransaction& t, graph::IndexId index, const Value& value) {
  const Value values[] = {value};
  graph::NodeId id;
  if (t.view().index_seek(index, values)->next({&id, 1}) == 0) return std::nullopt;
  return id;
}

// The schema's fields out of a row. Nothing: one is null.
std::optional<graph::PropertyList> fields_of(GraphTransaction& t, const LabelSchema& schema, const Value& row) {
  graph::PropertyList out;
  for (const auto& [name, value] : row.as_map()) {
    bool known = std::any_of(schema.fields.begin(), schema.fields.end(), [&, n = std::string_view(name)](const auto& f) { return f.name == n; });
    if (!known) continue;
    if (value.is_null()) return std::nullopt;
    out.emplace_back(t.property_key(name), value);
  }
  return out;
}

const graph::List& rows_in(const Value& v) {
  for (const Value& row : v.as_list())
    if (row.type() != ValueType::kMap) throw_error(ErrorCode::kArgument, "The elements of the list must be maps");
  return v.as_list();
}

// Does the work; undoes it and counts when a constraint or a type is in the way.
template <class F>
void attempt(GraphTransaction& t, int64_t* good, Tally* tally, F&& work) {
  auto savepoint = t.savepoint();
  Status status = work();
  if (status.ok()) status = t.check_constraints();
  if (status.ok()) {
    ++*good;
    return;
  }
  t.rollback_to(savepoint);
  bool duplicate = status.error().message.find("already exists") != std::string::npos;
  ++(duplicate ? tally->index_conflict : tally->data_error);
}

std::unique_ptr<ProcedureRows> upsert_vertex(const ProcedureCall& call) {
  GraphTransaction& t = writer_of(call);
  const LabelSchema schema = schema_of(t, EntityKind::kNode, call.arguments[0].as_string());
  graph::IndexId index = primary_index(t, schema);
  Tally tally;
  for (const Value& row : rows_in(call.arguments[1])) {
    call.query.tick();
    ++tally.total;
    auto fields = fields_of(t, schema, row);
    const Value* primary = row.find(schema.primary);
    if (!fields || primary == nullptr) {
      ++tally.data_error;
    } else if (auto found = find_vertex(t, index, *primary)) {
      attempt(t, &tally.update, &tally, [&]() -> Status {
        for (const auto& [key, value] : *fields) GRAFT_TRY(t.set_node_property(*found, key, value));
        return {};
      });
    } else {
      attempt(t, &tally.insert, &tally, [&]() -> Status {
        const graph::LabelId labels[] = {schema.label_or_type};
        auto made = t.create_node(labels, *fields);
        return made.ok() ? Status() : Status(made.error());
      });
    }
  }
  return tally.rows();
}

// {type: label, key: name in the rows}
struct End {
  End(const GraphTransaction& t, const Value& spec, const char* what) {
    const Value *type = spec.find("type"), *key_name = spec.find("key");
    if (type == nullptr || key_name == nullptr || type->type() != ValueType::kString || key_name->type() != ValueType::kString) {
      throw_error(ErrorCode::kArgument, std::string(what) + " must be a map such as {type: 'person', key: 'from'}");
    }
    index = primary_index(t, schema_of(t, EntityKind::kNode, type->as_string()));
    key = key_name->as_string();
  }
  std::optional<graph::NodeId> find(const GraphTransaction& t, const Value& row) const {
    const Value* value = row.find(key);
    return value == nullptr || value->is_null() ? std::nullopt : find_vertex(t, index, *value);
  }
  graph::IndexId index;
  std::string key;
};

std::optional<graph::RelationshipId> find_edge(const GraphTransaction& t, graph::TypeId type, graph::NodeId start, graph::NodeId end) {
  graph::NeighbourCursor cursor;
  graph::NeighbourRun run;
  const graph::TypeId types[] = {type};
  t.view().expand(start, graph::Direction::kOutgoing, types, &cursor);
  while (cursor.next(&run))
    for (uint32_t i = 0; i < run.count; ++i)
      if (run.neighbour(i) == end) return run.relationship(i);
  return std::nullopt;
}

std::unique_ptr<ProcedureRows> upsert_edge(const ProcedureCall& call) {
  GraphTransaction& t = writer_of(call);
  const LabelSchema schema = schema_of(t, EntityKind::kRelationship, call.arguments[0].as_string());
  End start(t, call.arguments[1], "start_spec"), end(t, call.arguments[2], "end_spec");
  Tally tally;
  for (const Value& row : rows_in(call.arguments[3])) {
    call.query.tick();
    ++tally.total;
    auto fields = fields_of(t, schema, row);
    auto from = start.find(t, row), to = end.find(t, row);
    if (!fields || !from || !to) {
      ++tally.data_error;
    } else if (auto found = find_edge(t, schema.label_or_type, *from, *to)) {
      attempt(t, &tally.update, &tally, [&]() -> Status {
        for (const auto& [key, value] : *fields) GRAFT_TRY(t.set_relationship_property(*found, key, value));
        return {};
      });
    } else {
      attempt(t, &tally.insert, &tally, [&]() -> Status {
        auto made = t.create_relationship(schema.label_or_type, *from, *to, *fields);
        return made.ok() ? Status() : Status(made.error());
      });
    }
  }
  return tally.rows();
}

}  // namespace

void add_upsert_procedures(ProcedureRegistry& r) {
  std::vector<ProcedureOutput> tally{{"total", "INTEGER"}, {"data_error", "INTEGER"}, {"index_conflict", "INTEGER"}, {"insert", "INTEGER"}, {"update", "INTEGER"}};
  ProcedureInfo p;
  p.name = "db.upsertVertex";
  p.inputs = {{"label_name", "STRING", {}}, {"list_data", "LIST<MAP>", {}}};
  p.outputs = tally;
  p.mode = ProcedureMode::kWrite;
  p.description = "Inserts vertices given as maps, or updates those whose primary key is there.";
  p.call = upsert_vertex;
  r.add(std::move(p));
  ProcedureInfo e;
  e.name = "db.upsertEdge";
  e.inputs = {{"label_name", "STRING", {}}, {"start_spec", "MAP", {}}, {"end_spec", "MAP", {}}, {"list_data", "LIST<MAP>", {}}};
  e.outputs = tally;
  e.mode = ProcedureMode::kWrite;
  e.description = "Inserts edges given as maps, or updates the one between the two vertices.";
  e.call = upsert_edge;
  r.add(std::move(e));
}

}  // namespace graft::cypher
