#pragma once

// Which slots the operators of a plan read: what may be dropped from rows, and what a pattern need not bind.

#include <functional>

#include "cypher/planner/plan.h"
#include "cypher/planner/slots_of.h"

namespace graft::cypher {

// Slots that the operator itself reads from its input or argument row.
void add_reads(const PlanNode& node, SlotSet* out);
// The same over a whole tree.
void add_reads_of_tree(const PlanNode* node, SlotSet* out);
// What a Merge binds itself, found or made; the rest of its rows is its left's.
SlotSet created_slots(const PlanMerge& merge);
// Would a second run give the same, as long as the graph is the same? It only reads, and nothing random.
bool repeats(const PlanNode& plan);
// Calls visit for each expression that the operator evaluates.
void each_expression(const PlanNode& node, const std::function<void(Expr*)>& visit);

}  // namespace graft::cypher
