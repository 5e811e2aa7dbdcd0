#include "storage/store_impl.h"

#include "base/check.h"

namespace graft::storage {

namespace {

constexpr size_t kCollectPerAdvance = 512;  // pages of dropped tables

}  // namespace

Result<std::unique_ptr<Store>> Store::open(env::FileSystem&, const std::string&, StoreOptions options) {
  return std::unique_ptr<Store>(std::make_unique<StoreImpl>(std::move(options)));
}

StoreImpl::StoreImpl(StoreOptions options)
    : options_(std::move(options)), versions_(heap_, file_, file_, options_.retained_budget_bytes) {
  versions_.start(1, Root{});
}

CheckpointMeta StoreImpl::durable_meta() const { return {}; }
Status StoreImpl::health() const { return {}; }
VersionRef StoreImpl::applied() const { return VersionRef(versions_.pin_applied(), &file_); }
VersionRef StoreImpl::head() const { return VersionRef(versions_.pin_head(), &file_); }

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
  return s;
}

VersionRef StoreImpl::append_head(std::unique_ptr<Fork> fork) {
  return VersionRef(versions_.append(std::move(fork->version_), fork->base()), &file_);
}

void StoreImpl::advance_applied() {
  versions_.advance();
  if (versions_.garbage_left()) versions_.collect(kCollectPerAdvance);
}

void StoreImpl::drop_head() { versions_.drop_chain(); }
bool StoreImpl::collect_garbage(size_t max_pages) { return !versions_.collect(max_pages); }

Result<std::unique_ptr<Checkpoint>> StoreImpl::begin_checkpoint(const VersionRef&, CheckpointMeta) {
  return Error{ErrorCode::kUnsupported, "no page file yet"};
}
size_t StoreImpl::release_clean_pages(size_t) { return 0; }
std::string StoreImpl::read_snapshot_chunk(const VersionRef&, std::string*, size_t) { return {}; }
Status Store::apply_snapshot_chunk(Fork&, std::string_view) { return {}; }
Status StoreImpl::verify() { return {}; }

}  // namespace graft::storage
