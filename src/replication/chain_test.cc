// The chain by itself: when it opens, what moves `applied`, what drops it, and what the waiters are told.

#include "replication/chain.h"

#include <gtest/gtest.h>

#include "replication/test_runner.h"
#include "storage/memory_file_system.h"

namespace graft::replication {
namespace {

using namespace std::chrono_literals;

constexpr storage::TableId kTable = 1;

std::shared_ptr<storage::Store> open_store(storage::MemoryFileSystem& fs, const std::string& directory) {
  storage::StoreOptions options;
  options.map_reserve_bytes = uint64_t{1} << 30;
  return storage::Store::open(fs, directory, options).value();
}

class ChainTest : public ::testing::Test {
 protected:
  // Leader of term 2, the empty entry of the term applied at index 2.
  void open_in_term(raft::Term term) {
    chain.set_leader(term);
    chain.advance_to(chain.applied().index + 1, term);
    ASSERT_TRUE(chain.try_open());
  }
  // One version that holds `content`; its fate goes to fates[content].
  Envelope append(const std::string& content) {
    Chain::Batch batch;
    EXPECT_EQ(chain.begin_batch(&batch), Chain::Gate::kOpen);
    EXPECT_TRUE(append(batch, content).has_value());
    return envelope_of(batch);
  }
  std::optional<storage::VersionNo> append(const Chain::Batch& batch, const std::string& content) {
    auto fork = batch.store->fork(batch.head);
    fork->put(kTable, 0, content);
    std::vector<FateCallback> waiters{fate(content)};
    return chain.append(batch, std::move(fork), content.size(), std::move(waiters));
  }
  static Envelope envelope_of(const Chain::Batch& batch) {
    Envelope envelope;
    envelope.mark = batch.mark;
    envelope.predecessor = batch.predecessor;
    return envelope;
  }
  static Envelope envelope(raft::Term term, uint64_t number, uint64_t predecessor) {
    Envelope e;
    e.mark = ChainMark{term, number};
    e.predecessor = predecessor;
    return e;
  }
  FateCallback fate(const std::string& name) {
    return [this, name](const Result<raft::LogIndex>& result) {
      EXPECT_EQ(fates.count(name), 0u) << name << " is told twice";
      fates[name] = result.ok() ? "at " + std::to_string(*result) : code_name(result.error().code);
    };
  }
  static std::string code_name(ErrorCode code) {
    if (code == ErrorCode::kLeadershipLost) return "lost";
    if (code == ErrorCode::kUnknownOutcome) return "unknown";
    return code == ErrorCode::kOverloaded ? "refused" : "other";
  }
  Chain::Gate gate() {
    Chain::Batch batch;
    Chain::Gate g = chain.begin_batch(&batch);
    if (g == Chain::Gate::kOpen) chain.end_batch(batch);
    return g;
  }
  std::string content() { return std::string(chain.applied().version.reader().page(kTable, 0)); }
  std::string head_content() { return std::string(store->head().reader().page(kTable, 0)); }
  // As a follower: the entry's effect made anew on `applied`.
  void replay(const std::string& made, raft::LogIndex index, raft::Term term) {
    auto fork = store->fork(chain.applied().version);
    fork->put(kTable, 0, made);
    chain.seal_replay(std::move(fork), index, term);
  }

  TestRunner clock;
  storage::MemoryFileSystem fs;
  std::shared_ptr<storage::Store> store = open_store(fs, "db");
  Chain chain{store, AppliedPoint{store->applied(), 1, 1, {}}, clock};
  std::map<std::string, std::string> fates;
};

TEST_F(ChainTest, OpensOnlyWhenAnEntryOfItsOwnTermIsApplied) {
  EXPECT_EQ(gate(), Chain::Gate::kNotLeader);
  chain.set_leader(2);
  EXPECT_EQ(gate(), Chain::Gate::kStarting);
  EXPECT_FALSE(chain.try_open());  // entries of term 1 may be in the log still
  chain.advance_to(2, 2);
  EXPECT_TRUE(chain.try_open());
  EXPECT_EQ(gate(), Chain::Gate::kOpen);
  EXPECT_FALSE(chain.try_open());  // it is open
}

TEST_F(ChainTest, ItsFrontMovesAppliedAndTheWaiterIsToldAfterwards) {
  open_in_term(2);
  Envelope a = append("a"), b = append("b");
  EXPECT_EQ(b.predecessor, a.mark.number);
  EXPECT_EQ(head_content(), "b");
  EXPECT_EQ(content(), "");
  EXPECT_EQ(chain.judge(3, 2, a), Chain::Verdict::kAdvanced);
  EXPECT_EQ(content(), "a");
  EXPECT_TRUE(fates.empty());  // the batch of entries is not over
  EXPECT_EQ(chain.judge(4, 2, b), Chain::Verdict::kAdvanced);
  chain.advance_to(4, 2);
  EXPECT_EQ(content(), "b");
  EXPECT_EQ(fates["a"], "at 3");
  EXPECT_EQ(fates["b"], "at 4");
  EXPECT_TRUE(chain.drained());
}

TEST_F(ChainTest, AForeignEntryDropsItAndIsReplayed) {
  open_in_term(2);
  append("a");
  append("b");
  EXPECT_EQ(chain.judge(3, 3, envelope(3, 1, 0)), Chain::Verdict::kReplay);
  EXPECT_EQ(chain.opening(), nullptr);
  EXPECT_EQ(head_content(), "");
  replay("foreign", 3, 3);
  chain.advance_to(3, 3);
  EXPECT_EQ(content(), "foreign");
  EXPECT_EQ(fates["a"], "lost");  // an entry of a later term was committed: they never will be
  EXPECT_EQ(fates["b"], "lost");
  EXPECT_FALSE(chain.try_open());
}

TEST_F(ChainTest, WrongTermOrPredecessorIsANoOp) {
  open_in_term(2);
  Envelope a = append("a");
  EXPECT_EQ(chain.judge(3, 3, a), Chain::Verdict::kNoOp);                    // proposed in term 2, appended by somebody in 3
  EXPECT_EQ(chain.judge(3, 2, envelope(2, 5, 4)), Chain::Verdict::kNoOp);    // on top of what is not here
  EXPECT_EQ(content(), "");
  EXPECT_EQ(chain.judge(3, 2, a), Chain::Verdict::kAdvanced);
  EXPECT_EQ(chain.judge(4, 2, a), Chain::Verdict::kNoOp);                    // the same entry again
  chain.advance_to(4, 2);
  EXPECT_EQ(content(), "a");
  EXPECT_EQ(fates["a"], "at 3");
}

TEST_F(ChainTest, ARefusedProposalBreaksIt) {
  open_in_term(2);
  Envelope a = append("a"), b = append("b"), c = append("c");
  chain.refused(b.mark, Error{ErrorCode::kOverloaded, "too much"});
  EXPECT_EQ(fates["b"], "refused");
  EXPECT_EQ(chain.opening(), nullptr);
  EXPECT_EQ(head_content(), "");
  // The one before it was proposed and is committed; the one after it never fits.
  EXPECT_EQ(chain.judge(3, 2, a), Chain::Verdict::kReplay);
  replay("a", 3, 2);
  chain.advance_to(3, 2);
  EXPECT_EQ(fates["a"], "at 3");
  EXPECT_FALSE(chain.try_open());  // c is in doubt: it might come on top
  EXPECT_EQ(chain.judge(4, 2, c), Chain::Verdict::kNoOp);
  chain.advance_to(4, 2);
  EXPECT_EQ(fates["c"], "lost");
  EXPECT_TRUE(chain.try_open());
  Envelope d = append("d");
  EXPECT_EQ(d.predecessor, a.mark.number);
  EXPECT_GT(d.mark, a.mark);
}

TEST_F(ChainTest, ClosedMeanwhileTheForkIsDropped) {
  open_in_term(2);
  Chain::Batch batch;
  ASSERT_EQ(chain.begin_batch(&batch), Chain::Gate::kOpen);
  EXPECT_TRUE(chain.is_current(batch.generation));
  chain.close();
  EXPECT_FALSE(append(batch, "late").has_value());
  EXPECT_FALSE(chain.is_current(batch.generation));
  EXPECT_FALSE(batch.opening->alive);
  EXPECT_EQ(head_content(), "");
  EXPECT_TRUE(chain.drained());
}

TEST_F(ChainTest, WhatStaysInDoubtIsUnknownAfterAWhileAndToldOnce) {
  open_in_term(2);
  Envelope a = append("a");
  chain.close();
  chain.expire_watched();
  EXPECT_TRUE(fates.empty());
  clock.pass(Chain::kWatchTime);
  chain.expire_watched();
  EXPECT_EQ(fates["a"], "unknown");
  EXPECT_EQ(chain.judge(3, 2, a), Chain::Verdict::kReplay);  // it comes after all
  replay("a", 3, 2);
  chain.advance_to(3, 2);
  EXPECT_EQ(content(), "a");
}

TEST_F(ChainTest, LostLeadershipAndCommittedAllTheSame) {
  open_in_term(2);
  Envelope a = append("a");
  chain.close();
  EXPECT_EQ(chain.judge(3, 2, a), Chain::Verdict::kReplay);
  replay("a", 3, 2);
  chain.advance_to(3, 2);
  EXPECT_EQ(fates["a"], "at 3");
}

TEST_F(ChainTest, TakesNoMoreThanItsLimits) {
  open_in_term(2);
  for (size_t i = 0; i < Chain::kMaxItems; ++i) append(std::to_string(i));
  EXPECT_EQ(gate(), Chain::Gate::kFull);
  EXPECT_EQ(chain.judge(3, 2, envelope(2, 1, 0)), Chain::Verdict::kAdvanced);
  EXPECT_EQ(gate(), Chain::Gate::kOpen);
  chain.set_draining(true);
  EXPECT_EQ(gate(), Chain::Gate::kFull);
  chain.set_draining(false);
  chain.set_throttled(true);
  EXPECT_EQ(gate(), Chain::Gate::kFull);
  chain.set_throttled(false);
  EXPECT_EQ(gate(), Chain::Gate::kOpen);
}

TEST_F(ChainTest, AReadOfTheHeadWaitsForItsCommit) {
  open_in_term(2);
  Chain::Batch batch;
  ASSERT_EQ(chain.begin_batch(&batch), Chain::Gate::kOpen);
  chain.end_batch(batch);
  chain.when_head_applied(batch, fate("of applied"));
  EXPECT_EQ(fates["of applied"], "at 2");
  Envelope a = append("a");
  ASSERT_EQ(chain.begin_batch(&batch), Chain::Gate::kOpen);
  chain.end_batch(batch);
  chain.when_head_applied(batch, fate("of a"));
  EXPECT_EQ(fates.count("of a"), 0u);
  chain.judge(3, 2, a);
  chain.advance_to(3, 2);
  EXPECT_EQ(fates["of a"], "at 3");
  chain.when_head_applied(batch, fate("of a, later"));
  EXPECT_EQ(fates["of a, later"], "at 3");
  append("b");
  ASSERT_EQ(chain.begin_batch(&batch), Chain::Gate::kOpen);
  chain.end_batch(batch);
  chain.judge(4, 3, envelope(3, 1, 0));
  replay("foreign", 4, 3);
  chain.advance_to(4, 3);
  EXPECT_EQ(fates["b"], "lost");
  chain.when_head_applied(batch, fate("of what was dropped"));
  EXPECT_EQ(fates["of what was dropped"], "lost");
}

TEST_F(ChainTest, ASnapshotSettlesWhatItHolds) {
  open_in_term(2);
  append("a");
  append("b");
  append("c");
  chain.close();
  auto other = open_store(fs, "other");
  chain.replace_store(other, AppliedPoint{other->applied(), 9, 2, ChainMark{2, 2}});
  EXPECT_EQ(fates["a"], "at 9");
  EXPECT_EQ(fates["b"], "at 9");
  EXPECT_EQ(fates.count("c"), 0u);
  chain.advance_to(10, 3);
  EXPECT_EQ(fates["c"], "lost");
  EXPECT_EQ(chain.store(), other);
}

TEST_F(ChainTest, ASnapshotOfALaterTermLeavesThemUnknown) {
  open_in_term(2);
  append("a");
  chain.close();
  auto other = open_store(fs, "other");
  chain.replace_store(other, AppliedPoint{other->applied(), 9, 4, ChainMark{3, 7}});
  EXPECT_EQ(fates["a"], "unknown");  // it may be among what the snapshot holds
}

TEST_F(ChainTest, AbandonedEverybodyIsTold) {
  open_in_term(2);
  append("a");
  chain.close();
  open_in_term(3);
  append("b");
  chain.abandon(Error{ErrorCode::kUnknownOutcome, "stopped"});
  EXPECT_EQ(fates["a"], "lost");
  EXPECT_EQ(fates["b"], "unknown");
  EXPECT_EQ(gate(), Chain::Gate::kNotLeader);
}

// A checkpoint of what is applied leaves heap copies that may go.
void write_checkpoint(storage::Store& store) {
  auto checkpoint = store.begin_checkpoint(store.applied(), {3, 2, ""}).value();
  while (!checkpoint->step(1 << 20).value()) {
  }
}

TEST_F(ChainTest, PagesAreReleasedBetweenBatchesAndTheirVersionGoesWithTheOneBefore) {
  open_in_term(2);
  Chain::Batch batch;
  ASSERT_EQ(chain.begin_batch(&batch), Chain::Gate::kOpen);
  auto fork = batch.store->fork(batch.head);
  for (storage::PageNo no = 0; no < 40; ++no) fork->put(kTable + 1, no, std::string(1000, 'x'));  // stays as it is
  ASSERT_TRUE(chain.append(batch, std::move(fork), 1, {}).has_value());
  chain.judge(3, 2, envelope_of(batch));
  chain.advance_to(3, 2);
  write_checkpoint(*store);
  Envelope b = append("b");
  ASSERT_EQ(chain.begin_batch(&batch), Chain::Gate::kOpen);
  EXPECT_FALSE(chain.release_clean_pages(10).has_value());
  ASSERT_TRUE(append(batch, "c").has_value());
  EXPECT_EQ(gate(), Chain::Gate::kFull);  // the next one waits for it
  const storage::VersionNo before = store->head().number();
  while (chain.release_clean_pages(10).value()) {
  }
  EXPECT_GT(store->head().number(), before);
  EXPECT_EQ(gate(), Chain::Gate::kOpen);
  EXPECT_EQ(head_content(), "c");
  Envelope d = append("d");
  EXPECT_EQ(chain.judge(4, 2, b), Chain::Verdict::kAdvanced);
  EXPECT_EQ(content(), "b");
  EXPECT_EQ(chain.judge(5, 2, envelope_of(batch)), Chain::Verdict::kAdvanced);
  EXPECT_EQ(content(), "c");
  EXPECT_EQ(chain.judge(6, 2, d), Chain::Verdict::kAdvanced);
  EXPECT_EQ(content(), "d");
  EXPECT_EQ(store->head().number(), store->applied().number());
}

TEST_F(ChainTest, ABatchNeedNotWaitForAReleaseThatNobodyTriesAgain) {
  open_in_term(2);
  Chain::Batch batch;
  ASSERT_EQ(chain.begin_batch(&batch), Chain::Gate::kOpen);
  EXPECT_FALSE(chain.release_clean_pages(10).has_value());
  chain.end_batch(batch);
  EXPECT_EQ(gate(), Chain::Gate::kFull);
  chain.cancel_release();
  EXPECT_EQ(gate(), Chain::Gate::kOpen);
}

TEST_F(ChainTest, StatedSumsAreComparedOnlyWithTheVersionThatTheyAreAbout) {
  open_in_term(2);
  Envelope sums = envelope(2, 0, 0);
  sums.kind = PayloadKind::kSums;
  EXPECT_TRUE(chain.sums_apply(2, sums));
  EXPECT_FALSE(chain.sums_apply(3, sums));
  Envelope a = append("a");
  EXPECT_TRUE(chain.sums_apply(2, sums));  // about applied, not about head
  chain.judge(3, 2, a);
  chain.advance_to(3, 2);
  EXPECT_FALSE(chain.sums_apply(2, sums));
  sums.predecessor = a.mark.number;
  EXPECT_TRUE(chain.sums_apply(2, sums));
}

}  // namespace
}  // namespace graft::replication
