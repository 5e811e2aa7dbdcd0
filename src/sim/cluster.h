#pragma once

// Servers under the simulated doors: machines with disks that outlive the lives of their processes, and the calls that
// a client makes on them.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "replication/replica.h"
#include "sim/disk.h"
#include "sim/file_system.h"
#include "sim/network.h"
#include "sim/process.h"
#include "sim/report.h"

namespace graft::sim {

struct Machine {
  int number = 0;                    // 0 ...; the host is n<number>
  raft::MemberId id = 0;
  std::string host;
  bool founder = false;              // in the list that the cluster was founded with
  bool member = false;               // asked to be in the cluster; its id is used up once it was removed
  Disk disk;
  DiskFaults faults;
  std::unique_ptr<SimClock> clock;
  uint64_t lives = 0;
  bool damaged = false;              // its files are not whole any more, and it has not healed since
  std::string healed_before;         // its newest damaged-<n> when they were damaged

  // One life. Empty while the machine is down.
  std::shared_ptr<SimProcess> process;
  std::unique_ptr<SimFileSystem> files;
  std::unique_ptr<SimTransport> transport;
  std::unique_ptr<replication::Replica> replica;
  std::map<uint64_t, std::function<void()>> calls;  // under way; called when the process dies

  bool up() const { return process != nullptr && process->alive() && replica != nullptr; }
};

// A read's work on the version, while the process lives.
using ReadWork = std::function<void(const replication::ReadVersion&)>;
// One step of an explicit transaction; an error rolls it back.
using TransactionStep = std::function<Status(graph::GraphTransaction&)>;

struct TransactionResult {
  replication::Position begun_at, committed_at;
};

class SimCluster {
 public:
  SimCluster(uint64_t seed, int founders, int spares, Report& report);
  ~SimCluster();

  SimScheduler& scheduler() { return scheduler_; }
  SimNetwork& network() { return network_; }
  SimRandom& random() { return random_; }
  Report& report() { return report_; }
  int size() const { return static_cast<int>(machines_.size()); }
  Machine& machine(int i) { return *machines_[static_cast<size_t>(i)]; }

  void start(int i);
  // silent: the machine loses power and its peers are not told. Unsynced writes may be lost either way.
  void kill(int i, bool silent);
  // A clean stop; the machine is down when it has ended, or is killed when that takes too long.
  void stop(int i);
  // A removed machine that is down: becomes a new one, with an empty disk and an id that was never used.
  void renew(int i);

  // Damages the files of a machine; false: what there is to damage is not there, or too many voters are damaged already.
  bool rot(int i);                   // some byte of some page (of a machine that is down) or of an older log segment
  bool lose_files(int i, bool log, bool store);  // of a machine that is down
  // Voters that are whole, less those that a majority of the voters needs.
  int voters_to_spare(raft::MemberId without = 0);

  // The machine that leads according to itself, or -1. With several, the one of the highest term.
  int leader();
  std::vector<int> up();

  // Calls of clients. `done` comes once, as an event of its own: with the answer, or, when the process dies first, with
  // kUnknownOutcome. Errors otherwise mean: had no effect.
  void autocommit(int i, std::shared_ptr<replication::LaneWork> work, replication::CommitCallback done);
  void transact(int i, std::vector<TransactionStep> steps, std::function<void(Result<TransactionResult>)> done);
  void read(int i, replication::ReadRequest request, ReadWork work, std::function<void(Status)> done);
  void add_member(int leader, int i, bool learner, std::function<void(Status)> done);
  void remove_member(int leader, raft::MemberId id, std::function<void(Status)> done);
  void transfer(int i, raft::MemberId to, std::function<void(Status)> done);
  // Calls on live processes that were never answered.
  size_t open_calls() const;

  replication::Member member(int i, bool learner) const;

 private:
  template <class T>
  std::function<void(Result<T>)> answer_once(int i, std::function<void(Result<T>)> done);
  Error down_error() const;
  replication::ReplicaOptions options(int i) const;
  void start_failed(Machine& m, const Error& error);
  bool may_damage(int i);
  void note_damage(Machine& m);
  void note_healed(Machine& m);
  void bury(int i);          // after a death, outside the process's tasks
  void watch(int i, uint64_t life);

  SimScheduler scheduler_;
  SimNetwork network_;
  SimRandom random_;
  Report& report_;
  const uint64_t seed_;
  raft::MemberId next_id_ = 1;
  std::vector<std::unique_ptr<Machine>> machines_;
  uint64_t next_call_ = 1;
};

}  // namespace graft::sim
