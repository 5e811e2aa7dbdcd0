// The B+tree against std::map: random keys, ascending loads, long keys, erasing everything.

#include "graph/btree.h"

#include <map>
#include <random>

#include "graph/test_graph.h"

namespace graft::graph {
namespace {

constexpr storage::TableId kTreeUnderTest = 77;
using ReferenceMap = std::map<std::string, uint64_t>;

void expect_tree(const storage::PageReader& reader, const ReferenceMap& expected) {
  ASSERT_EQ(read_tree_header(reader, kTreeUnderTest).entries, expected.size());
  TreeCursor cursor(reader, kTreeUnderTest);
  bool more = cursor.seek_first();
  for (const auto& [key, value] : expected) {
    ASSERT_TRUE(more);
    ASSERT_EQ(cursor.key(), key);
    ASSERT_EQ(cursor.value(), value);
    more = cursor.next();
  }
  ASSERT_FALSE(more);
  more = cursor.seek_last();
  for (auto at = expected.rbegin(); at != expected.rend(); ++at) {
    ASSERT_TRUE(more);
    ASSERT_EQ(cursor.key(), at->first);
    more = cursor.previous();
  }
  ASSERT_FALSE(more);
}

void expect_seeks(const storage::PageReader& reader, const ReferenceMap& expected, const std::string& key) {
  TreeCursor cursor(reader, kTreeUnderTest);
  auto at = expected.lower_bound(key);
  ASSERT_EQ(cursor.seek(key), at != expected.end());
  if (at != expected.end()) {
    ASSERT_EQ(cursor.key(), at->first);
  }
  ASSERT_EQ(cursor.seek_before(key), at != expected.begin());
  if (at != expected.begin()) {
    ASSERT_EQ(cursor.key(), std::prev(at)->first);
  }
  auto above = expected.upper_bound(key);
  ASSERT_EQ(cursor.seek_floor(key), above != expected.begin());
  if (above != expected.begin()) {
    ASSERT_EQ(cursor.key(), std::prev(above)->first);
  }
}

std::string random_key(std::mt19937_64& rng, int kind) {
  size_t length = kind == 0 ? 1 + rng() % 3 : kind == 1 ? 10 + rng() % 30 : rng() % 40 == 0 ? 5000 + rng() % 3000 : 16;
  std::string key(length, '\0');
  for (char& c : key) c = static_cast<char>(rng() % (kind == 1 ? 4 : 256));
  return key;
}

TEST(BTree, AgreesWithAMap) {
  for (int kind = 0; kind < 3; ++kind) {
    TestGraph graph;
    std::mt19937_64 rng(static_cast<uint64_t>(kind) + 1);
    ReferenceMap expected;
    for (int round = 0; round < 12; ++round) {
      auto fork = graph.store().fork(graph.store().head());
      TreeWriter tree(*fork, kTreeUnderTest, true);
      bool shrink = round >= 8;
      for (int i = 0; i < 400; ++i) {
        std::string key = random_key(rng, kind);
        if (shrink && !expected.empty()) {
          auto at = expected.lower_bound(key);
          key = at == expected.end() ? expected.begin()->first : at->first;
          ASSERT_TRUE(tree.erase(key));
          expected.erase(key);
          ASSERT_FALSE(tree.erase(key));
        } else {
          ASSERT_EQ(tree.insert(key, rng() % 100), !expected.contains(key));
          uint64_t value = 0;
          ASSERT_TRUE(tree.find(key, &value));
          expected[key] = value;
        }
        if (i % 20 == 0) expect_seeks(fork->reader(), expected, random_key(rng, kind));
      }
      expect_tree(fork->reader(), expected);
      graph.store().append_head(std::move(fork));
      graph.store().advance_applied();
      if (::testing::Test::HasFatalFailure()) return;
    }
    auto fork = graph.store().fork(graph.store().head());
    TreeWriter tree(*fork, kTreeUnderTest, true);
    for (const auto& [key, value] : expected) ASSERT_TRUE(tree.erase(key));
    expect_tree(fork->reader(), {});
    size_t pages = 0;
    fork->reader().for_each_page(kTreeUnderTest, 0, [&](storage::PageNo, storage::PageView) { return ++pages != 0; });
    EXPECT_EQ(pages, 1u);  // the header
  }
}

TEST(BTree, AscendingLoadsFillTheNodes) {
  TestGraph graph;
  auto fork = graph.store().fork(graph.store().head());
  TreeWriter tree(*fork, kTreeUnderTest, false);
  size_t bytes = 0;
  for (uint32_t i = 0; i < 20000; ++i) {
    uint32_t big_endian = __builtin_bswap32(i);
    ASSERT_TRUE(tree.insert(std::string("12345678") + std::string(reinterpret_cast<const char*>(&big_endian), 4)));
  }
  fork->reader().for_each_page(kTreeUnderTest, 0, [&](storage::PageNo, storage::PageView page) { return (bytes += page.size()) != 0; });
  EXPECT_LT(bytes, 20000u * 12 * 3 / 2);
}

}  // namespace
}  // namespace graft::graph
