// What the whole plan says about order and duplicates: ORDER BY that an index serves, and walks of variable length of which
// only the ends are wanted.

#include <algorithm>

#include "cypher/planner/planner_impl.h"

namespace graft::cypher {
namespace {

bool same_result_for_duplicates(const PlanAggregation& aggregation) {
  return std::all_of(aggregation.aggregations.begin(), aggregation.aggregations.end(), [](const SlotExpr& item) {
    const Expr* e = item.expression;
    return e->kind == ExprKind::kFunction && (e->distinct || (e->function && (e->function->name == "min" || e->function->name == "max")));
  });
}

// Gives its rows in the order of its left input's.
bool keeps_order(PlanOp op) {
  switch (op) {
    case PlanOp::kFilter: case PlanOp::kProjection: case PlanOp::kExpandAll: case PlanOp::kExpandInto: case PlanOp::kOptionalExpandAll: case PlanOp::kOptionalExpandInto:
    case PlanOp::kVarLengthExpandAll: case PlanOp::kVarLengthExpandInto: case PlanOp::kUnwind: case PlanOp::kSemiApply: case PlanOp::kAntiSemiApply: case PlanOp::kApply:
    case PlanOp::kSkip: case PlanOp::kLimit: case PlanOp::kCartesianProduct: case PlanOp::kEager: case PlanOp::kWalk: return true;
    default: return false;
  }
}

struct OrderKey {
  Slot slot = kNoSlot;      // of the value, or, once it is known, of the entity that it is a property of
  std::string property;
};

// Looks through a projection; false: the key is no property of an entity.
bool see_through(const PlanProjection& projection, OrderKey* key) {
  for (const SlotExpr& item : projection.items) {
    if (item.slot != key->slot) continue;
    const Expr* e = item.expression;
    if (e->kind == ExprKind::kVariable) {
      key->slot = e->slot;
      return true;
    }
    if (!key->property.empty() || e->kind != ExprKind::kProperty || e->children[0]->kind != ExprKind::kVariable) return false;
    *key = {e->children[0]->slot, e->name};
    return true;
  }
  return true;
}

// Do the seek's entries come in the order of the keys?
bool ordered_by(const PlanIndexSeek& seek, const std::vector<OrderKey>& keys, bool descending) {
  if (seek.index_kind == graph::IndexKind::kPoint) return false;
  size_t at = 0, equal = 0;
  while (equal < seek.keys.size() && seek.keys[equal].kind == SeekKind::kEqual) ++equal;
  if (descending && equal > 0) return false;
  for (const OrderKey& key : keys) {
    if (key.slot != seek.entity || key.property.empty()) return false;
    while (at < equal && at < seek.properties.size() && seek.properties[at].name != key.property) ++at;  // the same in all
    if (at >= seek.properties.size() || seek.properties[at].name != key.property) return false;
    ++at;
  }
  // An IN list that is not what is ordered by first would mix up what follows
  for (size_t i = 0; i < seek.keys.size(); ++i) {
    if (seek.keys[i].kind == SeekKind::kIn && (i != equal || keys[0].property != seek.properties[i].name || (descending && keys.size() > 1))) return false;
  }
  return true;
}

}  // namespace

bool Planner::duplicates_matter_below(const PlanNode& n, bool above) {
  switch (n.op) {
    case PlanOp::kDistinct: return false;
    case PlanOp::kEagerAggregation: return !same_result_for_duplicates(static_cast<const PlanAggregation&>(n));
    case PlanOp::kFilter: case PlanOp::kProjection: case PlanOp::kExpandAll: case PlanOp::kExpandInto: case PlanOp::kVarLengthExpandAll: case PlanOp::kVarLengthExpandInto:
    case PlanOp::kOptionalExpandAll: case PlanOp::kOptionalExpandInto: case PlanOp::kPruningVarLengthExpand: case PlanOp::kSort: case PlanOp::kSemiApply: case PlanOp::kAntiSemiApply: case PlanOp::kApply: case PlanOp::kOptional: case PlanOp::kUnwind:
    case PlanOp::kCartesianProduct: case PlanOp::kNodeHashJoin: case PlanOp::kValueHashJoin: case PlanOp::kWalk: return above;
    default: return true;
  }
}

// Which way leads to an end does not matter when only ends are asked for, each once: breadth first.
void Planner::prune_walks(PlanNode* n, const SlotSet& needed) {
  if (n->op != PlanOp::kVarLengthExpandAll) return;
  auto* expand = static_cast<PlanVarLengthExpand*>(n);
  if (expand->min > 1 || needed.contains(expand->relationships)) return;
  n->op = PlanOp::kPruningVarLengthExpand;
  expand->relationships = kNoSlot;
}

// OPTIONAL MATCH of one relationship: no plan of its own per row.
void Planner::optional_expand(PlanNode** link) {
  if ((*link)->op != PlanOp::kApply || (*link)->right->op != PlanOp::kOptional) return;
  const auto& optional = static_cast<const PlanOptional&>(*(*link)->right);
  const PlanNode* inner = optional.left;
  std::vector<Expr*> predicates;
  if (inner->op == PlanOp::kFilter) {
    predicates = static_cast<const PlanFilter*>(inner)->predicates;
    inner = inner->left;
  }
  const bool into = inner->op == PlanOp::kExpandInto;
  if ((inner->op != PlanOp::kExpandAll && !into) || inner->left->op != PlanOp::kArgument) return;
  const auto& expand = static_cast<const PlanExpand&>(*inner);
  const bool all_set = std::all_of(optional.nulls.begin(), optional.nulls.end(), [&](Slot slot) { return slot == expand.relationship || (slot == expand.to && !into); });
  if (!all_set || !expand.unique_with.empty()) return;
  PlanExpand* out = node<PlanExpand>(into ? PlanOp::kOptionalExpandInto : PlanOp::kOptionalExpandAll);
  out->from = expand.from;
  out->relationship = expand.relationship;
  out->to = expand.to;
  out->direction = expand.direction;
  out->types = expand.types;
  out->predicates = std::move(predicates);
  replace(link, out, (*link)->left, (*link)->available, (*link)->estimated_rows);
}

// ORDER BY what an index gives in that order already.
void Planner::serve_order(PlanNode** link) {
  if ((*link)->op != PlanOp::kSort && (*link)->op != PlanOp::kTop) return;
  const auto* sort = static_cast<const PlanSort*>(*link);
  std::vector<OrderKey> keys;
  for (const SortKey& key : sort->keys) {
    if (key.descending != sort->keys[0].descending) return;
    keys.push_back({key.slot, ""});
  }
  PlanNode* n = sort->left;
  for (; keeps_order(n->op) && n->left; n = n->left) {
    if (n->op != PlanOp::kProjection) continue;
    for (OrderKey& key : keys) {
      if (!see_through(*static_cast<const PlanProjection*>(n), &key)) return;
    }
  }
  if (n->op != PlanOp::kNodeIndexSeek && n->op != PlanOp::kNodeIndexScan && n->op != PlanOp::kRelationshipIndexSeek) return;
  auto* seek = static_cast<PlanIndexSeek*>(n);
  const bool descending = sort->keys[0].descending;
  if ((seek->ordered && seek->descending != descending) || !ordered_by(*seek, keys, descending)) return;
  seek->ordered = true;
  seek->descending = descending;
  if (!sort->limit) {
    *link = sort->left;
    return;
  }
  PlanLimit* limit = node<PlanLimit>(PlanOp::kLimit);
  limit->count = sort->limit;
  limit->skip = sort->skip;
  replace(link, limit, sort->left, sort->available, sort->estimated_rows);
}

}  // namespace graft::cypher
