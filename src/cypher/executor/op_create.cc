#include "cypher/executor/entity_writer.h"
#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

namespace {

class Create final : public Operator {
 public:
  Create(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        creator_(executor, context(), static_cast<const PlanCreate&>(plan).nodes,
                 static_cast<const PlanCreate&>(plan).relationships, false) {}

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    Batch* batch = left().pull();
    if (batch == nullptr) return nullptr;
    for (uint32_t row : batch->rows()) {
      context().tick();
      creator_.create(batch, row);
    }
    return batch;
  }

  PatternCreator creator_;
};

}  // namespace

OperatorPtr make_create(Executor& executor, const PlanNode& plan) { return std::make_unique<Create>(executor, plan); }

}  // namespace graft::cypher
