#pragma once

// A store's content as a plain map, and random changes to both. For tests.

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "storage/memory_file_system.h"
#include "storage/store.h"

namespace graft::storage {

// Tests that go through every operation go through some of them where each costs twenty times as much.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kStride = 9;
#else
constexpr uint64_t kStride = 1;
#endif

using Model = std::map<std::pair<TableId, PageNo>, std::string>;

inline std::unique_ptr<Store> open_store(MemoryFileSystem& fs, StoreOptions options = {}) {
  options.map_reserve_bytes = uint64_t{1} << 30;
  auto store = Store::open(fs, "db", options);
  EXPECT_TRUE(store.ok()) << (store.ok() ? "" : store.error().message);
  return store.ok() ? std::move(store).value() : nullptr;
}

inline Model read_all(const PageReader& reader) {
  Model m;
  for (TableId t : reader.tables()) {
    TableReader table = reader.table(t);
    reader.for_each_page(t, 0, [&](PageNo no, PageView page) {
      m[{t, no}] = std::string(page);
      EXPECT_EQ(table.page(no), page);
      EXPECT_EQ(table.peek(table.entry(no)), page.data());
      return true;
    });
  }
  return m;
}

// One random change, to the fork and to the model.
inline void mutate(std::mt19937_64& rng, Fork& fork, Model& model) {
  static constexpr PageNo kScale[] = {1, 7, 513, 300'000, PageNo{1} << 40};
  TableId table = rng() % 3;
  PageNo no = (rng() % 40) * kScale[rng() % 5];
  auto key = std::make_pair(table, no);
  std::string bytes(rng() % 300, static_cast<char>('a' + rng() % 26));
  switch (rng() % 12) {
    case 0: case 1: case 2: case 3:
      fork.put(table, no, bytes);
      model[key] = bytes;
      break;
    case 4: case 5: case 6:
      fork.append(table, no, bytes);
      model[key] += bytes;
      break;
    case 7: case 8:
      if (!model.count(key) || model[key].empty()) break;
      fork.edit(table, no)[model[key].size() / 2] = '!';
      model[key][model[key].size() / 2] = '!';
      break;
    case 9: case 10:
      fork.erase(table, no);
      model.erase(key);
      break;
    default:
      if (rng() % 8 != 0) break;
      fork.drop_table(table);
      std::erase_if(model, [&](const auto& e) { return e.first.first == table; });
  }
}

inline void apply_changes(std::mt19937_64& rng, Store& store, Model& model, int changes) {
  auto fork = store.fork(store.head());
  for (int i = 0; i < changes; ++i) mutate(rng, *fork, model);
  store.append_head(std::move(fork));
  store.advance_applied();
}

inline void put_and_apply(Store& store, PageNo no, std::string_view content) {
  auto fork = store.fork(store.head());
  fork->put(1, no, content);
  store.append_head(std::move(fork));
  store.advance_applied();
}

inline Status checkpoint(Store& store, uint64_t applied_index, uint64_t max_bytes = 1 << 20) {
  CheckpointMeta meta;
  meta.applied_index = applied_index;
  meta.applied_term = 7;
  meta.extra = "members of " + std::to_string(applied_index);
  auto running = store.begin_checkpoint(store.applied(), meta);
  if (!running.ok()) return running.error();
  for (;;) {
    auto done = (*running)->step(max_bytes);
    if (!done.ok()) return done.error();
    if (*done) return {};
  }
}

inline void release_all(Store& store, size_t max_pages) {
  for (bool more = true; more;) {
    Store::Released released = store.release_clean_pages(max_pages);
    if (released.version) store.advance_applied();
    more = released.more;
  }
}

}  // namespace graft::storage
