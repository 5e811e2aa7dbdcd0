#include "cypher/search/vector_search.h"

#include <algorithm>
#include <cmath>

#include "graph/vector_pages.h"

namespace graft::cypher {

namespace {

bool is_better(const VectorHit& a, const VectorHit& b) { return a.score != b.score ? a.score > b.score : a.id < b.id; }

}  // namespace

float vector_score(graph::VectorSimilarity similarity, std::span<const float> a, std::span<const float> b) {
  if (similarity == graph::VectorSimilarity::kEuclidean) {
    double distance = 0;
    for (size_t i = 0; i < a.size(); ++i) distance += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
    return static_cast<float>(1 / (1 + distance));
  }
  double dot = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * double{b[i]};
    aa += double{a[i]} * double{a[i]};
    bb += double{b[i]} * double{b[i]};
  }
  double cosine = dot / std::sqrt(aa * bb);
  return static_cast<float>((1 + std::clamp(cosine, -1.0, 1.0)) / 2);
}

void NearestVectors::add(VectorHit hit) {
  if (heap_.size() == k_) {
    if (!is_better(hit, heap_.front())) return;
    std::pop_heap(heap_.begin(), heap_.end(), is_better);
    heap_.back() = hit;
  } else {
    heap_.push_back(hit);
  }
  std::push_heap(heap_.begin(), heap_.end(), is_better);
}

std::vector<VectorHit> NearestVectors::take() {
  std::sort(heap_.begin(), heap_.end(), is_better);
  return std::move(heap_);
}

void scan_vectors(QueryContext& context, const graph::IndexDefinition& index, std::span<const float> query,
                  std::span<const uint64_t> blocks, NearestVectors* nearest) {
  graph::VectorSimilarity similarity = graph::vector_options_of(index).similarity;
  for (uint64_t block : blocks) {
    context.check();
    graph::read_vectors(context.view(), index, block, [&](uint64_t id, const std::vector<float>& vector) {
      if (vector.size() == query.size()) nearest->add({id, vector_score(similarity, query, vector)});
    });
  }
}

}  // namespace graft::cypher
