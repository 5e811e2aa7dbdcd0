// Serializable: what a transaction read against what others wrote.

#include "graph/footprint.h"
#include "graph/test_graph.h"

namespace graft::graph {
namespace {

void drain_relationships_of(const GraphView& view, TypeId type) {
  RelationshipCursor::Item items[16];
  auto cursor = view.scan_relationships(type);
  while (cursor->next(items) != 0) {}
}

class FootprintTest : public ::testing::Test {
 protected:
  FootprintTest() {
    auto t = graph_.begin();
    person_ = t->label("Person");
    city_ = t->label("City");
    knows_ = t->type("KNOWS");
    likes_ = t->type("LIKES");
    x_ = t->property_key("x");
    y_ = t->property_key("y");
    IndexDefinition index;
    index.name = "by_x";
    index.labels_or_types = {person_};
    index.keys = {x_};
    index_ = t->create_index(index).value();
    for (int i = 0; i < 4; ++i)
      nodes_.push_back(t->create_node(std::vector<LabelId>{person_}, {{x_, Value::integer(i)}, {y_, Value::integer(0)}}).value());
    EXPECT_TRUE(t->create_relationship(knows_, nodes_[0], nodes_[1], {}).ok());
    graph_.commit(std::move(t));
  }
  // Runs `read` in an explicit transaction and `write` on the lane meanwhile.
  template <class R, class W>
  bool conflict(R&& read, W&& write) {
    auto footprint = std::make_shared<Footprint>();
    auto reader = graph_.begin(footprint);
    read(*reader);
    auto writer = graph_.begin();
    write(*writer);
    WriteTerms terms = writer->take_write_terms();
    return conflicts(*footprint, terms);
  }

  TestGraph graph_;
  LabelId person_, city_;
  TypeId knows_, likes_;
  PropertyKeyId x_, y_;
  IndexId index_;
  std::vector<NodeId> nodes_;
};

TEST_F(FootprintTest, WriteSkew) {
  auto read_y_of_0 = [&](GraphTransaction& t) {
    t.view().node_property(nodes_[0], y_);
    ASSERT_TRUE(t.set_node_property(nodes_[1], y_, Value::integer(1)).ok());
  };
  EXPECT_TRUE(conflict(read_y_of_0, [&](GraphTransaction& t) { (void)t.set_node_property(nodes_[0], y_, Value::integer(5)); }));
  EXPECT_FALSE(conflict(read_y_of_0, [&](GraphTransaction& t) { (void)t.set_node_property(nodes_[0], x_, Value::integer(9)); }));
  EXPECT_FALSE(conflict(read_y_of_0, [&](GraphTransaction& t) { (void)t.set_node_property(nodes_[2], y_, Value::integer(5)); }));
  EXPECT_TRUE(conflict([&](GraphTransaction& t) { t.view().node_properties(nodes_[0]); },
                       [&](GraphTransaction& t) { (void)t.set_node_property(nodes_[0], x_, Value::integer(5)); }));
}

TEST_F(FootprintTest, PhantomsOfLabelScans) {
  auto scan = [&](GraphTransaction& t) { drain(*t.view().scan_nodes(person_)); };
  auto create = [&](LabelId label) {
    return [this, label](GraphTransaction& t) { (void)t.create_node(std::vector<LabelId>{label}, {}); };
  };
  EXPECT_TRUE(conflict(scan, create(person_)));
  EXPECT_FALSE(conflict(scan, create(city_)));
  EXPECT_TRUE(conflict(scan, [&](GraphTransaction& t) { (void)t.remove_label(nodes_[0], person_); }));
  EXPECT_TRUE(conflict(scan, [&](GraphTransaction& t) { (void)t.detach_delete_node(nodes_[3]); }));
  EXPECT_FALSE(conflict(scan, [&](GraphTransaction& t) { (void)t.set_node_property(nodes_[0], y_, Value::integer(2)); }));
  auto scan_all = [&](GraphTransaction& t) { drain(*t.view().scan_nodes()); };
  EXPECT_TRUE(conflict(scan_all, create(city_)));
  EXPECT_TRUE(conflict([&](GraphTransaction& t) { t.view().record_label_read(person_); }, create(person_)));
}

TEST_F(FootprintTest, IndexMissesAndRanges) {
  std::vector<Value> seven = {Value::integer(7)};
  auto miss = [&](GraphTransaction& t) { EXPECT_TRUE(drain(*t.view().index_seek(index_, seven)).empty()); };
  auto create = [&](int64_t x) {
    return [this, x](GraphTransaction& t) { (void)t.create_node(std::vector<LabelId>{person_}, {{x_, Value::integer(x)}}); };
  };
  EXPECT_TRUE(conflict(miss, create(7)));
  EXPECT_FALSE(conflict(miss, create(8)));
  EXPECT_TRUE(conflict(miss, [&](GraphTransaction& t) { (void)t.set_node_property(nodes_[0], x_, Value::integer(7)); }));
  std::vector<Value> zero = {Value::integer(0)};
  EXPECT_TRUE(conflict([&](GraphTransaction& t) { drain(*t.view().index_seek(index_, zero)); },
                       [&](GraphTransaction& t) { (void)t.set_node_property(nodes_[0], x_, Value::integer(7)); }));
  IndexBound low{{Value::integer(10)}, true}, high{{Value::integer(20)}, false};
  auto range = [&](GraphTransaction& t) { drain(*t.view().index_range(index_, &low, &high, false)); };
  EXPECT_TRUE(conflict(range, create(15)));
  EXPECT_TRUE(conflict(range, create(10)));
  EXPECT_FALSE(conflict(range, create(20)));
  EXPECT_FALSE(conflict(range, create(9)));
}

TEST_F(FootprintTest, Adjacency) {
  auto expand = [&](GraphTransaction& t) { neighbours(t.view(), nodes_[2], Direction::kOutgoing, {knows_}); };
  auto create = [&](NodeId a, NodeId b, TypeId type) {
    return [a, b, type](GraphTransaction& t) { (void)t.create_relationship(type, a, b, {}); };
  };
  EXPECT_TRUE(conflict(expand, create(nodes_[2], nodes_[3], knows_)));
  EXPECT_FALSE(conflict(expand, create(nodes_[2], nodes_[3], likes_)));
  EXPECT_FALSE(conflict(expand, create(nodes_[3], nodes_[2], knows_)));
  EXPECT_TRUE(conflict([&](GraphTransaction& t) { t.view().degree(nodes_[2], Direction::kBoth, {}); },
                       create(nodes_[3], nodes_[2], likes_)));
  EXPECT_TRUE(conflict([&](GraphTransaction& t) { drain_relationships_of(t.view(), knows_); }, create(nodes_[0], nodes_[3], knows_)));
  // Deleting a node while another gives it a relationship.
  EXPECT_TRUE(conflict([&](GraphTransaction& t) { (void)t.delete_node(nodes_[3]); }, create(nodes_[2], nodes_[3], knows_)));
  EXPECT_TRUE(conflict(create(nodes_[2], nodes_[3], knows_), [&](GraphTransaction& t) { (void)t.delete_node(nodes_[3]); }));
  // Blind additions to the same node commute.
  EXPECT_FALSE(conflict(create(nodes_[2], nodes_[3], knows_), create(nodes_[2], nodes_[1], knows_)));
}

TEST_F(FootprintTest, UniqueRace) {
  {
    auto t = graph_.begin();
    ConstraintDefinition unique;
    unique.name = "unique_y";
    unique.label_or_type = city_;
    unique.keys = {y_};
    ASSERT_TRUE(t->create_constraint(unique).ok());
    graph_.commit(std::move(t));
  }
  auto create = [&](GraphTransaction& t) {
    ASSERT_TRUE(t.create_node(std::vector<LabelId>{city_}, {{y_, Value::string("Oslo")}}).ok());
  };
  EXPECT_TRUE(conflict(create, create));
  // Even if validation were skipped, the commit's replay refuses the second one.
  auto first = graph_.begin(), second = graph_.begin(std::make_shared<Footprint>());
  create(*second);
  ChangeSetBytes bytes = second->take_change_set();
  second.reset();
  create(*first);
  graph_.commit(std::move(first));
  auto lane = graph_.begin();
  StateSums before = state_sums(lane->view());
  EXPECT_EQ(lane->replay(bytes, true).error().code, ErrorCode::kConstraintViolation);
  EXPECT_EQ(state_sums(lane->view()), before);
  EXPECT_FALSE(lane->has_changes());
}

TEST_F(FootprintTest, LargeFootprintsAreCoarse) {
  std::vector<NodeId> many;
  auto t = graph_.begin();
  for (int i = 0; i < 20000; ++i) many.push_back(t->create_node(std::vector<LabelId>{city_}, {}).value());
  graph_.commit(std::move(t));
  auto read_many = [&](GraphTransaction& r) {
    for (size_t i = 0; i < 10000; ++i) r.view().node_property(many[i], x_);
  };
  auto set = [&](NodeId id) { return [this, id](GraphTransaction& w) { (void)w.set_node_property(id, x_, Value::integer(1)); }; };
  EXPECT_TRUE(conflict(read_many, set(many[9999])));
  EXPECT_FALSE(conflict(read_many, set(many[19999])));
}

TEST_F(FootprintTest, CatalogAndDropAll) {
  auto scan = [&](GraphTransaction& t) { (void)t.view().catalog().label("Nobody"); };
  EXPECT_TRUE(conflict(scan, [](GraphTransaction& t) { t.label("Nobody"); }));
  auto touch = [&](GraphTransaction& t) { t.view().node_property(nodes_[0], x_); };
  EXPECT_TRUE(conflict(touch, [](GraphTransaction& t) { t.drop_all(); }));
  EXPECT_FALSE(conflict([](GraphTransaction&) {}, [](GraphTransaction& t) { t.drop_all(); }));
}

}  // namespace
}  // namespace graft::graph
