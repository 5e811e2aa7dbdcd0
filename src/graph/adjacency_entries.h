#pragma once

// Adjacency entries in memory, while a group or leaf is rebuilt.

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "graph/adjacency.h"

namespace graft::graph {

inline bool needs_wide(uint64_t id) { return (id >> 32) != 0; }

// The arrays of a group or leaf with an entry inserted at i, after `head` bytes for the caller; wide when it has to be.
inline void image_with_entry(const char* neighbours, const char* relationships, bool wide, uint32_t count, uint32_t i,
                             NodeId neighbour, RelationshipId relationship, std::string* out, size_t head) {
  bool to_wide = wide || needs_wide(neighbour) || needs_wide(relationship);
  size_t width = to_wide ? 8 : 4;
  out->resize(head + (size_t{count} + 1) * 2 * width);
  char* at = out->data() + head;
  const std::pair<const char*, uint64_t> arrays[] = {{neighbours, neighbour}, {relationships, relationship}};
  for (const auto& [from, id] : arrays) {
    if (wide == to_wide) {
      std::memcpy(at, from, i * width);
      std::memcpy(at + (i + 1) * width, from + i * width, (count - i) * width);
      std::memcpy(at + i * width, &id, width);
    } else {
      auto* ids = reinterpret_cast<uint64_t*>(at);
      for (uint32_t k = 0; k < i; ++k) ids[k] = load_id(from, false, k);
      ids[i] = id;
      for (uint32_t k = i; k < count; ++k) ids[k + 1] = load_id(from, false, k);
    }
    at += (size_t{count} + 1) * width;
  }
}

class Entries {
 public:
  Entries() = default;
  Entries(const char* neighbours, const char* relationships, bool wide, uint32_t count) {
    list_.reserve(count + 1);
    for (uint32_t i = 0; i < count; ++i) add(load_id(neighbours, wide, i), load_id(relationships, wide, i));
  }
  void add(NodeId neighbour, RelationshipId relationship) { list_.emplace_back(neighbour, relationship); }
  void insert(NodeId neighbour, RelationshipId relationship) {
    std::pair<uint64_t, uint64_t> entry(neighbour, relationship);
    list_.insert(std::lower_bound(list_.begin(), list_.end(), entry), entry);
  }
  bool remove(NodeId neighbour, RelationshipId relationship) {
    std::pair<uint64_t, uint64_t> entry(neighbour, relationship);
    auto at = std::lower_bound(list_.begin(), list_.end(), entry);
    if (at == list_.end() || *at != entry) return false;
    list_.erase(at);
    return true;
  }
  bool empty() const { return list_.empty(); }
  size_t size() const { return list_.size(); }
  NodeId neighbour(size_t i) const { return list_[i].first; }
  RelationshipId relationship(size_t i) const { return list_[i].second; }

  std::string group(TypeId type) const {
    bool wide = any_wide(0, list_.size());
    AdjacencyGroup header{type, static_cast<uint32_t>(list_.size()) | (wide ? AdjacencyGroup::kWide : 0)};
    std::string out(reinterpret_cast<const char*>(&header), sizeof(header));
    write(0, list_.size(), wide, &out);
    return out;
  }
  std::string leaf(size_t from, size_t to) const {
    bool wide = any_wide(from, to);
    HubLeaf header{static_cast<uint32_t>(to - from), wide ? 1u : 0u};
    std::string out(reinterpret_cast<const char*>(&header), sizeof(header));
    write(from, to, wide, &out);
    return out;
  }

 private:
  bool any_wide(size_t from, size_t to) const {
    for (size_t i = from; i < to; ++i)
      if (needs_wide(list_[i].first) || needs_wide(list_[i].second)) return true;
    return false;
  }
  void write(size_t from, size_t to, bool wide, std::string* out) const {
    size_t width = wide ? 8 : 4;
    for (size_t i = from; i < to; ++i) out->append(reinterpret_cast<const char*>(&list_[i].first), width);
    for (size_t i = from; i < to; ++i) out->append(reinterpret_cast<const char*>(&list_[i].second), width);
  }
  std::vector<std::pair<uint64_t, uint64_t>> list_;
};

}  // namespace graft::graph
