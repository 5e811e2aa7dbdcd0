// Clean stop: what was accepted is finished, leadership goes to another member, the disk is left tidy.

#include "env/trace.h"
#include "replication/replica_core.h"

namespace graft::replication {
namespace {

constexpr uint64_t kLastCheckpointBytes = 64 << 20;

}  // namespace

void ReplicaCore::stop(std::function<void()> done) {
  if (!built() || status().state == ReplicaState::kHealing) return done();
  auto write_marker = [this, done = std::move(done)] {
    Status marked = directory_->write_clean_stop();
    if (!marked.ok()) env::trace(env::TraceLevel::kWarning, "replica", "no clean-stop marker: {}", marked.error().message);
    done();
  };
  auto stop_raft = [this, write_marker = std::move(write_marker)]() mutable {
    driver_->stop();
    scrubber_->stop();
    sender_->stop();
    receiver_->stop();
    Error stopping{ErrorCode::kUnavailable, "this node is stopping"};
    chain_->abandon(Error{ErrorCode::kUnknownOutcome, "the node was stopped while the commit was being replicated; it may or may not have taken effect"});
    lane_->abandon(stopping);
    applied_waiters_.abandon(stopping);
    schema_builder_->abandon(Error{ErrorCode::kUnknownOutcome, "the node was stopped while existing data was being checked; that goes on under the next leader"});
    // Through the log role: what it still writes is on disk before the marker says so.
    role(roles_.log).post([this, write_marker = std::move(write_marker)]() mutable {
      checkpointer_->stop(kLastCheckpointBytes, std::move(write_marker));
    });
  };
  transfer_leadership(0, [this, stop_raft = std::move(stop_raft)](Status) mutable { role(roles_.raft).post(std::move(stop_raft)); });
}

}  // namespace graft::replication
