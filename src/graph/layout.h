#pragma once

// How a graph lies in pages: table numbers, page numbers and the fixed parts of pages. Everything here is the graph
// layer's own; nothing outside src/graph/ includes it. All structures are little-endian and 8-byte aligned.
//
//   table                     page number                page
//   kMetaTable                0                          Meta
//                             1                          encoded catalog
//                             2                          encoded label sets (numbering is local to this store)
//   kSystemTable              B+tree                     record key -> page number in kSystemValues
//   kNodes                    block                      NodeBlock: live slots, label set (or one per slot: mixed)
//   kRelationships            block                      RelationshipBlock: live slots, type
//   kRelationshipEnds         block                      per slot start, end: 4 + 4 bytes, or 8 + 8 when wide
//   kLabelBlocks/kTypeBlocks  token << 20 | block >> 12  bitmap of the blocks that hold that label or type
//   kOut, kIn                 node id >> 4               adjacency of 16 nodes: see adjacency.h
//   kDegreesOut, kDegreesIn   node id >> 9               u32 x 512: the lists' total lengths
//   kHubTree*, kHubLeaf*      B+tree, leaf number        long adjacency lists: see adjacency.h
//   kLabelCounts ...          counters
//   kIndexProgress            index                      u64: the next entity to build, while the index is populated
//   kNodeKeys, ...Keys        entity id >> 8             sorted u32 keys that have a column page of that number
//   columns (per key)         entity id >> 8             ColumnHeader and values of 256 slots: see column.h
//   long values (per key)     entity id                  one encoded value
//   index                     B+tree                     encoded values, entity id (big-endian)
//   full text index           B+tree, statistics         terms, entity id, positions: see fulltext.h
//   vector index              id >> 14                   sums of what is in it: see vector_pages.h

#include <cstdint>

#include "base/checksum.h"
#include "graph/catalog.h"
#include "graph/ids.h"
#include "storage/types.h"

namespace graft::graph {

// Tables of the graph proper are numbered under a generation: dropping the whole graph is taking the next generation.
enum class LocalTable : uint32_t {
  kNodes, kRelationships, kRelationshipEnds, kLabelBlocks, kTypeBlocks,
  kOut, kIn, kHubTreeOut, kHubTreeIn, kHubLeafOut, kHubLeafIn,
  kLabelCounts, kTypeCounts, kPairCounts,
  kNodeKeys, kRelationshipKeys, kDegreesOut, kDegreesIn, kIndexProgress,
  kFixedEnd = 32,
};
inline constexpr storage::TableId kMetaTable = 0;
inline constexpr storage::TableId kSystemTable = 1;
inline constexpr storage::TableId kSystemValues = 2;
inline constexpr storage::PageNo kMetaPage = 0;
inline constexpr storage::PageNo kCatalogPage = 1;
inline constexpr storage::PageNo kLabelSetsPage = 2;

inline constexpr uint32_t kGenerationShift = 20;
inline constexpr uint32_t kMaxGeneration = 0xfff;
inline constexpr uint32_t kFirstIndexTable = 1u << 19;
inline constexpr uint32_t kMaxTokens = 1u << 20;  // labels; relationship types
inline constexpr uint32_t kMaxPropertyKeys = (kFirstIndexTable - static_cast<uint32_t>(LocalTable::kFixedEnd)) / 4;
inline constexpr uint32_t kMaxIndexes = kFirstIndexTable;

constexpr storage::TableId table_of(uint32_t generation, LocalTable local) {
  return (generation << kGenerationShift) | static_cast<uint32_t>(local);
}
constexpr storage::TableId column_table(uint32_t generation, EntityKind kind, PropertyKeyId key) {
  return (generation << kGenerationShift) | (static_cast<uint32_t>(LocalTable::kFixedEnd) + key * 4 + static_cast<uint32_t>(kind));
}
constexpr storage::TableId long_value_table(uint32_t generation, EntityKind kind, PropertyKeyId key) {
  return column_table(generation, kind, key) + 2;
}
constexpr storage::TableId index_table(uint32_t generation, IndexId index) {
  return (generation << kGenerationShift) | (kFirstIndexTable + index);
}

constexpr uint64_t block_of(uint64_t id) { return id >> kSlotBits; }
constexpr uint32_t slot_of(uint64_t id) { return static_cast<uint32_t>(id & (kSlotsPerBlock - 1)); }
inline constexpr uint64_t kMaxEntityId = (uint64_t{1} << 48) - 1;  // generation 0 of all blocks

struct Sums {  // see StateSums in transaction.h
  Sum128 nodes, properties, relationships, out_adjacency, in_adjacency, indexes, catalog, system;
};

// Page 0 of kMetaTable. Absent in an empty store, which is the same as Meta{}.
struct Meta {
  uint32_t format = 1;
  uint32_t generation = 1;
  uint64_t next_node_block = 0;  // above every block ever applied; also across drop_all
  uint64_t next_relationship_block = 0;
  uint32_t next_label = 0, next_type = 0, next_key = 0, next_index = 0;
  uint64_t node_count = 0;
  uint64_t relationship_count = 0;
  uint64_t next_system_page = 0;
  uint64_t next_hub_leaf = 0;
  TypeId sole_type = kNoToken;  // the type of all relationships; kNoToken: there are or were several
  uint32_t unused = 0;
  Sums sums;              // sums.catalog is the hash of the encoded catalog, zero when it is empty
  Sum128 label_sets_hash;  // of the encoded label sets
};
static_assert(sizeof(Meta) % 8 == 0);

inline constexpr uint32_t kDegreesBits = 9;
inline constexpr uint32_t kDegreesPerPage = 1u << kDegreesBits;
constexpr storage::PageNo degrees_page(NodeId id) { return id >> kDegreesBits; }

struct LiveBitmap {
  uint64_t words[kSlotsPerBlock / 64] = {};
  bool test(uint32_t slot) const { return (words[slot >> 6] >> (slot & 63)) & 1; }
  void set(uint32_t slot) { words[slot >> 6] |= uint64_t{1} << (slot & 63); }
  void clear(uint32_t slot) { words[slot >> 6] &= ~(uint64_t{1} << (slot & 63)); }
};

struct NodeBlock {  // mixed: followed by uint32_t label_sets[kSlotsPerBlock]
  uint32_t label_set = 0;
  uint16_t live_count = 0;
  uint16_t mixed = 0;
  LiveBitmap live;
  const uint32_t* label_sets() const { return reinterpret_cast<const uint32_t*>(this + 1); }
  uint32_t* label_sets() { return reinterpret_cast<uint32_t*>(this + 1); }
  LabelSetId label_set_of(uint32_t slot) const { return mixed != 0 ? label_sets()[slot] : label_set; }
};

struct RelationshipBlock {
  TypeId type = 0;
  uint16_t live_count = 0;
  uint16_t wide = 0;  // the ends page has 8-byte ids
  LiveBitmap live;
};

// Bitmaps of blocks: one page covers 4,096 blocks.
inline constexpr uint32_t kBlockBitmapBits = 12;
inline constexpr uint32_t kBlockBitmapBytes = (1u << kBlockBitmapBits) / 8;
constexpr storage::PageNo block_bitmap_page(uint32_t token, uint64_t block) {
  return (uint64_t{token} << 20) | (block >> kBlockBitmapBits);
}

// Counter pages: 64 counters each. Pairs: (label, direction, type).
inline constexpr uint32_t kCountersPerPage = 64;
constexpr storage::PageNo pair_count_page(LabelId label, Direction direction, TypeId type) {
  return ((uint64_t{label} * 2 + (direction == Direction::kIncoming ? 1 : 0)) << 14) | (type / kCountersPerPage);
}

// Calls visit(slot) for each live slot from `from` on until it returns false.
template <class F>
inline void for_each_live(const LiveBitmap& live, uint32_t from, F&& visit) {
  for (uint32_t word = from >> 6; word < kSlotsPerBlock / 64; ++word) {
    uint64_t bits = live.words[word];
    if (word == (from >> 6)) bits &= ~uint64_t{0} << (from & 63);
    while (bits != 0) {
      uint32_t slot = word * 64 + static_cast<uint32_t>(__builtin_ctzll(bits));
      if (!visit(slot)) return;
      bits &= bits - 1;
    }
  }
}

}  // namespace graft::graph
