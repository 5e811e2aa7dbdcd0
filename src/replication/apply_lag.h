#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "env/clock.h"
#include "raft/raft_node.h"

namespace graft::replication {

// How far, in time, a majority of the voters is behind the leader in applying. If leadership moves, what is not applied
// yet is what clients wait for; so the leader slows down rather than run away. Raft role.
class ApplyLag {
 public:
  // Members report with Raft's frames, so an answer is up to a heartbeat and a half old: less cannot be told from idle.
  static constexpr env::Duration kSlowAt = std::chrono::milliseconds(300);
  static constexpr env::Duration kGoOnAt = std::chrono::milliseconds(150);

  // Once per tick, on the leader. applied: by all members known, the leader included.
  env::Duration observe(env::Duration now, raft::LogIndex own, const std::map<raft::MemberId, raft::LogIndex>& applied,
                        const std::vector<raft::MemberId>& voters);
  void clear() { history_.clear(); }

 private:
  std::deque<std::pair<env::Duration, raft::LogIndex>> history_;  // what the leader had applied when
};

}  // namespace graft::replication
