// ProduceResults and EmptyResult: the root.

#include "cypher/executor/operators.h"

namespace graft::cypher {

namespace {

class ProduceResults final : public Operator {
 public:
  using Operator::Operator;

 private:
  void start() override { left().open(argument()); }
  Batch* next() override { return left().pull(); }
};

class EmptyResult final : public Operator {
 public:
  using Operator::Operator;

 private:
  void start() override { left().open(argument()); }
  Batch* next() override {
    while (left().pull() != nullptr) {}
    return nullptr;
  }
};

}  // namespace

OperatorPtr make_results(Executor& executor, const PlanNode& plan) {
  if (plan.op == PlanOp::kProduceResults) return std::make_unique<ProduceResults>(executor, plan);
  return std::make_unique<EmptyResult>(executor, plan);
}

}  // namespace graft::cypher
