#include "env/fiber.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace graft::env {
namespace {

TEST(Fiber, StopsInTheMiddleAndGoesOn) {
  std::vector<int> seen;
  Fiber fiber([&](Fiber& self) {
    for (int i = 0; i < 3; ++i) {
      seen.push_back(i);
      self.suspend();
    }
  });
  for (int i = 0; i < 3; ++i) {
    fiber.resume();
    EXPECT_EQ(seen.size(), static_cast<size_t>(i + 1));
    EXPECT_FALSE(fiber.ended());
  }
  fiber.resume();
  EXPECT_TRUE(fiber.ended());
}

TEST(Fiber, AnUnfinishedOneIsUnwound) {
  struct Marks {
    bool* set;
    ~Marks() { *set = true; }
  };
  bool unwound = false, went_on = false;
  {
    Fiber fiber([&](Fiber& self) {
      Marks marks{&unwound};
      self.suspend();
      went_on = true;
    });
    fiber.resume();
    EXPECT_FALSE(unwound);
  }
  EXPECT_TRUE(unwound);
  EXPECT_FALSE(went_on);
}

TEST(Fiber, OneThatNeverRanIsJustDropped) {
  bool ran = false;
  { Fiber fiber([&](Fiber&) { ran = true; }); }
  EXPECT_FALSE(ran);
}

TEST(Fiber, ExceptionsStayInside) {
  int caught = 0;
  Fiber fiber([&](Fiber& self) {
    for (int i = 0; i < 2; ++i) {
      try {
        throw std::runtime_error("inside");
      } catch (const std::runtime_error&) {
        ++caught;
      }
      self.suspend();
    }
  });
  fiber.resume();
  try {
    throw std::runtime_error("outside");
  } catch (const std::runtime_error&) {
    fiber.resume();
  }
  EXPECT_EQ(caught, 2);
}

}  // namespace
}  // namespace graft::env
