#pragma once

// graph::Value to and from PackStream, structures included: entities, temporal values, points.

#include <string>
#include <string_view>

#include "base/result.h"
#include "graph/value.h"
#include "graph/view.h"
#include "server/bolt/packstream.h"
#include "server/bolt/version.h"

namespace graft::server {

// How a connection writes values: fixed when its HELLO was answered.
struct ValueFormat {
  bool element_ids = true;    // Bolt 5: entities carry element ids
  bool utc_date_times = true; // Bolt 5, or 4.4 with the utc patch: zoned date-times count from UTC
};

// Appends `value`; entities are read from `view`. An entity that no longer exists is written without labels or
// properties. view may be null when the value cannot hold entities.
void encode_value(const graph::Value& value, const ValueFormat& format, const graph::GraphView* view, PackWriter* out);

struct DecodeLimits {
  uint32_t depth = 128;
  uint32_t values = 4u << 20;  // in one message, of any kind
};

// Reads one value. Accepts both forms of zoned date-times. Errors (kRequestInvalid): malformed, too deep, too many
// values, a repeated map key, text that is not UTF-8, a structure that no parameter may be.
Result<graph::Value> decode_value(PackReader* in, DecodeLimits* limits);

}  // namespace graft::server
