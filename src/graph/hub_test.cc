// Nodes with long adjacency lists.

#include <random>

#include "graph/adjacency.h"
#include "graph/test_graph.h"

namespace graft::graph {
namespace {

TEST(Hub, ManyRelationshipsComeAndGo) {
  TestGraph graph;
  auto t = graph.begin();
  TypeId likes = t->type("LIKES"), knows = t->type("KNOWS"), owns = t->type("OWNS");
  LabelId label = t->label("N");
  GraphModel model;
  std::vector<NodeId> nodes;
  for (int i = 0; i < 3000; ++i) {
    nodes.push_back(t->create_node(std::vector<LabelId>{label}, {}).value());
    model.nodes[nodes.back()].labels = {label};
  }
  std::mt19937_64 rng(7);
  std::vector<RelationshipId> all;
  auto create = [&](TypeId type, NodeId a, NodeId b) {
    all.push_back(t->create_relationship(type, a, b, {}).value());
    model.relationships[all.back()] = {type, a, b, {}};
  };
  for (int i = 0; i < 6000; ++i) create(i % 5 == 0 ? owns : likes, nodes[0], nodes[rng() % nodes.size()]);
  for (int i = 0; i < 4000; ++i) create(knows, nodes[1 + rng() % 40], nodes[rng() % 20]);
  create(likes, nodes[0], nodes[0]);
  expect_same(t->view(), model, 4);
  graph.commit(std::move(t));

  // Erase most of it again, with rollbacks between, down to where hubs become ordinary lists.
  std::shuffle(all.begin(), all.end(), rng);
  while (all.size() > 60) {
    t = graph.begin();
    for (int i = 0; i < 2; ++i) {
      auto savepoint = t->savepoint();
      GraphModel before = model;
      std::vector<RelationshipId> kept = all;
      for (int k = 0; k < 1500 && all.size() > 60; ++k) {
        ASSERT_TRUE(t->delete_relationship(all.back()).ok());
        model.relationships.erase(all.back());
        all.pop_back();
      }
      if (i == 0) {
        t->rollback_to(savepoint);
        model = before;
        all = kept;
      }
    }
    expect_same(t->view(), model, 4);
    graph.commit(std::move(t));
    ASSERT_EQ(state_sums(graph.view()).to_string(), recompute_state_sums(graph.view()).to_string());
    if (HasFatalFailure()) return;
  }
}

TEST(Hub, AnInsertionCopiesLittle) {
  TestGraph graph;
  auto t = graph.begin();
  TypeId type = t->type("T");
  NodeId hub = t->create_node({}, {}).value();
  std::vector<NodeId> others;
  for (int i = 0; i < 2000; ++i) others.push_back(t->create_node({}, {}).value());
  std::mt19937_64 rng(3);
  for (int i = 0; i < 20000; ++i) ASSERT_TRUE(t->create_relationship(type, hub, others[rng() % others.size()], {}).ok());
  graph.commit(std::move(t));
  ASSERT_EQ(graph.view().degree(hub, Direction::kOutgoing, {}), 20000u);

  t = graph.begin();
  ASSERT_TRUE(t->create_relationship(type, hub, others[5], {}).ok());
  t->take_change_set();
  auto fork = t->release_fork();
  EXPECT_LT(fork->bytes_copied(), 100'000u);  // the whole list would be 160,000
}

TEST(Hub, WideIdsStandBesideNarrowOnes) {
  TestGraph graph;
  auto t = graph.begin();
  ASSERT_TRUE(t->type("T") == 0);
  std::string low = t->take_change_set();
  graph.publish(std::move(t));

  // Ids above 2^32, as a change set may bring them.
  std::string bytes(1, '\x02');
  auto varint = [&](uint64_t v) {
    for (; v >= 0x80; v >>= 7) bytes.push_back(static_cast<char>(v | 0x80));
    bytes.push_back(static_cast<char>(v));
  };
  std::vector<NodeId> nodes = {3, 5, (uint64_t{1} << 33) + 7, (uint64_t{1} << 40) + 2048};
  for (NodeId id : nodes) {
    bytes.push_back(4);
    varint(id);
    varint(0);
    varint(0);
  }
  GraphModel model;
  for (NodeId id : nodes) model.nodes[id];
  for (uint64_t i = 0; i < 900; ++i) {
    RelationshipId id = i % 7 == 0 ? (uint64_t{1} << 34) + i : i;
    NodeId start = i % 3 == 0 ? nodes[i % 4] : nodes[0], end = nodes[(i * i) % 4];
    bytes.push_back(6);
    varint(id);
    varint(0);
    varint(start);
    varint(end);
    varint(0);
    model.relationships[id] = {0, start, end, {}};
  }
  Status applied = graph.apply(bytes);
  ASSERT_TRUE(applied.ok()) << applied.error().message;
  NodeId some[8];
  auto view = graph.view();
  for (const auto& [id, r] : model.relationships) {
    RelationshipRecord record = view.relationship(id);
    ASSERT_EQ(record.start, r.start);
    ASSERT_EQ(record.end, r.end);
  }
  for (NodeId id : nodes) {
    std::vector<AdjacencyEntry> expected;
    for (const auto& [r, record] : model.relationships)
      if (record.start == id) expected.emplace_back(0, record.end, r);
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(neighbours(view, id, Direction::kOutgoing), expected);
  }
  ASSERT_EQ(view.scan_nodes()->next(some), 4u);
}

}  // namespace
}  // namespace graft::graph
