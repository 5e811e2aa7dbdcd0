#include "cypher/query.h"

#include "cypher/executor/execution.h"
#include "cypher/parser/parser.h"
#include "cypher/plan_cache.h"
#include "cypher/planner/describe.h"
#include "cypher/planner/planner.h"
#include "cypher/procedures/registry.h"
#include "cypher/semantic/analyzer.h"
#include "cypher/semantic/notifications.h"

namespace graft::cypher {
namespace {

bool has_server_show(const PlanNode* node) {
  if (node == nullptr) return false;
  if (node->op == PlanOp::kShow) {
    const ShowKind kind = static_cast<const ShowCommand&>(*static_cast<const PlanShow*>(node)->command).show;
    return kind == ShowKind::kTransactions || kind == ShowKind::kTerminateTransactions || kind == ShowKind::kSettings || kind == ShowKind::kUsers;
  }
  return has_server_show(node->left) || has_server_show(node->right);
}

bool has_transaction_apply(const PlanNode* node) {
  if (node == nullptr) return false;
  return node->op == PlanOp::kTransactionApply || has_transaction_apply(node->left) || has_transaction_apply(node->right);
}

class Prepared final : public PreparedQuery {
 public:
  Prepared(PlannedStatement planned, std::vector<Notification> notifications, QueryMode mode, const PlanProcedureCall* server_side)
      : planned_(std::move(planned)), notifications_(std::move(notifications)), mode_(mode), server_side_(server_side),
        in_batches_(has_transaction_apply(planned_.plan->root)), asks_server_(has_server_show(planned_.plan->root)) {
    if (planned_.plan->root->op != PlanOp::kProduceResults) return;
    for (const auto& column : static_cast<const PlanResults*>(planned_.plan->root)->columns) columns_.push_back(column.first);
  }
  const std::vector<std::string>& columns() const override { return columns_; }
  QueryMode mode() const override { return mode_; }
  QueryType type() const override { return planned_.type; }
  bool is_cluster_procedure() const override { return server_side_ != nullptr; }
  bool expects_large_write() const override { return planned_.expects_large_write; }
  const std::vector<Notification>& notifications() const override { return notifications_; }
  PlanDescription plan() const override { return describe_plan(*planned_.plan); }

  bool commits_in_batches() const override { return in_batches_; }
  bool asks_server() const override { return asks_server_; }

  const std::shared_ptr<const Plan>& plan_tree() const { return planned_.plan; }
  const PlanProcedureCall* server_side() const { return server_side_; }
  const std::vector<CountUsed>& counts_used() const { return planned_.counts_used; }

 private:
  PlannedStatement planned_;
  std::vector<Notification> notifications_;
  QueryMode mode_;
  const PlanProcedureCall* server_side_;  // in planned_.plan; null: an ordinary statement
  bool in_batches_, asks_server_;
  std::vector<std::string> columns_;
};

using Parameters = std::vector<std::pair<std::string, graph::Value>>;

// The call of a procedure that the server runs, if there is one in the tree.
const PlanProcedureCall* find_server_side(const PlanNode* node) {
  if (node == nullptr) return nullptr;
  if (node->op == PlanOp::kProcedureCall) {
    const auto* call = static_cast<const PlanProcedureCall*>(node);
    if (call->procedure != nullptr && call->procedure->server_side) return call;
  }
  const PlanProcedureCall* left = find_server_side(node->left);
  return left != nullptr ? left : find_server_side(node->right);
}

class Engine final : public QueryEngine {
 public:
  Engine(std::shared_ptr<const ProcedureRegistry> procedures, PlannerOptions options) : procedures_(std::move(procedures)), options_(options) {}

  std::variant<std::shared_ptr<const PreparedQuery>, QueryError> prepare(std::string_view text, const Parameters&,
                                                                         const graph::GraphView& view) override {
    if (auto cached = find_prepared(text, view)) return cached;
    try {
      std::shared_ptr<const PreparedQuery> query = make(text, view);
      cache_.put(text, basis_of(view), query);
      return query;
    } catch (QueryError& error) {
      return with_picture(std::move(error), text);
    }
  }

  std::shared_ptr<const PreparedQuery> find_prepared(std::string_view text, const graph::GraphView& view) override {
    auto cached = cache_.find(text, basis_of(view));
    return cached != nullptr && still_hold(static_cast<const Prepared&>(*cached).counts_used(), view) ? cached : nullptr;
  }

  std::unique_ptr<Execution> start(std::shared_ptr<const PreparedQuery> query, const graph::GraphView& view,
                                   graph::GraphTransaction* transaction, ExecutionOptions options) override {
    const auto& prepared = static_cast<const Prepared&>(*query);
    options.procedures = procedures_.get();
    return start_execution(prepared.plan_tree(), prepared.mode(), view, transaction, std::move(options));
  }

  std::variant<ServerCall, QueryError> server_call(const PreparedQuery& query, const graph::GraphView& view,
                                                   const ExecutionOptions& options) override {
    const PlanProcedureCall& call = *static_cast<const Prepared&>(query).server_side();
    try {
      std::vector<graph::Value> arguments;
      for (const Expr* argument : call.arguments) arguments.push_back(evaluate_constant(*argument, options.parameters, &view, &options));
      ServerCall out{call.procedure->name, check_arguments(*call.procedure, std::move(arguments)), nullptr};
      if (call.procedure->batched) out.batched = call.procedure->batched(view.catalog(), out.arguments);
      return out;
    } catch (QueryError& error) {
      return std::move(error);
    }
  }

 private:
  PlanBasis basis_of(const graph::GraphView& view) const { return {view.catalog().version(), procedures_->version()}; }

  std::shared_ptr<const PreparedQuery> make(std::string_view text, const graph::GraphView& view) const {
    auto arena = std::make_shared<Arena>();
    Statement statement = parse(text, arena.get());
    Analysis analysis = analyze(&statement, arena.get(), *procedures_);
    bool standalone = analysis.standalone_call;
    std::vector<Notification> notifications = notifications_of(statement, analysis.slots, view.catalog(), text);
    PlannedStatement planned = plan_statement(statement, std::move(analysis), arena, *procedures_, view, options_);
    notifications.insert(notifications.end(), planned.notifications.begin(), planned.notifications.end());
    const PlanProcedureCall* server_side = find_server_side(planned.plan->root);
    if (server_side != nullptr && !standalone) {
      throw QueryError{ErrorCode::kSemantic, "The procedure " + server_side->procedure->name + " waits for the cluster and can only be called on its own: CALL " +
                                                 server_side->procedure->signature, {}};
    }
    return std::make_shared<Prepared>(std::move(planned), std::move(notifications), statement.mode, server_side);
  }

  std::shared_ptr<const ProcedureRegistry> procedures_;
  PlannerOptions options_;
  PlanCache cache_;
};

}  // namespace

std::unique_ptr<QueryEngine> QueryEngine::create(std::shared_ptr<const ProcedureRegistry> procedures, PlannerOptions options) {
  return std::make_unique<Engine>(std::move(procedures), options);
}

}  // namespace graft::cypher
