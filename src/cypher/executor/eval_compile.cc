#include <algorithm>

#include "cypher/executor/evaluators.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

constexpr int kMaxExpressionDepth = 3000;

}  // namespace

void Evaluator::eval_rows(const Frame& frame, std::span<const uint32_t> rows, Value* out) {
  Frame at = frame;
  for (size_t i = 0; i < rows.size(); ++i) {
    frame.context.tick();
    at.row = rows[i];
    out[i] = eval(at);
  }
}

EvaluatorPtr Compiler::compile(const Expr& expression) {
  if (++depth_ > kMaxExpressionDepth) {
    throw QueryError{ErrorCode::kSyntax, "The expression is nested too deeply", expression.position};
  }
  EvaluatorPtr evaluator = dispatch(expression);
  --depth_;
  return evaluator;
}

std::vector<EvaluatorPtr> Compiler::compile_all(const std::vector<Expr*>& expressions) {
  std::vector<EvaluatorPtr> evaluators;
  evaluators.reserve(expressions.size());
  for (const Expr* e : expressions) evaluators.push_back(compile_or_null(e));
  return evaluators;
}

EvaluatorPtr Compiler::compile_with_local(const Expr* expression, Slot local) {
  return compile_with_locals(expression, local, kNoSlot);
}

EvaluatorPtr Compiler::compile_with_locals(const Expr* expression, Slot first, Slot second) {
  if (expression == nullptr) return nullptr;
  size_t before = locals_.size();
  locals_.push_back(first);
  if (second != kNoSlot) locals_.push_back(second);
  EvaluatorPtr evaluator = compile(*expression);
  locals_.resize(before);
  return evaluator;
}

bool Compiler::is_local(Slot slot) const { return std::find(locals_.begin(), locals_.end(), slot) != locals_.end(); }

EvaluatorPtr Compiler::dispatch(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kLiteral:
    case ExprKind::kParameter:
    case ExprKind::kVariable: return make_leaf(*this, e);
    case ExprKind::kProperty:
    case ExprKind::kIndex:
    case ExprKind::kSlice:
    case ExprKind::kHasLabels:
    case ExprKind::kHasType: return make_access(*this, e);
    case ExprKind::kList:
    case ExprKind::kMap:
    case ExprKind::kMapProjection: return make_constructor(*this, e);
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kXor:
    case ExprKind::kNot:
    case ExprKind::kIsNull:
    case ExprKind::kIsNotNull: return make_boolean(*this, e);
    case ExprKind::kEqual:
    case ExprKind::kNotEqual:
    case ExprKind::kLess:
    case ExprKind::kLessEqual:
    case ExprKind::kGreater:
    case ExprKind::kGreaterEqual:
    case ExprKind::kIn: return make_comparison(*this, e);
    case ExprKind::kRegexMatch: return make_regex(*this, e);
    case ExprKind::kIsTyped:
    case ExprKind::kIsNotTyped:
    case ExprKind::kIsNormalized:
    case ExprKind::kIsNotNormalized: return make_type_test(*this, e);
    case ExprKind::kFunction: return make_call(*this, e);
    case ExprKind::kCase: return make_case(*this, e);
    case ExprKind::kListComprehension:
    case ExprKind::kAll:
    case ExprKind::kAny:
    case ExprKind::kNone:
    case ExprKind::kSingle:
    case ExprKind::kReduce: return make_comprehension(*this, e);
    case ExprKind::kPatternComprehension:
    case ExprKind::kPatternExpression:
    case ExprKind::kExists:
    case ExprKind::kCountSubquery:
    case ExprKind::kCollectSubquery:
    case ExprKind::kShortestPath: return make_subquery(*this, e);
    case ExprKind::kPath:
    case ExprKind::kUniqueRelationships: return make_path(*this, e);
    case ExprKind::kCountStar: throw QueryError{ErrorCode::kSemantic, "count(*) cannot be used here", e.position};
    default: return make_arithmetic(*this, e);
  }
}

EvaluatorPtr compile(Executor* executor, QueryContext& context, const Expr& expression, std::vector<Slot> locals) {
  return Compiler(executor, context, std::move(locals)).compile(expression);
}

int truth(const Value& value) {
  if (value.type() == ValueType::kBoolean) return value.as_boolean() ? 1 : 0;
  if (value.is_null()) return -1;
  throw_type("Boolean", value);
}

Value from_truth(int t) { return t < 0 ? Value() : Value::boolean(t != 0); }

Predicate::Predicate(Executor* executor, QueryContext& context, const std::vector<Expr*>& conjuncts, const std::vector<Slot>& locals) {
  for (const Expr* e : conjuncts) conjuncts_.push_back(compile(executor, context, *e, locals));
}

bool Predicate::holds(const Frame& frame) const {
  for (const EvaluatorPtr& conjunct : conjuncts_) {
    if (truth(conjunct->eval(frame)) != 1) return false;
  }
  return true;
}

void Predicate::filter(const Frame& frame, std::vector<uint32_t>* rows) const {
  for (const EvaluatorPtr& conjunct : conjuncts_) {
    if (rows->empty()) return;
    values_.resize(rows->size());
    conjunct->eval_rows(frame, *rows, values_.data());
    size_t kept = 0;
    for (size_t i = 0; i < rows->size(); ++i) {
      if (truth(values_[i]) == 1) (*rows)[kept++] = (*rows)[i];
    }
    rows->resize(kept);
  }
}

}  // namespace graft::cypher
