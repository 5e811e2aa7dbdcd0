#pragma once

// What the clients of a run do, and what must hold of it. A workload has a handful of clients, each doing one operation
// after another through the servers' API, as a driver's sessions would.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/transaction.h"
#include "sim/cluster.h"

namespace graft::sim {

enum class Outcome { kCommitted, kFailed, kUnknown };  // kFailed: certainly without effect

using WriteWork = std::function<Status(graph::GraphTransaction&)>;
using WriteDone = std::function<void(Outcome, raft::LogIndex committed_at)>;

class Workload {
 public:
  Workload(SimCluster& cluster, uint64_t seed, int clients);
  virtual ~Workload() = default;

  // The first commit: schema and what the operations need. Running it twice does no harm.
  virtual Status set_up(graph::GraphTransaction& transaction) = 0;
  // What all operations know, from a version that has the set-up.
  virtual void learn(const graph::GraphView& view) = 0;
  // One operation; done when it is over, however it ended.
  virtual void operate(int client, std::function<void()> done) = 0;
  // Must hold in every version of every replica.
  virtual void inspect(const graph::GraphView& view, const std::string& where) = 0;
  // Once, after all operations are over.
  virtual void check_end(const graph::GraphView& view) = 0;

  void start();
  void stop() { running_ = false; }
  bool idle() const { return active_ == 0; }

  // A write by the client to whom it takes for the leader: on the lane or as an explicit transaction of several steps.
  void autocommit(int client, WriteWork work, WriteDone done);
  void explicit_transaction(int client, std::vector<WriteWork> steps, WriteDone done);

 protected:
  SimRandom& random() { return random_; }
  SimCluster& cluster() { return cluster_; }
  Report& report() { return cluster_.report(); }
  int any_server();

 private:
  void loop(int client);
  int target(int client);
  Outcome outcome_of(int client, int server, const Error& error);

  SimCluster& cluster_;
  SimRandom random_;
  std::vector<int> targets_;
  bool running_ = false;
  int active_ = 0;
};

std::unique_ptr<Workload> make_workload(const std::string& name, SimCluster& cluster, uint64_t seed);

}  // namespace graft::sim
