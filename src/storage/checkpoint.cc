#include "storage/checkpoint.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace graft::storage {

namespace {

constexpr uint64_t kWriteBytes = 1 << 20;        // neighbouring extents go into one write up to this
constexpr size_t kRebuildNodesPerStep = 4096;    // 16 MB of map nodes

}  // namespace

VersionCheckpoint::VersionCheckpoint(PageFile& file, PageHeap& heap, VersionSet& versions, VersionRef version, TableList tables,
                                     CheckpointMeta meta, std::atomic<bool>& busy)
    : file_(file), heap_(heap), versions_(versions), busy_(busy), version_(std::move(version)), tables_(std::move(tables)),
      meta_(std::move(meta)) {}

VersionCheckpoint::~VersionCheckpoint() {
  for (const Pending& p : pending_) file_.give_back_unwritten(p.slot, p.length);
  busy_.store(false, std::memory_order_release);
}

Result<bool> VersionCheckpoint::step(uint64_t max_bytes) {
  GRAFT_TRY(file_.health());
  Result<bool> r = run(max_bytes);
  if (!r.ok()) file_.fail(r.error());
  return r;
}

Result<bool> VersionCheckpoint::run(uint64_t max_bytes) {
  if (done_) return true;
  if (!file_.rebuilt()) {
    GRAFT_TRY_ASSIGN(bool rebuilt, file_.rebuild_step(kRebuildNodesPerStep));
    if (!rebuilt) return false;
  }
  bool walked = walk(max_bytes);
  GRAFT_TRY(flush());
  GRAFT_TRY(file_.health());  // a page that turned out damaged on the way must not be left out silently
  if (!walked) {
    GRAFT_TRY(file_.write_back());
    return false;
  }
  GRAFT_TRY(file_.commit(tables_, version_.number(), meta_));
  done_ = true;
  return true;
}

uint64_t VersionCheckpoint::clean_slot(uint64_t slot) {
  if (slot == 0 || slot_in_file(slot)) return slot;
  uint64_t disk = PageHeader::of(slot)->disk.load(std::memory_order_acquire);
  return disk != 0 && slot_length_field(disk) == slot_length_field(slot) ? disk : 0;
}

uint64_t VersionCheckpoint::enqueue_page(uint64_t slot, PageNo no) {
  uint64_t n = heap_length(slot);
  Pending p{file_slot(file_.allocate(n), n), PageHeader::of(slot), n, tables_[table_].id, no, {}};
  pending_bytes_ += n + sizeof(ExtentHeader);
  pending_.push_back(std::move(p));
  return pending_.back().slot;
}

uint64_t VersionCheckpoint::enqueue_node(const Frame& f) {
  Pending p{file_slot(file_.allocate(kNodeBytes), kNodeBytes), f.node, kNodeBytes, tables_[table_].id, f.first, {}};
  p.node.assign(reinterpret_cast<const char*>(f.image.data()), kNodeBytes);
  pending_bytes_ += kNodeBytes + sizeof(ExtentHeader);
  pending_.push_back(std::move(p));
  return pending_.back().slot;
}

bool VersionCheckpoint::walk(uint64_t max_bytes) {
  auto open = [&](uint64_t slot, uint32_t depth, PageNo first) {
    path_.emplace_back();
    path_.back().node = PageHeader::of(slot);
    path_.back().depth = depth;
    path_.back().first = first;
  };
  while (pending_bytes_ < max_bytes) {
    if (path_.empty()) {
      if (table_ == tables_.size()) return true;
      TableRoot& t = tables_[table_];
      uint64_t clean = clean_slot(t.slot);
      if (t.slot == 0 || clean != 0) t.slot = clean;
      else if (t.depth == 0) t.slot = enqueue_page(t.slot, 0);
      else { open(t.slot, t.depth, 0); continue; }
      ++table_;
      continue;
    }
    Frame& f = path_.back();
    if (f.next == kFanout) {
      uint64_t slot = enqueue_node(f);
      path_.pop_back();
      if (path_.empty()) tables_[table_++].slot = slot;
      else path_.back().image[path_.back().next++] = slot;
      continue;
    }
    uint64_t child = reinterpret_cast<const uint64_t*>(f.node->bytes())[f.next];
    uint64_t clean = clean_slot(child);
    PageNo first = f.first + (PageNo{f.next} << ((f.depth - 1) * kFanoutBits));
    if (child == 0 || clean != 0) f.image[f.next++] = clean;
    else if (f.depth == 1) f.image[f.next++] = enqueue_page(child, first);
    else open(child, f.depth - 1, first);
  }
  return false;
}

// Writes what is pending, neighbours together, and only then lets others see where it is.
Status VersionCheckpoint::flush() {
  std::sort(pending_.begin(), pending_.end(), [](const Pending& a, const Pending& b) { return slot_address(a.slot) < slot_address(b.slot); });
  std::string run;
  uint64_t run_offset = 0;
  for (const Pending& p : pending_) {
    uint64_t offset = slot_address(p.slot), start = offset - sizeof(ExtentHeader);
    if (!run.empty() && (start != run_offset + run.size() || run.size() >= kWriteBytes)) {
      GRAFT_TRY(file_.write(run_offset, run));
      bytes_written_ += run.size();
      run.clear();
    }
    if (run.empty()) run_offset = start;
    size_t at = run.size();
    run.resize(at + ExtentAllocator::extent_bytes(sizeof(ExtentHeader) + p.length));
    ExtentHeader header;
    header.born = p.page->born;
    header.length = static_cast<uint32_t>(p.length);
    header.table = p.table;
    header.key = p.key;
    PageFile::seal(run.data() + at, offset, header, p.node.empty() ? std::string_view(p.page->bytes(), p.length) : p.node);
  }
  if (!run.empty()) GRAFT_TRY(file_.write(run_offset, run));
  bytes_written_ += run.size();
  for (const Pending& p : pending_) publish(p);
  pending_.clear();
  pending_bytes_ = 0;
  return {};
}

void VersionCheckpoint::publish(const Pending& p) {
  uint64_t former = p.page->disk.load(std::memory_order_relaxed);
  heap_.publish_disk(p.page, p.slot, p.length);
  // The page was longer than its extent: from this version on nobody reads the short one.
  if (former != 0) versions_.retire_extent(former, p.page->born, version_.number());
}

}  // namespace graft::storage
