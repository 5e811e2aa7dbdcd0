#pragma once

#include <map>

#include "sim/workload.h"

namespace graft::sim {

// Money moves between accounts; each transfer leaves a node with a relationship from one account and one to the other.
// Holds: the total never changes; balances are what the transfers' relationships say; an acknowledged transfer is there
// once, a refused one is not; who brings a bookmark, or reads linearizably, sees what was acknowledged before.
class BankWorkload final : public Workload {
 public:
  BankWorkload(SimCluster& cluster, uint64_t seed);

  Status set_up(graph::GraphTransaction& transaction) override;
  void learn(const graph::GraphView& view) override;
  void operate(int client, std::function<void()> done) override;
  void inspect(const graph::GraphView& view, const std::string& where) override;
  void check_end(const graph::GraphView& view) override;

 private:
  struct Transfer {
    int64_t number = 0;
    size_t from = 0, to = 0;
    int64_t amount = 0;
    Outcome outcome = Outcome::kUnknown;
    raft::LogIndex committed_at = 0;
    graph::NodeId node = graph::kNoId;  // of the last run
  };
  using TransferPtr = std::shared_ptr<Transfer>;

  void transfer(int client, bool explicitly, std::function<void()> done);
  void read(int client, std::function<void()> done);
  Status move(graph::GraphTransaction& transaction, const Transfer& t) const;
  static Status record(graph::GraphTransaction& transaction, Transfer& t, const std::vector<graph::NodeId>& accounts);
  void check_seen(const graph::GraphView& view, const Transfer& t, const std::string& who) const;
  void check_balances(const graph::GraphView& view, const std::string& where);

  std::vector<graph::NodeId> accounts_;
  std::vector<TransferPtr> transfers_;
  std::vector<TransferPtr> acknowledged_;              // in the order of their answers
  std::map<int, TransferPtr> last_of_client_;
  std::string cluster_id_;
  uint64_t epoch_ = 0;
  uint64_t inspections_ = 0;
};

}  // namespace graft::sim
