// Counters and state sums.

#include <cstring>

#include "graph/adjacency.h"
#include "graph/writer.h"

namespace graft::graph {

void GraphWriter::add_count(LocalTable table, storage::PageNo no, uint32_t index, int64_t change) {
  storage::TableId id = id_of(table);
  char* p;
  if (reader().page(id, no).data() == nullptr) {
    p = fork_->put(id, no, 8 * kCountersPerPage);
    std::memset(p, 0, 8 * kCountersPerPage);
  } else {
    p = fork_->edit(id, no);
  }
  reinterpret_cast<uint64_t*>(p)[index] += static_cast<uint64_t>(change);
}

void GraphWriter::add_degree(LocalTable table, NodeId id, int32_t change) {
  storage::TableId number = id_of(table);
  storage::PageNo no = degrees_page(id);
  char* p;
  if (reader().page(number, no).data() == nullptr) {
    p = fork_->put(number, no, 4 * kDegreesPerPage);
    std::memset(p, 0, 4 * kDegreesPerPage);
  } else {
    p = fork_->edit(number, no);
  }
  reinterpret_cast<uint32_t*>(p)[id & (kDegreesPerPage - 1)] += static_cast<uint32_t>(change);
}

void GraphWriter::count_labels(LabelSetId labels, int64_t change) {
  for (LabelId label : label_sets_->set(labels))
    add_count(LocalTable::kLabelCounts, label / kCountersPerPage, label % kCountersPerPage, change);
}

void GraphWriter::count_pairs(std::span<const LabelId> labels, TypeId type, Direction direction, int64_t change) {
  for (LabelId label : labels)
    add_count(LocalTable::kPairCounts, pair_count_page(label, direction, type), type % kCountersPerPage, change);
}

void GraphWriter::count_pairs_of_node(NodeId id, std::span<const LabelId> labels, int64_t change) {
  if (labels.empty()) return;
  for (Direction direction : {Direction::kOutgoing, Direction::kIncoming}) {
    storage::PageView view = page(direction == Direction::kOutgoing ? LocalTable::kOut : LocalTable::kIn, adjacency_page(id));
    for_each_group(adjacency_section(view, id), [&](const AdjacencyGroup& group) {
      count_pairs(labels, group.type, direction, change * static_cast<int64_t>(group.count()));
    });
  }
}

void GraphWriter::count_relationship(TypeId type, NodeId start, NodeId end, int64_t change) {
  if (meta_.relationship_count == 0) meta_.sole_type = type;
  if (meta_.sole_type != type) meta_.sole_type = kNoToken;
  meta_.relationship_count += static_cast<uint64_t>(change);
  add_degree(LocalTable::kDegreesOut, start, static_cast<int32_t>(change));
  add_degree(LocalTable::kDegreesIn, end, static_cast<int32_t>(change));
  add_count(LocalTable::kTypeCounts, type / kCountersPerPage, type % kCountersPerPage, change);
  // A deleted node whose relationships go later counts no more.
  if (node_exists(start)) count_pairs(label_sets_->set(label_set_of(start)), type, Direction::kOutgoing, change);
  if (node_exists(end)) count_pairs(label_sets_->set(label_set_of(end)), type, Direction::kIncoming, change);
}

namespace {

enum ItemKind : uint64_t { kNodeItem = 1, kPropertyItem, kRelationshipItem, kAdjacencyItem, kIndexItem, kSystemItem, kIndexProgressItem };

template <size_t N>
Sum128 hash_words(const uint64_t (&words)[N]) {
  return hash128({reinterpret_cast<const char*>(words), sizeof(words)});
}

}  // namespace

Sum128 node_item(NodeId id, std::span<const LabelId> labels) {
  uint64_t seed = checksum64({reinterpret_cast<const char*>(labels.data()), labels.size_bytes()});
  return hash_words({kNodeItem, id, labels.size(), seed});
}

Sum128 property_item(EntityKind kind, uint64_t id, PropertyKeyId key, const Value& value) {
  uint64_t words[3] = {kPropertyItem | static_cast<uint64_t>(kind) << 8, id, key};
  std::string bytes(reinterpret_cast<const char*>(words), sizeof(words));
  encode_value(value, &bytes);
  return hash128(bytes);
}

Sum128 relationship_item(RelationshipId id, TypeId type, NodeId start, NodeId end) {
  return hash_words({kRelationshipItem, id, type, start, end});
}

Sum128 adjacency_item(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship) {
  return hash_words({kAdjacencyItem, node, type, neighbour, relationship});
}

Sum128 index_item(IndexId index, std::string_view key_and_id) {
  return hash128(key_and_id, static_cast<uint64_t>(kIndexItem) << 32 | index);
}

Sum128 index_progress_item(IndexId index, uint64_t next) {
  return next == 0 ? Sum128{} : hash_words({kIndexProgressItem, index, next});
}

Sum128 system_item(std::string_view key, std::string_view value) {
  return hash_words({kSystemItem, checksum64(key), checksum64(value), key.size()});
}

void GraphWriter::node_sum(NodeId id, LabelSetId labels, bool add) {
  Sum128 item = node_item(id, label_sets_->set(labels));
  if (add) meta_.sums.nodes += item; else meta_.sums.nodes -= item;
}

void GraphWriter::relationship_sums(RelationshipId id, TypeId type, NodeId start, NodeId end, bool add) {
  Sum128 item = relationship_item(id, type, start, end);
  Sum128 out = adjacency_item(start, type, end, id), in = adjacency_item(end, type, start, id);
  Sums& sums = meta_.sums;
  if (add) {
    sums.relationships += item;
    sums.out_adjacency += out;
    sums.in_adjacency += in;
  } else {
    sums.relationships -= item;
    sums.out_adjacency -= out;
    sums.in_adjacency -= in;
  }
}

}  // namespace graft::graph
