// The lane and the applier without Raft: what the lane proposes is fed to appliers, as a log would.

#include "replication/lane.h"

#include <gtest/gtest.h>

#include "replication/applier.h"
#include "replication/test_runner.h"
#include "replication/transactions.h"
#include "storage/memory_file_system.h"

namespace graft::replication {
namespace {

class TestJob final : public LaneJob {
 public:
  using Body = std::function<Result<Outcome>(graph::GraphTransaction&)>;
  explicit TestJob(Body body, std::optional<ConfigurationChange> change = std::nullopt) : body_(std::move(body)), change_(change) {}
  Result<Outcome> run(graph::GraphTransaction& transaction, const Chain::Batch&, const WriteWindow&, std::shared_ptr<LaneJob>) override {
    ++runs;
    return body_(transaction);
  }
  bool is_configuration_change() const override { return change_.has_value(); }
  std::optional<ConfigurationChange> configuration_change() const override { return change_; }
  void finish(const Result<raft::LogIndex>& result) override {
    EXPECT_FALSE(this->result.has_value()) << "told twice";
    this->result = result;
  }

  int runs = 0;
  std::optional<Result<raft::LogIndex>> result;

 private:
  Body body_;
  std::optional<ConfigurationChange> change_;
};

// One member: store, chain, lane, applier; and what they ask of their host.
class Side final : public LaneHost, public ApplierHost {
 public:
  explicit Side(TestRunner& runner) : runner_(runner) {}

  void propose(Proposal proposal) override { proposals.push_back(std::move(proposal)); }
  void confirm_leadership(raft::Term, std::function<void(Status)> done) override { confirmations.push_back(std::move(done)); }
  Error not_leader_error() const override { return Error{ErrorCode::kNotLeader, "the leader is elsewhere"}; }
  void on_applied(const AppliedPoint& point, std::vector<AppliedChange> changes) override {
    applied.push_back(point.index);
    for (AppliedChange& change : changes) this->changes.push_back(std::move(change));
  }
  void on_apply_failed(Error error) override { failure = std::move(error); }

  graph::GraphView view() const { return graph::GraphView(chain.applied().version); }
  std::string sums() const { return graph::state_sums(view()).to_string(); }

 private:
  static storage::StoreOptions store_options() {
    storage::StoreOptions options;
    options.map_reserve_bytes = uint64_t{1} << 30;
    return options;
  }
  TestRunner& runner_;
  std::shared_ptr<int> life_ = std::make_shared<int>(0);
  storage::MemoryFileSystem fs_;

 public:
  std::shared_ptr<storage::Store> store = storage::Store::open(fs_, "db", store_options()).value();
  Chain chain{store, AppliedPoint{store->applied(), 1, 1, {}}, runner_};
  Lane lane{chain, *this, RoleHandle(runner_, life_), runner_, 100'000};
  Applier applier{chain, *this, RoleHandle(runner_, life_)};
  std::vector<Proposal> proposals;
  std::vector<std::function<void(Status)>> confirmations;
  std::vector<raft::LogIndex> applied;
  std::vector<AppliedChange> changes;
  std::optional<Error> failure;
};

class LaneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    leader.chain.set_leader(2);
    log.push_back(raft::LogEntry{2, 2, raft::EntryKind::kNormal, "", ""});
    commit_all();
    ASSERT_NE(leader.chain.opening(), nullptr);
  }
  std::shared_ptr<TestJob> submit(TestJob::Body body, std::optional<ConfigurationChange> change = std::nullopt) {
    auto job = std::make_shared<TestJob>(std::move(body), change);
    leader.lane.submit(job);
    return job;
  }
  static TestJob::Body create(int64_t number, size_t padding = 0) {
    return [number, padding](graph::GraphTransaction& t) -> Result<LaneJob::Outcome> {
      std::vector<graph::LabelId> labels{t.label("N")};
      graph::PropertyList properties{{t.property_key("number"), graph::Value::integer(number)}};
      if (padding != 0) properties.emplace_back(t.property_key("padding"), graph::Value::string(std::string(padding, 'x')));
      GRAFT_TRY(t.create_node(labels, properties));
      return LaneJob::Outcome::kDone;
    };
  }
  static TestJob::Body read(uint64_t* seen) {
    return [seen](graph::GraphTransaction& t) -> Result<LaneJob::Outcome> {
      *seen = t.view().node_count();
      return LaneJob::Outcome::kDone;
    };
  }
  // Names are a transaction's own once: two that both make one conflict.
  void make_tokens() {
    submit(create(0, 1));
    runner.run();
    append_proposals();
    commit_all();
  }
  // What was proposed goes into the log.
  void append_proposals() {
    for (Proposal& p : leader.proposals) {
      raft::LogEntry entry{log.back().index + 1, 2, raft::EntryKind::kNormal, std::move(p.bytes), ""};
      if (p.change) {
        entry.kind = raft::EntryKind::kConfigurationChange;
        entry.context.swap(entry.data);
      }
      log.push_back(std::move(entry));
    }
    leader.proposals.clear();
  }
  void commit_all(Side& side) {
    std::vector<raft::LogEntry> entries;
    for (const raft::LogEntry& entry : log) {
      if (entry.index > side.chain.applied().index) entries.push_back(entry);
    }
    side.applier.enqueue(std::move(entries));
    runner.run();
  }
  void commit_all() { commit_all(leader); }

  TestRunner runner;
  Side leader{runner}, follower{runner};
  std::vector<raft::LogEntry> log;
};

TEST_F(LaneTest, ManyJobsMakeOneEntryAndAreToldWhenItIsApplied) {
  std::vector<std::shared_ptr<TestJob>> jobs;
  for (int i = 0; i < 10; ++i) jobs.push_back(submit(create(i)));
  runner.run();
  ASSERT_EQ(leader.proposals.size(), 1u);
  Result<Envelope> envelope = decode_envelope(leader.proposals[0].bytes);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(envelope->change_sets.size(), 10u);
  for (auto& job : jobs) EXPECT_FALSE(job->result.has_value());
  EXPECT_EQ(leader.view().node_count(), 0u);
  append_proposals();
  commit_all();
  for (auto& job : jobs) {
    ASSERT_TRUE(job->result && job->result->ok());
    EXPECT_EQ(**job->result, 3u);
    EXPECT_EQ(job->counters.nodes_created, 1u);
  }
  EXPECT_EQ(leader.view().node_count(), 10u);
}

TEST_F(LaneTest, AnErrorUndoesItsOwnJobOnlyAndIsWithheldLikeTheRest) {
  auto first = submit(create(1));
  auto failing = submit([](graph::GraphTransaction& t) -> Result<LaneJob::Outcome> {
    static_cast<void>(create(2)(t).ok());
    return Error{ErrorCode::kConstraintViolation, "no"};
  });
  auto last = submit(create(3));
  runner.run();
  EXPECT_FALSE(failing->result.has_value());  // it saw what `first` did, which may be lost yet
  append_proposals();
  commit_all();
  EXPECT_EQ(leader.view().node_count(), 2u);
  EXPECT_TRUE(first->result->ok());
  EXPECT_TRUE(last->result->ok());
  EXPECT_EQ(failing->result->error().code, ErrorCode::kConstraintViolation);
}

TEST_F(LaneTest, WhatWroteNothingWaitsForLeadershipAndForTheHeadItRead) {
  submit(create(1));
  runner.run();
  uint64_t seen = 0;
  auto reader = submit(read(&seen));
  runner.run();
  EXPECT_EQ(seen, 1u);
  ASSERT_EQ(leader.confirmations.size(), 1u);
  leader.confirmations[0](Status());
  EXPECT_FALSE(reader->result.has_value());
  append_proposals();
  commit_all();
  ASSERT_TRUE(reader->result && reader->result->ok());
  EXPECT_EQ(**reader->result, 3u);

  auto second = submit(read(&seen));
  runner.run();
  leader.confirmations[1](Error{ErrorCode::kLeadershipLost, "not any more"});
  EXPECT_EQ(second->result->error().code, ErrorCode::kLeadershipLost);
}

TEST_F(LaneTest, AReaderOfADroppedHeadHasToRunAgain) {
  submit(create(1));
  runner.run();
  uint64_t seen = 0;
  auto reader = submit(read(&seen));
  runner.run();
  Envelope foreign;
  foreign.mark = ChainMark{3, 1};
  log.push_back(raft::LogEntry{3, 3, raft::EntryKind::kNormal, encode_envelope(foreign), ""});
  commit_all();
  leader.confirmations[0](Status());  // late
  ASSERT_TRUE(reader->result.has_value());
  ASSERT_FALSE(reader->result->ok());
  EXPECT_EQ(reader->result->error().code, ErrorCode::kLeadershipLost);
}

TEST_F(LaneTest, AConfigurationChangeHasAnEntryOfItsOwn) {
  submit(create(1));
  auto change = submit(create(2), ConfigurationChange{raft::ChangeKind::kAddLearner, 7});
  submit(create(3));
  runner.run();
  ASSERT_EQ(leader.proposals.size(), 3u);
  EXPECT_FALSE(leader.proposals[0].change.has_value());
  ASSERT_TRUE(leader.proposals[1].change.has_value());
  EXPECT_EQ(leader.proposals[1].change->member, 7u);
  EXPECT_FALSE(leader.proposals[2].change.has_value());
  append_proposals();
  commit_all();
  commit_all(follower);
  for (Side* side : {&leader, &follower}) {
    ASSERT_EQ(side->changes.size(), 1u);
    EXPECT_FALSE(side->changes[0].reject);
  }
  EXPECT_EQ(leader.sums(), follower.sums());
}

TEST_F(LaneTest, ATooLargeOneIsRefusedAndTheOthersOfItsBatchRunAgain) {
  auto small = submit(create(1));
  auto large = submit(create(2, 200'000));
  auto after = submit(create(3));
  runner.run();
  EXPECT_EQ(large->result->error().code, ErrorCode::kTransactionTooLarge);
  EXPECT_NE(large->result->error().message.find("100000"), std::string::npos) << large->result->error().message;
  EXPECT_EQ(small->runs, 2);
  append_proposals();
  commit_all();
  EXPECT_TRUE(small->result->ok());
  EXPECT_TRUE(after->result->ok());
  EXPECT_EQ(leader.view().node_count(), 2u);
}

TEST_F(LaneTest, LosingLeadershipInTheMiddleOfABatchProposesNothing) {
  auto job = submit([this](graph::GraphTransaction& t) {
    leader.chain.close();
    return create(1)(t);
  });
  runner.run();
  EXPECT_TRUE(leader.proposals.empty());
  ASSERT_TRUE(job->result.has_value());
  EXPECT_EQ(job->result->error().code, ErrorCode::kLeadershipLost);
  auto late = submit(create(2));
  runner.run();
  EXPECT_EQ(late->result->error().code, ErrorCode::kNotLeader);
}

TEST_F(LaneTest, HandedOnLeavesNothingBehind) {
  auto job = submit([](graph::GraphTransaction& t) -> Result<LaneJob::Outcome> {
    static_cast<void>(create(1)(t).ok());
    return LaneJob::Outcome::kHandedOn;
  });
  runner.run();
  EXPECT_TRUE(leader.proposals.empty());
  EXPECT_FALSE(job->result.has_value());
}

// A transaction beside the lane that wrote something and asks for its commit.
struct Beside {
  std::optional<Result<raft::LogIndex>> result;
  std::shared_ptr<CommitJob> job;
  Beside(Side& side, const TestJob::Body& body) {
    Chain::Standing now = side.chain.standing();
    auto transaction = std::make_unique<ForkTransaction>(now.store, now.opening, now.applied.version, Position{});
    EXPECT_TRUE(body(transaction->graph()).ok());
    graph::WriteCounters counters = transaction->graph().counters();
    std::string change_set = transaction->graph().take_change_set();
    job = std::make_shared<CommitJob>(std::move(transaction), std::move(change_set), counters,
                                      [this](const Result<raft::LogIndex>& index, const graph::WriteCounters&) { result = index; });
  }
};

TEST_F(LaneTest, ATransactionOnTheVeryHeadIsSealedAsItStandsAndOthersAreReplayed) {
  make_tokens();
  Beside first(leader, create(1, 1000)), second(leader, create(2, 80'000)), third(leader, create(3, 1000));
  EXPECT_TRUE(first.job->ready(Chain::Batch{.store = leader.store, .opening = leader.chain.opening(), .head = leader.store->head()}, true) == std::nullopt)
      << "small ones share a batch";
  leader.lane.submit(second.job);  // large: alone, although others wait
  leader.lane.submit(first.job);   // on what is not the head any more
  leader.lane.submit(third.job);
  runner.run();
  ASSERT_EQ(leader.proposals.size(), 2u);
  EXPECT_EQ(decode_envelope(leader.proposals[0].bytes)->change_sets.size(), 1u);
  EXPECT_EQ(decode_envelope(leader.proposals[1].bytes)->change_sets.size(), 2u);
  append_proposals();
  commit_all();
  Beside alone(leader, create(4));
  leader.lane.submit(alone.job);
  runner.run();
  append_proposals();
  commit_all();
  for (const Beside* one : {&first, &second, &third, &alone}) EXPECT_TRUE(one->result && one->result->ok());
  commit_all(follower);
  EXPECT_EQ(leader.view().node_count(), 5u);
  EXPECT_EQ(leader.sums(), follower.sums());
  EXPECT_EQ(leader.sums(), graph::recompute_state_sums(leader.view()).to_string());
}

TEST_F(LaneTest, WhatASealedTransactionWroteIsSeenByTheFootprintsOfOthers) {
  auto count = [](graph::GraphTransaction& t) -> Result<LaneJob::Outcome> {
    static_cast<void>(t.view().scan_nodes());
    return create(9)(t);
  };
  make_tokens();
  Beside reader(leader, count), writer(leader, create(1));
  leader.lane.submit(writer.job);
  runner.run();
  leader.lane.submit(reader.job);
  runner.run();
  append_proposals();
  commit_all();
  for (auto& confirm : leader.confirmations) confirm(Status());
  EXPECT_TRUE(writer.result && writer.result->ok());
  ASSERT_TRUE(reader.result.has_value());
  ASSERT_FALSE(reader.result->ok());
  EXPECT_EQ(reader.result->error().code, ErrorCode::kConflict);
}

TEST_F(LaneTest, TheQueueIsBounded) {
  leader.chain.set_draining(true);
  std::vector<std::shared_ptr<TestJob>> jobs;
  for (size_t i = 0; i <= Lane::kMaxQueued; ++i) jobs.push_back(submit(create(1)));
  EXPECT_FALSE(jobs.front()->result.has_value());
  EXPECT_EQ(jobs.back()->result->error().code, ErrorCode::kOverloaded);
  leader.lane.abandon(Error{ErrorCode::kUnavailable, "stopped"});
  EXPECT_EQ(jobs.front()->result->error().code, ErrorCode::kUnavailable);
}

TEST_F(LaneTest, AFollowerReplaysManyEntriesAsOneVersion) {
  for (int batch = 0; batch < 5; ++batch) {
    for (int i = 0; i < 4; ++i) submit(create(batch * 4 + i));
    runner.run();
    append_proposals();
  }
  commit_all();
  storage::VersionNo before = follower.store->applied().number();
  commit_all(follower);
  EXPECT_EQ(follower.store->applied().number(), before + 1);
  EXPECT_EQ(follower.applied, (std::vector<raft::LogIndex>{log.back().index}));
  EXPECT_EQ(follower.view().node_count(), 20u);
  EXPECT_EQ(leader.sums(), follower.sums());
  EXPECT_EQ(leader.chain.applied().mark, follower.chain.applied().mark);
}

TEST_F(LaneTest, EntriesThatDoNotFitAreNoOpsOnAllAlike) {
  submit(create(1));
  runner.run();
  append_proposals();
  raft::LogEntry again = log.back();
  again.index += 1;
  log.push_back(again);          // doubled
  again.index += 1;
  again.term = 3;
  log.push_back(again);          // forwarded into another term
  again.kind = raft::EntryKind::kConfigurationChange;
  again.index += 1;
  again.context.swap(again.data);
  log.push_back(again);          // a change that does not fit changes no members
  commit_all();
  commit_all(follower);
  for (Side* side : {&leader, &follower}) {
    EXPECT_EQ(side->view().node_count(), 1u);
    EXPECT_EQ(side->chain.applied().index, again.index);
    ASSERT_EQ(side->changes.size(), 1u);
    EXPECT_TRUE(side->changes[0].reject);
    EXPECT_FALSE(side->failure.has_value());
  }
  EXPECT_EQ(leader.sums(), follower.sums());
}

TEST_F(LaneTest, EntriesThatASnapshotHoldsAreSkipped) {
  submit(create(1));
  runner.run();
  append_proposals();
  commit_all(follower);
  follower.applier.enqueue(log);  // all of it once more
  runner.run();
  EXPECT_EQ(follower.view().node_count(), 1u);
  follower.applier.enqueue({raft::LogEntry{log.back().index + 1, 2, raft::EntryKind::kNormal, "not an envelope", ""}});
  follower.applier.clear();
  runner.run();
  EXPECT_FALSE(follower.failure.has_value());
}

TEST_F(LaneTest, StateSumsAreComparedAndADifferenceStops) {
  submit(create(1));
  runner.run();
  leader.lane.request_sums();
  submit(create(2));
  runner.run();
  append_proposals();
  commit_all();
  commit_all(follower);
  EXPECT_FALSE(leader.failure.has_value());
  EXPECT_FALSE(follower.failure.has_value()) << follower.failure->message;
  Envelope lie;
  lie.kind = PayloadKind::kSums;
  lie.mark = ChainMark{2, 0};
  lie.predecessor = leader.chain.applied().mark.number;
  lie.sums = "something else";
  log.push_back(raft::LogEntry{log.back().index + 1, 2, raft::EntryKind::kNormal, encode_envelope(lie), ""});
  commit_all(follower);
  ASSERT_TRUE(follower.failure.has_value());
  EXPECT_EQ(follower.failure->code, ErrorCode::kCorruption);
  EXPECT_NE(follower.failure->message.find("state differs"), std::string::npos) << follower.failure->message;
}

TEST_F(LaneTest, AnEntryThatCannotBeReadIsNamed) {
  log.push_back(raft::LogEntry{3, 2, raft::EntryKind::kNormal, "not an envelope", ""});
  commit_all(follower);
  ASSERT_TRUE(follower.failure.has_value());
  EXPECT_NE(follower.failure->message.find("log entry 3"), std::string::npos) << follower.failure->message;
}

}  // namespace
}  // namespace graft::replication
