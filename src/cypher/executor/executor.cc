#include "cypher/executor/executor.h"

#include "cypher/executor/execution.h"
#include "cypher/planner/describe.h"
#include "env/fiber.h"

namespace graft::cypher {

using graph::Value;

Executor::Executor(std::shared_ptr<const Plan> plan, QueryMode mode, const graph::GraphView* view,
                   graph::GraphTransaction* transaction, ExecutionOptions options)
    : plan_(std::move(plan)),
      profiling_(mode == QueryMode::kProfile),
      context_(view, transaction, std::move(options)),
      locals_(plan_->slots.size()),
      batches_(context_, *plan_->root),
      argument_(plan_->slots.size()) {
  if (profiling_) counters_.resize(static_cast<size_t>(plan_->node_count));
  argument_.size = 1;
}

Operator& Executor::root() {
  if (root_ == nullptr) {
    root_ = make_operator(*this, *plan_->root);
    root_->open({&argument_, 0});
  }
  return *root_;
}

namespace {

class PlanExecution final : public Execution {
 public:
  PlanExecution(std::shared_ptr<const Plan> plan, QueryMode mode, const graph::GraphView& view,
                graph::GraphTransaction* transaction, ExecutionOptions options)
      : explain_(mode == QueryMode::kExplain), executor_(std::move(plan), mode, &view, transaction, std::move(options)) {
    if (executor_.plan().root->op == PlanOp::kProduceResults) {
      columns_ = &static_cast<const PlanResults*>(executor_.plan().root)->columns;
    }
  }

  Result<RowBatch> next(size_t max_rows, bool* done) override {
    executor_.context().enter_thread();
    Result<RowBatch> batch = run(max_rows, done);
    executor_.context().leave_thread();
    return batch;
  }

  void cancel(ErrorCode why) override { executor_.context().request_cancel(why); }

  const graph::GraphView* view() const override { return const_cast<Executor&>(executor_).context().ground().view; }
  std::unique_ptr<BatchTransaction> batch_to_commit() override { return executor_.batches().take(); }
  void batch_committed(BatchOutcome outcome) override { executor_.batches().committed(std::move(outcome)); }

  PlanDescription profile() const override {
    auto& executor = const_cast<Executor&>(executor_);  // counters are only read
    return describe_plan(executor.plan(), [&](const PlanNode& node, PlanDescription* description) {
      if (!executor.profiling()) return;
      const OperatorCounters& counters = executor.counters(node);
      description->arguments.emplace_back("Rows", Value::integer(static_cast<int64_t>(counters.rows)));
      description->arguments.emplace_back("DbHits", Value::integer(static_cast<int64_t>(counters.hits)));
      description->arguments.emplace_back("Time", Value::integer(counters.time.count()));
    });
  }

 private:
  Result<RowBatch> run(size_t max_rows, bool* done) {
    if (executor_.context().options().batches == nullptr || explain_) return guarded_rows(max_rows, done);
    // On a stack of its own, so that it can stop in the middle of a plan to have a batch committed.
    wanted_ = max_rows;
    if (fiber_ == nullptr) {
      executor_.batches().on_commit([this] { fiber_->suspend(); });
      fiber_ = std::make_unique<env::Fiber>([this](env::Fiber& fiber) { run_on_fiber(fiber); });
    }
    fiber_->resume();
    *done = false;
    if (executor_.batches().wants_commit()) return RowBatch{columns_ == nullptr ? 0 : columns_->size(), {}, 0};
    *done = fiber_done_;
    return std::exchange(fiber_result_, RowBatch{});
  }

  Result<RowBatch> guarded_rows(size_t max_rows, bool* done) {
    try {
      return rows(max_rows, done);
    } catch (const QueryError& e) {
      return Error{e.code, e.message};
    } catch (const std::bad_alloc&) {
      return Error{ErrorCode::kOutOfMemory, "The server has not enough memory for this query"};
    }
  }

  void run_on_fiber(env::Fiber& fiber) {
    while (true) {
      fiber_result_ = guarded_rows(wanted_, &fiber_done_);
      if (fiber_done_ || !fiber_result_.ok()) return;
      fiber.suspend();
    }
  }

  RowBatch rows(size_t max_rows, bool* done) {
    executor_.context().check();
    RowBatch out;
    out.columns = columns_ == nullptr ? 0 : columns_->size();
    *done = explain_;  // EXPLAIN shows the plan and runs nothing
    if (explain_) return out;
    size_t wanted = std::max<size_t>(max_rows, 1);
    size_t bytes = 0;  // of long values
    while (out.rows() < wanted && bytes < kMostBytes) {
      if (batch_ == nullptr) {
        batch_ = executor_.root().pull();
        position_ = 0;
        if (batch_ == nullptr) {
          executor_.batches().settle();
          *done = true;
          return out;
        }
      }
      take(wanted - out.rows(), &out, &bytes);
    }
    return out;
  }

  // Fewer than wanted when their values are long: whoever sends them to a client holds no more than that at once.
  static constexpr size_t kMostBytes = size_t{1} << 20;

  void take(size_t wanted, RowBatch* out, size_t* bytes) {
    auto rows = batch_->rows();
    const auto end = position_ + static_cast<uint32_t>(std::min<size_t>(wanted, rows.size() - position_));
    if (columns_ != nullptr && !columns_->empty()) {
      out->values.reserve(out->values.size() + (end - position_) * columns_->size());
      for (; position_ < end && *bytes < kMostBytes; ++position_) {
        for (const auto& column : *columns_) {
          out->values.push_back(batch_->column(column.second).get(rows[position_]));
          *bytes += out->values.back().heap_bytes();
        }
      }
    } else {
      position_ = end;
    }
    if (position_ == rows.size()) batch_ = nullptr;
  }

  bool explain_;
  Executor executor_;
  const std::vector<std::pair<std::string, Slot>>* columns_ = nullptr;  // null: no rows are given
  Batch* batch_ = nullptr;
  uint32_t position_ = 0;

  size_t wanted_ = 0;
  bool fiber_done_ = false;
  Result<RowBatch> fiber_result_ = RowBatch{};
  std::unique_ptr<env::Fiber> fiber_;  // last: unwound before what runs on it
};

}  // namespace

std::unique_ptr<Execution> start_execution(std::shared_ptr<const Plan> plan, QueryMode mode, const graph::GraphView& view,
                                           graph::GraphTransaction* transaction, ExecutionOptions options) {
  return std::make_unique<PlanExecution>(std::move(plan), mode, view, transaction, std::move(options));
}

Value evaluate_constant(const Expr& expression, const std::vector<std::pair<std::string, Value>>& parameters,
                        const graph::GraphView* view, const ExecutionOptions* options) {
  ExecutionOptions own;
  if (options != nullptr) own = *options;
  own.parameters = parameters;
  QueryContext context(view, nullptr, std::move(own));
  std::vector<Value> locals(64);
  Batch empty(0);
  empty.size = 1;
  EvaluatorPtr evaluator = compile(nullptr, context, expression);
  return evaluator->eval(Frame{context, &empty, 0, locals.data()});
}

}  // namespace graft::cypher
