#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

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
        list_(compile_expression(unwind_.list)) {}

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
    out_.clear_all();
    sources_.clear();
    Column& column = out_.column(unwind_.slot);
    uint32_t capacity = growth_.next();
    auto rows = in_->rows();
    while (position_ < rows.size() && sources_.size() < capacity) {
      if (!open_) open_row(rows[position_]);
      while (item_ < count() && sources_.size() < capacity) {
        column.set(static_cast<uint32_t>(sources_.size()), value_.type() == ValueType::kList ? value_.as_list()[item_] : value_);
        sources_.push_back(rows[position_]);
        ++item_;
      }
      if (item_ < count()) break;
      open_ = false;
      ++position_;
    }
    out_.append(*in_, sources_, keep_);
    if (position_ == rows.size()) in_ = nullptr;
  }

  void open_row(uint32_t row) {
    context().tick();
    value_ = list_->eval(frame(*in_, row));
    item_ = 0;
    open_ = true;
  }

  size_t count() const {
    if (value_.is_null()) return 0;
    return value_.type() == ValueType::kList ? value_.as_list().size() : 1;
  }

  const PlanUnwind& unwind_;
  Batch out_;
  std::vector<Slot> keep_;
  EvaluatorPtr list_;
  Batch* in_ = nullptr;
  uint32_t position_ = 0;
  bool open_ = false;
  Value value_;
  size_t item_ = 0;
  std::vector<uint32_t> sources_;
  BatchGrowth growth_;
};

}  // namespace

OperatorPtr make_unwind(Executor& executor, const PlanNode& plan) { return std::make_unique<Unwind>(executor, plan); }

}  // namespace graft::cypher
