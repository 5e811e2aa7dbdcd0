// Change sets back into effects. Safe on any bytes.

#include "graph/transaction_state.h"

namespace graft::graph {

namespace {

Error malformed(const char* what) { return {ErrorCode::kCorruption, std::string("change set: malformed ") + what}; }

PropertyList read_properties(ByteReader* in) {
  PropertyList out;
  uint64_t n = in->varint();
  for (; n > 0 && in->ok(); --n) {
    uint64_t key = in->varint();
    std::string_view bytes = in->bytes();
    Value value;
    if (!in->ok() || key >= kMaxPropertyKeys || !decode_value(&bytes, &value) || !bytes.empty()) {
      in->fail();
      break;
    }
    out.emplace_back(static_cast<PropertyKeyId>(key), std::move(value));
  }
  return out;
}

uint32_t read_token(ByteReader* in) {
  uint64_t v = in->varint();
  if (v > kNoToken) in->fail();
  return static_cast<uint32_t>(v);
}

std::vector<LabelId> read_labels(ByteReader* in) {
  std::vector<LabelId> labels;
  uint64_t n = in->varint();
  for (; n > 0 && in->ok(); --n) {
    LabelId label = read_token(in);
    if (!labels.empty() && label <= labels.back()) in->fail();
    labels.push_back(label);
  }
  return labels;
}

}  // namespace

Status GraphTransaction::replay(std::string_view change_set, bool check) {
  State& s = *state_;
  if (change_set.empty()) return {};
  ByteReader in(change_set);
  if (in.u8() != kChangeSetFormat) return Error{ErrorCode::kCorruption, "change set: unknown format"};
  State::Mark mark = s.here();
  s.recording = check;
  s.writer.note_terms_in(check ? &s.terms : nullptr);
  Status status;
  while (status.ok() && !in.done()) status = s.replay_one(&in);
  if (status.ok() && check) status = s.check_pending();
  if (!status.ok() && check) s.back_to(mark);
  s.recording = true;
  s.writer.note_terms_in(&s.terms);
  if (status.ok()) return status;
  Error error = status.error();
  if (error.code == ErrorCode::kCorruption || (check && error.code == ErrorCode::kConstraintViolation)) return error;
  if (check) return Error{ErrorCode::kConflict, "what the transaction changed was changed by others: " + error.message};
  return Error{ErrorCode::kCorruption, "change set does not fit the version: " + error.message};
}

Status GraphTransaction::State::replay_one(ByteReader* in) {
  auto kind = static_cast<ChangeKind>(in->u8());
  switch (kind) {
    case ChangeKind::kLabelToken:
    case ChangeKind::kTypeToken:
    case ChangeKind::kKeyToken: return replay_token(kind, in);
    case ChangeKind::kCreateNode:
    case ChangeKind::kDeleteNode:
    case ChangeKind::kCreateRelationship:
    case ChangeKind::kDeleteRelationship: return replay_entity(kind, in);
    case ChangeKind::kSetNodeProperty:
    case ChangeKind::kSetRelationshipProperty:
    case ChangeKind::kAddLabel:
    case ChangeKind::kRemoveLabel: return replay_update(kind, in);
    case ChangeKind::kDropAll: drop_all(); return {};
    case ChangeKind::kDropEntities: drop_entities(); return {};
    case ChangeKind::kSystemRecord: {
      std::string_view key = in->bytes(), value = in->bytes();
      if (!in->ok() || key.size() > kMaxTreeKeyBytes) return malformed("system record");
      set_system_record(key, value);
      return {};
    }
    default: return replay_schema(kind, in);
  }
}

Status GraphTransaction::State::replay_token(ChangeKind kind, ByteReader* in) {
  uint32_t id = read_token(in);
  std::string_view name = in->bytes();
  if (!in->ok()) return malformed("token");
  const CatalogData& catalog = writer.catalog();
  auto known = kind == ChangeKind::kLabelToken  ? catalog.label(name)
               : kind == ChangeKind::kTypeToken ? catalog.type(name)
                                                : catalog.property_key(name);
  if (known && *known == id) return {};  // another transaction gave the same number to the same name
  if (!add_token(kind, id, name)) return Error{ErrorCode::kConflict, "token `" + std::string(name) + "` is taken"};
  return {};
}

Status GraphTransaction::State::replay_entity(ChangeKind kind, ByteReader* in) {
  uint64_t id = in->varint();
  if (kind == ChangeKind::kDeleteNode || kind == ChangeKind::kDeleteRelationship) {
    if (!in->ok()) return malformed("deletion");
    return kind == ChangeKind::kDeleteNode ? delete_node(id) : delete_relationship(id);
  }
  if (kind == ChangeKind::kCreateNode) {
    std::vector<LabelId> labels = read_labels(in);
    PropertyList properties = read_properties(in);
    if (!in->ok()) return malformed("node");
    return create_node(id, std::move(labels), properties);
  }
  TypeId type = read_token(in);
  NodeId start = in->varint(), end = in->varint();
  PropertyList properties = read_properties(in);
  if (!in->ok()) return malformed("relationship");
  return create_relationship(id, type, start, end, properties);
}

Status GraphTransaction::State::replay_update(ChangeKind kind, ByteReader* in) {
  uint64_t id = in->varint();
  if (kind == ChangeKind::kAddLabel || kind == ChangeKind::kRemoveLabel) {
    LabelId label = read_token(in);
    if (!in->ok()) return malformed("label change");
    return change_label(id, label, kind == ChangeKind::kAddLabel);
  }
  PropertyList properties = read_properties(in);
  if (!in->ok() || properties.size() != 1) return malformed("property change");
  EntityKind entity = kind == ChangeKind::kSetNodeProperty ? EntityKind::kNode : EntityKind::kRelationship;
  return set_property(entity, id, properties[0].first, properties[0].second, true);
}

Status GraphTransaction::State::replay_schema(ChangeKind kind, ByteReader* in) {
  switch (kind) {
    case ChangeKind::kCreateIndex: {
      IndexDefinition index = decode_index(in);
      if (!in->ok()) return malformed("index");
      return create_index(std::move(index));
    }
    case ChangeKind::kDropIndex: {
      IndexId id = read_token(in);
      if (!in->ok()) return malformed("index");
      return drop_index(id);
    }
    case ChangeKind::kBuildIndexSlice: {
      IndexId id = read_token(in);
      uint64_t max_entities = in->varint();
      if (!in->ok()) return malformed("index slice");
      auto more = build_slice(id, max_entities, nullptr);
      return more.ok() ? Status() : Status(more.error());
    }
    case ChangeKind::kCreateConstraint: {
      ConstraintDefinition constraint = decode_constraint(in);
      if (!in->ok()) return malformed("constraint");
      return create_constraint(std::move(constraint));
    }
    case ChangeKind::kDropConstraint: {
      std::string name(in->bytes());
      if (!in->ok()) return malformed("constraint");
      return drop_constraint(std::move(name));
    }
    case ChangeKind::kCreateSchema: {
      LabelSchema schema = decode_schema(in);
      if (!in->ok()) return malformed("schema");
      return create_schema(std::move(schema));
    }
    case ChangeKind::kAlterSchema: {
      LabelSchema schema = decode_schema(in);
      if (!in->ok()) return malformed("schema");
      return alter_schema(std::move(schema));
    }
    case ChangeKind::kDropSchema: {
      uint8_t entity = in->u8();
      uint32_t token = read_token(in);
      if (!in->ok() || entity > 1) return malformed("schema");
      drop_schema(static_cast<EntityKind>(entity), token);
      return {};
    }
    case ChangeKind::kRuleChecked: {
      SchemaTask task;
      uint8_t kind = in->u8(), entity = in->u8();
      task.constraint = in->bytes();
      task.label_or_type = read_token(in);
      if (!in->ok() || kind > 2 || entity > 1) return malformed("checked rule");
      task.kind = static_cast<SchemaTask::Kind>(kind);
      task.entity = static_cast<EntityKind>(entity);
      return finish_check(task);
    }
    default: return malformed("kind of change");
  }
}

}  // namespace graft::graph
