#include "cypher/planner/planner_impl.h"

namespace graft::cypher {

void Planner::lower_all(std::vector<Expr*>* list, const Stream& s) {
  for (Expr*& e : *list) e = lower(e, s);
}

void Planner::lower_labels(LabelExpr* labels, const Stream& s) {
  if (!labels) return;
  if (labels->dynamic) labels->dynamic = lower(labels->dynamic, s);
  for (LabelExpr* child : labels->children) lower_labels(child, s);
}

namespace {

// Can be left out: it cannot fail.
bool harmless(const Expr* e) {
  return e->kind == ExprKind::kLiteral || e->kind == ExprKind::kVariable || (e->kind == ExprKind::kProperty && e->children[0]->kind == ExprKind::kVariable);
}

}  // namespace

// size([(a)-->(b) WHERE p | x]) is COUNT { (a)-->(b) WHERE p }: no list is made.
Expr* Planner::size_as_count(Expr* e) {
  const bool size = options_.optimise && e->kind == ExprKind::kFunction && e->function && e->function->name == "size" && e->children.size() == 1;
  if (!size || e->children[0]->kind != ExprKind::kPatternComprehension) return e;
  const Expr* list = e->children[0];
  if (list->plan || list->pattern->slot != kNoSlot || !harmless(list->children[1])) return e;
  Expr* count = make_expr(ExprKind::kCountSubquery, {list->children[0]}, arena_.get());
  count->position = e->position;
  count->pattern = list->pattern;
  return count;
}

// COUNT { ... } > 0 asks only whether there is a row; *negated: whether there is none.
Expr* Planner::count_as_exists(Expr* e, bool* negated) {
  if (!options_.optimise || e->children.size() != 2 || !e->children[1] || e->children[1]->kind != ExprKind::kLiteral || e->children[1]->literal.type() != graph::ValueType::kInteger) return nullptr;
  const int64_t n = e->children[1]->literal.as_integer();
  const bool some = (e->kind == ExprKind::kGreater && n == 0) || (e->kind == ExprKind::kGreaterEqual && n == 1) || (e->kind == ExprKind::kNotEqual && n == 0);
  const bool none = (e->kind == ExprKind::kEqual && n == 0) || (e->kind == ExprKind::kLess && n == 1) || (e->kind == ExprKind::kLessEqual && n == 0);
  const Expr* count = some || none ? size_as_count(e->children[0]) : nullptr;
  if (!count || count->kind != ExprKind::kCountSubquery || count->plan) return nullptr;
  *negated = none;
  Expr* exists = arena_->make<Expr>(*count);
  exists->kind = ExprKind::kExists;
  return exists;
}

Expr* Planner::lower(Expr* e, const Stream& s) {
  if (!e || e->plan) return e;
  e = size_as_count(e);
  if (e->pattern || e->query) {
    lower_subquery(e, s);
    return e;
  }
  // A local variable is visible in what follows its list; no two variables share a slot, so that all may see it.
  const SlotSet saved = locals_;
  if (e->kind != ExprKind::kVariable && e->slot != kNoSlot) locals_.insert(e->slot);
  if (e->slot2 != kNoSlot) locals_.insert(e->slot2);
  for (Expr*& child : e->children) child = lower(child, s);
  lower_labels(e->labels, s);
  locals_ = saved;
  return folded(e);
}

void Planner::lower_subquery(Expr* e, const Stream& s) {
  SlotSet scope = s.bound;
  scope.insert(locals_.begin(), locals_.end());
  const SlotSet needed = slots_of(e, scope);
  e->arguments.assign(needed.begin(), needed.end());
  Stream outer;
  outer.bound = needed;
  const SlotSet saved = std::exchange(locals_, SlotSet{});
  const bool one_row = e->kind == ExprKind::kExists || (e->kind == ExprKind::kPatternExpression && !e->wants_list);
  const bool few = std::exchange(few_rows_wanted_, one_row);
  Stream inner;
  switch (e->kind) {
    case ExprKind::kPatternExpression:
      inner = pattern_stream({e->pattern}, nullptr, outer, true);
      break;
    case ExprKind::kPatternComprehension: {
      inner = pattern_stream({e->pattern}, e->children[0], outer, true);
      PlanProjection* projection = node<PlanProjection>();
      projection->items.push_back({e->slot, lower(e->children[1], inner)});
      inner.bound.insert(e->slot);
      push(&inner, projection, inner.rows);
      break;
    }
    case ExprKind::kShortestPath:
      inner = pattern_stream({e->pattern}, nullptr, outer, true);
      e->slot = e->pattern->slot;
      break;
    default:
      if (e->pattern) {
        inner = pattern_stream({e->pattern}, e->children[0], outer, true);
        break;
      }
      inner = query(*e->query, outer, needed);
      if (e->kind == ExprKind::kCollectSubquery) e->slot = e->query->slots[0];
      break;
  }
  locals_ = saved;
  few_rows_wanted_ = few;
  e->plan = leaf_or_top(&inner);
}

}  // namespace graft::cypher
