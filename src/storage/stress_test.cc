// Everything at once, for the thread sanitizer: a lane that appends versions, an apply role that advances, readers that
// pin and check what they see, workers with forks of their own, checkpoints, releasing, and now and then a dropped chain.

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include <gtest/gtest.h>

#include "env/posix/thread_runner.h"
#include "storage/test_model.h"

namespace graft::storage {
namespace {

constexpr PageNo kPages = 300;
constexpr TableId kCounts = 1;  // page 0: the version's count; page n: n-th page's copy of the count that wrote it
constexpr TableId kLog = 2;     // page 0: grows by 8 bytes a version
constexpr uint64_t kVersions = 3000;

uint64_t number_in(PageView page) {
  uint64_t n = 0;
  if (page.size() >= 8) std::memcpy(&n, page.data(), 8);
  return n;
}

std::string page_of(uint64_t n, size_t size) {
  std::string s(size, static_cast<char>(n));
  std::memcpy(s.data(), &n, 8);
  return s;
}

class Stress {
 public:
  Stress() {
    store_ = open_store(fs_);
    auto fork = store_->fork(store_->head());
    fork->put(kCounts, 0, page_of(0, 8));
    store_->append_head(std::move(fork));
    store_->advance_applied();
  }

  // Lane role. One version: count n, written to some pages, and the log one longer.
  void append_one() {
    VersionRef head = store_->head();
    uint64_t n = number_in(head.reader().page(kCounts, 0)) + 1;
    auto fork = store_->fork(head);
    fork->put(kCounts, 0, page_of(n, 8));
    for (uint64_t i = 0; i < 4; ++i) fork->put(kCounts, 1 + rng_() % kPages, page_of(n, 8 + rng_() % 2000));
    fork->append(kLog, 0, page_of(n, 8));
    store_->append_head(std::move(fork));
    pipeline_.fetch_add(1);
    versions_.fetch_add(1);
  }

  // Any thread: whatever version is pinned, its pages agree with its count.
  void check(const PageReader& reader) {
    uint64_t n = number_in(reader.page(kCounts, 0));
    TableReader counts = reader.table(kCounts);
    for (PageNo no = 1; no <= kPages; ++no) {
      PageView page = counts.page(no);
      if (page.data() == nullptr) continue;
      uint64_t m = number_in(page);
      if (m > n || (page.size() > 8 && static_cast<unsigned char>(page.back()) != (m & 255))) wrong_.fetch_add(1);
    }
    PageView log = reader.page(kLog, 0);
    if (log.size() != n * 8 || (n != 0 && number_in(log.substr(log.size() - 8)) != n)) wrong_.fetch_add(1);
  }

  MemoryFileSystem fs_;
  std::unique_ptr<Store> store_;
  std::mt19937_64 rng_{1};  // lane
  std::atomic<uint64_t> pipeline_ = 0;
  std::atomic<uint64_t> versions_ = 0;
  std::atomic<uint64_t> wrong_ = 0;
  std::atomic<uint64_t> running_ = 0;
  std::atomic<uint64_t> checkpoints_ = 0;
  std::atomic<bool> failed_ = false;
};

class Actors {
 public:
  explicit Actors(Stress& s) : s_(s) {}

  bool over() const { return s_.versions_.load() >= kVersions || s_.failed_.load(); }

  void lane() {
    if (over()) return done();
    if (s_.rng_() % 200 == 0) {
      // Leadership lost: the apply role stands still while the chain is dropped.
      std::lock_guard lock(advance_);
      s_.store_->drop_head();
      s_.pipeline_ = 0;
    } else if (s_.rng_() % 50 == 0) {
      std::lock_guard lock(advance_);
      while (s_.pipeline_.load() != 0) advance_one();
      if (s_.store_->release_clean_pages(50).version) s_.store_->advance_applied();
    } else if (s_.pipeline_.load() < 8) {
      s_.append_one();
    }
    lane_.post([this] { lane(); });
  }
  void apply() {
    if (over()) return done();
    {
      std::lock_guard lock(advance_);
      if (s_.pipeline_.load() != 0) advance_one();
    }
    apply_.post([this] { apply(); });
  }
  void reader() {
    if (over()) return done();
    VersionRef v = s_.versions_.load() % 2 ? s_.store_->applied() : s_.store_->head();
    VersionRef copy = v;
    v = {};
    s_.check(copy.reader());
    workers_.post([this, copy] {
      s_.check(copy.reader());  // again, later
      reader();
    });
  }
  void worker() {
    if (over()) return done();
    auto fork = s_.store_->fork(s_.store_->applied());
    for (PageNo no = 1; no < 20; ++no) fork->put(kCounts, no, page_of(0, 100));
    fork->append(kLog, 0, "private!");
    uint64_t n = number_in(fork->reader().page(kCounts, 0));
    if (fork->reader().page(kLog, 0).size() != (n + 1) * 8) s_.wrong_.fetch_add(1);
    fork.reset();
    workers_.post([this] { worker(); });
  }
  void background() {
    if (over()) return done();
    if (!running_) {
      auto begun = s_.store_->begin_checkpoint(s_.store_->applied(), {s_.checkpoints_.load(), 1, ""});
      if (!begun.ok()) s_.failed_ = true;
      else running_ = std::move(begun).value();
    } else {
      auto stepped = running_->step(20'000);
      if (!stepped.ok()) s_.failed_ = true;
      if (!stepped.ok() || *stepped) {
        running_.reset();
        s_.checkpoints_.fetch_add(1);
      }
    }
    background_.post([this] { background(); });
  }

  void run() {
    s_.running_ = 7;
    lane_.post([this] { lane(); });
    apply_.post([this] { apply(); });
    background_.post([this] { background(); });
    for (int i = 0; i < 2; ++i) {
      workers_.post([this] { reader(); });
      workers_.post([this] { worker(); });
    }
    for (uint64_t left = s_.running_.load(); left != 0; left = s_.running_.load()) s_.running_.wait(left);
    for (env::ThreadRunner* r : {&workers_, &lane_, &apply_, &background_}) r->stop();
    running_.reset();
  }

 private:
  void done() {
    s_.running_.fetch_sub(1);
    s_.running_.notify_all();
  }
  void advance_one() {
    s_.store_->advance_applied();
    s_.pipeline_.fetch_sub(1);
  }

  Stress& s_;
  std::mutex advance_;
  std::unique_ptr<Checkpoint> running_;
  env::ThreadRunner lane_{"lane"}, apply_{"apply"}, background_{"background"}, workers_{"worker", 3};
};

TEST(Stress, ReadersWritersAndCheckpointsAtOnce) {
  Stress s;
  Actors(s).run();
  EXPECT_EQ(s.wrong_.load(), 0u);
  EXPECT_FALSE(s.failed_.load()) << s.store_->health().error().message;
  EXPECT_GT(s.checkpoints_.load(), 0u);
  s.check(s.store_->applied().reader());
  EXPECT_EQ(s.wrong_.load(), 0u);
  EXPECT_TRUE(s.store_->verify().ok());
  s.store_->drop_head();
  EXPECT_EQ(s.store_->stats().pins, 0u);
  EXPECT_EQ(s.store_->stats().retained_bytes, 0u);
}

}  // namespace
}  // namespace graft::storage
