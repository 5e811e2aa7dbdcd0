#include "cypher/planner/plan_slots.h"

#include <algorithm>

#include "cypher/functions/registry.h"
#include "cypher/planner/walk.h"

namespace graft::cypher {
namespace {

void each_label_expression(const LabelExpr* labels, const std::function<void(Expr*)>& visit) {
  if (!labels) return;
  if (labels->dynamic) visit(labels->dynamic);
  for (const LabelExpr* child : labels->children) each_label_expression(child, visit);
}

void each_set_item(const std::vector<SetItem>& items, const std::function<void(Expr*)>& visit) {
  for (const SetItem& item : items) {
    for (Expr* e : {item.target, item.key_expression, item.value}) {
      if (e) visit(e);
    }
    for (Expr* label : item.dynamic_labels) visit(label);
  }
}

void each_created(const std::vector<CreateNodeItem>& nodes, const std::vector<CreateRelationshipItem>& relationships, const std::function<void(Expr*)>& visit) {
  for (const CreateNodeItem& item : nodes) {
    if (item.properties) visit(item.properties);
    for (Expr* label : item.dynamic_labels) visit(label);
  }
  for (const CreateRelationshipItem& item : relationships) {
    if (item.properties) visit(item.properties);
    if (item.dynamic_type) visit(item.dynamic_type);
  }
}

void each_step_expression(const WalkStep& step, const std::function<void(Expr*)>& visit) {
  for (Expr* e : step.predicates) visit(e);
}

void each_tail_expression(const WalkTail& tail, const std::function<void(Expr*)>& visit) {
  each_step_expression(tail.step, visit);
  for (const WalkTail& child : tail.children) each_tail_expression(child, visit);
}

template <class T>
const T& as(const PlanNode& node) { return static_cast<const T&>(node); }

}  // namespace

void each_expression(const PlanNode& node, const std::function<void(Expr*)>& visit) {
  const auto one = [&](Expr* e) {
    if (e) visit(e);
  };
  const auto all = [&](const std::vector<Expr*>& list) {
    for (Expr* e : list) one(e);
  };
  const auto items = [&](const std::vector<SlotExpr>& list) {
    for (const SlotExpr& item : list) one(item.expression);
  };
  switch (node.op) {
    case PlanOp::kNodeByIdSeek: case PlanOp::kRelationshipByIdSeek: return one(as<PlanIdSeek>(node).ids);
    case PlanOp::kNodeIndexSeek: case PlanOp::kNodeIndexScan: case PlanOp::kRelationshipIndexSeek:
      for (const SeekKey& key : as<PlanIndexSeek>(node).keys) {
        one(key.lower);
        one(key.upper);
      }
      return;
    case PlanOp::kExpandAll: case PlanOp::kExpandInto: case PlanOp::kOptionalExpandAll: case PlanOp::kOptionalExpandInto: return all(as<PlanExpand>(node).predicates);
    case PlanOp::kVarLengthExpandAll: case PlanOp::kVarLengthExpandInto: case PlanOp::kPruningVarLengthExpand: return all(as<PlanVarLengthExpand>(node).step_predicates);
    case PlanOp::kShortestPath:
      all(as<PlanShortestPath>(node).step_predicates);
      return all(as<PlanShortestPath>(node).path_predicates);
    case PlanOp::kFilter: return all(as<PlanFilter>(node).predicates);
    case PlanOp::kProjection: return items(as<PlanProjection>(node).items);
    case PlanOp::kEagerAggregation:
      items(as<PlanAggregation>(node).grouping);
      return items(as<PlanAggregation>(node).aggregations);
    case PlanOp::kDistinct: return items(as<PlanDistinct>(node).grouping);
    case PlanOp::kSort: case PlanOp::kTop:
      one(as<PlanSort>(node).limit);
      return one(as<PlanSort>(node).skip);
    case PlanOp::kSkip: case PlanOp::kLimit:
      one(as<PlanLimit>(node).count);
      return one(as<PlanLimit>(node).skip);
    case PlanOp::kUnwind: return one(as<PlanUnwind>(node).list);
    case PlanOp::kLoadCsv: return one(as<PlanLoadCsv>(node).url);
    case PlanOp::kProcedureCall: return all(as<PlanProcedureCall>(node).arguments);
    case PlanOp::kCreate: return each_created(as<PlanCreate>(node).nodes, as<PlanCreate>(node).relationships, visit);
    case PlanOp::kSetProperties: case PlanOp::kRemove: return each_set_item(as<PlanSet>(node).items, visit);
    case PlanOp::kDelete: return all(as<PlanDelete>(node).expressions);
    case PlanOp::kMerge:
      each_created(as<PlanMerge>(node).nodes, as<PlanMerge>(node).relationships, visit);
      each_set_item(as<PlanMerge>(node).on_create, visit);
      return each_set_item(as<PlanMerge>(node).on_match, visit);
    case PlanOp::kForeach: return one(as<PlanForeach>(node).list);
    case PlanOp::kTransactionApply: return one(as<PlanTransactionApply>(node).options->batch_size);
    case PlanOp::kValueHashJoin:
      one(as<PlanHashJoin>(node).left_key);
      return one(as<PlanHashJoin>(node).right_key);
    case PlanOp::kWalk:
      for (const WalkStep& step : as<PlanWalk>(node).spine) each_step_expression(step, visit);
      for (const auto& list : as<PlanWalk>(node).tails) {
        for (const WalkTail& tail : list) each_tail_expression(tail, visit);
      }
      return;
    default: return;
  }
}

namespace {

void add_expression(const Expr* e, SlotSet* out) {
  collect_slots(e, out);
  out->insert(e->arguments.begin(), e->arguments.end());
  for (const Expr* child : e->children) {
    if (child) add_expression(child, out);
  }
}

void add_step(const WalkStep& step, SlotSet* out) {
  for (const WalkEdge& e : step.edges) {
    out->insert(e.from);
    out->insert(e.unique_slots.begin(), e.unique_slots.end());
  }
  for (const WalkEdge& e : step.tests) out->insert(e.from);
  out->insert(step.differs.begin(), step.differs.end());
}

void add_structure(const PlanNode& node, SlotSet* out) {
  const auto list = [&](const auto& slots) { out->insert(slots.begin(), slots.end()); };
  switch (node.op) {
    case PlanOp::kExpandAll: case PlanOp::kExpandInto: case PlanOp::kOptionalExpandAll: case PlanOp::kOptionalExpandInto: {
      const auto& n = as<PlanExpand>(node);
      out->insert(n.from);
      if (node.op == PlanOp::kExpandInto || node.op == PlanOp::kOptionalExpandInto) out->insert(n.to);
      return list(n.unique_with);
    }
    case PlanOp::kVarLengthExpandAll: case PlanOp::kVarLengthExpandInto: case PlanOp::kPruningVarLengthExpand: {
      const auto& n = as<PlanVarLengthExpand>(node);
      out->insert(n.from);
      if (node.op == PlanOp::kVarLengthExpandInto) out->insert(n.to);
      return list(n.unique_with);
    }
    case PlanOp::kShortestPath: out->insert({as<PlanShortestPath>(node).from, as<PlanShortestPath>(node).to}); return;
    case PlanOp::kProjectEndpoints: {
      const auto& n = as<PlanProjectEndpoints>(node);
      out->insert({n.relationship, n.from, n.to});
      return;
    }
    case PlanOp::kRepeat: {
      const auto& n = as<PlanRepeat>(node);
      out->insert({n.start, n.end, n.inner_start, n.inner_end, n.relationships});
      for (const auto& [inner, outer] : n.groups) out->insert({inner, outer});
      list(n.inner_relationships);
      return list(n.unique_with);
    }
    case PlanOp::kEagerAggregation: out->insert(as<PlanAggregation>(node).weight); return;
    case PlanOp::kSort: case PlanOp::kTop:
      for (const SortKey& key : as<PlanSort>(node).keys) out->insert(key.slot);
      return;
    case PlanOp::kProduceResults: case PlanOp::kEmptyResult:
      for (const auto& column : as<PlanResults>(node).columns) out->insert(column.second);
      return;
    case PlanOp::kCreate:
      for (const CreateRelationshipItem& item : as<PlanCreate>(node).relationships) out->insert({item.from, item.to});
      return;
    case PlanOp::kMerge:
      for (const CreateRelationshipItem& item : as<PlanMerge>(node).relationships) out->insert({item.from, item.to});
      return;
    case PlanOp::kRollUpApply: out->insert(as<PlanRollUpApply>(node).slot); return;
    case PlanOp::kNodeHashJoin: return list(as<PlanHashJoin>(node).nodes);
    case PlanOp::kUnion: list(as<PlanUnion>(node).left_slots); return list(as<PlanUnion>(node).right_slots);
    case PlanOp::kWalk:
      for (const WalkStep& step : as<PlanWalk>(node).spine) add_step(step, out);
      for (const auto& tails : as<PlanWalk>(node).tails) {
        for (const WalkTail& tail : tails) add_step(tail.step, out);
      }
      return;
    default: return;
  }
}

}  // namespace

void add_reads(const PlanNode& node, SlotSet* out) {
  add_structure(node, out);
  each_expression(node, [&](Expr* e) { add_expression(e, out); });
  out->erase(kNoSlot);
}

void add_reads_of_tree(const PlanNode* node, SlotSet* out) {
  for (; node; node = node->left) {
    add_reads(*node, out);
    if (node->right) add_reads_of_tree(node->right, out);
  }
}

SlotSet created_slots(const PlanMerge& merge) {
  SlotSet slots;
  for (const CreateNodeItem& item : merge.nodes) slots.insert(item.node);
  for (const CreateRelationshipItem& item : merge.relationships) slots.insert(item.relationship);
  return slots;
}

namespace {

bool only_reads_graph(PlanOp op) {
  switch (op) {
    case PlanOp::kSchemaCommand: case PlanOp::kShow: case PlanOp::kLoadCsv: case PlanOp::kProcedureCall: case PlanOp::kCreate: case PlanOp::kSetProperties: case PlanOp::kRemove:
    case PlanOp::kDelete: case PlanOp::kForeach: case PlanOp::kMerge: case PlanOp::kTransactionApply: return false;
    default: return true;
  }
}

bool repeats(const Expr& e) {
  if (e.kind == ExprKind::kFunction && e.function != nullptr && e.function->stability == Stability::kNever) return false;
  if (e.plan != nullptr && !repeats(*e.plan)) return false;
  return std::all_of(e.children.begin(), e.children.end(), [](const Expr* child) { return child == nullptr || repeats(*child); });
}

}  // namespace

bool repeats(const PlanNode& plan) {
  for (const PlanNode* n = &plan; n != nullptr; n = n->left) {
    if (!only_reads_graph(n->op)) return false;
    bool same = true;
    each_expression(*n, [&](const Expr* e) { same &= repeats(*e); });
    if (!same || (n->right != nullptr && !repeats(*n->right))) return false;
  }
  return true;
}

}  // namespace graft::cypher
