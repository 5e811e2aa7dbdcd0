// Indexes built late and in slices, constraints, typed schemas.

#include "graph/test_graph.h"

namespace graft::graph {
namespace {

class SchemaTest : public ::testing::Test {
 protected:
  SchemaTest() : t_(graph_.begin()) {
    person_ = t_->label("person");
    city_ = t_->label("city");
    lives_ = t_->type("LIVES_IN");
    id_ = t_->property_key("id");
    name_ = t_->property_key("name");
  }
  Result<NodeId> create(LabelId label, PropertyList properties) { return t_->create_node(std::vector<LabelId>{label}, properties); }
  static ErrorCode code(const Status& s) { return s.ok() ? ErrorCode::kInternal : s.error().code; }
  template <class T>
  static ErrorCode code(const Result<T>& r) { return r.ok() ? ErrorCode::kInternal : r.error().code; }

  TestGraph graph_;
  std::unique_ptr<GraphTransaction> t_;
  LabelId person_, city_;
  TypeId lives_;
  PropertyKeyId id_, name_;
};

TEST_F(SchemaTest, TypedSchemaIsEnforced) {
  LabelSchema schema;
  schema.label_or_type = person_;
  schema.primary = "id";
  schema.fields = {{"id", "INT8", false}, {"name", "STRING", true}, {"height", "DOUBLE", true}, {"count", "INT64", false}};
  ASSERT_TRUE(t_->create_label_schema(schema).ok());
  EXPECT_EQ(code(t_->create_label_schema(schema)), ErrorCode::kConstraintAlreadyExists);
  PropertyKeyId height = t_->property_key("height"), count = t_->property_key("count"), other = t_->property_key("other");

  NodeId a = create(person_, {{id_, Value::integer(1)}, {count, Value::integer(0)}, {height, Value::integer(2)}}).value();
  EXPECT_EQ(t_->view().node_property(a, height).type(), ValueType::kFloat);
  EXPECT_TRUE(t_->check_constraints().ok());
  EXPECT_EQ(code(create(person_, {{id_, Value::integer(1)}, {count, Value::integer(0)}})), ErrorCode::kConstraintViolation);
  EXPECT_EQ(code(create(person_, {{id_, Value::integer(300)}})), ErrorCode::kConstraintViolation);
  EXPECT_EQ(code(create(person_, {{id_, Value::string("2")}})), ErrorCode::kConstraintViolation);
  EXPECT_EQ(code(create(person_, {{id_, Value::integer(2)}, {other, Value::integer(2)}})), ErrorCode::kConstraintViolation);
  EXPECT_EQ(t_->view().node_count(), 1u);
  EXPECT_EQ(code(t_->set_node_property(a, name_, Value::integer(1))), ErrorCode::kConstraintViolation);

  auto savepoint = t_->savepoint();
  ASSERT_TRUE(create(person_, {{id_, Value::integer(2)}}).ok());  // count is missing
  EXPECT_EQ(code(t_->check_constraints()), ErrorCode::kConstraintViolation);
  t_->rollback_to(savepoint);
  ASSERT_TRUE(t_->set_node_property(a, count, Value()).ok());
  EXPECT_EQ(code(t_->check_constraints()), ErrorCode::kConstraintViolation);
  t_->rollback_to(savepoint);
  NodeId plain = create(city_, {{id_, Value::integer(1)}, {count, Value::integer(5)}}).value();
  EXPECT_EQ(code(t_->add_label(plain, person_)), ErrorCode::kConstraintViolation);  // id 1 is taken
  ASSERT_TRUE(t_->set_node_property(plain, id_, Value::integer(9)).ok());
  EXPECT_TRUE(t_->add_label(plain, person_).ok());
  EXPECT_TRUE(t_->check_constraints().ok());
  ASSERT_TRUE(t_->drop_label_schema(EntityKind::kNode, person_).ok());
  EXPECT_TRUE(t_->view().catalog().indexes().empty());
  EXPECT_TRUE(create(person_, {{id_, Value::string("x")}}).ok());
}

TEST_F(SchemaTest, EdgeSchemaChecksEnds) {
  LabelSchema schema;
  schema.entity = EntityKind::kRelationship;
  schema.label_or_type = lives_;
  schema.end_labels = {{"person", "city"}};
  schema.fields = {{"since", "INT32", false}};
  ASSERT_TRUE(t_->create_label_schema(schema).ok());
  PropertyKeyId since = t_->property_key("since");
  NodeId p = create(person_, {}).value(), c = create(city_, {}).value();
  EXPECT_TRUE(t_->create_relationship(lives_, p, c, {{since, Value::integer(1999)}}).ok());
  EXPECT_TRUE(t_->check_constraints().ok());
  EXPECT_EQ(code(t_->create_relationship(lives_, c, p, {{since, Value::integer(1999)}})), ErrorCode::kConstraintViolation);
  EXPECT_TRUE(t_->create_relationship(lives_, p, c, {}).ok());
  EXPECT_EQ(code(t_->check_constraints()), ErrorCode::kConstraintViolation);
}

TEST_F(SchemaTest, ConstraintsLookAtWhatIsThere) {
  ASSERT_TRUE(create(person_, {{id_, Value::integer(1)}}).ok());
  ASSERT_TRUE(create(person_, {{id_, Value::integer(1)}}).ok());
  ConstraintDefinition unique;
  unique.name = "u";
  unique.label_or_type = person_;
  unique.keys = {id_};
  std::string before = state_sums(t_->view()).to_string();
  EXPECT_EQ(code(t_->create_constraint(unique)), ErrorCode::kConstraintCreationFailed);
  EXPECT_EQ(state_sums(t_->view()).to_string(), before);
  ConstraintDefinition exists = unique;
  exists.kind = ConstraintKind::kExists;
  exists.keys = {name_};
  EXPECT_EQ(code(t_->create_constraint(exists)), ErrorCode::kConstraintCreationFailed);
  ConstraintDefinition typed = unique;
  typed.kind = ConstraintKind::kPropertyType;
  typed.name = "t";
  typed.property_type = "STRING | LIST<INTEGER NOT NULL>";
  EXPECT_EQ(code(t_->create_constraint(typed)), ErrorCode::kConstraintCreationFailed);
  EXPECT_EQ(state_sums(t_->view()).to_string(), before);
  typed.keys = {name_};
  ASSERT_TRUE(t_->create_constraint(typed).ok());
  EXPECT_EQ(code(create(person_, {{name_, Value::integer(1)}})), ErrorCode::kConstraintViolation);
  EXPECT_TRUE(create(person_, {{name_, Value::list({Value::integer(1)})}}).ok());
  EXPECT_TRUE(create(person_, {{name_, Value::string("s")}}).ok());
  ASSERT_TRUE(t_->drop_constraint("u").ok() == false);
  ASSERT_TRUE(t_->drop_constraint(typed.name).ok());
}

TEST_F(SchemaTest, SlicesBuildTheSameIndexEverywhere) {
  TestGraph follower;
  for (int i = 0; i < 5000; ++i) ASSERT_TRUE(create(i % 2 == 0 ? person_ : city_, {{id_, Value::integer(i)}}).ok());
  IndexDefinition definition;
  definition.name = "sliced";
  definition.labels_or_types = {person_};
  definition.keys = {id_};
  definition.unique = true;
  definition.state = IndexState::kPopulating;
  IndexId index = t_->create_index(definition).value();
  ASSERT_TRUE(follower.apply(graph_.commit(std::move(t_))).ok());
  int slices = 0;
  for (bool more = true; more; ++slices) {
    t_ = graph_.begin();
    auto savepoint = t_->savepoint();
    std::string before = state_sums(t_->view()).to_string();
    ASSERT_TRUE(t_->index_build_slice(index, 700).ok());
    t_->rollback_to(savepoint);
    ASSERT_EQ(state_sums(t_->view()).to_string(), before);
    ASSERT_TRUE(create(person_, {{id_, Value::integer(100000 + slices)}}).ok());  // writes go on meanwhile
    more = t_->index_build_slice(index, 700).value();
    ASSERT_TRUE(follower.apply(graph_.commit(std::move(t_))).ok());
    ASSERT_EQ(state_sums(graph_.view()).to_string(), state_sums(follower.view()).to_string());
  }
  EXPECT_GT(slices, 2);
  EXPECT_EQ(follower.view().catalog().indexes()[0].state, IndexState::kOnline);
  EXPECT_EQ(follower.view().index_entries(index), 2500u + static_cast<uint64_t>(slices));
  EXPECT_EQ(state_sums(follower.view()).to_string(), recompute_state_sums(follower.view()).to_string());
}

TEST_F(SchemaTest, ADuplicateFailsTheSlicedIndex) {
  for (int i = 0; i < 3000; ++i) ASSERT_TRUE(create(person_, {{id_, Value::integer(i % 2900)}}).ok());
  IndexDefinition definition;
  definition.labels_or_types = {person_};
  definition.keys = {id_};
  definition.unique = true;
  definition.state = IndexState::kPopulating;
  IndexId index = t_->create_index(definition).value();
  for (bool more = true; more;) more = t_->index_build_slice(index, 1000).value();
  EXPECT_EQ(t_->view().catalog().indexes()[0].state, IndexState::kFailed);
  EXPECT_FALSE(t_->view().catalog().indexes()[0].failure.empty());
  ASSERT_TRUE(create(person_, {{id_, Value::integer(1)}}).ok());
  graph_.commit(std::move(t_));
  EXPECT_EQ(state_sums(graph_.view()).to_string(), recompute_state_sums(graph_.view()).to_string());
}

TEST_F(SchemaTest, MuchDataIsIndexedInSlicesByItself) {
  uint64_t many = GraphTransaction::kBuiltAtOnce + 500;
  for (uint64_t i = 0; i < many; ++i) ASSERT_TRUE(create(person_, {{id_, Value::integer(static_cast<int64_t>(i))}}).ok());
  IndexDefinition definition;
  definition.labels_or_types = {person_};
  definition.keys = {id_};
  IndexId index = t_->create_index(definition).value();
  ASSERT_EQ(t_->view().catalog().indexes()[0].state, IndexState::kPopulating);
  EXPECT_EQ(schema_tasks(t_->view().catalog()).size(), 1u);
  EXPECT_EQ(t_->view().index_entries(index), 0u);
  uint64_t version = t_->view().catalog().version();
  ASSERT_TRUE(t_->index_build_slice(index, 600).value());
  EXPECT_EQ(t_->view().index_entries(index), 600u);
  EXPECT_EQ(t_->view().catalog().version(), version);  // plans stay good
  double percent = t_->view().index_populated_percent(t_->view().catalog().indexes()[0]);
  EXPECT_GT(percent, 10.0);
  EXPECT_LT(percent, 60.0);
  EXPECT_EQ(state_sums(t_->view()).to_string(), recompute_state_sums(t_->view()).to_string());
  // What is written meanwhile is in it, in the part that is built as in the part to come.
  NodeId first = drain(*t_->view().scan_nodes(person_))[0];
  ASSERT_TRUE(t_->set_node_property(first, id_, Value::integer(-1)).ok());
  ASSERT_TRUE(t_->delete_node(drain(*t_->view().scan_nodes(person_)).back()).ok());
  while (t_->index_build_slice(index, 600).value()) {}
  EXPECT_EQ(t_->view().catalog().indexes()[0].state, IndexState::kOnline);
  EXPECT_EQ(t_->view().index_entries(index), many - 1);
  Value values[] = {Value::integer(-1)};
  EXPECT_EQ(drain(*t_->view().index_seek(index, values)), std::vector<NodeId>{first});
  EXPECT_EQ(t_->view().index_progress(index), 0u);
  EXPECT_TRUE(schema_tasks(t_->view().catalog()).empty());
  EXPECT_FALSE(t_->index_build_slice(index, 600).value());
  EXPECT_EQ(state_sums(t_->view()).to_string(), recompute_state_sums(t_->view()).to_string());
}

TEST_F(SchemaTest, AConstraintOverMuchDataGoesWhenADuplicateIsFound) {
  TestGraph follower;
  for (int i = 0; i < 1500; ++i) ASSERT_TRUE(create(person_, {{id_, Value::integer(i == 1400 ? 7 : i)}}).ok());
  ConstraintDefinition unique;
  unique.name = "u";
  unique.label_or_type = person_;
  unique.keys = {id_};
  ASSERT_TRUE(t_->create_constraint(unique).ok());
  std::vector<SchemaTask> tasks = t_->counters().unfinished;
  ASSERT_EQ(tasks, schema_tasks(t_->view().catalog()));
  ASSERT_TRUE(create(person_, {{id_, Value::integer(1)}}).ok());  // what is not built yet is not seen ...
  ASSERT_TRUE(follower.apply(graph_.commit(std::move(t_))).ok());
  std::string failure;
  for (bool more = true; more;) {
    t_ = graph_.begin();
    more = t_->index_build_slice(tasks[0].index, 400, &failure).value();
    ASSERT_TRUE(follower.apply(graph_.commit(std::move(t_))).ok());
    ASSERT_EQ(state_sums(graph_.view()).to_string(), state_sums(follower.view()).to_string());
  }
  EXPECT_NE(failure.find("Unable to create Constraint( name='u'"), std::string::npos) << failure;
  EXPECT_TRUE(follower.view().catalog().indexes().empty());
  EXPECT_TRUE(follower.view().catalog().constraints().empty());
  std::string why;
  EXPECT_EQ(task_state(follower.view().catalog(), tasks[0], &why), TaskState::kFailed);
  EXPECT_EQ(state_sums(follower.view()).to_string(), recompute_state_sums(follower.view()).to_string());
}

TEST_F(SchemaTest, ARuleOverMuchDataHoldsForWritesWhileTheRestIsChecked) {
  for (int i = 0; i < 1500; ++i) ASSERT_TRUE(create(person_, {{id_, Value::integer(i)}, {name_, Value::string("n")}}).ok());
  ConstraintDefinition exists;
  exists.name = "e";
  exists.kind = ConstraintKind::kExists;
  exists.label_or_type = person_;
  exists.keys = {name_};
  ASSERT_TRUE(t_->create_constraint(exists).ok());
  SchemaTask task = schema_tasks(t_->view().catalog()).at(0);
  auto savepoint = t_->savepoint();
  ASSERT_TRUE(create(person_, {{id_, Value::integer(-5)}}).ok());
  EXPECT_EQ(code(t_->check_constraints()), ErrorCode::kConstraintViolation);
  t_->rollback_to(savepoint);
  uint64_t next = 0;
  int steps = 0;
  for (; next != kNoId; ++steps) next = t_->check_existing(task, next, 400).value();
  EXPECT_EQ(steps, 4);
  ASSERT_TRUE(t_->finish_check(task).ok());
  EXPECT_TRUE(schema_tasks(t_->view().catalog()).empty());
  t_->rollback_to(savepoint);
  EXPECT_EQ(schema_tasks(t_->view().catalog()).size(), 1u);
  ASSERT_TRUE(t_->drop_checked(task).ok());
  EXPECT_TRUE(t_->view().catalog().constraints().empty());
  exists.keys = {t_->property_key("nobody has this")};
  ASSERT_TRUE(t_->create_constraint(exists).ok());
  EXPECT_EQ(code(t_->check_existing(task, 0, 400)), ErrorCode::kConstraintCreationFailed);
}

TEST_F(SchemaTest, UndoingAWriteDuringABuildLeavesNothing) {
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(create(person_, {{id_, Value::integer(i)}}).ok());
  IndexDefinition definition;
  definition.labels_or_types = {person_};
  definition.keys = {id_};
  definition.state = IndexState::kPopulating;
  IndexId index = t_->create_index(definition).value();
  ASSERT_TRUE(t_->index_build_slice(index, 20).value());
  std::vector<NodeId> nodes = drain(*t_->view().scan_nodes(person_));
  std::string before = state_sums(t_->view()).to_string();
  auto savepoint = t_->savepoint();
  for (NodeId node : {nodes[3], nodes[40]}) {  // built, and not yet
    ASSERT_TRUE(t_->set_node_property(node, id_, Value::integer(-1)).ok());
    ASSERT_TRUE(t_->remove_label(node, person_).ok());
    ASSERT_TRUE(t_->add_label(node, person_).ok());
    ASSERT_TRUE(t_->delete_node(node).ok());
  }
  ASSERT_TRUE(create(person_, {{id_, Value::integer(1000)}}).ok());
  t_->rollback_to(savepoint);
  EXPECT_EQ(t_->view().index_entries(index), 20u);
  EXPECT_EQ(state_sums(t_->view()).to_string(), before);
  while (t_->index_build_slice(index, 20).value()) {}
  EXPECT_EQ(t_->view().index_entries(index), 50u);
  EXPECT_EQ(state_sums(t_->view()).to_string(), recompute_state_sums(t_->view()).to_string());
}

TEST_F(SchemaTest, AValueTooLargeFailsTheIndex) {
  ASSERT_TRUE(create(person_, {{id_, Value::string(std::string(9000, 'x'))}}).ok());
  IndexDefinition definition;
  definition.labels_or_types = {person_};
  definition.keys = {id_};
  EXPECT_EQ(code(t_->create_index(definition)), ErrorCode::kConstraintViolation);
  definition.state = IndexState::kPopulating;
  IndexId index = t_->create_index(definition).value();
  EXPECT_FALSE(t_->index_build_slice(index, 10).value());
  EXPECT_EQ(t_->view().catalog().indexes()[0].state, IndexState::kFailed);
}

TEST_F(SchemaTest, RangesCompareAsCypherDoes) {
  IndexDefinition definition;
  definition.labels_or_types = {person_};
  definition.keys = {id_};
  IndexId index = t_->create_index(definition).value();
  NodeId i5 = create(person_, {{id_, Value::integer(5)}}).value();
  NodeId f7 = create(person_, {{id_, Value::floating(7.5)}}).value();
  NodeId text = create(person_, {{id_, Value::string("abc")}}).value();
  NodeId longer = create(person_, {{id_, Value::string("abcd")}}).value();
  ASSERT_TRUE(create(person_, {{id_, Value::boolean(true)}}).ok());
  ASSERT_TRUE(create(person_, {{id_, Value::floating(0.0 / 0.0)}}).ok());
  IndexBound above{{Value::integer(5)}, false}, from{{Value::integer(5)}, true}, letter{{Value::string("abc")}, true};
  const GraphView& view = t_->view();
  EXPECT_EQ(drain(*view.index_range(index, &above, nullptr, false)), std::vector<NodeId>{f7});
  EXPECT_EQ(drain(*view.index_range(index, &from, nullptr, true)), (std::vector<NodeId>{f7, i5}));
  EXPECT_EQ(drain(*view.index_range(index, nullptr, &from, false)), std::vector<NodeId>{i5});
  EXPECT_EQ(drain(*view.index_range(index, &letter, nullptr, false)), (std::vector<NodeId>{text, longer}));
  EXPECT_TRUE(drain(*view.index_range(index, &from, &letter, false)).empty());
  EXPECT_EQ(drain(*view.index_prefix(index, "abc")), (std::vector<NodeId>{text, longer}));
  EXPECT_EQ(drain(*view.index_prefix(index, "abcd")), std::vector<NodeId>{longer});
  EXPECT_EQ(view.index_entries(index), 6u);
  EXPECT_EQ(code(t_->set_node_property(i5, id_, Value::string(std::string(9000, 'x')))), ErrorCode::kConstraintViolation);
}

}  // namespace
}  // namespace graft::graph
