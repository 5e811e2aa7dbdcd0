#pragma once

// A graph and a query engine in one process, without replication or Bolt: for tests of Cypher.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cypher/procedures/registry.h"
#include "cypher/query.h"
#include "env/posix/clock.h"
#include "env/posix/random.h"
#include "graph/transaction.h"
#include "storage/memory_file_system.h"
#include "storage/store.h"

namespace graft::cypher {

using Parameters = std::vector<std::pair<std::string, graph::Value>>;

struct QueryAnswer {
  std::vector<std::string> columns;
  std::vector<std::vector<graph::Value>> rows;
  graph::WriteCounters counters;
};

class InProcessDatabase {
 public:
  explicit InProcessDatabase(PlannerOptions options = {})
      : store_(storage::Store::open(files_, "db", {.map_reserve_bytes = uint64_t{1} << 30}).value()),
        ids_(graph::GraphView(store_->applied())), procedures_(make_procedure_registry()), engine_(QueryEngine::create(procedures_, options)) {}

  const std::shared_ptr<ProcedureRegistry>& procedures() { return procedures_; }
  QueryEngine& engine() { return *engine_; }
  storage::Store& store() { return *store_; }
  graph::GraphView view() { return graph::GraphView(store_->applied()); }
  // For every statement from now on.
  void set_limits(env::Duration timeout, uint64_t memory_bytes) { timeout_ = timeout, memory_bytes_ = memory_bytes; }
  // Every statement until commit or rollback works in one transaction.
  void begin() { open_ = make_transaction(); }
  Status commit() {
    std::unique_ptr<graph::GraphTransaction> tx = std::move(open_);
    return finish(*tx);
  }
  void rollback() { open_.reset(); }

  // A statement of its own, or one of the open transaction.
  Result<QueryAnswer> run(std::string_view text, const Parameters& parameters = {}) {
    std::unique_ptr<graph::GraphTransaction> own;
    if (open_ == nullptr) own = make_transaction();
    graph::GraphTransaction& tx = open_ != nullptr ? *open_ : *own;
    Result<QueryAnswer> answer = run_in(tx, text, parameters);
    if (!answer.ok()) {
      open_.reset();
      return answer;
    }
    answer->counters = tx.counters();
    if (own != nullptr) GRAFT_TRY(finish(tx));
    return answer;
  }

  // As literals are written in Cypher.
  graph::Value value(std::string_view literal) { return run("RETURN " + std::string(literal) + " AS v").value().rows.at(0).at(0); }

 private:
  std::unique_ptr<graph::GraphTransaction> make_transaction() {
    return std::make_unique<graph::GraphTransaction>(store_->fork(store_->head()), ids_, nullptr);
  }

  Status finish(graph::GraphTransaction& tx) {
    GRAFT_TRY(tx.check_constraints());
    if (!tx.has_changes()) return {};
    std::vector<graph::SchemaTask> unfinished = tx.counters().unfinished;
    publish(tx);
    return finish_schema(unfinished);
  }

  void publish(graph::GraphTransaction& tx) {
    tx.take_change_set();
    store_->append_head(tx.release_fork());
    store_->advance_applied();
  }

  // What the leader's background does in a server.
  Status finish_schema(const std::vector<graph::SchemaTask>& waited_for) {
    Status status;
    for (auto tasks = graph::schema_tasks(view().catalog()); !tasks.empty(); tasks = graph::schema_tasks(view().catalog())) {
      auto tx = make_transaction();
      std::string failure;
      if (tasks[0].kind == graph::SchemaTask::Kind::kBuildIndex) {
        GRAFT_TRY(tx->index_build_slice(tasks[0].index, 500, &failure));
      } else {
        Result<uint64_t> checked = tx->check_existing(tasks[0], 0, graph::kNoId);
        if (!checked.ok()) failure = checked.error().message;
        GRAFT_TRY(checked.ok() ? tx->finish_check(tasks[0]) : tx->drop_checked(tasks[0]));
      }
      publish(*tx);
      bool waits = std::find(waited_for.begin(), waited_for.end(), tasks[0]) != waited_for.end();
      if (!failure.empty() && waits && status.ok()) status = Error{ErrorCode::kConstraintCreationFailed, failure};
    }
    return status;
  }

  Result<QueryAnswer> run_in(graph::GraphTransaction& tx, std::string_view text, const Parameters& parameters) {
    auto prepared = engine_->prepare(text, parameters, tx.view());
    if (auto* error = std::get_if<QueryError>(&prepared)) return Error{error->code, error->message};
    const auto& query = std::get<std::shared_ptr<const PreparedQuery>>(prepared);
    ExecutionOptions options;
    options.parameters = parameters;
    options.timeout = timeout_;
    options.memory_budget_bytes = memory_bytes_;
    options.clock = &clock_;
    options.random = &random_;
    options.procedure_context = {&tx.view(), &tx, "admin", true};
    QueryAnswer answer;
    answer.columns = query->columns();
    bool reads = query->type() == QueryType::kRead;  // as in the server: a read goes straight to the pages
    if (reads) options.procedure_context.transaction = nullptr;
    std::unique_ptr<Execution> execution = engine_->start(query, tx.view(), reads ? nullptr : &tx, options);
    for (bool done = false; !done;) {
      GRAFT_TRY_ASSIGN(RowBatch batch, execution->next(1000, &done));
      for (size_t r = 0; batch.columns > 0 && r < batch.rows(); ++r) {
        auto begin = batch.values.begin() + static_cast<ptrdiff_t>(r * batch.columns);
        answer.rows.emplace_back(begin, begin + static_cast<ptrdiff_t>(batch.columns));
      }
    }
    return answer;
  }

  env::Duration timeout_{0};
  uint64_t memory_bytes_ = uint64_t{1} << 30;
  storage::MemoryFileSystem files_;
  env::PosixClock clock_;
  env::KernelRandom random_;
  std::unique_ptr<storage::Store> store_;
  graph::IdAllocator ids_;
  std::shared_ptr<ProcedureRegistry> procedures_;
  std::unique_ptr<QueryEngine> engine_;
  std::unique_ptr<graph::GraphTransaction> open_;
};

}  // namespace graft::cypher
