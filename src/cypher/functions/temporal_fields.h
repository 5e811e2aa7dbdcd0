#pragma once

// A temporal value taken apart, and put together again: what construction, truncation and durations share.

#include <optional>
#include <string_view>

#include "cypher/functions/temporal_zone.h"
#include "graph/value.h"

namespace graft::cypher {

struct TemporalParts {
  std::optional<int64_t> days;          // local date
  std::optional<int64_t> nanos_of_day;  // local time
  std::optional<Zone> zone;             // of a time: its offset
};

TemporalParts take_apart(const graph::Value& v);  // a temporal value, not a duration

// Missing date: 1970-01-01 is not assumed, it is a CHECK; missing time is midnight, missing zone UTC.
graph::Value put_together(graph::ValueType type, const TemporalParts& parts);

// "date", "localtime", ...: the function that makes values of this type.
std::string_view temporal_function(graph::ValueType type);
inline bool has_date(graph::ValueType t) {
  return t == graph::ValueType::kDate || t == graph::ValueType::kLocalDateTime || t == graph::ValueType::kDateTime;
}
inline bool has_time(graph::ValueType t) { return t != graph::ValueType::kDate; }
inline bool has_zone(graph::ValueType t) { return t == graph::ValueType::kTime || t == graph::ValueType::kDateTime; }

// Reads the map {year: ..., date: ..., timezone: ...} over the given base, where `base` holds what the map's own date,
// time and datetime entries do not give. Nothing when an entry is null.
std::optional<TemporalParts> parts_from_map(graph::ValueType type, const graph::Map& map, const TemporalParts& base);

}  // namespace graft::cypher
