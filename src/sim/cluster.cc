#include "sim/cluster.h"

#include <algorithm>

#include "env/trace.h"

namespace graft::sim {
namespace {

using replication::CommitOutcome;
using replication::ExplicitTransaction;
using replication::Replica;
using replication::ReplicaState;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint16_t kBoltPort = 7687;
constexpr uint16_t kRaftPort = 9687;
constexpr Duration kWatchInterval = milliseconds(50);
constexpr Duration kCleanStopTime = seconds(5);

}  // namespace

SimCluster::SimCluster(uint64_t seed, int founders, int spares, Report& report)
    : scheduler_(seed), network_(scheduler_, seed), random_(seed, 5), report_(report), seed_(seed) {
  for (int i = 0; i < founders + spares; i++) {
    auto m = std::make_unique<Machine>();
    m->number = i;
    m->id = next_id_++;
    m->host = "n" + std::to_string(i);
    m->founder = m->member = i < founders;
    m->clock = std::make_unique<SimClock>(scheduler_);
    m->clock->set_drift(static_cast<int64_t>(random_.below(400)) - 200);
    machines_.push_back(std::move(m));
  }
}

SimCluster::~SimCluster() {
  for (int i = 0; i < size(); i++) {
    machine(i).calls.clear();
    if (machine(i).process == nullptr) continue;
    machine(i).process->set_on_death({});
    machine(i).process->die();
    bury(i);
  }
}

replication::Member SimCluster::member(int i, bool learner) const {
  const Machine& m = *machines_[static_cast<size_t>(i)];
  replication::Member member;
  member.id = m.id;
  member.ip = m.host;
  member.bolt_port = kBoltPort;
  member.bolt_raft_port = kRaftPort;
  member.learner = learner;
  return member;
}

replication::ReplicaOptions SimCluster::options(int i) const {
  replication::ReplicaOptions o;
  o.directory = "/data";
  o.self = member(i, false);
  for (const auto& m : machines_) {
    if (m->founder || m->number == i) o.initial_peers.push_back(member(m->number, false));
  }
  o.raft_listen = env::Address{o.self.ip, kRaftPort};
  // Small limits, so that a short run sees checkpoints, compaction and snapshots.
  o.checkpoint_log_bytes = 256 << 10;
  o.checkpoint_dirty_bytes = 1 << 20;
  o.checkpoint_interval = seconds(3);
  o.scrub_interval = seconds(2);
  o.log_segment_bytes = 32 << 10;
  o.store.map_reserve_bytes = uint64_t{1} << 30;
  o.most_in_index_slice = 4;
  return o;
}

void SimCluster::start(int i) {
  Machine& m = machine(i);
  GRAFT_CHECK(m.process == nullptr);
  m.lives++;
  m.faults.operations = 0;
  m.disk.create_directories("/data");
  network_.on_start(i);
  m.process = std::make_shared<SimProcess>(scheduler_, seed_ * 1000 + static_cast<uint64_t>(i) * 7919 + m.lives * 104729, i);
  m.process->set_on_death([this, i] {
    network_.on_death(*machine(i).process, false);
    scheduler_.after(Duration::zero(), [this, i] { bury(i); });
  });
  m.files = std::make_unique<SimFileSystem>(m.process, m.disk, m.faults);
  m.transport = std::make_unique<SimTransport>(network_, m.process, m.host);
  report_.count("starts");
  SimProcess& p = *m.process;
  const replication::Roles roles{p.raft, p.log, p.lane, p.apply, p.background, p.io, p.worker};
  Result<std::unique_ptr<Replica>> replica =
      Replica::start(options(i), roles, *m.clock, p.door(), *m.files, *m.transport);
  if (!replica.ok()) return start_failed(m, replica.error());
  m.replica = std::move(replica).value();
  if (p.alive()) watch(i, m.lives);
}

void SimCluster::start_failed(Machine& m, const Error& error) {
  if (!m.process->alive()) return;  // died on the way: an injected crash
  if (m.faults.failed_syncs + m.faults.full_errors == 0) {
    report_.violation(m.host + " cannot start again: " + error.message);
  }
  m.process->die();
}

void SimCluster::watch(int i, uint64_t life) {
  scheduler_.after(kWatchInterval, [this, i, life] {
    Machine& m = machine(i);
    if (!m.up() || m.lives != life) return;
    const replication::ReplicaStatus status = m.replica->status();
    if (status.state == ReplicaState::kFailed) {
      if (m.faults.failed_syncs + m.faults.full_errors == 0) report_.violation(m.host + " failed: " + status.reason);
      report_.count("nodes that stopped serving");
      return m.process->die();
    }
    if (m.damaged && status.state == ReplicaState::kServing) note_healed(m);
    watch(i, life);
  });
}

void SimCluster::kill(int i, bool silent) {
  Machine& m = machine(i);
  if (m.process == nullptr || !m.process->alive()) return;
  report_.count(silent ? "power losses" : "kills");
  if (silent) {
    m.process->set_on_death([this, i] {
      network_.on_death(*machine(i).process, true);
      scheduler_.after(Duration::zero(), [this, i] { bury(i); });
    });
  }
  m.process->die();
}

void SimCluster::stop(int i) {
  Machine& m = machine(i);
  if (!m.up()) return;
  report_.count("clean stops");
  const uint64_t life = m.lives;
  auto end = [this, i, life] {
    scheduler_.after(Duration::zero(), [this, i, life] {
      if (machine(i).lives == life && machine(i).process) machine(i).process->die();
    });
  };
  m.replica->stop(end);
  scheduler_.after(kCleanStopTime, [this, i, life] {
    if (machine(i).lives != life || machine(i).process == nullptr) return;
    report_.count("clean stops that took too long");
    machine(i).process->die();
  });
}

void SimCluster::bury(int i) {
  Machine& m = machine(i);
  if (m.process == nullptr) return;
  GRAFT_CHECK(!m.process->alive());
  network_.reap(*m.process);
  m.process->reap();
  m.replica.reset();
  m.process->reap();
  network_.reap(*m.process);
  m.transport.reset();
  m.files.reset();
  m.process.reset();
  m.disk.crash(random_);
  m.faults.crash_at_operation = 0;
  m.faults.sync_failure = 0;
  m.faults.full = false;
  m.faults.failed_syncs = m.faults.full_errors = 0;
  for (std::string& text : m.faults.violations) report_.violation(m.host + ": " + std::move(text));
  m.faults.violations.clear();
  std::map<uint64_t, std::function<void()>> calls;
  calls.swap(m.calls);
  for (auto& [number, lost] : calls) lost();
}

void SimCluster::renew(int i) {
  Machine& m = machine(i);
  GRAFT_CHECK(m.process == nullptr);
  m.disk.erase_all();
  m.id = next_id_++;
  m.founder = m.member = m.damaged = false;
}

int SimCluster::leader() {
  int best = -1;
  raft::Term best_term = 0;
  for (int i : up()) {
    const replication::ReplicaStatus status = machine(i).replica->status();
    if (status.raft.role != raft::Role::kLeader || status.raft.term <= best_term) continue;
    best = i;
    best_term = status.raft.term;
  }
  return best;
}

std::vector<int> SimCluster::up() {
  std::vector<int> numbers;
  for (int i = 0; i < size(); i++) {
    if (machine(i).up()) numbers.push_back(i);
  }
  return numbers;
}

size_t SimCluster::open_calls() const {
  size_t n = 0;
  for (const auto& m : machines_) n += m->calls.size();
  return n;
}

Error SimCluster::down_error() const { return Error{ErrorCode::kUnavailable, "the server is down"}; }

}  // namespace graft::sim
