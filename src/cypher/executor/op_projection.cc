#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

using graph::Value;

namespace {

// Columns computed from the row. When their values are long, the rows of a batch are given in several portions.
class Projection final : public Operator {
 public:
  Projection(Executor& executor, const PlanNode& plan) : Operator(executor, plan), portions_(context()) {
    for (const SlotExpr& item : static_cast<const PlanProjection&>(plan).items) {
      items_.emplace_back(item.slot, compile_expression(item.expression));
    }
  }

 private:
  void start() override {
    left().open(argument());
    batch_ = nullptr;
  }

  Batch* next() override {
    if (batch_ == nullptr) {
      batch_ = left().pull();
      if (batch_ == nullptr) return nullptr;
      given_ = 0;
      all_.clear();
    }
    Batch* batch = batch_;
    const size_t rows = all_.empty() ? batch->count() : all_.size();
    given_ += portions_.run_one(given_, rows - given_, [&](size_t first, size_t count) {
      if (count < rows) choose(batch, first, count);
      project(batch);
    });
    if (given_ == rows) batch_ = nullptr;
    return batch;
  }

  void choose(Batch* batch, size_t first, size_t count) {
    if (all_.empty()) all_.assign(batch->rows().begin(), batch->rows().end());
    const auto begin = all_.begin() + static_cast<ptrdiff_t>(first);
    batch->select({begin, begin + static_cast<ptrdiff_t>(count)});
  }

  void project(Batch* batch) {
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
  }

  std::vector<std::pair<Slot, EvaluatorPtr>> items_;
  std::vector<Value> values_;
  Portions portions_;
  Batch* batch_ = nullptr;       // not given to its end yet
  std::vector<uint32_t> all_;    // its rows, when it is given in portions
  size_t given_ = 0;
};

}  // namespace

OperatorPtr make_projection(Executor& executor, const PlanNode& plan) { return std::make_unique<Projection>(executor, plan); }

}  // namespace graft::cypher
