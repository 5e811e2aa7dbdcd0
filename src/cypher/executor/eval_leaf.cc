#include "cypher/executor/evaluators.h"

namespace graft::cypher {

using graph::Value;

namespace {

class Constant final : public Evaluator {
 public:
  explicit Constant(Value value) : value_(std::move(value)) {}
  Value eval(const Frame&) override { return value_; }
  void eval_rows(const Frame&, std::span<const uint32_t> rows, Value* out) override {
    for (size_t i = 0; i < rows.size(); ++i) out[i] = value_;
  }
  const Value* constant() const override { return &value_; }

 private:
  Value value_;
};

class ColumnRead final : public Evaluator {
 public:
  explicit ColumnRead(Slot slot) : slot_(slot) {}
  Value eval(const Frame& frame) override { return frame.batch->column(slot_).get(frame.row); }
  void eval_rows(const Frame& frame, std::span<const uint32_t> rows, Value* out) override {
    const Column& column = frame.batch->column(slot_);
    for (size_t i = 0; i < rows.size(); ++i) out[i] = column.get(rows[i]);
  }
  Slot plain_slot() const override { return slot_; }

 private:
  Slot slot_;
};

class LocalRead final : public Evaluator {
 public:
  explicit LocalRead(Slot slot) : slot_(static_cast<size_t>(slot)) {}
  Value eval(const Frame& frame) override { return frame.locals[slot_]; }

 private:
  size_t slot_;
};

}  // namespace

EvaluatorPtr make_leaf(Compiler& compiler, const Expr& e) {
  if (e.kind == ExprKind::kLiteral) return std::make_unique<Constant>(e.literal);
  if (e.kind == ExprKind::kParameter) return std::make_unique<Constant>(compiler.context().parameter(e.name));
  if (compiler.is_local(e.slot)) return std::make_unique<LocalRead>(e.slot);
  if (compiler.executor() == nullptr) throw QueryError{ErrorCode::kSemantic, "Variable `" + e.name + "` cannot be used here", e.position};
  return std::make_unique<ColumnRead>(e.slot);
}

}  // namespace graft::cypher
