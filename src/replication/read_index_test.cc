#include "replication/read_index.h"

#include <gtest/gtest.h>

#include "replication/test_runner.h"

namespace graft::replication {
namespace {

using namespace std::chrono_literals;

// Takes questions, and drops them as Raft does: silently.
class SilentNode final : public raft::RaftNode {
 public:
  const std::optional<Error>& failure() const override { return failure_; }
  void tick() override {}
  Status step(std::string_view) override { return {}; }
  Status propose(raft::Term, const std::vector<std::string>&) override { return {}; }
  Status propose_change(raft::Term, raft::ChangeKind, raft::MemberId, std::string) override { return {}; }
  Status read_index(std::string context) override {
    contexts.push_back(std::move(context));
    return refuses ? Status(Error{ErrorCode::kUnavailable, "no leader"}) : Status();
  }
  Status transfer_leader(raft::MemberId) override { return {}; }
  void campaign() override {}
  bool has_ready() const override { return false; }
  raft::Ready ready() override { return {}; }
  void on_persisted(uint64_t) override {}
  void on_applied(raft::LogIndex) override {}
  raft::Configuration apply_change(const raft::LogEntry&, bool) override { return {}; }
  raft::Configuration configuration() const override { return {}; }
  raft::LogIndex compact(raft::LogIndex) override { return 0; }
  void report_unreachable(raft::MemberId) override {}
  void report_snapshot(raft::MemberId, bool) override {}
  void set_window(raft::MemberId, uint32_t) override {}
  raft::RaftStatus status() const override { return {}; }

  std::vector<std::string> contexts;
  bool refuses = false;

 private:
  std::optional<Error> failure_;
};

class ReadIndexerTest : public ::testing::Test {
 protected:
  void ask(env::Duration patience = 1s) {
    reads.request(clock.monotonic() + patience, [this](Result<ReadPoint> point) { answers.push_back(std::move(point)); });
  }
  void ticks(uint32_t n) {
    while (n-- > 0) reads.tick(node);
  }
  raft::ReadState answer(const std::string& context, raft::LogIndex index) {
    raft::ReadState state;
    state.context = context;
    state.index = index;
    return state;
  }

  TestRunner clock;
  SilentNode node;
  ReadIndexer reads{"1-ab-", clock};
  std::vector<Result<ReadPoint>> answers;
};

TEST_F(ReadIndexerTest, OneRoundServesAllThatWaitAndALaterOneWhoCameMeanwhile) {
  ask();
  ask();
  reads.start_round(node);
  ask();  // after the question went out: what was acknowledged since is not in its answer
  reads.start_round(node);
  ASSERT_EQ(node.contexts.size(), 1u);
  reads.on_read_state(answer(node.contexts[0], 7), 2);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0]->index, 7u);
  EXPECT_EQ(answers[0]->leader_term, 2u);
  reads.start_round(node);
  ASSERT_EQ(node.contexts.size(), 2u);
  reads.on_read_state(answer(node.contexts[1], 9), 2);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[2]->index, 9u);
}

TEST_F(ReadIndexerTest, ADroppedQuestionIsAskedAgainUnderANewName) {
  ask();
  reads.start_round(node);
  ticks(ReadIndexer::kRetryTicks - 1);
  EXPECT_EQ(node.contexts.size(), 1u);
  ticks(1);
  ASSERT_EQ(node.contexts.size(), 2u);
  EXPECT_NE(node.contexts[0], node.contexts[1]);
  reads.on_read_state(answer(node.contexts[0], 5), 2);  // the old one's answer, late: given up
  EXPECT_TRUE(answers.empty());
  reads.on_read_state(answer(node.contexts[1], 6), 2);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0]->index, 6u);
}

TEST_F(ReadIndexerTest, ARefusalIsAskedAgainToo) {
  node.refuses = true;
  ask();
  reads.start_round(node);
  ticks(ReadIndexer::kRetryTicks);
  EXPECT_EQ(node.contexts.size(), 2u);
  EXPECT_TRUE(answers.empty());
}

TEST_F(ReadIndexerTest, WhoWaitsTooLongIsTold) {
  ask(100ms);
  ask(10s);
  reads.start_round(node);
  clock.pass(100ms);
  ticks(1);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].error().code, ErrorCode::kUnavailable);
  reads.abandon(Error{ErrorCode::kUnavailable, "stopped"});
  EXPECT_EQ(answers.size(), 2u);
}

}  // namespace
}  // namespace graft::replication
