#include "cypher/planner/join_order.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace graft::cypher {

namespace {

constexpr double kFewest = 0.01;         // rows; what is not there now may be there soon
constexpr double kIntoCost = 3;          // asking for the relationships between two nodes; a row that is passed on costs 1
constexpr double kPathSearchCost = 50;       // a shortest path
constexpr double kBuildCost = 4, kProbeCost = 3, kJoinedCost = 1;  // a row of a hash join
constexpr double kMostBuilt = 5e6;       // rows that a hash join may be expected to hold

bool is_node_label(const Expr* e) {
  std::vector<std::string> names;
  return e->kind == ExprKind::kHasLabels && e->children[0]->kind == ExprKind::kVariable && plain_alternatives(e->labels, &names);
}

// What the steps of a relationship read beside the steps themselves.
SlotSet read_by_steps(const GraphEdge& e) {
  SlotSet out;
  for (const Expr* p : e.step_predicates) collect_slots(p, &out);
  if (e.quantified != nullptr) {
    collect_slots(e.quantified->inner, &out);
    collect_slots(e.quantified->where, &out);
  }
  return out;
}

}  // namespace

bool Planner::JoinSearch::Way::better_than(const Way& other) const {
  if (other.kind == kNone) return true;
  const int here = std::popcount(hints), there = std::popcount(other.hints);
  return here != there ? here > there : cost < other.cost;
}

Planner::JoinSearch::JoinSearch(Planner& planner, const QueryGraph& g, const MatchState& start, const JoinPart& part)
    : planner_(planner), g_(g), start_(start), edges_(part.edges), nodes_(part.nodes) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (start.bound.contains(nodes_[i])) bound_ |= 1u << i;
  }
  for (size_t i = 0; i < edges_.size(); ++i) {
    const GraphEdge& e = g.edges[static_cast<size_t>(edges_[i])];
    const Set ends = 1u << position(e.from) | 1u << position(e.to);
    bool fixed = e.bound || (ends & bound_) != 0;
    step_needs_.push_back(0);
    for (Slot slot : read_by_steps(e)) {
      fixed |= start.bound.contains(slot);
      if (const int at = position(slot); at >= 0) step_needs_.back() |= 1u << at;
    }
    if (fixed) fixed_ |= 1u << i;
  }
  table_.rows = start.rows;
  lone_.lone = true;
  find_leaves(&table_);
  estimate_nodes();
  for (size_t i = 0; i < edges_.size(); ++i) estimate_edge(i);
  take_predicates();
}

int Planner::JoinSearch::position(Slot node) const {
  const auto at = std::find(nodes_.begin(), nodes_.end(), node);
  return at == nodes_.end() ? -1 : static_cast<int>(at - nodes_.begin());
}

// ---- Estimates ----------------------------------------------------------------------------------------------------

void Planner::JoinSearch::estimate_nodes() {
  node_rows_.assign(nodes_.size(), 1);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if ((bound_ >> i & 1) != 0) continue;
    std::vector<LeafChoice> leaves;
    planner_.node_leaves(g_, nodes_[i], start_, &leaves);
    double fewest = -1;
    for (const LeafChoice& leaf : leaves) {
      double rows = leaf.rows;
      for (size_t p = 0; p < g_.predicates.size(); ++p) {
        const bool solved = start_.predicate_done[p] || std::find(leaf.solved.begin(), leaf.solved.end(), static_cast<int>(p)) != leaf.solved.end();
        SlotSet needs = g_.predicates[p].needs;
        std::erase_if(needs, [&](Slot slot) { return start_.bound.contains(slot); });
        if (!solved && needs == SlotSet{nodes_[i]} && !is_node_label(g_.predicates[p].expression)) rows *= planner_.selectivity(g_.predicates[p].expression);
      }
      if (fewest < 0 || rows < fewest) fewest = rows;
    }
    for (const std::string& label : planner_.labels_of(g_, nodes_[i])) {  // those that its relationships tell
      const auto id = planner_.catalog_.label(label);
      if (id) fewest = std::min(fewest, static_cast<double>(planner_.view_.node_count(*id)));
    }
    node_rows_[i] = std::max(fewest, kFewest);
  }
  for (int edge : edges_) {  // a known relationship gives its ends
    const GraphEdge& e = g_.edges[static_cast<size_t>(edge)];
    if (e.bound) node_rows_[static_cast<size_t>(position(e.from))] = node_rows_[static_cast<size_t>(position(e.to))] = 1;
  }
}

// How many there are between a node and another one: of rows with all pairs of both, so many stay.
void Planner::JoinSearch::estimate_edge(size_t i) {
  const GraphEdge& e = g_.edges[static_cast<size_t>(edges_[i])];
  if (e.bound || e.kind == EdgeKind::kShortest) return edge_factor_.push_back(1);
  double nodes = 1;
  const double share = planner_.share_to(g_, e, false, &nodes);
  edge_factor_.push_back(planner_.degree_from(g_, e, false) * share / nodes);
}

void Planner::JoinSearch::take_predicates() {
  for (size_t p = 0; p < g_.predicates.size(); ++p) {
    if (start_.predicate_done[p]) continue;
    Predicate predicate;
    bool here = true;
    for (Slot slot : g_.predicates[p].needs) {
      if (start_.bound.contains(slot)) continue;
      const int node = position(slot);
      Set edges = 0;
      for (size_t i = 0; i < edges_.size(); ++i) {
        const GraphEdge& e = g_.edges[static_cast<size_t>(edges_[i])];
        bool its = e.slot == slot || (e.path != nullptr && e.path->slot == slot);
        for (size_t k = 0; e.quantified != nullptr && k < e.quantified->groups.size(); ++k) its |= e.quantified->groups[k].second == slot;
        if (its) edges |= 1u << i;
      }
      here &= node >= 0 || edges != 0;
      if (node >= 0) predicate.nodes |= 1u << node;
      predicate.edges |= edges;
    }
    if (!here || (predicate.edges == 0 && std::popcount(predicate.nodes) < 2)) continue;
    predicate.selectivity = planner_.selectivity(g_.predicates[p].expression);
    predicates_.push_back(predicate);
  }
}

Planner::JoinSearch::Set Planner::JoinSearch::nodes_of(Set edges) const {
  Set out = 0;
  for (size_t i = 0; i < edges_.size(); ++i) {
    if ((edges >> i & 1) == 0) continue;
    const GraphEdge& e = g_.edges[static_cast<size_t>(edges_[i])];
    out |= 1u << position(e.from) | 1u << position(e.to);
  }
  return out;
}

// Of one row so far.
double Planner::JoinSearch::rows_of(Set edges, Set nodes) const {
  double out = 1;
  for (size_t i = 0; i < nodes_.size(); ++i) out *= (nodes >> i & 1) != 0 ? node_rows_[i] : 1;
  for (size_t i = 0; i < edges_.size(); ++i) out *= (edges >> i & 1) != 0 ? edge_factor_[i] : 1;
  for (const Predicate& p : predicates_) {
    if ((p.nodes & ~nodes) == 0 && (p.edges & ~edges) == 0) out *= p.selectivity;
  }
  return std::max(out, 1e-6);
}

// ---- Ways ---------------------------------------------------------------------------------------------------------

// The best way to enter the part at each of its nodes and relationships.
void Planner::JoinSearch::find_leaves(Table* table) {
  MatchState state = start_;
  state.alone = table->lone;
  if (table->lone) state.bound.clear();
  for (LeafChoice& leaf : planner_.leaves(g_, state)) {
    const bool ours = leaf.edge >= 0 ? std::find(edges_.begin(), edges_.end(), leaf.edge) != edges_.end() : position(leaf.node) >= 0;
    if (!ours) continue;
    planner_.note_hints(leaf, g_, &leaf.hints);
    table->leaves.push_back(std::move(leaf));
  }
}

void Planner::JoinSearch::consider(Way* best, Way way, uint64_t salt) const {
  way.cost = planner_.shaken(way.cost, salt);
  if (way.better_than(*best)) *best = way;
}

void Planner::JoinSearch::fill(Table* table, bool joins) {
  table->sets.assign(size_t{1} << edges_.size(), Way());
  table->nodes.assign(nodes_.size(), Way());
  table->set_rows.resize(table->sets.size());
  for (Set set = 0; set < table->sets.size(); ++set) table->set_rows[set] = rows_of(set, nodes_of(set) | (table->lone ? 0 : bound_));
  if (!table->lone && bound_ != 0) {
    table->sets[0].kind = Way::kStart;
    table->sets[0].nodes = bound_;
  }
  for (const int edge : edges_) {
    if (!table->lone && g_.edges[static_cast<size_t>(edge)].bound) table->sets[0].kind = Way::kStart;
  }
  const bool anchored = table->sets[0].kind == Way::kStart;
  for (size_t i = 0; i < table->leaves.size() && !anchored; ++i) {
    const LeafChoice& leaf = table->leaves[i];
    Way way;
    way.kind = Way::kLeaf;
    way.leaf = static_cast<int>(i);
    way.hints = leaf.hints;
    // Between equals the narrower scan; a relationship has two ends to be looked up
    way.cost = table->rows * (leaf.op == PlanOp::kRelationshipScan ? 1.5 * leaf.cost : leaf.cost + (leaf.op == PlanOp::kAllNodesScan ? 0.2 : 0));
    if (leaf.edge < 0) {
      const int node = position(leaf.node);
      if ((bound_ >> node & 1) != 0) continue;
      way.nodes = 1u << node;
      consider(&table->nodes[static_cast<size_t>(node)], way, i);
      continue;
    }
    const auto edge = static_cast<size_t>(std::find(edges_.begin(), edges_.end(), leaf.edge) - edges_.begin());
    if ((fixed_ >> edge & 1) != 0) continue;
    way.nodes = nodes_of(1u << edge);
    consider(&table->sets[size_t{1} << edge], way, i);
  }
  for (Set set = 1; set < table->sets.size(); ++set) {
    for (size_t edge = 0; edge < edges_.size(); ++edge) {
      if ((set >> edge & 1) == 0 || (table->lone && (fixed_ >> edge & 1) != 0)) continue;
      const Set before = set & ~(1u << edge);
      if (table->sets[before].kind != Way::kNone) expand(table, set, edge, table->sets[before], before, -1);
      for (size_t node = 0; before == 0 && node < nodes_.size(); ++node) {
        if (table->nodes[node].kind != Way::kNone) expand(table, set, edge, table->nodes[node], 0, static_cast<int>(node));
      }
    }
    if (joins) join(table, set);
  }
}

// One relationship more, from what is bound.
void Planner::JoinSearch::expand(Table* table, Set set, size_t edge, const Way& before, Set before_set, int before_node) {
  const GraphEdge& e = g_.edges[static_cast<size_t>(edges_[edge])];
  const Set from = 1u << position(e.from), to = 1u << position(e.to);
  const bool has_from = (before.nodes & from) != 0, has_to = (before.nodes & to) != 0;
  if ((step_needs_[edge] & ~before.nodes) != 0) return;
  if (e.bound ? table->lone : e.kind == EdgeKind::kShortest ? !has_from || !has_to : !has_from && !has_to) return;
  const double rows = table->rows * rows_of(before_set, before.nodes), after = table->rows * rows_of(set, before.nodes | from | to);
  for (const bool reversed : {false, true}) {
    if (reversed && (e.bound || e.kind == EdgeKind::kShortest || from == to)) continue;
    if (!e.bound && !(reversed ? has_to : has_from)) continue;
    Way way = before;
    way.kind = Way::kExpand;
    way.edge = edges_[edge];
    way.reversed = reversed;
    way.left = before_set;
    way.left_node = before_node;
    way.nodes = before.nodes | from | to;
    double step = 1;
    if (e.kind == EdgeKind::kShortest) {
      step = kPathSearchCost;
    } else if (!e.bound) {
      step = e.kind == EdgeKind::kSimple && has_from && has_to ? kIntoCost : 1 + planner_.degree_from(g_, e, reversed);
    }
    way.cost += rows * step + 0.1 * after;
    consider(&table->sets[set], way, uint64_t{set} << 8 | edge << 2 | (reversed ? 1 : 0));
  }
}

void Planner::JoinSearch::join(Table* table, Set set) {
  for (Set right = (set - 1) & set; right != 0; right = (right - 1) & set) {
    if ((right & fixed_) == 0) consider_join(table, set, set & ~right, right, -1);
  }
  for (size_t node = 0; node < nodes_.size(); ++node) {  // found by itself because a hint says so
    if ((bound_ >> node & 1) == 0) consider_join(table, set, set, 0, static_cast<int>(node));
  }
}

void Planner::JoinSearch::consider_join(Table* table, Set set, Set left, Set right, int right_node) {
  const Table& others = has_lone_ ? lone_ : *table;
  const Way& here = table->sets[left];
  const Way& there = right_node < 0 ? others.sets[right] : others.nodes[static_cast<size_t>(right_node)];
  if (here.kind == Way::kNone || there.kind == Way::kNone || here.kind == Way::kStart) return;
  if (right_node >= 0 && (there.hints & ~here.hints) == 0) return;
  const Set shared = here.nodes & there.nodes;
  if (shared == 0 || (there.nodes & bound_) != 0) return;
  Way way;
  way.kind = Way::kJoin;
  way.nodes = here.nodes | there.nodes;
  way.left = left;
  way.right = right;
  way.right_node = right_node;
  if (right_node >= 0) way.under = std::make_shared<const Way>(here);
  way.hints = here.hints | there.hints;
  for (size_t i = 0; planner_.hints_ != nullptr && i < std::min<size_t>(planner_.hints_->size(), 32); ++i) {
    const Hint& hint = (*planner_.hints_)[i];
    const bool all = hint.kind == Hint::kJoin && std::all_of(hint.variables.begin(), hint.variables.end(), [&](const Expr* v) {
      const int at = position(v->slot);
      return at >= 0 && (shared >> at & 1) != 0;
    });
    if (all) way.hints |= 1u << i;
  }
  const double rows_left = table->rows * table->set_rows[left], rows_right = right_node < 0 ? others.set_rows[right] : rows_of(0, there.nodes);
  const double fewer = std::min(rows_left, rows_right), more = std::max(rows_left, rows_right);
  if (fewer > kMostBuilt) return;
  way.cost = here.cost + there.cost + kBuildCost * fewer + kProbeCost * more + kJoinedCost * table->rows * table->set_rows[set];
  consider(&table->sets[set], way, uint64_t{1} << 40 | uint64_t{set} << 20 | right);
}

// ---- The result ---------------------------------------------------------------------------------------------------

const Planner::JoinSearch::Way& Planner::JoinSearch::last(const Table& table) const { return edges_.empty() ? table.nodes[0] : table.sets.back(); }

void Planner::JoinSearch::steps(const Table& table, Set set, const Way& way, std::vector<MatchStep>* out) const {
  if (way.kind == Way::kStart) return;
  MatchStep step;
  if (way.kind == Way::kLeaf) {
    step.leaf = table.leaves[static_cast<size_t>(way.leaf)];
    return out->push_back(std::move(step));
  }
  const Way& here = way.under != nullptr ? *way.under : way_of(table, way.left, way.left_node);
  steps(table, way.left, here, out);
  step.cost = way.cost;
  step.rows = table.rows * rows_of(set, way.nodes);
  if (way.kind == Way::kExpand) {
    step.kind = MatchStep::kExpand;
    step.edge = way.edge;
    step.reversed = way.reversed;
    return out->push_back(std::move(step));
  }
  const Table& others = has_lone_ ? lone_ : table;
  const Way& there = way_of(others, way.right, way.right_node);
  step.kind = MatchStep::kJoin;
  steps(others, way.right, there, &step.right);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if ((here.nodes & there.nodes) >> i & 1) step.on.push_back(nodes_[i]);
  }
  step.build_right = rows_of(way.right, there.nodes) < table.rows * rows_of(way.left, here.nodes);
  out->push_back(std::move(step));
}

bool Planner::JoinSearch::run(MatchState* state) {
  const bool hinted = planner_.hints_ != nullptr && !planner_.hints_->empty();
  const bool joins = edges_.size() > (hinted ? 0 : 1) && (!planner_.few_rows_wanted_ || hinted);
  has_lone_ = joins && !start_.bound.empty();
  if (has_lone_) {
    find_leaves(&lone_);
    fill(&lone_, true);
  }
  fill(&table_, joins);
  const Way way = last(table_);
  if (way.kind == Way::kNone) return false;
  std::vector<MatchStep> chosen;
  const Set all = static_cast<Set>(table_.sets.size() - 1);
  steps(table_, all, way, &chosen);
  // Up to the last join: the same as a chain of expansions
  Set joined = all;
  for (Way at = way; at.kind == Way::kExpand; at = table_.sets[joined]) joined = at.left_node >= 0 ? 0 : at.left;
  if (!edges_.empty() && joined != 0 && table_.sets[joined].kind == Way::kJoin && way.hints == 0) {
    fill(&table_, false);
    const auto at = std::find_if(chosen.rbegin(), chosen.rend(), [](const MatchStep& s) { return s.kind == MatchStep::kJoin; });
    at->instead_from = state->steps.size();
    at->cost = way.cost;  // against a walk of all
    if (table_.sets[joined].kind != Way::kNone) steps(table_, joined, table_.sets[joined], &at->instead);
  }
  finish(chosen, way, state);
  return true;
}

void Planner::JoinSearch::finish(const std::vector<MatchStep>& chosen, const Way& way, MatchState* state) const {
  state->steps.insert(state->steps.end(), chosen.begin(), chosen.end());
  state->bound.insert(nodes_.begin(), nodes_.end());
  for (int edge : edges_) {
    const GraphEdge& e = g_.edges[static_cast<size_t>(edge)];
    state->bound.insert(e.slot);
    if (e.path != nullptr) state->bound.insert(e.path->slot);
    for (size_t k = 0; e.quantified != nullptr && k < e.quantified->groups.size(); ++k) state->bound.insert(e.quantified->groups[k].second);
    state->edge_done[static_cast<size_t>(edge)] = true;
  }
  for (size_t p = 0; p < g_.predicates.size(); ++p) {
    const SlotSet& needs = g_.predicates[p].needs;
    if (std::all_of(needs.begin(), needs.end(), [&](Slot slot) { return state->bound.contains(slot); })) state->predicate_done[p] = true;
  }
  state->rows = std::max(1e-6, start_.rows * rows_of(static_cast<Set>((size_t{1} << edges_.size()) - 1), way.nodes));
  state->cost += way.cost;
  state->hints |= way.hints;
}

}  // namespace graft::cypher
