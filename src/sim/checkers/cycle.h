#pragma once

#include <cstddef>
#include <vector>

namespace graft::sim {

struct Edge {
  size_t to = 0;
  const char* kind = "";
};
using Edges = std::vector<std::vector<Edge>>;

struct CycleStep {
  size_t node = 0;
  const char* kind = "";  // of the edge to the next step
};

// A shortest cycle through some node that lies on one; empty when there is none.
std::vector<CycleStep> find_cycle(const Edges& edges);

}  // namespace graft::sim
