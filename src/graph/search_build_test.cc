// Full text and vector indexes that are built in slices while the graph changes, against the same indexes made at once.

#include <random>

#include "graph/fulltext.h"
#include "graph/search_options.h"
#include "graph/test_graph.h"
#include "graph/vector_pages.h"

namespace graft::graph {
namespace {

IndexDefinition definition(GraphTransaction& t, IndexKind kind, const std::string& name) {
  IndexDefinition index;
  index.name = name;
  index.kind = kind;
  index.labels_or_types = {t.label("A")};
  if (kind == IndexKind::kFulltext) index.labels_or_types.push_back(t.label("B"));
  index.keys = {t.property_key(kind == IndexKind::kFulltext ? "text" : "vector")};
  Value options;
  if (kind == IndexKind::kVector) options = Value::map({{"indexConfig", Value::map({{"vector.dimensions", Value::integer(2)}})}});
  set_options(complete_options(kind, options).value(), &index);
  return index;
}

// All that a reader can find in it.
std::string content(const GraphView& view, const std::string& name) {
  const IndexDefinition* index = nullptr;
  for (const IndexDefinition& d : view.catalog().indexes())
    if (d.name == name) index = &d;
  if (index == nullptr) return "none";
  std::string out;
  if (index->kind == IndexKind::kVector) {
    for_each_vector_block(view, *index, [&](uint64_t block, const VectorBlock& b) { out += std::to_string(block) + ":" + std::to_string(b.count) + " "; });
    return out + std::to_string(view.index_entries(index->id));
  }
  FulltextReader reader(view, *index);
  reader.terms(0, "", [&](std::string_view term) {
    out += std::string(term) + ":";
    reader.postings(0, term, true, [&](const FulltextPosting& p) {
      out += " " + std::to_string(p.id) + "/" + std::to_string(p.positions.size()) + "/" + std::to_string(p.length);
      return true;
    });
    return true;
  });
  FulltextStatistics s = reader.statistics(0);
  return out + " = " + std::to_string(s.documents) + " " + std::to_string(s.words);
}

class Changes {
 public:
  explicit Changes(GraphTransaction& t) : a_(t.label("A")), b_(t.label("B")), text_(t.property_key("text")), vector_(t.property_key("vector")) {}

  Value text() { return Value::string("word" + std::to_string(random_() % 50) + " word" + std::to_string(random_() % 50)); }
  Value vector() { return Value::list({Value::floating(static_cast<double>(random_() % 9)), Value::floating(1)}); }
  void create(GraphTransaction& t) {
    std::vector<LabelId> labels{a_};
    if (random_() % 3 == 0) labels.push_back(b_);
    nodes_.push_back(t.create_node(labels, {{text_, text()}, {vector_, vector()}}).value());
  }
  void step(GraphTransaction& t) {
    NodeId id = nodes_[random_() % nodes_.size()];
    if (!t.view().node_exists(id)) return;
    switch (random_() % 7) {
      case 0: create(t); break;
      case 1: ASSERT_TRUE(t.set_node_property(id, text_, text()).ok()); break;
      case 2: ASSERT_TRUE(t.set_node_property(id, vector_, random_() % 2 == 0 ? vector() : Value::integer(1)).ok()); break;
      case 3: ASSERT_TRUE(t.add_label(id, b_).ok()); break;
      case 4: ASSERT_TRUE(t.remove_label(id, random_() % 2 == 0 ? a_ : b_).ok()); break;
      case 5: ASSERT_TRUE(t.set_node_property(id, text_, Value()).ok()); break;
      default: ASSERT_TRUE(t.delete_node(id).ok()); break;
    }
  }
  uint64_t below(uint64_t n) { return random_() % n; }

 private:
  std::mt19937_64 random_{5};
  LabelId a_, b_;
  PropertyKeyId text_, vector_;
  std::vector<NodeId> nodes_;
};

TEST(SearchBuild, SlicesBesideWritesGiveTheWholeIndex) {
  TestGraph leader, follower;
  auto t = leader.begin();
  Changes changes(*t);
  for (int i = 0; i < 4000; ++i) changes.create(*t);
  ASSERT_TRUE(follower.apply(leader.commit(std::move(t))).ok());
  t = leader.begin();
  std::vector<IndexId> building;
  for (IndexKind kind : {IndexKind::kFulltext, IndexKind::kVector})
    building.push_back(t->create_index(definition(*t, kind, kind == IndexKind::kFulltext ? "text" : "vector")).value());
  ASSERT_TRUE(follower.apply(leader.commit(std::move(t))).ok());
  ASSERT_EQ(leader.view().catalog().indexes()[0].state, IndexState::kPopulating);
  for (int round = 0; !building.empty(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    t = leader.begin();
    for (int n = 0; n < 20; ++n) changes.step(*t);
    auto savepoint = t->savepoint();
    StateSums sums = state_sums(t->view());
    auto more = t->index_build_slice(building.back(), 1 + changes.below(400));
    ASSERT_TRUE(more.ok()) << more.error().message;
    for (int n = 0; n < 20; ++n) changes.step(*t);
    if (changes.below(3) == 0) {  // the slice and what came after it are undone
      t->rollback_to(savepoint);
      ASSERT_EQ(state_sums(t->view()).to_string(), sums.to_string());
    } else if (!*more) {
      building.pop_back();
    }
    ASSERT_TRUE(follower.apply(leader.commit(std::move(t))).ok());
    ASSERT_EQ(state_sums(leader.view()).to_string(), state_sums(follower.view()).to_string());
    ASSERT_EQ(state_sums(leader.view()).to_string(), recompute_state_sums(leader.view()).to_string());
  }
  std::string text = content(leader.view(), "text"), vector = content(leader.view(), "vector");
  ASSERT_EQ(content(follower.view(), "text"), text);
  t = leader.begin();
  for (const char* name : {"text", "vector"}) ASSERT_TRUE(t->drop_index(name).ok());
  for (IndexKind kind : {IndexKind::kFulltext, IndexKind::kVector}) {
    IndexId id = t->create_index(definition(*t, kind, kind == IndexKind::kFulltext ? "text" : "vector")).value();
    for (bool more = true; more;) more = t->index_build_slice(id, 1 << 30).value();
  }
  EXPECT_EQ(content(t->view(), "text"), text);
  EXPECT_EQ(content(t->view(), "vector"), vector);
}

}  // namespace
}  // namespace graft::graph
