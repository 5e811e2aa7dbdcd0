#pragma once

// Makes checkpoints of applied versions when enough has changed, a slice at a time, and afterwards lets go of the heap
// copies that the page file now holds and of the log before it. Background role, except where said.

#include <algorithm>
#include <functional>
#include <memory>

#include "env/clock.h"
#include "raft/log_file.h"
#include "replication/chain.h"
#include "replication/role_handle.h"

namespace graft::replication {

// What a checkpoint carries besides the pages: CheckpointMeta::extra.
std::string encode_checkpoint_extra(const ChainMark& mark);
Result<ChainMark> decode_checkpoint_extra(std::string_view bytes);

struct CheckpointOptions {
  uint64_t log_bytes = 0;
  uint64_t dirty_bytes = 0;
  env::Duration interval{0};
};

class Checkpointer {
 public:
  // Small steps, each handed to the disk before the next: an fdatasync of the log finds at most one of them before it.
  static constexpr uint64_t kStepBytes = 512 << 10;
  // The pause after a step that took so long: the log's fsyncs go first.
  static env::Duration pause_after(env::Duration step) { return std::max<env::Duration>(step, std::chrono::milliseconds(2)); }
  static constexpr size_t kReleasePages = 256;
  static constexpr size_t kCollectPages = 512;

  // durable: a checkpoint of this log index is durable now. released: pages were let go, the chain may have room again.
  Checkpointer(CheckpointOptions options, Chain& chain, raft::LogFile& log, RoleHandle role, const env::Clock& clock,
               std::function<void(raft::LogIndex)> durable, std::function<void()> released, std::function<void(Error)> failed);

  void poll();  // any role, now and then
  // Stops checkpoints for good; done once none is running. finish_within_bytes: makes a last one when it is that small.
  void stop(uint64_t finish_within_bytes, std::function<void()> done);

 private:
  void check();
  void begin(Chain::Standing now);
  void step();
  void finish();
  void release();

  const CheckpointOptions options_;
  Chain& chain_;
  raft::LogFile& log_;
  RoleHandle role_;
  const env::Clock& clock_;
  std::function<void(raft::LogIndex)> durable_;
  std::function<void()> released_;
  std::function<void(Error)> failed_;

  std::shared_ptr<storage::Store> store_;           // of the checkpoint under way
  storage::VersionRef version_;                     // its version, pinned
  std::unique_ptr<storage::Checkpoint> checkpoint_;
  bool releasing_ = false;
  bool failed_once_ = false;
  std::function<void()> stopping_;                  // not null: stop as soon as possible, then call it
  uint64_t log_bytes_at_last_ = 0;
  env::Duration last_at_{0};
};

}  // namespace graft::replication
