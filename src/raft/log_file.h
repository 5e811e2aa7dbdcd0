#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/file.h"
#include "raft/raft_node.h"

namespace graft::raft {

// The segmented Raft log on disk: entries and hard states, a checksum per record, segments of about 64 MB.
// append and sync are the log role's; the readers may be called from any thread.
// docs/file-formats.md has the layout. Invariants stand at the head of log_file.cc.
class LogFile {
 public:
  // Cuts off a torn tail. Damage before the tail: kCorruption naming file and offset (the member re-syncs).
  static Result<std::unique_ptr<LogFile>> open(env::FileSystem& fs, const std::string& directory, uint64_t segment_bytes = 64 << 20);
  virtual ~LogFile() = default;

  virtual LogIndex first_index() const = 0;  // first entry present, or the next one to come
  virtual LogIndex last_index() const = 0;   // first_index() - 1 when empty
  // Of an entry present, or of first_index() - 1; else kNotFound.
  virtual Result<Term> term(LogIndex index) const = 0;
  // Entries from [low, high), at least one, no more than max_bytes unless the first is larger. kNotFound: not present;
  // kCorruption, kIo.
  virtual Result<std::vector<LogEntry>> entries(LogIndex low, LogIndex high, uint64_t max_bytes) const = 0;
  virtual HardState hard_state() const = 0;
  virtual uint64_t bytes() const = 0;

  // Entries that overlap replace what was there from the first one on. Not durable before sync(). After an error of a
  // writing call every later one gives that error again: what is on disk is known only after a new open().
  virtual Status append(const std::vector<LogEntry>& entries, const HardState* hard_state) = 0;
  virtual Status sync() = 0;
  // Removes whole segments that hold only entries <= index.
  virtual Status compact(LogIndex index) = 0;
  // Empties the log: the next entry is index + 1, whose predecessor has `term`. Durable when it returns.
  virtual Status reset(LogIndex index, Term term, const HardState& hard_state) = 0;
};

}  // namespace graft::raft
