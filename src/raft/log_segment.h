#pragma once

// One file of the Raft log: a header, then records. See docs/file-formats.md, "Raft log".

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "env/file.h"
#include "raft/log_record.h"
#include "raft/raft_node.h"

namespace graft::raft {

// Every entry of a segment has an index above previous_index.
struct SegmentHeader {
  uint64_t sequence = 0;
  LogIndex previous_index = 0;
  Term previous_term = 0;
  HardState hard_state;   // as of the segment's creation
  bool is_reset = false;  // segments before this one do not count any more
};

std::string segment_name(uint64_t sequence);                // log-0000000001
uint64_t segment_sequence(std::string_view name);           // 0: not such a name

class Segment {
 public:
  // Writes the file whole under another name and renames it: a segment under its name always has a good header.
  static Result<std::shared_ptr<Segment>> create(env::FileSystem& fs, const std::string& directory, const SegmentHeader& header);
  // Reads all records. last: a torn tail is cut off; elsewhere it is damage (kCorruption).
  static Result<std::shared_ptr<Segment>> load(env::FileSystem& fs, const std::string& directory, uint64_t sequence, bool last);

  const SegmentHeader& header() const { return header_; }
  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  const HardState& hard_state() const { return hard_state_; }

  LogIndex first() const { return header_.previous_index + 1; }
  LogIndex last() const { return header_.previous_index + offsets_.size(); }
  Term term(LogIndex index) const;
  void truncate_after(LogIndex index);  // in memory only: a later segment or record has replaced the rest

  // Writing: one thread. Entries follow last() or replace from their first index on, which is above previous_index.
  // The readers' mutex is taken for the moment in which they are let see the entries.
  Status append(const std::vector<LogEntry>& entries, const HardState* hard_state, std::shared_mutex& readers);
  Status sync();
  bool is_durable() const { return durable_size_ == size_; }

  // Where entries from low on lie, to be read without a lock.
  struct Extent {
    LogIndex low = 0;
    uint64_t end = 0;
    std::vector<uint32_t> offsets;  // of each entry
  };
  Extent extent(LogIndex low, LogIndex high, uint64_t max_bytes) const;
  Result<std::vector<LogEntry>> read(const Extent& extent) const;

 private:
  struct TermRun {
    LogIndex first;
    Term term;
  };
  Segment(std::string path, std::unique_ptr<env::File> file) : path_(std::move(path)), file_(std::move(file)) {}

  Status load_header(std::string_view bytes);
  Status replay(std::string_view bytes, bool last);
  Status take_record(const Record& record, uint64_t offset);
  Status cut_tail(std::string_view bytes, uint64_t offset);
  void add(LogIndex index, Term term, uint64_t offset);
  Error corruption(uint64_t offset, const std::string& what) const;

  std::string path_;
  std::unique_ptr<env::File> file_;
  SegmentHeader header_;
  HardState hard_state_;
  uint64_t size_ = 0;
  uint64_t durable_size_ = 0;
  std::vector<uint32_t> offsets_;  // of entry previous_index + 1 + i
  std::vector<TermRun> terms_;
};

}  // namespace graft::raft
