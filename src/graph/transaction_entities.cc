// Nodes, relationships, properties and labels.

#include <algorithm>

#include "graph/adjacency.h"
#include "graph/transaction_state.h"

namespace graft::graph {

namespace {

Error unknown_token(const char* what, uint32_t most) {
  return {ErrorCode::kInvalidArgument, std::string("unknown ") + what + ", or one more than the " + std::to_string(most) + " that a database can have"};
}

}  // namespace

Status GraphTransaction::State::missing(EntityKind kind, uint64_t id) const {
  const char* what = kind == EntityKind::kNode ? "Node " : "Relationship ";
  return Error{ErrorCode::kEntityNotFound, what + std::to_string(id) + " does not exist; it may have been deleted"};
}

void GraphTransaction::State::put_properties(const PropertyList& properties, ByteWriter& w) {
  std::string bytes;
  w.varint(properties.size());
  for (const auto& [key, value] : properties) {
    w.varint(key);
    bytes.clear();
    encode_value(value, &bytes);
    w.bytes(bytes);
  }
}

void GraphTransaction::State::label_terms(NodeId id, LabelSetId set) {
  if (!recording) return;
  terms.write_entity(id, false);
  terms.write_labels(id);
  terms.write_any_node();
  for (LabelId label : writer.label_sets().set(set)) terms.write_label_membership(label);
}

Status GraphTransaction::State::create_node(NodeId id, std::vector<LabelId> labels, const PropertyList& properties) {
  if (reads() != nullptr) reads()->read_catalog();
  for (LabelId label : labels)
    if (!writer.catalog().label_tokens().has(label)) return unknown_token("label", kMaxTokens);
  if (id > kMaxEntityId || writer.node_exists(id)) return Error{ErrorCode::kConflict, "node id " + std::to_string(id) + " is taken"};
  Mark mark = here();
  LabelSetId set = writer.label_set_id(labels);
  writer.insert_node(id, set);
  remember({.kind = UndoRecord::Kind::kCreatedNode, .id = id});
  PropertyList written;
  if (Status s = write_properties(EntityKind::kNode, id, properties, &written); !s.ok()) {
    if (recording) back_to(mark);
    return s;
  }
  label_terms(id, set);
  touch(EntityKind::kNode, id);
  record(ChangeKind::kCreateNode, [&](ByteWriter& w) {
    w.varint(id);
    w.varint(labels.size());
    for (LabelId label : labels) w.varint(label);
    put_properties(written, w);
  });
  ++counters.nodes_created;
  counters.labels_added += labels.size();
  counters.properties_set += written.size();
  return {};
}

Status GraphTransaction::State::create_relationship(RelationshipId id, TypeId type, NodeId start, NodeId end,
                                                    const PropertyList& properties) {
  if (reads() != nullptr) {
    reads()->read_catalog();
    reads()->read_entity(start, false);
    reads()->read_entity(end, false);
  }
  if (!writer.catalog().type_tokens().has(type)) return unknown_token("relationship type", kMaxTokens);
  if (start <= kMaxEntityId && end <= kMaxEntityId) writer.prefetch_relationship(start, end);
  for (NodeId node : {start, end})
    if (node > kMaxEntityId || !writer.node_exists(node)) return missing(EntityKind::kNode, node);
  if (id > kMaxEntityId || writer.relationship_exists(id))
    return Error{ErrorCode::kConflict, "relationship id " + std::to_string(id) + " is taken"};
  if (recording) GRAFT_TRY(check_ends(type, start, end));
  Mark mark = here();
  if (!writer.insert_relationship(id, type, start, end))
    return Error{ErrorCode::kConflict, "relationship id " + std::to_string(id) + " is in a block of another type"};
  remember({.kind = UndoRecord::Kind::kCreatedRelationship, .token = type, .id = id, .start = start, .end = end});
  PropertyList written;
  if (Status s = write_properties(EntityKind::kRelationship, id, properties, &written); !s.ok()) {
    if (recording) back_to(mark);
    return s;
  }
  if (recording) {
    terms.write_entity(id, true);
    terms.write_adjacency(start, Direction::kOutgoing, type);
    terms.write_adjacency(end, Direction::kIncoming, type);
    terms.write_type_membership(type);
  }
  touch(EntityKind::kRelationship, id);
  record(ChangeKind::kCreateRelationship, [&](ByteWriter& w) {
    w.varint(id);
    w.varint(type);
    w.varint(start);
    w.varint(end);
    put_properties(written, w);
  });
  ++counters.relationships_created;
  counters.properties_set += written.size();
  return {};
}

// Nulls are left out; a key that comes twice has its last value.
Status GraphTransaction::State::write_properties(EntityKind kind, uint64_t id, const PropertyList& properties,
                                                 PropertyList* written) {
  written->reserve(properties.size());
  for (const auto& [key, value] : properties) {
    if (value.is_null()) continue;
    Value stored = value;
    GRAFT_TRY(write_property(kind, id, key, &stored));
    written->emplace_back(key, std::move(stored));
  }
  return {};
}

// Checks and writes; *value becomes what is stored.
Status GraphTransaction::State::write_property(EntityKind kind, uint64_t id, PropertyKeyId key, Value* value) {
  if (!writer.catalog().key_tokens().has(key)) return unknown_token("property key", kMaxPropertyKeys);
  if (recording) {
    GRAFT_TRY(check_value(kind, id, key, value));
    if (!value->is_null() && writer.catalog().any_index(kind)) GRAFT_TRY(check_unique(kind, id, key, *value));
  } else if (!value->is_null() && !is_storable(*value)) {
    return Error{ErrorCode::kCorruption, "a property value that cannot be stored"};
  }
  Value old = writer.property(kind, id, key);
  if (old.is_null() && value->is_null()) return {};
  writer.set_property(kind, id, key, old, *value);
  if (recording) {
    terms.write_property(id, kind == EntityKind::kRelationship, key);
    remember({.kind = UndoRecord::Kind::kProperty, .entity = kind, .token = key, .id = id, .value = std::move(old)});
  }
  return {};
}

Status GraphTransaction::State::set_property(EntityKind kind, uint64_t id, PropertyKeyId key, Value value, bool count) {
  bool relationship = kind == EntityKind::kRelationship;
  if (reads() != nullptr) {
    reads()->read_catalog();
    reads()->read_entity(id, relationship);
    if (value.is_null()) reads()->read_property(id, relationship, key);
  }
  bool exists = id <= kMaxEntityId && (relationship ? writer.relationship_exists(id) : writer.node_exists(id));
  if (!exists) return missing(kind, id);
  bool removal_of_nothing =
      value.is_null() && (!writer.catalog().key_tokens().has(key) || writer.property(kind, id, key).is_null());
  if (removal_of_nothing) return {};
  GRAFT_TRY(write_property(kind, id, key, &value));
  touch(kind, id);
  record(relationship ? ChangeKind::kSetRelationshipProperty : ChangeKind::kSetNodeProperty, [&](ByteWriter& w) {
    w.varint(id);
    put_properties({{key, value}}, w);
  });
  if (count) ++counters.properties_set;
  return {};
}

Status GraphTransaction::State::change_label(NodeId id, LabelId label, bool add) {
  if (reads() != nullptr) {
    reads()->read_catalog();
    reads()->read_entity(id, false);
    reads()->read_labels(id);
  }
  if (id > kMaxEntityId || !writer.node_exists(id)) return missing(EntityKind::kNode, id);
  LabelSetId old = writer.label_set_of(id);
  std::vector<LabelId> labels = writer.label_sets().set(old);
  auto at = std::lower_bound(labels.begin(), labels.end(), label);
  bool has = at != labels.end() && *at == label;
  if (has == add) return {};
  if (add && !writer.catalog().label_tokens().has(label)) return unknown_token("label", kMaxTokens);
  if (add && recording) GRAFT_TRY(check_new_label(id, label));
  if (add) labels.insert(at, label); else labels.erase(at);
  writer.set_labels(id, writer.label_set_id(labels));
  remember({.kind = UndoRecord::Kind::kLabels, .token = old, .id = id});
  if (recording) {
    terms.write_labels(id);
    terms.write_label_membership(label);
  }
  touch(EntityKind::kNode, id);
  record(add ? ChangeKind::kAddLabel : ChangeKind::kRemoveLabel, [&](ByteWriter& w) {
    w.varint(id);
    w.varint(label);
  });
  ++(add ? counters.labels_added : counters.labels_removed);
  return {};
}

void GraphTransaction::State::remove_properties(EntityKind kind, uint64_t id) {
  for (PropertyKeyId key : writer.property_keys(kind, id)) {
    Value old = writer.property(kind, id, key);
    writer.set_property(kind, id, key, old, Value());
    if (!recording) continue;
    terms.write_property(id, kind == EntityKind::kRelationship, key);
    remember({.kind = UndoRecord::Kind::kProperty, .entity = kind, .token = key, .id = id, .value = std::move(old)});
  }
}

Status GraphTransaction::State::delete_node(NodeId id) {
  if (reads() != nullptr) {
    reads()->read_entity(id, false);
    reads()->read_labels(id);
    reads()->read_adjacency(id, Direction::kBoth, kNoToken);
  }
  if (id > kMaxEntityId || !writer.node_exists(id)) return missing(EntityKind::kNode, id);
  remove_properties(EntityKind::kNode, id);
  LabelSetId set = writer.label_set_of(id);
  writer.erase_node(id);
  remember({.kind = UndoRecord::Kind::kDeletedNode, .token = set, .id = id});
  label_terms(id, set);
  if (recording) pending.push_back({id, false, true});
  record(ChangeKind::kDeleteNode, [&](ByteWriter& w) { w.varint(id); });
  ++counters.nodes_deleted;
  return {};
}

Status GraphTransaction::State::delete_relationship(RelationshipId id) {
  if (reads() != nullptr) reads()->read_entity(id, true);
  if (id > kMaxEntityId || !writer.relationship_exists(id)) return missing(EntityKind::kRelationship, id);
  remove_properties(EntityKind::kRelationship, id);
  RelationshipRecord r = writer.relationship(id);
  writer.erase_relationship(id, r.type, r.start, r.end);
  remember({.kind = UndoRecord::Kind::kDeletedRelationship, .token = r.type, .id = id, .start = r.start, .end = r.end});
  if (recording) {
    terms.write_entity(id, true);
    terms.write_adjacency(r.start, Direction::kOutgoing, r.type);
    terms.write_adjacency(r.end, Direction::kIncoming, r.type);
    terms.write_type_membership(r.type);
  }
  record(ChangeKind::kDeleteRelationship, [&](ByteWriter& w) { w.varint(id); });
  ++counters.relationships_deleted;
  return {};
}

}  // namespace graft::graph
