#pragma once

#include <functional>
#include <string>

#include "cypher/planner/plan.h"
#include "cypher/query.h"

namespace graft::cypher {

// The plan as EXPLAIN and PROFILE show it: operators by Neo4j's names, Details, EstimatedRows. add_runtime, if not empty,
// adds what a run has measured to the description of a node.
PlanDescription describe_plan(const Plan& plan, const std::function<void(const PlanNode&, PlanDescription*)>& add_runtime = {});

// An expression roughly as it was written, on one line.
std::string to_text(const Expr& expression);

}  // namespace graft::cypher
