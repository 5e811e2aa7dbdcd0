#pragma once

// Nearest neighbours of a vector among the entities of a vector index.

#include <cstdint>
#include <span>
#include <vector>

#include "cypher/functions/query_context.h"
#include "graph/search_options.h"

namespace graft::cypher {

struct VectorHit {
  uint64_t id;
  float score;
};

// Neo4j's scores, from 0 to 1: (1 + cosine) / 2, and 1 / (1 + squared distance).
float vector_score(graph::VectorSimilarity similarity, std::span<const float> a, std::span<const float> b);

// Keeps the k best; equal scores in order of ids.
class NearestVectors {
 public:
  explicit NearestVectors(size_t k) : k_(k) {}
  void add(VectorHit hit);
  std::vector<VectorHit> take();  // the best first

 private:
  size_t k_;
  std::vector<VectorHit> heap_;  // the worst in front
};

// Looks at all vectors of the given blocks (see graph/vector_pages.h).
void scan_vectors(QueryContext& context, const graph::IndexDefinition& index, std::span<const float> query,
                  std::span<const uint64_t> blocks, NearestVectors* nearest);

}  // namespace graft::cypher
