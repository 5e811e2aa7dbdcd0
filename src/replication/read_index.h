#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/clock.h"
#include "raft/raft_node.h"

namespace graft::replication {

struct ReadPoint {
  raft::LogIndex index = 0;      // what is applied up to here is as new as anything acknowledged before the question
  raft::Term leader_term = 0;    // not 0: this member was leader of that term when the answer came
};

// Linearizable reads by Raft's ReadIndex, one round shared by all that wait. Raft drops the question silently when there
// is no leader yet, so it is asked again. Raft role only. (Ongaro's dissertation, section 6.4.)
class ReadIndexer {
 public:
  using Callback = std::function<void(Result<ReadPoint>)>;
  static constexpr uint32_t kRetryTicks = 5;

  // prefix: unique among members and their restarts.
  ReadIndexer(std::string prefix, const env::Clock& clock) : prefix_(std::move(prefix)), clock_(clock) {}

  void request(env::Duration deadline, Callback done) { waiting_.push_back(Waiter{deadline, std::move(done)}); }
  // Starts a round if somebody waits and none is under way.
  void start_round(raft::RaftNode& node);
  void on_read_state(const raft::ReadState& state, raft::Term leader_term);
  void tick(raft::RaftNode& node);
  void abandon(const Error& error);

 private:
  struct Waiter {
    env::Duration deadline;
    Callback done;
  };
  void ask(raft::RaftNode& node);

  std::string prefix_;
  const env::Clock& clock_;
  uint64_t round_ = 0;
  std::string context_;          // of the round under way; empty: none
  uint32_t ticks_ = 0;
  std::vector<Waiter> asked_;    // waiters of the round under way
  std::vector<Waiter> waiting_;  // for the next one
};

}  // namespace graft::replication
