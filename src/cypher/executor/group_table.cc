#include "cypher/executor/group_table.h"

namespace graft::cypher {

using graph::Value;

// Open addressing over group numbers, a power of two in size, at most half full.
struct GroupTable::Index {
  std::vector<uint32_t> slots = std::vector<uint32_t>(16, kNone);

  template <class Same>
  size_t find(uint64_t hash, Same&& same) const {
    size_t mask = slots.size() - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      if (slots[i] == kNone || same(slots[i])) return i;
    }
  }
};

namespace {

uint64_t hash_of(std::span<const Value> key) {
  uint64_t h = 0x51ed27;
  for (const Value& v : key) h = (h ^ hash_equivalent(v)) * 0x9E3779B97F4A7C15ull;
  return h ^ h >> 32;
}

}  // namespace

GroupTable::GroupTable(QueryContext& context) : index_(std::make_unique<Index>()), context_(context), memory_(context) {}
GroupTable::~GroupTable() = default;

void GroupTable::clear() {
  if (groups_ != 0) index_ = std::make_unique<Index>();
  groups_ = 0;
  keys_.clear();
  hashes_.clear();
  memory_.reset();
}

uint32_t GroupTable::find(std::span<const Value> key) const {
  uint64_t hash = hash_of(key);
  size_t at = index_->find(hash, [&](uint32_t group) {
    if (hashes_[group] != hash) return false;
    for (size_t i = 0; i < key.size(); ++i) {
      if (!equivalent(keys_[group * key.size() + i], key[i])) return false;
    }
    return true;
  });
  return index_->slots[at];
}

uint32_t GroupTable::find_or_add(std::span<const Value> key) {
  width_ = key.size();
  uint32_t found = find(key);
  if (found != kNone) return found;
  uint64_t hash = hash_of(key);
  if (2 * (groups_ + 1) > index_->slots.size()) {
    std::vector<uint32_t> bigger(index_->slots.size() * 2, kNone);
    index_->slots.swap(bigger);
    for (uint32_t g = 0; g < groups_; ++g) {
      context_.tick();
      index_->slots[index_->find(hashes_[g], [](uint32_t) { return false; })] = g;
    }
  }
  size_t bytes = 32;  // hash and index, which grow by doubling
  for (const Value& v : key) bytes += sizeof(Value) + v.heap_bytes();
  memory_.charge(bytes);
  auto group = static_cast<uint32_t>(groups_++);
  index_->slots[index_->find(hash, [](uint32_t) { return false; })] = group;
  keys_.insert(keys_.end(), key.begin(), key.end());
  hashes_.push_back(hash);
  return group;
}

}  // namespace graft::cypher
