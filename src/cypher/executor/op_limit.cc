#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/plan_writes.h"
#include "cypher/executor/row_count.h"

namespace graft::cypher {

namespace {

class Limit final : public Operator {
 public:
  Limit(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        count_(compile_expression(static_cast<const PlanLimit&>(plan).count)),
        skip_(compile_expression(static_cast<const PlanLimit&>(plan).skip)),
        exhaustive_(may_write(*plan.left)) {}

 private:
  void start() override {
    rest_ = row_count(*count_, argument_frame(), "LIMIT");
    if (skip_ != nullptr && rest_ > 0) rest_ += row_count(*skip_, argument_frame(), "SKIP");
    left().open(argument());
  }

  Batch* next() override {
    if (rest_ == 0) {
      while (exhaustive_ && left().pull() != nullptr) {}  // the writes below take effect whatever is shown of them
      return nullptr;
    }
    Batch* batch = left().pull();
    if (batch == nullptr) return nullptr;
    if (batch->count() > rest_) {
      auto rows = batch->rows().first(rest_);
      batch->select(std::vector<uint32_t>(rows.begin(), rows.end()));
    }
    rest_ -= batch->count();
    return batch;
  }

  EvaluatorPtr count_, skip_;
  bool exhaustive_;
  uint64_t rest_ = 0;
};

class Skip final : public Operator {
 public:
  Skip(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), count_(compile_expression(static_cast<const PlanLimit&>(plan).count)) {}

 private:
  void start() override {
    rest_ = row_count(*count_, argument_frame(), "SKIP");
    left().open(argument());
  }

  Batch* next() override {
    while (Batch* batch = left().pull()) {
      uint64_t n = batch->count();
      if (n <= rest_) {
        rest_ -= n;
        continue;
      }
      if (rest_ > 0) {
        auto rows = batch->rows().subspan(rest_);
        batch->select(std::vector<uint32_t>(rows.begin(), rows.end()));
        rest_ = 0;
      }
      return batch;
    }
    return nullptr;
  }

  EvaluatorPtr count_;
  uint64_t rest_ = 0;
};

}  // namespace

OperatorPtr make_limit(Executor& executor, const PlanNode& plan) {
  if (plan.op == PlanOp::kLimit) return std::make_unique<Limit>(executor, plan);
  return std::make_unique<Skip>(executor, plan);
}

}  // namespace graft::cypher
