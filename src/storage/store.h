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
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "env/file.h"
#include "storage/page_map.h"
#include "storage/types.h"

namespace graft::storage {

class PageHeap;
class VersionSet;
struct Version;
struct Retired;
struct RetiredTable;

// Pins a version. Copyable, any thread; the last copy's end unpins. Must not outlive its Store.
class VersionRef {
 public:
  VersionRef() = default;
  VersionRef(const VersionRef& o);
  VersionRef(VersionRef&& o) noexcept : version_(o.version_), file_(o.file_) { o.version_ = nullptr; }
  VersionRef& operator=(VersionRef o) noexcept {
    std::swap(version_, o.version_);
    std::swap(file_, o.file_);
    return *this;
  }
  ~VersionRef();

  VersionNo number() const;
  PageReader reader() const;
  explicit operator bool() const { return version_ != nullptr; }
  // Set when the store cancelled this pin because it retained too much (retained-bytes budget): stop and report.
  bool cancelled() const;

 private:
  friend class StoreImpl;
  friend class Fork;
  VersionRef(Version* pinned, const FileMap* file) : version_(pinned), file_(file) {}  // takes over a pin
  Version* version_ = nullptr;
  const FileMap* file_ = nullptr;
};

// One writer's copy of a version. Not thread-safe; may move between threads. Destroying it frees every page it made.
// Readers and views taken from it must not outlive it or its sealing; take new ones from the sealed version.
class Fork {
 public:
  ~Fork();
  Fork(const Fork&) = delete;
  Fork& operator=(const Fork&) = delete;

  VersionNo base() const { return base_.number(); }
  VersionNo number() const;  // what the version will be called
  PageReader reader() const { return PageReader(root_, file_); }
  bool cancelled() const { return base_.cancelled(); }  // as VersionRef::cancelled, for the version it came from

  // A page of exactly n bytes whose content the caller fills; replaces what was there (views of it end here). Valid until
  // the next mutation. Over a page that this fork made, the buffer is used again when it fits.
  char* put(TableId table, PageNo no, size_t n);
  void put(TableId table, PageNo no, std::string_view content);
  // The page's bytes, to change in place; copied first unless this fork made it. The page must exist.
  char* edit(TableId table, PageNo no);
  // Appends to a page (created when absent). Where the page's buffer has room and nobody else has appended behind the
  // version this fork came from, nothing is copied: older versions keep seeing their own, shorter page.
  // Gives where the appended bytes stand now.
  char* append(TableId table, PageNo no, std::string_view bytes);
  void erase(TableId table, PageNo no);
  // Forgets a whole table at once (O(1) now; its pages are freed later in slices).
  void drop_table(TableId table);

  uint64_t bytes_copied() const { return bytes_copied_; }  // since the fork was made: pages and page-map nodes
  uint64_t bytes_made() const { return bytes_made_; }      // memory this fork alone holds

 private:
  friend class StoreImpl;
  friend class CleanPageReleaser;
  Fork(VersionRef base, VersionSet& set, PageHeap& heap);

  char* put_in(uint64_t* slot, size_t n);
  uint64_t* slot_for_write(TableId table, PageNo no, uint32_t level = 0);
  uint64_t* own_node(uint64_t* slot);
  uint64_t slot_of(TableId table, PageNo no) const;
  PageHeader* make(uint64_t length, uint64_t capacity);
  bool owns(uint64_t slot) const;
  void retire(uint64_t slot, bool keep_extent = false);
  void free_own(PageHeader* page);
  char* copy_grown(uint64_t* slot, std::string_view old, std::string_view more);

  VersionRef base_;
  VersionSet& set_;
  PageHeap& heap_;
  const FileMap* file_;
  std::unique_ptr<Version> version_;  // under construction
  Root* root_;                        // version_'s
  uint64_t bytes_copied_ = 0;
  uint64_t bytes_made_ = 0;
};

struct CheckpointMeta {
  uint64_t applied_index = 0;  // Raft log index that this version is the result of
  uint64_t applied_term = 0;
  std::string extra;           // the replication layer's: membership, cluster id, epoch (at most 64 KiB)
};

struct StoreOptions {
  uint64_t retained_budget_bytes = uint64_t{4} << 30;  // beyond it the pin that retains most is cancelled
  uint64_t map_reserve_bytes = uint64_t{1} << 40;      // address space for the page file, and its greatest size
  // Called once, on the thread that met it, when a page read turns out damaged or a write fails: from then on the store is
  // failed (see health()), damaged pages read as absent, and nothing is checkpointed. The node has to stop serving and
  // re-sync. It may be called with the store's locks held: it only posts a task.
  std::function<void(const Error&)> on_damage;
};

struct StoreStats {
  uint64_t heap_page_bytes = 0;      // pages held in memory
  uint64_t retained_bytes = 0;       // of these, only for pins of old versions
  uint64_t dirty_bytes = 0;          // changed since the last durable checkpoint
  uint64_t file_bytes = 0;
  uint64_t free_file_bytes = 0;
  uint64_t pins = 0;                 // versions that readers and forks hold, `applied` and the chain included
  uint64_t heap_pages = 0;           // pages and page-map nodes in memory
};

// A checkpoint in progress: call step until it gives true. One at a time. Runs on one thread (background role) while
// readers and writers go on. Destroying it before the end abandons it.
class Checkpoint {
 public:
  virtual ~Checkpoint() = default;
  // Writes about max_bytes and waits until the disk has taken them; true when the superblock is durable. An error means
  // the node has to stop serving.
  virtual Result<bool> step(uint64_t max_bytes) = 0;
  virtual const CheckpointMeta& meta() const = 0;
  virtual uint64_t bytes_written() const = 0;
};

class Store {
 public:
  // Opens DIRECTORY/pages.graft or creates an empty store (version 1, no tables, durable_meta().applied_index == 0). kCorruption names file and offset.
  static Result<std::unique_ptr<Store>> open(env::FileSystem& fs, const std::string& directory, StoreOptions options);
  virtual ~Store() = default;

  // Meta of the newest durable checkpoint. Any thread.
  virtual CheckpointMeta durable_meta() const = 0;
  // OK, or the first damage or failed write that was met; never OK again after that. Any thread.
  virtual Status health() const = 0;

  // Any thread.
  virtual VersionRef applied() const = 0;
  virtual VersionRef head() const = 0;  // == applied() when the chain is empty
  virtual std::unique_ptr<Fork> fork(const VersionRef& base) = 0;
  virtual StoreStats stats() const = 0;

  // One thread at a time each (lane, apply). The fork's base must be the current head, and the fork made after the last
  // append_head or drop_head: a fork that was open across one of them is thrown away.
  virtual VersionRef append_head(std::unique_ptr<Fork> fork) = 0;
  // The oldest version of the chain becomes `applied`; retired pages become free as pins allow.
  virtual void advance_applied() = 0;
  // Drops all of the chain: head() == applied() again. Pins on dropped versions keep their pages until they end.
  virtual void drop_head() = 0;

  // Frees about max_pages pages of dropped tables (advance_applied does a little of it too); false: nothing is left.
  virtual bool collect_garbage(size_t max_pages) = 0;

  // `version` must be applied (not only head).
  virtual Result<std::unique_ptr<Checkpoint>> begin_checkpoint(const VersionRef& version, CheckpointMeta meta) = 0;
  // Switches about max_pages heap copies that the page file holds to the mapped file, and looks at some times as many, as
  // a new head version with no logical change; append_head and advance_applied must not run meanwhile. Each checkpoint
  // begins it anew.
  struct Released {
    bool version = false;  // a head version was made: to be advanced over like any other
    bool more = false;     // call again
  };
  virtual Released release_clean_pages(size_t max_pages) = 0;

  // Snapshot streaming: all pages of a pinned version in (table, page) order, resumable from any key.
  // resume_key is empty at first; each call moves it on. Gives encoded, checksummed chunks of about max_bytes; empty at
  // the end. kCorruption: a page is damaged here.
  virtual Result<std::string> read_snapshot_chunk(const VersionRef& version, std::string* resume_key, size_t max_bytes) = 0;
  // The receiving side: fork() on an empty store, apply_snapshot_chunk per chunk, append_head, advance, checkpoint.
  // Larger than memory: append, advance, checkpoint and release_clean_pages every some 100 MB. kCorruption: nothing done.
  static Status apply_snapshot_chunk(Fork& fork, std::string_view chunk);

  // Recomputes the checksum of every page that the applied version has in the file; kCorruption names file and offset.
  // Any thread; takes a while.
  virtual Status verify() = 0;
};

}  // namespace graft::storage
