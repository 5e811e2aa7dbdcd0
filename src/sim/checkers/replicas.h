#pragma once

#include <map>
#include <string>

#include "graph/transaction.h"
#include "sim/cluster.h"

namespace graft::sim {

// Equal state sums at equal log index on all replicas, in all lives.
class ReplicaChecker {
 public:
  explicit ReplicaChecker(SimCluster& cluster) : cluster_(cluster) {}

  // Looks at what a running replica has applied. Calls inspect with some of the versions.
  using Inspect = std::function<void(const graph::GraphView&, const std::string& where)>;
  void sample(const Inspect& inspect);

  // At the end: what each replica's pages hold is what its carried sums say. Gives the sums of the last one.
  // damaged: one met damage that had slept in its files; it is going to heal, and they are to be looked at again.
  graph::StateSums check_pages(raft::LogIndex* index, bool* damaged);

 private:
  struct Seen {
    graph::StateSums sums;
    std::string host;
  };
  void compare(const std::string& host, const replication::Position& position, const graph::StateSums& sums);

  SimCluster& cluster_;
  std::map<std::pair<uint64_t, raft::LogIndex>, Seen> seen_;  // (epoch, log index)
  std::map<int, raft::LogIndex> inspected_;
};

}  // namespace graft::sim
