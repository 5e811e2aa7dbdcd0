#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "env/file.h"
#include "replication/snapshot_transfer.h"
#include "storage/store.h"

namespace graft::replication {

// Fills a new generation of the store with a snapshot's chunks. Background role, but for set_meta.
class SnapshotWriter {
 public:
  SnapshotWriter(env::FileSystem& fs, storage::StoreOptions options) : fs_(fs), options_(std::move(options)) {}

  Status open(StoreGenerations& generations);
  void set_meta(storage::CheckpointMeta meta);  // raft role; before finish()
  Status write(std::string_view chunk);
  // Makes it durable and reads it back.
  Result<std::shared_ptr<storage::Store>> finish();

 private:
  // So much is kept in memory before it goes to disk.
  static constexpr uint64_t kFlushBytes = 64 << 20;
  static constexpr uint64_t kStepBytes = 1 << 20;
  static constexpr size_t kReleasePages = 4096;

  Status flush(storage::CheckpointMeta meta);

  env::FileSystem& fs_;
  const storage::StoreOptions options_;
  std::shared_ptr<storage::Store> store_;
  std::unique_ptr<storage::Fork> fork_;
  uint64_t unflushed_ = 0;
  std::mutex mutex_;
  storage::CheckpointMeta meta_;  // under mutex_
};

}  // namespace graft::replication
