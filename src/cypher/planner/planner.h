#pragma once

#include <memory>

#include "cypher/planner/plan.h"
#include "cypher/planner/statistics.h"
#include "cypher/semantic/analyzer.h"

namespace graft::graph {
class GraphView;
}

namespace graft::cypher {

class ProcedureRegistry;

struct PlannedStatement {
  std::shared_ptr<const Plan> plan;
  QueryType type = QueryType::kRead;
  bool expects_large_write = false;
  std::vector<CountUsed> counts_used;
  std::vector<Notification> notifications;  // hints that could not be followed
};

// Plans an analysed statement against the catalog and counts of `view`. Throws QueryError.
PlannedStatement plan_statement(const Statement& statement, Analysis analysis, std::shared_ptr<Arena> arena, const ProcedureRegistry& procedures,
                                const graph::GraphView& view, PlannerOptions options = {});

}  // namespace graft::cypher
