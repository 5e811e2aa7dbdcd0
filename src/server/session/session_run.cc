// RUN outside a transaction: plan on a worker, then read a version or write on the lane.

#include "server/session/session_plan.h"

#include <fmt/format.h>

#include "server/bolt/replies.h"

namespace graft::server {
namespace {

// Statements that wait for a worker; beyond, clients are told to come again later.
constexpr size_t kMostWaitingForWorkers = 4096;

// True when every bookmark is of this cluster and applied here already. Error: malformed, or of another cluster.
Result<bool> reached(const std::vector<std::string>& bookmarks, const replication::Position& applied) {
  bool all = true;
  for (const std::string& text : bookmarks) {
    GRAFT_TRY_ASSIGN(const replication::Position position, replication::parse_bookmark(text));
    if (position.cluster != applied.cluster || position.epoch != applied.epoch) {
      return Error{ErrorCode::kBookmark, fmt::format("The bookmark '{}' is of another cluster or of a time before this one was restored.", text)};
    }
    all = all && position.index <= applied.index;
  }
  return all;
}

// SHOW and TERMINATE, by their first word: a guess only about where to run it.
bool asks_server(std::string_view text) {
  size_t at = text.find_first_not_of(" \t\r\n");
  for (std::string_view word : {"SHOW", "TERMINATE"}) {
    if (at == std::string_view::npos || text.size() - at <= word.size()) continue;
    if (std::equal(word.begin(), word.end(), text.begin() + static_cast<ptrdiff_t>(at), [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? b - 32 : b); })) return true;
  }
  return false;
}

}  // namespace

void Session::handle_run(RunRequest& request) {
  statement_started_ = services_.clock.monotonic();
  if (Status status = check_database(request.extra.database); !status.ok()) return fail(status.error());
  if (Status status = check_impersonation(request.extra); !status.ok()) return fail(status.error());
  if (services_.worker.backlog() > kMostWaitingForWorkers) {
    return fail({ErrorCode::kOverloaded, "The server is overloaded: too many statements wait to be run. Try again."});
  }
  auto plan = std::make_shared<Plan>();
  plan->setting = setting();
  Statement& statement = plan->statement;
  statement.text = std::move(request.query);
  statement.parameters = std::move(request.parameters);
  set_timeout(request.extra, &statement.timeout, &statement.timeout_code);
  entry_ = enter_registry(request.extra);
  entry_->query_begins(statement.text, services_.clock.wall(), statement_started_, statement.canceller);
  plan->extra = std::move(request.extra);
  Status at_once;
  if (plan_at_once(*plan, &at_once)) return planned(std::move(plan), at_once);
  running_ = statement.canceller;
  env::TaskRunner& runner = services_.control != nullptr && asks_server(statement.text) ? *services_.control : services_.worker;
  on_runner(runner, [this, plan] { return plan_autocommit(*plan); }, [this, plan](const Status& status) { planned(plan, status); });
}

// What has a plan already and needs no worker: a read that has always been short is run here and now, as handing it to a
// worker and back costs more; a write goes on to the lane.
bool Session::plan_at_once(Plan& plan, Status* status) {
  const replication::ReadVersion applied = services_.replica.applied();
  if (!applied.version) return false;
  auto view = std::make_shared<graph::GraphView>(applied.version);
  Prepared prepared = services_.engine.find_prepared(plan.statement.text, *view);
  if (prepared == nullptr || !runs_anywhere(*prepared)) return false;
  const Result<bool> here = reached(plan.extra.bookmarks, applied.position);
  if (!here.ok()) {
    *status = here.error();
    return true;
  }
  plan.catalog_version = view->catalog().version();
  plan.prepared = prepared;
  plan.position = applied.position;
  if (prepared->type() != cypher::QueryType::kRead || !*here || plan.extra.mode != AccessMode::kRead) return true;
  plan.result = std::make_shared<StatementResult>(plan.setting, std::move(prepared), plan.statement.canceller);
  if (plan.result->read_at_once(plan.statement, std::move(view))) return true;
  plan.result = nullptr;
  return false;
}

// On a worker: touches nothing of the session's.
Status Session::plan_autocommit(Plan& plan) {
  const StatementSetting& setting = plan.setting;
  const Statement& statement = plan.statement;
  const replication::ReadVersion applied = services_.replica.applied();
  if (!applied.version) return unavailable_error();
  GRAFT_TRY_ASSIGN(const bool here, reached(plan.extra.bookmarks, applied.position));
  auto view = std::make_shared<graph::GraphView>(applied.version);
  plan.catalog_version = view->catalog().version();
  GRAFT_TRY_ASSIGN(plan.prepared, prepare(setting, statement, *view));
  plan.position = applied.position;
  const bool runs = plan.prepared->mode() != cypher::QueryMode::kExplain;
  if (runs && plan.prepared->is_cluster_procedure()) {
    auto call = setting.engine->server_call(*plan.prepared, *view, execution_options(setting, statement, *view, nullptr));
    if (auto* error = std::get_if<cypher::QueryError>(&call)) return to_error(*error);
    plan.call = std::get<cypher::ServerCall>(std::move(call));
    return {};
  }
  if (runs && plan.prepared->type() != cypher::QueryType::kRead) return {};
  const bool at_once = plan.prepared->asks_server();  // an administrator may want to know why nothing goes on
  if (runs && !at_once && (!here || plan.extra.mode == AccessMode::kWrite)) return {};
  plan.result = std::make_shared<StatementResult>(setting, plan.prepared, statement.canceller);
  if (!runs) return {};
  GRAFT_TRY(plan.result->read_first(statement, std::move(view)));
  return at_once ? plan.result->produce_all() : Status();
}

void Session::planned(std::shared_ptr<Plan> plan, const Status& status) {
  running_ = nullptr;
  std::shared_ptr<StatementResult> result = std::move(plan->result);
  if (!status.ok()) {
    discard(std::move(result));
    return fail(status.error());
  }
  if (result != nullptr) return open_autocommit(std::move(result), plan->position);
  if (plan->call) return run_server_procedure(std::move(plan));
  if (plan->prepared->type() == cypher::QueryType::kRead) return read_when_ready(std::move(plan));
  if (plan->extra.mode == AccessMode::kRead) return fail(write_in_read_mode());
  if (plan->prepared->commits_in_batches()) return run_batches(std::move(plan));
  write_when_leader(std::move(plan));
}

// ---- reads that wait for a bookmark or for ReadIndex ----

void Session::read_when_ready(std::shared_ptr<Plan> plan) {
  wait_for(Wait::kVersion);
  replication::ReadRequest request;
  request.bookmarks = plan->extra.bookmarks;
  request.linearizable = plan->extra.mode == AccessMode::kWrite;
  if (plan->extra.timeout > env::Duration(0)) request.timeout = std::min(request.timeout, plan->extra.timeout);
  services_.replica.read(std::move(request), on_io<replication::ReadVersion>([this, plan](Result<replication::ReadVersion> version) {
    if (!version.ok()) return fail(version.error());
    start_read_at(plan, std::move(version).value());
  }));
}

void Session::start_read_at(std::shared_ptr<Plan> plan, replication::ReadVersion version) {
  plan->position = version.position;
  if (auto view = std::make_shared<graph::GraphView>(version.version); view->catalog().version() == plan->catalog_version) {
    auto result = std::make_shared<StatementResult>(plan->setting, plan->prepared, plan->statement.canceller);
    if (result->read_at_once(plan->statement, std::move(view))) return open_autocommit(std::move(result), plan->position);
  }
  auto work = [plan, version = std::move(version)]() -> Status {
    auto view = std::make_shared<graph::GraphView>(version.version);
    if (view->catalog().version() != plan->catalog_version) {
      GRAFT_TRY_ASSIGN(plan->prepared, prepare(plan->setting, plan->statement, *view));
    }
    plan->result = std::make_shared<StatementResult>(plan->setting, plan->prepared, plan->statement.canceller);
    return plan->result->read_first(plan->statement, std::move(view));
  };
  running_ = plan->statement.canceller;
  on_worker(std::move(work), [this, plan](const Status& status) {
    running_ = nullptr;
    if (status.ok()) return open_autocommit(std::move(plan->result), plan->position);
    discard(std::move(plan->result));
    fail(status.error());
  });
}

// ---- writes ----

void Session::write_when_leader(std::shared_ptr<Plan> plan) {
  auto write = [this, plan] {
    auto work = std::make_shared<LaneStatement>(plan->setting, plan->statement, plan->prepared, plan->catalog_version);
    plan->lane = work;
    running_ = plan->statement.canceller;
    wait_for(Wait::kCommit);
    services_.replica.autocommit(work, on_io<replication::CommitOutcome>([this, plan](Result<replication::CommitOutcome> outcome) {
      written(plan, std::move(outcome));
    }));
  };
  when_leader_known(std::move(write));
}

// Now, or when a leader is known; fails after a second without one.
void Session::when_leader_known(std::function<void()> then) {
  if (services_.replica.leader_hint() != 0) return then();
  wait_for(Wait::kVersion);
  services_.replica.wait_for_leader(kLeaderWait, on_io<void>([this, then = std::move(then)](Status status) {
    if (!status.ok()) return fail(status.error());
    then();
  }));
}

void Session::written(std::shared_ptr<Plan> plan, Result<replication::CommitOutcome> outcome) {
  running_ = nullptr;
  if (!outcome.ok()) return fail(outcome.error());
  auto result = std::make_shared<StatementResult>(plan->setting, plan->lane->prepared(), plan->statement.canceller);
  result->adopt(plan->lane->take_rows(), plan->lane->take_profile(), outcome->counters);
  open_autocommit(std::move(result), outcome->position);
}

// ---- the answer to RUN ----

void Session::open_autocommit(std::shared_ptr<StatementResult> result, replication::Position position) {
  autocommit_ = std::move(result);
  position_ = std::move(position);
  state_ = State::kStreaming;
  run_succeeded(autocommit_, std::nullopt);
}

void Session::run_succeeded(const std::shared_ptr<StatementResult>& result, std::optional<int64_t> qid) {
  using graph::Value;
  graph::List fields;
  for (const std::string& column : result->prepared()->columns()) fields.push_back(Value::string(column));
  graph::Map metadata;
  metadata.emplace_back("fields", Value::list(std::move(fields)));
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(services_.clock.monotonic() - statement_started_);
  metadata.emplace_back("t_first", Value::integer(elapsed.count()));
  if (qid) metadata.emplace_back("qid", Value::integer(*qid));
  if (!qid && version_.has_home_database()) metadata.emplace_back("db", Value::string("default"));
  succeed(std::move(metadata));
}

}  // namespace graft::server
