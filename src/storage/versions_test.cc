// Versions and forks against a simple model, and that every page is freed.

#include <deque>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/test_model.h"

namespace graft::storage {
namespace {

struct Pinned {
  VersionRef ref;
  Model model;
};

TEST(Versions, EveryPinnedVersionStaysAsItWas) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 rng(seed);
    MemoryFileSystem fs;
    auto store = open_store(fs);
    Model applied;
    std::deque<Model> chain;
    std::vector<Pinned> pins;
    for (int step = 0; step < 300; ++step) {
      const Model& head = chain.empty() ? applied : chain.back();
      switch (rng() % 10) {
        case 0: case 1: case 2: case 3: {
          auto fork = store->fork(store->head());
          Model model = head;
          for (uint64_t i = rng() % 20; i-- > 0;) mutate(rng, *fork, model);
          ASSERT_EQ(read_all(fork->reader()), model);
          if (rng() % 4 == 0) break;  // thrown away
          VersionRef v = store->append_head(std::move(fork));
          if (rng() % 3 == 0) pins.push_back({v, model});
          chain.push_back(std::move(model));
          break;
        }
        case 4: case 5: case 6:
          if (chain.empty()) break;
          store->advance_applied();
          applied = chain.front();
          chain.pop_front();
          break;
        case 7:
          if (rng() % 4 == 0) {
            store->drop_head();
            chain.clear();
          }
          break;
        case 8:
          pins.push_back({store->applied(), applied});
          break;
        default:
          if (pins.empty()) break;
          std::swap(pins[rng() % pins.size()], pins.back());
          ASSERT_EQ(read_all(pins.back().ref.reader()), pins.back().model) << "seed " << seed << " step " << step;
          pins.pop_back();
      }
      ASSERT_EQ(read_all(store->applied().reader()), applied) << "seed " << seed << " step " << step;
    }
    for (const Pinned& p : pins) ASSERT_EQ(read_all(p.ref.reader()), p.model) << "seed " << seed;
    pins.clear();
    store->drop_head();
    auto fork = store->fork(store->applied());
    for (TableId t = 0; t < 3; ++t) fork->drop_table(t);
    store->append_head(std::move(fork));
    store->advance_applied();
    while (store->collect_garbage(7)) {
    }
    EXPECT_EQ(store->stats().heap_pages, 0u) << "seed " << seed;
    EXPECT_EQ(store->stats().heap_page_bytes, 0u) << "seed " << seed;
    EXPECT_EQ(store->stats().retained_bytes, 0u);
    EXPECT_EQ(store->stats().pins, 0u);
  }
}

TEST(Versions, ForgottenReaderRetainsWhatItSeesAndNoMore) {
  MemoryFileSystem fs;
  auto store = open_store(fs);
  for (PageNo no = 0; no < 100; ++no) put_and_apply(*store, no, std::string(1000, 'x'));
  uint64_t alone = store->stats().heap_page_bytes;
  VersionRef forgotten = store->applied();
  for (int round = 0; round < 50; ++round) {
    for (PageNo no = 0; no < 100; ++no) put_and_apply(*store, no, std::string(1000, 'y'));
    VersionRef brief = store->applied();
  }
  EXPECT_LE(store->stats().heap_page_bytes, 2 * alone + 4096);
  EXPECT_LE(store->stats().retained_bytes, alone + 4096);
  EXPECT_GE(store->stats().retained_bytes, 100'000u);
  EXPECT_EQ(forgotten.reader().page(1, 42), std::string(1000, 'x'));
  forgotten = {};
  EXPECT_EQ(store->stats().retained_bytes, 0u);
  EXPECT_LE(store->stats().heap_page_bytes, alone + 4096);
}

TEST(Versions, PinThatRetainsMostIsCancelledOverTheBudget) {
  MemoryFileSystem fs;
  StoreOptions options;
  options.retained_budget_bytes = 50'000;
  auto store = open_store(fs, options);
  for (PageNo no = 0; no < 100; ++no) put_and_apply(*store, no, std::string(1000, 'x'));
  VersionRef old = store->applied();
  for (PageNo no = 0; no < 20; ++no) put_and_apply(*store, no, std::string(1000, 'y'));
  EXPECT_FALSE(old.cancelled());
  VersionRef young = store->applied();
  for (PageNo no = 20; no < 99; ++no) put_and_apply(*store, no, std::string(1000, 'z'));
  EXPECT_TRUE(young.cancelled());  // it is the one that the later pages hang on
  EXPECT_EQ(old.reader().page(1, 5), std::string(1000, 'x'));
  EXPECT_FALSE(store->applied().cancelled());
}

TEST(Append, SharesTheBufferWithOlderVersions) {
  MemoryFileSystem fs;
  auto store = open_store(fs);
  auto fork = store->fork(store->head());
  fork->append(1, 0, "abc");
  fork->append(1, 0, "def");  // grows: room from now on
  VersionRef one = store->append_head(std::move(fork));
  store->advance_applied();
  const char* buffer = one.reader().page(1, 0).data();

  fork = store->fork(one);
  fork->append(1, 0, "ghi");
  EXPECT_LE(fork->bytes_copied(), 100u);  // the table is a single page: no node to copy
  VersionRef two = store->append_head(std::move(fork));
  EXPECT_EQ(two.reader().page(1, 0), "abcdefghi");
  EXPECT_EQ(two.reader().page(1, 0).data(), buffer);
  EXPECT_EQ(one.reader().page(1, 0), "abcdef");

  // A second fork of the same base finds the room taken and copies.
  auto other = store->fork(one);
  other->append(1, 0, "XYZ");
  EXPECT_EQ(other->reader().page(1, 0), "abcdefXYZ");
  EXPECT_EQ(two.reader().page(1, 0), "abcdefghi");
}

TEST(Append, RoomOfADroppedVersionIsNotGivenTwice) {
  MemoryFileSystem fs;
  auto store = open_store(fs);
  auto fork = store->fork(store->head());
  fork->append(1, 0, "abc");
  fork->append(1, 0, "def");
  store->append_head(std::move(fork));
  store->advance_applied();
  fork = store->fork(store->head());
  fork->append(1, 0, "lost");
  VersionRef dropped = store->append_head(std::move(fork));
  store->drop_head();
  fork = store->fork(store->head());
  fork->append(1, 0, "kept");
  store->append_head(std::move(fork));
  store->advance_applied();
  EXPECT_EQ(dropped.reader().page(1, 0), "abcdeflost");
  EXPECT_EQ(store->applied().reader().page(1, 0), "abcdefkept");
}

// Whoever closes a store that was replaced asks for these: a reader of the newest version counts as one of an older.
TEST(Pins, OfEveryVersionAreCounted) {
  MemoryFileSystem fs;
  auto store = open_store(fs);
  EXPECT_EQ(store->stats().pins, 0u);
  VersionRef applied = store->applied();
  EXPECT_EQ(store->stats().pins, 1u);
  VersionRef same = applied;
  EXPECT_EQ(store->stats().pins, 1u);
  auto fork = store->fork(store->head());
  fork->put(1, 0, "a");
  VersionRef head = store->append_head(std::move(fork));
  EXPECT_EQ(store->stats().pins, 2u);
  store->advance_applied();
  EXPECT_EQ(store->stats().pins, 2u);
  applied = {}, same = {};
  EXPECT_EQ(store->stats().pins, 1u);
  head = {};
  EXPECT_EQ(store->stats().pins, 0u);
}

TEST(Tables, ThousandsOfThem) {
  MemoryFileSystem fs;
  auto store = open_store(fs);
  std::mt19937_64 rng(4);
  Model model;
  std::vector<Pinned> pins;
  for (int round = 0; round < 40; ++round) {
    auto fork = store->fork(store->head());
    for (int i = 0; i < 200; ++i) {
      TableId table = static_cast<TableId>((rng() % 3 << 20) + rng() % 1000);
      if (rng() % 4 == 0) {
        fork->drop_table(table);
        model.erase({table, 0});
      } else {
        fork->put(table, 0, std::to_string(round));
        model[{table, 0}] = std::to_string(round);
      }
    }
    pins.push_back({store->append_head(std::move(fork)), model});
    store->advance_applied();
  }
  for (const Pinned& p : pins) ASSERT_EQ(read_all(p.ref.reader()), p.model);
  ASSERT_TRUE(checkpoint(*store, 1).ok());
  pins.clear();
  store.reset();
  EXPECT_EQ(read_all(open_store(fs)->applied().reader()), model);
}

TEST(Pages, LengthsBeyondWhatASlotHolds) {
  MemoryFileSystem fs;
  auto store = open_store(fs);
  auto fork = store->fork(store->head());
  std::string big(3'000'000, 'b');
  fork->put(1, 5, big);
  fork->append(1, 5, "tail");
  fork->put(1, 6, std::string((1 << 20) - 2, 'c'));
  fork->put(1, 7, "");
  VersionRef v = store->append_head(std::move(fork));
  store->advance_applied();
  fork = store->fork(v);
  fork->append(1, 6, "d");
  fork->append(1, 5, "more");
  EXPECT_EQ(v.reader().page(1, 5), big + "tail");
  EXPECT_EQ(fork->reader().page(1, 5), big + "tailmore");
  EXPECT_EQ(fork->reader().page(1, 6).size(), (1u << 20) - 1);
  EXPECT_EQ(v.reader().page(1, 6).size(), (1u << 20) - 2);
  EXPECT_NE(v.reader().page(1, 7).data(), nullptr);
  EXPECT_EQ(v.reader().page(1, 7).size(), 0u);
  EXPECT_EQ(v.reader().page(1, 8).data(), nullptr);
  EXPECT_EQ(v.reader().page(1, PageNo{1} << 50).data(), nullptr);
  EXPECT_EQ(v.reader().page(9, 0).data(), nullptr);
}

}  // namespace
}  // namespace graft::storage
