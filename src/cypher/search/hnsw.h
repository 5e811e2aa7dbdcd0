#pragma once

// The only place that knows hnswlib: approximate nearest neighbours in memory (Malkov & Yashunin, "Efficient and robust
// approximate nearest neighbor search using hierarchical navigable small world graphs").

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "graph/search_options.h"

namespace graft::cypher {

// Searches may run side by side; put and erase need it alone.
class HnswGraph {
 public:
  using Key = uint32_t;  // given by put, never used again

  explicit HnswGraph(const graph::VectorOptions& options);
  ~HnswGraph();
  HnswGraph(const HnswGraph&) = delete;
  HnswGraph& operator=(const HnswGraph&) = delete;

  // False: no memory was to be had; nothing changed.
  bool put(uint64_t id, std::span<const float> vector, Key* key);
  void erase(Key key);
  // Ids of about `count` of the nearest, the nearest first. The more are asked for, the surer the first of them are right.
  std::vector<uint64_t> nearest(std::span<const float> vector, size_t count) const;

  size_t live() const { return live_; }
  size_t erased() const { return ids_.size() - live_; }
  uint64_t bytes() const;

 private:
  struct Library;
  graph::VectorOptions options_;
  std::unique_ptr<Library> library_;
  std::vector<uint64_t> ids_;  // by key
  size_t live_ = 0;
};

}  // namespace graft::cypher
