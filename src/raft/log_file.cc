#include "raft/log_file.h"

#include <deque>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "raft/log_segment.h"

// Invariants
//  1. Segments have consecutive sequence numbers; a segment's name appears only with its header durable, and only after
//     all that is in the segment before it is durable.
//  2. Every entry of a segment is above its header's previous_index. An append that goes back to or before it begins a
//     new segment, whose header then says after which entry it goes on; what older segments have above that is dead.
//  3. A segment's header repeats the hard state, so any older segment may go.
//  4. Segments are removed oldest first, each removal durable before the next.
//  5. Nothing that was written is ever written over.

namespace graft::raft {
namespace {

class LogFileImpl final : public LogFile {
 public:
  LogFileImpl(env::FileSystem& fs, std::string directory, uint64_t segment_bytes)
      : fs_(fs), directory_(std::move(directory)), segment_bytes_(segment_bytes) {}

  Status load();

  LogIndex first_index() const override {
    std::shared_lock lock(mutex_);
    return base_locked().previous_index + 1;
  }
  LogIndex last_index() const override {
    std::shared_lock lock(mutex_);
    return segments_.back()->last();
  }
  Result<Term> term(LogIndex index) const override;
  Result<std::vector<LogEntry>> entries(LogIndex low, LogIndex high, uint64_t max_bytes) const override;
  HardState hard_state() const override {
    std::shared_lock lock(mutex_);
    return segments_.back()->hard_state();
  }
  uint64_t bytes() const override {
    std::shared_lock lock(mutex_);
    uint64_t sum = 0;
    for (const auto& s : segments_) sum += s->size();
    return sum;
  }

  Status append(const std::vector<LogEntry>& entries, const HardState* hard_state) override {
    return writing(do_append(entries, hard_state));
  }
  Status sync() override { return writing(do_sync()); }
  Status compact(LogIndex index) override { return writing(do_compact(index)); }
  Status reset(LogIndex index, Term term, const HardState& hard_state) override {
    return writing(do_reset(index, term, hard_state));
  }

 private:
  Status writing(Status status) {
    if (!status.ok() && !failure_) failure_ = status.error();
    return status;
  }
  Status check_healthy() const {
    if (failure_) return *failure_;
    return {};
  }
  Status do_append(const std::vector<LogEntry>& entries, const HardState* hard_state);
  Status do_sync();
  Status do_compact(LogIndex index);
  Status do_reset(LogIndex index, Term term, const HardState& hard_state);
  Status begin_segment(LogIndex previous_index, const HardState& hard_state);
  Status join();
  Status remove_oldest();
  Status remove_segment(const std::string& path);
  void push(std::shared_ptr<Segment> segment);
  std::shared_ptr<const Segment> find_locked(LogIndex index) const;
  const SegmentHeader& base_locked() const;

  env::FileSystem& fs_;
  const std::string directory_;
  const uint64_t segment_bytes_;
  mutable std::shared_mutex mutex_;  // held exclusively only to change what the readers see
  std::deque<std::shared_ptr<Segment>> segments_;
  std::optional<Error> failure_;  // log role
};

Status LogFileImpl::load() {
  GRAFT_TRY(fs_.create_directories(directory_));
  GRAFT_TRY_ASSIGN(auto names, fs_.list(directory_));
  std::vector<uint64_t> sequences;
  for (const std::string& name : names) {
    if (uint64_t sequence = segment_sequence(name); sequence != 0) sequences.push_back(sequence);
  }
  if (sequences.empty()) {
    GRAFT_TRY_ASSIGN(auto segment, Segment::create(fs_, directory_, {.sequence = 1}));
    push(std::move(segment));
    return {};
  }
  // From the newest back to one that starts anew: what is before it does not count, whatever state it is in.
  for (size_t i = sequences.size(); i-- > 0;) {
    GRAFT_TRY_ASSIGN(auto segment, Segment::load(fs_, directory_, sequences[i], i + 1 == sequences.size()));
    segments_.push_front(std::move(segment));
    if (!segments_.front()->header().is_reset) continue;
    for (size_t k = 0; k < i; ++k) GRAFT_TRY(remove_segment(directory_ + "/" + segment_name(sequences[k])));
    break;
  }
  return join();
}

// Puts the loaded segments together: which of their entries count.
Status LogFileImpl::join() {
  std::deque<std::shared_ptr<Segment>> loaded;
  loaded.swap(segments_);
  for (auto& segment : loaded) {
    const SegmentHeader& header = segment->header();
    if (!segments_.empty() && header.sequence != segments_.back()->header().sequence + 1) {
      return Error{ErrorCode::kCorruption, "Raft log " + directory_ + ": the segment before " + segment->path() + " is missing"};
    }
    if (!segments_.empty() && header.previous_index > segments_.back()->last()) {
      return Error{ErrorCode::kCorruption, "Raft log " + segments_.back()->path() + " ends at entry " +
                                               std::to_string(segments_.back()->last()) + ", the next segment begins after " +
                                               std::to_string(header.previous_index)};
    }
    push(std::move(segment));
  }
  return {};
}

void LogFileImpl::push(std::shared_ptr<Segment> segment) {
  for (auto& s : segments_) s->truncate_after(segment->header().previous_index);
  segments_.push_back(std::move(segment));
}

std::shared_ptr<const Segment> LogFileImpl::find_locked(LogIndex index) const {
  for (auto s = segments_.rbegin(); s != segments_.rend(); ++s) {
    if (index >= (*s)->first() && index <= (*s)->last()) return *s;
  }
  return nullptr;
}

// Where the log begins: not always the oldest segment, for a newer one may go back before it.
const SegmentHeader& LogFileImpl::base_locked() const {
  const Segment* lowest = segments_.front().get();
  for (const auto& s : segments_) {
    if (s->first() < lowest->first()) lowest = s.get();
  }
  return lowest->header();
}

Result<Term> LogFileImpl::term(LogIndex index) const {
  std::shared_lock lock(mutex_);
  if (auto segment = find_locked(index)) return segment->term(index);
  if (index == base_locked().previous_index) return base_locked().previous_term;
  return Error{ErrorCode::kNotFound, "entry " + std::to_string(index) + " is not in the Raft log"};
}

Result<std::vector<LogEntry>> LogFileImpl::entries(LogIndex low, LogIndex high, uint64_t max_bytes) const {
  std::vector<LogEntry> out;
  while (low < high) {
    std::shared_ptr<const Segment> segment;
    Segment::Extent extent;
    {
      std::shared_lock lock(mutex_);
      segment = find_locked(low);
      if (segment) extent = segment->extent(low, high, max_bytes);
    }
    if (!segment) {
      if (!out.empty()) break;
      return Error{ErrorCode::kNotFound, "entry " + std::to_string(low) + " is not in the Raft log"};
    }
    uint64_t bytes = extent.end - extent.offsets.front();
    if (!out.empty() && bytes > max_bytes) break;
    GRAFT_TRY_ASSIGN(auto part, segment->read(extent));
    low += part.size();
    for (LogEntry& e : part) out.push_back(std::move(e));
    if (bytes >= max_bytes) break;
    max_bytes -= bytes;
  }
  return out;
}

Status LogFileImpl::do_append(const std::vector<LogEntry>& entries, const HardState* hard_state) {
  GRAFT_TRY(check_healthy());
  if (entries.empty() && hard_state == nullptr) return {};
  const Segment& active = *segments_.back();
  LogIndex previous = entries.empty() ? active.last() : entries.front().index - 1;
  for (size_t i = 0; i < entries.size(); ++i) GRAFT_CHECK(entries[i].index == previous + 1 + i);
  GRAFT_CHECK(previous <= active.last() && previous >= base_locked().previous_index);
  if (previous < active.header().previous_index || active.size() >= segment_bytes_) {
    GRAFT_TRY(begin_segment(previous, active.hard_state()));
  }
  return segments_.back()->append(entries, hard_state, mutex_);
}

Status LogFileImpl::begin_segment(LogIndex previous_index, const HardState& hard_state) {
  GRAFT_TRY(do_sync());
  GRAFT_TRY_ASSIGN(Term previous_term, term(previous_index));
  SegmentHeader header{.sequence = segments_.back()->header().sequence + 1,
                       .previous_index = previous_index,
                       .previous_term = previous_term,
                       .hard_state = hard_state};
  GRAFT_TRY_ASSIGN(auto segment, Segment::create(fs_, directory_, header));
  std::unique_lock lock(mutex_);
  push(std::move(segment));
  return {};
}

Status LogFileImpl::do_sync() {
  GRAFT_TRY(check_healthy());
  if (segments_.back()->is_durable()) return {};
  return segments_.back()->sync();
}

Status LogFileImpl::do_compact(LogIndex index) {
  GRAFT_TRY(check_healthy());
  size_t keep = segments_.size() - 1;
  while (keep > 0 && segments_[keep]->header().previous_index > index) --keep;
  for (; keep > 0; --keep) GRAFT_TRY(remove_oldest());
  return {};
}

Status LogFileImpl::remove_oldest() {
  std::string path = segments_.front()->path();
  {
    std::unique_lock lock(mutex_);
    segments_.pop_front();
  }
  return remove_segment(path);
}

Status LogFileImpl::remove_segment(const std::string& path) {
  GRAFT_TRY(fs_.remove(path));
  return fs_.sync_directory(directory_);
}

Status LogFileImpl::do_reset(LogIndex index, Term term, const HardState& hard_state) {
  GRAFT_TRY(check_healthy());
  SegmentHeader header{.sequence = segments_.back()->header().sequence + 1,
                       .previous_index = index,
                       .previous_term = term,
                       .hard_state = hard_state,
                       .is_reset = true};
  GRAFT_TRY_ASSIGN(auto segment, Segment::create(fs_, directory_, header));
  {
    std::unique_lock lock(mutex_);
    segments_.push_back(std::move(segment));
  }
  while (segments_.size() > 1) GRAFT_TRY(remove_oldest());
  return {};
}

}  // namespace

Result<std::unique_ptr<LogFile>> LogFile::open(env::FileSystem& fs, const std::string& directory, uint64_t segment_bytes) {
  auto log = std::make_unique<LogFileImpl>(fs, directory, segment_bytes);
  GRAFT_TRY(log->load());
  return std::unique_ptr<LogFile>(std::move(log));
}

}  // namespace graft::raft
