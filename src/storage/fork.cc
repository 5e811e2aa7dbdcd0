// VersionRef and Fork: versions as their users hold them.

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "storage/page_file.h"
#include "storage/page_file_format.h"
#include "storage/store.h"
#include "storage/version_set.h"

namespace graft::storage {

VersionRef::VersionRef(const VersionRef& o) : version_(o.version_), file_(o.file_) {
  if (version_) VersionSet::pin(version_);
}
VersionRef::~VersionRef() {
  if (version_) version_->set->unpin(version_);
}
VersionNo VersionRef::number() const { return version_->number; }
PageReader VersionRef::reader() const { return PageReader(&version_->root, file_); }
bool VersionRef::cancelled() const {
  return version_->cancelled.load(std::memory_order_acquire) || static_cast<const PageFile*>(file_)->failed();
}

Fork::Fork(VersionRef base, VersionSet& set, PageHeap& heap)
    : base_(std::move(base)), set_(set), heap_(heap), file_(base_.file_), version_(std::make_unique<Version>()),
      root_(&version_->root) {
  version_->number = set_.next_number();
  *root_ = base_.version_->root;
  bytes_copied_ += root_->chunks() * 16;
}

Fork::~Fork() {
  if (!version_) return;  // sealed
  for (PageHeader* page : version_->made) heap_.free(page);
}

VersionNo Fork::number() const { return version_->number; }

PageHeader* Fork::make(uint64_t length, uint64_t capacity) {
  PageHeader* page = heap_.allocate(version_->number, length, capacity);
  page->made_index = static_cast<uint32_t>(version_->made.size());
  version_->made.push_back(page);
  bytes_made_ += sizeof(PageHeader) + page->capacity;
  return page;
}

bool Fork::owns(uint64_t slot) const {
  return slot != 0 && !slot_in_file(slot) && PageHeader::of(slot)->born == version_->number;
}

void Fork::free_own(PageHeader* page) {
  auto& made = version_->made;
  uint32_t i = page->made_index;
  made[i] = made.back();
  made[i]->made_index = i;
  made.pop_back();
  bytes_made_ -= sizeof(PageHeader) + page->capacity;
  heap_.free(page);
}

void Fork::retire(uint64_t slot, bool keep_extent) {
  if (slot == 0) return;
  if (owns(slot)) return free_own(PageHeader::of(slot));
  VersionNo born = slot_in_file(slot) ? extent_born(*file_, slot) : PageHeader::of(slot)->born;
  version_->retired.push_back({slot, born, keep_extent});
}

// The node that *slot names, made this fork's own if it is not yet.
uint64_t* Fork::own_node(uint64_t* slot) {
  if (owns(*slot)) return reinterpret_cast<uint64_t*>(PageHeader::of(*slot)->bytes());
  PageHeader* node = make(kNodeBytes, kNodeBytes);
  const char* old = file_->resolve(*slot);
  if (old) {
    std::memcpy(node->bytes(), old, kNodeBytes);
    bytes_copied_ += kNodeBytes;
  } else {
    std::memset(node->bytes(), 0, kNodeBytes);  // absent, or damaged and reported
  }
  retire(*slot);
  *slot = heap_slot(node, kNodeBytes);
  return reinterpret_cast<uint64_t*>(node->bytes());
}

// The slot of the page, or of the node `level` levels above it, in nodes of this fork's own.
uint64_t* Fork::slot_for_write(TableId id, PageNo no, uint32_t level) {
  GRAFT_CHECK(no <= kMaxPageNo);
  TableRoot& t = root_->for_write(id, version_->number, &bytes_copied_);
  while (no >> (t.depth * kFanoutBits)) {
    if (t.slot != 0) {
      uint64_t below = t.slot;
      t.slot = 0;
      own_node(&t.slot)[0] = below;
    }
    ++t.depth;
  }
  uint64_t* slot = &t.slot;
  for (uint32_t shift = t.depth * kFanoutBits; shift != level * kFanoutBits;) {
    uint64_t* node = own_node(slot);
    shift -= kFanoutBits;
    slot = &node[(no >> shift) & (kFanout - 1)];
  }
  return slot;
}

uint64_t Fork::slot_of(TableId id, PageNo no) const {
  const TableRoot* t = root_->find(id);
  if (!t || no > kMaxPageNo) return 0;
  uint32_t shift = t->depth * kFanoutBits;
  if (no >> shift) return 0;
  uint64_t slot = t->slot;
  while (shift != 0) {
    const char* node = file_->resolve(slot);
    if (!node) return 0;
    shift -= kFanoutBits;
    slot = reinterpret_cast<const uint64_t*>(node)[(no >> shift) & (kFanout - 1)];
  }
  return slot;
}

char* Fork::put_in(uint64_t* slot, size_t n) {
  GRAFT_CHECK(n <= kMaxPageBytes);
  bool own = owns(*slot);
  if (own) {
    PageHeader* page = PageHeader::of(*slot);
    if (n <= page->capacity && page->capacity <= 2 * n + 256) {
      page->used.store(static_cast<uint32_t>(n), std::memory_order_relaxed);
      *slot = heap_slot(page, n);
      return page->bytes();
    }
  }
  // A page that grows while its fork is open will grow again.
  PageHeader* page = make(n, own ? std::min(n + n / 8 + 64, kMaxPageBytes) : n);
  retire(*slot);
  *slot = heap_slot(page, n);
  return page->bytes();
}

char* Fork::put(TableId table, PageNo no, size_t n) { return put_in(slot_for_write(table, no), n); }

void Fork::put(TableId table, PageNo no, std::string_view content) {
  uint64_t* slot = slot_for_write(table, no);
  std::string kept;
  if (owns(*slot)) {  // the content may be a part of the very page that is replaced
    PageHeader* page = PageHeader::of(*slot);
    if (content.data() >= page->bytes() && content.data() < page->bytes() + page->capacity) content = kept = content;
  }
  char* to = put_in(slot, content.size());
  if (!content.empty()) std::memcpy(to, content.data(), content.size());
}

char* Fork::edit(TableId table, PageNo no) {
  uint64_t* slot = slot_for_write(table, no);
  GRAFT_CHECK(*slot != 0);
  if (owns(*slot)) return PageHeader::of(*slot)->bytes();
  PageView old = file_->view(*slot);
  // A damaged page has been reported and the store is failed: zeros of the right length keep the caller safe until it stops.
  uint64_t n = old.data() ? old.size() : slot_length_field(*slot);
  PageHeader* page = make(n, n);
  if (old.data()) std::memcpy(page->bytes(), old.data(), n);
  else std::memset(page->bytes(), 0, n);
  bytes_copied_ += n;
  retire(*slot);
  *slot = heap_slot(page, n);
  return page->bytes();
}

char* Fork::copy_grown(uint64_t* slot, std::string_view old, std::string_view more) {
  uint64_t n = old.size() + more.size();
  GRAFT_CHECK(n <= kMaxPageBytes);
  uint64_t capacity = old.empty() ? n : std::min(std::max<uint64_t>(n + n / 2, 256), kMaxPageBytes);
  PageHeader* page = make(n, capacity);
  if (!old.empty()) std::memcpy(page->bytes(), old.data(), old.size());
  if (!more.empty()) std::memcpy(page->bytes() + old.size(), more.data(), more.size());
  bytes_copied_ += old.size();
  retire(*slot);
  *slot = heap_slot(page, n);
  return page->bytes() + old.size();
}

char* Fork::append(TableId table, PageNo no, std::string_view bytes) {
  uint64_t* slot = slot_for_write(table, no);
  PageView old = file_->view(*slot);
  uint64_t n = old.size() + bytes.size();
  if (*slot == 0 || slot_in_file(*slot) || n > PageHeader::of(*slot)->capacity) return copy_grown(slot, old, bytes);
  PageHeader* page = PageHeader::of(*slot);
  if (!owns(*slot)) {
    // Shared with the versions before: only behind the end that our version knows (V6), and only lengths a slot can hold.
    uint32_t end = static_cast<uint32_t>(old.size());
    if (n >= kLongLength || !page->used.compare_exchange_strong(end, static_cast<uint32_t>(n), std::memory_order_relaxed))
      return copy_grown(slot, old, bytes);
    heap_.note_append(page, old.size());
  } else {
    page->used.store(static_cast<uint32_t>(n), std::memory_order_relaxed);
  }
  char* end = page->bytes() + old.size();
  if (!bytes.empty()) std::memcpy(end, bytes.data(), bytes.size());
  *slot = heap_slot(page, n);
  return end;
}

void Fork::erase(TableId table, PageNo no) {
  if (slot_of(table, no) == 0) return;
  uint64_t* slot = slot_for_write(table, no);
  retire(*slot);
  *slot = 0;
}

void Fork::drop_table(TableId table) {
  const TableRoot* t = root_->find(table);
  if (t == nullptr) return;
  if (t->slot != 0) version_->retired_tables.push_back({t->slot, t->depth});
  root_->erase(table, version_->number, &bytes_copied_);
}

}  // namespace graft::storage
