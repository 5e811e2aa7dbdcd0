#include "sim/checkers/list_append.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

ListOperation append(int64_t key, int64_t value) { return {key, true, value, {}}; }
ListOperation read(int64_t key, std::vector<int64_t> result) { return {key, false, 0, std::move(result)}; }
ListTransaction committed(std::vector<ListOperation> operations, int64_t from = 0, int64_t to = 0) {
  static int n = 0;
  return {ListTransaction::Outcome::kCommitted, std::move(operations), env::Duration(from), env::Duration(to), to != 0,
          "T" + std::to_string(n++)};
}

TEST(ListAppend, ASerialHistoryIsFine) {
  EXPECT_THAT(check_list_append({committed({append(1, 10), read(1, {10})}), committed({read(1, {10}), append(1, 11)}),
                                 committed({read(1, {10, 11}), read(2, {})})},
                                {{1, {10, 11}}}),
              IsEmpty());
}

TEST(ListAppend, WriteSkewIsACycle) {
  const auto found = check_list_append({committed({read(1, {}), append(2, 20)}), committed({read(2, {}), append(1, 10)})},
                                       {{1, {10}}, {2, {20}}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0], HasSubstr("not serializable"));
  EXPECT_THAT(found[0], HasSubstr("-rw->"));
}

TEST(ListAppend, LostUpdateIsACycle) {
  EXPECT_EQ(check_list_append({committed({read(1, {}), append(1, 10)}), committed({read(1, {}), append(1, 11)})},
                              {{1, {10, 11}}})
                .size(),
            1u);
}

TEST(ListAppend, AStaleReadIsACycleOnlyWhereRealTimeWasPromised) {
  EXPECT_THAT(check_list_append({committed({append(1, 10)}, 1, 2), committed({read(1, {})})}, {{1, {10}}}), IsEmpty());
  EXPECT_EQ(check_list_append({committed({append(1, 10)}, 1, 2), committed({read(1, {})}, 3, 4)}, {{1, {10}}}).size(), 1u);
  EXPECT_THAT(check_list_append({committed({append(1, 10)}, 1, 5), committed({read(1, {})}, 3, 4)}, {{1, {10}}}), IsEmpty());
}

TEST(ListAppend, LostHalvedDoubledAndAbortedWritesAreFound) {
  EXPECT_THAT(check_list_append({committed({append(1, 10)})}, {})[0], HasSubstr("is lost"));
  ListTransaction unknown = committed({append(1, 10), append(2, 20)});
  unknown.outcome = ListTransaction::Outcome::kUnknown;
  EXPECT_THAT(check_list_append({unknown}, {}), IsEmpty());
  EXPECT_THAT(check_list_append({unknown}, {{1, {10}}})[0], HasSubstr("by half"));
  EXPECT_THAT(check_list_append({committed({append(1, 10)})}, {{1, {10, 10}}})[0], HasSubstr("twice"));
  ListTransaction failed = committed({append(1, 10)});
  failed.outcome = ListTransaction::Outcome::kFailed;
  EXPECT_THAT(check_list_append({failed}, {{1, {10}}})[0], HasSubstr("failed"));
  EXPECT_THAT(check_list_append({committed({append(1, 10)}), committed({read(1, {11})})}, {{1, {10}}})[0],
              HasSubstr("no beginning"));
}

}  // namespace
}  // namespace graft::sim
