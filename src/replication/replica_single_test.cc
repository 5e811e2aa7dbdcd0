// One member alone: lane, commit, recovery, explicit transactions.

#include "replication/replica_test_util.h"

namespace graft::replication {
namespace {

class SingleReplicaTest : public ReplicaTest {
 protected:
  void SetUp() override {
    ReplicaTest::SetUp();
    add(1, members(1));
    Status started = node(0).start();
    ASSERT_TRUE(started.ok()) << started.error().message;
    leader();
  }
};

TEST_F(SingleReplicaTest, CommitsAndReads) {
  auto outcome = node(0).write(create_node("person", 7));
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(outcome->counters.nodes_created, 1u);
  auto version = node(0).read(true);
  ASSERT_TRUE(version.ok()) << version.error().message;
  EXPECT_EQ(graph::GraphView(version->version).node_count(), 1u);
  EXPECT_GE(version->position.index, outcome->position.index);
  EXPECT_EQ(version->position.cluster.size(), 32u);
}

TEST_F(SingleReplicaTest, AcknowledgedWritesSurviveAKill) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(node(0).write(create_node("person", i)).ok());
  std::string sums = node(0).sums();
  for (int round = 0; round < 3; ++round) {
    node(0).kill();
    Status started = node(0).start();
    ASSERT_TRUE(started.ok()) << started.error().message;
    leader();
    auto version = node(0).read(true);
    ASSERT_TRUE(version.ok()) << version.error().message;
    EXPECT_EQ(graph::GraphView(version->version).node_count(), 200u);
    EXPECT_EQ(node(0).sums(), sums);
  }
}

TEST_F(SingleReplicaTest, RecoversFromCheckpointAndLog) {
  node(0).kill();
  node(0).checkpoint_interval = std::chrono::milliseconds(1);
  ASSERT_TRUE(node(0).start().ok());
  leader();
  uint64_t written = 0;
  // Until checkpoints have happened in the middle of the writes.
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(node(0).write(create_node("person", static_cast<int64_t>(written))).ok());
    ++written;
  }
  std::string sums = node(0).sums();
  node(0).kill();
  ASSERT_TRUE(node(0).start().ok());
  leader();
  ASSERT_TRUE(node(0).read(true).ok());
  EXPECT_EQ(node(0).nodes(), written);
  EXPECT_EQ(node(0).sums(), sums);
  EXPECT_EQ(graph::recompute_state_sums(graph::GraphView(node(0).replica().applied().version)).to_string(), sums);
}

TEST_F(SingleReplicaTest, CleanStopAndStart) {
  ASSERT_TRUE(node(0).write(create_node("person", 1)).ok());
  node(0).stop();
  ASSERT_TRUE(std::filesystem::exists(node(0).directory() + "/clean-stop"));
  ASSERT_TRUE(node(0).start().ok());
  leader();
  ASSERT_TRUE(node(0).read(true).ok());
  EXPECT_EQ(node(0).nodes(), 1u);
}

TEST_F(SingleReplicaTest, ManyAtOnceShareBatches) {
  constexpr int kWrites = 2000;
  std::atomic<int> done{0};
  std::atomic<int> failed{0};
  for (int i = 0; i < kWrites; ++i) {
    node(0).replica().autocommit(create_node("person", i), [&](Result<CommitOutcome> outcome) {
      if (!outcome.ok()) ++failed;
      ++done;
    });
  }
  ASSERT_TRUE(eventually([&] { return done == kWrites; }));
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(node(0).nodes(), uint64_t{kWrites});
  EXPECT_LT(node(0).replica().status().log_last, uint64_t{kWrites});
}

TEST_F(SingleReplicaTest, AFailedStatementLeavesNothing) {
  auto outcome = node(0).write(std::make_shared<TestWork>([](graph::GraphTransaction& t, bool) -> Result<LaneWork::Outcome> {
    std::vector<graph::LabelId> labels{t.label("person")};
    GRAFT_TRY_ASSIGN(graph::NodeId id, t.create_node(labels, {}));
    static_cast<void>(id);
    return Error{ErrorCode::kArithmetic, "division by zero"};
  }));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::kArithmetic);
  EXPECT_EQ(node(0).nodes(), 0u);
  ASSERT_TRUE(node(0).write(create_node("person", 1)).ok());
  EXPECT_EQ(node(0).nodes(), 1u);
}

TEST_F(SingleReplicaTest, ALargeStatementRunsBesideTheLane) {
  std::atomic<int> runs{0};
  auto outcome = node(0).write(std::make_shared<TestWork>([&](graph::GraphTransaction& t, bool with_budget) -> Result<LaneWork::Outcome> {
    ++runs;
    std::vector<graph::LabelId> labels{t.label("person")};
    for (int i = 0; i < 10; ++i) {
      if (with_budget && i == 5) return LaneWork::Outcome::kOverBudget;
      GRAFT_TRY_ASSIGN(graph::NodeId id, t.create_node(labels, {}));
      static_cast<void>(id);
    }
    return LaneWork::Outcome::kDone;
  }));
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(outcome->counters.nodes_created, 10u);
  EXPECT_EQ(node(0).nodes(), 10u);
}

TEST_F(SingleReplicaTest, ExplicitTransactionsAreSerializable) {
  ASSERT_TRUE(node(0).write(create_node("counter", 0)).ok());
  auto increment = [](ExplicitTransaction& t) {
    auto& g = t.graph();
    auto key = g.property_key("number");
    std::vector<graph::NodeId> ids(1);
    auto cursor = g.view().scan_nodes(g.label("counter"));
    EXPECT_EQ(cursor->next(ids), 1u);
    int64_t value = g.view().node_property(ids[0], key).as_integer();
    EXPECT_TRUE(g.set_node_property(ids[0], key, graph::Value::integer(value + 1)).ok());
  };
  auto first = node(0).begin();
  auto second = node(0).begin();
  ASSERT_TRUE(first.ok()) << first.error().message;
  ASSERT_TRUE(second.ok());
  increment(**first);
  increment(**second);
  auto one = node(0).commit(std::move(*first));
  ASSERT_TRUE(one.ok()) << one.error().message;
  auto two = node(0).commit(std::move(*second));
  ASSERT_FALSE(two.ok());
  EXPECT_EQ(two.error().code, ErrorCode::kConflict);
}

TEST_F(SingleReplicaTest, ForeignBookmarksAreRefused) {
  auto foreign = node(0).read(false, {"graft:00000000000000000000000000000000:1:1"});
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code, ErrorCode::kBookmark);
  auto malformed = node(0).read(false, {"neo4j:1"});
  ASSERT_FALSE(malformed.ok());
  EXPECT_EQ(malformed.error().code, ErrorCode::kBookmark);
  auto own = node(0).write(create_node("person", 1));
  ASSERT_TRUE(own.ok());
  EXPECT_TRUE(node(0).read(false, {own->position.bookmark()}).ok());
}

TEST_F(SingleReplicaTest, TheLastVoterStays) {
  Awaited<Status> removed;
  node(0).replica().remove_member(1, removed.callback());
  Status status = removed.get();
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("last voter"), std::string::npos);
}

}  // namespace
}  // namespace graft::replication
