// Right sides of the Apply family that need not run once per row: those that take each row by itself go on from the left
// side, those that read nothing of it run once.

#include <algorithm>

#include "cypher/executor/plan_writes.h"
#include "cypher/planner/planner_impl.h"

namespace graft::cypher {

namespace {

// Gives for each input row what it would give for that row alone, in the same order.
bool takes_rows_singly(PlanOp op) {
  switch (op) {
    case PlanOp::kFilter: case PlanOp::kProjection: case PlanOp::kUnwind: case PlanOp::kExpandAll: case PlanOp::kExpandInto: case PlanOp::kOptionalExpandAll:
    case PlanOp::kOptionalExpandInto: case PlanOp::kVarLengthExpandAll: case PlanOp::kVarLengthExpandInto: case PlanOp::kShortestPath: case PlanOp::kProjectEndpoints:
    case PlanOp::kSemiApply: case PlanOp::kAntiSemiApply: case PlanOp::kRollUpApply: return true;
    default: return false;
  }
}

bool reads_any_of(const PlanNode* plan, const std::vector<Slot>& slots) {
  SlotSet reads;
  add_reads_of_tree(plan, &reads);
  return std::any_of(slots.begin(), slots.end(), [&](Slot slot) { return reads.contains(slot); });
}

void drop_available(PlanNode* plan, const std::vector<Slot>& slots) {
  for (PlanNode* n = plan; n != nullptr; n = n->left) {
    std::erase_if(n->available, [&](Slot slot) { return std::find(slots.begin(), slots.end(), slot) != slots.end(); });
    if (n->right != nullptr) drop_available(n->right, slots);
  }
}

}  // namespace

// CALL (p) { MATCH (p)-->(q) RETURN q }: the chain goes on from the rows outside.
bool Planner::unnest(PlanNode** link) {
  PlanNode* apply = *link;
  if (apply->op != PlanOp::kApply) return false;
  PlanNode** bottom = &apply->right;
  while (takes_rows_singly((*bottom)->op)) bottom = &(*bottom)->left;
  if ((*bottom)->op != PlanOp::kArgument) return false;
  for (PlanNode* n = apply->right; n != *bottom; n = n->left) {
    std::vector<Slot> available;
    std::vector<Slot> left = apply->left->available;
    std::sort(left.begin(), left.end());
    std::sort(n->available.begin(), n->available.end());
    std::set_union(left.begin(), left.end(), n->available.begin(), n->available.end(), std::back_inserter(available));
    n->available = std::move(available);
    n->estimated_rows *= std::max(1.0, apply->left->estimated_rows);
  }
  *bottom = apply->left;
  *link = apply->right;
  return true;
}

// True: there is another operator now.
bool Planner::run_once(PlanNode** link) {
  constexpr double kFewRows = 1'000;  // are held rather than found again
  PlanNode* apply = *link;
  const bool semi = apply->op == PlanOp::kSemiApply || apply->op == PlanOp::kAntiSemiApply;
  if (!semi && (apply->op != PlanOp::kApply || apply->right->estimated_rows > kFewRows || apply->left->estimated_rows < 2)) return false;
  if (!semi && may_write(*apply->left)) return false;  // which would then come after the reads of the right side
  if (apply->right->op == PlanOp::kArgument || reads_any_of(apply->right, apply->left->available) || !repeats(*apply->right)) return false;
  if (semi) {
    static_cast<PlanApply*>(apply)->once = true;
    return false;
  }
  drop_available(apply->right, apply->left->available);
  PlanNode* right = apply->right;
  replace(link, node<PlanCartesianProduct>(), apply->left, apply->available, apply->estimated_rows);
  (*link)->right = right;
  return true;
}

}  // namespace graft::cypher
