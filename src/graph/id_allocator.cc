#include <algorithm>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "graph/catalog_data.h"
#include "graph/layout.h"
#include "graph/transaction.h"

namespace graft::graph {

namespace id_allocator {  // named: members of IdAllocator::State are of these types

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return checksum64(text); }
};
template <class T>
using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

class Tokens {
 public:
  void load(const TokenTable& table, uint32_t next) {
    for (const auto& [name, id] : table.by_name()) ids_.emplace(name, id);
    next_ = std::max(next, table.end());
  }
  uint32_t get(std::string_view name, uint32_t limit) {
    auto found = ids_.find(name);
    if (found != ids_.end()) return found->second;
    if (next_ >= limit) return kNoToken;
    ids_.emplace(name, next_);
    return next_++;
  }

 private:
  ByText<uint32_t> ids_;
  uint32_t next_ = 0;
};

struct OpenBlock {
  uint64_t block = 0;
  uint32_t next_slot = kSlotsPerBlock;  // full: a block is taken at first use
};

uint64_t take(OpenBlock* open, uint64_t* next_block) {
  if (open->next_slot == kSlotsPerBlock) {
    open->block = (*next_block)++;
    open->next_slot = 0;
  }
  return (open->block << kSlotBits) | open->next_slot++;
}

}  // namespace id_allocator

using namespace id_allocator;

struct IdAllocator::State {
  std::mutex mutex;
  ByText<OpenBlock> node_blocks;  // by the bytes of the label set
  std::unordered_map<TypeId, OpenBlock> relationship_blocks;
  uint64_t next_node_block = 0, next_relationship_block = 0;
  Tokens labels, types, keys;
  uint32_t next_index = 0;
};

IdAllocator::IdAllocator(const GraphView& view) : state_(std::make_shared<State>()) {
  const Meta& meta = view.meta();
  const CatalogData& catalog = view.catalog_data();
  state_->next_node_block = meta.next_node_block;
  state_->next_relationship_block = meta.next_relationship_block;
  state_->next_index = meta.next_index;
  state_->labels.load(catalog.label_tokens(), meta.next_label);
  state_->types.load(catalog.type_tokens(), meta.next_type);
  state_->keys.load(catalog.key_tokens(), meta.next_key);
}

NodeId IdAllocator::allocate_node(std::span<const LabelId> sorted_labels) {
  std::string_view key(reinterpret_cast<const char*>(sorted_labels.data()), sorted_labels.size_bytes());
  std::lock_guard lock(state_->mutex);
  auto open = state_->node_blocks.find(key);
  if (open == state_->node_blocks.end()) open = state_->node_blocks.emplace(std::string(key), OpenBlock()).first;
  return take(&open->second, &state_->next_node_block);
}

RelationshipId IdAllocator::allocate_relationship(TypeId type) {
  std::lock_guard lock(state_->mutex);
  return take(&state_->relationship_blocks[type], &state_->next_relationship_block);
}

uint32_t IdAllocator::label(std::string_view name) {
  std::lock_guard lock(state_->mutex);
  return state_->labels.get(name, kMaxTokens);
}

uint32_t IdAllocator::type(std::string_view name) {
  std::lock_guard lock(state_->mutex);
  return state_->types.get(name, kMaxTokens);
}

uint32_t IdAllocator::property_key(std::string_view name) {
  std::lock_guard lock(state_->mutex);
  return state_->keys.get(name, kMaxPropertyKeys);
}

IndexId IdAllocator::index() {
  std::lock_guard lock(state_->mutex);
  return state_->next_index < kMaxIndexes ? state_->next_index++ : kNoToken;
}

}  // namespace graft::graph
