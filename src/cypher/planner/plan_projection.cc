// WITH and RETURN: projection, aggregation, DISTINCT, ORDER BY, SKIP, LIMIT, WHERE.

#include <algorithm>
#include <cmath>

#include "cypher/planner/planner_impl.h"

namespace graft::cypher {

// Replaces aggregations by slots and what equals a grouping key by the key's slot.
Expr* Planner::replace_aggregations(Expr* e, const std::vector<SlotExpr>& keys, std::vector<SlotExpr>* aggregations) {
  if (!e) return nullptr;
  if (is_aggregation(e)) {
    for (const SlotExpr& known : *aggregations) {
      if (same_expression(known.expression, e)) return variable_of(known.slot, arena_.get());
    }
    const Slot slot = new_slot(SlotKind::kValue);
    aggregations->push_back({slot, e});
    return variable_of(slot, arena_.get());
  }
  for (const SlotExpr& key : keys) {
    if (same_expression(key.expression, e)) return variable_of(key.slot, arena_.get());
  }
  std::vector<Expr*> children;
  bool changed = false;
  for (Expr* child : e->children) {
    children.push_back(replace_aggregations(child, keys, aggregations));
    changed |= children.back() != child;
  }
  if (!changed) return e;
  Expr* copy = arena_->make<Expr>(*e);
  copy->children = std::move(children);
  return copy;
}

void Planner::aggregate(const ProjectionClause& c, std::vector<Expr*>* order, Stream* s, const SlotSet& fixed, SlotSet* projected) {
  PlanAggregation* aggregation = node<PlanAggregation>();
  for (const ProjectionItem& item : c.items) {
    if (!contains_aggregation(item.expression)) aggregation->grouping.push_back({item.slot, item.expression});
  }
  PlanProjection* after = node<PlanProjection>();
  for (const ProjectionItem& item : c.items) {
    if (!contains_aggregation(item.expression)) continue;
    if (is_aggregation(item.expression)) {
      aggregation->aggregations.push_back({item.slot, item.expression});
    } else {
      after->items.push_back({item.slot, item.expression});
    }
  }
  for (SlotExpr& item : after->items) item.expression = replace_aggregations(item.expression, aggregation->grouping, &aggregation->aggregations);
  for (Expr*& e : *order) e = replace_aggregations(e, aggregation->grouping, &aggregation->aggregations);
  for (SlotExpr& item : aggregation->grouping) item.expression = lower(item.expression, *s);
  for (SlotExpr& item : aggregation->aggregations) item.expression = lower(item.expression, *s);
  leaf_or_top(s);
  SlotSet bound = fixed;
  for (const SlotExpr& item : aggregation->grouping) bound.insert(item.slot);
  for (const SlotExpr& item : aggregation->aggregations) bound.insert(item.slot);
  s->bound = std::move(bound);
  push(s, aggregation, aggregation->grouping.empty() ? 1 : std::sqrt(s->rows));
  s->reads = s->writes = AccessSet{};  // everything below has run
  if (!after->items.empty()) {
    for (SlotExpr& item : after->items) item.expression = lower(item.expression, *s);
    for (const SlotExpr& item : after->items) s->bound.insert(item.slot);
    push(s, after, s->rows);
  }
  *projected = s->bound;
}

void Planner::projection(const ProjectionClause& c, Stream* s, const SlotSet& fixed) {
  AccessSet reads;
  for (const ProjectionItem& item : c.items) expression_access(item.expression, &reads);
  for (const SortItem& item : c.order) expression_access(item.expression, &reads);
  if (c.where) expression_access(c.where, &reads);
  before_read(reads, s);
  std::vector<Expr*> order;
  for (const SortItem& item : c.order) order.push_back(item.expression);
  const bool aggregating = std::any_of(c.items.begin(), c.items.end(), [](const ProjectionItem& i) { return contains_aggregation(i.expression); });
  SlotSet projected = fixed;
  for (const ProjectionItem& item : c.items) projected.insert(item.slot);
  for (Slot slot : passing_) {
    if (!aggregating && !c.distinct && s->bound.contains(slot)) projected.insert(slot);
  }
  SlotSet ignored;
  if (aggregating) {
    if (!count_store(c, s)) aggregate(c, &order, s, fixed, &ignored);
  } else {
    PlanProjection* projection = node<PlanProjection>();
    for (const ProjectionItem& item : c.items) {
      const bool passes = item.expression->kind == ExprKind::kVariable && item.expression->slot == item.slot;
      if (!passes) projection->items.push_back({item.slot, lower(item.expression, *s)});
    }
    leaf_or_top(s);
    // ORDER BY and WHERE may still need what is not projected
    s->bound.insert(projected.begin(), projected.end());
    s->reads.add(reads);
    if (!projection->items.empty()) push(s, projection, s->rows);
  }
  if (c.distinct) {
    PlanDistinct* distinct = node<PlanDistinct>();
    for (const ProjectionItem& item : c.items) distinct->grouping.push_back({item.slot, variable_of(item.slot, arena_.get())});
    s->bound = projected;
    push(s, distinct, s->rows);
  }
  order_and_page(c, order, s, projected);
  if (c.where) {
    std::vector<Expr*> conjuncts;
    split_conjunction(c.where, &conjuncts);
    filter(conjuncts, s);
  }
  // The scope ends here
  s->bound = projected;
  if (s->top) s->top->available.assign(projected.begin(), projected.end());
}

void Planner::order_and_page(const ProjectionClause& c, const std::vector<Expr*>& order, Stream* s, const SlotSet& keep) {
  const auto constant = [](const Expr* e) { return e->kind == ExprKind::kLiteral || e->kind == ExprKind::kParameter; };
  Expr* skip = fold(c.skip);
  Expr* most = fold(c.limit);
  const bool top = !order.empty() && most && constant(most) && (!skip || constant(skip)) && options_.optimise;
  const auto expected = [](const Expr* e) { return e->kind == ExprKind::kLiteral && e->literal.type() == graph::ValueType::kInteger ? static_cast<double>(e->literal.as_integer()) : 10; };
  if (!order.empty()) {
    PlanProjection* keys = node<PlanProjection>();
    PlanSort* sort = node<PlanSort>(top ? PlanOp::kTop : PlanOp::kSort);
    for (size_t i = 0; i < order.size(); ++i) {
      Slot slot = order[i]->kind == ExprKind::kVariable ? order[i]->slot : kNoSlot;
      if (slot == kNoSlot) {
        slot = new_slot(SlotKind::kValue);
        keys->items.push_back({slot, lower(order[i], *s)});
      }
      sort->keys.push_back({slot, c.order[i].descending});
    }
    SlotSet needed = keep;
    if (c.where) {
      for (Slot slot : slots_of(c.where, s->bound)) needed.insert(slot);
    }
    if (!keys->items.empty()) {
      for (const SlotExpr& item : keys->items) s->bound.insert(item.slot);
      push(s, keys, s->rows);
    }
    for (const SortKey& key : sort->keys) needed.insert(key.slot);
    leaf_or_top(s);
    s->top->available.assign(needed.begin(), needed.end());
    s->bound = needed;
    if (top) {
      sort->limit = most;
      sort->skip = skip;
    }
    push(s, sort, top ? std::min(s->rows, expected(most) + (skip ? expected(skip) : 0)) : s->rows);
    s->reads = s->writes = AccessSet{};
  }
  const auto page = [&](PlanOp op, Expr* count) {
    PlanLimit* limit = node<PlanLimit>(op);
    limit->count = lower(count, *s);
    leaf_or_top(s);
    const double n = expected(count);
    push(s, limit, op == PlanOp::kLimit ? std::min(s->rows, n) : std::max(0.0, s->rows - n));
  };
  if (skip) page(PlanOp::kSkip, skip);
  if (most && !top) page(PlanOp::kLimit, most);
}

// MATCH (n:L) RETURN count(*), MATCH ()-[:T]->() RETURN count(*): the counts are kept with the graph.
bool Planner::count_store(const ProjectionClause& c, Stream* s) {
  if (c.items.size() != 1 || !is_aggregation(c.items[0].expression) || !s->top || s->top->left) return false;
  const Expr* e = c.items[0].expression;
  if (e->distinct || (e->kind == ExprKind::kFunction && (e->function->name != "count" || e->children[0]->kind != ExprKind::kVariable))) return false;
  const Slot counted = e->kind == ExprKind::kFunction ? e->children[0]->slot : kNoSlot;
  PlanCountStore* count = nullptr;
  if (s->top->op == PlanOp::kAllNodesScan || (s->top->op == PlanOp::kNodeByLabelScan)) {
    const auto* scan = static_cast<const PlanNodeScan*>(s->top);
    if (counted != kNoSlot && counted != scan->node) return false;
    count = node<PlanCountStore>(PlanOp::kNodeCountFromCountStore);
    if (!scan->labels.empty()) count->label = scan->labels[0];
  } else if (s->top->op == PlanOp::kRelationshipScan) {
    const auto* scan = static_cast<const PlanRelationshipScan*>(s->top);
    if (!scan->directed || (counted != kNoSlot && counted != scan->relationship)) return false;
    count = node<PlanCountStore>(PlanOp::kRelationshipCountFromCountStore);
    count->types = scan->types;
  }
  if (!count) return false;
  count->count = c.items[0].slot;
  s->top = nullptr;
  s->bound.insert(count->count);
  place(s, count, 1);
  s->reads = s->writes = AccessSet{};
  return true;
}

}  // namespace graft::cypher
