#include "replication/outgoing_peer.h"

#include <algorithm>

#include "base/codec.h"
#include "env/trace.h"
#include "replication/member_records.h"

namespace graft::replication {
namespace {

constexpr env::Duration kRefusedRetry = std::chrono::seconds(1);  // nothing changes quickly there

}  // namespace

void OutgoingPeer::start() {
  if (state_ != State::kIdle || retry_timer_ != 0) return;
  retry_ = shared_->options.first_retry;
  connect();
}

void OutgoingPeer::stop() {
  state_ = State::kStopped;
  disconnect();
  if (retry_timer_ != 0) shared_->raft_role.cancel(retry_timer_);
}

void OutgoingPeer::disconnect() {
  {
    std::lock_guard lock(shared_->mutex);
    auto open = shared_->open.find(member_.id);
    if (open != shared_->open.end() && open->second.connection == connection_) shared_->open.erase(open);
  }
  if (connection_) connection_->abort();
  connection_ = nullptr;
}

void OutgoingPeer::connect() {
  state_ = State::kConnecting;
  last_heard_ = shared_->clock.monotonic();
  auto connection = std::make_shared<FrameConnection>(shared_->raft_role, shared_->options.max_undelivered_bytes);
  connection_ = connection;
  std::weak_ptr<OutgoingPeer> self = weak_from_this();
  connection->set_handler(
      [self](Frame frame) {
        if (auto peer = self.lock()) peer->take_frame(std::move(frame));
      },
      [self](const Error& reason) {
        if (auto peer = self.lock()) peer->lost(reason);
      });
  env::TaskRunner& role = shared_->raft_role;
  shared_->transport.connect({member_.ip, member_.bolt_raft_port}, shared_->options.connect_timeout, connection,
                             [self, connection, &role](std::shared_ptr<env::Connection> made) {
                               connection->attach(std::move(made));
                               role.post([self, connection] {
                                 if (auto peer = self.lock()) return peer->connected(connection);
                                 connection->abort();
                               });
                             });
}

void OutgoingPeer::connected(const std::shared_ptr<FrameConnection>& connection) {
  if (connection != connection_) return connection->abort();
  state_ = State::kGreeting;
  last_heard_ = shared_->clock.monotonic();
  connection_->send(FrameType::kHello, encode_hello(shared_->hello(Purpose::kRaft, member_.id)));
}

void OutgoingPeer::take_frame(Frame frame) {
  last_heard_ = shared_->clock.monotonic();
  if (state_ == State::kGreeting && frame.type == FrameType::kWelcome) return welcome(frame);
  if (state_ == State::kGreeting && frame.type == FrameType::kRefusal) {
    auto refusal = decode_refusal(frame.body);
    if (!refusal.ok()) return lost(refusal.error());
    if (refusal->code != RefusalCode::kNotReady && refusal->code != RefusalCode::kNotYet) return refused(*refusal);
    // One that starts may be the one whose vote is missed: asked again soon.
    retry_ = refusal->code == RefusalCode::kNotReady ? shared_->options.first_retry : kRefusedRetry;
    return lost({ErrorCode::kUnavailable, refusal->text});
  }
  if (state_ == State::kOpen && frame.type == FrameType::kPong) return;
  lost({ErrorCode::kInvalidArgument, "a frame out of order"});
}

void OutgoingPeer::welcome(const Frame& frame) {
  auto welcome = decode_welcome(frame.body);
  if (!welcome.ok()) return lost(welcome.error());
  // Its fault, not ours: whoever sits there, this node goes on without it.
  if (auto refusal = inspect_welcome(*shared_, *welcome, member_.id, member_.incarnation)) {
    env::trace(env::TraceLevel::kWarning, "peers", "{} is not the member that it should be: {}", describe(member_), refusal->text);
    retry_ = kRefusedRetry;
    return lost({ErrorCode::kUnavailable, refusal->text});
  }
  state_ = State::kOpen;
  retry_ = shared_->options.first_retry;
  {
    std::lock_guard lock(shared_->mutex);
    shared_->open[member_.id] = {connection_, false};
  }
  connection_->set_drained([self = weak_from_this()] {
    auto peer = self.lock();
    if (!peer) return;
    bool was = false;
    {
      std::lock_guard lock(peer->shared_->mutex);
      auto open = peer->shared_->open.find(peer->member_.id);
      if (open != peer->shared_->open.end()) was = std::exchange(open->second.congested, false);
    }
    if (was && peer->shared_->handler != nullptr) peer->shared_->handler->on_peer_congested(peer->member_.id, false);
  });
  env::trace(env::TraceLevel::kInfo, "peers", "connected to {}", describe(member_));
  if (shared_->handler != nullptr) shared_->handler->on_peer_connected(member_.id);
}

void OutgoingPeer::refused(const Refusal& refusal) {
  env::trace(env::TraceLevel::kWarning, "peers", "{} refuses this node: {}", describe(member_), refusal.text);
  disconnect();
  retry_after(kRefusedRetry);
  if (shared_->handler != nullptr) shared_->handler->on_peer_refused(member_.id, refusal);
}

void OutgoingPeer::lost(const Error& reason) {
  if (state_ == State::kStopped) return;
  if (state_ == State::kOpen) env::trace(env::TraceLevel::kInfo, "peers", "connection to {} lost: {}", describe(member_), reason.message);
  bool congested = false;
  {
    std::lock_guard lock(shared_->mutex);
    auto open = shared_->open.find(member_.id);
    if (open != shared_->open.end()) congested = open->second.congested;
  }
  disconnect();
  retry_after(retry_);
  retry_ = std::min(retry_ * 2, shared_->options.last_retry);
  if (congested && shared_->handler != nullptr) shared_->handler->on_peer_congested(member_.id, false);
  if (shared_->handler != nullptr) shared_->handler->on_peer_unreachable(member_.id, reason);
}

void OutgoingPeer::retry_after(env::Duration delay) {
  state_ = State::kIdle;
  retry_timer_ = shared_->raft_role.post_after(delay, [self = weak_from_this()] {
    auto peer = self.lock();
    if (!peer || peer->state_ != State::kIdle) return;
    peer->retry_timer_ = 0;
    peer->connect();
  });
}

void OutgoingPeer::retry_now() {
  if (state_ != State::kIdle || retry_timer_ == 0 || !shared_->raft_role.cancel(retry_timer_)) return;
  retry_timer_ = 0;
  connect();
}

void OutgoingPeer::ping() {
  if (state_ == State::kIdle || state_ == State::kStopped) return;
  env::Duration silence = shared_->clock.monotonic() - last_heard_;
  if (silence > shared_->options.silence_limit) {
    return lost({ErrorCode::kUnavailable, "silent for " + std::to_string(silence / std::chrono::milliseconds(1)) + " ms"});
  }
  if (state_ != State::kOpen) return;
  std::string body;
  ByteWriter(&body).u64(shared_->applied);
  connection_->send(FrameType::kPing, body);
}

}  // namespace graft::replication
