#include "replication/snapshot_writer.h"

#include <utility>

namespace graft::replication {

Status SnapshotWriter::open(StoreGenerations& generations) {
  GRAFT_TRY_ASSIGN(std::string directory, generations.prepare_next());
  GRAFT_TRY_ASSIGN(auto store, storage::Store::open(fs_, directory, options_));
  store_ = std::move(store);
  fork_ = store_->fork(store_->head());
  return {};
}

void SnapshotWriter::set_meta(storage::CheckpointMeta meta) {
  std::lock_guard lock(mutex_);
  meta_ = std::move(meta);
}

Status SnapshotWriter::write(std::string_view chunk) {
  GRAFT_TRY(storage::Store::apply_snapshot_chunk(*fork_, chunk));
  unflushed_ += chunk.size();
  if (unflushed_ < kFlushBytes) return {};
  // Log index 0: of no use to anybody until the end.
  GRAFT_TRY(flush({}));
  for (bool more = true; more;) {
    storage::Store::Released released = store_->release_clean_pages(kReleasePages);
    if (released.version) store_->advance_applied();
    more = released.more;
  }
  fork_ = store_->fork(store_->head());
  return {};
}

Status SnapshotWriter::flush(storage::CheckpointMeta meta) {
  store_->append_head(std::exchange(fork_, nullptr));
  store_->advance_applied();
  GRAFT_TRY_ASSIGN(auto checkpoint, store_->begin_checkpoint(store_->applied(), std::move(meta)));
  for (bool done = false; !done;) {
    GRAFT_TRY_ASSIGN(done, checkpoint->step(kStepBytes));
  }
  unflushed_ = 0;
  return {};
}

Result<std::shared_ptr<storage::Store>> SnapshotWriter::finish() {
  storage::CheckpointMeta meta;
  {
    std::lock_guard lock(mutex_);
    meta = meta_;
  }
  if (meta.applied_index == 0) return Error{ErrorCode::kInvalidArgument, "a snapshot without a beginning"};
  GRAFT_TRY(flush(std::move(meta)));
  GRAFT_TRY(store_->verify());
  return std::exchange(store_, nullptr);
}

}  // namespace graft::replication
