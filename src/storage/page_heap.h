#pragma once

// Memory of pages and map nodes. Any thread.

#include <atomic>
#include <cstddef>

#include "storage/slot.h"

namespace graft::storage {

class PageHeap {
 public:
  PageHeap() = default;
  PageHeap(const PageHeap&) = delete;
  PageHeap& operator=(const PageHeap&) = delete;

  // A buffer for at least `capacity` bytes, content undefined, used = length.
  PageHeader* allocate(VersionNo born, uint64_t length, uint64_t capacity);
  void free(PageHeader* page);

  // Bookkeeping of what a checkpoint still has to write: page is dirty while no extent holds its `used` bytes.
  void note_append(PageHeader* page, uint64_t old_used);
  void publish_disk(PageHeader* page, uint64_t file_slot, uint64_t length);

  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  uint64_t pages() const { return pages_.load(std::memory_order_relaxed); }
  uint64_t dirty_bytes() const {
    int64_t n = dirty_.load(std::memory_order_relaxed);
    return n > 0 ? static_cast<uint64_t>(n) : 0;
  }

 private:
  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<uint64_t> pages_ = 0;
  std::atomic<int64_t> dirty_ = 0;
};

}  // namespace graft::storage
