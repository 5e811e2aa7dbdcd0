// BEGIN, RUN inside a transaction, COMMIT, ROLLBACK.

#include "server/bolt/replies.h"
#include "server/session/session_plan.h"

namespace graft::server {
namespace {

Error leadership_lost() {
  return {ErrorCode::kLeadershipLost, "The leader has changed since the transaction began, and it was rolled back. Try again."};
}

Error batches_in_transaction() {
  return {ErrorCode::kTransactionStartFailed, "A query with 'CALL { ... } IN TRANSACTIONS' can only be executed in an implicit transaction, but tried to "
                                              "execute in an explicit transaction."};
}

}  // namespace

void Session::handle_begin(BeginRequest& request) {
  if (Status status = check_database(request.extra.database); !status.ok()) return fail(status.error());
  if (Status status = check_impersonation(request.extra); !status.ok()) return fail(status.error());
  if (request.extra.mode == AccessMode::kRead) return begin_read(std::move(request.extra), false);
  auto extra = std::make_shared<TransactionExtra>(std::move(request.extra));
  when_leader_known([this, extra] { begin_write(std::move(*extra)); });
}

// On the leader a transaction that may write; elsewhere a linearizable read, whose writes will fail with NotALeader.
void Session::begin_write(TransactionExtra extra) {
  wait_for(Wait::kVersion);
  auto begun_by_replica = [this, extra](Result<std::unique_ptr<replication::ExplicitTransaction>> result) {
    if (!result.ok() && result.error().code == ErrorCode::kNotLeader) return begin_read(extra, true);
    if (!result.ok()) return fail(result.error());
    auto transaction = std::make_shared<Transaction>();
    transaction->mode = AccessMode::kWrite;
    transaction->graph->writer = std::move(result).value();
    transaction->position = transaction->graph->writer->read_position();
    begun(std::move(transaction), extra);
  };
  services_.replica.begin(extra.bookmarks, on_io<std::unique_ptr<replication::ExplicitTransaction>>(std::move(begun_by_replica)));
}

void Session::begin_read(TransactionExtra extra, bool linearizable) {
  wait_for(Wait::kVersion);
  replication::ReadRequest request;
  request.bookmarks = extra.bookmarks;
  request.linearizable = linearizable;
  if (extra.timeout > env::Duration(0)) request.timeout = std::min(request.timeout, extra.timeout);
  services_.replica.read(std::move(request), on_io<replication::ReadVersion>([this, extra](Result<replication::ReadVersion> version) {
    if (!version.ok()) return fail(version.error());
    auto transaction = std::make_shared<Transaction>();
    transaction->mode = extra.mode;
    transaction->graph->reader = std::make_shared<graph::GraphView>(version->version);
    transaction->position = version->position;
    begun(std::move(transaction), extra);
  }));
}

void Session::begun(std::shared_ptr<Transaction> transaction, const TransactionExtra& extra) {
  transaction_ = std::move(transaction);
  transaction_->entry = enter_registry(extra);
  transaction_->memory = std::make_unique<cypher::MemoryShare>(services_.limits.memory_pool);
  env::Duration timeout{0};
  set_timeout(extra, &timeout, &transaction_->timeout_code);
  if (timeout > env::Duration(0)) {
    transaction_->deadline = services_.clock.monotonic() + timeout;
    // The transaction owns its timer's meaning: a late timer finds it gone.
    transaction_->timer = services_.io.post_after(timeout, [self = weak_from_this(), mine = std::weak_ptr<Transaction>(transaction_)] {
      const std::shared_ptr<Session> session = self.lock();
      const std::shared_ptr<Transaction> expired = mine.lock();
      if (session == nullptr || expired == nullptr || session->transaction_ != expired) return;
      session->expire_transaction({expired->timeout_code, "The transaction has been open for longer than its timeout and was rolled back."});
    });
  }
  state_ = State::kTransaction;
  graph::Map metadata;
  if (version_.has_home_database()) metadata.emplace_back("db", graph::Value::string("default"));
  succeed(std::move(metadata));
}

// Why nothing more can be done in it, if so.
std::optional<Error> Session::transaction_over() const {
  if (transaction_->over) return transaction_->over;
  if (const auto& writer = transaction_->graph->writer; writer != nullptr && writer->outlived_term()) return leadership_lost();
  return std::nullopt;
}

// The client learns it with its next request, or now if it waits for rows; what is held is freed at once.
void Session::expire_transaction(Error why) {
  if (!transaction_->over) transaction_->over = std::move(why);
  switch (wait_) {
    case Wait::kWorker:
      if (running_ != nullptr) running_->cancel(transaction_->over->code);
      return;
    case Wait::kClient:
      resume(operation_);
      if (fetch_) fail(Error(*transaction_->over));
      return process();
    default:
      services_.worker.post([graph = std::exchange(transaction_->graph, nullptr), results = std::exchange(transaction_->results, {})]() mutable { results.clear(); });
  }
}

void Session::run_in_transaction(RunRequest& request) {
  statement_started_ = services_.clock.monotonic();
  if (auto over = transaction_over()) return fail(*over);
  auto statement = std::make_shared<Statement>(Statement{std::move(request.query), std::move(request.parameters)});
  if (transaction_->deadline > env::Duration(0)) {
    statement->timeout = std::max(env::Duration(std::chrono::milliseconds(1)), transaction_->deadline - services_.clock.monotonic());
    statement->timeout_code = transaction_->timeout_code;
  }
  transaction_->entry->query_begins(statement->text, services_.clock.wall(), statement_started_, statement->canceller);
  if (auto result = read_at_once(*statement)) return opened_in_transaction(std::move(result));
  running_ = statement->canceller;
  struct Started {
    std::shared_ptr<StatementResult> result;
    std::optional<IndexWait> wait;
  };
  auto started = std::make_shared<Started>();
  auto work = [this, started, setting = setting(), statement, transaction = transaction_]() -> Status {
    GRAFT_TRY_ASSIGN(const Prepared prepared, prepare(setting, *statement, transaction->view()));
    started->result = std::make_shared<StatementResult>(setting, prepared, statement->canceller);
    StatementResult& result = *started->result;
    if (prepared->mode() == cypher::QueryMode::kExplain) return {};
    if (prepared->is_cluster_procedure()) {
      auto call = setting.engine->server_call(*prepared, transaction->view(), execution_options(setting, *statement, transaction->view(), nullptr));
      if (auto* error = std::get_if<cypher::QueryError>(&call)) return to_error(*error);
      if (const auto& waiting = std::get<cypher::ServerCall>(call); waiting.waits_for_indexes()) {
        const replication::ReadVersion applied = services_.replica.applied();
        GRAFT_TRY_ASSIGN(started->wait, index_wait(waiting, graph::GraphView(applied.version).catalog()));
        return {};
      }
      if (std::get<cypher::ServerCall>(call).batched == nullptr)
        return Error{ErrorCode::kProcedureCallFailed, "This procedure cannot be called inside an explicit transaction: call it on its own."};
    }
    if (prepared->type() == cypher::QueryType::kRead) {
      return result.read_first(*statement, std::shared_ptr<const graph::GraphView>(transaction->graph, &transaction->view()));
    }
    if (prepared->commits_in_batches()) return batches_in_transaction();
    if (transaction->mode == AccessMode::kRead) return write_in_read_mode();
    if (transaction->graph->writer == nullptr) return not_leader_error();
    // What is still being read must not see what is written now.
    for (auto& [qid, open] : transaction->results) GRAFT_TRY(open->produce_all(statement->canceller.get()));
    return result.run_write(*statement, transaction->graph->writer->graph(), transaction->memory.get());
  };
  on_worker(std::move(work), [this, started](const Status& status) {
    running_ = nullptr;
    std::shared_ptr<StatementResult> result = std::move(started->result);
    auto over = transaction_over();
    if (over || !status.ok()) {
      transaction_->results[transaction_->next_result++] = std::move(result);  // ends with what it reads
      return fail(over ? *over : status.error());
    }
    if (started->wait) return await_in_transaction(std::move(*started->wait), std::move(result));
    opened_in_transaction(std::move(result));
  });
}

void Session::opened_in_transaction(std::shared_ptr<StatementResult> result) {
  const int64_t qid = transaction_->next_result++;
  transaction_->results[qid] = result;
  run_succeeded(result, qid);
}

// Null: it is for a worker. See plan_at_once.
std::shared_ptr<StatementResult> Session::read_at_once(const Statement& statement) {
  const graph::GraphView& view = transaction_->view();
  Prepared prepared = services_.engine.find_prepared(statement.text, view);
  if (prepared == nullptr || prepared->type() != cypher::QueryType::kRead || !runs_anywhere(*prepared)) return nullptr;
  auto result = std::make_shared<StatementResult>(setting(), std::move(prepared), statement.canceller);
  return result->read_at_once(statement, std::shared_ptr<const graph::GraphView>(std::shared_ptr<void>(), &view)) ? result : nullptr;
}

// Waits for what is committed: of the transaction's own indexes nothing is known before its commit.
void Session::await_in_transaction(IndexWait wait, std::shared_ptr<StatementResult> result) {
  wait_for(Wait::kVersion);
  services_.replica.await_schema(std::move(wait.tasks), wait.timeout, on_io<void>([this, result = std::move(result)](Status status) {
    if (auto over = transaction_over()) return fail(*over);
    if (!status.ok()) return fail(status.error());
    opened_in_transaction(result);
  }));
}

void Session::handle_commit() {
  if (auto over = transaction_over()) return fail(*over);
  const std::shared_ptr<Transaction> transaction = std::exchange(transaction_, nullptr);
  if (transaction->timer != 0) services_.io.cancel(transaction->timer);
  auto finish = [this](const replication::Position& position) {
    graph::Map metadata;
    metadata.emplace_back("bookmark", graph::Value::string(position.bookmark()));
    state_ = State::kReady;
    succeed(std::move(metadata));
  };
  if (transaction->graph->writer == nullptr) return finish(transaction->position);
  // The checks read the graph; ending the results frees what they hold.
  auto check = [transaction] {
    transaction->results.clear();
    return transaction->graph->writer->graph().check_constraints();
  };
  on_worker(std::move(check), [this, transaction, finish](Status status) {
    if (!status.ok()) return fail(status.error());
    wait_for(Wait::kCommit);
    services_.replica.commit(std::move(transaction->graph->writer),
                             on_io<replication::CommitOutcome>([this, finish](Result<replication::CommitOutcome> outcome) {
                               if (!outcome.ok()) return fail(outcome.error());
                               finish(outcome->position);
                             }));
  });
}

void Session::handle_rollback() {
  drop_transaction();
  state_ = State::kReady;
  succeed();
}

// What the transaction made is freed on a worker: on the one that still works for it, if the connection ended meanwhile.
void Session::drop_transaction() {
  if (transaction_ == nullptr) return;
  if (transaction_->timer != 0) services_.io.cancel(transaction_->timer);
  fetch_.reset();
  services_.worker.post([transaction = std::exchange(transaction_, nullptr)]() mutable { transaction.reset(); });
}

}  // namespace graft::server
