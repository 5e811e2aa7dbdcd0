#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

namespace {

class Optional final : public Operator {
 public:
  Optional(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        out_(make_batch()),
        keep_(slots_but(static_cast<const PlanOptional&>(plan).nulls)) {}

 private:
  void start() override {
    left().open(argument());
    any_ = false;
  }

  Batch* next() override {
    if (Batch* batch = left().pull()) {
      any_ = true;
      return batch;
    }
    if (any_) return nullptr;
    any_ = true;
    out_.clear_all();
    out_.append_repeated(*argument().batch, argument().row, 1, keep_);
    return &out_;
  }

  Batch out_;
  std::vector<Slot> keep_;
  bool any_ = false;
};

}  // namespace

OperatorPtr make_optional(Executor& executor, const PlanNode& plan) { return std::make_unique<Optional>(executor, plan); }

}  // namespace graft::cypher
