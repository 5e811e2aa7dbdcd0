#pragma once

// A graph and a query engine in one process, without replication or Bolt: for tests of Cypher.

#include <algorithm>
#include <functional>
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
 private:
  struct Transaction : BatchTransaction {
    storage::VersionNo base = 0;
    std::shared_ptr<graph::Footprint> footprint;
    std::unique_ptr<graph::GraphTransaction> work;
    std::string called;
    graph::GraphTransaction& graph() override { return *work; }
    std::string name() const override { return called; }
  };

 public:
  // A client's statements, one after another. Several sessions see one another's commits; an explicit transaction whose
  // reads another has changed since fails at its commit with kConflict, as in the server.
  class Session {
   public:
    explicit Session(InProcessDatabase& database) : database_(database) {}
    // Every statement until commit or rollback works in one transaction.
    void begin() { open_ = database_.make_transaction(true); }
    Status commit() {
      std::unique_ptr<Transaction> tx = std::move(open_);
      return database_.finish(*tx);
    }
    void rollback() { open_.reset(); }
    bool open() const { return open_ != nullptr; }

    // A statement of its own, or one of the open transaction.
    Result<QueryAnswer> run(std::string_view text, const Parameters& parameters = {}) {
      std::unique_ptr<Transaction> own;
      if (open_ == nullptr) own = database_.make_transaction(false);
      Transaction& tx = open_ != nullptr ? *open_ : *own;
      Result<QueryAnswer> answer = database_.run_in(tx, text, parameters, own != nullptr);
      if (!answer.ok()) {
        open_.reset();
        return answer;
      }
      if (own != nullptr) GRAFT_TRY(database_.finish(tx));
      return answer;
    }

   private:
    friend class InProcessDatabase;
    InProcessDatabase& database_;
    std::unique_ptr<Transaction> open_;
  };

  explicit InProcessDatabase(PlannerOptions options = {})
      : store_(storage::Store::open(files_, "db", {.map_reserve_bytes = uint64_t{1} << 30}).value()),
        ids_(graph::GraphView(store_->applied())), procedures_(make_procedure_registry()), engine_(QueryEngine::create(procedures_, options)) {}

  const std::shared_ptr<ProcedureRegistry>& procedures() { return procedures_; }
  QueryEngine& engine() { return *engine_; }
  storage::Store& store() { return *store_; }
  graph::GraphView view() { return graph::GraphView(store_->applied()); }
  // What every statement gets beside its parameters.
  ExecutionOptions& options() { return options_; }
  // For every statement from now on.
  void set_limits(env::Duration timeout, uint64_t memory_bytes) { options_.timeout = timeout, options_.memory_budget_bytes = memory_bytes; }

  // Called with each committed change set, in the order of the versions: what replication would tell the followers.
  void set_follower(std::function<void(const graph::ChangeSetBytes&)> follower) { follower_ = std::move(follower); }

  // A session of the database's own.
  void begin() { own_.begin(); }
  Status commit() { return own_.commit(); }
  void rollback() { own_.rollback(); }
  Result<QueryAnswer> run(std::string_view text, const Parameters& parameters = {}) { return own_.run(text, parameters); }

  // As literals are written in Cypher.
  graph::Value value(std::string_view literal) { return run("RETURN " + std::string(literal) + " AS v").value().rows.at(0).at(0); }

 private:
  struct Batches : BatchTransactions {
    explicit Batches(InProcessDatabase& owner) : database(owner) {}
    Result<std::unique_ptr<BatchTransaction>> begin() override { return std::unique_ptr<BatchTransaction>(database.make_transaction(true)); }
    InProcessDatabase& database;
  };

  std::unique_ptr<Transaction> make_transaction(bool with_footprint) {
    auto tx = std::make_unique<Transaction>();
    tx->base = store_->head().number();
    if (with_footprint) tx->footprint = std::make_shared<graph::Footprint>();
    tx->work = std::make_unique<graph::GraphTransaction>(store_->fork(store_->head()), ids_, tx->footprint);
    tx->called = "neo4j-transaction-" + std::to_string(++transactions_);
    return tx;
  }

  Status finish(Transaction& tx) {
    GRAFT_TRY(tx.work->check_constraints());
    if (!tx.work->has_changes()) return {};
    std::vector<graph::SchemaTask> unfinished = tx.work->counters().unfinished;
    graph::ChangeSetBytes changes = tx.work->take_change_set();
    if (store_->head().number() == tx.base) {
      append(*tx.work, changes);
      return finish_schema(unfinished);
    }
    for (const auto& [version, terms] : written_) {
      if (version > tx.base && tx.footprint != nullptr && graph::conflicts(*tx.footprint, terms)) {
        return Error{ErrorCode::kConflict, "what the transaction read was changed by another one"};
      }
    }
    std::unique_ptr<Transaction> again = make_transaction(false);
    GRAFT_TRY(again->work->replay(changes, true));
    append(*again->work, again->work->take_change_set());
    return finish_schema(unfinished);
  }

  void append(graph::GraphTransaction& work, const graph::ChangeSetBytes& changes) {
    graph::WriteTerms terms = work.take_write_terms();
    store_->append_head(work.release_fork());
    store_->advance_applied();
    written_.emplace_back(store_->head().number(), std::move(terms));
    if (follower_ != nullptr) follower_(changes);
  }

  // What the leader's background does in a server.
  Status finish_schema(const std::vector<graph::SchemaTask>& waited_for) {
    Status status;
    for (auto tasks = graph::schema_tasks(view().catalog()); !tasks.empty(); tasks = graph::schema_tasks(view().catalog())) {
      std::unique_ptr<Transaction> step = make_transaction(false);
      graph::GraphTransaction& work = *step->work;
      std::string failure;
      if (tasks[0].kind == graph::SchemaTask::Kind::kBuildIndex) {
        GRAFT_TRY(work.index_build_slice(tasks[0].index, 500, &failure));
      } else {
        Result<uint64_t> checked = work.check_existing(tasks[0], 0, graph::kNoId);
        if (!checked.ok()) failure = checked.error().message;
        GRAFT_TRY(checked.ok() ? work.finish_check(tasks[0]) : work.drop_checked(tasks[0]));
      }
      append(work, work.take_change_set());
      bool waits = std::find(waited_for.begin(), waited_for.end(), tasks[0]) != waited_for.end();
      if (!failure.empty() && waits && status.ok()) status = Error{ErrorCode::kConstraintCreationFailed, failure};
    }
    return status;
  }

  Result<QueryAnswer> run_in(Transaction& tx, std::string_view text, const Parameters& parameters, bool alone) {
    graph::GraphTransaction& work = *tx.work;
    auto prepared = engine_->prepare(text, parameters, work.view());
    if (auto* error = std::get_if<QueryError>(&prepared)) return Error{error->code, error->message};
    const auto& query = std::get<std::shared_ptr<const PreparedQuery>>(prepared);
    ExecutionOptions options = options_;
    options.parameters = parameters;
    options.clock = &clock_;
    options.random = &random_;
    bool reads = query->type() == QueryType::kRead;  // as in the server: a read goes straight to the pages
    Batches batches(*this);
    bool in_batches = alone && query->commits_in_batches() && !reads;
    if (in_batches) options.batches = &batches;
    graph::GraphTransaction* writer = reads || query->commits_in_batches() ? nullptr : &work;
    options.procedure_context.view = &work.view();
    options.procedure_context.transaction = writer;
    QueryAnswer answer;
    answer.columns = query->columns();
    std::unique_ptr<Execution> execution = engine_->start(query, work.view(), writer, options);
    GRAFT_TRY(drain(*execution, &answer));
    if (!in_batches) answer.counters = work.counters();
    return answer;
  }

  Status drain(Execution& execution, QueryAnswer* answer) {
    for (bool done = false; !done;) {
      GRAFT_TRY_ASSIGN(RowBatch batch, execution.next(1000, &done));
      if (std::unique_ptr<BatchTransaction> ended = execution.batch_to_commit()) {
        add_counters(ended->graph().counters(), &answer->counters);
        Status status = finish(static_cast<Transaction&>(*ended));
        execution.batch_committed(status.ok() ? BatchOutcome(std::make_shared<const graph::GraphView>(store_->applied())) : BatchOutcome(status.error()));
        continue;
      }
      for (size_t r = 0; batch.columns > 0 && r < batch.rows(); ++r) {
        auto begin = batch.values.begin() + static_cast<ptrdiff_t>(r * batch.columns);
        answer->rows.emplace_back(begin, begin + static_cast<ptrdiff_t>(batch.columns));
      }
    }
    return {};
  }

  static void add_counters(const graph::WriteCounters& more, graph::WriteCounters* sum) {
    sum->nodes_created += more.nodes_created;
    sum->nodes_deleted += more.nodes_deleted;
    sum->relationships_created += more.relationships_created;
    sum->relationships_deleted += more.relationships_deleted;
    sum->properties_set += more.properties_set;
    sum->labels_added += more.labels_added;
    sum->labels_removed += more.labels_removed;
  }

  storage::MemoryFileSystem files_;
  env::PosixClock clock_;
  env::KernelRandom random_;
  std::unique_ptr<storage::Store> store_;
  graph::IdAllocator ids_;
  std::shared_ptr<ProcedureRegistry> procedures_;
  std::unique_ptr<QueryEngine> engine_;
  ExecutionOptions options_{.procedure_context = {nullptr, nullptr, "admin", true}};
  uint64_t transactions_ = 0;
  std::function<void(const graph::ChangeSetBytes&)> follower_;
  std::vector<std::pair<storage::VersionNo, graph::WriteTerms>> written_;
  Session own_{*this};
};

}  // namespace graft::cypher
