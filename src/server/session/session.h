#pragma once

// One Bolt connection: bytes in, bytes out, and what happens between, as an explicit state machine.
//
//   kHandshake -> kConnected -HELLO-> kAuthentication -LOGON-> kReady <--> kStreaming (an autocommit result)
//                                                                  \-BEGIN-> kTransaction (results open or not)
//   any -error-> kFailed -RESET-> kReady;  kClosed is the end. Before Bolt 5.1 HELLO does LOGON's work too.
//
// Messages are handled one at a time, in order. A message may have to wait: for a worker, for a version to read (a
// bookmark, ReadIndex, a leader), for the commit, or for the client to read. Whoever is waited for calls back on the io
// role; `wait_` says for what, `operation_` which: a callback of an operation that was given up finds another number and
// does nothing. A RESET is seen when it arrives: it stops what runs and makes what is queued before it be ignored.
//
// Everything here runs on the io role; nothing here blocks.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "env/clock.h"
#include "env/random.h"
#include "env/task_runner.h"
#include "env/transport.h"
#include "cypher/procedures/batched_change.h"
#include "replication/replica.h"
#include "server/auth/authenticator.h"
#include "server/bolt/framing.h"
#include "server/bolt/handshake.h"
#include "server/bolt/messages.h"
#include "server/session/result.h"
#include "server/session/transaction_registry.h"

namespace graft::server {

// What all sessions of a server share; what it refers to outlives them.
struct SessionServices {
  env::Clock& clock;
  env::Random& random;
  env::TaskRunner& io;
  env::TaskRunner& worker;
  replication::Replica& replica;
  cypher::QueryEngine& engine;
  Authenticator& authenticator;
  bool disable_auth = false;
  // A standalone server that listens on all addresses has no address of its own to tell: ROUTE answers with the
  // client's word for it.
  bool route_to_client_address = false;
  std::function<void(uint64_t session)> on_closed;
  StatementLimits limits;
  cypher::ServerInformation* information = nullptr;
  const cypher::ImportDirectory* imports = nullptr;
  // SHOW and TERMINATE run here, so that they come through when all workers are busy. Null: on a worker.
  env::TaskRunner* control = nullptr;
  std::shared_ptr<TransactionRegistry> transactions = std::make_shared<TransactionRegistry>();
};

class Session final : public env::ConnectionHandler, public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<SessionServices> services, std::shared_ptr<env::Connection> connection, uint64_t number);
  ~Session() override;

  void on_data(std::string_view bytes) override;
  void on_sent() override;
  void on_closed(const Error& reason) override;

  // Now and then: sends a keep-alive to a client that has waited long, closes a connection that does not log in.
  void sweep(env::Duration now);
  void close();

  enum class State : uint8_t { kHandshake, kConnected, kAuthentication, kReady, kStreaming, kTransaction, kFailed, kClosed };
  State state() const { return state_; }

 private:
  enum class Wait : uint8_t { kNothing, kVersion, kWorker, kCommit, kClient, kLogin };

  // What an explicit transaction works on. Its results hold it: a worker may run one when the session has let go already.
  struct TransactionGraph {
    std::unique_ptr<replication::ExplicitTransaction> writer;  // on the leader, access mode WRITE
    std::shared_ptr<const graph::GraphView> reader;            // else: a pinned version
    const graph::GraphView& view() const { return writer != nullptr ? writer->graph().view() : *reader; }
  };

  // An explicit transaction. While a worker runs for it, everything here but `over` is the worker's.
  struct Transaction {
    AccessMode mode = AccessMode::kWrite;
    std::shared_ptr<TransactionGraph> graph = std::make_shared<TransactionGraph>();
    replication::Position position;
    std::map<int64_t, std::shared_ptr<StatementResult>> results;
    std::unique_ptr<cypher::MemoryShare> memory;  // what the writer holds
    int64_t next_result = 0;
    std::shared_ptr<RunningTransaction> entry;
    env::Duration deadline{0};            // 0: none
    ErrorCode timeout_code = ErrorCode::kTimeout;
    env::TimerId timer = 0;
    std::optional<Error> over;            // why nothing more can be done in it
    const graph::GraphView& view() const { return graph->view(); }
  };

  // What a call of db.awaitIndex or db.awaitIndexes waits for.
  struct IndexWait {
    std::vector<graph::SchemaTask> tasks;
    env::Duration timeout{0};
  };

  // session.cc: connection, queue, state
  void feed_handshake(std::string_view bytes);
  void feed_messages(std::string_view bytes);
  bool account_incoming();
  void process();
  void handle(std::string message);
  void handle_decoded(Result<Request> request, bool logged_in);
  void dispatch(Request& request);
  bool allowed(const Request& request) const;
  void interrupt();
  void leave_to_worker(uint64_t operation);
  void handle_reset();
  void give_up_results();
  void discard(std::shared_ptr<StatementResult> result);
  void succeed(graph::Map metadata = {});
  void fail(const Error& error);
  void fail_and_close(const Error& error);
  void flush();
  void end(bool at_once);
  uint64_t wait_for(Wait wait);
  bool resume(uint64_t operation);  // false: that operation was given up
  // Runs `work` on a worker, then `then(result)` on the io role.
  template <class Work, class Then>
  void on_worker(Work work, Then then) { on_runner(services_.worker, std::move(work), std::move(then)); }
  template <class Work, class Then>
  void on_runner(env::TaskRunner& runner, Work work, Then then);
  // A callback for the replica: hands its argument over to the io role.
  template <class T, class Then>
  std::function<void(Result<T>)> on_io(Then then);

  // session_login.cc
  void handle_hello(HelloRequest& request);
  void handle_logon(const AuthToken& token);
  void handle_logoff();
  void logged_in(User user);
  graph::Map hello_metadata() const;

  // session_run.cc: autocommit statements
  void handle_run(RunRequest& request);
  struct Plan;  // what the first worker step comes to
  Status plan_autocommit(Plan& plan);
  bool plan_at_once(Plan& plan, Status* status);
  void planned(std::shared_ptr<Plan> plan, const Status& status);
  void read_when_ready(std::shared_ptr<Plan> plan);
  void start_read_at(std::shared_ptr<Plan> plan, replication::ReadVersion version);
  void write_when_leader(std::shared_ptr<Plan> plan);
  void when_leader_known(std::function<void()> then);
  void written(std::shared_ptr<Plan> plan, Result<replication::CommitOutcome> outcome);
  // session_batches.cc: CALL { } IN TRANSACTIONS
  void run_batches(std::shared_ptr<Plan> plan);
  void start_batches(std::shared_ptr<Plan> plan, replication::ReadVersion version);
  // Runs on, on a worker, committing what batches come up; then calls back here.
  void produce(std::shared_ptr<StatementResult> result, size_t rows, size_t bytes, std::function<void(Status)> then);
  void commit_batch(std::shared_ptr<StatementResult> result, std::unique_ptr<cypher::BatchTransaction> batch, std::function<void()> then);

  void open_autocommit(std::shared_ptr<StatementResult> result, replication::Position position);
  // session_registry.cc: what SHOW and TERMINATE TRANSACTIONS see
  std::shared_ptr<RunningTransaction> enter_registry(const TransactionExtra& extra);
  void terminated(const std::shared_ptr<RunningTransaction>& entry);
  void end_idle_work(env::Duration now);
  // The client's own limit or the server's, whichever is shorter.
  void set_timeout(const TransactionExtra& extra, env::Duration* timeout, ErrorCode* code) const;

  void run_succeeded(const std::shared_ptr<StatementResult>& result, std::optional<int64_t> qid);

  // session_fetch.cc: PULL and DISCARD
  void handle_fetch(const FetchRequest& request);
  void fetch_more();
  void finish_fetch();
  void end_result();
  graph::Map summary(StatementResult& result) const;

  // session_transaction.cc
  void handle_begin(BeginRequest& request);
  void begin_write(TransactionExtra extra);
  void begin_read(TransactionExtra extra, bool linearizable);
  void begun(std::shared_ptr<Transaction> transaction, const TransactionExtra& extra);
  void run_in_transaction(RunRequest& request);
  void opened_in_transaction(std::shared_ptr<StatementResult> result);
  std::shared_ptr<StatementResult> read_at_once(const Statement& statement);
  void await_in_transaction(IndexWait wait, std::shared_ptr<StatementResult> result);
  void handle_commit();
  void handle_rollback();
  void drop_transaction();
  void expire_transaction(Error why);
  std::optional<Error> transaction_over() const;

  // session_route.cc
  void handle_route(RouteRequest& request);
  void route_now(const RouteRequest& request);
  Error not_leader_error() const;
  Error unavailable_error() const;

  // session_procedure.cc
  void run_server_procedure(std::shared_ptr<Plan> plan);
  static Result<IndexWait> index_wait(const cypher::ServerCall& call, const graph::Catalog& catalog);
  void change_password(std::shared_ptr<Plan> plan);

  // session_batched.cc
  void run_batched(std::shared_ptr<Plan> plan, const cypher::BatchPosition& from);

  StatementSetting setting() const;
  static Status check_database(std::string_view name);
  Status check_impersonation(const TransactionExtra& extra) const;

  const std::shared_ptr<SessionServices> services_owner_;
  SessionServices& services_;
  const std::shared_ptr<env::Connection> connection_;
  const uint64_t number_;
  env::Duration nobody_since_;  // not logged in since

  State state_ = State::kHandshake;
  Wait wait_ = Wait::kNothing;
  uint64_t operation_ = 0;
  bool processing_ = false;

  Handshake handshake_;
  std::string handshake_bytes_;
  BoltVersion version_;
  MessageReader reader_;
  std::deque<std::string> queue_;     // whole messages, not handled yet
  size_t queued_bytes_ = 0;
  cypher::MemoryShare incoming_;      // long messages count in the memory that all statements share
  size_t pending_resets_ = 0;
  bool reading_paused_ = false;
  std::string out_;                   // answers, sent by flush()
  env::Duration last_sent_{0};

  ValueFormat format_;
  std::string routing_address_;
  User user_;

  std::shared_ptr<Canceller> running_;           // what a worker or the lane runs for this session now
  std::shared_ptr<StatementResult> autocommit_;  // in kStreaming
  replication::Position position_;               // of autocommit_: its bookmark
  std::shared_ptr<Transaction> transaction_;     // in kTransaction; a worker may hold it a little longer
  std::shared_ptr<RunningTransaction> entry_;    // of an autocommit statement
  std::optional<Error> streaming_over_;          // why autocommit_ is gone before its end
  env::Duration statement_started_{0};
  env::Duration last_request_{0};

  struct Fetch {
    FetchRequest request;
    int64_t left = 0;  // rows still wanted; -1 all
    int64_t qid = -1;
    std::shared_ptr<StatementResult> result;
  };
  std::optional<Fetch> fetch_;
};

template <class Work, class Then>
void Session::on_runner(env::TaskRunner& runner, Work work, Then then) {
  const uint64_t operation = wait_for(Wait::kWorker);
  runner.post([self = shared_from_this(), operation, work = std::move(work), then = std::move(then)]() mutable {
    auto result = work();
    self->services_.io.post([self, operation, result = std::move(result), then = std::move(then)]() mutable {
      if (!self->resume(operation)) return;
      then(std::move(result));
      self->process();
    });
  });
}

template <class T, class Then>
std::function<void(Result<T>)> Session::on_io(Then then) {
  // std::function wants copies; what is carried may only be moved.
  auto shared_then = std::make_shared<Then>(std::move(then));
  return [self = shared_from_this(), operation = operation_, shared_then](Result<T> result) mutable {
    self->services_.io.post([self, operation, shared_then, result = std::move(result)]() mutable {
      if (!self->resume(operation)) return;
      (*shared_then)(std::move(result));
      self->process();
    });
  };
}

}  // namespace graft::server
