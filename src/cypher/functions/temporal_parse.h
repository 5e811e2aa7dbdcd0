#pragma once

// ISO 8601 text of temporal values and durations, in the forms that Cypher accepts.

#include <optional>
#include <string_view>

#include "cypher/functions/temporal_zone.h"
#include "graph/value.h"

namespace graft::cypher {

struct ParsedTemporal {
  std::optional<int64_t> days;         // date part, since 1970-01-01
  std::optional<int64_t> nanos_of_day;
  std::optional<Zone> zone;            // an offset, a name, or a name with an offset
  std::optional<int32_t> given_offset; // "+01:00[Europe/Stockholm]": tells which side of an overlap is meant
};

// Throws kArgument naming the text and the kind wanted when it is not a value of `type`.
ParsedTemporal parse_temporal(graph::ValueType type, std::string_view text);
graph::Value parse_duration(std::string_view text);

}  // namespace graft::cypher
