#include "cypher/search/vector_index.h"

#include "graph/vector_pages.h"

namespace graft::cypher {

std::vector<VectorHit> nearest_vectors(QueryContext& context, VectorIndexes*, const graph::IndexDefinition& index,
                                       std::span<const float> query, size_t k) {
  std::vector<uint64_t> blocks;
  graph::for_each_vector_block(context.view(), index, [&](uint64_t block, const graph::VectorBlock&) { blocks.push_back(block); });
  NearestVectors nearest(k);
  scan_vectors(context, index, query, blocks, &nearest);
  return nearest.take();
}

}  // namespace graft::cypher
