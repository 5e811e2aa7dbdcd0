#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

namespace {

class Filter final : public Operator {
 public:
  Filter(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), predicate_(&executor, context(), static_cast<const PlanFilter&>(plan).predicates), portions_(context()) {}

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    while (Batch* batch = left().pull()) {
      const auto rows = batch->rows();
      rows_.clear();
      portions_.run(rows.size(), [&](size_t first, size_t count) {
        portion_.assign(rows.begin() + static_cast<ptrdiff_t>(first), rows.begin() + static_cast<ptrdiff_t>(first + count));
        predicate_.filter(frame(*batch), &portion_);
        rows_.insert(rows_.end(), portion_.begin(), portion_.end());
      });
      if (rows_.empty()) continue;
      if (rows_.size() < batch->count()) batch->select(rows_);
      return batch;
    }
    return nullptr;
  }

  Predicate predicate_;
  Portions portions_;
  std::vector<uint32_t> rows_, portion_;
};

}  // namespace

OperatorPtr make_filter(Executor& executor, const PlanNode& plan) { return std::make_unique<Filter>(executor, plan); }

}  // namespace graft::cypher
