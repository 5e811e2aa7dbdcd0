// Constant folding: what literals alone decide is decided once. What fails is left for the run, where it may never be
// reached; what could grow (lists, strings out of functions) is left as well.

#include <algorithm>

#include "cypher/executor/execution.h"
#include "cypher/planner/planner_impl.h"

namespace graft::cypher {

namespace {

bool is_literal(const Expr* e) { return e != nullptr && e->kind == ExprKind::kLiteral; }

bool is_small(const graph::Value& v) {
  switch (v.type()) {
    case graph::ValueType::kList: case graph::ValueType::kMap: case graph::ValueType::kNode: case graph::ValueType::kRelationship: case graph::ValueType::kPath: return false;
    default: return true;
  }
}

bool can_be_folded(const Expr* e) {
  switch (e->kind) {
    case ExprKind::kAnd: case ExprKind::kOr: case ExprKind::kXor: case ExprKind::kNot: case ExprKind::kEqual: case ExprKind::kNotEqual: case ExprKind::kLess: case ExprKind::kLessEqual:
    case ExprKind::kGreater: case ExprKind::kGreaterEqual: case ExprKind::kAdd: case ExprKind::kSubtract: case ExprKind::kMultiply: case ExprKind::kDivide: case ExprKind::kModulo:
    case ExprKind::kPower: case ExprKind::kConcat: case ExprKind::kNegate: case ExprKind::kPlus: case ExprKind::kStartsWith: case ExprKind::kEndsWith: case ExprKind::kContains:
    case ExprKind::kIsNull: case ExprKind::kIsNotNull: case ExprKind::kCase: return true;
    case ExprKind::kFunction: {
      constexpr TypeMask kSmall = kBooleanMask | kNumberMask | kDateMask | kLocalTimeMask | kTimeMask | kLocalDateTimeMask | kDateTimeMask | kDurationMask | kPointMask;
      return e->function != nullptr && !e->function->aggregating && e->function->stability == Stability::kForever && (e->function->result_type & ~kSmall) == 0;
    }
    default: return false;
  }
}

// Gives true, false or null, whatever it is about.
bool is_truth(const Expr* e) {
  switch (e->kind) {
    case ExprKind::kEqual: case ExprKind::kNotEqual: case ExprKind::kLess: case ExprKind::kLessEqual: case ExprKind::kGreater: case ExprKind::kGreaterEqual: case ExprKind::kIn:
    case ExprKind::kIsNull: case ExprKind::kIsNotNull: case ExprKind::kAnd: case ExprKind::kOr: case ExprKind::kNot: case ExprKind::kHasLabels: case ExprKind::kStartsWith:
    case ExprKind::kEndsWith: case ExprKind::kContains: case ExprKind::kExists: return true;
    default: return false;
  }
}

bool is_boolean(const Expr* e, bool value) { return is_literal(e) && e->literal.type() == graph::ValueType::kBoolean && e->literal.as_boolean() == value; }

// true AND x, false OR x. What decides the whole does so only where nothing that could fail stands before it.
Expr* without_neutral(Expr* e) {
  const bool neutral = e->kind == ExprKind::kAnd;
  if (is_boolean(e->children[0], !neutral)) return e->children[0];
  const bool all_truths = std::all_of(e->children.begin(), e->children.end(), [&](const Expr* child) { return is_literal(child) || is_truth(child); });
  if (all_truths) std::erase_if(e->children, [&](const Expr* child) { return is_boolean(child, neutral); });
  return e->children.size() == 1 ? e->children[0] : e;
}

}  // namespace

Expr* Planner::folded(Expr* e) const {
  if (!options_.optimise) return e;
  const bool joined = e->kind == ExprKind::kAnd || e->kind == ExprKind::kOr;
  const bool known = !e->children.empty() && std::all_of(e->children.begin(), e->children.end(), is_literal);
  if (!known) return joined ? without_neutral(e) : e;
  if (!can_be_folded(e)) return e;
  try {
    graph::Value value = evaluate_constant(*e, {}, nullptr, nullptr);
    if (!is_small(value)) return e;
    Expr* literal = arena_->make<Expr>();
    literal->position = e->position;
    literal->literal = std::move(value);
    return literal;
  } catch (const QueryError&) {
    return e;
  }
}

Expr* Planner::fold(Expr* e) const {
  if (e == nullptr || !options_.optimise || e->plan != nullptr) return e;
  for (Expr*& child : e->children) child = fold(child);
  return e->pattern != nullptr || e->query != nullptr ? e : folded(e);
}

}  // namespace graft::cypher
