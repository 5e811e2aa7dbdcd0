#pragma once

// Time zones: offsets and IANA names, by the system's tz database.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "graph/value.h"

namespace graft::cypher {

struct Zone {
  int32_t offset_seconds = 0;  // of a zone without a name
  std::string name;            // IANA; empty: the offset alone
};

// "Z", "+01:00", "-0130", "+18", "Europe/Stockholm". Throws kArgument naming the zone.
Zone parse_zone(std::string_view text);
// True, and *offset set, if text is an offset ("Z", "+01:00").
bool parse_offset(std::string_view text, int32_t* offset);

int32_t offset_at_instant(const Zone& zone, int64_t utc_seconds);
// Of an IANA name as the database spells it, nothing when it is not known there: at an instant, and at a local time (of two
// possible moments the earlier, in a gap the offset before it).
std::optional<int32_t> named_offset_at_instant(std::string_view name, int64_t utc_seconds);
std::optional<int32_t> named_offset_at_local(std::string_view name, int64_t local_seconds);
// The instant of a local time. In an overlap the earlier offset counts, in a gap the time moves on by the gap.
graph::DateTime at_local(const Zone& zone, int64_t local_seconds, int32_t nanos);
graph::DateTime at_instant(const Zone& zone, int64_t utc_seconds, int32_t nanos);

inline Zone zone_of(const graph::DateTime& t) { return {t.zone.empty() ? t.offset_seconds : 0, t.zone}; }

}  // namespace graft::cypher
