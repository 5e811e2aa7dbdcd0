// What the steps of a MATCH cost and give. And their order where the exact search of join_order.cc would take too long, or
// tests want the plain plan: from each promising start, greedily the step that leaves the fewest rows.

#include <algorithm>
#include <cmath>

#include "cypher/planner/planner_impl.h"

namespace graft::cypher {
namespace {

constexpr size_t kGreedyLimit = 60;   // patterns with more relationships, or twice as many nodes, are planned as written
constexpr size_t kMaxStarts = 12;

bool planned_as_written(const QueryGraph& g) { return g.edges.size() > kGreedyLimit || g.nodes.size() > 2 * kGreedyLimit; }

// What the bound slots allow next: -1 no, else whether from the end.
int side(const GraphEdge& e, const SlotSet& bound) {
  const bool from = bound.contains(e.from), to = bound.contains(e.to);
  if (e.kind == EdgeKind::kShortest) return from && to ? 0 : -1;
  if (e.bound) return bound.contains(e.slot) ? 0 : -1;
  if (from) return 0;
  return to ? 1 : -1;
}

}  // namespace

MatchState Planner::choose(const QueryGraph& g, const SlotSet& bound, double rows) {
  MatchState start;
  start.bound = bound;
  start.rows = std::max(rows, 1.0);
  start.edge_done.resize(g.edges.size());
  start.predicate_done.resize(g.predicates.size());
  if (options_.optimise && !planned_as_written(g)) {
    MatchState exact = start;
    for (size_t i = 0; i < g.predicates.size(); ++i) exact.predicate_done[i] = all_bound(g.predicates[i].needs, bound);
    if (choose_exactly(g, &exact)) return exact;
  }
  return choose_greedily(g, std::move(start));
}

MatchState Planner::choose_greedily(const QueryGraph& g, MatchState start) {
  if (planned_as_written(g)) {
    as_written(g, &start);
    return start;
  }
  const SlotSet& bound = start.bound;
  if (std::any_of(g.edges.begin(), g.edges.end(), [&](const GraphEdge& e) { return side(e, bound) >= 0; })) {
    greedy(g, &start);
    return start;
  }
  std::vector<LeafChoice> starts = leaves(g, start);
  const auto unhinted = [&](LeafChoice& leaf) {
    note_hints(leaf, g, &leaf.hints);
    return leaf.hints == 0;
  };
  if (std::vector<LeafChoice> hinted = starts; std::erase_if(hinted, unhinted) < starts.size()) starts = std::move(hinted);
  std::sort(starts.begin(), starts.end(), [](const LeafChoice& a, const LeafChoice& b) { return a.rows < b.rows; });
  if (starts.size() > kMaxStarts) starts.resize(kMaxStarts);
  MatchState best;
  bool found = false;
  for (const LeafChoice& leaf : starts) {
    MatchState state = start;
    MatchStep step;
    step.leaf = leaf;
    apply_step(g, step, &state);
    greedy(g, &state);
    if (!found || state.cost < best.cost) best = std::move(state);
    found = true;
  }
  if (!found) {
    greedy(g, &start);
    return start;
  }
  return best;
}

// What a step binds and takes care of.
void Planner::bind(const QueryGraph& g, const MatchStep& step, MatchState* state) {
  const int edge = step.kind == MatchStep::kLeaf ? step.leaf.edge : step.edge;
  if (edge < 0) {
    state->bound.insert(step.leaf.node);
  } else {
    const GraphEdge& e = g.edges[static_cast<size_t>(edge)];
    state->bound.insert({e.slot, e.from, e.to});
    state->edge_done[static_cast<size_t>(edge)] = true;
    if (step.kind == MatchStep::kExpand && e.path) state->bound.insert(e.path->slot);
    if (step.kind == MatchStep::kExpand && e.quantified) {
      for (const auto& [inner, group] : e.quantified->groups) state->bound.insert(group);
    }
  }
  for (int p : step.leaf.solved) state->predicate_done[static_cast<size_t>(p)] = true;
}

void Planner::apply_step(const QueryGraph& g, const MatchStep& step, MatchState* state) {
  if (step.kind == MatchStep::kLeaf) {
    state->cost += state->rows * step.leaf.cost;
    state->rows *= step.leaf.rows;
  } else {
    const GraphEdge& e = g.edges[static_cast<size_t>(step.edge)];
    const double fan = expand_rows(g, e, step.reversed, state->bound.contains(step.reversed ? e.from : e.to));
    state->cost += state->rows * std::max(1.0, fan);
    state->rows *= fan;
  }
  bind(g, step, state);
  for (size_t i = 0; i < g.predicates.size(); ++i) {
    if (state->predicate_done[i] || !all_bound(g.predicates[i].needs, state->bound)) continue;
    state->predicate_done[i] = true;
    const Expr* e = g.predicates[i].expression;
    // An expansion's estimate has the labels of its end in it
    if (!(step.kind == MatchStep::kExpand && e->kind == ExprKind::kHasLabels)) state->rows *= selectivity(e);
  }
  state->rows = std::max(state->rows, 1e-6);
  state->steps.push_back(step);
}

void Planner::greedy(const QueryGraph& g, MatchState* state) {
  for (;;) {
    MatchState best;
    bool found = false;
    const auto consider = [&](const MatchStep& step) {
      MatchState next = *state;
      apply_step(g, step, &next);
      if (!found || next.rows < best.rows || (next.rows == best.rows && next.cost < best.cost)) best = std::move(next);
      found = true;
    };
    for (size_t i = 0; i < g.edges.size(); ++i) {
      if (state->edge_done[i]) continue;
      const int from = side(g.edges[i], state->bound);
      if (from < 0) continue;
      MatchStep step;
      step.kind = MatchStep::kExpand;
      step.edge = static_cast<int>(i);
      step.reversed = from == 1;
      consider(step);
      const GraphEdge& e = g.edges[i];
      if (from == 0 && e.kind != EdgeKind::kShortest && !e.bound && state->bound.contains(e.to) && e.from != e.to) {
        step.reversed = true;
        consider(step);
      }
    }
    if (!found) {
      for (const LeafChoice& leaf : leaves(g, *state)) {
        MatchStep step;
        step.leaf = leaf;
        consider(step);
      }
    }
    if (!found) return;
    *state = std::move(best);
  }
}

// The first relationship of the text that leads on from what is bound, else the first node. Thousands of them are no rarity
// in text that a program wrote: only the predicates are looked at again for each step, and nothing is estimated.
void Planner::as_written(const QueryGraph& g, MatchState* state) {
  std::map<Slot, std::vector<size_t>> edges_of;
  std::set<size_t> ready;
  const auto look = [&](size_t i) {
    if (!state->edge_done[i] && side(g.edges[i], state->bound) >= 0) ready.insert(i);
  };
  for (size_t i = 0; i < g.edges.size(); ++i) {
    for (Slot slot : {g.edges[i].from, g.edges[i].to}) edges_of[slot].push_back(i);
    look(i);
  }
  for (size_t next = 0;;) {
    MatchStep step;
    SlotSet fresh;
    if (!ready.empty()) {
      const size_t i = *ready.begin();
      ready.erase(ready.begin());
      step.kind = MatchStep::kExpand;
      step.edge = static_cast<int>(i);
      step.reversed = side(g.edges[i], state->bound) == 1;
      fresh = {g.edges[i].from, g.edges[i].to};
    } else {
      while (next < g.nodes.size() && state->bound.contains(g.nodes[next])) ++next;
      if (next == g.nodes.size()) return;
      std::vector<LeafChoice> found;
      node_leaves(g, g.nodes[next], *state, &found);
      step.leaf = std::move(found.front());
      fresh = {g.nodes[next]};
    }
    std::erase_if(fresh, [&](Slot slot) { return state->bound.contains(slot); });
    bind(g, step, state);
    for (size_t p = 0; p < g.predicates.size(); ++p) {
      if (!state->predicate_done[p]) state->predicate_done[p] = all_bound(g.predicates[p].needs, state->bound);
    }
    for (Slot slot : fresh) {
      for (size_t i : edges_of[slot]) look(i);
    }
    state->steps.push_back(std::move(step));
  }
}

// ---- Estimates ----------------------------------------------------------------------------------------------------

// A label that all nodes at one end of a relationship type have.
const std::string& Planner::label_at_end(const std::string& type, graph::Direction end) const {
  constexpr size_t kMostLabels = 200;
  const auto [known, fresh] = labels_at_ends_.try_emplace({type, end == graph::Direction::kOutgoing});
  if (!fresh) return known->second;
  const auto id = catalog_.type(type);
  const graph::GraphView& view = view_.view();
  const uint64_t all = id ? view.relationship_count(*id) : 0;
  const std::vector<std::string> names = all > 0 ? catalog_.labels() : std::vector<std::string>();
  uint64_t fewest = ~uint64_t{0};
  for (const std::string& name : names) {
    const graph::LabelId label = *catalog_.label(name);
    if (names.size() > kMostLabels || view.node_count(label) >= fewest || view.relationship_count(label, *id, end) != all) continue;
    fewest = view.node_count(label);
    known->second = name;
  }
  return known->second;
}

std::vector<std::string> Planner::labels_of(const QueryGraph& g, Slot node) const {
  std::vector<std::string> out;
  if (const auto seen = labels_seen_.find(node); seen != labels_seen_.end()) out = seen->second;
  for (const GraphPredicate& p : g.predicates) {
    const Expr* e = p.expression;
    if (e->kind == ExprKind::kHasLabels && e->children[0]->kind == ExprKind::kVariable && e->children[0]->slot == node && e->labels->kind == LabelExprKind::kName) out.push_back(e->labels->name);
  }
  for (const GraphEdge& e : g.edges) {
    if (e.kind != EdgeKind::kSimple || e.types.size() != 1 || e.direction == graph::Direction::kBoth || (e.from != node && e.to != node)) continue;
    const bool starts = (e.from == node) == (e.direction == graph::Direction::kOutgoing);
    const std::string& label = label_at_end(e.types[0], starts ? graph::Direction::kOutgoing : graph::Direction::kIncoming);
    if (!label.empty()) out.push_back(label);
  }
  return out;
}

// Of the relationships, how many lead to a node with the labels of that end; *nodes: how many such nodes there are.
double Planner::share_to(const QueryGraph& g, const GraphEdge& e, bool reversed, double* nodes) const {
  const Slot to = reversed ? e.from : e.to;
  const double all_nodes = std::max<double>(1, static_cast<double>(view_.node_count()));
  const std::vector<std::string> labels = labels_of(g, to);
  *nodes = all_nodes;
  if (e.kind != EdgeKind::kSimple || labels.empty()) return 1;
  *nodes = std::max(1.0, all_nodes * node_selectivity(g, to));
  if (e.types.empty()) return *nodes / all_nodes;
  graph::Direction back = e.direction;
  if (!reversed && back != graph::Direction::kBoth) back = back == graph::Direction::kOutgoing ? graph::Direction::kIncoming : graph::Direction::kOutgoing;
  double all = 0, share = 1;
  for (const std::string& name : e.types) {
    if (const auto type = catalog_.type(name)) all += static_cast<double>(view_.relationship_count(*type)) * (back == graph::Direction::kBoth ? 2 : 1);
  }
  for (const std::string& name : labels) {
    const auto label = catalog_.label(name);
    double there = 0;
    for (const std::string& type_name : e.types) {
      const auto type = catalog_.type(type_name);
      if (!type || !label) continue;
      if (back != graph::Direction::kIncoming) there += static_cast<double>(view_.relationship_count(*label, *type, graph::Direction::kOutgoing));
      if (back != graph::Direction::kOutgoing) there += static_cast<double>(view_.relationship_count(*label, *type, graph::Direction::kIncoming));
    }
    share = std::min(share, all > 0 ? there / all : 0.0);
  }
  return share;
}

double Planner::node_selectivity(const QueryGraph& g, Slot node) const {
  const double all = std::max<double>(1, static_cast<double>(view_.node_count()));
  double out = 1;
  for (const std::string& label : labels_of(g, node)) {
    const auto id = catalog_.label(label);
    out = std::min(out, id ? static_cast<double>(view_.node_count(*id)) / all : 0.0);
  }
  return out;
}

double Planner::selectivity(const Expr* e) const {
  switch (e->kind) {
    case ExprKind::kHasLabels: {
      if (e->labels->kind != LabelExprKind::kName) return 0.5;
      const auto id = catalog_.label(e->labels->name);
      return id ? std::max(0.001, static_cast<double>(view_.node_count(*id)) / std::max<double>(1, static_cast<double>(view_.node_count()))) : 0.001;
    }
    case ExprKind::kEqual: case ExprKind::kIn: return 0.1;
    case ExprKind::kNotEqual: case ExprKind::kIsNotNull: case ExprKind::kUniqueRelationships: return 0.9;
    case ExprKind::kStartsWith: case ExprKind::kEndsWith: case ExprKind::kContains: case ExprKind::kIsNull: return 0.1;
    case ExprKind::kLess: case ExprKind::kLessEqual: case ExprKind::kGreater: case ExprKind::kGreaterEqual: return 0.3;
    case ExprKind::kAnd: {
      double out = 1;
      for (const Expr* child : e->children) out *= selectivity(child);
      return out;
    }
    case ExprKind::kOr: {
      double none = 1;
      for (const Expr* child : e->children) none *= 1 - selectivity(child);
      return 1 - none;
    }
    case ExprKind::kNot: return 1 - selectivity(e->children[0]);
    case ExprKind::kLiteral: return e->literal.type() == graph::ValueType::kBoolean && e->literal.as_boolean() ? 1 : 0;
    default: return 0.5;
  }
}

double Planner::average_degree(const std::vector<std::string>& labels, const std::vector<std::string>& types, graph::Direction direction) const {
  const double nodes = std::max<double>(1, static_cast<double>(view_.node_count()));
  if (types.empty()) return static_cast<double>(view_.relationship_count()) / nodes * (direction == graph::Direction::kBoth ? 2 : 1);
  double out = 0;
  for (const std::string& name : types) {
    const auto type = catalog_.type(name);
    if (!type) continue;
    double best = static_cast<double>(view_.relationship_count(*type)) / nodes * (direction == graph::Direction::kBoth ? 2 : 1);
    for (const std::string& l : labels) {
      const auto label = catalog_.label(l);
      if (!label) continue;
      double count = 0;
      if (direction != graph::Direction::kIncoming) count += static_cast<double>(view_.relationship_count(*label, *type, graph::Direction::kOutgoing));
      if (direction != graph::Direction::kOutgoing) count += static_cast<double>(view_.relationship_count(*label, *type, graph::Direction::kIncoming));
      best = count / std::max<double>(1, static_cast<double>(view_.node_count(*label)));
    }
    out += best;
  }
  return out;
}

// How many relationships, or paths of a variable length, lead on from a node at one end.
double Planner::degree_from(const QueryGraph& g, const GraphEdge& e, bool reversed) const {
  graph::Direction direction = e.direction;
  if (reversed && direction != graph::Direction::kBoth) direction = direction == graph::Direction::kOutgoing ? graph::Direction::kIncoming : graph::Direction::kOutgoing;
  const double degree = average_degree(labels_of(g, reversed ? e.to : e.from), e.types, direction);
  if (e.kind == EdgeKind::kSimple) return degree;
  const double hops = std::min<double>(e.length.max ? static_cast<double>(*e.length.max) : 5, 5);
  return std::min(1e9, std::pow(std::max(degree, 1.5), std::max(1.0, hops)));
}

double Planner::expand_rows(const QueryGraph& g, const GraphEdge& e, bool reversed, bool into) const {
  if (e.bound || e.kind == EdgeKind::kShortest) return 1;
  double nodes = 1;
  const double rows = degree_from(g, e, reversed) * share_to(g, e, reversed, &nodes);
  return into ? rows / nodes : rows;
}

// ---- Leaves -------------------------------------------------------------------------------------------------------

std::vector<LeafChoice> Planner::leaves(const QueryGraph& g, const MatchState& state) {
  std::vector<LeafChoice> out;
  for (Slot node : g.nodes) {
    if (!state.bound.contains(node)) node_leaves(g, node, state, &out);
  }
  for (size_t i = 0; i < g.edges.size(); ++i) {
    const GraphEdge& e = g.edges[i];
    const bool free = e.kind == EdgeKind::kSimple && !e.bound && !state.edge_done[i] && e.from != e.to && !state.bound.contains(e.from) && !state.bound.contains(e.to);
    if (!free) continue;
    LeafChoice leaf;
    leaf.op = PlanOp::kRelationshipScan;
    leaf.edge = static_cast<int>(i);
    if (e.types.empty()) {
      leaf.rows = static_cast<double>(view_.relationship_count());
    } else {
      for (const std::string& name : e.types) {
        if (const auto type = catalog_.type(name)) leaf.rows += static_cast<double>(view_.relationship_count(*type));
      }
    }
    if (e.direction == graph::Direction::kBoth) leaf.rows *= 2;
    leaf.cost = leaf.rows + 1;
    out.push_back(std::move(leaf));
    relationship_leaves(g, static_cast<int>(i), state, &out);
  }
  return out;
}

void Planner::node_leaves(const QueryGraph& g, Slot node, const MatchState& state, std::vector<LeafChoice>* out) {
  LeafChoice all;
  all.node = node;
  all.rows = static_cast<double>(view_.node_count());
  all.cost = all.rows + 1;
  std::vector<std::string> labels;
  LeafChoice best = all;
  for (size_t i = 0; i < g.predicates.size(); ++i) {
    const Expr* e = g.predicates[i].expression;
    if (e->kind != ExprKind::kHasLabels || e->children[0]->kind != ExprKind::kVariable || e->children[0]->slot != node) continue;
    std::vector<std::string> names;
    if (!plain_alternatives(e->labels, &names)) continue;
    LeafChoice scan;
    scan.node = node;
    scan.op = names.size() == 1 ? PlanOp::kNodeByLabelScan : PlanOp::kUnionNodeByLabelsScan;
    scan.labels = names;
    for (const std::string& name : names) {
      if (const auto id = catalog_.label(name)) scan.rows += static_cast<double>(view_.node_count(*id));
    }
    scan.cost = scan.rows + 1;
    scan.solved = {static_cast<int>(i)};
    if (names.size() == 1) labels.push_back(names[0]);
    if (best.op == PlanOp::kAllNodesScan || scan.rows < best.rows) best = scan;
  }
  out->push_back(best);
  if (options_.optimise) index_leaves(g, node, graph::EntityKind::kNode, labels, state, out);
  LeafChoice by_id;
  by_id.op = PlanOp::kNodeByIdSeek;
  by_id.node = node;
  if (id_seek(g, node, state, &by_id)) out->push_back(std::move(by_id));
}

}  // namespace graft::cypher
