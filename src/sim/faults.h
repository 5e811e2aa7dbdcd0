#pragma once

#include "sim/cluster.h"

namespace graft::sim {

// What goes wrong, and when, drawn from the seed. Some runs see every kind, others a few kinds only and more often.
class FaultInjector {
 public:
  FaultInjector(SimCluster& cluster, uint64_t seed);

  void start();
  // Ends all faults: the network is whole, disks work, machines that are members run (again).
  void stop();

 private:
  enum class Kind {
    kKill, kPowerLoss, kKillAtOperation, kCleanStop, kKillAll, kPartition, kIsolate, kOneWay, kReset, kSlowNetwork,
    kRefuse, kPause, kSlowDisk, kSyncFailure, kDiskFull, kClockJump, kTransfer, kAddMember, kRemoveMember, kBitRot, kLostFiles, kKinds,
  };
  void next();
  void inject(Kind kind);
  void inject_crash(Kind kind, int i);
  void inject_network(Kind kind);
  void inject_disk(Kind kind, int i);
  void change_members(Kind kind);
  void damage_files(Kind kind, int i);
  void add_member(int leader, int i);
  void nurse();  // starts machines that are down, after a while
  void heal_later();
  int any_up();
  int members_up();

  SimCluster& cluster_;
  SimRandom random_;
  std::vector<Kind> kinds_;   // drawn from, with repetition for weight
  Duration interval_;
  bool running_ = false;
};

}  // namespace graft::sim
