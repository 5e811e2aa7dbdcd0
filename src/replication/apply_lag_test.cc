#include "replication/apply_lag.h"

#include <gtest/gtest.h>

namespace graft::replication {
namespace {

using namespace std::chrono_literals;

const std::vector<raft::MemberId> kVoters{1, 2, 3};

TEST(ApplyLag, IsThatOfTheMajorityNotOfTheSlowest) {
  ApplyLag lag;
  EXPECT_EQ(lag.observe(0ms, 10, {{1, 10}, {2, 10}, {3, 0}}, kVoters), 0ms);
  EXPECT_EQ(lag.observe(100ms, 20, {{1, 20}, {2, 20}, {3, 0}}, kVoters), 0ms);  // one that stands still does no harm
  EXPECT_EQ(lag.observe(200ms, 30, {{1, 30}, {2, 20}, {3, 0}}, kVoters), 0ms);
  EXPECT_EQ(lag.observe(450ms, 40, {{1, 40}, {2, 20}, {3, 0}}, kVoters), 250ms);  // two have lacked 30 since 200 ms
  EXPECT_EQ(lag.observe(500ms, 40, {{1, 40}, {2, 30}, {3, 0}}, kVoters), 50ms);
  EXPECT_EQ(lag.observe(600ms, 40, {{1, 40}, {2, 40}, {3, 0}}, kVoters), 0ms);
}

TEST(ApplyLag, GrowsWhileNobodyAppliesAlthoughTheLeaderStandsStill) {
  ApplyLag lag;
  EXPECT_EQ(lag.observe(0ms, 10, {{1, 10}}, kVoters), 0ms);
  EXPECT_EQ(lag.observe(400ms, 10, {{1, 10}}, kVoters), 400ms);
  lag.clear();
  EXPECT_EQ(lag.observe(500ms, 10, {{1, 10}}, kVoters), 0ms);
}

TEST(ApplyLag, AloneIsNeverBehindItself) {
  ApplyLag lag;
  EXPECT_EQ(lag.observe(0ms, 10, {{1, 10}}, {1}), 0ms);
  EXPECT_EQ(lag.observe(1s, 50, {{1, 50}}, {1}), 0ms);
}

}  // namespace
}  // namespace graft::replication
