#pragma once

// Connections between members: one per pair and direction, each for what its opener has to say. Frames of a pair arrive
// in order; those of an older connection are dropped once a newer one is open. Nothing is sent twice: Raft repeats what
// matters. A connection is checked by a ping twice a second and opened anew when the other side has been silent for 2 s.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/clock.h"
#include "env/task_runner.h"
#include "env/transport.h"
#include "raft/raft_node.h"
#include "replication/member.h"
#include "replication/wire.h"

namespace graft::replication {

enum class CallKind : uint8_t { kProbe = 1, kRegister = 2, kRemove = 3, kHeal = 4 };
using Respond = std::function<void(std::string answer)>;  // any role, at most once; the last copy's end without a call closes

// Who wants to know what happens on the connections. Called on the raft role.
class PeerHandler {
 public:
  virtual ~PeerHandler() = default;
  // May this connection be? Called for every Hello that is meant for us and does not name another cluster id than ours.
  virtual std::optional<Refusal> judge(const Hello& hello) = 0;
  virtual void on_message(raft::MemberId from, std::string message) = 0;
  virtual void on_peer_applied(raft::MemberId from, raft::LogIndex index) = 0;
  virtual void on_peer_connected(raft::MemberId id) = 0;                       // our connection to it is open
  virtual void on_peer_unreachable(raft::MemberId id, const Error& reason) = 0;  // refused, reset, silent, or not the member that it should be; at once, again at each failed attempt
  virtual void on_peer_refused(raft::MemberId id, const Refusal& refusal) = 0;   // it says that we are wrong; tried again every second
  // Too much is queued for it (see RaftNode::set_window), or no longer.
  virtual void on_peer_congested(raft::MemberId id, bool congested) = 0;
  virtual void on_call(CallKind kind, const Hello& hello, std::string request, Respond respond) = 0;
  // Somebody wants the pages of a snapshot: hand it to SnapshotSender::serve. The frames that were read already come first.
  virtual void on_snapshot_connection(const Hello& hello, std::shared_ptr<class FrameChannel> channel) = 0;
};

// A connection whose Hello is done, for whoever goes on with it. Callbacks on the raft role, none after close().
class FrameChannel {
 public:
  virtual ~FrameChannel() = default;
  virtual void send(FrameType type, std::string_view body) = 0;  // any thread
  virtual size_t unsent_bytes() const = 0;
  virtual void set_handler(std::function<void(Frame)> on_frame, std::function<void(const Error&)> on_closed) = 0;
  virtual void close() = 0;  // what is queued is sent first
};

struct PeerOptions {
  Member self;                                  // with its incarnation
  std::string cluster_id;                       // empty: not known yet
  env::Address listen;
  uint64_t start = 0;                           // from env::Random
  size_t congested_bytes = 16 << 20;            // unsent bytes at which a peer counts as congested
  size_t max_queued_bytes = 64 << 20;           // beyond it messages for the peer are dropped
  size_t max_undelivered_bytes = 64 << 20;      // received but not handled yet: beyond it nothing more is read
  env::Duration connect_timeout = std::chrono::milliseconds(1000);
  env::Duration first_retry = std::chrono::milliseconds(50);
  env::Duration last_retry = std::chrono::milliseconds(500);
  env::Duration ping_interval = std::chrono::milliseconds(500);
  env::Duration silence_limit = std::chrono::milliseconds(2000);
  env::Duration call_timeout = std::chrono::milliseconds(2000);
};

// All calls on the raft role, but send and set_applied (any thread). Destroy it on the raft role too, or when the roles
// are stopped; the handler is not called again after that.
class PeerTransport {
 public:
  // Listens. Errors: the address cannot be bound.
  static Result<std::unique_ptr<PeerTransport>> start(const PeerOptions& options, PeerHandler& handler, env::Clock& clock,
                                                      env::Transport& transport, env::TaskRunner& raft_role);
  virtual ~PeerTransport() = default;

  virtual env::Address address() const = 0;  // as bound
  virtual void set_cluster_id(std::string cluster_id) = 0;
  // Whom to keep a connection to; self is skipped. One whose address or incarnation changed is connected to anew.
  virtual void set_peers(const std::vector<Member>& peers) = 0;
  // Ends the connection that a member has opened to us; when it comes again, it is judged anew.
  virtual void disconnect(raft::MemberId id) = 0;
  // Messages in order per member; for members without an open connection they are dropped.
  virtual void send(const std::vector<raft::OutgoingMessage>& messages) = 0;
  virtual void set_applied(raft::LogIndex index) = 0;
  virtual bool connected(raft::MemberId id) const = 0;

  // One question to whoever listens at an address. done: once, on the raft role; kUnavailable: no connection or no
  // answer in time; kInvalidArgument: refused, with its reason.
  virtual void call(const env::Address& to, raft::MemberId expected, CallKind kind, std::string request,
                    std::function<void(Result<std::string>)> done) = 0;
  // Opens a channel for a snapshot. As call.
  virtual void open_snapshot_channel(const Member& to, std::function<void(Result<std::shared_ptr<FrameChannel>>)> done) = 0;
};

}  // namespace graft::replication
