#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

namespace {

class Filter final : public Operator {
 public:
  Filter(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), predicate_(&executor, context(), static_cast<const PlanFilter&>(plan).predicates) {}

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    while (Batch* batch = left().pull()) {
      auto rows = batch->rows();
      rows_.assign(rows.begin(), rows.end());
      predicate_.filter(frame(*batch), &rows_);
      if (rows_.empty()) continue;
      if (rows_.size() < batch->count()) batch->select(rows_);
      return batch;
    }
    return nullptr;
  }

  Predicate predicate_;
  std::vector<uint32_t> rows_;
};

}  // namespace

OperatorPtr make_filter(Executor& executor, const PlanNode& plan) { return std::make_unique<Filter>(executor, plan); }

}  // namespace graft::cypher
