#include "replication/peer_transport.h"

#include <map>
#include <mutex>

#include "replication/frame_connection.h"
#include "replication/incoming_peers.h"
#include "replication/outgoing_peer.h"
#include "replication/peer_call.h"
#include "replication/role_handle.h"

namespace graft::replication {
namespace {

class PeerTransportImpl final : public PeerTransport {
 public:
  PeerTransportImpl(const PeerOptions& options, PeerHandler& handler, env::Clock& clock, env::Transport& transport,
                    env::TaskRunner& raft_role)
      : life_(std::make_shared<int>(0)),
        shared_(std::make_shared<PeerShared>(options, handler, clock, transport, raft_role)),
        role_(raft_role, std::weak_ptr<void>(life_)),
        incoming_(std::make_shared<IncomingPeers>(shared_)) {}
  ~PeerTransportImpl() override;

  Status listen();

  env::Address address() const override { return listener_->address(); }
  void set_cluster_id(std::string cluster_id) override { shared_->options.cluster_id = std::move(cluster_id); }
  void set_peers(const std::vector<Member>& peers) override;
  void disconnect(raft::MemberId id) override { incoming_->disconnect(id); }
  void send(const std::vector<raft::OutgoingMessage>& messages) override;
  void set_applied(raft::LogIndex index) override { shared_->applied = index; }
  bool connected(raft::MemberId id) const override {
    std::lock_guard lock(shared_->mutex);
    return shared_->open.count(id) != 0;
  }
  void call(const env::Address& to, raft::MemberId expected, CallKind kind, std::string request,
            std::function<void(Result<std::string>)> done) override {
    start_call(shared_, to, expected, kind, std::move(request), std::move(done));
  }
  void open_snapshot_channel(const Member& to, std::function<void(Result<std::shared_ptr<FrameChannel>>)> done) override {
    start_channel(shared_, to, std::move(done));
  }

 private:
  void schedule_pings();
  void ping_all();

  std::shared_ptr<void> life_;
  std::shared_ptr<PeerShared> shared_;
  RoleHandle role_;
  std::shared_ptr<IncomingPeers> incoming_;
  std::unique_ptr<env::Listener> listener_;
  std::map<raft::MemberId, std::shared_ptr<OutgoingPeer>> peers_;
  env::TimerId ping_timer_ = 0;
};

PeerTransportImpl::~PeerTransportImpl() {
  role_.cancel(ping_timer_);
  shared_->handler = nullptr;
  shared_->on_incoming = nullptr;
  listener_.reset();
  for (auto& [id, peer] : peers_) peer->stop();
  incoming_->stop();
  for (auto& weak : shared_->calls) {
    if (auto connection = weak.lock()) connection->abort();
  }
}

Status PeerTransportImpl::listen() {
  std::weak_ptr<IncomingPeers> incoming = incoming_;
  auto& shared = *shared_;
  auto accept = [incoming, role = &shared.raft_role, limit = shared.options.max_undelivered_bytes](
                    std::shared_ptr<env::Connection> connection) -> std::shared_ptr<env::ConnectionHandler> {
    auto frames = std::make_shared<FrameConnection>(*role, limit);
    frames->attach(std::move(connection));
    role->post([incoming, frames] {
      if (auto peers = incoming.lock()) return peers->add(frames);
      frames->abort();
    });
    return frames;
  };
  shared.on_incoming = [this](raft::MemberId id) {
    if (auto peer = peers_.find(id); peer != peers_.end()) peer->second->retry_now();
  };
  GRAFT_TRY_ASSIGN(listener_, shared.transport.listen(shared.options.listen, nullptr, std::move(accept)));
  role_.post([this] { schedule_pings(); });  // the timer belongs to the raft role; this may be another thread
  return {};
}

void PeerTransportImpl::set_peers(const std::vector<Member>& members) {
  std::map<raft::MemberId, std::shared_ptr<OutgoingPeer>> next;
  for (const Member& m : members) {
    if (m.id == shared_->options.self.id) continue;
    auto known = peers_.find(m.id);
    if (known != peers_.end() && known->second->same_target(m)) {
      next[m.id] = known->second;
      peers_.erase(known);
      next[m.id]->update(m);
    } else {
      next[m.id] = std::make_shared<OutgoingPeer>(shared_, m);
    }
  }
  for (auto& [id, gone] : peers_) gone->stop();
  peers_.swap(next);
  for (auto& [id, peer] : peers_) peer->start();
}

void PeerTransportImpl::send(const std::vector<raft::OutgoingMessage>& messages) {
  std::map<raft::MemberId, std::vector<std::string_view>> by_member;
  for (const raft::OutgoingMessage& m : messages) by_member[m.to].push_back(m.bytes);
  std::lock_guard lock(shared_->mutex);
  for (const auto& [to, bytes] : by_member) {
    auto open = shared_->open.find(to);
    if (open == shared_->open.end()) continue;
    FrameConnection& connection = *open->second.connection;
    size_t unsent = connection.unsent_bytes();
    if (unsent <= shared_->options.max_queued_bytes) connection.send(FrameType::kRaft, encode_raft_frame(shared_->applied, bytes));
    if (unsent > shared_->options.congested_bytes && !open->second.congested) {
      open->second.congested = true;
      role_.post([shared = shared_, to = to] {
        if (shared->handler != nullptr) shared->handler->on_peer_congested(to, true);
      });
    }
  }
}

void PeerTransportImpl::schedule_pings() {
  ping_timer_ = role_.post_after(shared_->options.ping_interval, [this] { ping_all(); });
}

void PeerTransportImpl::ping_all() {
  if (shared_->handler == nullptr) return;
  for (auto& [id, peer] : std::map(peers_)) peer->ping();
  incoming_->drop_silent_strangers();
  schedule_pings();
}

}  // namespace

Result<std::unique_ptr<PeerTransport>> PeerTransport::start(const PeerOptions& options, PeerHandler& handler, env::Clock& clock,
                                                            env::Transport& transport, env::TaskRunner& raft_role) {
  auto made = std::make_unique<PeerTransportImpl>(options, handler, clock, transport, raft_role);
  GRAFT_TRY(made->listen());
  return std::unique_ptr<PeerTransport>(std::move(made));
}

}  // namespace graft::replication
