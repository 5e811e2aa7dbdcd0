#pragma once

// One MATCH as a graph: nodes, relationships, and predicates that know which of them they need.

#include <string>
#include <vector>

#include "cypher/parser/arena.h"
#include "cypher/planner/plan.h"
#include "cypher/planner/slots_of.h"

namespace graft::cypher {

enum class EdgeKind : uint8_t { kSimple, kVarLength, kQuantified, kShortest };

struct GraphEdge {
  EdgeKind kind = EdgeKind::kSimple;
  Slot from = kNoSlot, to = kNoSlot;    // as written, left to right
  Slot slot = kNoSlot;                  // relationship, or list of them
  bool bound = false;                   // the relationship is known from before
  graph::Direction direction = graph::Direction::kBoth;
  std::vector<std::string> types;       // empty: any
  Quantifier length;
  Slot step = kNoSlot;                  // kVarLength, kShortest: the step's relationship in step_predicates
  std::vector<Expr*> step_predicates;
  const PatternPart* quantified = nullptr;
  bool all_shortest = false;
  PathPattern* path = nullptr;          // kShortest
  bool unique = true;                   // takes part in relationship uniqueness
};

struct GraphPredicate {
  Expr* expression = nullptr;
  SlotSet needs;                        // of the match's slots and those bound before
};

struct NamedPath {
  Slot slot = kNoSlot;
  Expr* expression = nullptr;           // kPath
};

struct QueryGraph {
  std::vector<Slot> nodes;              // each once, in order of appearance
  std::vector<GraphEdge> edges;
  std::vector<GraphPredicate> predicates;
  std::vector<NamedPath> paths;
  SlotSet introduced;                   // everything that the match binds
};

// What the graph builder needs from the planner.
class SlotSource {
 public:
  virtual ~SlotSource() = default;
  virtual Slot new_slot(SlotKind kind) = 0;
};

QueryGraph make_query_graph(const std::vector<PathPattern*>& patterns, Expr* where, bool unique, const SlotSet& bound, Arena* arena, SlotSource* slots);

// True if the path's selector and shape let PlanShortestPath find it.
bool searches_breadth_first(const PathPattern& path);

// Helpers that make expressions.
Expr* variable_of(Slot slot, Arena* arena);
Expr* make_expr(ExprKind kind, std::vector<Expr*> children, Arena* arena);
void split_conjunction(Expr* e, std::vector<Expr*>* out);
// The names, if the expression is a name or an alternative of names; false for anything else.
bool plain_alternatives(const LabelExpr* labels, std::vector<std::string>* names);

}  // namespace graft::cypher
