#pragma once

// A slot: one 64-bit word that names a page or a map node, in a map node, a table root or on disk.
//
//   63            44 43    42                                 0
//   | length (20)   |file?| address / 16, or file offset / 16 |
//
// 0 is "absent". The length is in the slot and not only in the page so that versions which share one growing buffer each
// see their own length, and so that reading a page's length costs no cache miss. A length that does not fit is
// kLongLength: the true one is in the page's header (such pages are never shared between lengths).

#include <atomic>
#include <cstdint>

#include "storage/types.h"

namespace graft::storage {

inline constexpr uint32_t kFanoutBits = 9;
inline constexpr uint32_t kFanout = 1u << kFanoutBits;
inline constexpr uint32_t kNodeBytes = kFanout * 8;
inline constexpr uint32_t kMaxDepth = 7;                        // page numbers below 2^63
inline constexpr PageNo kMaxPageNo = (PageNo{1} << 63) - 1;
inline constexpr uint64_t kSlotFileBit = uint64_t{1} << 43;
inline constexpr uint32_t kSlotLengthShift = 44;
inline constexpr uint64_t kLongLength = (uint64_t{1} << 20) - 1;
inline constexpr uint64_t kMaxPageBytes = (uint64_t{1} << 32) - 4096;
inline constexpr uint64_t kMaxFileBytes = uint64_t{1} << 47;

inline uint64_t slot_address(uint64_t slot) { return (slot << 21) >> 17; }
inline bool slot_in_file(uint64_t slot) { return (slot & kSlotFileBit) != 0; }
inline uint64_t slot_length_field(uint64_t slot) { return slot >> kSlotLengthShift; }

// Stands directly before the bytes of a page or map node in memory.
struct alignas(16) PageHeader {
  VersionNo born = 0;                  // stamp of the fork that made it
  std::atomic<uint64_t> disk = 0;      // file slot of the extent that holds its first slot_length bytes, or 0
  std::atomic<uint32_t> used = 0;      // bytes claimed in the buffer: the longest version's length
  uint32_t capacity = 0;
  uint32_t made_index = 0;             // its place in the made-list of the fork or unapplied version that made it
  uint32_t unused = 0;

  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  static PageHeader* of(uint64_t slot) { return reinterpret_cast<PageHeader*>(slot_address(slot)) - 1; }
};
static_assert(sizeof(PageHeader) == 32);

inline uint64_t slot_length_bits(uint64_t length) {
  return (length < kLongLength ? length : kLongLength) << kSlotLengthShift;
}
inline uint64_t heap_slot(PageHeader* page, uint64_t length) {
  return (reinterpret_cast<uint64_t>(page + 1) >> 4) | slot_length_bits(length);
}
inline uint64_t file_slot(uint64_t offset, uint64_t length) {
  return (offset >> 4) | kSlotFileBit | slot_length_bits(length);
}
// Length of a heap slot.
inline uint64_t heap_length(uint64_t slot) {
  uint64_t n = slot_length_field(slot);
  return n != kLongLength ? n : PageHeader::of(slot)->used.load(std::memory_order_relaxed);
}

}  // namespace graft::storage
