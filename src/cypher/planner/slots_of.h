#pragma once

#include <algorithm>
#include <set>

#include "cypher/parser/ast.h"

namespace graft::cypher {

using SlotSet = std::set<Slot>;

// Every slot that an expression, a path or a query mentions, its own declarations included: what lies inside is found by
// intersection with the slots of a scope, since no two variables share a slot.
void collect_slots(const Expr* e, SlotSet* out);
void collect_slots(const PathPattern* path, SlotSet* out);
void collect_slots(const Query* query, SlotSet* out);

// Those of `e` that are in `scope`.
SlotSet slots_of(const Expr* e, const SlotSet& scope);

// Slots grow in the order of the text: most of what is not bound yet lies behind all that is.
inline bool all_bound(const SlotSet& slots, const SlotSet& bound) {
  if (slots.empty()) return true;
  if (bound.empty() || *slots.rbegin() > *bound.rbegin()) return false;
  return std::all_of(slots.begin(), slots.end(), [&](Slot slot) { return bound.contains(slot); });
}

}  // namespace graft::cypher
