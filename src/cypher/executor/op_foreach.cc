// FOREACH, and unit subqueries CALL { }: the right side is run for its effects.

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

class Foreach final : public Operator {
 public:
  Foreach(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        foreach_(static_cast<const PlanForeach&>(plan)),
        list_(compile_expression(foreach_.list)),
        inner_(make_batch()),
        row_slots_(plan.left->available) {}

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    Batch* batch = left().pull();
    if (batch == nullptr) return nullptr;
    for (uint32_t row : batch->rows()) {
      if (list_ == nullptr) {
        run({batch, row});
      } else {
        run_for_each(*batch, row);
      }
    }
    return batch;
  }

  void run(const Argument& argument) {
    right().open(argument);
    while (right().pull() != nullptr) {}
  }

  void run_for_each(const Batch& batch, uint32_t row) {
    Value list = list_->eval(frame(batch, row));
    if (list.is_null()) return;
    if (list.type() != ValueType::kList) throw_type("List", list);
    inner_.clear_all();
    inner_.append_repeated(batch, row, 1, row_slots_);
    for (const Value& item : list.as_list()) {
      context().tick();
      inner_.column(foreach_.slot).clear();
      inner_.column(foreach_.slot).set(0, item);
      run({&inner_, 0});
    }
  }

  const PlanForeach& foreach_;
  EvaluatorPtr list_;
  Batch inner_;
  std::vector<Slot> row_slots_;
};

}  // namespace

OperatorPtr make_foreach(Executor& executor, const PlanNode& plan) { return std::make_unique<Foreach>(executor, plan); }

}  // namespace graft::cypher
