#include "replication/log_writer.h"

#include <iterator>

#include "env/trace.h"

namespace graft::replication {

LogWriter::LogWriter(raft::LogFile& log, VoteFile& vote, RoleHandle log_role, RoleHandle raft_role, std::function<void(Written)> written,
                     std::function<void(Error)> failed)
    : log_(log), vote_(vote), log_role_(std::move(log_role)), raft_role_(std::move(raft_role)), written_(std::move(written)), failed_(std::move(failed)) {}

void LogWriter::enqueue(Write write) {
  ++outstanding_;
  {
    std::lock_guard lock(mutex_);
    queue_.push_back(std::move(write));
  }
  if (scheduled_.exchange(true)) return;
  log_role_.post([this] {
    scheduled_ = false;
    run();
  });
}

Status LogWriter::write_all(std::vector<Write>& batch) {
  bool must_sync = false;
  for (Write& write : batch) {
    if (write.hard_state) GRAFT_TRY(vote_.keep(write.hard_state->term, write.hard_state->vote));
    if (!write.entries.empty() || write.hard_state) {
      GRAFT_TRY(log_.append(write.entries, write.hard_state ? &*write.hard_state : nullptr));
    }
    must_sync = must_sync || write.must_sync;
  }
  if (must_sync) GRAFT_TRY(log_.sync());
  return {};
}

void LogWriter::run() {
  std::vector<Write> batch;
  {
    std::lock_guard lock(mutex_);
    batch.swap(queue_);
  }
  if (batch.empty() || broken_) return;
  Status status = write_all(batch);
  if (!status.ok()) {
    broken_ = true;
    raft_role_.post([this, error = status.error()] { failed_(error); });
    return;
  }
  Written written;
  for (Write& write : batch) {
    written.incarnation = write.incarnation;
    written.ready_number = write.ready_number;
    written.messages.insert(written.messages.end(), std::make_move_iterator(write.messages.begin()), std::make_move_iterator(write.messages.end()));
  }
  raft_role_.post([this, written = std::move(written), count = batch.size()]() mutable {
    outstanding_ -= count;
    written_(std::move(written));
  });
}

void LogWriter::compact(raft::LogIndex index) {
  log_role_.post([this, index] {
    if (broken_) return;
    Status status = log_.compact(index);
    if (!status.ok()) env::trace(env::TraceLevel::kWarning, "log", "old entries could not be removed: {}", status.error().message);
  });
}

void LogWriter::reset(raft::LogIndex index, raft::Term term, raft::HardState hard_state, std::function<void()> done) {
  log_role_.post([this, index, term, hard_state, done = std::move(done)]() mutable {
    if (broken_) return;
    Status status = vote_.keep(hard_state.term, hard_state.vote);
    Result<raft::Term> present = log_.term(index);
    if (status.ok()) status = present.ok() && *present == term ? log_.sync() : log_.reset(index, term, hard_state);
    if (status.ok()) {
      raft_role_.post(std::move(done));
      return;
    }
    broken_ = true;
    raft_role_.post([this, error = status.error()] { failed_(error); });
  });
}

}  // namespace graft::replication
