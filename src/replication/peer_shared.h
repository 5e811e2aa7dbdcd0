#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "replication/frame_connection.h"
#include "replication/peer_transport.h"
#include "replication/role_handle.h"

namespace graft::replication {

// What the parts of a PeerTransport have in common. Raft role, but for what says otherwise.
struct PeerShared {
  PeerShared(const PeerOptions& options, PeerHandler& handler, env::Clock& clock, env::Transport& transport, env::TaskRunner& raft_role)
      : options(options), handler(&handler), clock(clock), transport(transport), raft_role(raft_role) {}

  PeerOptions options;
  PeerHandler* handler;  // null when the transport is gone
  env::Clock& clock;
  env::Transport& transport;
  env::TaskRunner& raft_role;
  uint64_t next_serial = 1;
  std::list<std::weak_ptr<FrameConnection>> calls;
  std::function<void(raft::MemberId)> on_incoming;  // a member has opened its connection to us

  std::atomic<raft::LogIndex> applied{0};  // any role

  struct Open {
    std::shared_ptr<FrameConnection> connection;
    bool congested = false;
  };
  std::mutex mutex;
  std::map<raft::MemberId, Open> open;  // under mutex; any role

  Hello hello(Purpose purpose, raft::MemberId to) {
    return {.purpose = purpose, .cluster_id = options.cluster_id, .from = options.self, .to = to, .start = options.start, .serial = next_serial++};
  }
};

// What is wrong with who answered, when `expected` (0: anybody) with `incarnation` (empty: any) was meant.
std::optional<Refusal> inspect_welcome(const PeerShared& shared, const Welcome& welcome, raft::MemberId expected, const std::string& incarnation);

}  // namespace graft::replication
