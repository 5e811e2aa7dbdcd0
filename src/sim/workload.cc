#include "sim/workload.h"

#include "sim/workloads/append.h"
#include "sim/workloads/bank.h"
#include "sim/workloads/schema.h"
#include "sim/workloads/unique.h"

namespace graft::sim {
namespace {

using replication::CommitOutcome;
using replication::LaneWork;
using std::chrono::milliseconds;

// A statement on the lane; some ask to be run beside it first.
class StatementWork final : public LaneWork {
 public:
  StatementWork(WriteWork work, bool large) : work_(std::move(work)), large_(large) {}
  Result<Outcome> run(graph::GraphTransaction& transaction, bool with_budget) override {
    GRAFT_TRY(work_(transaction));
    GRAFT_TRY(transaction.check_constraints());
    return with_budget && large_ ? Outcome::kOverBudget : Outcome::kDone;
  }

 private:
  const WriteWork work_;
  const bool large_;
};

}  // namespace

Workload::Workload(SimCluster& cluster, uint64_t seed, int clients)
    : cluster_(cluster), random_(seed, 7), targets_(static_cast<size_t>(clients), 0) {}

void Workload::start() {
  running_ = true;
  for (int i = 0; i < static_cast<int>(targets_.size()); i++) loop(i);
}

void Workload::loop(int client) {
  cluster_.scheduler().after(milliseconds(random_.between(1, 40)), [this, client] {
    if (!running_) return;
    active_++;
    operate(client, [this, client] {
      active_--;
      loop(client);
    });
  });
}

int Workload::any_server() { return static_cast<int>(random_.below(static_cast<uint64_t>(cluster_.size()))); }

int Workload::target(int client) {
  int& target = targets_[static_cast<size_t>(client)];
  if (random_.below(50) == 0) target = any_server();  // also those that do not lead are asked
  return target;
}

Outcome Workload::outcome_of(int client, int server, const Error& error) {
  report().count("answer: " + std::string(neo4j_status(error.code)) + (error.code == ErrorCode::kLeadershipLost ? " (lost)" : ""));
  if (error.code == ErrorCode::kUnknownOutcome) {
    targets_[static_cast<size_t>(client)] = any_server();
    return Outcome::kUnknown;
  }
  if (error.code == ErrorCode::kConflict || error.code == ErrorCode::kConstraintViolation ||
      error.code == ErrorCode::kConstraintCreationFailed) {
    return Outcome::kFailed;
  }
  int& target = targets_[static_cast<size_t>(client)];
  target = any_server();
  if (cluster_.machine(server).up()) {
    const raft::MemberId hint = cluster_.machine(server).replica->leader_hint();
    for (int i = 0; i < cluster_.size(); i++) {
      if (cluster_.machine(i).id == hint && i != server) target = i;
    }
  }
  return Outcome::kFailed;
}

void Workload::autocommit(int client, WriteWork work, WriteDone done) {
  const int server = target(client);
  auto statement = std::make_shared<StatementWork>(std::move(work), random_.below(20) == 0);
  cluster_.autocommit(server, std::move(statement), [this, client, server, done = std::move(done)](Result<CommitOutcome> result) {
    if (result.ok()) return done(Outcome::kCommitted, result->position.index);
    done(outcome_of(client, server, result.error()), 0);
  });
}

void Workload::explicit_transaction(int client, std::vector<WriteWork> steps, WriteDone done) {
  const int server = target(client);
  steps.push_back([](graph::GraphTransaction& transaction) { return transaction.check_constraints(); });
  cluster_.transact(server, std::move(steps), [this, client, server, done = std::move(done)](Result<TransactionResult> result) {
    if (result.ok()) return done(Outcome::kCommitted, result->committed_at.index);
    done(outcome_of(client, server, result.error()), 0);
  });
}

std::unique_ptr<Workload> make_workload(const std::string& name, SimCluster& cluster, uint64_t seed) {
  if (name == "bank") return std::make_unique<BankWorkload>(cluster, seed);
  if (name == "append") return std::make_unique<AppendWorkload>(cluster, seed);
  if (name == "schema") return std::make_unique<SchemaWorkload>(cluster, seed);
  if (name == "unique") return std::make_unique<UniqueWorkload>(cluster, seed);
  return nullptr;
}

}  // namespace graft::sim
