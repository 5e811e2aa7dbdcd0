// Indexes and rules over much data: built in the background, waited for, taken over.

#include <set>

#include "replication/replica_test_util.h"

namespace graft::replication {
namespace {

using graph::GraphView;
using graph::IndexState;
using graph::Value;
using Outcome = LaneWork::Outcome;

constexpr int kPeople = 20'000;

std::shared_ptr<LaneWork> work(std::function<Status(graph::GraphTransaction&)> body) {
  return std::make_shared<TestWork>([body = std::move(body)](graph::GraphTransaction& t, bool) -> Result<Outcome> {
    GRAFT_TRY(body(t));
    return Outcome::kDone;
  });
}

std::shared_ptr<LaneWork> create_people(int first, int count, int64_t twin) {
  return work([=](graph::GraphTransaction& t) -> Status {
    std::vector<graph::LabelId> labels{t.label("person")};
    graph::PropertyKeyId id = t.property_key("id");
    for (int i = first; i < first + count; ++i) {
      auto node = t.create_node(labels, {{id, Value::integer(i == kPeople - 1 ? twin : i)}});
      if (!node.ok()) return node.error();
    }
    return {};
  });
}

std::shared_ptr<LaneWork> create_unique() {
  return work([](graph::GraphTransaction& t) -> Status {
    graph::ConstraintDefinition c;
    c.name = "unique_id";
    c.label_or_type = t.label("person");
    c.keys = {t.property_key("id")};
    return t.create_constraint(std::move(c));
  });
}

class SchemaBuilderTest : public ReplicaTest {
 protected:
  void found(size_t count, int64_t twin) {
    for (size_t i = 1; i <= count; ++i) add(i, members(count));
    for (size_t i = 0; i < count; ++i) ASSERT_TRUE(node(i).start().ok());
    for (int first = 0; first < kPeople; first += 1000) ASSERT_TRUE(leader().write(create_people(first, 1000, twin)).ok());
  }
  GraphView view(TestNode& node) { return GraphView(node.replica().applied().version); }
};

TEST_F(SchemaBuilderTest, AConstraintIsAnsweredWhenItHolds) {
  found(1, kPeople - 1);
  uint64_t before = view(node(0)).catalog().version();
  Awaited<Result<CommitOutcome>> made;
  node(0).replica().autocommit(create_unique(), made.callback());
  int during = 0;  // others write meanwhile
  while (view(node(0)).catalog().version() == before || !graph::schema_tasks(view(node(0)).catalog()).empty()) {
    ASSERT_TRUE(node(0).write(create_node("person", during++)).ok());
  }
  auto outcome = made.get();
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->counters.constraints_added, 1u);
  GraphView now = view(node(0));
  ASSERT_EQ(now.catalog().indexes().size(), 1u);
  EXPECT_EQ(now.catalog().indexes()[0].state, IndexState::kOnline);
  EXPECT_EQ(now.index_entries(now.catalog().indexes()[0].id), static_cast<uint64_t>(kPeople));
  auto duplicate = node(0).write(create_people(5, 1, 0));
  ASSERT_FALSE(duplicate.ok());
  EXPECT_EQ(duplicate.error().code, ErrorCode::kConstraintViolation);
}

TEST_F(SchemaBuilderTest, AConstraintThatDoesNotHoldFailsAndIsGone) {
  found(1, 17);
  auto outcome = node(0).write(create_unique());
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::kConstraintCreationFailed);
  EXPECT_NE(outcome.error().message.find("have the label `person` and property `id` = 17"), std::string::npos) << outcome.error().message;
  EXPECT_TRUE(view(node(0)).catalog().constraints().empty());
  EXPECT_TRUE(view(node(0)).catalog().indexes().empty());
}

TEST_F(SchemaBuilderTest, ARuleThatIsBrokenByWhatExistsFailsAndIsGone) {
  found(1, kPeople - 1);
  auto exists = [](const char* key) {
    return work([key](graph::GraphTransaction& t) -> Status {
      graph::ConstraintDefinition c;
      c.name = std::string("exists_") + key;
      c.kind = graph::ConstraintKind::kExists;
      c.label_or_type = t.label("person");
      c.keys = {t.property_key(key)};
      return t.create_constraint(std::move(c));
    });
  };
  auto good = node(0).write(exists("id"));
  ASSERT_TRUE(good.ok()) << good.error().message;
  auto bad = node(0).write(exists("name"));
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().code, ErrorCode::kConstraintCreationFailed);
  EXPECT_NE(bad.error().message.find("must have the property `name`"), std::string::npos) << bad.error().message;
  ASSERT_EQ(view(node(0)).catalog().constraints().size(), 1u);
  EXPECT_FALSE(view(node(0)).catalog().constraints()[0].validating);
}

TEST_F(SchemaBuilderTest, ANewLeaderGoesOn) {
  found(3, kPeople - 1);
  TestNode& old = leader();
  auto made = old.write(work([](graph::GraphTransaction& t) -> Status {
    graph::IndexDefinition index;
    index.name = "by_id";
    index.labels_or_types = {t.label("person")};
    index.keys = {t.property_key("id")};
    auto id = t.create_index(std::move(index));
    return id.ok() ? Status() : Status(id.error());
  }));
  ASSERT_TRUE(made.ok()) << made.error().message;
  old.kill();
  TestNode& next = leader();
  ASSERT_NE(next.id(), old.id());
  ASSERT_TRUE(old.start().ok());
  for (auto& n : nodes_) {
    ASSERT_TRUE(eventually([&] { return n->replica().applied().version && n->replica().applied().position.index >= made->position.index; }));
    Awaited<Status> online;
    n->replica().await_schema(graph::schema_tasks(view(*n).catalog()), std::chrono::seconds(20), online.callback());
    Status status = online.get();
    ASSERT_TRUE(status.ok()) << status.error().message;
    ASSERT_EQ(view(*n).catalog().indexes().size(), 1u);
    EXPECT_EQ(view(*n).catalog().indexes()[0].state, IndexState::kOnline);
    EXPECT_EQ(view(*n).index_entries(view(*n).catalog().indexes()[0].id), static_cast<uint64_t>(kPeople));
  }
  ASSERT_TRUE(eventually([&] { return nodes_[0]->sums() == nodes_[1]->sums() && nodes_[1]->sums() == nodes_[2]->sums(); }));
}

// A statement that its client has given up.
class CancelledWork final : public LaneWork {
 public:
  explicit CancelledWork(std::shared_ptr<LaneWork> work) : work_(std::move(work)) {}
  Result<Outcome> run(graph::GraphTransaction& transaction, bool with_budget) override { return work_->run(transaction, with_budget); }
  bool cancelled() const override { return true; }

 private:
  std::shared_ptr<LaneWork> work_;
};

TEST_F(SchemaBuilderTest, AStatementThatIsGivenUpTakesItsConstraintAlong) {
  add(1, members(1));
  node(0).most_in_index_slice = 8;  // takes seconds
  ASSERT_TRUE(node(0).start().ok());
  for (int first = 0; first < kPeople; first += 1000) ASSERT_TRUE(leader().write(create_people(first, 1000, kPeople - 1)).ok());
  auto outcome = node(0).write(std::make_shared<CancelledWork>(create_unique()));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(eventually([&] { return view(node(0)).catalog().constraints().empty() && view(node(0)).catalog().indexes().empty(); }));
}

TEST_F(SchemaBuilderTest, WaitingEndsAtItsTime) {
  found(1, kPeople - 1);
  graph::SchemaTask nothing{graph::SchemaTask::Kind::kBuildIndex, 99, {}, {}, graph::kNoToken};
  Awaited<Status> gone;
  node(0).replica().await_schema({nothing}, std::chrono::seconds(20), gone.callback());
  EXPECT_EQ(gone.get().error().code, ErrorCode::kProcedureCallFailed);
  Awaited<Status> none;
  node(0).replica().await_schema({}, std::chrono::seconds(20), none.callback());
  EXPECT_TRUE(none.get().ok());
}

}  // namespace
}  // namespace graft::replication
