#include "cypher/executor/walk_lists.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace graft::cypher {
namespace {

// Few and far between, then many: the array comes in the middle of it, and what the hash table held goes on to be known.
TEST(NodeCountsTest, RemembersWhereverTheIdsAre) {
  std::mt19937_64 random(1);
  for (uint64_t ids : {uint64_t{100}, uint64_t{50'000}, uint64_t{kDirectIds} * 2}) {
    NodeCounts counts;
    std::map<graph::NodeId, uint64_t> model;
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 20'000; ++i) {
        const graph::NodeId node = random() % ids, asked = random() % ids;
        counts.put(node, model[node] = random() % 1000);
        const auto found = model.find(asked);
        ASSERT_EQ(counts.find(asked), found == model.end() ? NodeCounts::kUnknown : found->second);
      }
      for (const auto& [node, count] : model) ASSERT_EQ(counts.find(node), count);
      counts.clear();
      for (const auto& [node, count] : model) ASSERT_EQ(counts.find(node), NodeCounts::kUnknown);
      model.clear();
    }
  }
}

}  // namespace
}  // namespace graft::cypher
