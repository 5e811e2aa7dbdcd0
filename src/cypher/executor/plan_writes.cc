#include "cypher/executor/plan_writes.h"

#include "cypher/procedures/registry.h"

namespace graft::cypher {

bool may_write(const PlanNode& plan) {
  switch (plan.op) {
    case PlanOp::kCreate:
    case PlanOp::kSetProperties:
    case PlanOp::kRemove:
    case PlanOp::kDelete:
    case PlanOp::kMerge:
    case PlanOp::kForeach:
    case PlanOp::kTransactionApply:
    case PlanOp::kSchemaCommand: return true;
    case PlanOp::kProcedureCall:
      if (static_cast<const PlanProcedureCall&>(plan).procedure->mode != ProcedureMode::kRead) return true;
      break;
    default: break;
  }
  return (plan.left != nullptr && may_write(*plan.left)) || (plan.right != nullptr && may_write(*plan.right));
}

}  // namespace graft::cypher
