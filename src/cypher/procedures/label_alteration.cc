// TuGraph's db.alterLabelAddFields, db.alterLabelDelFields, db.alterLabelModFields, db.deleteLabel.
#include <algorithm>
#include <charconv>

#include "cypher/functions/query_context.h"
#include "cypher/functions/unicode.h"
#include "cypher/procedures/builtin.h"
#include "graph/schema_check.h"

namespace graft::cypher {
namespace {

using graph::EntityKind;
using graph::GraphTransaction;
using graph::LabelSchema;
using graph::SchemaField;
using graph::Value;
using graph::ValueType;

[[noreturn]] void refuse(std::string message) { throw_error(ErrorCode::kArgument, std::move(message)); }

std::string name_in(const Value& v, std::string_view what) {
  if (v.type() != ValueType::kString || v.as_string().empty()) refuse(std::string(what) + " must be a string that is not empty");
  return std::string(v.as_string());
}

const graph::List& list_in(const Value& v, size_t size, const char* form) {
  if (v.type() != ValueType::kList || v.as_list().size() != size) refuse(std::string("A field is given as a list ") + form);
  return v.as_list();
}

bool flag_in(const Value& v, const std::string& field) {
  if (v.type() != ValueType::kBoolean) refuse("'optional' of the field " + field + " must be true or false");
  return v.as_boolean();
}

EntityKind kind_in(const Value& v) {
  std::string kind = to_lower(name_in(v, "The kind of label"));
  if (kind == "vertex") return EntityKind::kNode;
  if (kind == "edge") return EntityKind::kRelationship;
  refuse("The kind of label must be 'vertex' or 'edge', not '" + kind + "'");
}

uint32_t token_in(const graph::Catalog& catalog, EntityKind entity, const std::string& name) {
  auto token = entity == EntityKind::kNode ? catalog.label(name) : catalog.type(name);
  if (!token) throw_error(ErrorCode::kLabelNotFound, std::string("There is no ") + (entity == EntityKind::kNode ? "label" : "relationship type") + " '" + name + "'");
  return *token;
}

SchemaField* field_in(LabelSchema& schema, std::string_view name) {
  for (SchemaField& f : schema.fields)
    if (f.name == name) return &f;
  return nullptr;
}

// A value as a field of another type would hold it. False: it cannot be one.
bool converted(const SchemaField& field, Value* value) {
  if (graph::fit_field(field, value).ok()) return true;
  if (field.type == "STRING") {
    *value = Value::string(graph::to_text(*value));
    return value->as_string().size() > 0;
  }
  Value other;
  if (value->type() == ValueType::kString) {
    std::string_view text = value->as_string();
    int64_t integer = 0;
    double number = 0;
    const char* end = text.data() + text.size();
    if (std::from_chars(text.data(), end, integer).ptr == end && !text.empty()) other = Value::integer(integer);
    else if (std::from_chars(text.data(), end, number).ptr == end && !text.empty()) other = Value::floating(number);
    else if (text == "true" || text == "false") other = Value::boolean(text == "true");
  } else if (value->type() == ValueType::kFloat && std::abs(value->as_float()) < 9.0e18) {
    other = Value::integer(static_cast<int64_t>(value->as_float()));
  } else if (value->type() == ValueType::kBoolean) {
    other = Value::integer(value->as_boolean() ? 1 : 0);
  }
  if (other.is_null() || !graph::fit_field(field, &other).ok()) return false;
  *value = std::move(other);
  return true;
}

class Alteration : public BatchedChange {
 public:
  Alteration(const graph::Catalog& catalog, const std::vector<Value>& arguments) {
    entity = kind_in(arguments[0]);
    name_ = name_in(arguments[1], "The label");
    label_or_type = token_in(catalog, entity, name_);
    const LabelSchema* schema = catalog.schema(entity, label_or_type);
    if (schema == nullptr) throw_error(ErrorCode::kLabelNotFound, "No schema was made for '" + name_ + "'");
    before_ = *schema;
    after_ = before_;
  }

 protected:
  // Somebody else may have changed it since.
  LabelSchema current(const GraphTransaction& t) const {
    const LabelSchema* schema = t.view().catalog().schema(entity, label_or_type);
    if (schema == nullptr) throw_error(ErrorCode::kLabelNotFound, "The schema of '" + name_ + "' is gone");
    return *schema;
  }
  SchemaField* existing(LabelSchema& schema, const std::string& field) const {
    SchemaField* found = field_in(schema, field);
    if (found == nullptr) refuse("'" + name_ + "' has no field '" + field + "'");
    return found;
  }
  Value get(const GraphTransaction& t, uint64_t id, graph::PropertyKeyId key) const {
    return entity == EntityKind::kNode ? t.view().node_property(id, key) : t.view().relationship_property(id, key);
  }
  void set(GraphTransaction& t, uint64_t id, graph::PropertyKeyId key, const Value& value) const {
    unwrap(entity == EntityKind::kNode ? t.set_node_property(id, key, value) : t.set_relationship_property(id, key, value));
  }

  std::string name_;
  LabelSchema before_, after_;
};

// Optional at first, so that what others write meanwhile need not have the fields; required when all have their values,
// and then a last look at what came in between.
class AddFields final : public Alteration {
 public:
  AddFields(const graph::Catalog& catalog, const std::vector<Value>& arguments) : Alteration(catalog, arguments) {
    for (size_t i = 2; i < arguments.size(); ++i) {
      const graph::List& spec = list_in(arguments[i], 4, "[name, type, default value, optional]");
      SchemaField field{name_in(spec[0], "A field's name"), to_upper(name_in(spec[1], "A field's type")), false};
      field.optional = flag_in(spec[3], field.name);
      Value value = spec[2].type() == ValueType::kString && spec[2].as_string().empty() && field.type != "STRING" ? Value() : spec[2];
      if (field_in(after_, field.name) != nullptr) refuse("'" + name_ + "' has a field '" + field.name + "' already");
      if (!graph::is_field_type(field.type)) refuse("Field '" + field.name + "': unknown type " + field.type);
      if (value.is_null() && !field.optional) refuse("The field '" + field.name + "' is not optional: it needs a default value");
      if (!value.is_null() && !converted(field, &value)) refuse("The default value of '" + field.name + "' is not of type " + field.type);
      after_.fields.push_back(field);
      added_.push_back({std::move(field), std::move(value)});
    }
    if (added_.empty()) refuse("No field was given");
  }

  size_t phases() const override { return 2; }
  bool begin(size_t phase, GraphTransaction& t) const override {
    LabelSchema schema = current(t);
    for (const auto& [field, value] : added_) {
      SchemaField* there = field_in(schema, field.name);
      if (phase == 0 && there != nullptr) refuse("'" + name_ + "' has a field '" + field.name + "' already");
      if (phase == 0) schema.fields.push_back({field.name, field.type, true});
      else if (there != nullptr) there->optional = field.optional;
    }
    unwrap(t.alter_label_schema(std::move(schema)));
    return std::any_of(added_.begin(), added_.end(), [](const auto& a) { return !a.second.is_null(); });
  }
  bool visit(size_t, GraphTransaction& t, uint64_t id) const override {
    bool changed = false;
    for (const auto& [field, value] : added_) {
      graph::PropertyKeyId key = t.property_key(field.name);
      if (value.is_null() || !get(t, id, key).is_null()) continue;
      set(t, id, key, value);
      changed = true;
    }
    return changed;
  }

 private:
  std::vector<std::pair<SchemaField, Value>> added_;
};

class DelFields final : public Alteration {
 public:
  DelFields(const graph::Catalog& catalog, const std::vector<Value>& arguments) : Alteration(catalog, arguments) {
    if (arguments[2].type() != ValueType::kList || arguments[2].as_list().empty()) refuse("The fields to delete are given as a list of names");
    for (const Value& v : arguments[2].as_list()) {
      std::string field = name_in(v, "A field's name");
      existing(after_, field);
      if (field == after_.primary) refuse("The primary field '" + field + "' cannot be deleted");
      fields_.push_back(std::move(field));
    }
  }

  size_t phases() const override { return 1; }
  bool begin(size_t, GraphTransaction& t) const override {
    LabelSchema schema = current(t);
    std::erase_if(schema.fields, [&](const SchemaField& f) { return deleted(f.name); });
    unwrap(t.alter_label_schema(std::move(schema)));
    drop_indexes(t);
    return true;
  }
  bool visit(size_t, GraphTransaction& t, uint64_t id) const override {
    bool changed = false;
    for (const std::string& field : fields_) {
      graph::PropertyKeyId key = t.property_key(field);
      if (get(t, id, key).is_null()) continue;
      set(t, id, key, Value());
      changed = true;
    }
    return changed;
  }

 private:
  bool deleted(const std::string& name) const { return std::find(fields_.begin(), fields_.end(), name) != fields_.end(); }
  void drop_indexes(GraphTransaction& t) const {
    std::vector<std::string> constraints, indexes;
    const graph::Catalog& catalog = t.view().catalog();
    auto touched = [&](const auto& keys) {
      return std::any_of(keys.begin(), keys.end(), [&](graph::PropertyKeyId k) { return deleted(catalog.property_key_name(k)); });
    };
    for (const auto& c : catalog.constraints())
      if (c.entity == entity && c.label_or_type == label_or_type && touched(c.keys)) constraints.push_back(c.name);
    for (const auto& i : catalog.indexes()) {
      bool owned = std::any_of(catalog.constraints().begin(), catalog.constraints().end(), [&](const auto& c) { return c.backing_index == i.id; });
      if (!owned && i.entity == entity && i.labels_or_types == std::vector<uint32_t>{label_or_type} && touched(i.keys)) indexes.push_back(i.name);
    }
    for (const std::string& name : constraints) unwrap(t.drop_constraint(name));
    for (const std::string& name : indexes) unwrap(t.drop_index(name));
  }

  std::vector<std::string> fields_;
};

// The new types hold for writes from the beginning; then what exists is converted. A value that cannot be: the old
// schema comes back, and the error names it.
class ModFields final : public Alteration {
 public:
  ModFields(const graph::Catalog& catalog, const std::vector<Value>& arguments) : Alteration(catalog, arguments) {
    for (size_t i = 2; i < arguments.size(); ++i) {
      const graph::List& spec = list_in(arguments[i], 3, "[name, type, optional]");
      SchemaField* field = existing(after_, name_in(spec[0], "A field's name"));
      field->type = to_upper(name_in(spec[1], "A field's type"));
      field->optional = flag_in(spec[2], field->name);
      if (!graph::is_field_type(field->type)) refuse("Field '" + field->name + "': unknown type " + field->type);
      if (field->name == after_.primary && field->optional) refuse("The primary field '" + field->name + "' cannot be optional");
      modified_.push_back(*field);
    }
    if (modified_.empty()) refuse("No field was given");
  }

  size_t phases() const override { return 2; }
  bool begin(size_t phase, GraphTransaction& t) const override {
    if (phase == 0) return true;  // only looks whether it can be done
    LabelSchema schema = current(t);
    for (const SchemaField& field : modified_) *existing(schema, field.name) = field;
    unwrap(t.alter_label_schema(std::move(schema)));
    return true;
  }
  bool visit(size_t phase, GraphTransaction& t, uint64_t id) const override {
    bool changed = false;
    for (const SchemaField& field : modified_) {
      graph::PropertyKeyId key = t.property_key(field.name);
      Value old = get(t, id, key), value = old;
      if (value.is_null() && !field.optional) refuse("'" + field.name + "' cannot become required: an entity of '" + name_ + "' has no value for it");
      if (!value.is_null() && !converted(field, &value)) refuse("'" + field.name + "' cannot become " + field.type + ": an entity of '" + name_ + "' has " + graph::to_text(old));
      if (phase == 0 || value.is_null() || graph::identical(old, value)) continue;
      set(t, id, key, value);
      changed = true;
    }
    return changed;
  }
  void give_up(GraphTransaction& t) const override { unwrap(t.alter_label_schema(before_)); }

 private:
  std::vector<SchemaField> modified_;
};

// All that has the label, then its schema.
class DeleteLabel final : public BatchedChange {
 public:
  DeleteLabel(const graph::Catalog& catalog, const std::vector<Value>& arguments) {
    entity = kind_in(arguments[0]);
    label_or_type = token_in(catalog, entity, name_in(arguments[1], "The label"));
  }
  size_t phases() const override { return 2; }
  bool begin(size_t phase, GraphTransaction& t) const override {
    if (phase == 0) return true;
    if (t.view().catalog().schema(entity, label_or_type) != nullptr) unwrap(t.drop_label_schema(entity, label_or_type));
    return false;
  }
  bool visit(size_t, GraphTransaction& t, uint64_t id) const override {
    unwrap(entity == EntityKind::kNode ? t.detach_delete_node(id) : t.delete_relationship(id));
    return true;
  }
  uint64_t entities_at_once() const override { return 200; }
};

template <class Change>
void add_batched(ProcedureRegistry& r, std::string name, std::vector<ProcedureInput> inputs, bool variadic, std::string output, std::string description) {
  ProcedureInfo p;
  p.name = std::move(name);
  p.inputs = std::move(inputs);
  p.variadic = variadic;
  p.outputs = {{std::move(output), "INTEGER"}};
  p.mode = ProcedureMode::kSchema;
  p.server_side = true;
  p.description = std::move(description);
  p.batched = [](const graph::Catalog& catalog, const std::vector<Value>& arguments) { return std::make_unique<Change>(catalog, arguments); };
  p.call = [](const ProcedureCall& call) {
    GraphTransaction& t = writer_of(call);
    return make_rows({{Value::integer(run_at_once(Change(t.view().catalog(), call.arguments), t))}});
  };
  r.add(std::move(p));
}

}  // namespace

void add_alteration_procedures(ProcedureRegistry& r) {
  ProcedureInput kind{"label_type", "STRING", {}}, label{"label_name", "STRING", {}};
  add_batched<AddFields>(r, "db.alterLabelAddFields", {kind, label, {"add_field_spec_values", "LIST<ANY>", {}}}, true, "record_affected",
                         "Adds fields to a label or relationship type: [name, type, default value, optional] for each.");
  add_batched<DelFields>(r, "db.alterLabelDelFields", {kind, label, {"del_fields", "LIST<ANY>", {}}}, false, "record_affected",
                         "Deletes fields of a label or relationship type, with their values and indexes.");
  add_batched<ModFields>(r, "db.alterLabelModFields", {kind, label, {"mod_field_specs", "LIST<ANY>", {}}}, true, "record_affected",
                         "Gives fields of a label or relationship type another type: [name, type, optional] for each.");
  add_batched<DeleteLabel>(r, "db.deleteLabel", {kind, label}, false, "affected", "Deletes a label's schema and all that has the label.");
}

}  // namespace graft::cypher
