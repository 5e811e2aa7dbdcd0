#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace graft::server {

// Offset from UTC in seconds of an IANA zone at a moment; nothing when the zone is not known.
std::optional<int32_t> zone_offset_at_utc(std::string_view zone, int64_t utc_seconds);
// The same for a local time; of two possible moments the earlier, in a gap the offset before it.
std::optional<int32_t> zone_offset_at_local(std::string_view zone, int64_t local_seconds);

}  // namespace graft::server
