#include "storage/release.h"

#include "base/check.h"
#include "storage/page_heap.h"

namespace graft::storage {

namespace {

// The extent that holds exactly what a heap slot names, or 0.
uint64_t extent_of(uint64_t slot) {
  if (slot == 0 || slot_in_file(slot)) return 0;
  uint64_t disk = PageHeader::of(slot)->disk.load(std::memory_order_acquire);
  return disk != 0 && slot_length_field(disk) == slot_length_field(slot) ? disk : 0;
}

}  // namespace

size_t CleanPageReleaser::clean_children(const uint64_t* children) {
  size_t n = 0;
  for (uint32_t i = 0; i < kFanout; ++i) n += extent_of(children[i]) != 0;
  return n;
}

void CleanPageReleaser::find(TableId table, uint64_t slot, uint32_t depth, PageNo first, size_t max_pages) {
  if (slot == 0 || slot_in_file(slot) || full_) return;
  if (depth > 1) {
    const auto* children = reinterpret_cast<const uint64_t*>(PageHeader::of(slot)->bytes());
    uint32_t shift = (depth - 1) * kFanoutBits;
    PageNo from = cursor_.table == table && cursor_.page > first ? (cursor_.page - first) >> shift : 0;
    for (PageNo i = from; i < kFanout; ++i) find(table, children[i], depth - 1, first + (i << shift), max_pages);
    return;
  }
  if (cursor_.table == table && first < cursor_.page) return;
  if (found_ >= max_pages || looked_ >= kLookFactor * max_pages) {
    full_ = true;
    cursor_ = {table, first};
    return;
  }
  looked_ += depth == 0 ? 1 : kFanout;
  size_t n = depth == 0 ? extent_of(slot) != 0 : clean_children(reinterpret_cast<const uint64_t*>(PageHeader::of(slot)->bytes()));
  if (n == 0 && (depth == 0 || extent_of(slot) == 0)) return;
  found_ += n + (depth == 1 && extent_of(slot) != 0);
  leaves_.push_back({table, first, depth});
}

void CleanPageReleaser::switch_leaf(const Leaf& leaf) {
  uint64_t* slot = fork_.slot_for_write(leaf.table, leaf.first, leaf.depth);
  uint64_t whole = extent_of(*slot);
  if (leaf.depth == 1) {
    uint64_t* children = whole != 0 ? reinterpret_cast<uint64_t*>(PageHeader::of(*slot)->bytes()) : fork_.own_node(slot);
    for (uint32_t i = 0; i < kFanout; ++i) {
      uint64_t extent = extent_of(children[i]);
      if (extent == 0) {
        GRAFT_CHECK(whole == 0 || children[i] == 0 || slot_in_file(children[i]));  // F3
        continue;
      }
      fork_.retire(children[i], true);
      if (whole == 0) children[i] = extent;
    }
  }
  if (whole != 0) {
    fork_.retire(*slot, true);
    *slot = whole;
  }
}

size_t CleanPageReleaser::run(size_t max_pages) {
  for (const TableRoot& t : fork_.root_->list()) {
    if (t.id >= cursor_.table) find(t.id, t.slot, t.depth, 0, max_pages);
    if (full_) break;
  }
  if (!full_) cursor_ = {};
  for (const Leaf& leaf : leaves_) switch_leaf(leaf);
  return found_;
}

}  // namespace graft::storage
