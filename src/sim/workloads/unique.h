#pragma once

#include "sim/workload.h"

namespace graft::sim {

// Clients race for a few names under a unique constraint: create, delete, rename. Holds: a name is never there twice,
// the index says what the nodes say, what was acknowledged happened and what failed did not.
class UniqueWorkload final : public Workload {
 public:
  UniqueWorkload(SimCluster& cluster, uint64_t seed);

  Status set_up(graph::GraphTransaction& transaction) override;
  void learn(const graph::GraphView& view) override;
  void operate(int client, std::function<void()> done) override;
  void inspect(const graph::GraphView& view, const std::string& where) override;
  void check_end(const graph::GraphView& view) override;

 private:
  enum class Kind { kCreate, kDelete, kRename };
  struct Operation {
    Kind kind = Kind::kCreate;
    std::string name, new_name;
    int64_t number = 0;                  // kCreate: of the node made
    std::vector<int64_t> deleted;        // numbers of nodes that the last run deleted
    Outcome outcome = Outcome::kUnknown;
  };
  using OperationPtr = std::shared_ptr<Operation>;
  static Status perform(graph::GraphTransaction& transaction, Operation& o);

  std::vector<OperationPtr> operations_;
};

}  // namespace graft::sim
