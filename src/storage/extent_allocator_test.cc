#include "storage/extent_allocator.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "storage/page_file_format.h"

namespace graft::storage {
namespace {

TEST(ExtentAllocator, SizesFitWithLittleSlack) {
  for (uint64_t n = 1; n < 3'000'000; n += 1 + n / 50) {
    uint64_t size = ExtentAllocator::extent_bytes(n);
    EXPECT_GE(size, n);
    EXPECT_EQ(size % kGranuleBytes, 0u);
    if (n <= kSegmentBytes / 2) {
      EXPECT_LE(size, n + n / 8 + kGranuleBytes) << n;
    }
    EXPECT_EQ(ExtentAllocator::extent_bytes(size), size);
  }
}

void expect_disjoint(const std::map<uint64_t, uint64_t>& extents) {
  uint64_t end = kSegmentBytes;
  for (auto [offset, n] : extents) {
    ASSERT_GE(offset, end);
    end = offset + ExtentAllocator::extent_bytes(n);
  }
}

TEST(ExtentAllocator, NeverGivesTheSameBytesTwiceAlsoAfterARebuild) {
  std::mt19937_64 rng(1);
  ExtentAllocator allocator;
  std::map<uint64_t, uint64_t> live;
  for (int i = 0; i < 30'000; ++i) {
    if (live.empty() || rng() % 100 < (i % 6000 < 3000 ? 70u : 30u)) {
      uint64_t n = rng() % 200 == 0 ? rng() % 5'000'000 + 1 : rng() % 20'000 + 1;
      uint64_t offset = allocator.allocate(n);
      ASSERT_TRUE(live.emplace(offset, n).second);
    } else {
      auto it = live.lower_bound(rng() % (allocator.segments() * kSegmentBytes));
      if (it == live.end()) it = live.begin();
      allocator.free(it->first, it->second);
      live.erase(it);
    }
    if (i % 1000 == 0) expect_disjoint(live);
    if (i % 7000 == 0) {
      allocator.begin_rebuild(allocator.segments());
      uint64_t used = kSegmentBytes;
      for (auto [offset, n] : live) {
        ASSERT_TRUE(allocator.mark(offset, n));
        used += ExtentAllocator::extent_bytes(n);
      }
      allocator.end_rebuild();
      EXPECT_EQ(allocator.used_bytes(), used);
    }
  }
  for (auto [offset, n] : live) allocator.free(offset, n);
  EXPECT_EQ(allocator.used_bytes(), kSegmentBytes);
  uint64_t segments = allocator.segments();
  for (int i = 0; i < 100; ++i) allocator.allocate(4000);
  EXPECT_EQ(allocator.segments(), segments);  // the holes are used
}

TEST(ExtentAllocator, RebuildRefusesOverlaps) {
  ExtentAllocator allocator;
  allocator.begin_rebuild(4);
  EXPECT_TRUE(allocator.mark(kSegmentBytes, 1000));
  EXPECT_FALSE(allocator.mark(kSegmentBytes, 1000));
  EXPECT_FALSE(allocator.mark(kSegmentBytes + 1024, 5000));
  EXPECT_FALSE(allocator.mark(0, 100));
  EXPECT_FALSE(allocator.mark(9 * kSegmentBytes, 100));
  EXPECT_FALSE(allocator.mark(kSegmentBytes * 3, 2 * kSegmentBytes));
  allocator.end_rebuild();
}

}  // namespace
}  // namespace graft::storage
