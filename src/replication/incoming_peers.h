#pragma once

#include <map>
#include <memory>
#include <vector>

#include "replication/peer_shared.h"

namespace graft::replication {

// The connections that others opened to us. Raft role.
class IncomingPeers : public std::enable_shared_from_this<IncomingPeers> {
 public:
  explicit IncomingPeers(std::shared_ptr<PeerShared> shared) : shared_(std::move(shared)) {}

  void add(const std::shared_ptr<FrameConnection>& connection);
  void disconnect(raft::MemberId id);
  void drop_silent_strangers();
  void stop();

 private:
  static constexpr size_t kMaxStrangers = 256;
  static constexpr env::Duration kStrangerTime = std::chrono::seconds(5);

  struct Stranger {
    std::shared_ptr<FrameConnection> connection;
    env::Duration since;
  };
  struct Current {
    std::shared_ptr<FrameConnection> connection;
    uint64_t start = 0;
    uint64_t serial = 0;
  };

  void greet(const std::shared_ptr<FrameConnection>& connection, const Frame& frame);
  std::optional<Refusal> judge(const Hello& hello);
  void welcome(const Hello& hello, const std::shared_ptr<FrameConnection>& connection);
  void serve_raft(const Hello& hello, const std::shared_ptr<FrameConnection>& connection);
  void serve_call(const Hello& hello, const std::shared_ptr<FrameConnection>& connection);
  void take_raft_frame(raft::MemberId from, const std::shared_ptr<FrameConnection>& connection, const Frame& frame);
  void forget(FrameConnection* connection);
  void lost(raft::MemberId from, FrameConnection* connection, const Error& reason);

  std::shared_ptr<PeerShared> shared_;
  std::vector<Stranger> strangers_;             // no Hello yet, or a call under way
  std::map<raft::MemberId, Current> current_;   // the newest Raft connection of each member
};

}  // namespace graft::replication
