#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "storage/page_file.h"
#include "storage/page_heap.h"
#include "storage/release.h"
#include "storage/store.h"
#include "storage/version_set.h"

namespace graft::storage {

class StoreImpl final : public Store {
 public:
  StoreImpl(std::unique_ptr<PageFile> file, const StoreOptions& options);

  CheckpointMeta durable_meta() const override { return file_->durable_meta(); }
  Status health() const override { return file_->health(); }
  VersionRef applied() const override;
  VersionRef head() const override;
  std::unique_ptr<Fork> fork(const VersionRef& base) override;
  StoreStats stats() const override;
  VersionRef append_head(std::unique_ptr<Fork> fork) override;
  void advance_applied() override;
  void drop_head() override;
  bool collect_garbage(size_t max_pages) override;
  Result<std::unique_ptr<Checkpoint>> begin_checkpoint(const VersionRef& version, CheckpointMeta meta) override;
  Released release_clean_pages(size_t max_pages) override;
  Result<std::string> read_snapshot_chunk(const VersionRef& version, std::string* resume_key, size_t max_bytes) override;
  Status verify() override;

 private:
  PageHeap heap_;
  std::unique_ptr<PageFile> file_;
  mutable VersionSet versions_;  // frees into the two above: destroyed before them
  std::atomic<bool> checkpointing_ = false;
  ReleaseCursor release_cursor_;           // of whoever releases
  std::atomic<bool> release_anew_{false};  // a checkpoint has begun: from the start again
};

}  // namespace graft::storage
