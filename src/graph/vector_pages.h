#pragma once

// What a vector index keeps in pages: no vectors (they are the entities' properties), but per block of 256 ids how many of
// them are in the index and the sum of a hash of each (id, vector). Whoever holds a derived index (see
// cypher/search/vector_index.h) knows from these which blocks of a version differ from what it has, whatever happened
// in between and on whichever member.
//
//   page 0                 TreeHeader: entries and sum are those of the whole index
//   page 1 + (id >> 14)    64 x VectorBlock

#include <cstdint>
#include <optional>
#include <vector>

#include "base/checksum.h"
#include "graph/search_options.h"
#include "graph/view.h"

namespace graft::graph {

inline constexpr uint32_t kVectorBlockBits = 8, kVectorBlocksPerPage = 64;

struct VectorBlock {
  Sum128 sum;
  uint64_t count = 0;
  bool operator==(const VectorBlock&) const = default;
};

constexpr uint64_t vector_block_of(uint64_t id) { return id >> kVectorBlockBits; }
constexpr storage::PageNo vector_page_of(uint64_t block) { return 1 + block / kVectorBlocksPerPage; }

// The vector that a property stands for in an index; nothing: it does not belong there (no list of as many finite
// numbers, or of length 0 where directions are compared).
std::optional<std::vector<float>> vector_of(const Value& value, const VectorOptions& options);
Sum128 vector_item(IndexId index, uint64_t id, const std::vector<float>& vector);

// Calls visit(block, VectorBlock) for each block that has vectors, in order. Leaves in the footprint that all was read.
void for_each_vector_block(const GraphView& view, const IndexDefinition& index,
                           const std::function<void(uint64_t block, const VectorBlock&)>& visit);
// The vectors of one block, in order of ids.
void read_vectors(const GraphView& view, const IndexDefinition& index, uint64_t block,
                  const std::function<void(uint64_t id, std::vector<float> vector)>& visit);

}  // namespace graft::graph
