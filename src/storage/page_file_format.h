#pragma once

// The page file's structures as they stand on disk; docs/file-formats.md describes them.

#include <cstdint>

#include "storage/page_map.h"

namespace graft::storage {

// Directly before an extent's bytes, at a multiple of 256. Little-endian, like everything in the file.
struct ExtentHeader {
  uint64_t checksum = 0;  // of the rest of this header and the bytes, seeded with the bytes' file offset + level
  VersionNo born = 0;     // stamp of what it holds
  uint32_t length = 0;    // of the bytes
  TableId table = 0;
  uint64_t key = 0;       // number of the page, or of the first page below the node
};
static_assert(sizeof(ExtentHeader) == 32);

inline const ExtentHeader* extent_header(const char* data) {
  return reinterpret_cast<const ExtentHeader*>(data) - 1;
}
// The stamp of what a file slot names; 0 (older than all) when it cannot be read.
inline VersionNo extent_born(const FileMap& file, uint64_t slot) {
  const char* data = file.resolve(slot);
  return data ? extent_header(data)->born : 0;
}

}  // namespace graft::storage
