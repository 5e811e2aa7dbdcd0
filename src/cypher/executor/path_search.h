#pragma once

// Shortest paths between two nodes.

#include <absl/container/flat_hash_map.h>

#include <functional>
#include <optional>
#include <vector>

#include "cypher/executor/neighbours.h"
#include "graph/value.h"

namespace graft::cypher {

// Breadth-first from both ends, the smaller frontier first, level by level. When the frontiers meet, every meeting node
// lies on shortest paths, and each shortest path goes through exactly one of them.
class PathSearch {
 public:
  using MayWalk = std::function<bool(graph::RelationshipId)>;
  PathSearch(QueryContext& context, graph::Direction direction, const TypeList& types, MayWalk may_walk);

  // All shortest paths, or one of them; none longer than `max`. from != to.
  std::vector<graph::Path> run(graph::NodeId from, graph::NodeId to, std::optional<uint64_t> max, bool all);

 private:
  struct Step {
    graph::NodeId previous;
    graph::RelationshipId relationship;
  };
  struct Seen {
    uint64_t depth = 0;
    std::vector<Step> steps;  // all ways in which it is reached at that depth (only one unless all are wanted)
  };
  struct Side {
    graph::Direction direction;
    uint64_t depth = 0;
    std::vector<graph::NodeId> frontier;
    absl::flat_hash_map<graph::NodeId, Seen> seen;
  };
  void grow(Side* side, bool all);
  std::vector<graph::NodeId> meetings(const Side& grown, const Side& other) const;
  // Paths from the side's origin to `node`, as (nodes, relationships) walked outwards from the origin.
  void trace(const Side& side, graph::NodeId node, bool all, graph::Path* tail, std::vector<graph::Path>* out);

  QueryContext& context_;
  graph::Direction direction_;
  const TypeList& types_;
  MayWalk may_walk_;
  MemoryAccount memory_;
  std::vector<uint64_t> nodes_, relationships_;
};

}  // namespace graft::cypher
