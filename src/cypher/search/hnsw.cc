#include "cypher/search/hnsw.h"

// The library's prefetches read one number past a full list: within what malloc rounds up to, and without effect, but ASan
// stops there.
#ifdef __SANITIZE_ADDRESS__
#define NO_MANUAL_VECTORIZATION
#endif
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <cmath>

namespace graft::cypher {

namespace {

constexpr size_t kLeastBuildEffort = 200, kFirstCapacity = 1024, kSeed = 100;

// Directions only: all of length 1, so that the inner product is the cosine.
std::vector<float> normalized(std::span<const float> vector) {
  double square = 0;
  for (float f : vector) square += double{f} * double{f};
  double length = std::sqrt(square);
  std::vector<float> out;
  out.reserve(vector.size());
  for (float f : vector) out.push_back(length == 0 ? 0 : static_cast<float>(f / length));
  return out;
}

std::unique_ptr<hnswlib::SpaceInterface<float>> space_of(const graph::VectorOptions& options) {
  if (options.similarity == graph::VectorSimilarity::kCosine) return std::make_unique<hnswlib::InnerProductSpace>(options.dimensions);
  return std::make_unique<hnswlib::L2Space>(options.dimensions);
}

}  // namespace

struct HnswGraph::Library {
  explicit Library(const graph::VectorOptions& options)
      : space(space_of(options)), graph(space.get(), kFirstCapacity, options.links, std::max<size_t>(options.build_effort, kLeastBuildEffort), kSeed), capacity(kFirstCapacity) {}
  std::unique_ptr<hnswlib::SpaceInterface<float>> space;
  hnswlib::HierarchicalNSW<float> graph;
  size_t capacity;
};

HnswGraph::HnswGraph(const graph::VectorOptions& options) : options_(options), library_(std::make_unique<Library>(options)) {}
HnswGraph::~HnswGraph() = default;

bool HnswGraph::put(uint64_t id, std::span<const float> vector, Key* key) {
  try {
    if (ids_.size() == library_->capacity) {
      library_->graph.resizeIndex(library_->capacity * 2);
      library_->capacity *= 2;
    }
    std::vector<float> point(vector.begin(), vector.end());
    if (options_.similarity == graph::VectorSimilarity::kCosine) point = normalized(vector);
    library_->graph.addPoint(point.data(), ids_.size());
  } catch (const std::exception&) {  // the library's way to say that memory ran out
    return false;
  }
  *key = static_cast<Key>(ids_.size());
  ids_.push_back(id);
  ++live_;
  return true;
}

void HnswGraph::erase(Key key) {
  library_->graph.markDelete(key);
  --live_;
}

std::vector<uint64_t> HnswGraph::nearest(std::span<const float> vector, size_t count) const {
  std::vector<float> point(vector.begin(), vector.end());
  if (options_.similarity == graph::VectorSimilarity::kCosine) point = normalized(vector);
  auto found = library_->graph.searchKnn(point.data(), count);  // the farthest on top
  std::vector<uint64_t> out;
  for (; !found.empty(); found.pop()) out.push_back(ids_[found.top().second]);
  std::reverse(out.begin(), out.end());
  return out;
}

uint64_t HnswGraph::bytes() const {
  uint64_t each = options_.dimensions * sizeof(float) + (2 * options_.links + 2) * sizeof(uint32_t) + 128;
  return library_->capacity * each;
}

}  // namespace graft::cypher
