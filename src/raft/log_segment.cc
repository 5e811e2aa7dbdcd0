#include "raft/log_segment.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <mutex>
#include <optional>

#include "base/checksum.h"
#include "base/codec.h"
#include "env/trace.h"

namespace graft::raft {
namespace {

constexpr std::string_view kMagic("GRFTLOG\x01", 8);
constexpr size_t kHeaderBytes = 72;
constexpr std::string_view kNamePrefix = "log-";

std::string encode_header(const SegmentHeader& h) {
  std::string out(kMagic);
  ByteWriter writer(&out);
  writer.u64(h.sequence);
  writer.u64(h.previous_index);
  writer.u64(h.previous_term);
  writer.raw(encode_hard_state(h.hard_state));
  writer.u64(h.is_reset ? 1 : 0);
  writer.u64(checksum64(out));
  return out;
}

}  // namespace

std::string segment_name(uint64_t sequence) {
  char name[32];
  std::snprintf(name, sizeof(name), "log-%010llu", static_cast<unsigned long long>(sequence));
  return name;
}

uint64_t segment_sequence(std::string_view name) {
  if (!name.starts_with(kNamePrefix) || name.size() < kNamePrefix.size() + 10) return 0;
  uint64_t sequence = 0;
  for (char c : name.substr(kNamePrefix.size())) {
    if (c < '0' || c > '9') return 0;
    sequence = sequence * 10 + static_cast<uint64_t>(c - '0');
  }
  return sequence;
}

Error Segment::corruption(uint64_t offset, const std::string& what) const {
  return {ErrorCode::kCorruption, "Raft log " + path_ + " is damaged at offset " + std::to_string(offset) + ": " + what};
}

Result<std::shared_ptr<Segment>> Segment::create(env::FileSystem& fs, const std::string& directory, const SegmentHeader& header) {
  std::string path = directory + "/" + segment_name(header.sequence);
  GRAFT_TRY(env::replace_file(fs, path, encode_header(header)));
  GRAFT_TRY_ASSIGN(auto file, fs.open(path, env::OpenMode::kMustExist));
  std::shared_ptr<Segment> segment(new Segment(path, std::move(file)));
  segment->header_ = header;
  segment->hard_state_ = header.hard_state;
  segment->size_ = segment->durable_size_ = kHeaderBytes;
  return segment;
}

Result<std::shared_ptr<Segment>> Segment::load(env::FileSystem& fs, const std::string& directory, uint64_t sequence, bool last) {
  std::string path = directory + "/" + segment_name(sequence);
  GRAFT_TRY_ASSIGN(auto file, fs.open(path, env::OpenMode::kMustExist));
  std::shared_ptr<Segment> segment(new Segment(path, std::move(file)));
  segment->header_.sequence = sequence;
  GRAFT_TRY_ASSIGN(uint64_t size, segment->file_->size());
  std::string bytes(size, '\0');
  if (size != 0) GRAFT_TRY(segment->file_->read_at(0, bytes.data(), size));
  GRAFT_TRY(segment->load_header(bytes));
  GRAFT_TRY(segment->replay(bytes, last));
  return segment;
}

Status Segment::load_header(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes || bytes.substr(0, kMagic.size()) != kMagic) {
    return corruption(0, "no header of a log segment");
  }
  ByteReader reader(bytes.substr(kMagic.size(), kHeaderBytes - kMagic.size()));
  SegmentHeader h;
  h.sequence = reader.u64();
  h.previous_index = reader.u64();
  h.previous_term = reader.u64();
  decode_hard_state(reader.raw(24), &h.hard_state);
  h.is_reset = reader.u64() != 0;
  if (reader.u64() != checksum64(bytes.substr(0, kHeaderBytes - 8))) return corruption(0, "the header's checksum is wrong");
  if (h.sequence != header_.sequence) return corruption(0, "it is segment " + std::to_string(h.sequence) + " under another name");
  header_ = h;
  hard_state_ = h.hard_state;
  return {};
}

Status Segment::replay(std::string_view bytes, bool last) {
  uint64_t offset = kHeaderBytes;
  while (offset < bytes.size()) {
    auto record = get_record(bytes, 0, offset, header_.sequence);
    if (!record) {
      if (!last) return corruption(offset, "a record's checksum is wrong");
      GRAFT_TRY(cut_tail(bytes, offset));
      break;
    }
    GRAFT_TRY(take_record(*record, offset));
    offset = record->end;
  }
  size_ = durable_size_ = offset;
  return {};
}

Status Segment::take_record(const Record& record, uint64_t offset) {
  if (record.type == RecordType::kHardState) {
    if (!decode_hard_state(record.body, &hard_state_)) return corruption(offset, "a malformed hard state");
    return {};
  }
  LogEntry entry;
  if (!decode_log_entry(record.body, &entry)) return corruption(offset, "a malformed entry");
  if (entry.index <= header_.previous_index || entry.index > last() + 1) {
    return corruption(offset, "entry " + std::to_string(entry.index) + " follows entry " + std::to_string(last()));
  }
  add(entry.index, entry.term, offset);
  return {};
}

// What was never synced may be missing in any part, with whole records behind the gap. What was synced may not: a record
// behind the gap that was written after the gap had been synced tells that this is damage.
Status Segment::cut_tail(std::string_view bytes, uint64_t offset) {
  for (uint64_t at = offset + 8; at < bytes.size(); at += 8) {
    auto record = get_record(bytes, 0, at, header_.sequence);
    if (record && record->durable_size > offset) {
      return corruption(offset, "a record's checksum is wrong, and later ones show that it had been synced");
    }
  }
  env::trace(env::TraceLevel::kInfo, "log", "{}: {} bytes that were never synced are cut off at offset {}", path_,
             bytes.size() - offset, offset);
  GRAFT_TRY(file_->truncate(offset));
  return file_->sync();
}

void Segment::add(LogIndex index, Term term, uint64_t offset) {
  truncate_after(index - 1);
  offsets_.push_back(static_cast<uint32_t>(offset));
  if (terms_.empty() || terms_.back().term != term) terms_.push_back({index, term});
}

void Segment::truncate_after(LogIndex index) {
  if (index >= last()) return;
  offsets_.resize(index > header_.previous_index ? index - header_.previous_index : 0);
  while (!terms_.empty() && terms_.back().first > index) terms_.pop_back();
}

Term Segment::term(LogIndex index) const {
  if (index == header_.previous_index) return header_.previous_term;
  GRAFT_CHECK(index >= first() && index <= last());
  auto run = std::upper_bound(terms_.begin(), terms_.end(), index, [](LogIndex i, const TermRun& r) { return i < r.first; });
  return std::prev(run)->term;
}

Status Segment::append(const std::vector<LogEntry>& entries, const HardState* hard_state, std::shared_mutex& readers) {
  std::string bytes;
  std::vector<uint64_t> offsets;
  offsets.reserve(entries.size());
  for (const LogEntry& e : entries) {
    offsets.push_back(size_ + bytes.size());
    put_record(RecordType::kEntry, encode_log_entry(e), durable_size_, header_.sequence, offsets.back(), &bytes);
  }
  if (hard_state != nullptr) {
    put_record(RecordType::kHardState, encode_hard_state(*hard_state), durable_size_, header_.sequence, size_ + bytes.size(), &bytes);
  }
  GRAFT_CHECK(size_ + bytes.size() <= std::numeric_limits<uint32_t>::max());
  GRAFT_TRY(file_->write_at(size_, bytes));
  std::unique_lock lock(readers);
  for (size_t i = 0; i < entries.size(); ++i) add(entries[i].index, entries[i].term, offsets[i]);
  if (hard_state != nullptr) hard_state_ = *hard_state;
  size_ += bytes.size();
  return {};
}

Status Segment::sync() {
  uint64_t size = size_;
  GRAFT_TRY(file_->sync());
  durable_size_ = size;
  return {};
}

Segment::Extent Segment::extent(LogIndex low, LogIndex high, uint64_t max_bytes) const {
  Extent out{.low = low};
  high = std::min(high, last() + 1);
  size_t at = low - first();
  size_t end = high - first();
  uint64_t begin = offsets_[at];
  do {
    out.offsets.push_back(offsets_[at++]);
    out.end = at < offsets_.size() ? offsets_[at] : size_;
  } while (at < end && (at + 1 < offsets_.size() ? offsets_[at + 1] : size_) - begin <= max_bytes);
  return out;
}

Result<std::vector<LogEntry>> Segment::read(const Extent& extent) const {
  uint64_t begin = extent.offsets.front();
  std::string bytes(extent.end - begin, '\0');
  GRAFT_TRY(file_->read_at(begin, bytes.data(), bytes.size()));
  std::vector<LogEntry> out;
  out.reserve(extent.offsets.size());
  for (uint32_t offset : extent.offsets) {
    auto record = get_record(bytes, begin, offset, header_.sequence);
    LogEntry entry;
    if (!record || record->type != RecordType::kEntry || !decode_log_entry(record->body, &entry) ||
        entry.index != extent.low + out.size()) {
      return corruption(offset, "entry " + std::to_string(extent.low + out.size()) + " cannot be read back");
    }
    out.push_back(std::move(entry));
  }
  return out;
}

}  // namespace graft::raft
