#include "sim/run.h"

#include <cstdio>

#include <fmt/format.h>

#include "env/trace.h"
#include "sim/checkers/replicas.h"
#include "sim/cluster.h"
#include "sim/faults.h"
#include "sim/workload.h"

namespace graft::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kSpares = 2;
constexpr Duration kElectTime = seconds(20);   // from the start to the first commit
constexpr Duration kHealTime = seconds(30);    // from the last fault to agreement
constexpr Duration kNoticeTime = milliseconds(200);  // for a member to see that it is damaged
constexpr Duration kSampleInterval = milliseconds(20);

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options), cluster_(options.seed, options.servers, options.servers > 1 ? kSpares : 0, result_.report), replicas_(cluster_),
        faults_(cluster_, options.seed), workload_(make_workload(options.workload, cluster_, options.seed)),
        random_(options.seed, 8) {}

  RunResult go() {
    if (options_.verbose) trace_to_stderr();
    else env::trace_sink([](env::TraceLevel, std::string_view, std::string_view) {}, env::TraceLevel::kError);
    if (come_up()) {
      work();
      heal();
    }
    result_.fingerprint = cluster_.scheduler().fingerprint();
    result_.events = cluster_.scheduler().events();
    result_.simulated_seconds = std::chrono::duration<double>(cluster_.scheduler().now()).count();
    return std::move(result_);
  }

 private:
  void trace_to_stderr() {
    env::trace_sink([this](env::TraceLevel, std::string_view component, std::string_view text) {
      std::fprintf(stderr, "%12.6f [%.*s] %.*s\n", std::chrono::duration<double>(cluster_.scheduler().now()).count(),
                   static_cast<int>(component.size()), component.data(), static_cast<int>(text.size()), text.data());
    }, env::TraceLevel::kDebug);
  }

  // Steps through time, looking at all replicas on the way, until the condition holds. False: it did not in time.
  template <class F>
  bool run_until(Duration limit, F condition) {
    const Duration end = cluster_.scheduler().now() + limit;
    while (!condition()) {
      if (cluster_.scheduler().now() >= end || !result_.report.ok()) return false;
      cluster_.scheduler().run_until(cluster_.scheduler().now() + kSampleInterval);
      replicas_.sample([this](const graph::GraphView& view, const std::string& where) { workload_->inspect(view, where); });
    }
    return true;
  }

  // Commits something harmless, again and again until it succeeds.
  void commit_until_done(WriteWork work, std::shared_ptr<bool> done) {
    workload_->autocommit(0, work, [this, work, done](Outcome outcome, raft::LogIndex) {
      if (outcome == Outcome::kCommitted) *done = true;
      else cluster_.scheduler().after(milliseconds(50), [this, work, done] { commit_until_done(work, done); });
    });
  }

  bool come_up() {
    for (int i = 0; i < cluster_.size(); i++) cluster_.machine(i).faults.lying = options_.lying_disks;
    for (int i = 0; i < options_.servers; i++) {
      cluster_.scheduler().after(milliseconds(random_.below(500)), [this, i] { cluster_.start(i); });
    }
    auto done = std::make_shared<bool>(false);
    commit_until_done([this](graph::GraphTransaction& t) { return workload_->set_up(t); }, done);
    if (!run_until(kElectTime, [&] { return *done; })) {
      result_.report.violation("no first commit in time: " + describe_servers());
      return false;
    }
    const replication::ReadVersion read = cluster_.machine(cluster_.leader()).replica->applied();
    workload_->learn(graph::GraphView(read.version));
    return true;
  }

  void work() {
    workload_->start();
    if (options_.faults) faults_.start();
    run_until(milliseconds(random_.between(5000, 12000)), [] { return false; });
    if (options_.faults) faults_.stop();
    result_.report.count("open calls when the faults ended", cluster_.open_calls());
  }

  void heal() {
    if (!result_.report.ok()) return;
    workload_->stop();
    auto done = std::make_shared<bool>(false);
    commit_until_done([](graph::GraphTransaction& t) -> Status {
      t.set_system_record("sim/healed", "yes");
      return {};
    }, done);
    if (!run_until(kHealTime, [&] { return *done; })) {
      return result_.report.violation("no commit in time after the faults ended: " + describe_servers());
    }
    if (!run_until(kHealTime, [&] { return workload_->idle(); })) {
      return result_.report.violation(fmt::format("{} calls were never answered", cluster_.open_calls()));
    }
    // Reading all pages wakes damage that slept in some: those members heal, and all are looked at again.
    for (bool damaged = true; damaged;) {
      if (!run_until(kHealTime, [&] { return agreed(); })) {
        return result_.report.violation("the members do not agree in time after the faults ended: " + describe_servers());
      }
      if (!result_.report.ok()) return;
      result_.sums = replicas_.check_pages(&result_.log_index, &damaged).to_string();
      if (!damaged) break;
      result_.report.count("damage found at the end");
      run_until(kNoticeTime, [] { return false; });
    }
    const replication::ReadVersion read = cluster_.machine(cluster_.leader()).replica->applied();
    workload_->check_end(graph::GraphView(read.version));
  }

  // A leader, and every member that it knows of is up, serves and has applied what the leader has committed.
  bool agreed() {
    const int leader = cluster_.leader();
    if (leader < 0) return false;
    const replication::ReplicaStatus status = cluster_.machine(leader).replica->status();
    const raft::LogIndex index = cluster_.machine(leader).replica->applied().position.index;
    if (index < status.raft.commit) return false;
    for (const replication::Member& member : status.members) {
      bool there = false;
      for (int i : cluster_.up()) {
        const Machine& m = cluster_.machine(i);
        there = there || (m.id == member.id && m.replica->status().state == replication::ReplicaState::kServing &&
                          m.replica->applied().position.index >= index);
      }
      if (!there) return false;
    }
    return true;
  }

  std::string describe_servers() {
    std::string text;
    for (int i = 0; i < cluster_.size(); i++) {
      const Machine& m = cluster_.machine(i);
      if (m.lives == 0) continue;
      text += fmt::format("{}{} (id {})", text.empty() ? "" : "; ", m.host, m.id);
      if (!m.up()) {
        text += " down";
        continue;
      }
      const replication::ReplicaStatus s = m.replica->status();
      text += fmt::format(" state {} role {} term {} commit {} applied {} log {}..{} leader {} members {} {}",
                          static_cast<int>(s.state), static_cast<int>(s.raft.role), s.raft.term, s.raft.commit,
                          m.replica->applied().position.index, s.log_first, s.log_last, s.leader, s.members.size(), s.reason);
    }
    return text;
  }

  const RunOptions options_;
  RunResult result_;
  SimCluster cluster_;
  ReplicaChecker replicas_;
  FaultInjector faults_;
  std::unique_ptr<Workload> workload_;
  SimRandom random_;
};

}  // namespace

RunResult run_simulation(const RunOptions& options) {
  Run run(options);
  RunResult result = run.go();
  env::trace_sink(nullptr);
  return result;
}

bool is_workload(const std::string& name) { return name == "bank" || name == "append" || name == "unique" || name == "schema"; }

}  // namespace graft::sim
