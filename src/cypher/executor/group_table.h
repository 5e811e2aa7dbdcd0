#pragma once

// Distinct tuples of values, numbered from 0 in the order of their first appearance. Equality is Cypher's equivalence.

#include <memory>
#include <span>
#include <vector>

#include "cypher/functions/query_context.h"
#include "graph/value.h"

namespace graft::cypher {

class GroupTable {
 public:
  explicit GroupTable(QueryContext& context);
  ~GroupTable();
  void clear();
  // All keys have the same width.
  uint32_t find_or_add(std::span<const graph::Value> key);
  static constexpr uint32_t kNone = ~uint32_t{0};
  uint32_t find(std::span<const graph::Value> key) const;  // kNone: absent
  size_t size() const { return groups_; }
  const graph::Value& key(uint32_t group, size_t i) const { return keys_[group * width_ + i]; }

 private:
  struct Index;
  size_t width_ = 0, groups_ = 0;
  std::vector<graph::Value> keys_;  // width_ per group
  std::vector<uint64_t> hashes_;
  std::unique_ptr<Index> index_;
  QueryContext& context_;
  MemoryAccount memory_;
};

}  // namespace graft::cypher
