#include "storage/store_impl.h"

#include <fmt/format.h>

#include "base/check.h"
#include "storage/checkpoint.h"

namespace graft::storage {

namespace {

constexpr size_t kCollectPerAdvance = 512;         // pages of dropped tables
constexpr size_t kExtraBytes = 64 << 10;

}  // namespace

Result<std::unique_ptr<Store>> Store::open(env::FileSystem& fs, const std::string& directory, StoreOptions options) {
  GRAFT_TRY_ASSIGN(std::unique_ptr<PageFile> file, PageFile::open(fs, directory, options));
  return std::unique_ptr<Store>(std::make_unique<StoreImpl>(std::move(file), options));
}

StoreImpl::StoreImpl(std::unique_ptr<PageFile> file, const StoreOptions& options)
    : file_(std::move(file)), versions_(heap_, *file_, *file_, options.retained_budget_bytes) {
  versions_.start(file_->durable_version(), Root(file_->durable_tables()));
}

VersionRef StoreImpl::applied() const { return VersionRef(versions_.pin_applied(), file_.get()); }
VersionRef StoreImpl::head() const { return VersionRef(versions_.pin_head(), file_.get()); }

std::unique_ptr<Fork> StoreImpl::fork(const VersionRef& base) {
  return std::unique_ptr<Fork>(new Fork(base, versions_, heap_));
}

StoreStats StoreImpl::stats() const {
  StoreStats s;
  s.heap_page_bytes = heap_.bytes();
  s.heap_pages = heap_.pages();
  s.dirty_bytes = heap_.dirty_bytes();
  s.retained_bytes = versions_.retained_bytes();
  s.pins = versions_.pin_count();
  s.file_bytes = file_->file_bytes();
  s.free_file_bytes = file_->free_bytes();
  return s;
}

VersionRef StoreImpl::append_head(std::unique_ptr<Fork> fork) {
  return VersionRef(versions_.append(std::move(fork->version_), fork->base()), file_.get());
}

void StoreImpl::advance_applied() {
  versions_.advance();
  if (versions_.garbage_left()) versions_.collect(kCollectPerAdvance);
}

void StoreImpl::drop_head() { versions_.drop_chain(); }
bool StoreImpl::collect_garbage(size_t max_pages) { return !versions_.collect(max_pages); }

Result<std::unique_ptr<Checkpoint>> StoreImpl::begin_checkpoint(const VersionRef& version, CheckpointMeta meta) {
  GRAFT_TRY(health());
  if (meta.extra.size() > kExtraBytes)
    return Error{ErrorCode::kInvalidArgument, fmt::format("checkpoint: extra has {} bytes, at most {} are allowed", meta.extra.size(), kExtraBytes)};
  if (version.number() > applied().number())
    return Error{ErrorCode::kInvalidArgument, "checkpoint: the version is not applied"};
  if (version.number() < file_->durable_version())
    return Error{ErrorCode::kInvalidArgument, "checkpoint: a newer version is durable already"};
  if (checkpointing_.exchange(true, std::memory_order_acquire))
    return Error{ErrorCode::kUnavailable, "checkpoint: another one is in progress"};
  release_anew_.store(true, std::memory_order_relaxed);
  return std::unique_ptr<Checkpoint>(std::make_unique<VersionCheckpoint>(*file_, heap_, versions_, version, version.version_->root.list(),
                                                                         std::move(meta), checkpointing_));
}

Store::Released StoreImpl::release_clean_pages(size_t max_pages) {
  if (release_anew_.exchange(false, std::memory_order_relaxed)) release_cursor_ = {};
  auto fork = this->fork(head());
  CleanPageReleaser releaser(*fork, release_cursor_);
  bool version = releaser.run(max_pages) != 0;
  if (version) append_head(std::move(fork));
  return {version, !releaser.at_end()};
}

}  // namespace graft::storage
