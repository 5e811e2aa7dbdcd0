#pragma once

// Carries out what Bootstrap decides for a node that has no state yet: asks, stores, registers. Raft role.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "replication/bootstrap.h"
#include "replication/data_directory.h"
#include "replication/peer_transport.h"
#include "replication/role_handle.h"

namespace graft::replication {

class StartupHost {  // called on the raft role
 public:
  virtual ~StartupHost() = default;
  virtual void on_waiting(const std::string& reason) = 0;
  virtual void on_found(const Founders& founders) = 0;
  virtual void on_join(const std::string& cluster_id, const std::vector<Member>& members) = 0;
  virtual void on_startup_failed(Error error) = 0;
  virtual void on_removed(const std::string& reason) = 0;  // added, and removed before it ever was there
};

class Startup {
 public:
  static constexpr env::Duration kRoundInterval = std::chrono::milliseconds(150);

  Startup(Identity identity, Member self, std::vector<Member> peers, bool copied, DataDirectory& directory, PeerTransport& transport,
          StartupHost& host, RoleHandle raft_role);

  void run() { round(); }
  ProbeAnswer answer() const { return bootstrap_.answer(); }
  const Founders& founders() const { return identity_.founders; }  // as noted on disk
  bool finished() const { return finished_; }

 private:
  void round();
  void next_round();
  void take_step();
  void prepare(const Founders& founders);
  void register_with(const Bootstrap::Register& step);
  void on_registered(const Bootstrap::Register& step, const Result<std::string>& answer);
  Status store(const Identity& identity);

  Bootstrap bootstrap_;
  Identity identity_;
  Member self_;
  const bool copied_;
  DataDirectory& directory_;
  PeerTransport& transport_;
  StartupHost& host_;
  RoleHandle role_;
  uint64_t round_number_ = 0;
  bool finished_ = false;
};

}  // namespace graft::replication
