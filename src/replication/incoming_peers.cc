#include "replication/incoming_peers.h"

#include <algorithm>

#include "base/codec.h"
#include "env/trace.h"
#include "replication/member_records.h"

namespace graft::replication {

std::optional<Refusal> inspect_welcome(const PeerShared& shared, const Welcome& welcome, raft::MemberId expected, const std::string& incarnation) {
  const std::string& ours = shared.options.cluster_id;
  if (expected != 0 && welcome.id != expected) {
    return Refusal{RefusalCode::kWrongMember, "node " + std::to_string(welcome.id) + " listens where node " + std::to_string(expected) + " should"};
  }
  if (!ours.empty() && !welcome.cluster_id.empty() && ours != welcome.cluster_id) {
    return Refusal{RefusalCode::kForeignCluster, "it belongs to cluster " + welcome.cluster_id + ", this node to " + ours};
  }
  if (!incarnation.empty() && welcome.incarnation != incarnation) {
    return Refusal{RefusalCode::kForeignIncarnation,
                   "node " + std::to_string(welcome.id) + " runs on another data directory than the one that is a member: remove it "
                   "(CALL db.bolt.removeRaftNode) and add it under a new id"};
  }
  return std::nullopt;
}

void IncomingPeers::add(const std::shared_ptr<FrameConnection>& connection) {
  if (shared_->handler == nullptr || strangers_.size() >= kMaxStrangers) return connection->abort();
  strangers_.push_back({connection, shared_->clock.monotonic()});
  std::weak_ptr<IncomingPeers> self = weak_from_this();
  std::weak_ptr<FrameConnection> weak = connection;
  connection->set_handler(
      [self, weak](Frame frame) {
        auto peers = self.lock();
        auto connection = weak.lock();
        if (peers && connection) peers->greet(connection, frame);
      },
      [self, raw = connection.get()](const Error& reason) {
        env::trace(env::TraceLevel::kDebug, "peers", "a connection ended before its Hello: {}", reason.message);
        if (auto peers = self.lock()) peers->forget(raw);
      });
}

void IncomingPeers::forget(FrameConnection* connection) {
  std::erase_if(strangers_, [&](const Stranger& s) { return s.connection.get() == connection; });
}

void IncomingPeers::drop_silent_strangers() {
  env::Duration now = shared_->clock.monotonic();
  for (size_t i = strangers_.size(); i-- > 0;) {
    if (now - strangers_[i].since < kStrangerTime) continue;
    strangers_[i].connection->abort();
    strangers_.erase(strangers_.begin() + static_cast<ptrdiff_t>(i));
  }
}

void IncomingPeers::disconnect(raft::MemberId id) {
  auto current = current_.find(id);
  if (current == current_.end()) return;
  std::shared_ptr<FrameConnection> connection = std::move(current->second.connection);
  current_.erase(current);
  connection->abort();
}

void IncomingPeers::stop() {
  for (Stranger& s : strangers_) s.connection->abort();
  for (auto& [id, c] : current_) c.connection->abort();
  strangers_.clear();
  current_.clear();
}

std::optional<Refusal> IncomingPeers::judge(const Hello& hello) {
  const PeerOptions& o = shared_->options;
  if (hello.to != 0 && hello.to != o.self.id) {
    return Refusal{RefusalCode::kWrongMember, "this is node " + std::to_string(o.self.id) + ", not node " + std::to_string(hello.to)};
  }
  if (!hello.cluster_id.empty() && !o.cluster_id.empty() && hello.cluster_id != o.cluster_id) {
    return Refusal{RefusalCode::kForeignCluster, "this node belongs to cluster " + o.cluster_id + ", not to " + hello.cluster_id};
  }
  if (hello.purpose == Purpose::kRaft) {
    auto known = current_.find(hello.from.id);
    if (known != current_.end() && known->second.start == hello.start && known->second.serial > hello.serial) {
      return Refusal{RefusalCode::kOther, "a newer connection is open"};
    }
  }
  return shared_->handler->judge(hello);
}

void IncomingPeers::greet(const std::shared_ptr<FrameConnection>& connection, const Frame& frame) {
  auto hello = frame.type == FrameType::kHello ? decode_hello(frame.body)
                                               : Result<Hello>(Error{ErrorCode::kInvalidArgument, "no Hello"});
  if (!hello.ok() || shared_->handler == nullptr) {
    forget(connection.get());
    return connection->abort();
  }
  if (auto refusal = judge(*hello)) {
    env::trace(env::TraceLevel::kWarning, "peers", "{} at {} is refused: {}", describe(hello->from), connection->peer(), refusal->text);
    connection->send(FrameType::kRefusal, encode_refusal(*refusal));
    forget(connection.get());
    return connection->close();
  }
  welcome(*hello, connection);
}

void IncomingPeers::welcome(const Hello& hello, const std::shared_ptr<FrameConnection>& connection) {
  const PeerOptions& o = shared_->options;
  switch (hello.purpose) {
    case Purpose::kRaft: serve_raft(hello, connection); break;
    case Purpose::kCall: serve_call(hello, connection); break;
    case Purpose::kSnapshot:
      forget(connection.get());
      connection->set_handler(nullptr, nullptr);
      shared_->handler->on_snapshot_connection(hello, connection);
      break;
  }
  connection->send(FrameType::kWelcome,
                   encode_welcome({.cluster_id = o.cluster_id, .id = o.self.id, .incarnation = o.self.incarnation}));
}

void IncomingPeers::serve_raft(const Hello& hello, const std::shared_ptr<FrameConnection>& connection) {
  forget(connection.get());
  connection->allow_large_frames();
  auto& current = current_[hello.from.id];
  if (current.connection) current.connection->abort();  // what it still had to say is dropped
  current = {connection, hello.start, hello.serial};
  std::weak_ptr<IncomingPeers> self = weak_from_this();
  std::weak_ptr<FrameConnection> weak = connection;
  connection->set_handler(
      [self, weak, from = hello.from.id](Frame frame) {
        auto peers = self.lock();
        auto connection = weak.lock();
        if (peers && connection) peers->take_raft_frame(from, connection, frame);
      },
      [self, raw = connection.get(), from = hello.from.id](const Error& reason) {
        if (auto peers = self.lock()) peers->lost(from, raw, reason);
      });
  if (shared_->on_incoming) shared_->on_incoming(hello.from.id);
}

void IncomingPeers::take_raft_frame(raft::MemberId from, const std::shared_ptr<FrameConnection>& connection, const Frame& frame) {
  if (frame.type == FrameType::kPing && frame.body.size() == 8) {
    connection->send(FrameType::kPong, "");
    return shared_->handler->on_peer_applied(from, ByteReader(frame.body).u64());
  }
  auto raft = frame.type == FrameType::kRaft ? decode_raft_frame(frame.body)
                                             : Result<RaftFrame>(Error{ErrorCode::kInvalidArgument, "a frame out of order"});
  if (!raft.ok()) return connection->fail(raft.error());
  shared_->handler->on_peer_applied(from, raft->applied);
  for (std::string& m : raft->messages) {
    if (shared_->handler == nullptr) return;
    shared_->handler->on_message(from, std::move(m));
  }
}

void IncomingPeers::lost(raft::MemberId from, FrameConnection* connection, const Error& reason) {
  auto current = current_.find(from);
  if (current == current_.end() || current->second.connection.get() != connection) return;
  current_.erase(current);
  env::trace(env::TraceLevel::kInfo, "peers", "connection from node {} ended: {}", from, reason.message);
  if (shared_->handler != nullptr) shared_->handler->on_peer_unreachable(from, reason);
}

namespace {

// Answers a call once; the last copy's end without an answer closes the connection.
struct Responder {
  Responder(std::shared_ptr<FrameConnection> connection, env::TaskRunner& raft_role) : connection(std::move(connection)), raft_role(raft_role) {}
  ~Responder() {
    raft_role.post([c = std::move(connection)] { c->close(); });
  }
  std::shared_ptr<FrameConnection> connection;
  env::TaskRunner& raft_role;
};

}  // namespace

void IncomingPeers::serve_call(const Hello& hello, const std::shared_ptr<FrameConnection>& connection) {
  std::weak_ptr<IncomingPeers> self = weak_from_this();
  std::weak_ptr<FrameConnection> weak = connection;
  connection->set_handler(
      [self, weak, hello](Frame frame) {
        auto peers = self.lock();
        auto connection = weak.lock();
        if (!peers || !connection || peers->shared_->handler == nullptr) return;
        peers->forget(connection.get());
        if (frame.type != FrameType::kCall || frame.body.empty()) return connection->abort();
        connection->set_handler(nullptr, nullptr);
        auto responder = std::make_shared<Responder>(connection, peers->shared_->raft_role);
        peers->shared_->handler->on_call(static_cast<CallKind>(frame.body[0]), hello, frame.body.substr(1), [responder](std::string answer) {
          responder->connection->send(FrameType::kAnswer, answer);
        });
      },
      [self, raw = connection.get()](const Error&) {
        if (auto peers = self.lock()) peers->forget(raw);
      });
}

}  // namespace graft::replication
