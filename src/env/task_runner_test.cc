#include "env/task_runner.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "env/posix/asio_transport.h"
#include "env/posix/thread_runner.h"

namespace graft::env {
namespace {

using std::chrono::milliseconds;
constexpr auto kPatience = std::chrono::seconds(20);

void expect_order_timers_and_cancel(TaskRunner& runner) {
  std::vector<int> order;
  std::promise<void> done;
  for (int i = 0; i < 100; i++) runner.post([&order, i] { order.push_back(i); });
  runner.post_after(milliseconds(20), [&] { order.push_back(102); done.set_value(); });
  runner.post_after(milliseconds(1), [&] { order.push_back(100); });
  const TimerId cancelled = runner.post_after(milliseconds(5), [&] { order.push_back(-1); });
  runner.post_after(milliseconds(10), [&] { order.push_back(101); });
  EXPECT_TRUE(runner.cancel(cancelled));
  EXPECT_FALSE(runner.cancel(cancelled));
  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  ASSERT_EQ(order.size(), 103u);
  // Each timer came after the one before it, wherever the queue's tasks fell between.
  int last_timer = 99;
  for (int i : order) {
    if (i < 100) continue;
    EXPECT_EQ(i, last_timer + 1);
    last_timer = i;
  }
}

TEST(ThreadRunner, RunsInOrderWithTimersAndCancel) {
  ThreadRunner runner("test");
  expect_order_timers_and_cancel(runner);
}

TEST(IoRunner, RunsInOrderWithTimersAndCancel) {
  AsioTransport transport("io");
  expect_order_timers_and_cancel(transport.runner());
}

// What a waiting task holds is gone when stop() returns: others are destroyed after that.
TEST(IoRunner, StopDropsWhatWaits) {
  AsioTransport transport("io");
  std::promise<void> entered, release;
  std::weak_ptr<int> waiting, timed;
  transport.runner().post([&] {
    entered.set_value();
    release.get_future().wait();
  });
  {
    auto held = std::make_shared<int>(1), later = std::make_shared<int>(2);
    waiting = held, timed = later;
    transport.runner().post([held, &transport] { transport.runner().post([held] {}); });
    transport.runner().post_after(std::chrono::hours(1), [later] {});
  }
  EXPECT_EQ(transport.runner().backlog() > 0, true);
  entered.get_future().wait();
  std::thread stopper([&] { transport.stop(); });
  release.set_value();
  stopper.join();
  EXPECT_TRUE(waiting.expired());
  EXPECT_TRUE(timed.expired());
}

TEST(ThreadRunner, CountsTheBacklogAndTakesTasksThatOwn) {
  ThreadRunner runner("test");
  std::promise<void> entered, release, done;
  runner.post([&] {
    entered.set_value();
    release.get_future().wait();
  });
  entered.get_future().wait();
  int seen = 0;
  runner.post([owned = std::make_unique<int>(7), &seen, &done] {
    seen = *owned;
    done.set_value();
  });
  EXPECT_EQ(runner.backlog(), 1u);
  release.set_value();
  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(seen, 7);
}

TEST(ThreadRunner, StopDropsWhatWaits) {
  auto owned = std::make_shared<int>(0);
  ThreadRunner runner("test");
  std::promise<void> entered;
  std::atomic<bool> stopping{false};
  runner.post([&] {
    entered.set_value();
    while (!stopping) std::this_thread::yield();
  });
  entered.get_future().wait();
  runner.post([owned] { (*owned)++; });
  runner.post_after(milliseconds(0), [owned] { (*owned)++; });
  std::thread stopper([&] { runner.stop(); });
  runner.post([owned] { (*owned)++; });
  EXPECT_EQ(*owned, 0);
  stopping = true;
  stopper.join();
  runner.post([owned] { (*owned)++; });
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(ThreadRunner, SeveralThreadsRunAtOnce) {
  ThreadRunner pool("pool", 3);
  std::atomic<int> inside{0};
  std::promise<void> done;
  for (int i = 0; i < 3; i++) {
    pool.post([&] {
      if (++inside == 3) done.set_value();
      while (inside < 3) std::this_thread::yield();  // each waits for all: one thread alone would never end
    });
  }
  ASSERT_EQ(done.get_future().wait_for(kPatience), std::future_status::ready);
}

}  // namespace
}  // namespace graft::env
