#include "storage/store_impl.h"

namespace graft::storage {

namespace {

// Checks every extent that a tree names or that a heap copy in it claims to be stored in.
Status verify_tree(const PageFile& file, uint64_t slot, uint32_t depth) {
  if (slot == 0) return {};
  const char* bytes;
  if (slot_in_file(slot)) {
    GRAFT_TRY(file.check(slot));
    bytes = file.resolve(slot);
    if (bytes == nullptr) return file.health();
  } else {
    PageHeader* page = PageHeader::of(slot);
    for (uint64_t disk = page->disk.load(std::memory_order_acquire); disk != 0;) {
      Status s = file.check(disk);
      if (s.ok()) break;
      uint64_t now = page->disk.load(std::memory_order_acquire);
      if (now == disk) return s;
      disk = now;  // a checkpoint has moved it meanwhile
    }
    bytes = page->bytes();
  }
  if (depth == 0) return {};
  for (uint32_t i = 0; i < kFanout; ++i)
    GRAFT_TRY(verify_tree(file, reinterpret_cast<const uint64_t*>(bytes)[i], depth - 1));
  return {};
}

}  // namespace

Status StoreImpl::verify() {
  GRAFT_TRY(health());
  VersionRef version = applied();
  for (const TableRoot& t : version.version_->root.list()) {
    Status s = verify_tree(*file_, t.slot, t.depth);
    if (!s.ok()) {
      file_->fail(s.error());
      return s;
    }
  }
  return {};
}

}  // namespace graft::storage
