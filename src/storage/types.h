#pragma once

#include <cstdint>
#include <string_view>

namespace graft::storage {

using TableId = uint32_t;    // a page map; the graph layer gives numbers their meaning
using PageNo = uint64_t;     // within a table; sparse numbers are fine
using VersionNo = uint64_t;  // grows, never reused; also the stamp of the pages that a version made

// A page's bytes. data() is 8-byte aligned. Absent pages are empty views with data() == nullptr.
using PageView = std::string_view;

}  // namespace graft::storage
