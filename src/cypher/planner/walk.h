#pragma once

// A piece of a pattern that one operator walks, node by node, instead of joining relationship by relationship.
//
// Spine. A step binds one node: the neighbours by its first edge that its other edges reach too (so a cycle costs an
// intersection of lists and never a row per open path: Ngo, Re, Rudra, "Skew strikes back", 2013), less what its
// predicates refuse. Each full spine is a row.
//
// Tails. What no one above reads of the pattern is not walked but counted: a tail is a tree whose root hangs on bound
// nodes, the number of its matches depends on the node above alone and is remembered, and what relationship uniqueness,
// <> and NOT (a)--(b) forbid at its root is subtracted. A row's weight is the product of its tails' counts.

#include <vector>

#include "cypher/planner/plan.h"

namespace graft::cypher {

struct WalkEdge {
  int id = 0;                          // of this walk, dense
  Slot from = kNoSlot;                 // bound before; a tail's inner edge: the node above
  Slot relationship = kNoSlot;         // kNoSlot: nobody reads it
  graph::Direction direction = graph::Direction::kBoth;  // as seen from `from`
  std::vector<Token> types;
  bool tracked = false;                // which relationship it was is wanted: read above, or by uniqueness
  bool negated = false;                // of `tests`: there must be none
  std::vector<int> unique_with;        // edges that must be other relationships than this one
  std::vector<Slot> unique_slots;      // and relationships (or lists of them) of the input row
};

struct WalkStep {
  Slot node = kNoSlot;
  std::vector<WalkEdge> edges;         // at least one
  std::vector<Token> labels;
  std::vector<Expr*> predicates;
  std::vector<Slot> differs;           // bound nodes that it must not be
  std::vector<WalkEdge> tests;         // (NOT) EXISTS { (from)--(node) }
};

struct WalkTail {
  WalkStep step;
  std::vector<WalkTail> children;
  bool unique_above = false;           // its relationship must differ from the one that led to the node above
  bool no_loop = false;                // the node must differ from the one above
};

struct PlanWalk : PlanNode {
  PlanWalk() : PlanNode(PlanOp::kWalk) {}
  std::vector<WalkStep> spine;
  std::vector<std::vector<WalkTail>> tails;  // [i]: roots that hang on the input and the first i steps of the spine
  Slot weight = kNoSlot;               // without: a row is repeated as often as it weighs
  int edge_count = 0;
};

}  // namespace graft::cypher
