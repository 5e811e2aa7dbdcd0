// The page file: checkpoints, reopening, crashes at every moment, damage.

#include <deque>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/page_file_format.h"
#include "storage/test_model.h"

namespace graft::storage {
namespace {

const std::string kPath = std::string("db/") + kPageFileName;

TEST(Checkpoint, EmptyStoreReopens) {
  MemoryFileSystem fs;
  {
    auto store = open_store(fs);
    EXPECT_EQ(store->durable_meta().applied_index, 0u);
    EXPECT_TRUE(store->verify().ok());
  }
  auto store = open_store(fs);
  EXPECT_EQ(store->durable_meta().applied_index, 0u);
  EXPECT_TRUE(store->applied().reader().tables().empty());
  EXPECT_TRUE(checkpoint(*store, 3).ok());
  store.reset();
  EXPECT_EQ(open_store(fs)->durable_meta().applied_index, 3u);
}

TEST(Checkpoint, WhatWasDurableComesBack) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    std::mt19937_64 rng(seed);
    MemoryFileSystem fs;
    auto store = open_store(fs);
    Model model, durable;
    uint64_t index = 0;
    for (int round = 0; round < 60; ++round) {
      apply_changes(rng, *store, model, static_cast<int>(rng() % 60));
      if (rng() % 3 == 0) {
        ASSERT_TRUE(checkpoint(*store, ++index, 1 + rng() % 20'000).ok());
        durable = model;
        EXPECT_LE(store->stats().dirty_bytes, 4u << 10);
      }
      if (rng() % 4 == 0) release_all(*store, 1 + rng() % 50);
      if (rng() % 5 == 0) {
        store.reset();
        store = open_store(fs);
        ASSERT_NE(store, nullptr);
        model = durable;
        EXPECT_EQ(store->durable_meta().applied_index, index);
        EXPECT_EQ(store->durable_meta().extra, index ? "members of " + std::to_string(index) : "");
      }
      ASSERT_EQ(read_all(store->applied().reader()), model) << "seed " << seed << " round " << round;
      ASSERT_TRUE(store->verify().ok()) << store->verify().error().message;
    }
    EXPECT_TRUE(store->health().ok());
  }
}

TEST(Checkpoint, WritesOnlyWhatChanged) {
  MemoryFileSystem fs;
  auto store = open_store(fs);
  auto fork = store->fork(store->head());
  for (PageNo no = 0; no < 5000; ++no) fork->put(1, no, std::string(1000, 'x'));
  store->append_head(std::move(fork));
  store->advance_applied();
  ASSERT_TRUE(checkpoint(*store, 1, 1 << 16).ok());
  put_and_apply(*store, 77, "changed");
  auto second = store->begin_checkpoint(store->applied(), {});
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(*(*second)->step(1 << 20));
  EXPECT_LE((*second)->bytes_written(), 20'000u);  // the page, two nodes
}

TEST(Checkpoint, WritersAndReadersGoOnMeanwhile) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    std::mt19937_64 rng(seed);
    MemoryFileSystem fs;
    auto store = open_store(fs);
    Model model;
    std::vector<std::pair<VersionRef, Model>> pins;
    for (uint64_t round = 1; round < 25; ++round) {
      for (int i = 0; i < 5; ++i) apply_changes(rng, *store, model, 20);
      Model frozen = model;
      auto running = store->begin_checkpoint(store->applied(), {round, 1, ""});
      ASSERT_TRUE(running.ok());
      EXPECT_FALSE(store->begin_checkpoint(store->applied(), {}).ok());  // one at a time
      bool abandon = rng() % 5 == 0;
      for (int steps = 0;; ++steps) {
        auto done = (*running)->step(1 + rng() % 4000);
        ASSERT_TRUE(done.ok());
        if (*done || (abandon && steps > 3)) break;
        apply_changes(rng, *store, model, 5);
        if (rng() % 8 == 0 && store->release_clean_pages(20).version) store->advance_applied();
        if (rng() % 8 == 0) pins.emplace_back(store->applied(), model);
        if (!pins.empty() && rng() % 10 == 0) {
          std::swap(pins[rng() % pins.size()], pins.back());
          ASSERT_EQ(read_all(pins.back().first.reader()), pins.back().second) << "seed " << seed << " round " << round;
          pins.pop_back();
        }
      }
      running->reset();
      if (!abandon && rng() % 4 == 0) {
        pins.clear();
        store.reset();
        store = open_store(fs);
        model = frozen;
      }
      ASSERT_EQ(read_all(store->applied().reader()), model) << "seed " << seed << " round " << round;
    }
    for (auto& [ref, at] : pins) ASSERT_EQ(read_all(ref.reader()), at);
    EXPECT_TRUE(store->verify().ok());
  }
}

TEST(Checkpoint, FileDoesNotGrowUnderChurn) {
  MemoryFileSystem fs;
  auto store = open_store(fs);
  std::mt19937_64 rng(1);
  uint64_t after_warm_up = 0;
  for (uint64_t round = 0; round < 200; ++round) {
    auto fork = store->fork(store->head());
    for (int i = 0; i < 100; ++i) fork->put(1, rng() % 2000, std::string(rng() % 3000, 'x'));
    store->append_head(std::move(fork));
    store->advance_applied();
    ASSERT_TRUE(checkpoint(*store, round).ok());
    if (round % 3 == 0) release_all(*store, 100);
    if (round == 60) after_warm_up = fs.file_size(kPath);
    if (round % 50 == 49) store.reset(), store = open_store(fs);
  }
  EXPECT_LE(fs.file_size(kPath), after_warm_up * 3 / 2);
}

TEST(Checkpoint, DroppedTableGivesItsSpaceBack) {
  MemoryFileSystem fs;
  auto store = open_store(fs);
  auto fork = store->fork(store->head());
  for (PageNo no = 0; no < 3000; ++no) fork->put(1, no, std::string(4000, 'x'));
  store->append_head(std::move(fork));
  store->advance_applied();
  ASSERT_TRUE(checkpoint(*store, 1).ok());
  release_all(*store, 1000);
  EXPECT_LE(store->stats().heap_page_bytes, 100'000u);  // the few nodes above the leaves
  fork = store->fork(store->head());
  fork->drop_table(1);
  store->append_head(std::move(fork));
  store->advance_applied();
  while (store->collect_garbage(100)) {
  }
  ASSERT_TRUE(checkpoint(*store, 2).ok());
  ASSERT_TRUE(checkpoint(*store, 3).ok());
  EXPECT_GE(store->stats().free_file_bytes + (1 << 20), store->stats().file_bytes - (1 << 20));
}

// The story whose every disk operation is to be the last one.
struct Story {
  Model durable;      // of the newest checkpoint that was reported durable
  Model in_progress;  // of the one that was running
  uint64_t index = 0;
  bool checkpointing = false;
};

void tell(MemoryFileSystem& fs, uint64_t seed, Story& story) {
  std::mt19937_64 rng(seed);
  StoreOptions options;
  options.map_reserve_bytes = uint64_t{1} << 30;
  auto opened = Store::open(fs, "db", options);
  if (!opened.ok()) return;
  auto store = std::move(opened).value();
  Model model;
  for (uint64_t round = 1; round <= 6; ++round) {
    apply_changes(rng, *store, model, 40);
    story.in_progress = model;
    story.checkpointing = true;
    if (!checkpoint(*store, round, 5000).ok()) {
      EXPECT_FALSE(store->health().ok());
      EXPECT_FALSE(checkpoint(*store, round, 5000).ok());  // never tried again
      return;
    }
    story = {model, {}, round, false};
    if (round % 2 == 0) release_all(*store, 30);
  }
}

TEST(Crash, AtEveryFileOperationIsHealedAtOpen) {
  MemoryFileSystem whole;
  Story all;
  tell(whole, 1, all);
  uint64_t operations = whole.changing_calls();
  ASSERT_GT(operations, 40u);
  for (uint64_t n = 0; n < operations; n += kStride) {
    for (uint64_t variant = 0; variant < 2; ++variant) {
      std::mt19937_64 rng(n * 10 + variant);
      MemoryFileSystem fs;
      fs.crash_after(n);
      Story story;
      tell(fs, 1, story);
      ASSERT_TRUE(fs.crashed());
      fs.restart(rng);
      auto store = open_store(fs);
      ASSERT_NE(store, nullptr) << "crash at operation " << n;
      uint64_t index = store->durable_meta().applied_index;
      Model found = read_all(store->applied().reader());
      ASSERT_TRUE(store->verify().ok()) << store->verify().error().message;
      if (index == story.index) {
        ASSERT_EQ(found, story.durable) << "crash at operation " << n;
      } else {
        ASSERT_TRUE(story.checkpointing && index == story.index + 1) << "crash at operation " << n;
        ASSERT_EQ(found, story.in_progress) << "crash at operation " << n;
      }
      // And it goes on from there.
      apply_changes(rng, *store, found, 40);
      ASSERT_TRUE(checkpoint(*store, 99).ok());
      store.reset();
      store = open_store(fs);
      ASSERT_EQ(read_all(store->applied().reader()), found);
      ASSERT_TRUE(store->verify().ok());
    }
  }
}

TEST(Damage, IsNamedAndNeverBelieved) {
  std::mt19937_64 rng(5);
  uint64_t detected = 0;
  for (uint64_t round = 0; round < 100; round += (kStride + 1) / 2) {
    MemoryFileSystem fs;
    Model model;
    {
      std::mt19937_64 same(9);
      auto store = open_store(fs);
      for (int i = 0; i < 10; ++i) apply_changes(same, *store, model, 60);
      ASSERT_TRUE(checkpoint(*store, 1).ok());
    }
    uint64_t offset = round < 30 ? rng() % 8192 : kSegmentBytes + rng() % (fs.file_size(kPath) - kSegmentBytes);
    fs.flip_byte(kPath, offset);
    StoreOptions options;
    options.map_reserve_bytes = uint64_t{1} << 30;
    std::string reported;
    options.on_damage = [&](const Error& e) { reported = e.message; };
    auto opened = Store::open(fs, "db", options);
    if (!opened.ok()) {
      EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
      EXPECT_NE(opened.error().message.find(kPath), std::string::npos);
      EXPECT_NE(opened.error().message.find("offset"), std::string::npos);
      ++detected;
      continue;
    }
    Store& store = **opened;
    Model found = read_all(store.applied().reader());
    if (found == model) continue;  // what was hit is not in use, or holds nothing
    if (store.durable_meta().applied_index == 0) continue;  // the newest superblock was hit: the one before it, whole
    ++detected;
    for (const auto& [key, bytes] : found) EXPECT_EQ(bytes, model.at(key));  // absent, never wrong
    EXPECT_NE(reported.find("offset"), std::string::npos);
    EXPECT_EQ(store.health().error().code, ErrorCode::kCorruption);
    EXPECT_FALSE(store.verify().ok());
    EXPECT_FALSE(store.begin_checkpoint(store.applied(), {}).ok());
    std::string key;
    EXPECT_FALSE(store.read_snapshot_chunk(store.applied(), &key, 1000).ok());
    // Writing over it is safe, if useless.
    auto fork = store.fork(store.head());
    for (const auto& [k, bytes] : model) {
      if (fork->reader().page(k.first, k.second).data()) fork->edit(k.first, k.second);
      fork->append(k.first, k.second, "more");
    }
  }
  EXPECT_GT(detected, 10u / kStride);
}

TEST(Damage, OfTheNewestSuperblockGivesTheCheckpointBeforeOrAnError) {
  std::mt19937_64 rng(8);
  int refused = 0, older = 0;
  for (int round = 0; round < 60; ++round) {
    MemoryFileSystem fs;
    Model model, before;
    uint64_t checkpoints = 2 + rng() % 4;
    {
      auto store = open_store(fs);
      for (uint64_t i = 1; i <= checkpoints; ++i) {
        before = model;
        // Sometimes there is little to write, so that nothing of the older checkpoint is written over.
        apply_changes(rng, *store, model, i == checkpoints && round % 2 == 0 ? 0 : 40);
        ASSERT_TRUE(checkpoint(*store, i).ok());
      }
      if (round % 2 == 1) {  // reuses what the last checkpoint has freed
        Model later = model;
        apply_changes(rng, *store, later, 200);
        auto running = store->begin_checkpoint(store->applied(), {});
        for (int i = 0; i < 3; ++i) ASSERT_TRUE((*running)->step(20'000).ok());
      }
    }
    fs.flip_byte(kPath, (checkpoints % 2 == 0 ? 0 : kSuperblockBytes) + rng() % 64);  // sequence is checkpoints + 1
    StoreOptions options;
    options.map_reserve_bytes = uint64_t{1} << 30;
    auto opened = Store::open(fs, "db", options);
    if (!opened.ok()) {
      EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
      ++refused;
      continue;
    }
    if ((*opened)->durable_meta().applied_index == checkpoints) continue;  // a later one had become durable meanwhile
    ++older;
    EXPECT_EQ((*opened)->durable_meta().applied_index, checkpoints - 1);
    EXPECT_EQ(read_all((*opened)->applied().reader()), before);
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(older, 0);
}

TEST(Damage, TruncatedFileIsRefused) {
  MemoryFileSystem fs;
  {
    auto store = open_store(fs);
    put_and_apply(*store, 1, std::string(5000, 'x'));
    ASSERT_TRUE(checkpoint(*store, 1).ok());
  }
  auto file = fs.open(kPath, env::OpenMode::kMustExist);
  ASSERT_TRUE((*file)->truncate(fs.file_size(kPath) - 1).ok());
  StoreOptions options;
  options.map_reserve_bytes = uint64_t{1} << 30;
  auto opened = Store::open(fs, "db", options);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
}

TEST(Snapshot, ChunksRebuildTheVersion) {
  MemoryFileSystem fs, fs2;
  auto store = open_store(fs);
  std::mt19937_64 rng(3);
  Model model;
  for (int i = 0; i < 20; ++i) apply_changes(rng, *store, model, 50);
  auto fork = store->fork(store->head());
  fork->put(2, 9, std::string(2'000'000, 'L'));
  fork->put(2, 10, "");
  model[{2, 9}] = std::string(2'000'000, 'L');
  model[{2, 10}] = "";
  VersionRef version = store->append_head(std::move(fork));
  store->advance_applied();
  Model later = model;
  apply_changes(rng, *store, later, 50);

  auto target = open_store(fs2);
  fork = target->fork(target->head());
  std::string key;
  for (int chunks = 0;; ++chunks) {
    auto chunk = store->read_snapshot_chunk(version, &key, 2000);
    ASSERT_TRUE(chunk.ok());
    if (chunk->empty()) break;
    std::string bad = *chunk;
    bad[rng() % bad.size()] ^= 1;
    EXPECT_FALSE(Store::apply_snapshot_chunk(*fork, bad).ok());
    ASSERT_TRUE(Store::apply_snapshot_chunk(*fork, *chunk).ok());
  }
  EXPECT_FALSE(Store::apply_snapshot_chunk(*fork, "short").ok());
  target->append_head(std::move(fork));
  target->advance_applied();
  EXPECT_EQ(read_all(target->applied().reader()), model);
}

}  // namespace
}  // namespace graft::storage
