#pragma once

// Running a plan. Everything here works on an immutable Plan that several executions may share.

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cypher/planner/plan.h"
#include "cypher/query.h"

namespace graft::cypher {

// The plan starts lazily, at the first next(). The plan's owner, view and transaction must outlive the execution.
std::unique_ptr<Execution> start_execution(std::shared_ptr<const Plan> plan, QueryMode mode, const graph::GraphView& view,
                                           graph::GraphTransaction* transaction, ExecutionOptions options);

// The value of an expression without variables. Throws QueryError. view may be null: then functions that read the graph fail.
graph::Value evaluate_constant(const Expr& expression, const std::vector<std::pair<std::string, graph::Value>>& parameters,
                               const graph::GraphView* view = nullptr, const ExecutionOptions* options = nullptr);

}  // namespace graft::cypher
