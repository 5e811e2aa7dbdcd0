#include "cypher/search/vector_index.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <atomic>
#include <shared_mutex>

#include "base/checksum.h"
#include "cypher/search/hnsw.h"
#include "env/trace.h"
#include "graph/vector_pages.h"

namespace graft::cypher {

namespace {

constexpr uint64_t kScannedBeforeSync = 1024;  // so many vectors are looked at one by one without a second thought
constexpr size_t kLeastEffort = 256;           // candidates of a search, whatever k
constexpr size_t kMostEffort = 16384;

using Blocks = std::vector<std::pair<uint64_t, graph::VectorBlock>>;

Blocks blocks_of_version(const graph::GraphView& view, const graph::IndexDefinition& index) {
  Blocks blocks;
  graph::for_each_vector_block(view, index, [&](uint64_t block, const graph::VectorBlock& b) { blocks.emplace_back(block, b); });
  return blocks;
}

uint64_t hash_of(const std::vector<float>& vector) {
  return checksum64({reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)});
}

}  // namespace

// One derived index. A search holds the lock shared, a change of it alone, for one vector at a time.
class VectorIndex {
 public:
  explicit VectorIndex(const graph::IndexDefinition& definition) : graph_(graph::vector_options_of(definition)) {}

  // Adds ids of the nearest in blocks that the version has as they are here; *rest gets the other blocks. False: the
  // index cannot help, *rest is all of them.
  bool candidates(const Blocks& blocks, std::span<const float> query, size_t k, std::vector<uint64_t>* ids, std::vector<uint64_t>* rest) const {
    std::shared_lock lock(mutex_);
    uint64_t shared = 0;
    for (const auto& [block, content] : blocks) {
      if (is_same(block, content)) shared += content.count;
      else rest->push_back(block);
    }
    absl::flat_hash_map<uint64_t, bool> usable;
    for (const auto& [block, content] : blocks) usable[block] = true;
    for (uint64_t block : *rest) usable[block] = false;
    size_t wanted = std::min<uint64_t>(k, shared);
    for (size_t effort = std::max(kLeastEffort, k + k / 2);; effort *= 4) {
      if (effort > kMostEffort && effort < graph_.live()) break;
      ids->clear();
      for (uint64_t id : graph_.nearest(query, std::min(effort, graph_.live()))) {
        auto at = usable.find(graph::vector_block_of(id));
        if (at != usable.end() && at->second) ids->push_back(id);
      }
      if (ids->size() >= wanted) return true;
      if (effort >= graph_.live()) break;  // hits that the library lost: count them ourselves
    }
    ids->clear();
    rest->clear();
    for (const auto& [block, content] : blocks) rest->push_back(block);
    return false;
  }

  // The first block that the version has otherwise; nothing: all are the same.
  std::optional<uint64_t> first_difference(const Blocks& blocks) const {
    std::shared_lock lock(mutex_);
    size_t known = 0;
    for (const auto& [block, content] : blocks) {
      if (!is_same(block, content)) return block;
      ++known;
    }
    if (known == blocks_.size()) return std::nullopt;
    absl::flat_hash_map<uint64_t, bool> present;
    for (const auto& [block, content] : blocks) present[block] = true;
    for (const auto& [block, content] : blocks_)
      if (!present.contains(block)) return block;
    return std::nullopt;
  }

  // Makes one block what the version has. False: no memory.
  bool bring_up(const graph::GraphView& view, const graph::IndexDefinition& definition, uint64_t block, const graph::VectorBlock& content) {
    std::vector<Entry> left;
    {
      std::unique_lock lock(mutex_);  // from now on searches look at the block themselves
      left = std::move(blocks_[block].entries);
      blocks_[block] = {};
    }
    std::vector<Entry> entries;
    graph::VectorBlock seen;
    bool fits = true;
    graph::read_vectors(view, definition, block, [&](uint64_t id, const std::vector<float>& vector) {
      seen.sum += graph::vector_item(definition.id, id, vector);
      ++seen.count;
      Entry entry{id, hash_of(vector), 0};
      auto same = std::find_if(left.begin(), left.end(), [&](const Entry& e) { return e.id == id && e.hash == entry.hash; });
      if (same != left.end()) {
        entry.key = same->key;
        left.erase(same);
      } else {
        std::unique_lock lock(mutex_);
        fits = fits && graph_.put(id, vector, &entry.key);
        if (!fits) return;
      }
      entries.push_back(entry);
    });
    std::unique_lock lock(mutex_);
    for (const Entry& e : left) graph_.erase(e.key);
    if (entries.empty() && content.count == 0) {
      blocks_.erase(block);
    } else {
      blocks_[block] = {fits && seen == content ? content : graph::VectorBlock{}, std::move(entries)};
    }
    return fits && seen == content;
  }

  bool worn_out() const {
    std::shared_lock lock(mutex_);
    return graph_.erased() > graph_.live() + 1000;
  }
  size_t live() const {
    std::shared_lock lock(mutex_);
    return graph_.live();
  }
  uint64_t bytes() const {
    std::shared_lock lock(mutex_);
    return graph_.bytes();
  }

  std::atomic<bool> syncing = false;

 private:
  struct Entry {
    uint64_t id, hash;
    HnswGraph::Key key;
  };
  struct Block {
    graph::VectorBlock content;  // count 0: in between
    std::vector<Entry> entries;
  };

  bool is_same(uint64_t block, const graph::VectorBlock& content) const {
    auto at = blocks_.find(block);
    return at != blocks_.end() && at->second.content == content;
  }

  mutable std::shared_mutex mutex_;
  HnswGraph graph_;
  absl::flat_hash_map<uint64_t, Block> blocks_;
};

VectorIndexes::VectorIndexes(env::TaskRunner& background, CurrentView current, uint64_t memory_budget_bytes)
    : background_(background), current_(std::move(current)), budget_(memory_budget_bytes) {}
VectorIndexes::~VectorIndexes() = default;

std::shared_ptr<VectorIndex> VectorIndexes::find(graph::IndexId index) const {
  std::lock_guard lock(mutex_);
  auto at = indexes_.find(index);
  return at == indexes_.end() ? nullptr : at->second;
}

std::shared_ptr<VectorIndex> VectorIndexes::find_or_make(const graph::IndexDefinition& index) {
  std::lock_guard lock(mutex_);
  auto& found = indexes_[index.id];
  if (found == nullptr) found = std::make_shared<VectorIndex>(index);
  return found;
}

size_t VectorIndexes::indexed(graph::IndexId index) const {
  auto found = find(index);
  return found == nullptr ? 0 : found->live();
}

uint64_t VectorIndexes::bytes() const {
  std::lock_guard lock(mutex_);
  uint64_t total = 0;
  for (const auto& [id, index] : indexes_) total += index->bytes();
  return total;
}

std::vector<VectorHit> VectorIndexes::nearest(QueryContext& context, const graph::IndexDefinition& index, std::span<const float> query, size_t k) {
  Blocks blocks = blocks_of_version(context.view(), index);
  std::vector<uint64_t> ids, rest;
  auto derived = find(index.id);
  if (derived != nullptr) {
    derived->candidates(blocks, query, k, &ids, &rest);
  } else {
    for (const auto& [block, content] : blocks) rest.push_back(block);
  }
  NearestVectors nearest(k);
  graph::VectorOptions options = graph::vector_options_of(index);
  for (uint64_t id : ids) {  // the scores come from the version itself
    graph::Value value = index.entity == graph::EntityKind::kNode ? context.view().node_property(id, index.keys[0])
                                                                  : context.view().relationship_property(id, index.keys[0]);
    if (auto vector = graph::vector_of(value, options)) nearest.add({id, vector_score(options.similarity, query, *vector)});
  }
  scan_vectors(context, index, query, rest, &nearest);
  if (options.dimensions != 0 && rest.size() > kScannedBeforeSync >> graph::kVectorBlockBits) request_sync(index);
  return nearest.take();
}

void VectorIndexes::request_sync(const graph::IndexDefinition& index) {
  if (find_or_make(index)->syncing.exchange(true)) return;
  post_sync(index.id);
}

void VectorIndexes::post_sync(graph::IndexId index) {
  background_.post([self = shared_from_this(), index] {
    if (self->sync_some(index)) return self->post_sync(index);
    if (auto derived = self->find(index)) derived->syncing = false;
  });
}

bool VectorIndexes::sync_some(graph::IndexId id) {
  auto derived = find(id);
  std::optional<graph::GraphView> view = current_();
  if (derived == nullptr || !view) return false;
  const auto& definitions = view->catalog().indexes();
  {
    std::lock_guard lock(mutex_);  // indexes that were dropped
    std::erase_if(indexes_, [&](const auto& entry) {
      return std::none_of(definitions.begin(), definitions.end(), [&](const auto& d) { return d.id == entry.first; });
    });
  }
  auto definition = std::find_if(definitions.begin(), definitions.end(), [&](const auto& d) { return d.id == id; });
  if (definition == definitions.end()) return false;
  Blocks blocks = blocks_of_version(*view, *definition);
  if (derived->worn_out()) {
    std::lock_guard lock(mutex_);
    derived = indexes_[id] = std::make_shared<VectorIndex>(*definition);
    derived->syncing = true;
  }
  std::optional<uint64_t> block = derived->first_difference(blocks);
  if (!block) return false;
  if (bytes() > budget_) {
    if (!complained_) env::trace(env::TraceLevel::kWarning, "search", "the memory for vector indexes is used up; vectors beyond it are compared one by one");
    complained_ = true;
    return false;
  }
  auto content = std::find_if(blocks.begin(), blocks.end(), [&](const auto& b) { return b.first == *block; });
  return derived->bring_up(*view, *definition, *block, content == blocks.end() ? graph::VectorBlock{} : content->second);
}

std::vector<VectorHit> nearest_vectors(QueryContext& context, VectorIndexes* indexes, const graph::IndexDefinition& index,
                                       std::span<const float> query, size_t k) {
  if (indexes != nullptr) return indexes->nearest(context, index, query, k);
  std::vector<uint64_t> blocks;
  for (const auto& [block, content] : blocks_of_version(context.view(), index)) blocks.push_back(block);
  NearestVectors nearest(k);
  scan_vectors(context, index, query, blocks, &nearest);
  return nearest.take();
}

}  // namespace graft::cypher
