#pragma once

#include <array>
#include <string>
#include <vector>

#include "storage/page_file.h"
#include "storage/page_heap.h"
#include "storage/store.h"
#include "storage/version_set.h"

namespace graft::storage {

// Writes the pages and map nodes of one version that no extent holds yet, children before their node (F3), and then the
// superblock. Walks the version with an explicit path, so that it can stop after any number of bytes.
class VersionCheckpoint final : public Checkpoint {
 public:
  VersionCheckpoint(PageFile& file, PageHeap& heap, VersionSet& versions, VersionRef version, TableList tables,
                    CheckpointMeta meta, std::atomic<bool>& busy);
  ~VersionCheckpoint() override;

  Result<bool> step(uint64_t max_bytes) override;
  const CheckpointMeta& meta() const override { return meta_; }
  uint64_t bytes_written() const override { return bytes_written_; }

 private:
  struct Frame {
    PageHeader* node = nullptr;
    uint32_t depth = 0;
    uint32_t next = 0;
    PageNo first = 0;
    std::array<uint64_t, kFanout> image;  // the node as it will stand on disk
  };
  struct Pending {
    uint64_t slot = 0;  // file slot given to it
    PageHeader* page = nullptr;
    uint64_t length = 0;
    TableId table = 0;
    PageNo key = 0;
    std::string node;   // a node's image; empty: the page's own bytes
  };

  Result<bool> run(uint64_t max_bytes);
  // True when all of the version's pages have file slots.
  bool walk(uint64_t max_bytes);
  // File slot of a heap or file slot that needs no writing; 0 if it does.
  static uint64_t clean_slot(uint64_t slot);
  uint64_t enqueue_page(uint64_t slot, PageNo no);
  uint64_t enqueue_node(const Frame& frame);
  Status flush();
  void publish(const Pending& p);

  PageFile& file_;
  PageHeap& heap_;
  VersionSet& versions_;
  std::atomic<bool>& busy_;
  VersionRef version_;
  TableList tables_;  // become those on disk, one by one
  CheckpointMeta meta_;
  size_t table_ = 0;
  std::vector<Frame> path_;
  std::vector<Pending> pending_;
  uint64_t pending_bytes_ = 0;
  uint64_t bytes_written_ = 0;
  bool done_ = false;
};

}  // namespace graft::storage
