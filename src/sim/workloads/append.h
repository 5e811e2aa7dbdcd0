#pragma once

#include "sim/checkers/list_append.h"
#include "sim/workload.h"

namespace graft::sim {

// Transactions append to and read lists, found by an index; a list that is not there yet is made by the first who
// appends. Holds: the history is serializable, and linearizable where that is promised.
class AppendWorkload final : public Workload {
 public:
  AppendWorkload(SimCluster& cluster, uint64_t seed);

  Status set_up(graph::GraphTransaction& transaction) override;
  void learn(const graph::GraphView& view) override;
  void operate(int client, std::function<void()> done) override;
  void inspect(const graph::GraphView& view, const std::string& where) override;
  void check_end(const graph::GraphView& view) override;

 private:
  using HistoryPtr = std::shared_ptr<ListTransaction>;

  std::vector<ListOperation> plan(bool reads_only);
  int64_t pick_key();
  void write(int client, HistoryPtr t, bool explicitly, std::function<void()> done);
  void read(HistoryPtr t, std::function<void()> done);

  std::vector<HistoryPtr> history_;
  int64_t next_value_ = 1;
};

}  // namespace graft::sim
