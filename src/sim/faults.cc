#include "sim/faults.h"

#include <algorithm>

namespace graft::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kFaultNames[] = {
    "kill", "power loss", "kill at file operation", "clean stop", "kill all", "partition", "isolate", "one-way partition",
    "reset", "slow network", "refuse", "pause", "slow disk", "sync failure", "disk full", "clock jump", "transfer",
    "add member", "remove member", "bit rot", "lost files",
};

}  // namespace

FaultInjector::FaultInjector(SimCluster& cluster, uint64_t seed) : cluster_(cluster), random_(seed, 6) {
  constexpr auto kCount = static_cast<uint64_t>(Kind::kKinds);
  static_assert(std::size(kFaultNames) == kCount);
  const uint64_t wanted = random_.chance(0.4) ? kCount : random_.between(2, 6);
  for (uint64_t i = 0; i < wanted; i++) kinds_.push_back(static_cast<Kind>(wanted == kCount ? i : random_.below(kCount)));
  interval_ = milliseconds(random_.between(100, 2000));
}

void FaultInjector::start() {
  running_ = true;
  next();
  nurse();
}

void FaultInjector::next() {
  const auto mean = static_cast<uint64_t>(interval_.count());
  cluster_.scheduler().after(Duration(random_.between(mean / 10, mean * 2)), [this] {
    if (!running_) return;
    inject(kinds_[random_.below(kinds_.size())]);
    next();
  });
}

void FaultInjector::inject(Kind kind) {
  const int i = any_up();
  if (i < 0) return;
  cluster_.report().count(std::string("fault: ") + kFaultNames[static_cast<size_t>(kind)]);
  switch (kind) {
    case Kind::kKill:
    case Kind::kPowerLoss:
    case Kind::kKillAtOperation:
    case Kind::kCleanStop:
    case Kind::kKillAll: return inject_crash(kind, i);
    case Kind::kPartition:
    case Kind::kIsolate:
    case Kind::kOneWay:
    case Kind::kReset:
    case Kind::kSlowNetwork:
    case Kind::kRefuse: return inject_network(kind);
    case Kind::kPause: return cluster_.machine(i).process->pause(milliseconds(random_.between(20, 1500)));
    case Kind::kSlowDisk:
    case Kind::kSyncFailure:
    case Kind::kDiskFull: return inject_disk(kind, i);
    case Kind::kClockJump:
      return cluster_.machine(i).clock->jump(milliseconds(static_cast<int64_t>(random_.below(20'000)) - 10'000));
    case Kind::kTransfer: {
      const int leader = cluster_.leader();
      if (leader < 0) return;
      const raft::MemberId to = random_.chance(0.3) ? 0 : cluster_.machine(any_up()).id;
      return cluster_.transfer(leader, to, [this](Status status) {
        cluster_.report().count(status.ok() ? "transfers done" : "transfers refused");
      });
    }
    case Kind::kAddMember:
    case Kind::kRemoveMember: return change_members(kind);
    case Kind::kBitRot:
    case Kind::kLostFiles: return damage_files(kind, i);
    case Kind::kKinds: return;
  }
}

void FaultInjector::inject_crash(Kind kind, int i) {
  switch (kind) {
    case Kind::kKill:
      cluster_.kill(i, false);
      break;
    case Kind::kPowerLoss:
      cluster_.kill(i, true);
      break;
    case Kind::kKillAtOperation: {
      DiskFaults& faults = cluster_.machine(i).faults;
      faults.crash_at_operation = faults.operations + random_.between(1, 60);
      break;
    }
    case Kind::kCleanStop:
      cluster_.stop(i);
      break;
    default:
      for (int k : cluster_.up()) cluster_.kill(k, random_.chance(0.5));
  }
}

void FaultInjector::nurse() {
  cluster_.scheduler().after(milliseconds(random_.between(20, 800)), [this] {
    for (int i = 0; i < cluster_.size(); i++) {
      Machine& m = cluster_.machine(i);
      if (m.process != nullptr || !m.member || m.lives == 0) continue;
      if (running_ && random_.chance(0.4)) continue;
      // Now and then it dies again while it recovers.
      if (running_ && random_.chance(0.15)) m.faults.crash_at_operation = random_.between(1, 30);
      cluster_.start(i);
    }
    nurse();
  });
}

void FaultInjector::heal_later() {
  cluster_.scheduler().after(milliseconds(random_.between(50, 2500)), [this] { cluster_.network().unblock_all(); });
}

void FaultInjector::inject_network(Kind kind) {
  SimNetwork& network = cluster_.network();
  const int n = cluster_.size();
  const int a = static_cast<int>(random_.below(static_cast<uint64_t>(n)));
  int b = static_cast<int>(random_.below(static_cast<uint64_t>(n)));
  if (a == b) b = (b + 1) % n;
  switch (kind) {
    case Kind::kPartition: {
      std::vector<bool> left;
      for (int i = 0; i < n; i++) left.push_back(random_.chance(0.5));
      for (int i = 0; i < n; i++) {
        for (int k = 0; k < n; k++) {
          if (left[static_cast<size_t>(i)] != left[static_cast<size_t>(k)]) network.block(i, k);
        }
      }
      return heal_later();
    }
    case Kind::kIsolate: {
      const int leader = cluster_.leader();
      const int alone = leader >= 0 && random_.chance(0.6) ? leader : a;
      for (int i = 0; i < n; i++) {
        if (i == alone) continue;
        network.block(i, alone);
        network.block(alone, i);
      }
      return heal_later();
    }
    case Kind::kOneWay:
      network.block(a, b);
      return heal_later();
    case Kind::kReset: return network.reset_one(a, b);
    default: break;
  }
  const Duration time = milliseconds(random_.between(100, 2000));
  if (kind == Kind::kSlowNetwork) {
    network.conditions.delay_max = milliseconds(random_.between(5, 150));
    network.conditions.late = 0.02;
  } else {
    network.conditions.refuse = 0.7;
    network.reset_one(a, b);
  }
  cluster_.scheduler().after(time, [&network] { network.conditions = NetworkConditions(); });
}

void FaultInjector::inject_disk(Kind kind, int i) {
  DiskFaults& faults = cluster_.machine(i).faults;
  switch (kind) {
    case Kind::kSlowDisk:
      faults.sync_time_max = milliseconds(random_.between(5, 120));
      cluster_.scheduler().after(milliseconds(random_.between(200, 2500)), [&faults] {
        faults.sync_time_max = DiskFaults().sync_time_max;
      });
      return;
    case Kind::kSyncFailure:
      faults.sync_failure = 0.5;  // until it dies: burial takes it away
      return;
    default:
      faults.full = true;
      cluster_.scheduler().after(milliseconds(random_.between(200, 2000)), [&faults] { faults.full = false; });
  }
}

void FaultInjector::change_members(Kind kind) {
  const int leader = cluster_.leader();
  if (leader < 0) return;
  if (kind == Kind::kAddMember) {
    for (int i = 0; i < cluster_.size(); i++) {
      Machine& m = cluster_.machine(i);
      if (m.member) continue;
      if (m.process != nullptr) return;  // was removed, still runs
      return add_member(leader, i);
    }
    return;
  }
  if (members_up() <= 4) return;
  const int i = any_up();
  Machine& m = cluster_.machine(i);
  if (!m.member || cluster_.voters_to_spare(m.id) < 0) return;
  cluster_.remove_member(leader, m.id, [this, i, id = m.id](Status status) {
    cluster_.report().count(status.ok() ? "members removed" : "removals refused");
    if (!status.ok() || cluster_.machine(i).id != id) return;
    cluster_.machine(i).member = false;
    cluster_.machine(i).founder = false;
    cluster_.scheduler().after(milliseconds(random_.between(0, 3000)), [this, i] { cluster_.kill(i, false); });
  });
}

// Mostly of a machine that has just gone down.
void FaultInjector::damage_files(Kind kind, int i) {
  if (kind == Kind::kBitRot && random_.chance(0.3)) {
    cluster_.rot(i);
    return;
  }
  if (cluster_.voters_to_spare() <= 0) return;
  cluster_.kill(i, random_.chance(0.5));
  cluster_.scheduler().after(milliseconds(1), [this, i, kind] {
    const uint64_t which = random_.below(3);
    const bool done = kind == Kind::kBitRot ? cluster_.rot(i) : cluster_.lose_files(i, which != 1, which != 0);
    if (!done) cluster_.report().count("nothing to damage");
  });
}

void FaultInjector::add_member(int leader, int i) {
  cluster_.renew(i);
  Machine& m = cluster_.machine(i);
  m.member = true;
  const int source = static_cast<int>(random_.below(static_cast<uint64_t>(cluster_.size())));
  if (random_.chance(0.3) && source != i && cluster_.machine(source).lives > 0 && !cluster_.machine(source).damaged) {
    // By hand, from a member that runs, was stopped or died.
    m.disk.copy_from(cluster_.machine(source).disk);
    cluster_.report().count("directories copied");
  }
  if (random_.chance(0.3)) cluster_.start(i);  // before it is known to anybody
  cluster_.add_member(leader, i, random_.chance(0.2), [this, i](Status status) {
    Machine& added = cluster_.machine(i);
    cluster_.report().count(status.ok() ? "members added" : "additions refused");
    if (status.ok() || status.error().code == ErrorCode::kUnknownOutcome) {  // else it finds out whether it belongs
      if (added.process == nullptr) cluster_.start(i);
      return;
    }
    added.member = false;
    cluster_.kill(i, false);
  });
}

int FaultInjector::any_up() {
  const std::vector<int> up = cluster_.up();
  return up.empty() ? -1 : up[random_.below(up.size())];
}

int FaultInjector::members_up() {
  int n = 0;
  for (int i : cluster_.up()) n += cluster_.machine(i).member ? 1 : 0;
  return n;
}

void FaultInjector::stop() {
  running_ = false;
  cluster_.network().unblock_all();
  cluster_.network().conditions = NetworkConditions();
  for (int i = 0; i < cluster_.size(); i++) {
    Machine& m = cluster_.machine(i);
    m.faults.crash_at_operation = 0;
    m.faults.sync_failure = 0;
    m.faults.full = false;
    m.faults.sync_time_max = DiskFaults().sync_time_max;
  }
}

}  // namespace graft::sim
