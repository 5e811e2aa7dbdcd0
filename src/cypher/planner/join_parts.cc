// The order of a MATCH's steps: the parts of its pattern that hang together one after another, each of them in the order
// that costs least (join_order.cc). Parts that are too large for that are planned greedily (choose_match.cc).

#include <algorithm>
#include <cmath>

#include "cypher/planner/join_order.h"

namespace graft::cypher {

namespace {

constexpr size_t kExactEdges = 10;

bool reaches(const GraphEdge& e, const SlotSet& reach) {
  if (e.kind == EdgeKind::kShortest) return reach.contains(e.from) && reach.contains(e.to);
  if (e.bound) return reach.contains(e.slot);
  return reach.contains(e.from) || reach.contains(e.to);
}

}  // namespace

// The relationships not walked yet that lead on from `reach`.
Planner::JoinPart Planner::part_within_reach(const QueryGraph& g, const MatchState& state, SlotSet reach) {
  JoinPart part;
  std::vector<bool> taken = state.edge_done;
  for (bool grown = true; grown;) {
    grown = false;
    for (size_t i = 0; i < g.edges.size(); ++i) {
      const GraphEdge& e = g.edges[i];
      if (taken[i] || !reaches(e, reach)) continue;
      taken[i] = grown = true;
      reach.insert({e.from, e.to});
      part.edges.push_back(static_cast<int>(i));
    }
  }
  std::sort(part.edges.begin(), part.edges.end());
  for (Slot node : g.nodes) {
    const bool there = std::any_of(part.edges.begin(), part.edges.end(), [&](int i) { return g.edges[static_cast<size_t>(i)].from == node || g.edges[static_cast<size_t>(i)].to == node; });
    if (there) part.nodes.push_back(node);
  }
  return part;
}

// What nothing leads to from what is bound, one part for each piece that hangs together.
std::vector<Planner::JoinPart> Planner::parts_apart(const QueryGraph& g, const MatchState& state) {
  std::vector<JoinPart> out;
  SlotSet seen = state.bound;
  for (Slot node : g.nodes) {
    if (seen.contains(node)) continue;
    JoinPart part = part_within_reach(g, state, {node});
    if (part.nodes.empty()) part.nodes.push_back(node);
    seen.insert(part.nodes.begin(), part.nodes.end());
    out.push_back(std::move(part));
  }
  return out;
}

// False: a part is too large.
bool Planner::choose_exactly(const QueryGraph& g, MatchState* state) {
  for (;;) {
    const JoinPart next = part_within_reach(g, *state, state->bound);
    if (next.edges.size() > kExactEdges) return false;
    if (!next.edges.empty()) {
      const MatchState before = *state;
      if (!JoinSearch(*this, g, before, next).run(state)) return false;
      continue;
    }
    MatchState best;
    bool found = false;
    for (const JoinPart& part : parts_apart(g, *state)) {
      if (part.edges.size() > kExactEdges) return false;
      MatchState after = *state;
      if (!JoinSearch(*this, g, *state, part).run(&after)) return false;
      // What comes next is done for each of the rows: few are wanted first
      if (!found || after.rows < best.rows || (after.rows == best.rows && after.cost < best.cost)) best = std::move(after);
      found = true;
    }
    if (!found) return true;
    *state = std::move(best);
  }
}

// A random factor between a millionth and a million, when tests ask for it.
double Planner::shaken(double cost, uint64_t salt) const {
  if (options_.shake == 0) return cost;
  uint64_t x = (salt + 1) * 0x9E3779B97F4A7C15u + options_.shake * 0xD1B54A32D192ED03u;
  x ^= x >> 31;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 29;
  return (cost + 1) * std::pow(10.0, static_cast<double>(x % 1'000) / 1'000 * 12 - 6);
}

// ---- Hints --------------------------------------------------------------------------------------------------------

void Planner::note_hints(const LeafChoice& leaf, const QueryGraph& g, uint32_t* followed) const {
  if (hints_ == nullptr) return;
  for (size_t i = 0; i < std::min<size_t>(hints_->size(), 32); ++i) {
    const Hint& hint = (*hints_)[i];
    if (hint.kind == Hint::kJoin) continue;
    const Slot slot = hint.variables[0]->slot;
    const bool node = leaf.edge < 0 && leaf.node == slot, relationship = leaf.edge >= 0 && g.edges[static_cast<size_t>(leaf.edge)].slot == slot;
    if (!node && !relationship) continue;
    bool fits = false;
    if (hint.kind == Hint::kScan) {
      const std::vector<std::string> wanted = {hint.label};
      fits = node ? leaf.op == PlanOp::kNodeByLabelScan && leaf.labels == wanted : leaf.op == PlanOp::kRelationshipScan && g.edges[static_cast<size_t>(leaf.edge)].types == wanted;
    } else if (leaf.index != nullptr) {
      const uint32_t token = leaf.index->labels_or_types[0];
      fits = (node ? catalog_.label_name(token) : catalog_.type_name(token)) == hint.label && leaf.index->keys.size() == hint.keys.size();
      for (size_t k = 0; fits && k < hint.keys.size(); ++k) fits = catalog_.property_key_name(leaf.index->keys[k]) == hint.keys[k];
    }
    if (fits) *followed |= 1u << i;
  }
}

// Neo4j says so only of joins: a hinted index that is not there has been noticed before.
void Planner::note_missed_hints(uint32_t followed) {
  for (size_t i = 0; hints_ != nullptr && i < std::min<size_t>(hints_->size(), 32); ++i) {
    const Hint& hint = (*hints_)[i];
    if (hint.kind != Hint::kJoin || (followed >> i & 1) != 0) continue;
    std::string names;
    for (const Expr* variable : hint.variables) names += (names.empty() ? "" : ", ") + variable->name;
    Notification n{"Neo.ClientNotification.Statement.JoinHintUnfulfillableWarning", "The database was unable to plan a hinted join.",
                   "The hinted join was not planned. This could happen because no generated plan contained the join key, please try using a different join key or restructure your query. (hinted join key identifier" +
                       std::string(hint.variables.size() == 1 ? " is: " : "s are: ") + names + ")",
                   "WARNING", "HINT", std::nullopt, "01N30", ""};
    n.gql_description = "warn: join hint unfulfillable. Unable to create a plan with `JOIN ON " + names + "`. Try to change the join key(s) or restructure your query.";
    notifications_.push_back(std::move(n));
  }
}

}  // namespace graft::cypher
