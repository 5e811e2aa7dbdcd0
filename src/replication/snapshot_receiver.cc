#include <utility>

#include <fmt/format.h>

#include "env/trace.h"
#include "replication/role_handle.h"
#include "replication/snapshot_messages.h"
#include "replication/snapshot_transfer.h"
#include "replication/snapshot_writer.h"

namespace graft::replication {
namespace {

constexpr env::Duration kKeepAlive = std::chrono::seconds(1);
constexpr env::Duration kDeserted = std::chrono::seconds(3);

// One attempt, from offer to end. Tasks of an earlier attempt find another number and do nothing.
struct Attempt {
  uint64_t number = 0;
  Member from;
  raft::SnapshotDescriptor descriptor;
  uint64_t id = 0;
  PeerTransport* transport = nullptr;
  SnapshotReceiver::Received received;
  std::shared_ptr<SnapshotWriter> writer;  // background role
  std::shared_ptr<FrameChannel> channel;
  std::string resume_key;
  uint64_t taken = 0;                      // on this channel
  size_t writing = 0;                      // chunks handed to the background role
  bool connecting = false;
  bool at_end = false;
  env::Duration last_progress{0};
};

class SnapshotReceiverImpl final : public SnapshotReceiver, public std::enable_shared_from_this<SnapshotReceiverImpl> {
 public:
  SnapshotReceiverImpl(env::FileSystem& fs, StoreGenerations& generations, env::Clock& clock, env::TaskRunner& raft_role,
                       env::TaskRunner& background, Options options)
      : fs_(fs), generations_(generations), clock_(clock), raft_role_(raft_role), background_(background), options_(std::move(options)) {}

  bool active() const override { return attempt_ != nullptr; }
  bool deserted(raft::MemberId from) const override {
    return attempt_ && !attempt_->at_end && attempt_->from.id != from && clock_.monotonic() - attempt_->last_progress > kDeserted;
  }
  void start(PeerTransport& transport, const Member& from, const raft::SnapshotDescriptor& descriptor, Received received) override;
  void make_current(std::function<void(Status)> done) override;
  void finish(bool ok) override;
  uint64_t bytes_received() const override { return bytes_received_; }
  void stop() override;

 private:
  RoleHandle raft_role() { return RoleHandle(raft_role_, weak_from_this()); }
  template <class Work, class Then>
  void in_background(Work work, Then then);
  void connect();
  void opened(Result<std::shared_ptr<FrameChannel>> channel);
  void take_frame(Frame frame);
  void take_chunk(Frame frame);
  void complete();
  void lost(const Error& reason);
  void fail(const Error& error);
  void keep_alive();
  void progress() { attempt_->last_progress = clock_.monotonic(); }

  env::FileSystem& fs_;
  StoreGenerations& generations_;
  env::Clock& clock_;
  env::TaskRunner& raft_role_;
  env::TaskRunner& background_;
  const Options options_;
  uint64_t attempts_ = 0;
  uint64_t bytes_received_ = 0;
  std::unique_ptr<Attempt> attempt_;
};

// work(writer) on the background role, then(its result) on the raft role if the attempt still goes on.
template <class Work, class Then>
void SnapshotReceiverImpl::in_background(Work work, Then then) {
  background_.post([role = raft_role(), this, number = attempt_->number, writer = attempt_->writer, work = std::move(work),
                    then = std::move(then)]() mutable {
    auto result = work(*writer);
    role.post([this, number, writer, result = std::move(result), then = std::move(then)]() mutable {
      if (attempt_ && attempt_->number == number) then(std::move(result));
    });
  });
}

void SnapshotReceiverImpl::start(PeerTransport& transport, const Member& from, const raft::SnapshotDescriptor& descriptor, Received received) {
  if (attempt_) return;
  auto id = decode_snapshot_id(descriptor.data);
  if (!id.ok()) return received(id.error());
  attempt_ = std::make_unique<Attempt>();
  attempt_->number = ++attempts_;
  attempt_->from = from;
  attempt_->descriptor = descriptor;
  attempt_->id = *id;
  attempt_->transport = &transport;
  attempt_->received = std::move(received);
  attempt_->writer = std::make_shared<SnapshotWriter>(fs_, options_.store);
  bytes_received_ = 0;
  progress();
  in_background([&generations = generations_](SnapshotWriter& writer) { return writer.open(generations); },
                [this](Status opened) {
                  if (!opened.ok()) return fail(opened.error());
                  connect();
                  keep_alive();
                });
}

void SnapshotReceiverImpl::connect() {
  attempt_->connecting = true;
  attempt_->transport->open_snapshot_channel(
      attempt_->from, [weak = weak_from_this(), number = attempt_->number](Result<std::shared_ptr<FrameChannel>> channel) {
        auto self = weak.lock();
        if (self && self->attempt_ && self->attempt_->number == number) return self->opened(std::move(channel));
        if (channel.ok()) (*channel)->close();
      });
}

void SnapshotReceiverImpl::opened(Result<std::shared_ptr<FrameChannel>> channel) {
  attempt_->connecting = false;
  if (!channel.ok()) return lost(channel.error());
  attempt_->channel = *channel;
  attempt_->taken = 0;
  std::weak_ptr<SnapshotReceiverImpl> weak = weak_from_this();
  FrameChannel* raw = channel->get();
  auto current = [weak, raw]() -> std::shared_ptr<SnapshotReceiverImpl> {
    auto self = weak.lock();
    return self && self->attempt_ && self->attempt_->channel.get() == raw ? self : nullptr;
  };
  attempt_->channel->set_handler(
      [current](Frame frame) {
        if (auto self = current()) self->take_frame(std::move(frame));
      },
      [current](const Error& reason) {
        auto self = current();
        if (!self) return;
        self->attempt_->channel = nullptr;
        self->lost(reason);
      });
  attempt_->channel->send(FrameType::kSnapshotRequest, encode_snapshot_request({attempt_->id, attempt_->resume_key}));
}

void SnapshotReceiverImpl::take_frame(Frame frame) {
  progress();
  if (frame.type == FrameType::kSnapshotChunk && !attempt_->at_end) return take_chunk(std::move(frame));
  if (frame.type == FrameType::kSnapshotEnd && !attempt_->at_end) return complete();
  if (frame.type == FrameType::kSnapshotBegin) {
    auto meta = decode_snapshot_begin(frame.body);
    if (!meta.ok()) return fail(meta.error());
    if (meta->applied_index != attempt_->descriptor.index || meta->applied_term != attempt_->descriptor.term) {
      return fail({ErrorCode::kInvalidArgument, "another snapshot than the one that was offered"});
    }
    attempt_->writer->set_meta(std::move(*meta));
    return;
  }
  auto done = frame.type == FrameType::kSnapshotDone ? decode_snapshot_done(frame.body)
                                                     : Result<SnapshotDone>(Error{ErrorCode::kInvalidArgument, "a frame out of order"});
  fail(done.ok() ? Error{ErrorCode::kUnavailable, done->text} : done.error());
}

void SnapshotReceiverImpl::take_chunk(Frame frame) {
  ++attempt_->writing;
  in_background(
      [body = std::move(frame.body)](SnapshotWriter& writer) -> Result<SnapshotChunk> {
        GRAFT_TRY_ASSIGN(SnapshotChunk chunk, decode_snapshot_chunk(body));
        GRAFT_TRY(writer.write(chunk.bytes));
        return chunk;
      },
      [this](Result<SnapshotChunk> chunk) {
        if (!chunk.ok()) return fail(chunk.error());
        --attempt_->writing;
        attempt_->resume_key = std::move(chunk->resume_key);
        attempt_->taken += chunk->bytes.size();
        bytes_received_ += chunk->bytes.size();
        progress();
        if (attempt_->channel) attempt_->channel->send(FrameType::kSnapshotAck, encode_snapshot_ack(attempt_->taken));
      });
}

// All chunks before this are in the background role's queue ahead of it.
void SnapshotReceiverImpl::complete() {
  attempt_->at_end = true;
  in_background([](SnapshotWriter& writer) { return writer.finish(); },
                [this](Result<std::shared_ptr<storage::Store>> store) {
                  if (!store.ok()) return fail(store.error());
                  progress();
                  auto received = std::exchange(attempt_->received, nullptr);
                  if (received) received(ReceivedSnapshot{std::move(*store), attempt_->descriptor});
                });
}

void SnapshotReceiverImpl::make_current(std::function<void(Status)> done) {
  if (!attempt_) return done(Error{ErrorCode::kUnavailable, "stopped"});
  in_background([&generations = generations_](SnapshotWriter&) { return generations.switch_to_next(); }, std::move(done));
}

// The connection: go on over another one, once all that came over this one is written.
void SnapshotReceiverImpl::lost(const Error& reason) {
  if (attempt_->at_end) return;
  if (clock_.monotonic() - attempt_->last_progress > options_.give_up) return fail(reason);
  raft_role().post_after(options_.retry, [this, number = attempt_->number, reason] {
    if (!attempt_ || attempt_->number != number || attempt_->channel || attempt_->connecting) return;
    if (attempt_->writing > 0) return lost(reason);
    connect();
  });
}

void SnapshotReceiverImpl::keep_alive() {
  if (attempt_->channel) attempt_->channel->send(FrameType::kSnapshotAck, encode_snapshot_ack(attempt_->taken));
  raft_role().post_after(kKeepAlive, [this, number = attempt_->number] {
    if (!attempt_ || attempt_->number != number) return;
    bool idle = clock_.monotonic() - attempt_->last_progress > options_.give_up;
    if (idle && !attempt_->at_end) return fail({ErrorCode::kUnavailable, "the sender is silent"});
    keep_alive();
  });
}

void SnapshotReceiverImpl::fail(const Error& error) {
  env::trace(env::TraceLevel::kWarning, "snapshot", "from node {}: {}", attempt_->from.id, error.message);
  auto attempt = std::move(attempt_);
  if (attempt->channel) {
    attempt->channel->send(FrameType::kSnapshotDone, encode_snapshot_done({false, error.message}));
    attempt->channel->close();
  }
  if (attempt->received) attempt->received(error);
}

void SnapshotReceiverImpl::finish(bool ok) {
  if (!attempt_) return;
  auto attempt = std::move(attempt_);
  if (!attempt->channel) return;
  attempt->channel->send(FrameType::kSnapshotDone, encode_snapshot_done({ok, ok ? "" : "not installed"}));
  attempt->channel->close();
}

void SnapshotReceiverImpl::stop() {
  if (!attempt_) return;
  if (attempt_->channel) attempt_->channel->close();
  attempt_ = nullptr;
}

}  // namespace

std::shared_ptr<SnapshotReceiver> SnapshotReceiver::create(env::FileSystem& fs, StoreGenerations& generations, env::Clock& clock,
                                                           env::TaskRunner& raft_role, env::TaskRunner& background, Options options) {
  return std::make_shared<SnapshotReceiverImpl>(fs, generations, clock, raft_role, background, std::move(options));
}

}  // namespace graft::replication
