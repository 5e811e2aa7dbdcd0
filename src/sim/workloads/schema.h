#pragma once

#include <map>

#include "sim/workload.h"

namespace graft::sim {

// One client makes and drops an index, a unique constraint and an existence constraint, each built or checked in slices,
// while others create, change, relabel and delete nodes. Holds in every version: a finished index says what the nodes
// say, one under construction does for all below its progress, a finished constraint holds.
class SchemaWorkload final : public Workload {
 public:
  SchemaWorkload(SimCluster& cluster, uint64_t seed);

  Status set_up(graph::GraphTransaction& transaction) override;
  void learn(const graph::GraphView& view) override;
  void operate(int client, std::function<void()> done) override;
  void inspect(const graph::GraphView& view, const std::string& where) override;
  void check_end(const graph::GraphView& view) override;

 private:
  void change_schema(int client, std::function<void()> done);
  void change_data(int client, std::function<void()> done);

  std::map<std::string, bool> there_;  // rule: known to be there, or not; absent: unknown
};

}  // namespace graft::sim
