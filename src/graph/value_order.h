#pragma once

// What ordering values and making index keys of them have in common. For value_*.cc only.

#include "graph/value.h"

namespace graft::graph {

int order_rank(ValueType t);                  // the place of a type in Cypher's global order; integer and float share one
__int128 average_seconds(const Duration& d);  // with months of 1/12 of 365.2425 days
bool is_flat(uint32_t srid);                  // two dimensions

}  // namespace graft::graph
