// Change sets as bytes: damaged ones never do worse than an error.

#include <random>

#include "graph/test_graph.h"

namespace graft::graph {
namespace {

// A change set with every kind of change.
ChangeSetBytes rich_change_set(TestGraph& graph) {
  auto t = graph.begin();
  LabelId person = t->label("Person"), city = t->label("City");
  TypeId knows = t->type("KNOWS");
  PropertyKeyId name = t->property_key("name"), age = t->property_key("age");
  NodeId a = t->create_node(std::vector<LabelId>{person}, {{name, Value::string("Ann")}, {age, Value::integer(7)}}).value();
  NodeId b = t->create_node(std::vector<LabelId>{person, city}, {{name, Value::list({Value::floating(1.5)})}}).value();
  NodeId c = t->create_node({}, {}).value();
  RelationshipId r = t->create_relationship(knows, a, b, {{age, Value::date({3})}}).value();
  RelationshipId s = t->create_relationship(knows, b, b, {}).value();
  EXPECT_TRUE(t->set_node_property(c, age, Value::duration({1, 2, 3, 4})).ok());
  EXPECT_TRUE(t->set_relationship_property(r, age, Value()).ok());
  EXPECT_TRUE(t->add_label(c, city).ok());
  EXPECT_TRUE(t->remove_label(b, person).ok());
  EXPECT_TRUE(t->delete_relationship(s).ok());
  EXPECT_TRUE(t->delete_node(c).ok());
  IndexDefinition index;
  index.labels_or_types = {person};
  index.keys = {name};
  index.state = IndexState::kPopulating;
  IndexId id = t->create_index(index).value();
  EXPECT_TRUE(t->index_build_slice(id, 10).ok());
  ConstraintDefinition constraint;
  constraint.label_or_type = person;
  constraint.keys = {age};
  EXPECT_TRUE(t->create_constraint(constraint).ok());
  LabelSchema schema;
  schema.label_or_type = t->label("typed");
  schema.primary = "id";
  schema.fields = {{"id", "INT32", false}, {"note", "STRING", true}};
  EXPECT_TRUE(t->create_label_schema(schema).ok());
  schema.fields.push_back({"more", "DOUBLE", true});
  EXPECT_TRUE(t->alter_label_schema(schema).ok());
  ConstraintDefinition exists;
  exists.name = "later";
  exists.kind = ConstraintKind::kExists;
  exists.label_or_type = city;
  exists.keys = {name};
  exists.validating = true;
  EXPECT_TRUE(t->create_constraint(exists).ok());
  SchemaTask check{SchemaTask::Kind::kCheckConstraint, kNoToken, "later", EntityKind::kNode, kNoToken};
  EXPECT_TRUE(t->finish_check(check).ok());
  t->set_system_record("member/1", "127.0.0.1");
  return graph.commit(std::move(t));
}

TEST(ChangeSet, ReplayGivesTheSameState) {
  TestGraph a, b;
  ChangeSetBytes bytes = rich_change_set(a);
  Status applied = b.apply(bytes);
  ASSERT_TRUE(applied.ok()) << applied.error().message;
  ASSERT_EQ(state_sums(a.view()).to_string(), state_sums(b.view()).to_string());
  ASSERT_EQ(state_sums(b.view()).to_string(), recompute_state_sums(b.view()).to_string());
  EXPECT_EQ(b.view().system_record("member/1"), "127.0.0.1");
  // It cannot be applied twice.
  EXPECT_EQ(b.apply(bytes).error().code, ErrorCode::kCorruption);
}

TEST(ChangeSet, DroppingAllEntitiesKeepsTheSchema) {
  TestGraph a, b;
  ASSERT_TRUE(b.apply(rich_change_set(a)).ok());
  auto t = a.begin();
  size_t indexes = t->view().catalog().indexes().size();
  std::string before = state_sums(t->view()).to_string();
  auto savepoint = t->savepoint();
  t->drop_entities();
  EXPECT_EQ(t->view().node_count(), 0u);
  EXPECT_EQ(t->view().catalog().indexes().size(), indexes);
  LabelId typed = *t->view().catalog().label("typed");
  EXPECT_TRUE(t->create_node(std::vector<LabelId>{typed}, {{t->property_key("id"), Value::integer(1)}}).ok());
  t->rollback_to(savepoint);
  EXPECT_EQ(state_sums(t->view()).to_string(), before);
  t->drop_entities();
  EXPECT_TRUE(t->create_node(std::vector<LabelId>{typed}, {{t->property_key("id"), Value::integer(1)}}).ok());
  EXPECT_FALSE(t->create_node(std::vector<LabelId>{typed}, {{t->property_key("id"), Value::integer(1)}}).ok());
  ASSERT_TRUE(b.apply(a.commit(std::move(t))).ok());
  ASSERT_EQ(state_sums(a.view()).to_string(), state_sums(b.view()).to_string());
  ASSERT_EQ(state_sums(b.view()).to_string(), recompute_state_sums(b.view()).to_string());
  EXPECT_EQ(b.view().node_count(), 1u);
}

TEST(ChangeSet, MutatedBytesAreRefusedOrApplied) {
  TestGraph source, target;
  ChangeSetBytes valid = rich_change_set(source);
  std::mt19937_64 rng(11);
  size_t refused = 0;
  for (int i = 0; i < 6000; ++i) {
    ChangeSetBytes bytes = valid;
    switch (rng() % 4) {
      case 0: bytes.resize(rng() % bytes.size()); break;
      case 1: bytes.insert(rng() % bytes.size(), 1, static_cast<char>(rng())); break;
      case 2: bytes.erase(rng() % bytes.size(), 1 + rng() % 3); break;
      default:
        for (uint64_t k = 1 + rng() % 4; k-- > 0;) bytes[rng() % bytes.size()] = static_cast<char>(rng());
    }
    auto t = target.begin();
    Status s = t->replay(bytes, rng() % 2 == 0);
    if (!s.ok()) {
      ++refused;
      ASSERT_TRUE(s.error().code == ErrorCode::kCorruption || s.error().code == ErrorCode::kConflict ||
                  s.error().code == ErrorCode::kConstraintViolation)
          << s.error().message;
    }
  }
  EXPECT_GT(refused, 1000u);
  // None of it was published.
  EXPECT_EQ(target.view().node_count(), 0u);
}

TEST(ChangeSet, ManyStatementsShareOneFork) {
  TestGraph a, b;
  auto t = a.begin();
  std::vector<ChangeSetBytes> sets;
  NodeId node = t->create_node({}, {}).value();
  sets.push_back(t->take_change_set());
  EXPECT_FALSE(t->has_changes());
  EXPECT_TRUE(t->take_change_set().empty());
  auto savepoint = t->savepoint();
  ASSERT_TRUE(t->set_node_property(node, t->property_key("x"), Value::integer(1)).ok());
  EXPECT_EQ(t->counters().properties_set, 1u);
  t->rollback_to(savepoint);
  EXPECT_FALSE(t->has_changes());
  EXPECT_FALSE(t->view().catalog().property_key("x").has_value());
  ASSERT_TRUE(t->set_node_property(node, t->property_key("y"), Value::integer(2)).ok());
  sets.push_back(t->take_change_set());
  a.publish(std::move(t));
  for (const ChangeSetBytes& bytes : sets) ASSERT_TRUE(b.apply(bytes).ok());
  EXPECT_EQ(state_sums(a.view()).to_string(), state_sums(b.view()).to_string());
}

TEST(ChangeSet, DropAllIsUndoneAndReplayed) {
  TestGraph a, b;
  ASSERT_TRUE(b.apply(rich_change_set(a)).ok());
  auto t = a.begin();
  std::string before = state_sums(t->view()).to_string();
  auto savepoint = t->savepoint();
  t->drop_all();
  EXPECT_EQ(t->view().node_count(), 0u);
  EXPECT_TRUE(t->view().catalog().labels().empty());
  ASSERT_TRUE(t->create_node(std::vector<LabelId>{t->label("Person")}, {{t->property_key("name"), Value::integer(1)}}).ok());
  t->rollback_to(savepoint);
  EXPECT_EQ(state_sums(t->view()).to_string(), before);
  t->drop_all();
  NodeId id = t->create_node(std::vector<LabelId>{t->label("Fresh")}, {}).value();
  ASSERT_TRUE(b.apply(a.commit(std::move(t))).ok());
  for (TestGraph* g : {&a, &b}) {
    EXPECT_EQ(g->view().node_count(), 1u);
    EXPECT_EQ(g->view().system_record("member/1"), "127.0.0.1");
    EXPECT_EQ(g->view().labels(id).size(), 1u);
    EXPECT_EQ(state_sums(g->view()).to_string(), recompute_state_sums(g->view()).to_string());
  }
  EXPECT_EQ(state_sums(a.view()).to_string(), state_sums(b.view()).to_string());
}

}  // namespace
}  // namespace graft::graph
