#include "replication/snapshot_transfer.h"

#include <gtest/gtest.h>

#include "env/doors.h"
#include "replication/snapshot_messages.h"
#include "replication/test_runner.h"

namespace graft::replication {
namespace {

using namespace std::chrono_literals;

// Two ends of a connection in memory.
class TestChannel final : public FrameChannel {
 public:
  explicit TestChannel(TestRunner& runner) : runner_(runner) {}
  static std::pair<std::shared_ptr<TestChannel>, std::shared_ptr<TestChannel>> make(TestRunner& runner) {
    auto a = std::make_shared<TestChannel>(runner), b = std::make_shared<TestChannel>(runner);
    a->other_ = b;
    b->other_ = a;
    return {a, b};
  }
  void send(FrameType type, std::string_view body) override {
    if (closed_) return;
    runner_.post([to = other_, frame = Frame{type, std::string(body)}]() mutable {
      auto channel = to.lock();
      if (!channel || channel->closed_ || !channel->on_frame_) return;
      if (channel->frames_until_break > 0 && --channel->frames_until_break == 0) return channel->break_off();
      auto f = channel->on_frame_;
      f(std::move(frame));
    });
  }
  size_t unsent_bytes() const override { return 0; }
  void set_handler(std::function<void(Frame)> on_frame, std::function<void(const Error&)> on_closed) override {
    on_frame_ = std::move(on_frame);
    on_closed_ = std::move(on_closed);
  }
  void close() override {
    if (closed_) return;
    closed_ = true;
    on_frame_ = nullptr;
    on_closed_ = nullptr;
    runner_.post([to = other_] {
      if (auto channel = to.lock()) channel->ended();
    });
  }
  void break_off() {
    if (auto channel = other_.lock()) channel->ended();
    ended();
  }
  int frames_until_break = 0;

 private:
  void ended() {
    if (closed_) return;
    closed_ = true;
    auto f = std::exchange(on_closed_, nullptr);
    on_frame_ = nullptr;
    if (f) f({ErrorCode::kUnavailable, "reset"});
  }
  TestRunner& runner_;
  std::weak_ptr<TestChannel> other_;
  std::function<void(Frame)> on_frame_;
  std::function<void(const Error&)> on_closed_;
  bool closed_ = false;
};

// Leads every channel to one sender.
class TestTransport final : public PeerTransport {
 public:
  TestTransport(TestRunner& runner) : runner_(runner) {}
  env::Address address() const override { return {}; }
  void set_cluster_id(std::string) override {}
  void set_peers(const std::vector<Member>&) override {}
  void disconnect(raft::MemberId) override {}
  void send(const std::vector<raft::OutgoingMessage>&) override {}
  void set_applied(raft::LogIndex) override {}
  bool connected(raft::MemberId) const override { return true; }
  void call(const env::Address&, raft::MemberId, CallKind, std::string, std::function<void(Result<std::string>)>) override {}
  void open_snapshot_channel(const Member&, std::function<void(Result<std::shared_ptr<FrameChannel>>)> done) override {
    ++opened;
    if (down || !sender) return runner_.post([done] { done(Error{ErrorCode::kUnavailable, "refused"}); });
    auto [near, far] = TestChannel::make(runner_);
    near->frames_until_break = frames_until_break;
    Hello hello;
    hello.from.id = 2;
    sender->serve(hello, far);
    kept.push_back(far);
    runner_.post([done, near = near] { done(std::shared_ptr<FrameChannel>(near)); });
  }
  std::shared_ptr<SnapshotSender> sender;
  std::vector<std::shared_ptr<FrameChannel>> kept;
  bool down = false;
  int frames_until_break = 0;
  int opened = 0;

 private:
  TestRunner& runner_;
};

class SnapshotTransfer : public ::testing::Test {
 protected:
  SnapshotTransfer() {
    directory_ = ::testing::TempDir() + "/snapshot_transfer_test";
    (void)files_.remove_tree(directory_);
    EXPECT_TRUE(files_.create_directories(directory_ + "/from").ok());
    options_.map_reserve_bytes = uint64_t{1} << 32;
    auto from = storage::Store::open(files_, directory_ + "/from", options_);
    EXPECT_TRUE(from.ok());
    from_ = std::move(*from);
    sender_ = SnapshotSender::create(runner_, runner_, runner_, 1 << 30, 7, [this](raft::MemberId to, bool ok) {
      finished_.push_back(std::to_string(to) + (ok ? " ok" : " failed"));
    });
    transport_.sender = sender_;
    auto generations = StoreGenerations::open(files_, directory_ + "/to");
    EXPECT_TRUE(generations.ok());
    generations_ = std::make_unique<StoreGenerations>(std::move(*generations));
    receiver_ = SnapshotReceiver::create(files_, *generations_, runner_, runner_, runner_, {.store = options_});
  }
  ~SnapshotTransfer() override {
    receiver_->stop();
    sender_->stop();
    runner_.run();
    received_.reset();
    runner_.run();
    (void)files_.remove_tree(directory_);
  }

  void fill(int pages, size_t bytes) {
    auto fork = from_->fork(from_->head());
    for (int i = 0; i < pages; ++i) fork->put(3, i, std::string(bytes, static_cast<char>('a' + i % 26)));
    from_->append_head(std::move(fork));
    from_->advance_applied();
    pages_ = pages;
  }
  void give() {
    storage::CheckpointMeta meta{.applied_index = 42, .applied_term = 5, .extra = "members"};
    descriptor_ = sender_->offer(2, {from_, from_->applied(), meta, {.voters = {1, 2}}});
    receiver_->start(transport_, {.id = 1}, descriptor_, [this](Result<ReceivedSnapshot> r) { received_.emplace(std::move(r)); });
  }
  void make_current() {
    receiver_->make_current([](Status s) { EXPECT_TRUE(s.ok()); });
    runner_.run();
  }
  void expect_whole(storage::Store& store) {
    int count = 0;
    auto version = store.applied();
    version.reader().for_each_page(3, 0, [&](storage::PageNo no, storage::PageView page) {
      EXPECT_EQ(page[0], static_cast<char>('a' + no % 26));
      ++count;
      return true;
    });
    EXPECT_EQ(count, pages_);
  }

  env::PosixFileSystem files_;
  std::string directory_;
  storage::StoreOptions options_;
  TestRunner runner_;
  TestTransport transport_{runner_};
  std::shared_ptr<storage::Store> from_;
  std::shared_ptr<SnapshotSender> sender_;
  std::unique_ptr<StoreGenerations> generations_;
  std::shared_ptr<SnapshotReceiver> receiver_;
  raft::SnapshotDescriptor descriptor_;
  std::vector<std::string> finished_;
  std::optional<Result<ReceivedSnapshot>> received_;
  int pages_ = 0;
};

TEST_F(SnapshotTransfer, CarriesAllPagesAndTheMeta) {
  fill(3000, 5000);
  give();
  EXPECT_EQ(descriptor_.index, 42u);
  EXPECT_EQ(sender_->lowest_index(), 42u);
  runner_.pass(1s);
  ASSERT_TRUE(received_ && received_->ok()) << (received_ ? received_->error().message : "");
  expect_whole(*(*received_)->store);
  auto meta = (*received_)->store->durable_meta();
  EXPECT_EQ(meta.applied_index, 42u);
  EXPECT_EQ(meta.applied_term, 5u);
  EXPECT_EQ(meta.extra, "members");
  EXPECT_TRUE(finished_.empty());  // not before the receiver has put it in place
  receiver_->finish(true);
  runner_.run();
  EXPECT_EQ(finished_, std::vector<std::string>{"2 ok"});
  EXPECT_FALSE(sender_->busy(2));
  EXPECT_EQ(sender_->lowest_index(), 0u);
}

TEST_F(SnapshotTransfer, IsWrittenOutOnTheWay) {
  fill(20'000, 8000);  // 160 MB: flushed twice before the end
  give();
  runner_.pass(2s);
  ASSERT_TRUE(received_ && received_->ok());
  EXPECT_LT((*received_)->store->stats().heap_page_bytes, 120'000'000u);
  expect_whole(*(*received_)->store);
  make_current();
  received_.reset();
  auto again = storage::Store::open(files_, generations_->current(), options_);
  ASSERT_TRUE(again.ok());
  expect_whole(**again);
}

TEST_F(SnapshotTransfer, GoesOnWhereAConnectionBroke) {
  fill(3000, 5000);  // about 15 chunks
  transport_.frames_until_break = 7;
  give();
  runner_.pass(2s);
  ASSERT_TRUE(received_ && received_->ok()) << (received_ ? received_->error().message : "nothing");
  EXPECT_GT(transport_.opened, 2);
  EXPECT_LT(receiver_->bytes_received(), 17'000'000u);  // nothing twice
  expect_whole(*(*received_)->store);
}

TEST_F(SnapshotTransfer, KeepsToTheRate) {
  sender_->stop();
  sender_ = SnapshotSender::create(runner_, runner_, runner_, 5 << 20, 7, [](raft::MemberId, bool) {});
  transport_.sender = sender_;
  fill(3000, 5000);  // 15 MB: three seconds
  give();
  runner_.pass(2s);
  EXPECT_FALSE(received_);
  runner_.pass(2s);
  EXPECT_TRUE(received_ && received_->ok());
}

TEST_F(SnapshotTransfer, AReceiverThatNeverComesIsGivenUp) {
  fill(10, 100);
  sender_->offer(2, {from_, from_->applied(), {.applied_index = 1}, {}});
  runner_.pass(20s);
  EXPECT_TRUE(sender_->busy(2));
  runner_.pass(20s);
  EXPECT_EQ(finished_, std::vector<std::string>{"2 failed"});
}

TEST_F(SnapshotTransfer, AReceiverThatStartedAnewIsToldAgainAndComesForTheSameOffer) {
  sender_->stop();
  int unheard = 0;
  sender_ = SnapshotSender::create(runner_, runner_, runner_, 1 << 30, 7, [](raft::MemberId, bool) {}, [&](raft::MemberId) { ++unheard; });
  transport_.sender = sender_;
  fill(3000, 5000);
  transport_.down = true;
  give();
  receiver_->stop();  // killed
  runner_.pass(2s);
  EXPECT_EQ(unheard, 0);
  runner_.pass(4s);
  EXPECT_GE(unheard, 1);
  transport_.down = false;
  give();
  runner_.pass(2s);
  ASSERT_TRUE(received_ && received_->ok()) << (received_ ? received_->error().message : "nothing");
  expect_whole(*(*received_)->store);
  int before = unheard;
  runner_.pass(10s);  // received, not yet put in place: it is still heard
  EXPECT_EQ(unheard, before);
}

TEST_F(SnapshotTransfer, AnAttemptThatWaitsForALeaderOfEarlierIsDeserted) {
  fill(10, 100);
  transport_.down = true;
  give();
  runner_.pass(1s);
  EXPECT_FALSE(receiver_->deserted(3));
  runner_.pass(4s);
  EXPECT_TRUE(receiver_->deserted(3));
  EXPECT_FALSE(receiver_->deserted(1));  // the offer's own member
}

TEST_F(SnapshotTransfer, ASenderThatIsGoneIsGivenUpAndTheOldGenerationStays) {
  fill(10, 100);
  std::string before = generations_->current();
  transport_.down = true;
  give();
  runner_.pass(29s);
  EXPECT_TRUE(receiver_->active());
  runner_.pass(5s);
  ASSERT_TRUE(received_);
  EXPECT_FALSE(received_->ok());
  EXPECT_FALSE(receiver_->active());
  EXPECT_EQ(generations_->current(), before);
}

TEST_F(SnapshotTransfer, AnOfferThatIsOverIsRefused) {
  fill(10, 100);
  give();
  sender_->stop();
  runner_.pass(1s);
  ASSERT_TRUE(received_ && !received_->ok());
  EXPECT_NE(received_->error().message.find("not offered any more"), std::string::npos);
}

TEST_F(SnapshotTransfer, WhatCouldNotBeInstalledIsReported) {
  fill(10, 100);
  give();
  runner_.pass(1s);
  ASSERT_TRUE(received_ && received_->ok());
  receiver_->finish(false);
  runner_.run();
  EXPECT_EQ(finished_, std::vector<std::string>{"2 failed"});
}

TEST_F(SnapshotTransfer, TheSamePeerIsOfferedTheSameSnapshot) {
  fill(10, 100);
  auto first = sender_->offer(2, {from_, from_->applied(), {.applied_index = 1}, {}});
  auto second = sender_->offer(2, {from_, from_->applied(), {.applied_index = 9}, {}});
  EXPECT_EQ(second.index, 1u);
  EXPECT_EQ(first.data, second.data);
}

TEST_F(SnapshotTransfer, TheSwitchIsOneFile) {
  fill(10, 100);
  std::string before = generations_->current();
  give();
  runner_.pass(1s);
  ASSERT_TRUE(received_ && received_->ok());
  EXPECT_EQ(generations_->current(), before);
  make_current();
  EXPECT_NE(generations_->current(), before);
  EXPECT_TRUE(*files_.exists(before));  // until nobody reads it
  auto reopened = StoreGenerations::open(files_, directory_ + "/to");
  ASSERT_TRUE(reopened.ok());
  EXPECT_EQ(reopened->current(), generations_->current());
  EXPECT_FALSE(*files_.exists(before));
}

}  // namespace
}  // namespace graft::replication
