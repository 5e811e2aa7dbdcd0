#include "cypher/executor/evaluators.h"
#include "cypher/functions/operators.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

using BinaryOperation = Value (*)(const Value&, const Value&);
using UnaryOperation = Value (*)(const Value&);

class Binary final : public Evaluator {
 public:
  Binary(EvaluatorPtr left, EvaluatorPtr right, BinaryOperation operation)
      : left_(std::move(left)), right_(std::move(right)), operation_(operation) {}
  Value eval(const Frame& frame) override {
    const Value a = left_->eval(frame);
    return operate(frame.context, a, right_->eval(frame));
  }
  void eval_rows(const Frame& frame, std::span<const uint32_t> rows, Value* out) override {
    left_->eval_rows(frame, rows, out);
    other_.resize(rows.size());
    right_->eval_rows(frame, rows, other_.data());
    for (size_t i = 0; i < rows.size(); ++i) out[i] = operate(frame.context, out[i], other_[i]);
  }

 private:
  Value operate(QueryContext& context, const Value& a, const Value& b) const {
    const size_t bytes = length(a) + length(b);
    if (bytes > 0) context.room_for(bytes);  // what is made of both may be as long
    if (bytes > kLong && joins_lists(a, b)) return join_lists(context, a, b);
    return operation_(a, b);
  }
  static constexpr size_t kLong = size_t{1} << 20;
  bool joins_lists(const Value& a, const Value& b) const {
    const bool left = a.type() == ValueType::kList, right = b.type() == ValueType::kList;
    if (operation_ == add) return (left || right) && !a.is_null() && !b.is_null();
    return operation_ == concatenate && left && right;
  }
  static size_t length(const Value& v) { return v.type() == ValueType::kString || v.type() == ValueType::kList ? v.heap_bytes() : 0; }

  EvaluatorPtr left_, right_;
  BinaryOperation operation_;
  std::vector<Value> other_;
};

class Unary final : public Evaluator {
 public:
  Unary(EvaluatorPtr child, UnaryOperation operation) : child_(std::move(child)), operation_(operation) {}
  Value eval(const Frame& frame) override { return operation_(child_->eval(frame)); }

 private:
  EvaluatorPtr child_;
  UnaryOperation operation_;
};

BinaryOperation operation_of(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kAdd: return add;
    case ExprKind::kSubtract: return subtract;
    case ExprKind::kMultiply: return multiply;
    case ExprKind::kDivide: return divide;
    case ExprKind::kModulo: return modulo;
    case ExprKind::kPower: return power;
    case ExprKind::kConcat: return concatenate;
    case ExprKind::kStartsWith: return starts_with;
    case ExprKind::kEndsWith: return ends_with;
    case ExprKind::kContains: return contains;
    default: throw QueryError{ErrorCode::kInternal, "An expression of an unknown kind", e.position};
  }
}

}  // namespace

EvaluatorPtr make_arithmetic(Compiler& compiler, const Expr& e) {
  if (e.kind == ExprKind::kNegate) return std::make_unique<Unary>(compiler.compile(*e.children[0]), negate);
  if (e.kind == ExprKind::kPlus) return std::make_unique<Unary>(compiler.compile(*e.children[0]), unary_plus);
  BinaryOperation operation = operation_of(e);
  return std::make_unique<Binary>(compiler.compile(*e.children[0]), compiler.compile(*e.children[1]), operation);
}

}  // namespace graft::cypher
