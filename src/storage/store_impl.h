#pragma once

#include <memory>
#include <string>

#include "storage/page_heap.h"
#include "storage/store.h"
#include "storage/version_set.h"

namespace graft::storage {

class MemoryOnly final : public FileMap, public ExtentSink {
 public:
  void extent_unseen(uint64_t, VersionNo) override {}

 protected:
  const char* first_touch(uint64_t) const override { return nullptr; }
};

class StoreImpl final : public Store {
 public:
  explicit StoreImpl(StoreOptions options);

  CheckpointMeta durable_meta() const override;
  Status health() const override;
  VersionRef applied() const override;
  VersionRef head() const override;
  std::unique_ptr<Fork> fork(const VersionRef& base) override;
  StoreStats stats() const override;
  VersionRef append_head(std::unique_ptr<Fork> fork) override;
  void advance_applied() override;
  void drop_head() override;
  bool collect_garbage(size_t max_pages) override;
  Result<std::unique_ptr<Checkpoint>> begin_checkpoint(const VersionRef& version, CheckpointMeta meta) override;
  size_t release_clean_pages(size_t max_pages) override;
  std::string read_snapshot_chunk(const VersionRef& version, std::string* resume_key, size_t max_bytes) override;
  Status verify() override;

 private:
  StoreOptions options_;
  PageHeap heap_;
  MemoryOnly file_;
  mutable VersionSet versions_;
};

}  // namespace graft::storage
