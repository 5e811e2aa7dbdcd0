// What a new index or rule has to do with the data that exists: at once when there is little, in slices when there is much.

#include <algorithm>

#include "graph/block_sequence.h"
#include "graph/schema_check.h"
#include "graph/transaction_state.h"

namespace graft::graph {

namespace {

bool has_token(const std::vector<uint32_t>& tokens, uint32_t token) {
  return std::find(tokens.begin(), tokens.end(), token) != tokens.end();
}

std::string joined(const CatalogData& catalog, const std::vector<PropertyKeyId>& keys) {
  std::string text;
  for (PropertyKeyId key : keys) text += (text.empty() ? "" : ", ") + catalog.property_key_name(key);
  return text;
}

}  // namespace

std::vector<SchemaTask> schema_tasks(const Catalog& catalog) {
  std::vector<SchemaTask> tasks;
  for (const IndexDefinition& index : catalog.indexes()) {
    if (index.state != IndexState::kPopulating) continue;
    SchemaTask task{SchemaTask::Kind::kBuildIndex, index.id};
    for (const ConstraintDefinition& c : catalog.constraints())
      if (c.backing_index == index.id) task.constraint = c.name;
    tasks.push_back(std::move(task));
  }
  for (const ConstraintDefinition& c : catalog.constraints())
    if (c.validating) tasks.push_back({SchemaTask::Kind::kCheckConstraint, kNoToken, c.name});
  for (const LabelSchema& s : static_cast<const CatalogData&>(catalog).schemas())
    if (s.validating) tasks.push_back({SchemaTask::Kind::kCheckSchema, kNoToken, {}, s.entity, s.label_or_type});
  return tasks;
}

TaskState task_state(const Catalog& catalog, const SchemaTask& task, std::string* failure) {
  const auto& data = static_cast<const CatalogData&>(catalog);
  failure->clear();
  if (task.kind == SchemaTask::Kind::kBuildIndex) {
    const IndexDefinition* index = data.index(task.index);
    if (index != nullptr) *failure = index->failure;
    if (index == nullptr || index->state == IndexState::kFailed) return TaskState::kFailed;
    return index->state == IndexState::kOnline ? TaskState::kDone : TaskState::kUnderWay;
  }
  if (task.kind == SchemaTask::Kind::kCheckConstraint) {
    const ConstraintDefinition* constraint = data.constraint(task.constraint);
    if (constraint == nullptr) return TaskState::kFailed;
    return constraint->validating ? TaskState::kUnderWay : TaskState::kDone;
  }
  const LabelSchema* schema = data.schema(task.entity, task.label_or_type);
  if (schema == nullptr) return TaskState::kFailed;
  return schema->validating ? TaskState::kUnderWay : TaskState::kDone;
}

bool GraphTransaction::State::is_large(EntityKind entity, const std::vector<uint32_t>& tokens) const {
  bool nodes = entity == EntityKind::kNode;
  GraphView everything(&writer, nullptr);
  uint64_t all = nodes ? everything.node_count() : everything.relationship_count();
  if (tokens.size() != 1) return all > kBuiltAtOnce;  // the build walks them all
  return (nodes ? everything.node_count(tokens[0]) : everything.relationship_count(tokens[0])) > kBuiltAtOnce;
}

// The entity's entries into the index, if it has any that are not there yet.
Status GraphTransaction::State::index_existing(const IndexDefinition& index, uint64_t id) {
  if (!writer.covers(index, id)) return {};
  // An index that is built at once is undone whole.
  auto added = [&](uint32_t key) {
    if (index.state == IndexState::kPopulating)
      remember({.kind = UndoRecord::Kind::kIndexEntry, .token = index.id, .id = id, .start = key});
  };
  if (has_search_pages(index)) {
    for (PropertyKeyId key : index.keys)
      if (writer.change_search_entry(index, id, key, writer.property(index.entity, id, key), true)) added(key);
    return {};
  }
  IndexKey key;
  if (!writer.index_key(index, id, &key)) {
    if (key.lengths.size() < index.keys.size()) return {};
    return Error{ErrorCode::kConstraintViolation,
                 "Property value is too large to index, please see index documentation for limitations. Index `" + index.name + "`: a key may have " +
                     std::to_string(kMaxTreeKeyBytes - 8) + " bytes, entity " + std::to_string(id) + " has more"};
  }
  uint64_t other = index.unique ? writer.other_with_key(index, key.bytes, id) : kNoId;
  if (other != kNoId) return duplicate(index, other, id);
  if (writer.insert_index_entry(index, key, id)) added(kNoToken);
  return {};
}

Status GraphTransaction::State::build_range(const IndexDefinition& index, uint64_t max_entities, uint64_t* next) {
  uint32_t token = index.labels_or_types.size() == 1 ? index.labels_or_types[0] : kNoToken;
  writer.note_terms_in(nullptr);  // the catalog's term says it all
  Status status = walk_entities(view, index.entity, token, max_entities, next, [&](uint64_t id) { return index_existing(index, id); });
  writer.note_terms_in(recording ? &terms : nullptr);
  return status;
}

Status GraphTransaction::State::build_whole(const IndexDefinition& index) {
  uint64_t next = 0;
  return build_range(index, kNoId, &next);
}

// A change that readers of the catalog need not care for: the index serves them as before, or not yet.
void GraphTransaction::State::change_index(const IndexDefinition& changed) {
  remember_catalog(false);
  CatalogData& catalog = writer.edit_catalog();
  for (IndexDefinition& d : catalog.edit_indexes())
    if (d.id == changed.id) d = changed;
  catalog.index_changed();
}

void GraphTransaction::State::change_progress(IndexId index, uint64_t next) {
  uint64_t before = writer.index_progress(index);
  if (before == next) return;
  remember({.kind = UndoRecord::Kind::kIndexProgress, .token = index, .id = before});
  writer.set_index_progress(index, next);
}

// An index of a constraint goes with it, and with the schema whose primary key that is; one of its own stays, for people
// to see why it failed.
void GraphTransaction::State::fail_index(const IndexDefinition& index, const std::string& why) {
  change_progress(index.id, 0);
  remember({.kind = UndoRecord::Kind::kDroppedIndex, .token = index.id});
  writer.forget_index(index.id);
  remember_catalog(false);
  CatalogData& catalog = writer.edit_catalog();
  size_t owners = std::erase_if(catalog.edit_constraints(), [&](const ConstraintDefinition& c) {
    if (c.backing_index != index.id) return false;
    std::erase_if(catalog.edit_schemas(), [&](const LabelSchema& s) {
      return s.entity == EntityKind::kNode && c.name == primary_constraint(catalog, s.label_or_type);
    });
    return true;
  });
  if (owners != 0) {
    std::erase_if(catalog.edit_indexes(), [&](const IndexDefinition& d) { return d.id == index.id; });
  } else {
    for (IndexDefinition& d : catalog.edit_indexes()) {
      if (d.id != index.id) continue;
      d.state = IndexState::kFailed;
      d.failure = why;
    }
  }
  catalog.index_changed();
}

Result<bool> GraphTransaction::State::build_slice(IndexId id, uint64_t max_entities, std::string* failure) {
  const IndexDefinition* found = writer.catalog().index(id);
  if (found == nullptr) return Error{ErrorCode::kIndexNotFound, "no index " + std::to_string(id)};
  if (found->state != IndexState::kPopulating || !has_pages(*found)) return false;
  IndexDefinition index = *found;
  record(ChangeKind::kBuildIndexSlice, [&](ByteWriter& w) {
    w.varint(id);
    w.varint(max_entities);
  });
  uint64_t next = writer.index_progress(id);
  Status status = build_range(index, max_entities, &next);
  if (!status.ok()) {
    std::string why = status.error().message;
    for (const ConstraintDefinition& c : writer.catalog().constraints())
      if (c.backing_index == id) why = creation_failed(c, why).message;
    if (failure != nullptr) *failure = why;
    fail_index(index, why);
    return false;
  }
  change_progress(id, next == kNoId ? 0 : next);
  if (next != kNoId) return true;
  index.state = IndexState::kOnline;
  change_index(index);
  return false;
}

Error GraphTransaction::State::creation_failed(const ConstraintDefinition& c, const std::string& why) const {
  static constexpr std::string_view kNames[] = {"UNIQUENESS", "KEY", "PROPERTY EXISTENCE", "PROPERTY TYPE"};
  const CatalogData& catalog = writer.catalog();
  bool node = c.entity == EntityKind::kNode;
  std::string type(kNames[static_cast<size_t>(c.kind)]);
  if (c.kind != ConstraintKind::kUnique || !node) type = (node ? "NODE " : "RELATIONSHIP ") + type;
  std::string keys = " {" + joined(catalog, c.keys) + "}";
  std::string schema = node ? "(:" + catalog.label_name(c.label_or_type) + keys + ")" : "()-[:" + catalog.type_name(c.label_or_type) + keys + "]-()";
  return {ErrorCode::kConstraintCreationFailed,
          "Unable to create Constraint( name='" + c.name + "', type='" + type + "', schema=" + schema + " ):\n" + why};
}

Status GraphTransaction::State::check_entity(const ConstraintDefinition& c, uint64_t id) {
  if (!has_token(labels_or_type(c.entity, id), c.label_or_type)) return {};
  for (PropertyKeyId key : c.keys) {
    Value value = writer.property(c.entity, id, key);
    bool fits = c.kind == ConstraintKind::kPropertyType ? conforms(c.property_type, value) : !value.is_null();
    if (fits) continue;
    const CatalogData& catalog = writer.catalog();
    bool node = c.entity == EntityKind::kNode;
    std::string who = (node ? "Node(" : "Relationship(") + std::to_string(id) + ") with " + (node ? "label `" : "type `") +
                      (node ? catalog.label_name(c.label_or_type) : catalog.type_name(c.label_or_type)) + "`";
    std::string rule = c.kind == ConstraintKind::kPropertyType ? " required to have property `" + catalog.property_key_name(key) + "` of type `" +
                                                                     c.property_type + "`, but it is " + to_text(value)
                                                               : " must have the property `" + catalog.property_key_name(key) + "`";
    return creation_failed(c, who + rule);
  }
  return {};
}

Status GraphTransaction::State::check_entity(const LabelSchema& schema, uint64_t id) {
  if (!has_token(labels_or_type(schema.entity, id), schema.label_or_type)) return {};
  GRAFT_TRY(check_present(schema.entity, id));
  for (PropertyKeyId key : writer.property_keys(schema.entity, id)) {
    Value value = writer.property(schema.entity, id, key), fitted = value;
    GRAFT_TRY(check_value(schema.entity, id, key, &fitted));
    if (!identical(value, fitted))
      return Error{ErrorCode::kConstraintViolation,
                   "existing value " + to_text(value) + " of `" + writer.catalog().property_key_name(key) + "` does not fit"};
  }
  if (schema.entity == EntityKind::kNode) return {};
  RelationshipRecord r = writer.relationship(id);
  if (writer.node_exists(r.start) && writer.node_exists(r.end)) return check_ends(r.type, r.start, r.end);
  return {};
}

Result<uint64_t> GraphTransaction::State::check_range(const SchemaTask& task, uint64_t from, uint64_t max_entities) {
  const CatalogData& catalog = writer.catalog();
  uint64_t next = from;
  std::shared_ptr<Footprint> paused = std::exchange(footprint, nullptr);  // the catalog's term says it all
  Status status;
  if (task.kind == SchemaTask::Kind::kCheckConstraint) {
    const ConstraintDefinition* constraint = catalog.constraint(task.constraint);
    if (constraint == nullptr) status = Error{ErrorCode::kConstraintNotFound, "No constraint called `" + task.constraint + "`"};
    else status = walk_entities(view, constraint->entity, constraint->label_or_type, max_entities, &next, [&](uint64_t id) { return check_entity(*constraint, id); });
  } else {
    const LabelSchema* schema = catalog.schema(task.entity, task.label_or_type);
    if (schema == nullptr) status = Error{ErrorCode::kLabelNotFound, "the label or type has no schema"};
    else status = walk_entities(view, task.entity, task.label_or_type, max_entities, &next, [&](uint64_t id) { return check_entity(*schema, id); });
    if (!status.ok() && status.error().code == ErrorCode::kConstraintViolation) status = Error{ErrorCode::kConstraintCreationFailed, status.error().message};
  }
  footprint = std::move(paused);
  if (!status.ok()) return status.error();
  return next;
}

Status GraphTransaction::State::finish_check(const SchemaTask& task) {
  const CatalogData& before = writer.catalog();
  bool constraint = task.kind == SchemaTask::Kind::kCheckConstraint;
  if (constraint && before.constraint(task.constraint) == nullptr)
    return Error{ErrorCode::kConstraintNotFound, "No constraint called `" + task.constraint + "`"};
  if (!constraint && before.schema(task.entity, task.label_or_type) == nullptr)
    return Error{ErrorCode::kLabelNotFound, "the label or type has no schema"};
  remember_catalog(false);
  CatalogData& catalog = writer.edit_catalog();
  if (constraint) {
    for (ConstraintDefinition& c : catalog.edit_constraints())
      if (c.name == task.constraint) c.validating = false;
  } else {
    for (LabelSchema& s : catalog.edit_schemas())
      if (s.entity == task.entity && s.label_or_type == task.label_or_type) s.validating = false;
  }
  record(ChangeKind::kRuleChecked, [&](ByteWriter& w) {
    w.u8(static_cast<uint8_t>(task.kind));
    w.u8(static_cast<uint8_t>(task.entity));
    w.bytes(task.constraint);
    w.varint(task.label_or_type);
  });
  return {};
}

Result<bool> GraphTransaction::index_build_slice(IndexId index, uint64_t max_entities, std::string* failure) {
  return state_->build_slice(index, max_entities, failure);
}

Result<uint64_t> GraphTransaction::check_existing(const SchemaTask& task, uint64_t from, uint64_t max_entities) {
  return state_->check_range(task, from, max_entities);
}

Status GraphTransaction::finish_check(const SchemaTask& task) { return state_->finish_check(task); }

Status GraphTransaction::drop_checked(const SchemaTask& task) {
  if (task.kind == SchemaTask::Kind::kCheckConstraint) {
    const CatalogData& catalog = state_->writer.catalog();
    for (const LabelSchema& s : catalog.schemas())
      if (s.entity == EntityKind::kNode && task.constraint == primary_constraint(catalog, s.label_or_type))
        return drop_label_schema(s.entity, s.label_or_type);
    return drop_constraint(task.constraint);
  }
  return drop_label_schema(task.entity, task.label_or_type);
}

}  // namespace graft::graph
