#pragma once

// Reading a graph: one version, or a transaction's own fork. Cypher reads through nothing else.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graph/catalog.h"
#include "graph/ids.h"
#include "graph/value.h"
#include "storage/store.h"

namespace graft::graph {

class Footprint;

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

// Steps over all runs of one node. Reused from node to node without allocation: see GraphView::expand.
class NeighbourCursor {
 public:
  bool next(NeighbourRun* run);
  // implementation state follows (owner: graph layer)
};

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
  std::unique_ptr<RelationshipCursor> scan_relationships() const;
  std::unique_ptr<RelationshipCursor> scan_relationships(TypeId type) const;

  // Positions the cursor on the runs of `id`; types empty: all. A self-loop appears once per direction.
  void expand(NodeId id, Direction direction, std::span<const TypeId> types, NeighbourCursor* cursor) const;
  uint64_t degree(NodeId id, Direction direction, std::span<const TypeId> types) const;
  // Relationships from `from` to `to` (direction as seen from `from`); uses the smaller list, or binary search in it.
  void relationships_between(NodeId from, NodeId to, Direction direction, std::span<const TypeId> types,
                             std::vector<RelationshipId>* out) const;

  // Exact matches of a prefix of the index's keys. Ids are node or relationship ids by the index's entity kind.
  std::unique_ptr<NodeCursor> index_seek(IndexId index, std::span<const Value> values) const;
  // In index order (ascending or descending). Null bounds are open. A string prefix is a range: see index_prefix.
  std::unique_ptr<NodeCursor> index_range(IndexId index, const IndexBound* lower, const IndexBound* upper, bool descending) const;
  std::unique_ptr<NodeCursor> index_prefix(IndexId index, std::string_view prefix) const;

  // Exact counts, O(1).
  uint64_t node_count() const;
  uint64_t node_count(LabelId label) const;
  uint64_t relationship_count() const;
  uint64_t relationship_count(TypeId type) const;
  // Relationships of `type` whose start (kOutgoing) or end (kIncoming) has `label`.
  uint64_t relationship_count(LabelId label, TypeId type, Direction direction) const;
  uint64_t index_entries(IndexId index) const;
  uint64_t index_distinct(IndexId index) const;  // an estimate

  // Replicated records that are not graph data: members, users, cluster id, epoch. Empty when absent.
  std::string system_record(std::string_view key) const;
  std::vector<std::pair<std::string, std::string>> system_records(std::string_view prefix) const;  // sorted by key

  // True when the store cancelled this reader's pin (it retained too much): the query ends with kTransactionTerminated.
  bool pin_cancelled() const;
};

}  // namespace graft::graph
