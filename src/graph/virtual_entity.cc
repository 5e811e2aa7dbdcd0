#include "graph/virtual_entity.h"

namespace graft::graph {
namespace {

constexpr uint64_t kBefore = 99;  // the first one is -100; -1 is kNoId
constexpr unsigned kTokenBits = 20;
constexpr uint64_t kTokenMask = (uint64_t{1} << kTokenBits) - 1;

}  // namespace

bool is_virtual(uint64_t id) { return id >> 63 != 0 && ~id >= kBefore; }

NodeId virtual_node(LabelId label) { return ~(label + kBefore); }

LabelId virtual_label(NodeId id) { return static_cast<LabelId>(~id - kBefore); }

RelationshipId virtual_relationship(const VirtualRelationship& r) {
  return ~((((uint64_t{r.type} << kTokenBits) | r.start) << kTokenBits | r.end) + kBefore);
}

VirtualRelationship virtual_relationship_of(RelationshipId id) {
  const uint64_t packed = ~id - kBefore;
  return {static_cast<TypeId>(packed >> (2 * kTokenBits)), static_cast<LabelId>(packed >> kTokenBits & kTokenMask), static_cast<LabelId>(packed & kTokenMask)};
}

}  // namespace graft::graph
