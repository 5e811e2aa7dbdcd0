#pragma once

#include "graph/layout.h"
#include "graph/view.h"

namespace graft::graph {

inline constexpr uint64_t kNoBlock = ~uint64_t{0};

// The blocks of a scan, in order: all below an end, or those in the bitmap of a label or type. Keeps a position only, so
// that pages may change between two calls.
class BlockSequence {
 public:
  BlockSequence(const GraphView& view, LocalTable bitmap, uint32_t token, uint64_t end)
      : view_(view), bitmap_(bitmap), token_(token), end_(end) {}

  // The first block >= from, or kNoBlock.
  uint64_t next(uint64_t from) const {
    if (token_ == kNoToken) return next_page(from);
    if (from >= end_) return kNoBlock;
    uint64_t first = block_bitmap_page(token_, 0), limit = block_bitmap_page(token_ + 1, 0), found = kNoBlock;
    view_.reader().for_each_page(table_of(view_.meta().generation, bitmap_), block_bitmap_page(token_, from),
                                 [&](storage::PageNo at, storage::PageView page) {
                                   if (at >= limit) return false;
                                   uint64_t base = (at - first) << kBlockBitmapBits;
                                   found = next_in(page, base, from > base ? from : base);
                                   return found == kNoBlock;
                                 });
    return found < end_ ? found : kNoBlock;
  }

 private:
  uint64_t next_page(uint64_t from) const {
    LocalTable table = bitmap_ == LocalTable::kLabelBlocks ? LocalTable::kNodes : LocalTable::kRelationships;
    uint64_t found = kNoBlock;
    view_.reader().for_each_page(table_of(view_.meta().generation, table), from, [&](storage::PageNo at, storage::PageView) {
      found = at;
      return false;
    });
    return found < end_ ? found : kNoBlock;
  }

  static uint64_t next_in(storage::PageView page, uint64_t base, uint64_t from) {
    const auto* words = reinterpret_cast<const uint64_t*>(page.data());
    uint32_t bit = static_cast<uint32_t>(from - base);
    for (uint32_t word = bit >> 6; word < kBlockBitmapBytes / 8; ++word) {
      uint64_t bits = words[word];
      if (word == bit >> 6) bits &= ~uint64_t{0} << (bit & 63);
      if (bits != 0) return base + word * 64 + static_cast<uint32_t>(__builtin_ctzll(bits));
    }
    return kNoBlock;
  }

  const GraphView& view_;
  LocalTable bitmap_;
  uint32_t token_;
  uint64_t end_;
};

// Calls visit(id) for the live entities in the blocks of a label or type (not all of which have it), from *next on, at most
// `most` of them, until it returns an error. *next: where to go on, or kNoId at the end.
template <class F>
Status walk_entities(const GraphView& view, EntityKind entity, uint32_t token, uint64_t most, uint64_t* next, F&& visit) {
  bool nodes = entity == EntityKind::kNode;
  BlockSequence blocks(view, nodes ? LocalTable::kLabelBlocks : LocalTable::kTypeBlocks, token,
                       nodes ? view.meta().next_node_block : view.meta().next_relationship_block);
  uint64_t from = *next, looked_at = 0;
  for (uint64_t block = blocks.next(block_of(from)); block != kNoBlock; block = blocks.next(block + 1)) {
    storage::PageView page = view.reader().page(
        table_of(view.meta().generation, nodes ? LocalTable::kNodes : LocalTable::kRelationships), block);
    if (page.data() == nullptr) continue;
    LiveBitmap live = nodes ? reinterpret_cast<const NodeBlock*>(page.data())->live
                            : reinterpret_cast<const RelationshipBlock*>(page.data())->live;
    Status status;
    bool full = false;
    for_each_live(live, block == block_of(from) ? slot_of(from) : 0, [&](uint32_t slot) {
      uint64_t id = (block << kSlotBits) | slot;
      full = looked_at == most;
      if (full) {
        *next = id;
        return false;
      }
      ++looked_at;
      status = visit(id);
      return status.ok();
    });
    if (full || !status.ok()) return status;
  }
  *next = kNoId;
  return {};
}

}  // namespace graft::graph
