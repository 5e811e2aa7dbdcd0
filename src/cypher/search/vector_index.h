#pragma once

// What makes vector search fast: an index in memory, derived from the graph, owned by the process, no part of replicated
// state. It is allowed to be behind, ahead, incomplete or absent, as an answer never depends on it but for recall:
//
//   - for each block of 256 ids it knows the VectorBlock (count and sum) whose vectors it has;
//   - a search takes from it the hits that lie in blocks of which the reader's version has the same VectorBlock, and looks
//     at every vector of all other blocks itself;
//   - when that is much, the search asks for a sync: the background role brings block after block to what `current` has.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "cypher/search/vector_search.h"
#include "env/task_runner.h"
#include "graph/view.h"

namespace graft::cypher {

class VectorIndex;

// Thread-safe. Held by shared_ptr: its tasks keep it.
class VectorIndexes : public std::enable_shared_from_this<VectorIndexes> {
 public:
  // The newest version; nothing: none can be read now.
  using CurrentView = std::function<std::optional<graph::GraphView>()>;

  // background: a serial role. Beyond the budget further vectors stay outside and are looked at one by one.
  VectorIndexes(env::TaskRunner& background, CurrentView current, uint64_t memory_budget_bytes);
  ~VectorIndexes();

  std::vector<VectorHit> nearest(QueryContext& context, const graph::IndexDefinition& index, std::span<const float> query, size_t k);
  // Vectors that the derived index of this one has.
  size_t indexed(graph::IndexId index) const;

 private:
  std::shared_ptr<VectorIndex> find(graph::IndexId index) const;
  std::shared_ptr<VectorIndex> find_or_make(const graph::IndexDefinition& index);
  void request_sync(const graph::IndexDefinition& index);
  void post_sync(graph::IndexId index);
  // Brings one block up to date. False: nothing more to do now.
  bool sync_some(graph::IndexId index);
  uint64_t bytes() const;

  env::TaskRunner& background_;
  CurrentView current_;
  uint64_t budget_;
  bool complained_ = false;  // background only
  mutable std::mutex mutex_;
  std::map<graph::IndexId, std::shared_ptr<VectorIndex>> indexes_;
};

// The k nearest that the statement's version has. indexes may be null.
std::vector<VectorHit> nearest_vectors(QueryContext& context, VectorIndexes* indexes, const graph::IndexDefinition& index,
                                       std::span<const float> query, size_t k);

}  // namespace graft::cypher
