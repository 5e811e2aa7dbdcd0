#include "replication/scrubber.h"

#include <gtest/gtest.h>

#include "graph/test_graph.h"
#include "replication/test_runner.h"

namespace graft::replication {
namespace {

constexpr env::Duration kInterval = std::chrono::seconds(100);
constexpr int kNodes = 3 * Scrubber::kSliceItems;

class ScrubberTest : public ::testing::Test {
 protected:
  ScrubberTest() {
    auto t = graph_.begin();
    for (int i = 0; i < kNodes; ++i) EXPECT_TRUE(t->create_node(std::span<const graph::LabelId>(), {}).ok());
    graph_.commit(std::move(t));
  }

  TestRunner runner_;
  graph::TestGraph graph_;
  std::optional<Error> found_;
  std::shared_ptr<Scrubber> scrubber_;
  void make() {
    auto life = std::make_shared<int>(0);
    life_ = life;
    scrubber_ = std::make_shared<Scrubber>(kInterval, RoleHandle(runner_, life), runner_, [this] { return graph_.store().applied(); },
                                           [this](Error error) { found_ = std::move(error); });
  }
  void pass_an_interval() {
    runner_.pass(kInterval);
    scrubber_->poll();
    runner_.pass(std::chrono::seconds(10));
  }
  std::shared_ptr<void> life_;
};

TEST_F(ScrubberTest, WhatIsWholeIsFoundWhole) {
  make();
  pass_an_interval();
  EXPECT_FALSE(found_);
  EXPECT_EQ(graph_.store().stats().pins, 0u) << "it is done";
}

TEST_F(ScrubberTest, APageThatIsNotAsTheSumsSayIsFound) {
  auto fork = graph_.store().fork(graph_.store().head());
  fork->erase(graph::table_of(graph_.view().meta().generation, graph::LocalTable::kNodes), 1);
  graph_.store().append_head(std::move(fork));
  graph_.store().advance_applied();
  make();
  pass_an_interval();
  ASSERT_TRUE(found_);
  EXPECT_EQ(found_->code, ErrorCode::kCorruption);
}

TEST_F(ScrubberTest, ItLetsOthersWorkBetweenSlices) {
  make();
  runner_.pass(kInterval);
  scrubber_->poll();
  runner_.run();
  graph_.commit(graph_.begin());  // so that the version it reads is not `applied` any more
  EXPECT_EQ(graph_.store().stats().pins, 1u) << "under way";
  scrubber_->stop();
  runner_.run();
  EXPECT_EQ(graph_.store().stats().pins, 0u);
}

}  // namespace
}  // namespace graft::replication
