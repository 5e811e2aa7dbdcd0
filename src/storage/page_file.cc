#include "storage/page_file.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include <fmt/format.h>

#include "base/check.h"
#include "base/checksum.h"
#include "base/codec.h"

namespace graft::storage {

namespace {

constexpr uint64_t kLeastReserveBytes = uint64_t{1} << 36;  // of address space

uint64_t superblock_checksum(const Superblock& s) {
  return checksum64(std::string_view(reinterpret_cast<const char*>(&s), offsetof(Superblock, checksum)));
}

std::string superblock_bytes(Superblock s) {
  s.checksum = superblock_checksum(s);
  std::string block(kSuperblockBytes, '\0');
  std::memcpy(block.data(), &s, sizeof(s));
  return block;
}

bool valid(const Superblock& s) {
  return std::memcmp(s.magic, Superblock().magic, sizeof(s.magic)) == 0 && s.checksum == superblock_checksum(s);
}

std::string encode_root(const TableList& tables, const CheckpointMeta& meta) {
  std::string out;
  ByteWriter w(&out);
  w.varint(tables.size());
  for (const TableRoot& t : tables) {
    w.u32(t.id);
    w.u8(static_cast<uint8_t>(t.depth));
    w.u64(t.slot);
  }
  w.bytes(meta.extra);
  return out;
}

bool decode_root(std::string_view in, TableList* tables, std::string* extra) {
  ByteReader r(in);
  for (uint64_t n = r.varint(); n > 0 && r.ok(); --n) {
    TableRoot t;
    t.id = r.u32();
    t.depth = r.u8();
    t.slot = r.u64();
    if (t.depth > kMaxDepth) return false;
    tables->push_back(t);
  }
  *extra = std::string(r.bytes());
  return r.ok() && r.done();
}

}  // namespace

PageFile::PageFile(std::string path, StoreOptions options) : path_(std::move(path)), options_(std::move(options)) {}

PageFile::~PageFile() { std::free(verified_); }

Result<std::unique_ptr<PageFile>> PageFile::open(env::FileSystem& fs, const std::string& directory,
                                                 const StoreOptions& options) {
  std::string path = directory + "/" + kPageFileName;
  GRAFT_TRY_ASSIGN(bool exists, fs.exists(path));
  if (!exists) GRAFT_TRY(create(fs, directory, path));
  std::unique_ptr<PageFile> file(new PageFile(path, options));
  GRAFT_TRY_ASSIGN(file->file_, fs.open(path, env::OpenMode::kMustExist));
  GRAFT_TRY(file->load());
  return file;
}

// Under a temporary name first, so that a page file, where one exists, always has a valid superblock.
Status PageFile::create(env::FileSystem& fs, const std::string& directory, const std::string& path) {
  GRAFT_TRY(fs.create_directories(directory));
  Superblock first;
  first.sequence = 1;
  first.version = 1;
  first.file_bytes = 2 * kSuperblockBytes;
  return env::replace_file(fs, path, superblock_bytes(first) + std::string(kSuperblockBytes, '\0'));
}

Status PageFile::load() {
  GRAFT_TRY_ASSIGN(uint64_t size, file_->size());
  if (size < 2 * kSuperblockBytes)
    return Error{ErrorCode::kCorruption, fmt::format("{}: has {} bytes, less than its two superblocks", path_, size)};
  Superblock best;
  bool found = false, other_damaged = false;
  for (uint64_t i = 0; i < 2; ++i) {
    Superblock s;
    GRAFT_TRY(file_->read_at(i * kSuperblockBytes, reinterpret_cast<char*>(&s), sizeof(s)));
    if (!valid(s)) {
      other_damaged |= s.magic[0] != 0 || s.sequence != 0;
    } else if (!found || s.sequence > best.sequence) {
      best = s;
      found = true;
    }
  }
  if (!found) return Error{ErrorCode::kCorruption, fmt::format("{}: offset 0: both superblocks are damaged", path_)};
  if (best.file_bytes > size)
    return Error{ErrorCode::kCorruption, fmt::format("{}: offset {}: the file ends here, its superblock says {}", path_, size, best.file_bytes)};
  uint64_t reserve = greatest_bytes();
  if (size > reserve)
    return Error{ErrorCode::kInvalidArgument, fmt::format("{}: has {} bytes, more than the {} reserved for it", path_, size, reserve)};
  // Where address space is short (ulimit -v, a sanitizer's shadow memory) less has to do.
  Result<const char*> base = file_->map(reserve);
  while (!base.ok() && reserve / 2 >= std::max(size, kLeastReserveBytes)) base = file_->map(reserve /= 2);
  GRAFT_TRY_ASSIGN(base_, std::move(base));
  options_.map_reserve_bytes = reserve;
  uint64_t words = ((reserve >> kGranuleShift) + 63) / 64;
  verified_ = static_cast<std::atomic<uint64_t>*>(std::calloc(words, sizeof(uint64_t)));  // zero pages, taken when touched
  if (verified_ == nullptr) return Error{ErrorCode::kOutOfMemory, path_ + ": no memory to map it"};
  written_end_ = size;
  GRAFT_TRY(load_root(best));
  if (other_damaged) GRAFT_TRY(check_not_overwritten());
  return {};
}

// One superblock is damaged. If it was being written when the machine stopped, the other one's checkpoint is whole (F2);
// if it went bad later, extents of that older checkpoint may have been used again. Reads everything.
Status PageFile::check_not_overwritten() const {
  for (const TableRoot& t : durable_.tables) GRAFT_TRY(check_same(t.slot, t.depth, t.id, 0));
  return {};
}

Status PageFile::check_same(uint64_t slot, uint32_t depth, TableId table, PageNo first) const {
  if (slot == 0) return {};
  GRAFT_TRY(check(slot));
  const char* data = base_ + slot_address(slot);
  const ExtentHeader* header = extent_header(data);
  if (header->table != table || header->key != first || header->born > durable_.superblock.version)
    return damaged(slot_address(slot), "a superblock is damaged, and what the older one names here has been written over");
  if (depth == 0) return {};
  for (uint64_t i = 0; i < kFanout; ++i)
    GRAFT_TRY(check_same(reinterpret_cast<const uint64_t*>(data)[i], depth - 1, table, first + (i << ((depth - 1) * kFanoutBits))));
  return {};
}

Status PageFile::load_root(const Superblock& superblock) {
  durable_.superblock = superblock;
  durable_.meta.applied_index = superblock.applied_index;
  durable_.meta.applied_term = superblock.applied_term;
  if (superblock.root_slot == 0) return {};
  GRAFT_TRY(check(superblock.root_slot));
  const char* data = base_ + slot_address(superblock.root_slot);
  std::string_view record(data, extent_header(data)->length);
  if (!decode_root(record, &durable_.tables, &durable_.meta.extra))
    return damaged(slot_address(superblock.root_slot), "the root record is malformed");
  return {};
}

uint64_t PageFile::greatest_bytes() const { return std::min(options_.map_reserve_bytes, kMaxFileBytes); }

VersionNo PageFile::durable_version() const {
  std::lock_guard lock(mutex_);
  return durable_.superblock.version;
}
CheckpointMeta PageFile::durable_meta() const {
  std::lock_guard lock(mutex_);
  return durable_.meta;
}
TableList PageFile::durable_tables() const {
  std::lock_guard lock(mutex_);
  return durable_.tables;
}

Error PageFile::damaged(uint64_t offset, const std::string& what) const {
  return Error{ErrorCode::kCorruption, fmt::format("{}: offset {}: {}", path_, offset, what)};
}

void PageFile::fail(Error error) const {
  {
    std::lock_guard lock(mutex_);
    if (!failure_.ok()) return;
    failure_ = error;
    failed_.store(true, std::memory_order_release);
  }
  if (options_.on_damage) options_.on_damage(error);
}

Status PageFile::health() const {
  if (!failed_.load(std::memory_order_acquire)) return {};
  std::lock_guard lock(mutex_);
  return failure_;
}

Status PageFile::check(uint64_t slot) const {
  uint64_t offset = slot_address(slot);
  uint64_t end = written_end_.load(std::memory_order_acquire);
  if (!slot_in_file(slot) || offset < kSegmentBytes || offset % kGranuleBytes != sizeof(ExtentHeader) || offset > end)
    return damaged(offset, "a page map points here, where no page can be");
  const char* data = base_ + offset;
  ExtentHeader header;
  std::memcpy(&header, data - sizeof(header), sizeof(header));
  uint64_t n = slot_length_field(slot);
  if (n == kLongLength ? header.length < kLongLength : header.length != n) return damaged(offset, "page header is damaged");
  if (header.length > end - offset) return damaged(offset, "the page goes past the end of the file");
  const char* summed = data - sizeof(header) + sizeof(header.checksum);
  std::string_view bytes(summed, sizeof(header) - sizeof(header.checksum) + header.length);
  if (checksum64(bytes, offset) != header.checksum) return damaged(offset, "page checksum does not match");
  return {};
}

const char* PageFile::first_touch(uint64_t slot) const {
  Status s = check(slot);
  if (!s.ok()) {
    fail(std::move(s).error());
    return nullptr;
  }
  uint64_t granule = slot_address(slot) >> kGranuleShift;
  verified_[granule >> 6].fetch_or(uint64_t{1} << (granule & 63), std::memory_order_relaxed);
  return base_ + slot_address(slot);
}

void PageFile::seal(char* extent, uint64_t data_offset, ExtentHeader header, std::string_view bytes) {
  std::memcpy(extent, &header, sizeof(header));
  if (!bytes.empty()) std::memcpy(extent + sizeof(header), bytes.data(), bytes.size());
  std::string_view summed(extent + sizeof(header.checksum), sizeof(header) - sizeof(header.checksum) + bytes.size());
  header.checksum = checksum64(summed, data_offset);
  std::memcpy(extent, &header.checksum, sizeof(header.checksum));
}

void PageFile::extent_unseen(uint64_t file_slot, VersionNo applied) {
  std::lock_guard lock(mutex_);
  waiting_.emplace_back(applied, file_slot);
}

uint64_t PageFile::allocate(uint64_t length) {
  std::lock_guard lock(mutex_);
  uint64_t offset = allocator_.allocate(sizeof(ExtentHeader) + length) + sizeof(ExtentHeader);
  if (offset >= greatest_bytes()) return offset;  // write() will refuse it
  uint64_t granule = offset >> kGranuleShift;
  verified_[granule >> 6].fetch_and(~(uint64_t{1} << (granule & 63)), std::memory_order_relaxed);
  return offset;
}

void PageFile::give_back_unwritten(uint64_t file_slot, uint64_t length) {
  std::lock_guard lock(mutex_);
  allocator_.free(slot_address(file_slot) - sizeof(ExtentHeader), sizeof(ExtentHeader) + length);
}

void PageFile::free_extent(uint64_t file_slot) {
  uint64_t n = slot_length_field(file_slot);
  if (n == kLongLength) {
    // Only its header knows how long it is. Should that be damaged, the space stays unused until the next opening.
    const char* data = resolve(file_slot);
    if (data == nullptr) return;
    n = extent_header(data)->length;
  }
  give_back_unwritten(file_slot, n);
}

// Extents that no version at or after the durable one reaches, nor any pin (F1).
void PageFile::free_waiting(VersionNo durable) {
  std::vector<uint64_t> free;
  {
    std::lock_guard lock(mutex_);
    auto keep = std::partition(waiting_.begin(), waiting_.end(), [&](const auto& w) { return w.first > durable; });
    for (auto it = keep; it != waiting_.end(); ++it) free.push_back(it->second);
    waiting_.erase(keep, waiting_.end());
  }
  for (uint64_t slot : free) free_extent(slot);
}

Status PageFile::write(uint64_t offset, std::string_view bytes) {
  uint64_t end = offset + bytes.size();
  if (end > greatest_bytes())
    return Error{ErrorCode::kIo, fmt::format("{}: offset {}: the page file has reached its greatest size", path_, offset)};
  GRAFT_TRY(file_->write_at(offset, bytes));
  if (end > written_end_.load(std::memory_order_relaxed)) written_end_.store(end, std::memory_order_release);
  return {};
}

Status PageFile::write_back() { return file_->write_back(); }
Status PageFile::sync() { return file_->sync(); }

Status PageFile::commit(const TableList& tables, VersionNo version, const CheckpointMeta& meta) {
  std::string record = encode_root(tables, meta);
  uint64_t offset = allocate(record.size());
  std::string extent(sizeof(ExtentHeader) + record.size(), '\0');
  ExtentHeader header;
  header.born = version;
  header.length = static_cast<uint32_t>(record.size());
  header.table = kRootTable;
  seal(extent.data(), offset, header, record);
  GRAFT_TRY(write(offset - sizeof(ExtentHeader), extent));
  GRAFT_TRY(sync());

  Superblock next;
  uint64_t former_root;
  {
    std::lock_guard lock(mutex_);
    next.sequence = durable_.superblock.sequence + 1;
    former_root = durable_.superblock.root_slot;
  }
  next.version = version;
  next.root_slot = file_slot(offset, record.size());
  next.file_bytes = written_end_.load(std::memory_order_relaxed);
  next.applied_index = meta.applied_index;
  next.applied_term = meta.applied_term;
  GRAFT_TRY(write(next.sequence % 2 == 1 ? 0 : kSuperblockBytes, superblock_bytes(next)));
  GRAFT_TRY(sync());
  {
    std::lock_guard lock(mutex_);
    durable_ = Durable{next, meta, tables};
  }
  if (former_root != 0) free_extent(former_root);
  free_waiting(version);
  return {};
}

Status PageFile::mark(uint64_t slot) {
  uint64_t offset = slot_address(slot);
  uint64_t n = slot_length_field(slot);
  if (n == kLongLength) {
    GRAFT_TRY(check(slot));
    n = extent_header(base_ + offset)->length;
  }
  std::lock_guard lock(mutex_);
  if (offset % kGranuleBytes != sizeof(ExtentHeader) || !allocator_.mark(offset - sizeof(ExtentHeader), sizeof(ExtentHeader) + n))
    return damaged(offset, "two pages overlap, or one lies outside the file");
  return {};
}

// Marks what the durable checkpoint reaches (F6): reads map nodes, and of pages their slots only.
Result<bool> PageFile::rebuild_step(size_t max_nodes) {
  if (rebuilt_) return true;
  if (!rebuilding_) {
    rebuilding_ = true;
    {
      std::lock_guard lock(mutex_);
      uint64_t end = std::max(written_end_.load(), kSegmentBytes);
      allocator_.begin_rebuild((end + kSegmentBytes - 1) / kSegmentBytes);
    }
    if (durable_.superblock.root_slot != 0) GRAFT_TRY(mark(durable_.superblock.root_slot));
  }
  const auto& tables = durable_.tables;
  for (size_t nodes = 0; nodes < max_nodes;) {
    if (rebuild_path_.empty()) {
      if (rebuild_table_ == tables.size()) {
        std::lock_guard lock(mutex_);
        allocator_.end_rebuild();
        rebuilt_ = true;
        return true;
      }
      const TableRoot& t = tables[rebuild_table_++];
      if (t.slot == 0) continue;
      GRAFT_TRY(mark(t.slot));
      if (t.depth != 0) rebuild_path_.push_back({t.slot, t.depth, 0});
      continue;
    }
    RebuildFrame& f = rebuild_path_.back();
    const char* node = resolve(f.slot);
    if (node == nullptr) return health().error();
    uint64_t child = 0;
    while (f.next < kFanout && child == 0) child = reinterpret_cast<const uint64_t*>(node)[f.next++];
    if (child == 0) {
      rebuild_path_.pop_back();
      ++nodes;
      continue;
    }
    GRAFT_TRY(mark(child));
    if (f.depth > 1) rebuild_path_.push_back({child, f.depth - 1, 0});
  }
  return false;
}

uint64_t PageFile::file_bytes() const { return written_end_.load(std::memory_order_relaxed); }

uint64_t PageFile::free_bytes() const {
  std::lock_guard lock(mutex_);
  uint64_t file = file_bytes(), used = allocator_.used_bytes();
  return rebuilt_ && file > used ? file - used : 0;
}

}  // namespace graft::storage
