#pragma once

// Serializable explicit transactions: what a transaction read, as terms, held against what others wrote since.
// (Optimistic validation, backward, as in Kung & Robinson 1981; terms with gaps stand for phantoms.)

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/ids.h"

namespace graft::graph {

// Terms are 64-bit hashes of (kind, ...): a collision costs a needless retry, never a missed conflict.
//   (entity, property key or existence or labels), (node, direction, type), (label) and (label, keys),
//   (index, exact value: misses too), (index, range), (type), catalog
class Footprint {
 public:
  // Called by GraphView's reads.
  void read_entity(uint64_t id, bool relationship);
  void read_property(uint64_t id, bool relationship, PropertyKeyId key);
  void read_labels(NodeId id);
  void read_adjacency(NodeId id, Direction direction, TypeId type_or_none);
  void read_label_scan(LabelId label_or_none);
  void read_type_scan(TypeId type_or_none);
  void read_index_value(IndexId index, std::string_view key);
  void read_index_range(IndexId index, std::string_view low, std::string_view high);
  void read_catalog();
};

class WriteTerms;

// True if something that `written` changed was read.
bool conflicts(const Footprint& read, const WriteTerms& written);

}  // namespace graft::graph
