#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/procedures/registry.h"

namespace graft::cypher {

using graph::Value;

namespace {

class ProcedureCallOperator final : public Operator {
 public:
  ProcedureCallOperator(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), call_(static_cast<const PlanProcedureCall&>(plan)), out_(make_batch()) {
    for (const Expr* e : call_.arguments) arguments_.push_back(compile_expression(e));
    std::vector<Slot> own;
    for (const auto& item : call_.yields) own.push_back(item.second);
    keep_ = slots_but(own);
  }

 private:
  void start() override {
    caller_ = context().options().procedure_context;
    caller_.view = &context().view();
    caller_.transaction = context().transaction();
    left().open(argument());
    in_ = nullptr;
    rows_ = nullptr;
    growth_.reset();
  }

  Batch* next() override {
    if (call_.is_void) return next_void();
    while (true) {
      if (in_ == nullptr) {
        in_ = left().pull();
        if (in_ == nullptr) return nullptr;
        position_ = 0;
      }
      fill();
      if (out_.size > 0) return &out_;
    }
  }

  Batch* next_void() {
    Batch* batch = left().pull();
    if (batch == nullptr) return nullptr;
    std::vector<Value> ignored;
    for (uint32_t row : batch->rows()) {
      auto rows = call(*batch, row);
      while (rows != nullptr && rows->next(&ignored)) context().tick();
    }
    return batch;
  }

  void fill() {
    out_.clear_all();
    sources_.clear();
    auto rows = in_->rows();
    uint32_t capacity = growth_.next();
    while (position_ < rows.size() && sources_.size() < capacity) {
      if (rows_ == nullptr) rows_ = call(*in_, rows[position_]);
      context().tick();
      if (rows_ == nullptr || !rows_->next(&values_)) {
        rows_ = nullptr;
        ++position_;
        continue;
      }
      auto at = static_cast<uint32_t>(sources_.size());
      for (const auto& [field, slot] : call_.yields) out_.column(slot).set(at, values_[field]);
      sources_.push_back(rows[position_]);
    }
    out_.append(*in_, sources_, keep_);
    if (position_ == rows.size()) in_ = nullptr;
  }

  std::unique_ptr<ProcedureRows> call(const Batch& batch, uint32_t row) {
    const ProcedureInfo& procedure = *call_.procedure;
    if (procedure.admin && !caller_.is_admin) {
      throw_error(ErrorCode::kForbidden, "Procedure " + procedure.name + " may be called by administrators only");
    }
    if (!procedure.call) throw_error(ErrorCode::kProcedureCallFailed, "Procedure " + procedure.name + " can only be called on its own");
    std::vector<Value> values;
    for (const EvaluatorPtr& e : arguments_) values.push_back(e->eval(frame(batch, row)));
    hit();
    return procedure.call(ProcedureCall{caller_, context(), check_arguments(procedure, std::move(values))});
  }

  const PlanProcedureCall& call_;
  Batch out_;
  std::vector<Slot> keep_;
  std::vector<EvaluatorPtr> arguments_;
  ProcedureContext caller_;
  Batch* in_ = nullptr;
  uint32_t position_ = 0;
  std::unique_ptr<ProcedureRows> rows_;
  std::vector<Value> values_;
  std::vector<uint32_t> sources_;
  BatchGrowth growth_;
};

}  // namespace

OperatorPtr make_procedure_call(Executor& executor, const PlanNode& plan) {
  return std::make_unique<ProcedureCallOperator>(executor, plan);
}

}  // namespace graft::cypher
