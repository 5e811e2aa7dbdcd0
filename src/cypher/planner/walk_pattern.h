#pragma once

// A chain of expansions, filters and pattern predicates in a plan, taken apart again, so that it can be walked in another
// order: see walk.h.

#include <map>
#include <vector>

#include "cypher/planner/plan_slots.h"
#include "cypher/planner/walk.h"

namespace graft::cypher {

struct PatternEdge {
  Slot from = kNoSlot, to = kNoSlot, slot = kNoSlot;
  graph::Direction direction = graph::Direction::kBoth;  // from `from`
  std::vector<Token> types;
  std::vector<int> unique_with;         // other edges; both ways
  std::vector<Slot> unique_slots;       // relationships from outside
  bool read = false;                    // someone reads the relationship
};
struct PatternTest {                    // (NOT) EXISTS { (from)--(to) }
  Slot from = kNoSlot, to = kNoSlot;
  graph::Direction direction = graph::Direction::kBoth;
  std::vector<Token> types;
  bool negated = false;
};
struct PatternPredicate {
  Expr* expression = nullptr;
  SlotSet needs;
};

struct WalkPattern {
  PlanNode* bottom = nullptr;           // what the chain starts from
  std::vector<Slot> input;              // slots of the rows that it starts from
  std::vector<Slot> nodes;              // bound by the chain, in its order
  std::vector<PatternEdge> edges;
  std::map<Slot, std::vector<Token>> labels;
  std::vector<std::pair<Slot, Slot>> differs;
  std::vector<PatternTest> tests;
  std::vector<PatternPredicate> predicates;
  double rows = 0;                      // the most that an operator of the chain was expected to give

  bool binds(Slot slot) const;          // a node or relationship of the chain
  bool binds_node(Slot slot) const;
};

bool is_chain_operator(const PlanNode& node);
// False: there is something in the chain that cannot be walked. with_scan: a scan at the bottom is taken into the pattern,
// bottom is null then, and the walk may start from any of its nodes; false if there is none.
bool take_pattern_apart(PlanNode* top, bool with_scan, WalkPattern* out);

// Which nodes are walked, in which order; the others hang on them in tails.
struct WalkOrder {
  std::vector<Slot> nodes;              // all of the pattern's, each with an edge to one before it or to the input
  std::vector<bool> spine;              // by position in nodes
};

// Moves every node that nobody needs into a tail, as far as tails may go.
WalkOrder order_walk(const WalkPattern& pattern, const std::vector<Slot>& nodes, const SlotSet& needed);
void build_walk(const WalkPattern& pattern, const WalkOrder& order, const SlotSet& needed, PlanWalk* out);

}  // namespace graft::cypher
