// EXISTS { }, COUNT { }, COLLECT { }, pattern predicates and comprehensions: the planner's nested plan, run on the row.

#include "cypher/executor/evaluators.h"
#include "cypher/executor/executor.h"
#include "cypher/executor/operator.h"
#include "cypher/executor/walk_lists.h"
#include "cypher/planner/plan_slots.h"

namespace graft::cypher {

using graph::Value;

namespace {

class Subquery final : public Evaluator {
 public:
  Subquery(Compiler& compiler, const Expr& e) : executor_(*compiler.executor()), expression_(e), argument_(0) {
    for (Slot slot : e.arguments) {
      if (compiler.is_local(slot)) has_locals_ = true;
      locals_.push_back(compiler.is_local(slot));
    }
    if (has_locals_) argument_ = Batch(executor_.slot_count());
    once_ = e.arguments.empty() && repeats(*e.plan);
  }

  // One that reads nothing of the row has one answer in a version.
  Value eval(const Frame& frame) override {
    if (!once_ || frame.context.transaction() != nullptr) return run(frame);
    if (answered_for_ != &frame.context.view()) {
      answer_ = run(frame);
      answered_for_ = &frame.context.view();
    }
    return answer_;
  }

 private:
  Value run(const Frame& frame) {
    if (plan_ == nullptr) plan_ = make_operator(executor_, *expression_.plan);
    plan_->open(argument_of(frame));
    switch (expression_.kind) {
      case ExprKind::kExists: return Value::boolean(plan_->pull() != nullptr);
      case ExprKind::kCountSubquery: return count();
      case ExprKind::kPatternExpression:
        return expression_.wants_list ? collect() : Value::boolean(plan_->pull() != nullptr);
      case ExprKind::kShortestPath: return expression_.wants_list ? collect() : first();
      default: return collect();
    }
  }

  Argument argument_of(const Frame& frame) {
    if (!has_locals_) return {frame.batch, frame.row};
    argument_.clear(expression_.arguments);
    for (size_t i = 0; i < expression_.arguments.size(); ++i) {
      Slot slot = expression_.arguments[i];
      argument_.column(slot).set(0, locals_[i] ? frame.locals[slot] : frame.batch->column(slot).get(frame.row));
    }
    argument_.size = 1;
    return {&argument_, 0};
  }

  Value count() {
    int64_t n = 0;
    while (Batch* batch = plan_->pull()) {
      if (expression_.slot == kNoSlot) {
        n += batch->count();
        continue;
      }
      for (uint32_t row : batch->rows()) n += batch->column(expression_.slot).get(row).as_integer();  // a weight
    }
    return Value::integer(n);
  }
  Value first() {
    Batch* batch = plan_->pull();
    return batch == nullptr ? Value() : batch->column(expression_.slot).get(batch->rows()[0]);
  }
  Value collect() {
    graph::List out;
    MemoryAccount memory(executor_.context());
    while (Batch* batch = plan_->pull()) {
      const Column& column = batch->column(expression_.slot);
      for (uint32_t row : batch->rows()) {
        memory.charge(column.bytes_of(row));
        out.push_back(column.get(row));
      }
    }
    Value made = Value::list(std::move(out));
    executor_.context().note_long(made);
    return made;
  }

  Executor& executor_;
  const Expr& expression_;
  bool has_locals_ = false, once_ = false;
  const graph::GraphView* answered_for_ = nullptr;
  Value answer_;
  std::vector<bool> locals_;
  Batch argument_;
  std::unique_ptr<Operator> plan_;
};

// COUNT { (n)-[:T]->() }: the length of a list.
class Degree final : public Evaluator {
 public:
  Degree(Compiler& compiler, const WalkEdge& edge) : reader_(compiler.context(), edge), local_(compiler.is_local(edge.from)) {}

  Value eval(const Frame& frame) override {
    reader_.resolve();
    return count(frame, frame.row);
  }
  void eval_rows(const Frame& frame, std::span<const uint32_t> rows, Value* out) override {
    reader_.resolve();
    ids_.clear();
    for (uint32_t row : rows) ids_.push_back(node_of(frame, row));
    counts_.resize(rows.size());
    reader_.degrees(ids_, counts_);
    for (size_t i = 0; i < rows.size(); ++i) out[i] = Value::integer(static_cast<int64_t>(counts_[i]));
  }

 private:
  graph::NodeId node_of(const Frame& frame, uint32_t row) const {
    const Slot slot = reader_.edge.from;
    if (!local_) return frame.batch->column(slot).node(row);
    return frame.locals[slot].type() == graph::ValueType::kNode ? frame.locals[slot].as_node() : graph::kNoId;
  }
  Value count(const Frame& frame, uint32_t row) const { return Value::integer(static_cast<int64_t>(reader_.degree(node_of(frame, row)))); }

  ListReader reader_;
  bool local_;
  std::vector<graph::NodeId> ids_;
  std::vector<uint64_t> counts_;
};

// The edge, if the plan counts the relationships of one node of the row and nothing else.
const WalkEdge* plain_degree(const Expr& e) {
  if (e.kind != ExprKind::kCountSubquery || e.plan->op != PlanOp::kWalk || e.plan->left->op != PlanOp::kArgument) return nullptr;
  const auto& walk = static_cast<const PlanWalk&>(*e.plan);
  if (!walk.spine.empty() || walk.tails[0].size() != 1 || !walk.tails[0][0].children.empty()) return nullptr;
  const WalkStep& step = walk.tails[0][0].step;
  const bool plain = step.edges.size() == 1 && step.labels.empty() && step.predicates.empty() && step.differs.empty() && step.tests.empty();
  return plain && step.edges[0].unique_with.empty() && step.edges[0].unique_slots.empty() ? &step.edges[0] : nullptr;
}

}  // namespace

EvaluatorPtr make_subquery(Compiler& compiler, const Expr& e) {
  if (compiler.executor() == nullptr || e.plan == nullptr) {
    throw QueryError{ErrorCode::kSemantic, "A subquery or pattern cannot be used here", e.position};
  }
  if (const WalkEdge* edge = plain_degree(e)) return std::make_unique<Degree>(compiler, *edge);
  return std::make_unique<Subquery>(compiler, e);
}

}  // namespace graft::cypher
