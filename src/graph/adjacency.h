#pragma once

// Adjacency lists in pages, one table per direction.
//
// Page (node id >> 4):   offsets: u32 x 17, padding | section of node 0 | section of node 1 | ...
// Section:               groups sorted by type, none for a node without relationships
// Group:                 AdjacencyGroup | neighbours: 4 or 8 bytes x count | relationships: 4 or 8 bytes x count
// Spilled group:         AdjacencyGroup (spilled) | count: u64; its entries are in leaves
//
// Entries are sorted by (neighbour, relationship). A group beyond kSpillBytes, or the largest one of a page beyond
// kMaxPageBytes, is spilled: its entries move to leaf pages of at most kHubLeafEntries, found through one B+tree per
// direction, whose keys are (node, type, neighbour, relationship), big-endian: the first entry of a leaf. The first leaf
// of a group is filed under (node, type, 0, 0).

#include <cstdint>
#include <string>

#include "graph/btree.h"
#include "graph/layout.h"
#include "storage/store.h"

namespace graft::graph {

inline constexpr uint32_t kRunNodeBits = 4;
inline constexpr uint32_t kRunNodes = 1u << kRunNodeBits;
inline constexpr size_t kRunDirectoryBytes = 72;
inline constexpr size_t kSpillBytes = 2048;
inline constexpr size_t kMaxRunPageBytes = 8192;
inline constexpr uint32_t kMinSpillEntries = 32;
inline constexpr uint32_t kUnspillEntries = 64;
inline constexpr uint32_t kHubLeafEntries = 384;
constexpr storage::PageNo adjacency_page(NodeId id) { return id >> kRunNodeBits; }

struct AdjacencyGroup {
  static constexpr uint32_t kWide = 1u << 31, kSpilled = 1u << 30, kCountMask = kSpilled - 1;
  TypeId type;
  uint32_t bits;
  bool wide() const { return (bits & kWide) != 0; }
  bool spilled() const { return (bits & kSpilled) != 0; }
  uint64_t count() const { return spilled() ? *reinterpret_cast<const uint64_t*>(this + 1) : bits & kCountMask; }
  size_t bytes() const { return sizeof(*this) + (spilled() ? 8 : size_t{bits & kCountMask} * (wide() ? 16 : 8)); }
  const char* neighbours() const { return reinterpret_cast<const char*>(this + 1); }
  const char* relationships() const { return neighbours() + size_t{bits & kCountMask} * (wide() ? 8 : 4); }
};

struct AdjacencySection {
  const char* begin = nullptr;
  const char* end = nullptr;
};

inline AdjacencySection adjacency_section(storage::PageView page, NodeId node) {
  if (page.data() == nullptr) return {};
  const uint32_t* offsets = reinterpret_cast<const uint32_t*>(page.data());
  uint32_t slot = node & (kRunNodes - 1);
  return {page.data() + offsets[slot], page.data() + offsets[slot + 1]};
}

// Calls visit(const AdjacencyGroup&) for each group of a section.
template <class F>
void for_each_group(AdjacencySection section, F&& visit) {
  for (const char* at = section.begin; at < section.end;) {
    const auto* group = reinterpret_cast<const AdjacencyGroup*>(at);
    at += group->bytes();
    visit(*group);
  }
}

struct HubLeaf {  // followed by neighbours and relationships, as in a group
  uint32_t count = 0;
  uint32_t wide = 0;
  const char* neighbours() const { return reinterpret_cast<const char*>(this + 1); }
  const char* relationships() const { return neighbours() + size_t{count} * (wide != 0 ? 8 : 4); }
};

struct HubKey {
  char bytes[28];
  HubKey(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship);
  std::string_view view() const { return {bytes, sizeof(bytes)}; }
  std::string_view group() const { return {bytes, 12}; }
};

inline uint64_t load_id(const char* ids, bool wide, uint32_t i) {
  return wide ? reinterpret_cast<const uint64_t*>(ids)[i] : reinterpret_cast<const uint32_t*>(ids)[i];
}
// First i with (neighbour, relationship) of entry i >= the one given.
uint32_t entry_lower_bound(const char* neighbours, const char* relationships, bool wide, uint32_t count, NodeId neighbour,
                           RelationshipId relationship);

// Writes the lists of one direction.
class AdjacencyWriter {
 public:
  AdjacencyWriter(storage::Fork& fork, uint32_t generation, Direction direction);

  // False: the entry was there already (insert), or was not there (erase).
  bool insert(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship, uint64_t* next_hub_leaf);
  bool erase(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship);

 private:
  struct Place { size_t section, end, group; bool found; };
  Place find_group(storage::PageView page, NodeId node, TypeId type) const;
  void splice(NodeId node, storage::PageView page, size_t at, size_t removed, std::string_view bytes);
  bool insert_inline(NodeId node, storage::PageView page, size_t at, NodeId neighbour, RelationshipId relationship);
  void insert_narrow(NodeId node, storage::PageView page, size_t at, uint32_t i, uint32_t neighbour, uint32_t relationship);
  bool insert_spilled(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship, uint64_t* next_hub_leaf);
  bool erase_spilled(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship);
  void spill_large(NodeId node, TypeId type, uint64_t* next_hub_leaf);
  void spill(NodeId node, TypeId type, uint64_t* next_hub_leaf);
  void unspill(NodeId node, TypeId type);
  void add_to_count(NodeId node, TypeId type, int64_t change);

  storage::Fork& fork_;
  storage::TableId table_, leaves_;
  TreeWriter tree_;
  storage::TableId tree_table_;
};

}  // namespace graft::graph
