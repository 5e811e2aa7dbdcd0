// Several members in one process, over real sockets and files: election, failover, membership, snapshots.

#include "replication/replica_test_util.h"

namespace graft::replication {
namespace {

class ClusterTest : public ReplicaTest {
 protected:
  void start_three() {
    for (raft::MemberId id = 1; id <= 3; ++id) {
      Status started = add(id, members(3)).start();
      ASSERT_TRUE(started.ok()) << started.error().message;
    }
    leader();
    for (auto& n : nodes_) {
      ASSERT_TRUE(eventually([&] { return n->replica().status().state == ReplicaState::kServing; }));
    }
  }
  // A write that finds the leader, whoever that is.
  CommitOutcome write_somewhere(int64_t number) {
    auto end = std::chrono::steady_clock::now() + kTestTimeout;
    while (std::chrono::steady_clock::now() < end) {
      auto outcome = leader().write(create_node("person", number));
      if (outcome.ok()) return std::move(*outcome);
      EXPECT_TRUE(is_retryable(outcome.error().code) || outcome.error().code == ErrorCode::kUnknownOutcome) << outcome.error().message;
    }
    ADD_FAILURE() << "no write in time";
    return {};
  }
  bool all_equal(uint64_t nodes) {
    return eventually([&] {
      std::string sums;
      for (auto& n : nodes_) {
        if (!n->running()) continue;
        if (!n->replica().applied().version || n->nodes() != nodes) return false;
        if (sums.empty()) sums = n->sums();
        if (n->sums() != sums) return false;
      }
      return true;
    });
  }
  // The change before may not have ended on the leader yet, although its record is applied: as the error says, tried again.
  Status add_member(const Member& m) {
    Status added;
    eventually([&] {
      Awaited<Status> done;
      leader().replica().add_member(m, done.callback());
      added = done.get();
      return added.ok() || added.error().message.find("in flight") == std::string::npos;
    });
    return added;
  }
  Status remove_member(raft::MemberId id) {
    Awaited<Status> done;
    leader().replica().remove_member(id, done.callback());
    return done.get();
  }
  bool votes(raft::MemberId id) {
    for (const Member& m : leader().replica().status().members) {
      if (m.id == id) return !m.learner && !m.promoting;
    }
    return false;
  }
};

TEST_F(ClusterTest, ThreeFoundersElectAndReplicate) {
  start_three();
  for (int i = 0; i < 50; ++i) write_somewhere(i);
  EXPECT_TRUE(all_equal(50));
  EXPECT_EQ(node(0).replica().status().members.size(), 3u);
  for (auto& n : nodes_) EXPECT_EQ(n->replica().status().cluster_id, node(0).replica().status().cluster_id);
}

TEST_F(ClusterTest, FollowersRefuseWritesAndNameTheLeader) {
  start_three();
  raft::MemberId lead = leader().id();
  for (auto& n : nodes_) {
    if (n->id() == lead) continue;
    ASSERT_TRUE(eventually([&] { return n->replica().status().state == ReplicaState::kServing && n->replica().leader_hint() == lead; }));
    auto outcome = n->write(create_node("person", 1));
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().code, ErrorCode::kNotLeader);
    EXPECT_NE(outcome.error().message.find(member(lead).ip), std::string::npos) << outcome.error().message;
  }
}

TEST_F(ClusterTest, BookmarksAndLinearizableReadsOnFollowers) {
  start_three();
  for (int i = 0; i < 20; ++i) {
    CommitOutcome outcome = write_somewhere(i);
    for (auto& n : nodes_) {
      auto version = n->read(false, {outcome.position.bookmark()});
      ASSERT_TRUE(version.ok()) << version.error().message;
      EXPECT_EQ(graph::GraphView(version->version).node_count(), static_cast<uint64_t>(i + 1));
      auto fresh = n->read(true);
      ASSERT_TRUE(fresh.ok()) << fresh.error().message;
      EXPECT_GE(fresh->position.index, outcome.position.index);
    }
  }
}

TEST_F(ClusterTest, KilledLeaderIsReplacedAndNothingIsLost) {
  start_three();
  int written = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) write_somewhere(written++);
    TestNode& old = leader();
    old.kill();
    for (int i = 0; i < 20; ++i) write_somewhere(written++);
    ASSERT_TRUE(old.start().ok());
    EXPECT_TRUE(all_equal(static_cast<uint64_t>(written)));
  }
}

TEST_F(ClusterTest, AllKilledAtOnce) {
  start_three();
  for (int i = 0; i < 50; ++i) write_somewhere(i);
  for (auto& n : nodes_) n->kill();
  for (auto& n : nodes_) ASSERT_TRUE(n->start().ok());
  write_somewhere(50);
  EXPECT_TRUE(all_equal(51));
}

TEST_F(ClusterTest, TransferOfLeadership) {
  start_three();
  for (raft::MemberId to = 1; to <= 3; ++to) {
    if (leader().id() == to) continue;
    Awaited<Status> done;
    leader().replica().transfer_leadership(to, done.callback());
    Status status = done.get();
    ASSERT_TRUE(status.ok()) << status.error().message;
    EXPECT_EQ(leader().id(), to);
    write_somewhere(static_cast<int64_t>(to));
  }
}

TEST_F(ClusterTest, CleanStopHandsLeadershipOver) {
  start_three();
  write_somewhere(1);
  leader().stop();
  write_somewhere(2);
  EXPECT_TRUE(all_equal(2));
}

TEST_F(ClusterTest, OneGrowsToThree) {
  ASSERT_TRUE(add(1, members(1)).start().ok());
  for (int i = 0; i < 20; ++i) write_somewhere(i);
  for (raft::MemberId id = 2; id <= 3; ++id) {
    Status added = add_member(member(id));
    ASSERT_TRUE(added.ok()) << added.error().message;
    write_somewhere(18 + static_cast<int64_t>(id));
    ASSERT_TRUE(add(id, members(id)).start().ok());
    ASSERT_TRUE(eventually([&] { return votes(id); })) << nodes_.back()->replica().status().reason;
  }
  EXPECT_TRUE(all_equal(22));
  leader().kill();
  write_somewhere(22);
  EXPECT_TRUE(all_equal(23));
}

TEST_F(ClusterTest, RemovedMembersLearnIt) {
  start_three();
  write_somewhere(1);
  raft::MemberId gone = leader().id() == 3 ? 2 : 3;
  TestNode& away = node(gone - 1);
  away.kill();
  Status removed = remove_member(gone);
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  write_somewhere(2);
  ASSERT_TRUE(away.start().ok());
  ASSERT_TRUE(eventually([&] { return away.replica().status().state == ReplicaState::kRemoved; })) << away.replica().status().reason;
  EXPECT_FALSE(add_member(member(gone)).ok());
}

TEST_F(ClusterTest, ARemovedMemberThatIsThereLearnsItToo) {
  start_three();
  write_somewhere(1);
  raft::MemberId gone = leader().id() == 3 ? 2 : 3;
  Status removed = remove_member(gone);
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  TestNode& there = node(gone - 1);
  EXPECT_TRUE(eventually([&] { return there.replica().status().state == ReplicaState::kRemoved; })) << there.replica().status().reason;
}

// It comes back to a cluster whose leader was added meanwhile: nobody else can send it the entry that says so.
TEST_F(ClusterTest, AMemberThatWasAwayFollowsALeaderThatItDoesNotKnow) {
  start_three();
  write_somewhere(0);
  raft::MemberId away = leader().id() == 3 ? 2 : 3;
  node(away - 1).kill();
  ASSERT_TRUE(add_member(member(4)).ok());
  ASSERT_TRUE(add(4, members(4)).start().ok());
  ASSERT_TRUE(eventually([&] { return votes(4); })) << node(3).replica().status().reason;
  ASSERT_TRUE(eventually([&] {  // its record is there a moment before Raft lets it vote
    Awaited<Status> done;
    leader().replica().transfer_leadership(4, done.callback());
    return done.get().ok();
  }));
  ASSERT_TRUE(node(away - 1).start().ok());
  write_somewhere(1);
  EXPECT_TRUE(all_equal(2)) << node(away - 1).replica().status().reason;
  EXPECT_TRUE(eventually([&] { return node(away - 1).replica().leader_hint() == leader().id(); }));
}

TEST_F(ClusterTest, RemovingTheLeaderHandsOverFirst) {
  start_three();
  raft::MemberId old = leader().id();
  Status removed = remove_member(old);
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  ASSERT_TRUE(eventually([&] { return leader().id() != old; }));
  EXPECT_EQ(leader().replica().status().members.size(), 2u);
  write_somewhere(1);
}

TEST_F(ClusterTest, LearnersAreListedAndPromotedOnRequest) {
  start_three();
  Member learner = member(4);
  learner.learner = true;
  ASSERT_TRUE(add_member(learner).ok());
  ASSERT_TRUE(add(4, members(4)).start().ok());
  write_somewhere(1);
  EXPECT_TRUE(all_equal(1));
  EXPECT_FALSE(votes(4));
  Status promoted = add_member(member(4));
  ASSERT_TRUE(promoted.ok()) << promoted.error().message;
  EXPECT_TRUE(eventually([&] { return votes(4); }));
}

TEST_F(ClusterTest, WrongAdditionsAreRefused) {
  start_three();
  EXPECT_FALSE(add_member(member(2)).ok());
  Member same_address = member(2);
  same_address.id = 9;
  EXPECT_FALSE(add_member(same_address).ok());
  EXPECT_FALSE(remove_member(77).ok());
}

TEST_F(ClusterTest, ALostDirectoryIsRefused) {
  start_three();
  write_somewhere(1);
  raft::MemberId lost = leader().id() == 1 ? 2 : 1;
  TestNode& n = node(lost - 1);
  n.kill();
  std::filesystem::remove_all(n.directory());
  ASSERT_TRUE(n.start().ok());
  ASSERT_TRUE(eventually([&] { return n.replica().status().state == ReplicaState::kFailed; })) << n.replica().status().reason;
  EXPECT_NE(n.replica().status().reason.find("remove"), std::string::npos) << n.replica().status().reason;
}

TEST_F(ClusterTest, ADirectoryCopiedFromAStoppedMemberIsUsed) {
  start_three();
  for (int i = 0; i < 20; ++i) write_somewhere(i);
  raft::MemberId source = leader().id() == 3 ? 2 : 3;
  node(source - 1).stop();
  std::filesystem::copy(node(source - 1).directory(), root_ + "/node4", std::filesystem::copy_options::recursive);
  ASSERT_TRUE(node(source - 1).start().ok());
  Status added = add_member(member(4));
  ASSERT_TRUE(added.ok()) << added.error().message;
  ASSERT_TRUE(add(4, members(4)).start().ok());
  write_somewhere(20);
  ASSERT_TRUE(eventually([&] { return votes(4); })) << node(3).replica().status().reason;
  EXPECT_TRUE(all_equal(21));
  EXPECT_FALSE(std::filesystem::exists(root_ + "/node4/set-aside-1"));
}

TEST_F(ClusterTest, ADirectoryCopiedFromARunningMemberIsSetAside) {
  start_three();
  for (int i = 0; i < 20; ++i) write_somewhere(i);
  raft::MemberId source = leader().id() == 3 ? 2 : 3;
  std::filesystem::copy(node(source - 1).directory(), root_ + "/node4", std::filesystem::copy_options::recursive);
  Status added = add_member(member(4));
  ASSERT_TRUE(added.ok()) << added.error().message;
  ASSERT_TRUE(add(4, members(4)).start().ok());
  ASSERT_TRUE(eventually([&] { return votes(4); })) << node(3).replica().status().reason;
  write_somewhere(20);
  EXPECT_TRUE(all_equal(21));
  EXPECT_TRUE(std::filesystem::exists(root_ + "/node4/set-aside-1"));
}

TEST_F(ClusterTest, ANewcomerIsFilledWhileWritesGoOn) {
  ASSERT_TRUE(add(1, members(1)).start().ok());
  leader();
  std::atomic<uint64_t> written{0};
  for (int i = 0; i < 500; ++i) write_somewhere(static_cast<int64_t>(written++));
  ASSERT_TRUE(add_member(member(2)).ok());
  ASSERT_TRUE(add(2, members(2)).start().ok());
  while (!votes(2)) write_somewhere(static_cast<int64_t>(written++));
  write_somewhere(static_cast<int64_t>(written++));
  EXPECT_TRUE(all_equal(written));
  // It starts again from what the snapshot and the log left.
  node(1).kill();
  ASSERT_TRUE(node(1).start().ok());
  write_somewhere(static_cast<int64_t>(written++));
  EXPECT_TRUE(all_equal(written));
}

TEST_F(ClusterTest, FoundersWaitForAllOfThem) {
  ASSERT_TRUE(add(1, members(3)).start().ok());
  ASSERT_TRUE(add(2, members(3)).start().ok());
  ASSERT_TRUE(eventually([&] { return node(0).replica().status().reason.find("3") != std::string::npos; })) << node(0).replica().status().reason;
  EXPECT_EQ(node(0).replica().status().state, ReplicaState::kWaitingForPeers);
  ASSERT_TRUE(add(3, members(3)).start().ok());
  write_somewhere(1);
  EXPECT_TRUE(all_equal(1));
}

}  // namespace
}  // namespace graft::replication
