#pragma once

#include "cypher/planner/plan.h"

namespace graft::cypher {

// True if running this part of the plan may change the graph: then LIMIT must not cut it short.
bool may_write(const PlanNode& plan);
// The same of this operator alone.
bool writes_itself(const PlanNode& node);

}  // namespace graft::cypher
