#pragma once

// Small readings that the workloads share.

#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/view.h"

namespace graft::sim {

std::vector<graph::NodeId> nodes_of(const graph::GraphView& view, std::string_view label);
// -1 when absent or no integer.
int64_t integer_property(const graph::GraphView& view, graph::NodeId node, std::string_view key);

}  // namespace graft::sim
