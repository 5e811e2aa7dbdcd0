#include "cypher/executor/plan_writes.h"

#include "cypher/procedures/registry.h"

namespace graft::cypher {

bool writes_itself(const PlanNode& node) {
  switch (node.op) {
    case PlanOp::kCreate:
    case PlanOp::kSetProperties:
    case PlanOp::kRemove:
    case PlanOp::kDelete:
    case PlanOp::kMerge:
    case PlanOp::kForeach:
    case PlanOp::kTransactionApply:
    case PlanOp::kSchemaCommand: return true;
    case PlanOp::kProcedureCall: return static_cast<const PlanProcedureCall&>(node).procedure->mode != ProcedureMode::kRead;
    default: return false;
  }
}

bool may_write(const PlanNode& plan) {
  if (writes_itself(plan)) return true;
  return (plan.left != nullptr && may_write(*plan.left)) || (plan.right != nullptr && may_write(*plan.right));
}

}  // namespace graft::cypher
