// What clients call. Each call is entered in the machine's list, so that its death answers it.
#include "sim/cluster.h"

namespace graft::sim {
namespace {

using replication::CommitOutcome;
using replication::ExplicitTransaction;
using std::chrono::microseconds;

Duration client_delay(SimRandom& random) { return microseconds(random.between(20, 400)); }

}  // namespace

template <class T>
std::function<void(Result<T>)> SimCluster::answer_once(int i, std::function<void(Result<T>)> done) {
  const uint64_t call = next_call_++;
  const uint64_t life = machine(i).lives;
  auto shared = std::make_shared<std::function<void(Result<T>)>>(std::move(done));
  auto send = [this, shared](Result<T> result) {
    auto kept = std::make_shared<Result<T>>(std::move(result));
    scheduler_.after(client_delay(random_), [shared, kept] { (*shared)(std::move(*kept)); });
  };
  machine(i).calls[call] = [send] { send(Error{ErrorCode::kUnknownOutcome, "the server died"}); };
  return [this, i, call, life, send](Result<T> result) {
    Machine& m = machine(i);
    if (m.lives != life || m.process == nullptr || !m.process->alive()) return;
    if (m.calls.erase(call) == 0) {
      report_.violation(m.host + " answered one call twice");
      return;
    }
    send(std::move(result));
  };
}

void SimCluster::autocommit(int i, std::shared_ptr<replication::LaneWork> work, replication::CommitCallback done) {
  scheduler_.after(client_delay(random_), [this, i, work = std::move(work), done = std::move(done)]() mutable {
    if (!machine(i).up()) return done(down_error());
    machine(i).replica->autocommit(std::move(work), answer_once<CommitOutcome>(i, std::move(done)));
  });
}

namespace {

// One explicit transaction, held by the tasks of its server's worker role: it dies with them.
struct Running {
  std::unique_ptr<ExplicitTransaction> transaction;
  std::vector<TransactionStep> steps;
  size_t next = 0;
  replication::Position begun_at;
  std::function<void(Result<TransactionResult>)> answer;
  Machine* machine = nullptr;
  SimRandom* random = nullptr;
};

void go_on(std::shared_ptr<Running> r) {
  if (r->next < r->steps.size()) {
    if (r->transaction->outlived_term()) {
      r->transaction.reset();
      return r->answer(Error{ErrorCode::kLeadershipLost, "leadership changed during the transaction"});
    }
    const Status status = r->steps[r->next++](r->transaction->graph());
    if (!status.ok()) {
      r->transaction.reset();
      return r->answer(status.error());
    }
    if (r->transaction->graph().view().pin_cancelled()) {
      r->transaction.reset();
      return r->answer(Error{ErrorCode::kTransactionTerminated, "the transaction met damage"});
    }
    env::TaskRunner& worker = r->machine->process->worker;
    worker.post_after(microseconds(r->random->between(10, 3000)), [r] { go_on(r); });
    return;
  }
  r->machine->replica->commit(std::move(r->transaction), [answer = r->answer, begun_at = r->begun_at](Result<CommitOutcome> result) {
    if (!result.ok()) return answer(result.error());
    answer(TransactionResult{begun_at, result->position});
  });
}

}  // namespace

void SimCluster::transact(int i, std::vector<TransactionStep> steps, std::function<void(Result<TransactionResult>)> done) {
  scheduler_.after(client_delay(random_), [this, i, steps = std::move(steps), done = std::move(done)]() mutable {
    Machine& m = machine(i);
    if (!m.up()) return done(down_error());
    auto running = std::make_shared<Running>();
    running->steps = std::move(steps);
    running->answer = answer_once<TransactionResult>(i, std::move(done));
    running->machine = &m;
    running->random = &random_;
    m.replica->begin({}, [running, process = m.process.get()](Result<std::unique_ptr<ExplicitTransaction>> begun) {
      if (!begun.ok()) return running->answer(begun.error());
      running->transaction = std::move(begun).value();
      running->begun_at = running->transaction->read_position();
      process->worker.post([running] { go_on(running); });
    });
  });
}

void SimCluster::read(int i, replication::ReadRequest request, ReadWork work, std::function<void(Status)> done) {
  scheduler_.after(client_delay(random_), [this, i, request = std::move(request), work = std::move(work), done = std::move(done)]() mutable {
    Machine& m = machine(i);
    if (!m.up()) return done(down_error());
    auto answer = answer_once<void>(i, std::move(done));
    m.replica->read(std::move(request), [this, answer, work = std::move(work), process = m.process.get()](Result<replication::ReadVersion> result) {
      if (!result.ok()) return answer(result.error());
      process->worker.post([this, answer, work, version = std::move(result).value()] {
        const size_t known = report_.violations().size();
        work(version);
        if (version.version.cancelled()) {  // by damage: as a session does
          report_.forget_since(known);
          return answer(Error{ErrorCode::kTransactionTerminated, "the read met damage"});
        }
        answer(Status());
      });
    });
  });
}

void SimCluster::add_member(int leader, int i, bool learner, std::function<void(Status)> done) {
  if (!machine(leader).up()) return done(down_error());
  machine(leader).replica->add_member(member(i, learner), answer_once<void>(leader, std::move(done)));
}

void SimCluster::remove_member(int leader, raft::MemberId id, std::function<void(Status)> done) {
  if (!machine(leader).up()) return done(down_error());
  machine(leader).replica->remove_member(id, answer_once<void>(leader, std::move(done)));
}

void SimCluster::transfer(int i, raft::MemberId to, std::function<void(Status)> done) {
  if (!machine(i).up()) return done(down_error());
  machine(i).replica->transfer_leadership(to, answer_once<void>(i, std::move(done)));
}

}  // namespace graft::sim
