// SET and REMOVE.

#include "cypher/executor/entity_writer.h"
#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

namespace {

class Set final : public Operator {
 public:
  Set(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        writer_(executor, context(), static_cast<const PlanSet&>(plan).items, plan.op == PlanOp::kRemove) {}

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    Batch* batch = left().pull();
    if (batch == nullptr) return nullptr;
    for (uint32_t row : batch->rows()) {
      context().tick();
      writer_.apply(*batch, row);
    }
    return batch;
  }

  SetWriter writer_;
};

}  // namespace

OperatorPtr make_set(Executor& executor, const PlanNode& plan) { return std::make_unique<Set>(executor, plan); }

}  // namespace graft::cypher
