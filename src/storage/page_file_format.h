#pragma once

// The page file's structures as they stand on disk; docs/file-formats.md describes them.

#include <cstdint>

#include "storage/page_map.h"

namespace graft::storage {

inline constexpr const char* kPageFileName = "pages.graft";
inline constexpr uint64_t kSuperblockBytes = 4096;     // one at 0, one at 4096
inline constexpr uint64_t kSegmentBytes = 1 << 20;     // segment 0 holds the superblocks only
inline constexpr uint64_t kGranuleBytes = uint64_t{1} << FileMap::kGranuleShift;
inline constexpr TableId kRootTable = ~TableId{0};     // ExtentHeader::table of a checkpoint's root record

// Directly before an extent's bytes, at a multiple of 256. Little-endian, like everything in the file.
struct ExtentHeader {
  uint64_t checksum = 0;  // of the rest of this header and the bytes, seeded with the bytes' file offset
  VersionNo born = 0;     // stamp of what it holds
  uint32_t length = 0;    // of the bytes
  TableId table = 0;
  uint64_t key = 0;       // number of the page, or of the first page below the node
};
static_assert(sizeof(ExtentHeader) == 32);

struct Superblock {
  char magic[8] = {'G', 'R', 'A', 'F', 'T', 'P', 'G', '1'};
  uint64_t sequence = 0;       // the valid one with the greater number counts
  VersionNo version = 0;       // the checkpoint's; numbers go on from here
  uint64_t root_slot = 0;      // file slot of the root record; 0: no tables
  uint64_t file_bytes = 0;     // the file is at least this long
  uint64_t applied_index = 0;
  uint64_t applied_term = 0;
  uint64_t checksum = 0;       // of all before it
};
static_assert(sizeof(Superblock) == 64);

inline const ExtentHeader* extent_header(const char* data) {
  return reinterpret_cast<const ExtentHeader*>(data) - 1;
}
// The stamp of what a file slot names; 0 (older than all) when it cannot be read.
inline VersionNo extent_born(const FileMap& file, uint64_t slot) {
  const char* data = file.resolve(slot);
  return data ? extent_header(data)->born : 0;
}

}  // namespace graft::storage
