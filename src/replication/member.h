#pragma once

#include <cstdint>
#include <string>

#include "raft/raft_node.h"

namespace graft::replication {

// One member of the cluster as the replicated state has it.
struct Member {
  raft::MemberId id = 0;
  std::string ip;            // name, IPv4 or IPv6
  uint16_t bolt_port = 0;
  uint16_t bolt_raft_port = 0;
  bool learner = false;      // the role asked for
  bool promoting = false;    // truly a learner still; becomes a voter when it has caught up
  std::string incarnation;   // 32 hex digits; empty until it has registered
  bool operator==(const Member&) const = default;
};

}  // namespace graft::replication
