#include "cypher/executor/operators.h"

namespace graft::cypher {

namespace {

class ArgumentOperator final : public Operator {
 public:
  ArgumentOperator(Executor& executor, const PlanNode& plan) : Operator(executor, plan), out_(make_batch()) {}

 private:
  void start() override { done_ = false; }
  Batch* next() override {
    if (done_) return nullptr;
    done_ = true;
    out_.clear_all();
    out_.append_repeated(*argument().batch, argument().row, 1, plan_node_.available);
    return &out_;
  }

  Batch out_;
  bool done_ = true;
};

}  // namespace

OperatorPtr make_argument(Executor& executor, const PlanNode& plan) {
  return std::make_unique<ArgumentOperator>(executor, plan);
}

}  // namespace graft::cypher
