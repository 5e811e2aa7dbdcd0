#pragma once

// Reading a graph: one version, or a transaction's own fork. Cypher reads through nothing else.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/adjacency.h"
#include "graph/catalog.h"
#include "graph/ids.h"
#include "graph/layout.h"
#include "graph/value.h"
#include "storage/store.h"

namespace graft::graph {

class CatalogData;
class Footprint;
class GraphView;
class GraphWriter;
class LabelSets;

struct RelationshipRecord {
  TypeId type = kNoToken;
  NodeId start = kNoId;
  NodeId end = kNoId;
};

// Neighbours of one node in one direction and of one type, straight from a page: no copy.
// Sorted by (neighbour, relationship). Valid until the view's next mutation.
struct NeighbourRun {
  TypeId type = kNoToken;
  Direction direction = Direction::kOutgoing;  // never kBoth
  uint32_t count = 0;
  bool wide = false;              // 8-byte ids instead of 4-byte
  const char* neighbours = nullptr;
  const char* relationships = nullptr;

  NodeId neighbour(uint32_t i) const { return load(neighbours, i); }
  RelationshipId relationship(uint32_t i) const { return load(relationships, i); }

 private:
  uint64_t load(const char* p, uint32_t i) const {
    return wide ? reinterpret_cast<const uint64_t*>(p)[i] : reinterpret_cast<const uint32_t*>(p)[i];
  }
};

// Steps over all runs of one node. Reused from node to node without allocation: see GraphView::expand. A long list comes
// as many runs of the same type.
class NeighbourCursor {
 public:
  bool next(NeighbourRun* run) {
    while (at_ != end_) {
      const auto* group = reinterpret_cast<const AdjacencyGroup*>(at_);
      at_ += group->bytes();
      if (!wanted(group->type)) continue;
      run->type = group->type;
      run->direction = direction_;
      if (group->spilled()) [[unlikely]] return open_hub(run);
      run->count = group->bits & AdjacencyGroup::kCountMask;
      run->wide = group->wide();
      run->neighbours = group->neighbours();
      run->relationships = group->relationships();
      return true;
    }
    return more_ && next_part(run);
  }

 private:
  friend class GraphView;
  bool wanted(TypeId type) const {
    if (types_.empty()) return true;
    for (TypeId t : types_)
      if (t == type) return true;
    return false;
  }
  bool open_hub(NeighbourRun* run);   // the spilled group just before at_
  bool next_hub(NeighbourRun* run);
  bool next_part(NeighbourRun* run);  // the rest of a hub, or the other direction

  const char* at_ = nullptr;
  const char* end_ = nullptr;
  const char* after_hub_ = nullptr;  // where to go on when the open hub is read
  std::span<const TypeId> types_;
  Direction direction_ = Direction::kOutgoing;
  bool more_ = false;  // a hub is open, or incoming_ is still to come
  bool incoming_ = false;
  bool hub_open_ = false;
  NodeId node_ = kNoId;
  TypeId hub_type_ = kNoToken;
  const GraphView* view_ = nullptr;
  TreeCursor hub_;
};

// Cursors of scans and index look-ups. The view must outlive them. In a transaction they stay safe while it writes: what
// is written since the cursor was opened may or may not show; an entity comes at most once, unless an index key of it
// changed meanwhile.
class NodeCursor {
 public:
  virtual ~NodeCursor() = default;
  virtual size_t next(std::span<NodeId> out) = 0;  // 0: end
};

class RelationshipCursor {
 public:
  virtual ~RelationshipCursor() = default;
  struct Item { RelationshipId id; NodeId start, end; };
  virtual size_t next(std::span<Item> out) = 0;  // 0: end
};

// A bound of an index range over the first keys of the index.
struct IndexBound {
  std::vector<Value> values;
  bool inclusive = true;
};

using PropertyList = std::vector<std::pair<PropertyKeyId, Value>>;

class GraphView {
 public:
  // Reads `version`, pinning it. No footprint.
  explicit GraphView(storage::VersionRef version);
  // Reads what a transaction has written so far: see GraphTransaction::view.
  GraphView(const GraphWriter* writer, std::shared_ptr<Footprint> footprint);

  const Catalog& catalog() const;
  std::shared_ptr<const Catalog> shared_catalog() const;

  bool node_exists(NodeId id) const;
  bool relationship_exists(RelationshipId id) const;
  std::vector<LabelId> labels(NodeId id) const;  // sorted by id; empty for a missing node
  bool has_label(NodeId id, LabelId label) const;
  RelationshipRecord relationship(RelationshipId id) const;  // type kNoToken: missing

  Value node_property(NodeId id, PropertyKeyId key) const;  // null when absent
  Value relationship_property(RelationshipId id, PropertyKeyId key) const;
  PropertyList node_properties(NodeId id) const;
  PropertyList relationship_properties(RelationshipId id) const;
  // One key of many nodes: columns are looked up once per block. out.size() == ids.size(); kNoId gives null.
  void node_property_batch(std::span<const NodeId> ids, PropertyKeyId key, std::span<Value> out) const;
  void relationship_property_batch(std::span<const RelationshipId> ids, PropertyKeyId key, std::span<Value> out) const;

  std::unique_ptr<NodeCursor> scan_nodes() const;
  std::unique_ptr<NodeCursor> scan_nodes(LabelId label) const;
  // Entities that have a label or type, out of the next `most` of their blocks from `from` on, appended to *out. Where to
  // go on, or kNoId. For long walks in many transactions; leaves no footprint.
  uint64_t scan_from(EntityKind entity, uint32_t label_or_type, uint64_t from, uint64_t most, std::vector<uint64_t>* out) const;
  std::unique_ptr<RelationshipCursor> scan_relationships() const;
  std::unique_ptr<RelationshipCursor> scan_relationships(TypeId type) const;

  // Positions the cursor on the runs of `id`; types empty: all. A self-loop appears once per direction.
  void expand(NodeId id, Direction direction, std::span<const TypeId> types, NeighbourCursor* cursor) const;
  uint64_t degree(NodeId id, Direction direction, std::span<const TypeId> types) const {
    if (!total_is_degree(types)) [[unlikely]] return read_degree(id, direction, types);
    uint64_t total = 0;
    if (direction != Direction::kIncoming) total += total_degree(degrees_out_, id);
    if (direction != Direction::kOutgoing) total += total_degree(degrees_in_, id);
    return total;
  }
  // Degrees of many nodes, each as degree() gives it; their cache misses overlap, so this is how to count what follows an
  // expansion. out.size() == ids.size(). Ids that do not exist, kNoId too, have degree 0.
  void degrees(std::span<const NodeId> ids, Direction direction, std::span<const TypeId> types, std::span<uint64_t> out) const;
  // Asks the memory for what expand of these nodes will read, all at once: whoever has some dozens of nodes to expand calls
  // it first and goes two to three times faster. At most kPrefetchNodes are looked at. No footprint.
  static constexpr size_t kPrefetchNodes = 64;
  void prefetch_adjacency(std::span<const NodeId> ids, Direction direction) const;
  // Relationships from `from` to `to` (direction as seen from `from`); uses the smaller list, or binary search in it.
  void relationships_between(NodeId from, NodeId to, Direction direction, std::span<const TypeId> types,
                             std::vector<RelationshipId>* out) const;

  // Exact matches of a prefix of the index's keys. Ids are node or relationship ids by the index's entity kind.
  std::unique_ptr<NodeCursor> index_seek(IndexId index, std::span<const Value> values) const;
  // In index order (ascending or descending). Null bounds are open, but with one bound only values of that bound's type
  // (numbers are one; NaN is none) come, as Cypher compares; without any, all. A string prefix is a range: see index_prefix.
  std::unique_ptr<NodeCursor> index_range(IndexId index, const IndexBound* lower, const IndexBound* upper, bool descending) const;
  std::unique_ptr<NodeCursor> index_prefix(IndexId index, std::string_view prefix) const;

  // Exact counts, O(1). They leave no trace in a footprint, as planners ask for them: who answers a query from a count
  // says so with record_label_read or record_type_read (of all that the count covers; kNoToken: all nodes or relationships).
  uint64_t node_count() const;
  uint64_t node_count(LabelId label) const;
  uint64_t relationship_count() const;
  uint64_t relationship_count(TypeId type) const;
  // Relationships of `type` whose start (kOutgoing) or end (kIncoming) has `label`.
  uint64_t relationship_count(LabelId label, TypeId type, Direction direction) const;
  uint64_t index_entries(IndexId index) const;
  // While an index is populated: the next entity to be looked at; and how far that is.
  uint64_t index_progress(IndexId index) const;
  double index_populated_percent(const IndexDefinition& index) const;
  uint64_t index_distinct(IndexId index) const;  // an estimate

  void record_label_read(LabelId label_or_none) const;
  void record_type_read(TypeId type_or_none) const;
  void record_index_read(IndexId index) const;  // all of it

  // Replicated records that are not graph data: members, users, cluster id, epoch. Empty when absent.
  std::string system_record(std::string_view key) const;
  std::vector<std::pair<std::string, std::string>> system_records(std::string_view prefix) const;  // sorted by key

  // A range that the values of `key` in the 256 ids around `id` do not leave, if all are integers or all floats and it is
  // known: lets a scan skip what a filter cannot pass.
  bool value_range(uint64_t id, EntityKind kind, PropertyKeyId key, Value* minimum, Value* maximum) const;

  // True when the store cancelled this reader's pin (it retained too much): the query ends with kTransactionTerminated.
  bool pin_cancelled() const;

  // For the graph layer itself.
  const storage::PageReader& reader() const { return reader_; }
  const Meta& meta() const { return *meta_; }
  const CatalogData& catalog_data() const;
  const LabelSets& label_sets() const;

 private:
  storage::PageView page(LocalTable table, storage::PageNo no) const {
    return reader_.page(table_of(meta_->generation, table), no);
  }
  storage::PageView adjacency(NodeId id, Direction direction) const {
    if (writer_ == nullptr) [[likely]] return (direction == Direction::kOutgoing ? out_ : in_).page(adjacency_page(id));
    return page(direction == Direction::kOutgoing ? LocalTable::kOut : LocalTable::kIn, adjacency_page(id));
  }
  const NodeBlock* node_block(NodeId id) const;                       // null: the node does not exist
  const RelationshipBlock* relationship_block(RelationshipId id) const;  // as above
  RelationshipRecord read_relationship(RelationshipId id) const;
  static uint32_t total_degree(const storage::TableReader& degrees, NodeId id) {
    storage::PageView view = degrees.page(degrees_page(id));
    return view.data() == nullptr ? 0 : reinterpret_cast<const uint32_t*>(view.data())[id & (kDegreesPerPage - 1)];
  }
  // True if the total number of relationships is what is asked for, and it may be read without further ado.
  bool total_is_degree(std::span<const TypeId> types) const {
    bool all = types.empty() || (types.size() == 1 && types[0] == meta_->sole_type);
    return all && footprint_ == nullptr && writer_ == nullptr;
  }
  uint64_t read_degree(NodeId id, Direction direction, std::span<const TypeId> types) const;
  static void add_total_degrees(const storage::TableReader& degrees, std::span<const NodeId> ids, uint64_t* out);
  uint64_t count_one(NodeId id, Direction direction, std::span<const TypeId> types) const;
  void between(NodeId from, NodeId to, Direction direction, std::span<const TypeId> types,
               std::vector<RelationshipId>* out) const;
  PropertyList properties(EntityKind kind, uint64_t id) const;
  void note_adjacency(NodeId id, Direction direction, std::span<const TypeId> types) const;
  uint64_t counter(LocalTable table, storage::PageNo page_no, uint32_t index) const;
  friend class NeighbourCursor;

  storage::VersionRef version_;  // empty: a transaction's
  const GraphWriter* writer_ = nullptr;
  const Meta* meta_ = nullptr;
  storage::PageReader reader_;
  std::shared_ptr<const CatalogData> catalog_;  // of a version
  std::shared_ptr<const LabelSets> label_sets_;
  storage::TableReader nodes_, relationships_, ends_, out_, in_, degrees_out_, degrees_in_;  // of a version
  std::shared_ptr<Footprint> footprint_;
};

inline void GraphView::expand(NodeId id, Direction direction, std::span<const TypeId> types, NeighbourCursor* cursor) const {
  if (footprint_ != nullptr) [[unlikely]] note_adjacency(id, direction, types);
  cursor->types_ = types;
  cursor->node_ = id;
  cursor->view_ = this;
  cursor->hub_open_ = false;
  bool both = direction == Direction::kBoth;
  cursor->direction_ = both ? Direction::kOutgoing : direction;
  cursor->incoming_ = cursor->more_ = both;
  AdjacencySection section = adjacency_section(adjacency(id, cursor->direction_), id);
  cursor->at_ = section.begin;
  cursor->end_ = section.end;
}

}  // namespace graft::graph
