#pragma once

#include <cstdint>

namespace graft::graph {

// Entity ids: generation (upper 16 bits, 0 so far) | block (38 bits) | slot (10 bits). Never change while the entity
// lives. See ADR 0003.
using NodeId = uint64_t;
using RelationshipId = uint64_t;
inline constexpr uint64_t kNoId = ~uint64_t{0};
inline constexpr uint32_t kSlotBits = 10;
inline constexpr uint32_t kSlotsPerBlock = 1u << kSlotBits;

// Tokens: small dense numbers given by the catalog, never reused within a generation of the database.
using LabelId = uint32_t;
using TypeId = uint32_t;         // relationship type
using PropertyKeyId = uint32_t;
using LabelSetId = uint32_t;     // a distinct sorted set of labels
using IndexId = uint32_t;
inline constexpr uint32_t kNoToken = ~uint32_t{0};

enum class Direction : uint8_t { kOutgoing, kIncoming, kBoth };

}  // namespace graft::graph
