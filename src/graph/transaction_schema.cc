// Indexes, constraints, schemas, system records, drop_all.

#include <algorithm>

#include "base/checksum.h"
#include "graph/fulltext.h"
#include "graph/schema_check.h"
#include "graph/transaction_state.h"

namespace graft::graph {

namespace {

std::string made_up_name(const char* kind, const std::string& definition) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string name = std::string(kind) + "_";
  uint64_t hash = checksum64(definition);
  for (int i = 0; i < 8; ++i, hash >>= 4) name.push_back(kDigits[hash & 15]);
  return name;
}

bool same_target(const IndexDefinition& a, const IndexDefinition& b) {
  return a.kind == b.kind && a.entity == b.entity && a.labels_or_types == b.labels_or_types && a.keys == b.keys;
}

bool same_target(const ConstraintDefinition& a, const ConstraintDefinition& b) {
  return a.kind == b.kind && a.entity == b.entity && a.label_or_type == b.label_or_type && a.keys == b.keys;
}

Status check_shape(const IndexDefinition& definition) {
  bool several = definition.kind == IndexKind::kFulltext;
  if (definition.labels_or_types.empty() || definition.keys.empty() || (!several && definition.labels_or_types.size() != 1))
    return Error{ErrorCode::kInvalidArgument, "an index needs one label or relationship type, and property keys"};
  if (definition.kind == IndexKind::kVector && definition.keys.size() != 1)
    return Error{ErrorCode::kInvalidArgument, "a vector index is for one property"};
  if (several && definition.keys.size() > kMaxFulltextFields)
    return Error{ErrorCode::kInvalidArgument, "a full text index may have " + std::to_string(kMaxFulltextFields) + " properties"};
  if (has_search_pages(definition) && definition.unique)
    return Error{ErrorCode::kInvalidArgument, "a full text or vector index cannot be unique"};
  return {};
}

}  // namespace

// note: others who read the catalog have read something else now.
void GraphTransaction::State::remember_catalog(bool note) {
  if (recording && note) terms.write_catalog();
  remember({.kind = UndoRecord::Kind::kCatalog, .object = writer.shared_catalog()});
}

Status GraphTransaction::State::check_tokens(EntityKind entity, const std::vector<uint32_t>& labels_or_types,
                                             const std::vector<PropertyKeyId>& keys) const {
  const CatalogData& catalog = writer.catalog();
  const TokenTable& tokens = entity == EntityKind::kNode ? catalog.label_tokens() : catalog.type_tokens();
  for (uint32_t token : labels_or_types)
    if (!tokens.has(token)) return Error{ErrorCode::kInvalidArgument, "unknown label or relationship type"};
  for (PropertyKeyId key : keys)
    if (!catalog.key_tokens().has(key)) return Error{ErrorCode::kInvalidArgument, "unknown property key"};
  return {};
}

Status GraphTransaction::State::create_index(IndexDefinition definition) {
  GRAFT_TRY(check_tokens(definition.entity, definition.labels_or_types, definition.keys));
  if (has_pages(definition)) GRAFT_TRY(check_shape(definition));
  for (const IndexDefinition& d : writer.catalog().indexes()) {
    if (d.name == definition.name || d.id == definition.id)
      return Error{ErrorCode::kIndexAlreadyExists, "There already exists an index called `" + d.name + "`"};
    if (same_target(d, definition))
      return Error{ErrorCode::kIndexAlreadyExists, "An equivalent index already exists: `" + d.name + "`"};
  }
  if (definition.id >= kMaxIndexes) return Error{ErrorCode::kInvalidArgument, "too many indexes"};
  Mark mark = here();
  remember_catalog();
  remember({.kind = UndoRecord::Kind::kCreatedIndex, .token = definition.id});
  CatalogData& catalog = writer.edit_catalog();
  auto& indexes = catalog.edit_indexes();
  indexes.insert(std::find_if(indexes.begin(), indexes.end(), [&](const auto& d) { return d.id > definition.id; }), definition);
  catalog.index_changed();
  writer.edit_meta().next_index = std::max(writer.meta().next_index, definition.id + 1);
  if (definition.state == IndexState::kOnline && has_pages(definition)) {
    if (Status s = build_whole(definition); !s.ok()) {
      if (recording) back_to(mark);
      return s;
    }
  }
  record(ChangeKind::kCreateIndex, [&](ByteWriter& w) { encode_index(definition, &w); });
  ++counters.indexes_added;
  return {};
}

Status GraphTransaction::State::drop_index(IndexId id) {
  if (writer.catalog().index(id) == nullptr) return Error{ErrorCode::kIndexNotFound, "no index " + std::to_string(id)};
  remember_catalog();
  change_progress(id, 0);
  if (has_pages(*writer.catalog().index(id))) {
    remember({.kind = UndoRecord::Kind::kDroppedIndex, .token = id});
    writer.forget_index(id);
  }
  CatalogData& catalog = writer.edit_catalog();
  std::erase_if(catalog.edit_indexes(), [&](const IndexDefinition& d) { return d.id == id; });
  catalog.index_changed();
  record(ChangeKind::kDropIndex, [&](ByteWriter& w) { w.varint(id); });
  ++counters.indexes_removed;
  return {};
}

Status GraphTransaction::State::create_constraint(ConstraintDefinition constraint) {
  GRAFT_TRY(check_tokens(constraint.entity, {constraint.label_or_type}, constraint.keys));
  if (constraint.keys.empty()) return Error{ErrorCode::kInvalidArgument, "a constraint needs property keys"};
  for (const ConstraintDefinition& c : writer.catalog().constraints()) {
    if (c.name == constraint.name)
      return Error{ErrorCode::kConstraintAlreadyExists, "There already exists a constraint called `" + c.name + "`"};
    if (same_target(c, constraint))
      return Error{ErrorCode::kConstraintAlreadyExists, "An equivalent constraint already exists: `" + c.name + "`"};
  }
  Mark mark = here();
  remember_catalog();
  auto& constraints = writer.edit_catalog().edit_constraints();
  constraints.insert(std::find_if(constraints.begin(), constraints.end(), [&](const auto& c) { return c.name > constraint.name; }),
                     constraint);
  bool by_index = constraint.kind == ConstraintKind::kUnique;
  if (recording && !by_index && !constraint.validating) {
    Result<uint64_t> checked = check_range({SchemaTask::Kind::kCheckConstraint, kNoToken, constraint.name}, 0, kNoId);
    if (!checked.ok()) {
      back_to(mark);
      return checked.error();
    }
  }
  record(ChangeKind::kCreateConstraint, [&](ByteWriter& w) { encode_constraint(constraint, &w); });
  ++counters.constraints_added;
  return {};
}

Status GraphTransaction::State::drop_constraint(std::string name) {
  if (writer.catalog().constraint(name) == nullptr)
    return Error{ErrorCode::kConstraintNotFound, "No constraint called `" + name + "`"};
  remember_catalog();
  std::erase_if(writer.edit_catalog().edit_constraints(), [&](const ConstraintDefinition& c) { return c.name == name; });
  record(ChangeKind::kDropConstraint, [&](ByteWriter& w) { w.bytes(name); });
  ++counters.constraints_removed;
  return {};
}

Status GraphTransaction::State::check_schema(const LabelSchema& schema, bool is_new) const {
  GRAFT_TRY(check_tokens(schema.entity, {schema.label_or_type}, {}));
  const CatalogData& catalog = writer.catalog();
  if (!is_new && catalog.schema(schema.entity, schema.label_or_type) == nullptr)
    return Error{ErrorCode::kLabelNotFound, "the label or type has no schema"};
  if (is_new && catalog.schema(schema.entity, schema.label_or_type) != nullptr)
    return Error{ErrorCode::kConstraintAlreadyExists, "the label or type has a schema already"};
  bool primary_found = schema.entity == EntityKind::kRelationship || schema.primary.empty();
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const SchemaField& field = schema.fields[i];
    if (!is_field_type(field.type))
      return Error{ErrorCode::kInvalidArgument, "field `" + field.name + "`: unknown type " + field.type +
                       "; known are BOOL, INT8, INT16, INT32, INT64, FLOAT, DOUBLE, DATE, DATETIME, STRING, BLOB, POINT, FLOAT_VECTOR"};
    for (size_t j = 0; j < i; ++j)
      if (schema.fields[j].name == field.name) return Error{ErrorCode::kInvalidArgument, "field `" + field.name + "` comes twice"};
    if (!catalog.property_key(field.name)) return Error{ErrorCode::kInvalidArgument, "unknown property key " + field.name};
    if (field.name != schema.primary) continue;
    primary_found = true;
    if (field.optional) return Error{ErrorCode::kInvalidArgument, "the primary field `" + field.name + "` cannot be optional"};
  }
  if (!primary_found) return Error{ErrorCode::kInvalidArgument, "the primary field `" + schema.primary + "` is not among the fields"};
  return {};
}

Status GraphTransaction::State::create_schema(LabelSchema schema) {
  GRAFT_TRY(check_schema(schema, true));
  Mark mark = here();
  remember_catalog();
  auto& schemas = writer.edit_catalog().edit_schemas();
  auto after = [&](const LabelSchema& s) {
    return std::pair(s.entity, s.label_or_type) > std::pair(schema.entity, schema.label_or_type);
  };
  schemas.insert(std::find_if(schemas.begin(), schemas.end(), after), schema);
  if (recording && !schema.validating) {
    Result<uint64_t> checked = check_range({SchemaTask::Kind::kCheckSchema, kNoToken, {}, schema.entity, schema.label_or_type}, 0, kNoId);
    if (!checked.ok()) {
      back_to(mark);
      return checked.error();
    }
  }
  record(ChangeKind::kCreateSchema, [&](ByteWriter& w) { encode_schema(schema, &w); });
  return {};
}

Status GraphTransaction::State::alter_schema(LabelSchema schema) {
  GRAFT_TRY(check_schema(schema, false));
  remember_catalog();
  for (LabelSchema& s : writer.edit_catalog().edit_schemas())
    if (s.entity == schema.entity && s.label_or_type == schema.label_or_type) s = schema;
  record(ChangeKind::kAlterSchema, [&](ByteWriter& w) { encode_schema(schema, &w); });
  return {};
}

void GraphTransaction::State::drop_schema(EntityKind entity, uint32_t label_or_type) {
  remember_catalog();
  std::erase_if(writer.edit_catalog().edit_schemas(),
                [&](const LabelSchema& s) { return s.entity == entity && s.label_or_type == label_or_type; });
  record(ChangeKind::kDropSchema, [&](ByteWriter& w) {
    w.u8(static_cast<uint8_t>(entity));
    w.varint(label_or_type);
  });
}

void GraphTransaction::State::drop_all() {
  auto dropped = std::make_shared<GraphWriter::Dropped>(writer.drop_all());
  remember({.kind = UndoRecord::Kind::kDropAll, .object = std::move(dropped)});
  if (recording) terms.write_everything();
  record(ChangeKind::kDropAll, [](ByteWriter&) {});
}

// As drop_all, but names, indexes, constraints and schemas stay.
void GraphTransaction::State::drop_entities() {
  auto catalog = writer.shared_catalog();
  auto dropped = std::make_shared<GraphWriter::Dropped>(writer.drop_all());
  writer.restore_catalog(std::move(catalog));
  remember({.kind = UndoRecord::Kind::kDropAll, .object = std::move(dropped)});
  if (recording) terms.write_everything();
  record(ChangeKind::kDropEntities, [](ByteWriter&) {});
}

void GraphTransaction::State::set_system_record(std::string_view key, std::string_view value) {
  std::string old = writer.system_record(key);
  if (old == value) return;
  writer.set_system_record(key, value);
  remember({.kind = UndoRecord::Kind::kSystemRecord, .name = std::string(key), .text = std::move(old)});
  record(ChangeKind::kSystemRecord, [&](ByteWriter& w) {
    w.bytes(key);
    w.bytes(value);
  });
  ++counters.system_updates;
}

Result<IndexId> GraphTransaction::create_index(IndexDefinition definition) {
  if (state_->reads() != nullptr) state_->reads()->read_catalog();
  if (definition.name.empty()) {
    std::string bytes;
    ByteWriter w(&bytes);
    encode_index(definition, &w);
    definition.name = made_up_name("index", bytes);
  }
  if (state_->writer.catalog().constraint(definition.name) != nullptr)
    return Error{ErrorCode::kConstraintAlreadyExists, "There already exists a constraint called `" + definition.name + "`"};
  definition.id = state_->ids.index();
  if (has_pages(definition) && state_->is_large(definition.entity, definition.labels_or_types)) definition.state = IndexState::kPopulating;
  IndexId id = definition.id;
  GRAFT_TRY(state_->create_index(std::move(definition)));
  return id;
}

Status GraphTransaction::drop_index(std::string_view name) {
  const CatalogData& catalog = state_->writer.catalog();
  const IndexDefinition* index = catalog.index(name);
  if (index == nullptr) return Error{ErrorCode::kIndexNotFound, "No index called `" + std::string(name) + "`"};
  for (const ConstraintDefinition& c : catalog.constraints())
    if (c.backing_index == index->id)
      return Error{ErrorCode::kConstraintViolation, "Index `" + std::string(name) + "` belongs to constraint `" + c.name + "`: drop that"};
  return state_->drop_index(index->id);
}

Status GraphTransaction::create_constraint(ConstraintDefinition constraint) {
  State& s = *state_;
  if (s.reads() != nullptr) s.reads()->read_catalog();
  if (constraint.name.empty()) {
    std::string bytes;
    ByteWriter w(&bytes);
    encode_constraint(constraint, &w);
    constraint.name = made_up_name("constraint", bytes);
  }
  for (const ConstraintDefinition& c : s.writer.catalog().constraints())
    if (c.name == constraint.name || same_target(c, constraint))
      return Error{ErrorCode::kConstraintAlreadyExists, "A constraint of this name or for the same thing exists: `" + c.name + "`"};
  State::Mark mark = s.here();
  constraint.validating = constraint.validating || s.is_large(constraint.entity, {constraint.label_or_type});
  if ((constraint.kind == ConstraintKind::kUnique || constraint.kind == ConstraintKind::kKey) && constraint.backing_index == kNoToken) {
    IndexDefinition index;
    index.name = constraint.name;
    index.entity = constraint.entity;
    index.labels_or_types = {constraint.label_or_type};
    index.keys = constraint.keys;
    index.unique = true;
    index.id = constraint.backing_index = s.ids.index();
    if (constraint.validating) {
      index.state = IndexState::kPopulating;
      s.counters.unfinished.push_back({SchemaTask::Kind::kBuildIndex, index.id, constraint.name});
    }
    if (Status made = s.create_index(std::move(index)); !made.ok()) {
      s.back_to(mark);
      if (made.error().code == ErrorCode::kConstraintViolation) return s.creation_failed(constraint, made.error().message);
      return made;
    }
    --s.counters.indexes_added;
  }
  if (constraint.kind == ConstraintKind::kUnique) constraint.validating = false;
  if (constraint.validating) s.counters.unfinished.push_back({SchemaTask::Kind::kCheckConstraint, kNoToken, constraint.name});
  Status status = s.create_constraint(std::move(constraint));
  if (!status.ok()) s.back_to(mark);
  return status;
}

Status GraphTransaction::drop_constraint(std::string_view name) {
  const ConstraintDefinition* found = state_->writer.catalog().constraint(name);
  if (found == nullptr) return Error{ErrorCode::kConstraintNotFound, "No constraint called `" + std::string(name) + "`"};
  IndexId index = found->backing_index;
  GRAFT_TRY(state_->drop_constraint(std::string(name)));
  if (index == kNoToken) return {};
  GRAFT_TRY(state_->drop_index(index));
  --state_->counters.indexes_removed;
  return {};
}

Status GraphTransaction::create_label_schema(LabelSchema schema) {
  State& s = *state_;
  State::Mark mark = s.here();
  for (const SchemaField& field : schema.fields)
    if (property_key(field.name) == kNoToken) return Error{ErrorCode::kInvalidArgument, "too many property keys"};
  schema.validating = schema.validating || s.is_large(schema.entity, {schema.label_or_type});
  auto create = [&]() -> Status {
    if (schema.validating)
      s.counters.unfinished.push_back({SchemaTask::Kind::kCheckSchema, kNoToken, {}, schema.entity, schema.label_or_type});
    GRAFT_TRY(s.create_schema(schema));
    if (schema.entity != EntityKind::kNode || schema.primary.empty()) return {};
    ConstraintDefinition primary;
    primary.name = primary_constraint(s.writer.catalog(), schema.label_or_type);
    primary.kind = ConstraintKind::kKey;
    primary.label_or_type = schema.label_or_type;
    primary.keys = {property_key(schema.primary)};
    primary.validating = schema.validating;
    return create_constraint(std::move(primary));
  };
  Status status = create();
  if (!status.ok()) s.back_to(mark);
  return status;
}

Status GraphTransaction::drop_label_schema(EntityKind entity, uint32_t label_or_type) {
  const CatalogData& catalog = state_->writer.catalog();
  if (catalog.schema(entity, label_or_type) == nullptr)
    return Error{ErrorCode::kLabelNotFound, "the label or type has no schema"};
  if (entity == EntityKind::kNode) {
    std::string primary = primary_constraint(catalog, label_or_type);
    if (catalog.constraint(primary) != nullptr) GRAFT_TRY(drop_constraint(primary));
  }
  state_->drop_schema(entity, label_or_type);
  return {};
}

Status GraphTransaction::alter_label_schema(LabelSchema schema) {
  for (const SchemaField& field : schema.fields)
    if (property_key(field.name) == kNoToken) return Error{ErrorCode::kInvalidArgument, "too many property keys"};
  return state_->alter_schema(std::move(schema));
}

void GraphTransaction::drop_all() { state_->drop_all(); }
void GraphTransaction::drop_entities() { state_->drop_entities(); }

void GraphTransaction::set_system_record(std::string_view key, std::string_view value) {
  state_->set_system_record(key, value);
}

}  // namespace graft::graph
