#include "storage/page_heap.h"

#include <cstdlib>
#include <new>

#include "base/check.h"

namespace graft::storage {

namespace {

bool clean(const PageHeader* page, uint64_t used) {
  uint64_t disk = page->disk.load(std::memory_order_relaxed);
  if (disk == 0) return false;
  uint64_t n = slot_length_field(disk);
  return n == used || n == kLongLength;
}

}  // namespace

PageHeader* PageHeap::allocate(VersionNo born, uint64_t length, uint64_t capacity) {
  GRAFT_CHECK(length <= capacity && capacity <= kMaxPageBytes);
  capacity = (capacity + 15) & ~uint64_t{15};
  void* memory = std::malloc(sizeof(PageHeader) + capacity);
  if (memory == nullptr) throw std::bad_alloc();
  PageHeader* page = new (memory) PageHeader;
  page->born = born;
  page->used.store(static_cast<uint32_t>(length), std::memory_order_relaxed);
  page->capacity = static_cast<uint32_t>(capacity);
  bytes_.fetch_add(sizeof(PageHeader) + capacity, std::memory_order_relaxed);
  pages_.fetch_add(1, std::memory_order_relaxed);
  dirty_.fetch_add(static_cast<int64_t>(capacity), std::memory_order_relaxed);
  return page;
}

void PageHeap::free(PageHeader* page) {
  bytes_.fetch_sub(sizeof(PageHeader) + page->capacity, std::memory_order_relaxed);
  pages_.fetch_sub(1, std::memory_order_relaxed);
  if (!clean(page, page->used.load(std::memory_order_relaxed))) dirty_.fetch_sub(page->capacity, std::memory_order_relaxed);
  page->~PageHeader();
  std::free(page);
}

void PageHeap::note_append(PageHeader* page, uint64_t old_used) {
  if (clean(page, old_used)) dirty_.fetch_add(page->capacity, std::memory_order_relaxed);
}

void PageHeap::publish_disk(PageHeader* page, uint64_t file_slot, uint64_t length) {
  uint64_t used = page->used.load(std::memory_order_relaxed);
  bool was_clean = clean(page, used);
  page->disk.store(file_slot, std::memory_order_release);
  if (!was_clean && length == used) dirty_.fetch_sub(page->capacity, std::memory_order_relaxed);
}

}  // namespace graft::storage
