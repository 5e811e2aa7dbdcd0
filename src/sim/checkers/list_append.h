#pragma once

// Is a history of list-append transactions serializable? As in Elle (Kingsbury, Alvaro: "Elle: Inferring Isolation
// Anomalies from Experimental Observations", 2020): each value is appended once, so a list tells the order of the writes,
// and every read tells between which of them it stood. A cycle of write-write, write-read, read-write and real-time
// dependencies is an anomaly.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "env/clock.h"

namespace graft::sim {

struct ListOperation {
  int64_t key = 0;
  bool append = false;
  int64_t value = 0;            // append
  std::vector<int64_t> result;  // read
};

struct ListTransaction {
  enum class Outcome { kCommitted, kFailed, kUnknown } outcome = Outcome::kUnknown;
  std::vector<ListOperation> operations;
  env::Duration invoked{0}, completed{0};
  bool real_time = false;  // promised to stand between its two moments
  std::string name;        // for messages
};

using FinalLists = std::map<int64_t, std::vector<int64_t>>;

// Gives what is wrong; empty when nothing is.
std::vector<std::string> check_list_append(const std::vector<ListTransaction>& history, const FinalLists& lists);

}  // namespace graft::sim
