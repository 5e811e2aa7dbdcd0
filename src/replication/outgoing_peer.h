#pragma once

#include <memory>

#include "replication/peer_shared.h"

namespace graft::replication {

// Our connection to one member, kept up. Raft role.
//
//   idle ──connect──> connecting ──Hello──> greeting ──Welcome──> open
//     ^                   │ failed              │ refused            │ reset, silent
//     └────── retry ──────┴─────────────────────┴────────────────────┘
class OutgoingPeer : public std::enable_shared_from_this<OutgoingPeer> {
 public:
  OutgoingPeer(std::shared_ptr<PeerShared> shared, Member member) : shared_(std::move(shared)), member_(std::move(member)) {}

  bool same_target(const Member& m) const {
    return m.ip == member_.ip && m.bolt_raft_port == member_.bolt_raft_port &&
           (member_.incarnation.empty() || m.incarnation == member_.incarnation);
  }
  void update(const Member& m) { member_ = m; }
  void start();  // does nothing if it has been started
  void stop();
  // The other side is up: no reason to wait for the next attempt.
  void retry_now();
  // Says we are alive, and notices that the other side is not.
  void ping();

 private:
  enum class State { kIdle, kConnecting, kGreeting, kOpen, kStopped };
  void connect();
  void connected(const std::shared_ptr<FrameConnection>& connection);
  void take_frame(Frame frame);
  void welcome(const Frame& frame);
  void refused(const Refusal& refusal);
  void lost(const Error& reason);
  void disconnect();
  void retry_after(env::Duration delay);

  std::shared_ptr<PeerShared> shared_;
  Member member_;
  State state_ = State::kIdle;
  std::shared_ptr<FrameConnection> connection_;
  env::Duration last_heard_{0};
  env::Duration retry_{0};
  env::TimerId retry_timer_ = 0;
};

}  // namespace graft::replication
