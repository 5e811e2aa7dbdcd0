// Apply, SemiApply, AntiSemiApply, RollUpApply: the right side once per left row.

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

using graph::Value;

namespace {

class Apply final : public Operator {
 public:
  using Operator::Operator;

 private:
  void start() override {
    left().open(argument());
    in_ = nullptr;
  }

  Batch* next() override {
    while (true) {
      if (in_ == nullptr) {
        in_ = left().pull();
        if (in_ == nullptr) return nullptr;
        position_ = 0;
        open_ = false;
      }
      if (!open_) {
        if (position_ == in_->count()) {
          in_ = nullptr;
          continue;
        }
        right().open({in_, in_->rows()[position_++]});
        open_ = true;
      }
      if (Batch* batch = right().pull()) return batch;
      open_ = false;
    }
  }

  Batch* in_ = nullptr;
  uint32_t position_ = 0;
  bool open_ = false;
};

class SemiApply final : public Operator {
 public:
  using Operator::Operator;

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    bool wanted = plan_node_.op == PlanOp::kSemiApply;
    while (Batch* batch = left().pull()) {
      std::vector<uint32_t> kept;
      for (uint32_t row : batch->rows()) {
        right().open({batch, row});
        if ((right().pull() != nullptr) == wanted) kept.push_back(row);
      }
      if (kept.empty()) continue;
      if (kept.size() < batch->count()) batch->select(std::move(kept));
      return batch;
    }
    return nullptr;
  }
};

class RollUpApply final : public Operator {
 public:
  RollUpApply(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), apply_(static_cast<const PlanRollUpApply&>(plan)) {}

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    Batch* batch = left().pull();
    if (batch == nullptr) return nullptr;
    std::vector<std::pair<uint32_t, Value>> lists;
    for (uint32_t row : batch->rows()) {
      right().open({batch, row});
      lists.emplace_back(row, collect());
    }
    Column& column = batch->column(apply_.collection);
    column.clear();
    for (auto& [row, list] : lists) column.set(row, std::move(list));
    return batch;
  }

  Value collect() {
    graph::List list;
    MemoryAccount memory(context());
    while (Batch* rows = right().pull()) {
      const Column& column = rows->column(apply_.slot);
      for (uint32_t row : rows->rows()) {
        memory.charge(column.bytes_of(row));
        list.push_back(column.get(row));
      }
    }
    return Value::list(std::move(list));
  }

  const PlanRollUpApply& apply_;
};

}  // namespace

OperatorPtr make_apply(Executor& executor, const PlanNode& plan) { return std::make_unique<Apply>(executor, plan); }
OperatorPtr make_semi_apply(Executor& executor, const PlanNode& plan) { return std::make_unique<SemiApply>(executor, plan); }
OperatorPtr make_roll_up_apply(Executor& executor, const PlanNode& plan) { return std::make_unique<RollUpApply>(executor, plan); }

}  // namespace graft::cypher
