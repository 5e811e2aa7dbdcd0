#pragma once

// Temporal functions of Cypher over graph::Value: construction, truncation, components, arithmetic, durations between.
// Source: openCypher CIP2015-08-06 (date and time), ISO 8601. All throw QueryError; none looks at a clock: the caller
// passes the statement's moment.

#include <cstdint>
#include <string_view>

#include "graph/value.h"

namespace graft::cypher {

struct Moment {  // an instant, UTC
  int64_t seconds = 0;
  int32_t nanos = 0;
};

// date(x), time(x), localtime(x), localdatetime(x), datetime(x): x a string, a map, or another temporal value; null
// gives null. `now` fills what a map that names only a time zone leaves open.
graph::Value make_temporal(graph::ValueType type, const graph::Value& x, Moment now);
// date(), time() ... and date.statement(zone): the moment as it is in that zone ("" is UTC).
graph::Value temporal_now(graph::ValueType type, Moment now, std::string_view zone);
// datetime.fromepoch(seconds, nanoseconds), datetime.fromepochmillis(milliseconds).
graph::Value datetime_from_epoch(const graph::Value& seconds, const graph::Value& nanos);
graph::Value datetime_from_epoch_millis(const graph::Value& millis);

// duration(x): x a string, a map or a duration.
graph::Value make_duration(const graph::Value& x);

// date.truncate(unit, value, fields) and its kin; `type` is the result's. fields: null or a map.
graph::Value truncate_temporal(graph::ValueType type, std::string_view unit, const graph::Value& value,
                               const graph::Value& fields);

// value.key for any temporal value or duration; false: there is no such component.
bool temporal_component(const graph::Value& value, std::string_view key, graph::Value* out);

// True when a + b (a - b) is temporal arithmetic: a temporal value with a duration, or two durations.
bool is_temporal_sum(const graph::Value& a, const graph::Value& b);
graph::Value add_temporal(const graph::Value& a, const graph::Value& b);
graph::Value subtract_temporal(const graph::Value& a, const graph::Value& b);
graph::Value multiply_duration(const graph::Value& duration, double factor);
graph::Value divide_duration(const graph::Value& duration, double divisor);

enum class DurationUnit : uint8_t { kAll, kMonths, kDays, kSeconds };
// duration.between, inMonths, inDays, inSeconds. A null on either side gives null.
graph::Value duration_between(const graph::Value& from, const graph::Value& to, DurationUnit unit);

bool is_temporal(graph::ValueType type);  // date ... datetime; not duration

}  // namespace graft::cypher
