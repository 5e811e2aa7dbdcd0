#pragma once

// Applies effects to a fork's pages: entities, adjacency, columns, index entries, counters, sums. Trusts its caller, who
// has checked that what it changes exists (GraphTransaction). What it does depends on the logical state only.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/catalog_data.h"
#include "graph/footprint.h"
#include "graph/layout.h"
#include "graph/view.h"
#include "storage/store.h"

namespace graft::graph {

struct IndexKey {
  std::string bytes;            // encoded values, one after the other
  std::vector<size_t> lengths;  // where each ends
};

class GraphWriter {
 public:
  explicit GraphWriter(std::unique_ptr<storage::Fork> fork);
  ~GraphWriter();

  const Meta& meta() const { return meta_; }
  Meta& edit_meta() { return meta_; }
  storage::PageReader reader() const { return fork_->reader(); }
  storage::Fork& fork() { return *fork_; }
  bool cancelled() const { return fork_->cancelled(); }
  // Where the keys of index entries that come or go are noted; null: nowhere.
  void note_terms_in(WriteTerms* terms) { terms_ = terms; }
  const CatalogData& catalog() const { return *catalog_; }
  std::shared_ptr<const CatalogData> shared_catalog() const { return catalog_; }
  const LabelSets& label_sets() const { return *label_sets_; }
  CatalogData& edit_catalog();
  void restore_catalog(std::shared_ptr<const CatalogData> catalog);

  LabelSetId label_set_id(const std::vector<LabelId>& sorted_labels);
  LabelSetId label_set_of(NodeId id) const;  // of an existing node
  bool node_exists(NodeId id) const;

  void insert_node(NodeId id, LabelSetId labels);
  void erase_node(NodeId id);  // its properties are gone already; relationships may be left
  void set_labels(NodeId id, LabelSetId labels);  // with index entries
  // Asks the memory for what insert_relationship will read, all at once: most of its time goes into waiting for it.
  void prefetch_relationship(NodeId start, NodeId end) const;
  // False: the slot's block holds relationships of another type.
  bool insert_relationship(RelationshipId id, TypeId type, NodeId start, NodeId end);
  void erase_relationship(RelationshipId id, TypeId type, NodeId start, NodeId end);
  void set_property(EntityKind kind, uint64_t id, PropertyKeyId key, const Value& old, const Value& value);
  Value property(EntityKind kind, uint64_t id, PropertyKeyId key) const;
  std::vector<PropertyKeyId> property_keys(EntityKind kind, uint64_t id) const;

  bool relationship_exists(RelationshipId id) const;
  RelationshipRecord relationship(RelationshipId id) const;  // of an existing one

  // Whether an entity that exists belongs into an index, were its properties there.
  bool covers(const IndexDefinition& index, uint64_t id) const;
  // Index entries. The key of an entity, without the id; false when a property is missing or the kind has no tree.
  bool index_key(const IndexDefinition& index, uint64_t id, IndexKey* key) const;
  // The same with one property given.
  bool index_key_with(const IndexDefinition& index, uint64_t id, PropertyKeyId key, const Value& value, IndexKey* out) const;
  bool insert_index_entry(const IndexDefinition& index, const IndexKey& key, uint64_t id);
  void erase_index_entry(const IndexDefinition& index, const IndexKey& key, uint64_t id);
  // An entity other than `id` with exactly this key, or kNoId.
  uint64_t other_with_key(const IndexDefinition& index, std::string_view key, uint64_t id) const;
  // Full text and vector indexes: adds or takes away what a property's value has there. False: nothing, as for a value that
  // does not belong there.
  bool change_search_entry(const IndexDefinition& index, uint64_t id, PropertyKeyId key, const Value& value, bool add);
  void forget_index(IndexId index);           // its entries leave the sums; the pages go at the next flush
  void remember_index(IndexId index);         // undo of forget_index
  // Where the building of an index has come to: the next entity to look at. 0: not begun, or ended.
  uint64_t index_progress(IndexId index) const;
  void set_index_progress(IndexId index, uint64_t next);

  void set_system_record(std::string_view key, std::string_view value);
  std::string system_record(std::string_view key) const;

  // The whole graph but system records, under a new generation.
  struct Dropped { Meta meta; std::shared_ptr<const CatalogData> catalog; std::shared_ptr<const LabelSets> label_sets; };
  Dropped drop_all();
  void undo_drop_all(const Dropped& before);

  // Writes meta, catalog and label sets to their pages and lets dropped tables go: at the end.
  void flush();
  std::unique_ptr<storage::Fork> release_fork();

 private:
  storage::PageView page(LocalTable table, storage::PageNo no) const {
    return reader().page(table_of(meta_.generation, table), no);
  }
  storage::TableId id_of(LocalTable table) const { return table_of(meta_.generation, table); }
  void set_block_bit(LocalTable table, uint32_t token, uint64_t block, bool on);
  bool block_has_label(uint64_t block, LabelId label) const;
  void clear_label_bits(uint64_t block, std::span<const LabelId> labels);
  NodeBlock* edit_block_for(uint64_t block, LabelSetId labels, bool* made);
  void add_count(LocalTable table, storage::PageNo page, uint32_t index, int64_t change);
  void count_labels(LabelSetId labels, int64_t change);
  void count_pairs(std::span<const LabelId> labels, TypeId type, Direction direction, int64_t change);
  void count_pairs_of_node(NodeId id, std::span<const LabelId> labels, int64_t change);
  void count_relationship(TypeId type, NodeId start, NodeId end, int64_t change);
  void add_degree(LocalTable table, NodeId id, int32_t change);
  void write_ends(uint64_t block, uint32_t slot, bool wide, NodeId start, NodeId end);
  void widen_ends(uint64_t block);
  void note_key(EntityKind kind, uint64_t id, PropertyKeyId key, bool added);
  void update_indexes(EntityKind kind, uint64_t id, PropertyKeyId key, const Value& old, const Value& value);
  bool change_text(const IndexDefinition& index, uint8_t field, uint64_t id, const Value& value, bool add);
  bool change_vector(const IndexDefinition& index, uint64_t id, const Value& value, bool add);
  void update_search_property(const IndexDefinition& index, uint64_t id, PropertyKeyId key, const Value& old, const Value& value);
  void update_search_labels(NodeId id, const std::vector<LabelId>& before, const std::vector<LabelId>& after);
  void update_label_indexes(NodeId id, LabelId label, bool added);
  void node_sum(NodeId id, LabelSetId labels, bool add);
  void relationship_sums(RelationshipId id, TypeId type, NodeId start, NodeId end, bool add);

  std::unique_ptr<storage::Fork> fork_;
  WriteTerms* terms_ = nullptr;
  Meta meta_;
  std::shared_ptr<CatalogData> catalog_;
  std::shared_ptr<LabelSets> label_sets_;
  // Catalogs that were shared when changed: whoever looks at the old one through a view may go on until the flush.
  std::vector<std::shared_ptr<const CatalogData>> retired_;
  bool catalog_changed_ = false, label_sets_changed_ = false;
  std::vector<storage::TableId> dropped_tables_;
  std::vector<uint32_t> dropped_generations_;
};

// Hashes of items for the state sums.
Sum128 node_item(NodeId id, std::span<const LabelId> labels);
Sum128 property_item(EntityKind kind, uint64_t id, PropertyKeyId key, const Value& value);
Sum128 relationship_item(RelationshipId id, TypeId type, NodeId start, NodeId end);
Sum128 adjacency_item(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship);
Sum128 index_item(IndexId index, std::string_view key_and_id);
Sum128 index_progress_item(IndexId index, uint64_t next);
Sum128 system_item(std::string_view key, std::string_view value);

bool has_tree(const IndexDefinition& index);          // entries by value: range, text and point indexes
bool has_search_pages(const IndexDefinition& index);  // full text and vector indexes
bool has_pages(const IndexDefinition& index);         // either

}  // namespace graft::graph
