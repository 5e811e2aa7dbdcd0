#include "sim/checkers/replicas.h"

#include <fmt/format.h>

namespace graft::sim {

void ReplicaChecker::compare(const std::string& host, const replication::Position& position, const graph::StateSums& sums) {
  auto [it, first] = seen_.emplace(std::pair(position.epoch, position.index), Seen{sums, host});
  if (first || it->second.sums == sums) return;
  cluster_.report().violation(fmt::format("state sums differ at log index {}: {} has {}, {} has {}", position.index, host,
                                          sums.to_string(), it->second.host, it->second.sums.to_string()));
}

void ReplicaChecker::sample(const Inspect& inspect) {
  for (int i : cluster_.up()) {
    const Machine& m = cluster_.machine(i);
    const replication::ReadVersion read = m.replica->applied();
    if (!read.version) continue;
    raft::LogIndex& last = inspected_[i];
    if (read.position.index == last) continue;
    last = read.position.index;
    const graph::GraphView view(read.version);
    const graph::StateSums sums = graph::state_sums(view);
    if (read.version.cancelled()) continue;  // damaged
    const size_t known = cluster_.report().violations().size();
    compare(m.host, read.position, sums);
    inspect(view, fmt::format("on {} at log index {}", m.host, read.position.index));
    if (read.version.cancelled()) cluster_.report().forget_since(known);
  }
  cluster_.report().count("samples");
}

graph::StateSums ReplicaChecker::check_pages(raft::LogIndex* index, bool* damaged) {
  *damaged = false;
  graph::StateSums last;
  for (int i : cluster_.up()) {
    const Machine& m = cluster_.machine(i);
    const replication::ReadVersion read = m.replica->applied();
    if (!read.version) continue;
    const graph::GraphView view(read.version);
    const graph::StateSums carried = graph::state_sums(view);
    const graph::StateSums found = graph::recompute_state_sums(view);
    if (read.version.cancelled()) {
      *damaged = true;
      continue;
    }
    compare(m.host, read.position, carried);
    if (!(carried == found)) {
      cluster_.report().violation(fmt::format("{} carries sums {} and holds {}", m.host, carried.to_string(), found.to_string()));
    }
    last = carried;
    *index = read.position.index;
  }
  return last;
}

}  // namespace graft::sim
