#pragma once

// The rows of SHOW commands, each as a map from column name to value: all columns, also those that only YIELD * gives.

#include <vector>

#include "cypher/functions/query_context.h"
#include "cypher/parser/ast.h"

namespace graft::cypher {

std::vector<graph::Map> show_indexes(QueryContext& context);
std::vector<graph::Map> show_constraints(QueryContext& context);
std::vector<graph::Map> show_procedures(QueryContext& context);
std::vector<graph::Map> show_functions();
std::vector<graph::Map> show_databases(QueryContext& context);
// Does the row belong to SHOW <filter> ...?
bool passes_filter(const ShowCommand& command, const graph::Map& row);

}  // namespace graft::cypher
