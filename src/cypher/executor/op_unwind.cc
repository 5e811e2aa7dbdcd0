#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/functions/registry.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

class Unwind final : public Operator {
 public:
  Unwind(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        unwind_(static_cast<const PlanUnwind&>(plan)),
        out_(make_batch()),
        keep_(slots_but({unwind_.slot})),
        list_(compile_expression(unwind_.list)) {
    const Expr& list = *unwind_.list;
    if (list.kind != ExprKind::kFunction || list.function == nullptr || list.function->name != "range") return;
    for (const Expr* argument : list.children) range_.push_back(compile_expression(argument));
  }

 private:
  void start() override {
    left().open(argument());
    in_ = nullptr;
    growth_.reset();
  }

  Batch* next() override {
    while (true) {
      if (in_ == nullptr) {
        in_ = left().pull();
        if (in_ == nullptr) return nullptr;
        position_ = 0;
        open_ = false;
      }
      fill();
      if (out_.size > 0) return &out_;
    }
  }

  void fill() {
    context().check();
    out_.clear_all();
    sources_.clear();
    Column& column = out_.column(unwind_.slot);
    uint32_t capacity = growth_.next();
    auto rows = in_->rows();
    while (position_ < rows.size() && sources_.size() < capacity) {
      if (!open_) open_row(rows[position_]);
      for (; item_ < count_ && sources_.size() < capacity; ++item_) {
        column.set(static_cast<uint32_t>(sources_.size()), item());
        sources_.push_back(rows[position_]);
      }
      if (item_ < count_) break;
      open_ = false;
      ++position_;
    }
    out_.append(*in_, sources_, keep_);
    if (position_ == rows.size()) in_ = nullptr;
  }

  void open_row(uint32_t row) {
    context().tick();
    item_ = 0;
    open_ = true;
    counting_ = open_range(frame(*in_, row));
    if (counting_) return;
    value_ = list_->eval(frame(*in_, row));
    count_ = value_.is_null() ? 0 : value_.type() == ValueType::kList ? value_.as_list().size() : 1;
  }

  // range() is counted through, never held. False: it is for list_ to say what is wrong with it.
  bool open_range(const Frame& frame) {
    if (range_.empty()) return false;
    int64_t numbers[3] = {0, 0, 1};
    for (size_t i = 0; i < range_.size(); ++i) {
      const Value number = range_[i]->eval(frame);
      if (number.type() != ValueType::kInteger) return false;
      numbers[i] = number.as_integer();
    }
    const auto [first, last, step] = numbers;
    if (step == 0) return false;
    first_ = static_cast<uint64_t>(first);
    step_ = static_cast<uint64_t>(step);
    const bool any = step > 0 ? first <= last : first >= last;
    const uint64_t distance = step > 0 ? static_cast<uint64_t>(last) - first_ : first_ - static_cast<uint64_t>(last);
    const uint64_t steps = distance / (step > 0 ? step_ : uint64_t{0} - step_);
    count_ = !any ? 0 : steps == UINT64_MAX ? steps : steps + 1;
    return true;
  }

  Value item() const {
    if (counting_) return Value::integer(static_cast<int64_t>(first_ + item_ * step_));
    return value_.type() == ValueType::kList ? value_.as_list()[item_] : value_;
  }

  const PlanUnwind& unwind_;
  Batch out_;
  std::vector<Slot> keep_;
  EvaluatorPtr list_;
  std::vector<EvaluatorPtr> range_;  // its arguments, when the list is a call of range()
  Batch* in_ = nullptr;
  uint32_t position_ = 0;
  bool open_ = false;
  Value value_;
  bool counting_ = false;            // through first_, first_ + step_, ...; else through value_
  uint64_t first_ = 0, step_ = 0;
  uint64_t item_ = 0, count_ = 0;
  std::vector<uint32_t> sources_;
  BatchGrowth growth_;
};

}  // namespace

OperatorPtr make_unwind(Executor& executor, const PlanNode& plan) { return std::make_unique<Unwind>(executor, plan); }

}  // namespace graft::cypher
