#pragma once

// The page file: one file of extents, each a page or a map node behind a checksummed header, and two superblocks.
//
//   newest superblock ──> root record (tables, meta) ──> map nodes ──> pages       all by file slots
//
// Invariants
//  F1  What a durable checkpoint reaches is never written over: an extent is given out again only after a checkpoint that
//      does not reach it is durable, and no version sees it (V7).
//  F2  Order on disk: extents, sync, superblock, sync. The superblock written is the one that does not hold the newest
//      durable checkpoint, so a crash at any moment leaves that one whole.
//  F3  A map node in the file has file slots only: everything below it was written before it.
//  F4  The file's map is only read, and never past written_end. Writes go through the File door.
//  F5  Nothing read from the map is believed before its checksum has been compared once since the store was opened, or
//      since the extent was written. Damage makes the store failed for good (fail()).
//  F6  Free space is not on disk: the first checkpoint after opening marks what the durable checkpoint reaches
//      (map nodes only) before it allocates.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "env/file.h"
#include "storage/extent_allocator.h"
#include "storage/page_file_format.h"
#include "storage/page_map.h"
#include "storage/store.h"
#include "storage/version_set.h"

namespace graft::storage {

class PageFile final : public FileMap, public ExtentSink {
 public:
  // Opens or creates DIRECTORY/pages.graft.
  static Result<std::unique_ptr<PageFile>> open(env::FileSystem& fs, const std::string& directory,
                                                const StoreOptions& options);
  ~PageFile() override;

  VersionNo durable_version() const;
  CheckpointMeta durable_meta() const;
  TableList durable_tables() const;
  const std::string& path() const { return path_; }

  // The first damage or failed write, for good. Any thread.
  void fail(Error error) const;
  Status health() const;
  bool failed() const { return failed_.load(std::memory_order_acquire); }

  // ExtentSink. Any thread.
  void extent_unseen(uint64_t file_slot, VersionNo applied) override;

  // Compares an extent's checksum now, whatever was found before.
  Status check(uint64_t file_slot) const;

  // Checkpoint thread only, in this order: rebuild until done; then any number of allocate, write, sync; then commit.
  bool rebuilt() const { return rebuilt_; }
  Result<bool> rebuild_step(size_t max_nodes);
  uint64_t allocate(uint64_t length);  // file offset of the bytes (behind the header)
  void give_back_unwritten(uint64_t file_slot, uint64_t length);
  Status write(uint64_t offset, std::string_view bytes);
  Status write_back();  // gives it to the disk, as far as that goes without a sync
  Status sync();
  // Root record and superblock; durable when it returns.
  Status commit(const TableList& tables, VersionNo version, const CheckpointMeta& meta);

  uint64_t file_bytes() const;
  uint64_t free_bytes() const;

  // Fills in the header that stands before the bytes in `extent`.
  static void seal(char* extent, uint64_t data_offset, ExtentHeader header, std::string_view bytes);

 protected:
  const char* first_touch(uint64_t slot) const override;

 private:
  struct Durable {
    Superblock superblock;
    CheckpointMeta meta;
    TableList tables;
  };
  struct RebuildFrame {
    uint64_t slot = 0;
    uint32_t depth = 0;
    uint32_t next = 0;
  };

  PageFile(std::string path, StoreOptions options);
  static Status create(env::FileSystem& fs, const std::string& directory, const std::string& path);
  Status load();
  uint64_t greatest_bytes() const;
  Status load_root(const Superblock& superblock);
  Status check_not_overwritten() const;
  Status check_same(uint64_t slot, uint32_t depth, TableId table, PageNo first) const;
  Error damaged(uint64_t offset, const std::string& what) const;
  Status mark(uint64_t slot);
  void free_waiting(VersionNo durable);
  void free_extent(uint64_t file_slot);

  const std::string path_;
  StoreOptions options_;  // map_reserve_bytes: what could be had
  std::unique_ptr<env::File> file_;
  std::atomic<uint64_t> written_end_ = 0;

  mutable std::mutex mutex_;  // durable_, failure_, waiting_, allocator_
  mutable Status failure_;
  mutable std::atomic<bool> failed_ = false;
  Durable durable_;
  std::vector<std::pair<VersionNo, uint64_t>> waiting_;
  ExtentAllocator allocator_;

  // Checkpoint thread.
  bool rebuilt_ = false;
  bool rebuilding_ = false;
  size_t rebuild_table_ = 0;
  std::vector<RebuildFrame> rebuild_path_;
};

}  // namespace graft::storage
