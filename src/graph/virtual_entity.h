#pragma once

#include "graph/ids.h"

namespace graft::graph {

// Nodes and relationships that stand for a label and for a type between two labels: what db.schema.visualization gives.
// No store holds them; what they are lies in their ids, which are negative as 64-bit integers, as Neo4j's are.
struct VirtualRelationship {
  TypeId type = kNoToken;
  LabelId start = kNoToken, end = kNoToken;
};

bool is_virtual(uint64_t id);
NodeId virtual_node(LabelId label);
LabelId virtual_label(NodeId id);
RelationshipId virtual_relationship(const VirtualRelationship& relationship);
VirtualRelationship virtual_relationship_of(RelationshipId id);

}  // namespace graft::graph
