#include "cypher/executor/executor.h"
#include "cypher/executor/neighbours.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

using graph::Value;

namespace {

class DegreeCount final : public Operator {
 public:
  DegreeCount(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), count_(static_cast<const PlanDegreeCount&>(plan)), types_(count_.types) {}

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    Batch* batch = left().pull();
    if (batch == nullptr) return nullptr;
    bool has_types = types_.resolve(context());
    Column& column = batch->column(count_.count);
    column.clear();
    for (uint32_t row : batch->rows()) {
      context().tick();
      graph::NodeId node = batch->column(count_.from).node(row);
      if (node == graph::kNoId) continue;
      hit();
      uint64_t degree = has_types ? context().view().degree(node, count_.direction, types_.ids()) : 0;
      column.set(row, Value::integer(static_cast<int64_t>(degree)));
    }
    return batch;
  }

  const PlanDegreeCount& count_;
  TypeList types_;
};

}  // namespace

OperatorPtr make_degree_count(Executor& executor, const PlanNode& plan) { return std::make_unique<DegreeCount>(executor, plan); }

}  // namespace graft::cypher
