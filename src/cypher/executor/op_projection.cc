#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

using graph::Value;

namespace {

class Projection final : public Operator {
 public:
  Projection(Executor& executor, const PlanNode& plan) : Operator(executor, plan) {
    for (const SlotExpr& item : static_cast<const PlanProjection&>(plan).items) {
      items_.emplace_back(item.slot, compile_expression(item.expression));
    }
  }

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    Batch* batch = left().pull();
    if (batch == nullptr) return nullptr;
    auto rows = batch->rows();
    for (auto& [slot, expression] : items_) {
      if (expression->plain_slot() == slot) continue;
      if (expression->plain_slot() != kNoSlot) {
        batch->column(slot) = batch->column(expression->plain_slot());
        continue;
      }
      values_.resize(rows.size());
      expression->eval_rows(frame(*batch), rows, values_.data());
      std::vector<Value>& column = batch->column(slot).set_values();
      if (!batch->selected) {
        column.swap(values_);
        continue;
      }
      column.resize(batch->size);
      for (size_t i = 0; i < rows.size(); ++i) column[rows[i]] = std::move(values_[i]);
    }
    return batch;
  }

  std::vector<std::pair<Slot, EvaluatorPtr>> items_;
  std::vector<Value> values_;
};

}  // namespace

OperatorPtr make_projection(Executor& executor, const PlanNode& plan) { return std::make_unique<Projection>(executor, plan); }

}  // namespace graft::cypher
