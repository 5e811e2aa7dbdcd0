#include "replication/apply_lag.h"

#include <algorithm>
#include <functional>

namespace graft::replication {

env::Duration ApplyLag::observe(env::Duration now, raft::LogIndex own, const std::map<raft::MemberId, raft::LogIndex>& applied,
                                const std::vector<raft::MemberId>& voters) {
  if (voters.empty()) return env::Duration{0};
  if (history_.empty() || history_.back().second != own) history_.emplace_back(now, own);
  std::vector<raft::LogIndex> indexes;
  for (raft::MemberId id : voters) {
    auto it = applied.find(id);
    indexes.push_back(it == applied.end() ? 0 : it->second);
  }
  std::sort(indexes.begin(), indexes.end(), std::greater<>());
  raft::LogIndex majority = indexes[voters.size() / 2];
  // The first of what the majority still lacks tells since when it lacks it.
  while (!history_.empty() && history_.front().second <= majority) history_.pop_front();
  return history_.empty() ? env::Duration{0} : now - history_.front().first;
}

}  // namespace graft::replication
