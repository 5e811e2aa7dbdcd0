#pragma once

// Semantic analysis: resolves names to slots and functions, infers types as far as is certain, and raises openCypher's
// compile-time errors. Works in place on the syntax tree.

#include <string>
#include <vector>

#include "cypher/parser/arena.h"
#include "cypher/parser/ast.h"
#include "cypher/planner/plan.h"
#include "cypher/query.h"

namespace graft::cypher {

class ProcedureRegistry;

struct Analysis {
  std::vector<SlotInfo> slots;             // the planner adds its own
  bool standalone_call = false;            // the statement is one CALL procedure
};

// Throws QueryError: kSyntax, positioned; kProcedureNotFound.
Analysis analyze(Statement* statement, Arena* arena, const ProcedureRegistry& procedures);

// True if the expression has an aggregation that belongs to it (subqueries have their own).
bool contains_aggregation(const Expr* e);
// The same tree: kinds, names, constants. Patterns and subqueries are never the same.
bool same_expression(const Expr* a, const Expr* b);
// The known name closest to `name`, or empty if none is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& known);
bool is_aggregation(const Expr* e);

}  // namespace graft::cypher
