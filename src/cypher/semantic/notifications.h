#pragma once

// What Neo4j would tell a user about a statement beside its result: names that the graph does not have, cartesian products,
// unbounded shortest paths, deprecated features. Codes, titles, texts and positions are those of Neo4j 5.26.

#include <string_view>
#include <vector>

#include "cypher/parser/ast.h"
#include "cypher/planner/plan.h"
#include "cypher/query.h"

namespace graft::cypher {

// The statement must be analysed. slots: of its variables.
std::vector<Notification> notifications_of(const Statement& statement, const std::vector<SlotInfo>& slots, const graph::Catalog& catalog, std::string_view text);

}  // namespace graft::cypher
