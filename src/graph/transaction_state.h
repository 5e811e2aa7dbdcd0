#pragma once

// The inside of GraphTransaction. Each effect is one call below: it checks, writes, and records how to undo it. The
// public calls and replay are made of these.

#include <memory>
#include <string>
#include <vector>

#include "base/codec.h"
#include "graph/catalog_codec.h"
#include "graph/catalog_data.h"
#include "graph/transaction.h"
#include "graph/writer.h"

namespace graft::graph {

// What a change set is made of. Numbers are part of the replicated format: never changed, only added.
enum class ChangeKind : uint8_t {
  kLabelToken = 1, kTypeToken, kKeyToken,
  kCreateNode, kDeleteNode, kCreateRelationship, kDeleteRelationship,
  kSetNodeProperty, kSetRelationshipProperty, kAddLabel, kRemoveLabel,
  kCreateIndex, kDropIndex, kBuildIndexSlice,
  kCreateConstraint, kDropConstraint, kCreateSchema, kDropSchema,
  kDropAll, kSystemRecord, kRuleChecked, kAlterSchema, kDropEntities,
};
inline constexpr uint8_t kChangeSetFormat = 2;

struct UndoRecord {
  enum class Kind : uint8_t {
    kLabelToken, kTypeToken, kKeyToken, kCreatedNode, kDeletedNode, kCreatedRelationship, kDeletedRelationship,
    kProperty, kLabels, kCatalog, kCreatedIndex, kDroppedIndex, kIndexEntry, kIndexProgress, kDropAll, kSystemRecord,
  };
  Kind kind;
  EntityKind entity = EntityKind::kNode;
  uint32_t token = 0;         // token, property key, type, label set, index
  uint64_t id = 0, start = 0, end = 0;
  Value value;                // the old one
  std::string name, text;     // system record
  std::shared_ptr<const void> object;  // the old catalog, or GraphWriter::Dropped
};

// The key constraint that a schema's primary field is kept by.
inline std::string primary_constraint(const CatalogData& catalog, LabelId label) { return "primary_key_" + catalog.label_name(label); }

struct GraphTransaction::State {
  State(std::unique_ptr<storage::Fork> fork, IdAllocator& allocator, std::shared_ptr<Footprint> reads)
      : writer(std::move(fork)), ids(allocator), footprint(std::move(reads)), view(&writer, footprint) {
    writer.note_terms_in(&terms);
  }

  struct Mark {
    size_t undo, changes, pending;
    WriteCounters counters;
  };
  struct Pending {  // what check_constraints has to look at
    uint64_t id;
    bool relationship, deleted;
  };

  Mark here() const { return {undo.size(), changes.size(), pending.size(), counters}; }
  void back_to(const Mark& mark);
  void undo_one(const UndoRecord& record);
  void remember(UndoRecord record) { if (recording) undo.push_back(std::move(record)); }
  template <class F> void record(ChangeKind kind, F&& fill) {
    if (!recording) return;
    ByteWriter w(&changes);
    w.u8(static_cast<uint8_t>(kind));
    fill(w);
  }
  Footprint* reads() const { return footprint.get(); }

  // Tokens. False: number or name is taken by another.
  bool add_token(ChangeKind kind, uint32_t id, std::string_view name);
  uint32_t token(ChangeKind kind, std::string_view name);

  // Entities (transaction_entities.cc).
  Status create_node(NodeId id, std::vector<LabelId> sorted_labels, const PropertyList& properties);
  Status create_relationship(RelationshipId id, TypeId type, NodeId start, NodeId end, const PropertyList& properties);
  Status set_property(EntityKind kind, uint64_t id, PropertyKeyId key, Value value, bool count);
  Status write_property(EntityKind kind, uint64_t id, PropertyKeyId key, Value* value);
  Status write_properties(EntityKind kind, uint64_t id, const PropertyList& properties, PropertyList* written);
  void remove_properties(EntityKind kind, uint64_t id);
  Status change_label(NodeId id, LabelId label, bool add);
  Status delete_node(NodeId id);
  Status delete_relationship(RelationshipId id);
  void put_properties(const PropertyList& properties, ByteWriter& w);
  Status missing(EntityKind kind, uint64_t id) const;
  void label_terms(NodeId id, LabelSetId set);

  // Rules (transaction_rules.cc).
  std::vector<uint32_t> labels_or_type(EntityKind kind, uint64_t id) const;
  Status check_value(EntityKind kind, uint64_t id, PropertyKeyId key, Value* value);
  Status check_unique(EntityKind kind, uint64_t id, PropertyKeyId key, const Value& value);
  Status check_new_label(NodeId id, LabelId label);
  Status check_ends(TypeId type, NodeId start, NodeId end);
  Status check_present(EntityKind kind, uint64_t id);
  Status check_pending();
  void touch(EntityKind kind, uint64_t id);
  Error duplicate(const IndexDefinition& index, uint64_t other, uint64_t twin = kNoId) const;

  // Schema (transaction_schema.cc).
  void remember_catalog(bool note = true);
  Status create_index(IndexDefinition definition);
  Status drop_index(IndexId index);
  Status create_constraint(ConstraintDefinition constraint);
  Status drop_constraint(std::string name);
  Status create_schema(LabelSchema schema);
  void drop_schema(EntityKind entity, uint32_t label_or_type);
  Status check_schema(const LabelSchema& schema, bool is_new) const;
  Status alter_schema(LabelSchema schema);
  Status check_tokens(EntityKind entity, const std::vector<uint32_t>& labels_or_types, const std::vector<PropertyKeyId>& keys) const;

  // Building indexes and checking what exists (transaction_build.cc).
  bool is_large(EntityKind entity, const std::vector<uint32_t>& labels_or_types) const;
  Status index_existing(const IndexDefinition& index, uint64_t id);
  Status build_range(const IndexDefinition& index, uint64_t max_entities, uint64_t* next);
  Status build_whole(const IndexDefinition& index);
  void fail_index(const IndexDefinition& index, const std::string& why);
  void change_index(const IndexDefinition& changed);
  void change_progress(IndexId index, uint64_t next);
  Result<bool> build_slice(IndexId index, uint64_t max_entities, std::string* failure);
  Status check_entity(const ConstraintDefinition& constraint, uint64_t id);
  Status check_entity(const LabelSchema& schema, uint64_t id);
  Result<uint64_t> check_range(const SchemaTask& task, uint64_t from, uint64_t max_entities);
  Status finish_check(const SchemaTask& task);
  Error creation_failed(const ConstraintDefinition& constraint, const std::string& why) const;

  void drop_all();
  void drop_entities();
  void set_system_record(std::string_view key, std::string_view value);

  // Replay (transaction_replay.cc).
  Status replay_one(ByteReader* in);
  Status replay_token(ChangeKind kind, ByteReader* in);
  Status replay_entity(ChangeKind kind, ByteReader* in);
  Status replay_update(ChangeKind kind, ByteReader* in);
  Status replay_schema(ChangeKind kind, ByteReader* in);

  GraphWriter writer;
  IdAllocator& ids;
  std::shared_ptr<Footprint> footprint;
  WriteTerms terms;
  GraphView view;
  std::string changes;
  WriteCounters counters;
  std::vector<UndoRecord> undo;
  std::vector<Mark> marks;
  std::vector<Pending> pending;
  bool recording = true;  // false: replay that trusts
  bool replaying = false;
};

}  // namespace graft::graph
