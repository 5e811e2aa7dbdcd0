#pragma once

// Versions, pins, and the freeing of pages.
//
// Invariants
//  V1  Numbers (= stamps) come from one counter, are given to forks and never reused. Along the chain they grow; a fork is
//      appended only if it is newer than every version that was ever appended.
//  V2  A version that exists is pinned: by a VersionRef, by a fork made from it, or by the set itself (applied, chain).
//      Nothing pins it again once its count has reached 0.
//  V3  A page made by fork b and replaced or erased by fork d is seen by exactly the versions of its chain in [b, d).
//      It is freed when no existing version lies in that interval.
//  V4  A page replaced by version d is retired when d becomes applied, not earlier: the chain may still be dropped. If it
//      is dropped, d's retire list is forgotten and the pages in its made list are freed instead.
//  V5  A retired page is attached to the newest existing version in its interval. When that version ends, the page moves
//      to the next older one in the interval, or is freed. So a forgotten pin keeps what it sees and nothing more.
//  V6  A page's content never changes once its maker is appended; bytes may be added behind the longest version's end.
//  V7  An extent of the page file follows the same intervals; from there it goes to the page file's waiting list, tagged
//      with the applied version of that moment, and is reused when a checkpoint of that version or a later one is durable.

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/page_heap.h"
#include "storage/page_map.h"

namespace graft::storage {

class VersionSet;

// A page, node or extent that a version no longer has.
struct Retired {
  uint64_t slot = 0;
  VersionNo born = 0;
  bool keep_extent = false;  // heap copy whose extent lives on in a file slot
};

// A whole table that a version dropped: its pages are found and retired in slices.
struct RetiredTable {
  uint64_t slot = 0;
  uint32_t depth = 0;
};

struct Version {
  VersionNo number = 0;
  Root root;
  std::atomic<uint64_t> pins = 1;
  std::atomic<bool> cancelled = false;
  VersionSet* set = nullptr;
  Version* older = nullptr;  // existing versions by number; under the set's mutex
  Version* newer = nullptr;
  std::vector<Retired> attached;  // under the set's mutex
  uint64_t attached_bytes = 0;
  // Until applied or dropped:
  std::vector<PageHeader*> made;
  std::vector<Retired> retired;
  std::vector<RetiredTable> retired_tables;
};

// Takes the extents that no version sees any more.
class ExtentSink {
 public:
  virtual ~ExtentSink() = default;
  virtual void extent_unseen(uint64_t file_slot, VersionNo applied) = 0;
};

class VersionSet {
 public:
  VersionSet(PageHeap& heap, const FileMap& file, ExtentSink& sink, uint64_t retained_budget_bytes);
  ~VersionSet();
  VersionSet(const VersionSet&) = delete;
  VersionSet& operator=(const VersionSet&) = delete;

  // Before anything else: the first version.
  void start(VersionNo number, Root root);

  VersionNo next_number() { return counter_.fetch_add(1, std::memory_order_relaxed) + 1; }
  Version* pin_applied();
  Version* pin_head();
  static void pin(Version* v) { v->pins.fetch_add(1, std::memory_order_relaxed); }
  void unpin(Version* v);

  // Takes over the version with one pin for the chain; gives it back with another for the caller.
  Version* append(std::unique_ptr<Version> version, VersionNo base);
  void advance();
  void drop_chain();
  bool chain_empty() const;

  // Frees about max_pages of dropped tables; true when nothing is left to do.
  bool collect(size_t max_pages);
  bool garbage_left() const;

  // An extent that versions in [born, died) may see through a file slot, and no later one.
  void retire_extent(uint64_t file_slot, VersionNo born, VersionNo died);

  uint64_t retained_bytes() const;
  uint64_t pin_count() const;  // versions that others than the set itself hold

  // Frees what nobody sees: a heap page, and its extent or a file slot's extent.
  void release(const Retired& r);

 private:
  struct WalkFrame {
    uint64_t slot = 0;
    uint32_t depth = 0;
    uint32_t next = 0;
  };
  struct DroppedTable {
    VersionNo died = 0;
    std::vector<WalkFrame> path;
  };

  uint64_t bytes_of(const Retired& r) const;
  void link(Version* v);
  void unlink(Version* v);
  Version* newest_before(VersionNo died);
  // Under the mutex: to the version if it lies in the interval, else to `free`.
  void attach_or_free(Version* newest, const Retired& r, std::vector<Retired>* free);
  bool drop_pin_locked(Version* v, std::vector<Retired>* free, std::vector<std::unique_ptr<Version>>* dead);
  void enforce_budget();
  void release_all(const std::vector<Retired>& list);
  static void forget_made(std::deque<Version*>& chain, const Retired& r);
  void free_tree(uint64_t slot, uint32_t depth);
  bool walk_dropped(DroppedTable& t, size_t* budget, std::vector<Retired>* free);

  PageHeap& heap_;
  const FileMap& file_;
  ExtentSink& sink_;
  const uint64_t budget_;
  std::atomic<VersionNo> counter_ = 0;
  std::atomic<VersionNo> applied_number_ = 0;

  mutable std::mutex mutex_;
  Version* newest_ = nullptr;  // list of all existing versions
  Version* applied_ = nullptr;
  std::deque<Version*> chain_;  // after applied, oldest first
  VersionNo last_appended_ = 0;
  uint64_t retained_ = 0;   // bytes attached to versions that are not cancelled
  uint64_t retained_cancelled_ = 0;
  uint64_t existing_ = 0;
  std::deque<DroppedTable> dropped_;

  std::mutex collect_mutex_;  // one collector at a time
};

}  // namespace graft::storage
