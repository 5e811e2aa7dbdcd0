// SHORTEST k, ANY k and the like over patterns that a breadth-first search does not cover: all paths of the pattern are
// found, and of each pair of ends the wanted ones kept.

#include "cypher/planner/planner_impl.h"

namespace graft::cypher {

bool Planner::needs_selection(const std::vector<PathPattern*>& patterns) {
  for (const PathPattern* path : patterns) {
    if (path->selector == PathSelector::kNone || path->selector == PathSelector::kAll || path->selector == PathSelector::kShortestPathFunction ||
        path->selector == PathSelector::kAllShortestPathsFunction || searches_breadth_first(*path)) {
      continue;
    }
    if (patterns.size() > 1) {
      throw QueryError{ErrorCode::kSyntax, "Multiple path patterns cannot be used in the same clause in combination with a selective path selector", path->position};
    }
    return true;
  }
  return false;
}

void Planner::select_paths(const PathPattern& path, QueryGraph* graph, Stream* s) {
  Arena* arena = arena_.get();
  const auto call = [&](const char* name, std::vector<Expr*> arguments) {
    Expr* e = make_expr(ExprKind::kFunction, std::move(arguments), arena);
    e->name = name;
    e->function = find_function(name);
    return e;
  };
  const auto integer = [&](int64_t n) {
    Expr* e = make_expr(ExprKind::kLiteral, {}, arena);
    e->literal = graph::Value::integer(n);
    return e;
  };
  Slot path_slot = path.slot;
  if (path_slot == kNoSlot) {  // its length is needed
    path_slot = new_slot(SlotKind::kPath);
    Expr* walk = make_expr(ExprKind::kPath, {variable_of(path.parts[0]->node->slot, arena)}, arena);
    for (size_t i = 0; i < graph->edges.size(); ++i) {
      walk->children.push_back(variable_of(graph->edges[i].slot, arena));
      walk->children.push_back(variable_of(graph->edges[i].to, arena));
    }
    graph->paths.push_back({path_slot, walk});
  }
  const Slot start = path.parts.front()->node->slot, end = path.parts.back()->node->slot;
  const SlotSet before = s->bound;
  match_graph(graph, s);
  leaf_or_top(s);

  const Slot length = new_slot(SlotKind::kValue), collected = new_slot(SlotKind::kValue), chosen = new_slot(SlotKind::kValue), lengths = new_slot(SlotKind::kValue);
  PlanProjection* measure = node<PlanProjection>();
  measure->items.push_back({length, call("length", {variable_of(path_slot, arena)})});
  s->bound.insert(length);
  push(s, measure, s->rows);
  PlanSort* sort = node<PlanSort>(PlanOp::kSort);
  sort->keys.push_back({length, false});
  push(s, sort, s->rows);

  // One list per pair of ends: [length, slots ...] of each path, shortest first
  std::vector<Slot> kept;
  for (Slot slot : s->bound) {
    if (!before.contains(slot) && slot != start && slot != end && slot != length) kept.push_back(slot);
  }
  Expr* entry = make_expr(ExprKind::kList, {variable_of(length, arena)}, arena);
  for (Slot slot : kept) entry->children.push_back(variable_of(slot, arena));
  PlanAggregation* group = node<PlanAggregation>();
  group->grouping.push_back({start, variable_of(start, arena)});
  if (end != start) group->grouping.push_back({end, variable_of(end, arena)});
  group->aggregations.push_back({collected, call("collect", {entry})});
  Expr* distinct = call("collect", {variable_of(length, arena)});
  distinct->distinct = true;
  group->aggregations.push_back({lengths, distinct});
  s->bound = before;
  s->bound.insert({start, end, collected, lengths});
  push(s, group, s->rows / 2);

  Expr* count = path.count ? lower(path.count, *s) : integer(1);
  Expr* wanted;
  if (path.selector == PathSelector::kShortestGroups || path.selector == PathSelector::kAllShortest) {
    const Slot item = new_slot(SlotKind::kValue);
    Expr* among = make_expr(ExprKind::kSlice, {variable_of(lengths, arena), integer(0), count}, arena);
    Expr* test = make_expr(ExprKind::kIn, {make_expr(ExprKind::kIndex, {variable_of(item, arena), integer(0)}, arena), among}, arena);
    wanted = make_expr(ExprKind::kListComprehension, {variable_of(collected, arena), test, nullptr}, arena);
    wanted->slot = item;
  } else {
    wanted = make_expr(ExprKind::kSlice, {variable_of(collected, arena), integer(0), count}, arena);
  }
  PlanUnwind* unwind = node<PlanUnwind>();
  unwind->list = wanted;
  unwind->slot = chosen;
  s->bound.insert(chosen);
  push(s, unwind, s->rows);
  PlanProjection* restore = node<PlanProjection>();
  for (size_t i = 0; i < kept.size(); ++i) {
    restore->items.push_back({kept[i], make_expr(ExprKind::kIndex, {variable_of(chosen, arena), integer(static_cast<int64_t>(i) + 1)}, arena)});
    s->bound.insert(kept[i]);
  }
  push(s, restore, s->rows);
}

}  // namespace graft::cypher
