#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "env/trace.h"
#include "replication/role_handle.h"
#include "replication/snapshot_messages.h"
#include "replication/snapshot_transfer.h"

namespace graft::replication {
namespace {

constexpr size_t kChunkBytes = 1 << 20;
constexpr uint64_t kWindowBytes = 8 << 20;  // sent and not acknowledged
constexpr env::Duration kPatience = std::chrono::seconds(30);
constexpr env::Duration kCheckInterval = std::chrono::seconds(1);
constexpr env::Duration kOfferAgain = std::chrono::seconds(3);  // a receiver at work is heard every second

struct Offer {
  uint64_t id = 0;
  raft::MemberId to = 0;
  std::shared_ptr<const SnapshotSource> source;
  env::Duration last_progress{0};
  env::Duration last_unheard{0};  // when `unheard_` was called last
  std::shared_ptr<FrameChannel> channel;
  uint64_t channel_number = 0;  // tells what was read for an earlier channel
  std::string resume_key;
  uint64_t sent = 0;            // on this channel
  uint64_t acknowledged = 0;
  env::Duration next_send{0};   // not before, by the rate
  bool reading = false;
  bool at_end = false;
};

class SnapshotSenderImpl final : public SnapshotSender, public std::enable_shared_from_this<SnapshotSenderImpl> {
 public:
  SnapshotSenderImpl(env::Clock& clock, env::TaskRunner& raft_role, env::TaskRunner& background, uint64_t bytes_per_second,
                     uint64_t start, Finished finished, Unheard unheard)
      : clock_(clock), raft_role_(raft_role), background_(background), bytes_per_second_(bytes_per_second), next_id_(start),
        finished_(std::move(finished)), unheard_(std::move(unheard)) {}

  raft::SnapshotDescriptor offer(raft::MemberId to, SnapshotSource source) override;
  bool busy(raft::MemberId to) const override { return offers_.count(to) != 0; }
  void withdraw(raft::MemberId to) override { finish(to, false, "the receiver asked for another one"); }
  raft::LogIndex lowest_index() const override;
  void serve(const Hello& hello, std::shared_ptr<FrameChannel> channel) override;
  void stop() override;

 private:
  RoleHandle raft_role() { return RoleHandle(raft_role_, weak_from_this()); }
  void take_frame(raft::MemberId from, const std::shared_ptr<FrameChannel>& channel, const Frame& frame);
  void begin(raft::MemberId from, const std::shared_ptr<FrameChannel>& channel, const SnapshotRequest& request);
  void pump(Offer& offer);
  void read_chunk(Offer& offer);
  void send_chunk(raft::MemberId to, uint64_t id, uint64_t channel_number, Result<SnapshotChunk> chunk);
  void finish(raft::MemberId to, bool ok, const std::string& why);
  void check_patience();

  env::Clock& clock_;
  env::TaskRunner& raft_role_;
  env::TaskRunner& background_;
  const uint64_t bytes_per_second_;
  uint64_t next_id_;
  uint64_t next_channel_ = 0;
  Finished finished_;
  Unheard unheard_;
  std::map<raft::MemberId, Offer> offers_;
};

raft::SnapshotDescriptor SnapshotSenderImpl::offer(raft::MemberId to, SnapshotSource source) {
  auto known = offers_.find(to);
  if (known == offers_.end()) {
    if (offers_.empty()) raft_role().post_after(kCheckInterval, [this] { check_patience(); });
    Offer made{.id = ++next_id_, .to = to, .source = std::make_shared<SnapshotSource>(std::move(source)), .last_progress = clock_.monotonic()};
    known = offers_.emplace(to, std::move(made)).first;
    env::trace(env::TraceLevel::kInfo, "snapshot", "offered to node {}: log index {}", to, known->second.source->meta.applied_index);
  }
  const Offer& o = known->second;
  return {.index = o.source->meta.applied_index, .term = o.source->meta.applied_term, .configuration = o.source->configuration,
          .data = encode_snapshot_id(o.id)};
}

raft::LogIndex SnapshotSenderImpl::lowest_index() const {
  raft::LogIndex lowest = 0;
  for (const auto& [to, o] : offers_) {
    if (lowest == 0 || o.source->meta.applied_index < lowest) lowest = o.source->meta.applied_index;
  }
  return lowest;
}

void SnapshotSenderImpl::serve(const Hello& hello, std::shared_ptr<FrameChannel> channel) {
  std::weak_ptr<SnapshotSenderImpl> self = weak_from_this();
  std::weak_ptr<FrameChannel> weak = channel;
  raft::MemberId from = hello.from.id;
  channel->set_handler(
      [self, weak, from](Frame frame) {
        auto sender = self.lock();
        auto channel = weak.lock();
        if (sender && channel) sender->take_frame(from, channel, frame);
      },
      [self, from, raw = channel.get()](const Error& reason) {
        auto sender = self.lock();
        if (!sender) return;
        auto offer = sender->offers_.find(from);
        if (offer == sender->offers_.end() || offer->second.channel.get() != raw) return;
        offer->second.channel = nullptr;  // it may come back and go on
        env::trace(env::TraceLevel::kInfo, "snapshot", "connection from node {} lost: {}", from, reason.message);
      });
}

void SnapshotSenderImpl::take_frame(raft::MemberId from, const std::shared_ptr<FrameChannel>& channel, const Frame& frame) {
  if (frame.type == FrameType::kSnapshotRequest) {
    auto request = decode_snapshot_request(frame.body);
    return request.ok() ? begin(from, channel, *request) : channel->close();
  }
  auto found = offers_.find(from);
  if (found == offers_.end() || found->second.channel != channel) return channel->close();
  Offer& offer = found->second;
  if (frame.type == FrameType::kSnapshotAck) {
    auto bytes = decode_snapshot_ack(frame.body);
    if (!bytes.ok()) return finish(from, false, bytes.error().message);
    offer.acknowledged = *bytes;
    offer.last_progress = clock_.monotonic();
    return pump(offer);
  }
  auto done = frame.type == FrameType::kSnapshotDone ? decode_snapshot_done(frame.body)
                                                     : Result<SnapshotDone>(Error{ErrorCode::kInvalidArgument, "a frame out of order"});
  if (!done.ok()) return finish(from, false, done.error().message);
  finish(from, done->ok && offer.at_end, done->text);
}

void SnapshotSenderImpl::begin(raft::MemberId from, const std::shared_ptr<FrameChannel>& channel, const SnapshotRequest& request) {
  auto found = offers_.find(from);
  if (found == offers_.end() || found->second.id != request.id) {
    channel->send(FrameType::kSnapshotDone, encode_snapshot_done({false, "that snapshot is not offered any more"}));
    return channel->close();
  }
  Offer& offer = found->second;
  if (offer.channel && offer.channel != channel) offer.channel->close();
  offer.channel = channel;
  offer.channel_number = ++next_channel_;
  offer.resume_key = request.resume_key;
  offer.sent = offer.acknowledged = 0;
  offer.at_end = offer.reading = false;
  offer.last_progress = clock_.monotonic();
  channel->send(FrameType::kSnapshotBegin, encode_snapshot_begin(offer.source->meta));
  pump(offer);
}

// Reads and sends while the receiver keeps up and the rate allows.
void SnapshotSenderImpl::pump(Offer& offer) {
  if (!offer.channel || offer.reading || offer.at_end || offer.sent - std::min(offer.sent, offer.acknowledged) > kWindowBytes) return;
  offer.reading = true;
  env::Duration wait = offer.next_send - clock_.monotonic();
  if (wait <= env::Duration(0)) return read_chunk(offer);
  raft_role().post_after(wait, [this, to = offer.to, number = offer.channel_number] {
    auto found = offers_.find(to);
    if (found != offers_.end() && found->second.channel_number == number) read_chunk(found->second);
  });
}

void SnapshotSenderImpl::read_chunk(Offer& offer) {
  background_.post([role = raft_role(), self = weak_from_this(), source = offer.source, to = offer.to, id = offer.id,
                    number = offer.channel_number, key = offer.resume_key]() mutable {
    auto bytes = source->store->read_snapshot_chunk(source->version, &key, kChunkBytes);
    Result<SnapshotChunk> chunk = Error{};
    if (bytes.ok()) {
      chunk = SnapshotChunk{std::move(key), std::move(*bytes)};
    } else {
      chunk = bytes.error();
    }
    role.post([self, to, id, number, chunk = std::move(chunk)]() mutable {
      if (auto sender = self.lock()) sender->send_chunk(to, id, number, std::move(chunk));
    });
  });
}

void SnapshotSenderImpl::send_chunk(raft::MemberId to, uint64_t id, uint64_t channel_number, Result<SnapshotChunk> chunk) {
  auto found = offers_.find(to);
  if (found == offers_.end() || found->second.id != id || found->second.channel_number != channel_number) return;
  Offer& offer = found->second;
  offer.reading = false;
  if (!chunk.ok()) return finish(to, false, chunk.error().message);
  if (!offer.channel) return;
  if (chunk->bytes.empty()) {
    offer.at_end = true;
    return offer.channel->send(FrameType::kSnapshotEnd, "");
  }
  offer.resume_key = chunk->resume_key;
  offer.sent += chunk->bytes.size();
  offer.channel->send(FrameType::kSnapshotChunk, encode_snapshot_chunk(*chunk));
  auto pause = std::chrono::nanoseconds(chunk->bytes.size() * 1'000'000'000 / std::max<uint64_t>(bytes_per_second_, 1));
  offer.next_send = std::max(offer.next_send, clock_.monotonic()) + pause;
  pump(offer);
}

void SnapshotSenderImpl::finish(raft::MemberId to, bool ok, const std::string& why) {
  auto found = offers_.find(to);
  if (found == offers_.end()) return;
  Offer offer = std::move(found->second);
  offers_.erase(found);
  if (offer.channel) {
    if (!ok) offer.channel->send(FrameType::kSnapshotDone, encode_snapshot_done({false, why}));
    offer.channel->close();
  }
  env::trace(ok ? env::TraceLevel::kInfo : env::TraceLevel::kWarning, "snapshot", "for node {} at log index {}: {}", to,
             offer.source->meta.applied_index, ok ? "installed" : why);
  finished_(to, ok);
}

void SnapshotSenderImpl::check_patience() {
  env::Duration now = clock_.monotonic();
  for (const auto& [to, offer] : std::map(offers_)) {
    if (now - offer.last_progress > kPatience) {
      finish(to, false, "the receiver is silent");
    } else if (unheard_ && now - std::max(offer.last_progress, offer.last_unheard) > kOfferAgain) {
      offers_.at(to).last_unheard = now;
      unheard_(to);
    }
  }
  if (!offers_.empty()) raft_role().post_after(kCheckInterval, [this] { check_patience(); });
}

void SnapshotSenderImpl::stop() {
  for (auto& [to, offer] : offers_) {
    if (offer.channel) offer.channel->close();
  }
  offers_.clear();
}

}  // namespace

std::shared_ptr<SnapshotSender> SnapshotSender::create(env::Clock& clock, env::TaskRunner& raft_role, env::TaskRunner& background,
                                                       uint64_t bytes_per_second, uint64_t start, Finished finished,
                                                       Unheard unheard) {
  return std::make_shared<SnapshotSenderImpl>(clock, raft_role, background, bytes_per_second, start, std::move(finished),
                                              std::move(unheard));
}

}  // namespace graft::replication
