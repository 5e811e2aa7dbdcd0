#include "raft/raft_node.h"

#include <gtest/gtest.h>

#include "base/codec.h"
#include "raft/test_cluster.h"

namespace graft::raft {
namespace {

using Cluster = TestCluster;
using Texts = std::vector<std::string>;

TEST(RaftNode, ThreeMembersElectReplicateAndApply) {
  Cluster c({1, 2, 3});
  c.elect(1);
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"a", "b"}).ok());
  c.settle();
  for (MemberId id : {1, 2, 3}) EXPECT_EQ(c[id].applied, (Texts{"a", "b"})) << id;
  auto status = c.node(1).status();
  EXPECT_EQ(status.progress.size(), 3u);
  EXPECT_EQ(status.progress[1].state, "Replicate");
  EXPECT_EQ(status.commit, status.last_index);
}

TEST(RaftNode, OneMemberIsACluster) {
  Cluster c({1});
  c.elect(1);
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"a"}).ok());
  c.settle();
  EXPECT_EQ(c[1].applied, Texts{"a"});
}

// Nothing is committed, acknowledged or voted for that is not durable.
TEST(RaftNode, WhatIsNotDurableIsNotAcknowledged) {
  Cluster c({1, 2, 3});
  c.elect(1);
  c[1].hold_persistence = c[2].hold_persistence = true;
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"a"}).ok());
  c.settle();
  EXPECT_EQ(c.node(1).status().commit, 1u);  // 3 alone has it
  c.persist(2);
  EXPECT_EQ(c.node(1).status().commit, 2u);
  EXPECT_TRUE(c[1].applied.empty());         // the leader applies only what it has itself
  c.persist(1);
  EXPECT_EQ(c[1].applied, Texts{"a"});
}

TEST(RaftNode, ProposalsAreForTheLeaderOfThatTermOnly) {
  Cluster c({1, 2, 3});
  c.elect(1);
  EXPECT_EQ(c.node(2).propose(c.term(1), {"a"}).error().code, ErrorCode::kNotLeader);
  EXPECT_EQ(c.node(1).propose(c.term(1) - 1, {"a"}).error().code, ErrorCode::kLeadershipLost);
  c.settle();
  EXPECT_EQ(c.node(1).status().last_index, 1u);
}

TEST(RaftNode, ATransferUnderWayRefusesProposals) {
  Cluster c({1, 2, 3});
  c.elect(1);
  c.cut.insert(2);
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"a"}).ok());
  c.settle();
  ASSERT_TRUE(c.node(1).transfer_leader(2).ok());  // 2 lacks the entry: the transfer waits
  EXPECT_EQ(c.node(1).propose(c.term(1), {"b"}).error().code, ErrorCode::kLeadershipLost);
  EXPECT_EQ(c.node(1).status().transferee, 2u);
  c.tick(11, {1});
  EXPECT_EQ(c.node(1).status().transferee, 0u);
  c.cut.clear();
  c.tick(3, {1});
  ASSERT_TRUE(c.node(1).transfer_leader(2).ok());
  c.settle();
  EXPECT_EQ(c[2].role, Role::kLeader);
  EXPECT_EQ(c.node(2).transfer_leader(1 + 3).error().code, ErrorCode::kInvalidArgument);
}

// eraftpb.Message by hand: the fields that tests need.
std::string message(uint64_t type, MemberId to, MemberId from, Term term, const std::string& rest = "") {
  std::string out;
  ByteWriter w(&out);
  w.u8(1 << 3), w.varint(type);
  w.u8(2 << 3), w.varint(to);
  w.u8(3 << 3), w.varint(from);
  w.u8(4 << 3), w.varint(term);
  return out + rest;
}

TEST(RaftNode, WhatOnlyAMemberItselfMaySayIsRefusedFromTheNetwork) {
  Cluster c({1, 2, 3});
  c.elect(1);
  constexpr uint64_t kHup = 0, kBeat = 1, kPropose = 2, kUnreachable = 10, kSnapStatus = 11, kCheckQuorum = 12, kTransferLeader = 13;
  std::string entry("\x3a\x03\x22\x01x", 5);  // entries { data: "x" }
  for (uint64_t type : {kHup, kBeat, kPropose, kUnreachable, kSnapStatus, kCheckQuorum, kTransferLeader}) {
    EXPECT_EQ(c.node(1).step(message(type, 1, 2, 0, entry)).error().code, ErrorCode::kInvalidArgument) << type;
  }
  c.settle();
  EXPECT_EQ(c.node(1).status().last_index, 1u);
}

TEST(RaftNode, MalformedMessagesAreRefusedNeverFatal) {
  Cluster c({1, 2, 3});
  c.elect(1);
  constexpr uint64_t kAppend = 3, kAppendResponse = 4, kSnapshot = 7, kHeartbeat = 8, kReadIndex = 15;
  Texts bad = {"", "\xff\xff\xff", std::string(100, '\x07'),
               message(kHeartbeat, 2, 3, 1),                     // for somebody else
               message(kHeartbeat, 1, 0, 1), message(kHeartbeat, 1, 1, 1), message(kHeartbeat, 1, 2, 0),
               message(kReadIndex, 1, 2, 0),                     // without an entry
               message(kSnapshot, 1, 2, 9),                      // empty
               message(kAppend, 1, 2, 9, std::string("\x3a\x04\x10\x09\x18\x63", 6)),         // entry 99 after 0
               message(kAppendResponse, 1, 2, c.term(1), std::string("\x30\x64", 2))};        // acknowledges entry 100
  for (const std::string& m : bad) EXPECT_EQ(c.node(1).step(m).error().code, ErrorCode::kInvalidArgument);
  c.settle();
  EXPECT_FALSE(c.node(1).failure());
  EXPECT_EQ(c[1].role, Role::kLeader);
  EXPECT_FALSE(inspect_message("\xff").ok());
}

// A disk that lied: the leader knows that we have entries which our log has lost. The crate panics; the border holds.
TEST(RaftNode, APanicIsCaughtAndTheNodeStaysFailed) {
  Cluster c({1, 2, 3});
  c.elect(1);
  constexpr uint64_t kHeartbeat = 8;
  auto lost = c.node(2).step(message(kHeartbeat, 2, 1, c.term(1), std::string("\x40\x64", 2)));  // commit 100
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, ErrorCode::kInternal);
  ASSERT_TRUE(c.node(2).failure());
  EXPECT_NE(c.node(2).failure()->message.find("to_commit 100 is out of range"), std::string::npos) << c.node(2).failure()->message;
  EXPECT_FALSE(c.node(2).has_ready());
  EXPECT_EQ(c.node(2).ready().number, 0u);
  c.node(2).tick();
  EXPECT_FALSE(c.node(2).propose(1, {"a"}).ok());
}

TEST(RaftNode, AFailedReadFailsTheNodeAndNamesTheCause) {
  Cluster c({1, 2, 3}, [](RaftOptions& o) { o.tail_bytes = 1; });
  c.elect(1);
  c.cut.insert(3);
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"a", "b"}).ok());
  c.settle();
  c[1].log.broken = true;
  c.cut.clear();
  c.tick(3, {1});
  ASSERT_TRUE(c.node(1).failure());
  EXPECT_EQ(c.node(1).failure()->code, ErrorCode::kIo);
  EXPECT_NE(c.node(1).failure()->message.find("the disk is gone"), std::string::npos);
}

TEST(RaftNode, TooMuchUncommittedIsRefusedWhole) {
  Cluster c({1, 2, 3}, [](RaftOptions& o) { o.max_uncommitted_bytes = o.max_bytes_per_message = 1000; });
  c.elect(1);
  c.cut = {2, 3};
  ASSERT_TRUE(c.node(1).propose(c.term(1), {std::string(600, 'x')}).ok());
  EXPECT_EQ(c.node(1).propose(c.term(1), {"ok", std::string(600, 'x')}).error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(c.node(1).propose(c.term(1), {std::string(600, 'x'), std::string(600, 'x')}).error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(c.node(1).status().last_index, 2u);
  c.cut.clear();
  c.tick(3, {1});
  ASSERT_TRUE(c.node(1).propose(c.term(1), {std::string(600, 'x')}).ok());
}

TEST(RaftNode, ALaggingFollowerGetsBatchesOfBoundedSize) {
  Cluster c({1, 2, 3}, [](RaftOptions& o) { o.max_bytes_per_message = 10'000; });
  c.elect(1);
  c.cut.insert(3);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(c.node(1).propose(c.term(1), Texts(20, std::string(300, 'x'))).ok());
    c.settle();
  }
  c.cut.clear();
  c.sent = 0;
  c.tick(3, {1});
  EXPECT_EQ(c[3].applied.size(), 1000u);
  EXPECT_LT(c[1].max_message, 14'000u);  // entries of 300 bytes and their framing
  EXPECT_LT(c.sent, 150);                // not one entry per message
}

TEST(RaftNode, EntriesOfOneRoundTravelInOneMessage) {
  Cluster c({1, 2, 3});
  c.elect(1);
  c.sent = 0;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(c.node(1).propose(c.term(1), {"x"}).ok());
  c.settle();
  EXPECT_EQ(c[3].applied.size(), 100u);
  EXPECT_LE(c.sent, 8);  // append, response, commit, response, for two followers
}

TEST(RaftNode, FollowersLearnOfACommitAtOnce) {
  Cluster c({1, 2, 3});
  c.elect(1);
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"x"}).ok());
  c.settle();  // no tick
  EXPECT_EQ(c[2].applied, Texts{"x"});
}

TEST(RaftNode, OlderEntriesComeFromTheLogFile) {
  Cluster c({1, 2, 3}, [](RaftOptions& o) { o.tail_bytes = 2000; });
  c.elect(1);
  c.cut.insert(3);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(c.node(1).propose(c.term(1), {std::string(500, 'x')}).ok());
  c.settle();
  c[1].log.reads = 0;
  c.cut.clear();
  c.tick(3, {1});
  EXPECT_GT(c[1].log.reads, 0);
  EXPECT_EQ(c[3].applied.size(), 50u);
}

TEST(RaftNode, EntriesNotYetDurableAreNeverAskedOfTheLogFile) {
  Cluster c({1, 2, 3}, [](RaftOptions& o) { o.tail_bytes = 1; });
  c.elect(1);
  c[1].hold_persistence = true;
  c[1].log.reads = 0;
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"a", "b", "c"}).ok());
  c.settle();
  EXPECT_EQ(c[1].log.reads, 0);
  EXPECT_EQ(c[2].applied.size(), 3u);  // two others are a majority
}

TEST(RaftNode, PreVoteKeepsACutOffMemberFromDisturbing) {
  Cluster c({1, 2, 3});
  c.elect(1);
  Term term = c.term(1);
  c.cut.insert(3);
  c.tick(200, {1, 2, 3});
  EXPECT_EQ(c.term(3), term);
  c.cut.clear();
  c.tick(50);
  EXPECT_EQ(c.term(1), term);
  EXPECT_EQ(c[1].role, Role::kLeader);
}

TEST(RaftNode, ALeaderWithoutAQuorumStepsDown) {
  Cluster c({1, 2, 3});
  c.elect(1);
  c.cut = {2, 3};
  c.tick(25, {1});
  EXPECT_NE(c[1].role, Role::kLeader);
  EXPECT_EQ(c.node(1).status().leader, 0u);
}

TEST(RaftNode, NoElectionOnAnIdleHealthyCluster) {
  Cluster c({1, 2, 3});
  c.elect(1);
  Term term = c.term(1);
  c.tick(1000);
  EXPECT_EQ(c.term(1), term);
}

TEST(RaftNode, ElectionTimeoutsComeFromTheSeed) {
  auto history = [](uint64_t seed) {
    Cluster c({1, 2, 3}, [seed](RaftOptions& o) { o.random_seed = seed * 1000 + o.id; });
    std::string out;
    for (int i = 0; i < 300; ++i) {
      c.cut = {MemberId(i / 100 + 1)};
      c.tick(1);
      for (MemberId id : {1, 2, 3}) out += std::to_string(c.term(id)) + "/" + std::to_string(int(c[id].role)) + " ";
    }
    return out;
  };
  std::set<std::string> different;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(history(seed), history(seed));
    different.insert(history(seed));
  }
  EXPECT_GT(different.size(), 5u);
}

TEST(RaftNode, ReadIndexAsksAMajority) {
  Cluster c({1, 2, 3});
  c.elect(1);
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"x"}).ok());
  c.settle();
  for (MemberId id : {1, 2}) {
    ASSERT_TRUE(c.node(id).read_index("why").ok());
    c.settle();
    ASSERT_EQ(c[id].reads.size(), 1u);
    EXPECT_EQ(c[id].reads[0].index, 2u);
    EXPECT_EQ(c[id].reads[0].context, "why");
  }
  c.cut = {2, 3};
  ASSERT_TRUE(c.node(1).read_index("alone").ok());
  c.tick(30, {1});
  EXPECT_EQ(c[1].reads.size(), 1u);  // a leader that is none any more does not answer: no lease
}

TEST(RaftNode, ReadIndexWithoutALeaderSaysSo) {
  Cluster c({1, 2, 3});
  EXPECT_EQ(c.node(1).read_index("x").error().code, ErrorCode::kUnavailable);
}

TEST(RaftNode, ASecondChangeInFlightIsRefused) {
  Cluster c({1, 2, 3});
  c.elect(1);
  c.cut = {2, 3};
  ASSERT_TRUE(c.node(1).propose_change(c.term(1), ChangeKind::kAddLearner, 4, "four").ok());
  EXPECT_TRUE(c.node(1).status().pending_change);
  EXPECT_EQ(c.node(1).propose_change(c.term(1), ChangeKind::kAddLearner, 5, "").error().code, ErrorCode::kUnavailable);
  c.cut.clear();
  c.tick(3, {1});
  EXPECT_EQ(c[2].configuration.learners, std::vector<MemberId>{4});
  ASSERT_TRUE(c.node(1).propose_change(c.term(1), ChangeKind::kAddLearner, 5, "").ok());
}

TEST(RaftNode, ChangesThatMakeNoSenseAreRefusedBeforeTheyAreProposed) {
  Cluster c({1, 2});
  c.elect(1);
  auto refused = [&](ChangeKind kind, MemberId id) {
    auto status = c.node(1).propose_change(c.term(1), kind, id, "");
    return !status.ok() && status.error().code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused(ChangeKind::kAddVoter, 0));
  EXPECT_TRUE(refused(ChangeKind::kAddVoter, 2));
  EXPECT_TRUE(refused(ChangeKind::kRemove, 9));
  EXPECT_TRUE(refused(ChangeKind::kRemove, 1));      // the leader itself
  EXPECT_TRUE(refused(ChangeKind::kAddLearner, 1));
  ASSERT_TRUE(c.node(1).propose_change(c.term(1), ChangeKind::kRemove, 2, "").ok());
  c.settle();
  EXPECT_EQ(c[1].configuration.voters, std::vector<MemberId>{1});
  EXPECT_TRUE(refused(ChangeKind::kRemove, 1));      // the last voter
}

TEST(RaftNode, AChangeThatIsWrongWhenAppliedIsANoOpOnAll) {
  Cluster c({1, 2, 3});
  c.elect(1);
  LogEntry nonsense{.index = 1, .term = 1, .kind = EntryKind::kConfigurationChange, .data = "\xff\xff"};
  EXPECT_EQ(c.node(1).apply_change(nonsense, false).voters.size(), 3u);
  // Removes voters one after another, without asking: the last one stays.
  for (char id : {1, 2, 3}) {
    LogEntry e{.index = 1, .term = 1, .kind = EntryKind::kConfigurationChange, .data = std::string("\x10\x01\x18", 3) + id};
    EXPECT_EQ(c.node(3).apply_change(e, true).voters.size(), id == 1 ? 3u : id == 2 ? 2u : 1u);
    c.node(3).apply_change(e, false);
  }
  EXPECT_EQ(c.node(3).configuration().voters, std::vector<MemberId>{3});
  EXPECT_FALSE(c.node(3).failure());
}

TEST(RaftNode, ARejectedChangeLeavesRoomForTheNext) {
  Cluster c({1, 2, 3});
  c.elect(1);
  for (MemberId id : {1, 2, 3}) c[id].reject_changes = true;
  ASSERT_TRUE(c.node(1).propose_change(c.term(1), ChangeKind::kAddLearner, 4, "").ok());
  c.settle();
  EXPECT_TRUE(c.node(1).configuration().learners.empty());
  EXPECT_FALSE(c.node(1).status().pending_change);
}

TEST(RaftNode, LearnersNeverElectALeader) {
  Cluster c({1, 2, 3});
  c.elect(1);
  ASSERT_TRUE(c.node(1).propose_change(c.term(1), ChangeKind::kAddLearner, 4, "").ok());
  c.settle();
  c[4].configuration = {.voters = {1, 2, 3}};
  c.start(4);
  c.tick(5, {1});
  EXPECT_EQ(c[4].configuration.learners, std::vector<MemberId>{4});
  c.cut = {1, 2};
  c.tick(300, {3, 4});
  EXPECT_NE(c[3].role, Role::kLeader);
  EXPECT_NE(c[4].role, Role::kLeader);
}

TEST(RaftNode, ConfigurationsWithoutVotersAreRefused) {
  MemoryLog log;
  RaftOptions o{.id = 1, .configuration = {.learners = {1}}};
  EXPECT_EQ(RaftNode::create(o, log).error().code, ErrorCode::kInvalidArgument);
  o.configuration = {};
  EXPECT_TRUE(RaftNode::create(o, log).ok());
}

TEST(RaftNode, WhatIsAppliedIsCommittedAtStart) {
  MemoryLog log;
  log.append({{.index = 1, .term = 1}, {.index = 2, .term = 1}});
  RaftOptions o{.id = 1, .applied = 2, .hard_state = {.term = 1, .vote = 1, .commit = 1}, .configuration = {.voters = {1}}};
  auto node = RaftNode::create(o, log);
  ASSERT_TRUE(node.ok());
  EXPECT_EQ((*node)->status().commit, 2u);
  o.applied = 3;
  EXPECT_EQ(RaftNode::create(o, log).error().code, ErrorCode::kInvalidArgument);
  o.applied = 0;
  o.hard_state.commit = 7;
  EXPECT_EQ(RaftNode::create(o, log).error().code, ErrorCode::kInvalidArgument);
}

TEST(RaftNode, ARestartedMemberGoesOn) {
  Cluster c({1, 2, 3});
  c.elect(1);
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"a"}).ok());
  c.settle();
  c[2].node.reset();
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"b"}).ok());
  c.settle();
  c.start(2);
  c.tick(5);
  EXPECT_EQ(c[2].applied, (Texts{"a", "b"}));
}

SnapshotDescriptor describe(Cluster& c, MemberId id) {
  auto s = c.node(id).status();
  return {.index = s.applied, .term = *c[id].log.term(s.applied), .configuration = c[id].configuration, .data = "pages"};
}

TEST(RaftNode, AFollowerBehindTheLogGetsADescriptorAndItsEndIsReported) {
  Cluster c({1, 2, 3});
  c.elect(1);
  c.cut.insert(3);
  ASSERT_TRUE(c.node(1).propose(c.term(1), Texts(10, "x")).ok());
  c.settle();
  EXPECT_EQ(c.node(1).compact(8), 9u);
  EXPECT_EQ(c.node(1).compact(8), 9u);
  EXPECT_EQ(c.node(1).compact(100), c.node(1).status().applied + 1);
  c.cut.clear();
  c.tick(3, {1});
  EXPECT_EQ(c.node(1).status().progress[2].state, "Probe");  // none to be had yet
  c[1].log.offer = describe(c, 1);
  c[1].log.offer->configuration.voters = {1, 2};
  c.tick(3, {1});
  EXPECT_EQ(c.node(1).status().progress[2].state, "Probe");  // without the receiver it would be ignored
  c[1].log.offer = describe(c, 1);
  c.lose_snapshots = true;
  c.tick(20, {1, 2});
  EXPECT_EQ(c.node(1).status().progress[2].state, "Snapshot");
  ASSERT_TRUE(c.node(1).propose(c.term(1), {"y"}).ok());
  c.settle();
  EXPECT_TRUE(c[3].applied.empty());
  EXPECT_EQ(c.node(1).compact(100), 12u);                    // kept: a snapshot at 11 is in flight
  c.node(1).report_snapshot(3, false);
  c.lose_snapshots = false;
  c.tick(3, {1});
  c.node(1).report_snapshot(3, true);
  c.tick(3, {1});
  EXPECT_EQ(c[3].log.base, 11u);
  EXPECT_EQ(c[3].applied, Texts{"y"});
  EXPECT_EQ(c.node(1).status().progress[2].state, "Replicate");
}

TEST(RaftNode, AnOfferIsRecognizedWithoutANode) {
  Cluster c({1, 2, 3});
  c.elect(1);
  c.cut.insert(3);
  ASSERT_TRUE(c.node(1).propose(c.term(1), Texts(10, "x")).ok());
  c.settle();
  c.node(1).compact(11);
  c[1].log.offer = describe(c, 1);
  c.cut.clear();
  c.tick(3, {1});
  ASSERT_FALSE(c.offers.empty());
  auto info = inspect_message(c.offers[0]);
  ASSERT_TRUE(info.ok() && info->snapshot);
  auto offered = info->snapshot;
  EXPECT_EQ(info->to, 3u);
  EXPECT_EQ(info->from, 1u);
  EXPECT_EQ(offered->index, 11u);
  EXPECT_EQ(offered->data, "pages");
  EXPECT_EQ(offered->configuration.voters, (std::vector<MemberId>{1, 2, 3}));
}

TEST(RaftNode, AClosedWindowPausesAppendsToOneMember) {
  Cluster c({1, 2, 3});
  c.elect(1);
  c.node(1).set_window(3, 0);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(c.node(1).propose(c.term(1), {"x"}).ok());
  c.settle();
  EXPECT_EQ(c[2].applied.size(), 5u);
  EXPECT_TRUE(c[3].applied.empty());
  c.node(1).set_window(3, 256);
  c.tick(2, {1});
  EXPECT_EQ(c[3].applied.size(), 5u);
}

}  // namespace
}  // namespace graft::raft
