// The comparison of a view with a model that the tests share.

#include "graph/test_graph.h"

namespace graft::graph {

namespace {

void expect_nodes(const GraphView& view, const GraphModel& model, uint32_t tokens) {
  std::vector<NodeId> ids;
  std::map<LabelId, std::vector<NodeId>> by_label;
  for (const auto& [id, node] : model.nodes) {
    ids.push_back(id);
    ASSERT_TRUE(view.node_exists(id));
    ASSERT_EQ(view.labels(id), std::vector<LabelId>(node.labels.begin(), node.labels.end()));
    ASSERT_EQ(as_text(view.node_properties(id)), as_text(node.properties)) << id;
    for (const auto& [key, value] : node.properties) ASSERT_TRUE(identical(view.node_property(id, key), value));
    for (LabelId label : node.labels) by_label[label].push_back(id);
  }
  ASSERT_EQ(view.node_count(), ids.size());
  ASSERT_EQ(drain(*view.scan_nodes()), ids);
  for (LabelId label = 0; label < tokens; ++label) {
    ASSERT_EQ(drain(*view.scan_nodes(label)), by_label[label]);
    ASSERT_EQ(view.node_count(label), by_label[label].size());
  }
}

void expect_relationships(const GraphView& view, const GraphModel& model, uint32_t tokens) {
  std::map<NodeId, std::vector<AdjacencyEntry>> out, in;
  std::map<TypeId, uint64_t> by_type;
  std::map<std::tuple<LabelId, TypeId, bool>, uint64_t> pairs;
  for (const auto& [id, r] : model.relationships) {
    RelationshipRecord record = view.relationship(id);
    ASSERT_EQ(record.type, r.type);
    ASSERT_EQ(record.start, r.start);
    ASSERT_EQ(record.end, r.end);
    ASSERT_EQ(as_text(view.relationship_properties(id)), as_text(r.properties));
    out[r.start].emplace_back(r.type, r.end, id);
    in[r.end].emplace_back(r.type, r.start, id);
    ++by_type[r.type];
    for (LabelId label : model.nodes.at(r.start).labels) ++pairs[{label, r.type, true}];
    for (LabelId label : model.nodes.at(r.end).labels) ++pairs[{label, r.type, false}];
  }
  ASSERT_EQ(view.relationship_count(), model.relationships.size());
  for (const auto& [id, node] : model.nodes) {
    std::sort(out[id].begin(), out[id].end());
    std::sort(in[id].begin(), in[id].end());
    ASSERT_EQ(neighbours(view, id, Direction::kOutgoing), out[id]);
    ASSERT_EQ(neighbours(view, id, Direction::kIncoming), in[id]);
    ASSERT_EQ(view.degree(id, Direction::kBoth, {}), out[id].size() + in[id].size());
    ASSERT_EQ(view.degree(id, Direction::kOutgoing, {}), out[id].size());
    ASSERT_EQ(view.degree(id, Direction::kIncoming, {}), in[id].size());
    for (TypeId type = 0; type < tokens; ++type) {
      auto of_type = [&](const AdjacencyEntry& e) { return std::get<0>(e) == type; };
      ASSERT_EQ(view.degree(id, Direction::kOutgoing, {&type, 1}),
                static_cast<uint64_t>(std::count_if(out[id].begin(), out[id].end(), of_type)));
    }
    ASSERT_EQ(neighbours(view, id, Direction::kBoth).size(), out[id].size() + in[id].size());
  }
  std::vector<NodeId> ids{kNoId};  // more than one batch, and one id that is nobody's
  for (const auto& [id, node] : model.nodes) ids.push_back(id);
  std::vector<uint64_t> degrees(ids.size(), 77);
  const TypeId first_type = 0;
  for (std::span<const TypeId> types : {std::span<const TypeId>(), std::span<const TypeId>(&first_type, 1)}) {
    for (Direction direction : {Direction::kOutgoing, Direction::kIncoming, Direction::kBoth}) {
      view.degrees(ids, direction, types, degrees);
      for (size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(degrees[i], view.degree(ids[i], direction, types));
    }
  }
  for (TypeId type = 0; type < tokens; ++type) {
    ASSERT_EQ(view.relationship_count(type), by_type[type]);
    for (LabelId label = 0; label < tokens; ++label) {
      ASSERT_EQ(view.relationship_count(label, type, Direction::kOutgoing), (pairs[{label, type, true}]));
      ASSERT_EQ(view.relationship_count(label, type, Direction::kIncoming), (pairs[{label, type, false}]));
    }
    size_t scanned = 0;
    RelationshipCursor::Item items[9];
    auto cursor = view.scan_relationships(type);
    while (size_t n = cursor->next(items)) {
      scanned += n;
      for (size_t i = 0; i < n; ++i) ASSERT_EQ(model.relationships.at(items[i].id).type, type);
    }
    ASSERT_EQ(scanned, by_type[type]);
  }
  size_t checked = 0;
  for (const auto& [id, r] : model.relationships) {
    if (++checked > 40) break;
    std::vector<RelationshipId> expected, found;
    for (const auto& [type, neighbour, relationship] : out[r.start])
      if (neighbour == r.end) expected.push_back(relationship);
    view.relationships_between(r.start, r.end, Direction::kOutgoing, {}, &found);
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(found, expected);
  }
}

}  // namespace

void expect_same(const GraphView& view, const GraphModel& model, uint32_t tokens) {
  expect_nodes(view, model, tokens);
  expect_relationships(view, model, tokens);
}

}  // namespace graft::graph
