#pragma once

// The public face of the storage layer. See docs/architecture.md, "Versioned pages".
//
//   applied ──fork──> Fork ──seal──> version ──append_head──> head ──advance_applied──> applied'
//
// A Version is an immutable root; whoever holds a VersionRef pins it. A Fork is a version under construction: private to
// one thread at a time, readable through the same calls as a version. Sealing a fork makes it a version; versions
// appended to the head chain become `applied` in order, or are dropped from the chain's end.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/file.h"
#include "storage/types.h"

namespace graft::storage {

struct Root;   // internal: radix roots of all tables
class Store;

// Resolved root of one table, for hot loops. Valid as long as the version or fork it came from, and, for a fork, until
// that fork's next mutation of the same table.
class TableReader {
 public:
  PageView page(PageNo no) const;

 private:
  friend class PageReader;
  uint64_t slot_ = 0;
  uint32_t depth_ = 0;
  const char* file_base_ = nullptr;
};

// What a version and a fork have in common. A cheap value (two pointers).
class PageReader {
 public:
  PageView page(TableId table, PageNo no) const;
  TableReader table(TableId table) const;
  // Existing pages of the table with number >= from, ascending, until visit returns false.
  void for_each_page(TableId table, PageNo from, const std::function<bool(PageNo, PageView)>& visit) const;
};

// Pins a version. Copyable, any thread; the last copy's end unpins. Must not outlive its Store.
class VersionRef {
 public:
  VersionNo number() const;
  PageReader reader() const;
  explicit operator bool() const;
  // Set when the store cancelled this pin because it retained too much (retained-bytes budget): stop and report.
  bool cancelled() const;
};

// One writer's copy of a version. Not thread-safe. Destroying it frees every page it made.
class Fork {
 public:
  VersionNo base() const;
  PageReader reader() const;

  // A page of exactly n bytes whose content the caller fills; replaces what was there. Valid until the next mutation.
  char* put(TableId table, PageNo no, size_t n);
  void put(TableId table, PageNo no, std::string_view content);
  // The page's bytes, to change in place; copied first unless this fork made it. The page must exist.
  char* edit(TableId table, PageNo no);
  // Appends to a page (created when absent). Where the page's buffer has room and nobody else has appended behind the
  // version this fork came from, nothing is copied: older versions keep seeing their own, shorter page.
  void append(TableId table, PageNo no, std::string_view bytes);
  void erase(TableId table, PageNo no);
  // Forgets a whole table at once (O(1) now; its pages are freed later in slices).
  void drop_table(TableId table);

  uint64_t bytes_copied() const;  // since the fork was made: pages and page-map nodes
  uint64_t bytes_made() const;    // memory this fork alone holds
};

struct CheckpointMeta {
  uint64_t applied_index = 0;  // Raft log index that this version is the result of
  uint64_t applied_term = 0;
  std::string extra;           // the replication layer's: membership, cluster id, epoch (at most 64 KiB)
};

struct StoreOptions {
  uint64_t retained_budget_bytes = uint64_t{4} << 30;  // beyond it the pin that retains most is cancelled
  uint64_t map_reserve_bytes = uint64_t{1} << 40;      // address space for the page file
};

struct StoreStats {
  uint64_t heap_page_bytes = 0;      // pages held in memory
  uint64_t retained_bytes = 0;       // of these, only for pins of old versions
  uint64_t dirty_bytes = 0;          // changed since the last durable checkpoint
  uint64_t file_bytes = 0;
  uint64_t free_file_bytes = 0;
  uint64_t pins = 0;
};

// A checkpoint in progress: call step until it gives true. One at a time. Runs on one thread (background role) while
// readers and writers go on. Destroying it before the end abandons it.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;
  // Writes about max_bytes; true when the superblock is durable. An error means the node has to stop serving.
  virtual Result<bool> step(uint64_t max_bytes) = 0;
  virtual const CheckpointMeta& meta() const = 0;
  virtual uint64_t bytes_written() const = 0;
};

class Store {
 public:
  // Opens DIRECTORY/pages.* or creates an empty store (version 1, no tables, meta().applied_index == 0). kCorruption names file and offset.
  static Result<std::unique_ptr<Store>> open(env::FileSystem& fs, const std::string& directory, StoreOptions options);
  virtual ~Store() = default;

  // Meta of the newest durable checkpoint.
  virtual const CheckpointMeta& durable_meta() const = 0;

  // Any thread.
  virtual VersionRef applied() const = 0;
  virtual VersionRef head() const = 0;  // == applied() when the chain is empty
  virtual std::unique_ptr<Fork> fork(const VersionRef& base) = 0;
  virtual StoreStats stats() const = 0;

  // One thread at a time each (lane, apply). The fork's base must be the current head.
  virtual VersionRef append_head(std::unique_ptr<Fork> fork) = 0;
  // The oldest version of the chain becomes `applied`; retired pages become free as pins allow.
  virtual void advance_applied() = 0;
  // Drops all of the chain: head() == applied() again. Pins on dropped versions keep their pages until they end.
  virtual void drop_head() = 0;

  // `version` must be applied (not only head).
  virtual Result<std::unique_ptr<Checkpoint>> begin_checkpoint(const VersionRef& version, CheckpointMeta meta) = 0;
  // Switches about max_pages heap copies that a durable checkpoint holds to the mapped file, as a new head version with
  // no logical change; the chain must be empty. Gives how many were switched (0: nothing left).
  virtual size_t release_clean_pages(size_t max_pages) = 0;

  // Snapshot streaming: all pages of a pinned version in (table, page) order, resumable from any key.
  // Gives encoded chunks of about max_bytes; empty at the end.
  virtual std::string read_snapshot_chunk(const VersionRef& version, std::string* resume_key, size_t max_bytes) = 0;
  // The receiving side: fork() on an empty store, apply_snapshot_chunk per chunk, append_head, advance, checkpoint.
  static Status apply_snapshot_chunk(Fork& fork, std::string_view chunk);

  // Recomputes every reachable page's checksum from the file; kCorruption names file and offset.
  virtual Status verify() = 0;
};

}  // namespace graft::storage
