#include "replication/checkpointer.h"

#include <algorithm>

#include "base/codec.h"
#include "env/trace.h"

namespace graft::replication {

std::string encode_checkpoint_extra(const ChainMark& mark) {
  std::string out;
  ByteWriter writer(&out);
  writer.u8(1);
  writer.varint(mark.term);
  writer.varint(mark.number);
  return out;
}

Result<ChainMark> decode_checkpoint_extra(std::string_view bytes) {
  ByteReader reader(bytes);
  uint8_t format = reader.u8();
  ChainMark mark;
  mark.term = reader.varint();
  mark.number = reader.varint();
  if (!reader.ok() || format != 1) return Error{ErrorCode::kCorruption, "a checkpoint's description of the chain is malformed"};
  return mark;
}

Checkpointer::Checkpointer(CheckpointOptions options, Chain& chain, raft::LogFile& log, RoleHandle role, const env::Clock& clock,
                           std::function<void(raft::LogIndex)> durable, std::function<void()> released, std::function<void(Error)> failed)
    : options_(options), chain_(chain), log_(log), role_(std::move(role)), clock_(clock), durable_(std::move(durable)),
      released_(std::move(released)), failed_(std::move(failed)), log_bytes_at_last_(log.bytes()), last_at_(clock.monotonic()) {}

void Checkpointer::poll() {
  role_.post([this] { check(); });
}

void Checkpointer::check() {
  if (checkpoint_ || stopping_ || failed_once_) return;
  Chain::Standing now = chain_.standing();
  // A dropped table's pages go in slices.
  now.store->collect_garbage(kCollectPages);
  if (now.applied.index <= now.store->durable_meta().applied_index) return;
  uint64_t log_bytes = log_.bytes();
  log_bytes_at_last_ = std::min(log_bytes_at_last_, log_bytes);
  bool due = log_bytes - log_bytes_at_last_ >= options_.log_bytes || now.store->stats().dirty_bytes >= options_.dirty_bytes ||
             clock_.monotonic() - last_at_ >= options_.interval;
  if (due) begin(std::move(now));
}

void Checkpointer::begin(Chain::Standing now) {
  const AppliedPoint& point = now.applied;
  store_ = std::move(now.store);
  storage::CheckpointMeta meta{point.index, point.term, encode_checkpoint_extra(point.mark)};
  auto checkpoint = store_->begin_checkpoint(point.version, std::move(meta));
  last_at_ = clock_.monotonic();
  log_bytes_at_last_ = log_.bytes();
  if (!checkpoint.ok()) {
    // Nothing was written; the log still holds everything.
    env::trace(env::TraceLevel::kWarning, "checkpoint", "cannot begin: {}", checkpoint.error().message);
    return;
  }
  version_ = point.version;
  checkpoint_ = std::move(*checkpoint);
  role_.post([this] { step(); });
}

void Checkpointer::step() {
  if (!checkpoint_) return;
  if (stopping_) {
    checkpoint_.reset();
    version_ = {};
    std::exchange(stopping_, nullptr)();
    return;
  }
  env::Duration begun = clock_.monotonic();
  Result<bool> done = checkpoint_->step(kStepBytes);
  if (!done.ok()) {
    checkpoint_.reset();
    failed_once_ = true;
    failed_(done.error());
    return;
  }
  if (*done) return finish();
  role_.post_after(pause_after(clock_.monotonic() - begun), [this] { step(); });
}

void Checkpointer::finish() {
  raft::LogIndex index = checkpoint_->meta().applied_index;
  env::trace(env::TraceLevel::kDebug, "checkpoint", "at log index {}, {} bytes", index, checkpoint_->bytes_written());
  checkpoint_.reset();
  version_ = {};
  durable_(index);
  if (!releasing_) {
    releasing_ = true;
    role_.post([this] { release(); });
  }
}

void Checkpointer::release() {
  if (checkpoint_ || stopping_ || failed_once_) {
    releasing_ = false;
    chain_.cancel_release();
    released_();
    return;
  }
  std::optional<bool> more = chain_.release_clean_pages(kReleasePages);
  if (more) released_();
  if (more && !*more) {
    releasing_ = false;
    return;
  }
  role_.post_after(std::chrono::milliseconds(more ? 5 : 1), [this] { release(); });
}

void Checkpointer::stop(uint64_t finish_within_bytes, std::function<void()> done) {
  role_.post([this, finish_within_bytes, done = std::move(done)]() mutable {
    if (checkpoint_) {
      stopping_ = std::move(done);
      return;
    }
    const auto [store, point, opening] = chain_.standing();
    bool wanted = !failed_once_ && finish_within_bytes != 0 && point.index > store->durable_meta().applied_index && store->stats().dirty_bytes <= finish_within_bytes;
    failed_once_ = true;  // none after this one
    if (wanted) {
      storage::CheckpointMeta meta{point.index, point.term, encode_checkpoint_extra(point.mark)};
      auto checkpoint = store->begin_checkpoint(point.version, std::move(meta));
      while (checkpoint.ok()) {
        Result<bool> finished = (*checkpoint)->step(kStepBytes);
        if (!finished.ok() || *finished) break;
      }
    }
    done();
  });
}

}  // namespace graft::replication
