#pragma once

// Reading page maps: per table a radix tree of 512-way nodes. These calls are the hot path of every query: no locks, no
// reference counts, no virtual calls; what keeps the memory alive is the pin or the fork that the reader came from.

#include <atomic>
#include <functional>
#include <vector>

#include "storage/root.h"
#include "storage/slot.h"
#include "storage/types.h"

namespace graft::storage {

// The page file as readers see it: its map, and which extents have passed their checksum since the store was opened.
class FileMap {
 public:
  static constexpr uint32_t kGranuleShift = 8;  // extents begin at multiples of 256 bytes

  virtual ~FileMap() = default;

  // Where a slot's bytes are; null for slot 0 and for a damaged extent (which has been reported).
  const char* resolve(uint64_t slot) const {
    uint64_t address = slot_address(slot);
    if (slot & kSlotFileBit) return resolve_file(slot, address);
    return reinterpret_cast<const char*>(address);
  }
  PageView view(uint64_t slot) const {
    const char* data = resolve(slot);
    uint64_t n = slot_length_field(slot);
    if (n == kLongLength) [[unlikely]] n = long_length(slot, data);
    return PageView(data, data ? n : 0);
  }
  // Where a slot's bytes are, unchecked: to prefetch.
  const char* peek(uint64_t slot) const {
    return (slot & kSlotFileBit ? base_ : nullptr) + slot_address(slot);
  }
  bool verified(uint64_t offset) const {
    uint64_t granule = offset >> kGranuleShift;
    return verified_[granule >> 6].load(std::memory_order_relaxed) >> (granule & 63) & 1;
  }
  // Length of what a slot names, from its header when it does not fit the slot.
  uint64_t length(uint64_t slot) const {
    uint64_t n = slot_length_field(slot);
    return n != kLongLength ? n : long_length(slot, resolve(slot));
  }

 protected:
  // First touch: checks the extent's checksum and marks it verified, or reports the damage and gives null.
  virtual const char* first_touch(uint64_t slot) const = 0;

  const char* base_ = nullptr;
  std::atomic<uint64_t>* verified_ = nullptr;

 private:
  const char* resolve_file(uint64_t slot, uint64_t offset) const {
    if (verified(offset)) [[likely]] return base_ + offset;
    return first_touch(slot);
  }
  uint64_t long_length(uint64_t slot, const char* data) const;
};

// Resolved root of one table, for hot loops. Valid as long as the version or fork it came from, and, for a fork, until
// that fork's next mutation of the same table.
class TableReader {
 public:
  TableReader() = default;  // no table: assign one before use
  PageView page(PageNo no) const {
    uint32_t shift = shift_;
    if (no >> shift) [[unlikely]] return {};
    uint64_t slot = slot_;
    while (shift != 0) {
      const char* node = file_->resolve(slot);
      if (node == nullptr) [[unlikely]] return {};
      shift -= kFanoutBits;
      slot = reinterpret_cast<const uint64_t*>(node)[(no >> shift) & (kFanout - 1)];
    }
    return file_->view(slot);
  }
  bool empty() const { return slot_ == 0; }

  // For look-ups of many pages at once, so that their cache misses overlap: first entry() of all, then fetch() of all,
  // then, where more of the page's lines are wanted, peek() of all, then page() one by one. None of them waits for memory
  // that it is the first to ask for. An entry is valid as long as this reader.
  const uint64_t* entry(PageNo no) const {
    uint32_t shift = shift_;
    if (no >> shift) [[unlikely]] return nullptr;
    const uint64_t* slot = &slot_;
    while (shift != 0) {
      const char* node = file_->resolve(*slot);
      if (node == nullptr) [[unlikely]] return nullptr;
      shift -= kFanoutBits;
      slot = reinterpret_cast<const uint64_t*>(node) + ((no >> shift) & (kFanout - 1));
    }
    __builtin_prefetch(slot);
    return slot;
  }
  void fetch(const uint64_t* entry) const {
    if (entry != nullptr) __builtin_prefetch(file_->peek(*entry));
  }
  // The page's bytes if they may be believed already, else null.
  const char* peek(const uint64_t* entry) const {
    if (entry == nullptr || ((*entry & kSlotFileBit) != 0 && !file_->verified(slot_address(*entry)))) return nullptr;
    return file_->peek(*entry);
  }

 private:
  friend class PageReader;
  TableReader(uint64_t slot, uint32_t depth, const FileMap* file) : slot_(slot), shift_(depth * kFanoutBits), file_(file) {}
  uint64_t slot_ = 0;
  uint32_t shift_ = 0;
  const FileMap* file_ = nullptr;
};

// What a version and a fork have in common. A cheap value (two pointers).
class PageReader {
 public:
  PageReader() = default;
  PageReader(const Root* root, const FileMap* file) : root_(root), file_(file) {}

  PageView page(TableId id, PageNo no) const { return table(id).page(no); }
  TableReader table(TableId id) const {
    const TableRoot* t = root_->find(id);
    return t ? TableReader(t->slot, t->depth, file_) : TableReader(0, 0, file_);
  }
  // Existing pages of the table with number >= from, ascending, until visit returns false.
  void for_each_page(TableId id, PageNo from, const std::function<bool(PageNo, PageView)>& visit) const;
  // The tables that exist, ascending.
  std::vector<TableId> tables() const;

 private:
  friend class StoreImpl;
  const Root* root_ = nullptr;
  const FileMap* file_ = nullptr;
};

}  // namespace graft::storage
