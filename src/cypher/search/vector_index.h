#pragma once

#include <span>
#include <vector>

#include "cypher/search/vector_search.h"

namespace graft::cypher {

class VectorIndexes;

// The k nearest that the statement's version has. indexes may be null.
std::vector<VectorHit> nearest_vectors(QueryContext& context, VectorIndexes* indexes, const graph::IndexDefinition& index,
                                       std::span<const float> query, size_t k);

}  // namespace graft::cypher
