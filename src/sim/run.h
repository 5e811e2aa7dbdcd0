#pragma once

#include <string>

#include "sim/report.h"

namespace graft::sim {

struct RunOptions {
  uint64_t seed = 1;
  std::string workload = "bank";  // bank, append, unique
  bool faults = true;
  int servers = 5;                // founders; with more than one, two machines wait to be added
  bool lying_disks = false;       // a broken promise on purpose: violations are to be found
  bool verbose = false;           // the servers' trace on standard error
};

struct RunResult {
  Report report;
  std::string sums;            // state sums at the end, the same on all replicas
  uint64_t log_index = 0;      // at which they stood
  uint64_t fingerprint = 0;    // of all events: equal when two runs took the same way
  uint64_t events = 0;
  double simulated_seconds = 0;
  bool ok() const { return report.ok(); }
};

// One run: five servers come up and elect; clients work while faults happen; then the faults end, and the cluster has to
// heal, serve and agree within a bounded time.
RunResult run_simulation(const RunOptions& options);

bool is_workload(const std::string& name);

}  // namespace graft::sim
