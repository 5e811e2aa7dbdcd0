#pragma once

#include <string_view>

#include "graph/value.h"

namespace graft::cypher {

// point.x, .y, .z, .longitude, .latitude, .height, .crs, .srid. Throws kType for any other, or one that the system lacks.
graph::Value point_component(const graph::Point& point, std::string_view key);

}  // namespace graft::cypher
