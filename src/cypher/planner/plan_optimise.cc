// What is decided on the whole plan, from its top down: which slots anybody reads, and so which parts of a pattern need
// only be counted. Rows carry nothing that nobody reads.

#include <algorithm>
#include <cmath>
#include <limits>

#include "cypher/planner/plan_slots.h"
#include "cypher/planner/planner_impl.h"
#include "cypher/planner/walk_pattern.h"

namespace graft::cypher {
namespace {

// Operators that give no more of their input than their `available` says, and read no more than add_reads tells.
bool may_narrow(PlanOp op) {
  switch (op) {
    case PlanOp::kArgument: case PlanOp::kAllNodesScan: case PlanOp::kNodeByLabelScan: case PlanOp::kUnionNodeByLabelsScan: case PlanOp::kNodeByIdSeek:
    case PlanOp::kNodeIndexSeek: case PlanOp::kNodeIndexScan: case PlanOp::kRelationshipScan: case PlanOp::kRelationshipByIdSeek: case PlanOp::kRelationshipIndexSeek:
    case PlanOp::kExpandAll: case PlanOp::kExpandInto: case PlanOp::kOptionalExpandAll: case PlanOp::kOptionalExpandInto: case PlanOp::kVarLengthExpandAll: case PlanOp::kVarLengthExpandInto: case PlanOp::kPruningVarLengthExpand:
    case PlanOp::kFilter: case PlanOp::kProjection: case PlanOp::kEagerAggregation: case PlanOp::kDistinct: case PlanOp::kSort: case PlanOp::kTop: case PlanOp::kSkip:
    case PlanOp::kLimit: case PlanOp::kUnwind: case PlanOp::kOptional: case PlanOp::kEager: case PlanOp::kProduceResults: case PlanOp::kApply: case PlanOp::kSemiApply:
    case PlanOp::kAntiSemiApply: case PlanOp::kCartesianProduct: case PlanOp::kNodeHashJoin: case PlanOp::kValueHashJoin: case PlanOp::kUnion: case PlanOp::kWalk:
    case PlanOp::kCreate: case PlanOp::kMerge: case PlanOp::kSetProperties: case PlanOp::kRemove: case PlanOp::kDelete:
      return true;
    default: return false;
  }
}

SlotSet set_of(const std::vector<Slot>& slots) { return {slots.begin(), slots.end()}; }

constexpr double kAnyCost = std::numeric_limits<double>::infinity();

}  // namespace

void Planner::optimise(PlanNode** link, SlotSet needed, bool duplicates_matter) {
  bool in_chain = false;
  for (PlanNode** n = link; *n; n = &(*n)->left) {
    while (unnest(n)) {}
  }
  for (; *link; link = &(*link)->left) {
    run_once(link);
    serve_order(link);
    optional_expand(link);
    duplicates_matter = duplicates_matter_below(**link, duplicates_matter);
    if (!duplicates_matter) prune_walks(*link, needed);
    if ((*link)->op == PlanOp::kEagerAggregation || (*link)->op == PlanOp::kDistinct) count_below(link, needed);
    if ((*link)->op == PlanOp::kNodeHashJoin || (is_chain_operator(**link) && !in_chain)) walk_cycle(link, needed);
    in_chain = is_chain_operator(**link);
    PlanNode* n = *link;
    optimise_expressions(n);
    if (!may_narrow(n->op)) {
      if (n->right) optimise(&n->right, set_of(n->right->available));
      needed = n->left ? set_of(n->left->available) : SlotSet{};
      continue;
    }
    std::erase_if(n->available, [&](Slot slot) { return !needed.contains(slot); });
    if (n->op == PlanOp::kExpandAll || n->op == PlanOp::kExpandInto) {
      auto* expand = static_cast<PlanExpand*>(n);
      if (!needed.contains(expand->relationship)) expand->relationship = kNoSlot;
    }
    if (n->op == PlanOp::kEagerAggregation || n->op == PlanOp::kUnion) needed.clear();
    add_reads(*n, &needed);
    if (!n->right) continue;
    const bool semi = n->op == PlanOp::kSemiApply || n->op == PlanOp::kAntiSemiApply;
    // A Merge takes what is the left's from the left.
    SlotSet right = semi ? SlotSet{} : n->op == PlanOp::kMerge ? created_slots(*static_cast<PlanMerge*>(n)) : needed;
    optimise(&n->right, right, duplicates_matter && !semi);
    const bool applies = semi || n->op == PlanOp::kApply || n->op == PlanOp::kMerge;
    if (applies) add_reads_of_tree(n->right, &needed);
  }
}

void Planner::optimise_expressions(PlanNode* n) {
  const std::function<void(Expr*)> visit = [&](Expr* e) {
    for (Expr* child : e->children) {
      if (child) visit(child);
    }
    if (!e->plan || !optimised_.insert(e).second) return;
    if (e->kind == ExprKind::kCountSubquery) {
      e->slot = kNoSlot;
      SlotSet nothing;
      Slot weight = kNoSlot;
      PlanNode** link = skip_projections(&e->plan, &nothing);
      if (is_chain_operator(**link) && walk_counted(link, SlotSet{}, &weight, kAnyCost)) {
        e->plan = *link;  // what the projections made is not read
        e->slot = weight;
        return optimise(&e->plan, SlotSet{weight});
      }
      return optimise(&e->plan, SlotSet{});
    }
    const bool row_is_enough = e->kind == ExprKind::kExists || (e->kind == ExprKind::kPatternExpression && !e->wants_list);
    optimise(&e->plan, row_is_enough ? SlotSet{} : SlotSet{e->slot}, !row_is_enough);
  };
  each_expression(*n, visit);
}

PlanNode** Planner::skip_projections(PlanNode** link, SlotSet* reads) {
  while ((*link)->op == PlanOp::kProjection) {
    add_reads(**link, reads);
    link = &(*link)->left;
  }
  return link;
}

// Below an aggregation or DISTINCT only what they read has to be bound; the rest of a pattern is counted.
void Planner::count_below(PlanNode** top, const SlotSet& needed) {
  auto* aggregation = (*top)->op == PlanOp::kEagerAggregation ? static_cast<PlanAggregation*>(*top) : nullptr;
  SlotSet reads;
  PlanNode** link = skip_projections(&(*top)->left, &reads);
  PlanNode** join_link = join_below(link);
  PlanNode* join = join_link ? *join_link : nullptr;
  const auto keep_join = [&] {
    if (join) *join_link = join;
  };
  const double cost = join ? join_of(join)->cost : kAnyCost;
  if (join) *join_link = join_of(join)->instead;
  if (!is_chain_operator(**link) && !(aggregation && (*link)->op == PlanOp::kRelationshipScan)) return keep_join();
  if (aggregation) count_rows(*link, aggregation);
  if (aggregation && count_from_store(top, *link)) return;
  if (!is_chain_operator(**link)) return keep_join();
  add_reads(**top, &reads);
  if (!aggregation) reads.insert(needed.begin(), needed.end());
  Slot weight = kNoSlot;
  if (!walk_counted(link, reads, &weight, cost)) return keep_join();
  if (aggregation) aggregation->weight = weight;
  for (PlanNode* n = (*top)->left; n != *link; n = n->left) n->available.push_back(weight);
}

// The link to what a hash join at the bottom of a chain gives, if it could be done without the join.
PlanNode** Planner::join_below(PlanNode** link) {
  PlanNode** bottom = link;
  while (is_chain_operator(**bottom)) bottom = &(*bottom)->left;
  if ((*bottom)->op != PlanOp::kNodeHashJoin || !static_cast<const PlanHashJoin*>(*bottom)->instead) return nullptr;
  for (PlanNode** top = link; top != bottom; top = &(*top)->left) {
    if (*top == static_cast<const PlanHashJoin*>(*bottom)->top) return top;
  }
  return bottom;
}

const PlanHashJoin* Planner::join_of(const PlanNode* top) {
  while (top->op != PlanOp::kNodeHashJoin) top = top->left;
  return static_cast<const PlanHashJoin*>(top);
}

// count(x) of what is never null counts rows.
void Planner::count_rows(PlanNode* chain, PlanAggregation* aggregation) {
  WalkPattern pattern;
  if (!take_pattern_apart(chain, true, &pattern) && !take_pattern_apart(chain, false, &(pattern = WalkPattern()))) return;
  for (SlotExpr& item : aggregation->aggregations) {
    const Expr* e = item.expression;
    const bool plain = e->kind == ExprKind::kFunction && !e->distinct && e->name.size() == 5 && e->function && e->function->name == "count" && e->children.size() == 1 &&
                       e->children[0]->kind == ExprKind::kVariable && pattern.binds(e->children[0]->slot);
    if (plain) item.expression = make_expr(ExprKind::kCountStar, {}, arena_.get());
  }
}

// MATCH (:L)-[:T]->() RETURN count(*): the counts are kept with the graph.
bool Planner::count_from_store(PlanNode** top, PlanNode* chain) {
  const auto* aggregation = static_cast<const PlanAggregation*>(*top);
  if (!aggregation->grouping.empty() || aggregation->aggregations.size() != 1 || aggregation->aggregations[0].expression->kind != ExprKind::kCountStar) return false;
  WalkPattern p;
  if (!take_pattern_apart(chain, true, &p) || p.nodes.size() != 2 || p.edges.size() != 1 || p.edges[0].direction == graph::Direction::kBoth) return false;
  const PatternEdge& e = p.edges[0];
  if (!p.predicates.empty() || !p.differs.empty() || !p.tests.empty() || !e.unique_slots.empty() || !p.binds_node(e.from) || !p.binds_node(e.to)) return false;
  size_t labels = 0;
  for (const auto& [node, list] : p.labels) labels += list.size();
  if (labels > 1 || (labels == 1 && e.types.empty())) return false;
  PlanCountStore* count = node<PlanCountStore>(PlanOp::kRelationshipCountFromCountStore);
  count->count = aggregation->aggregations[0].slot;
  count->types = e.types;
  const Slot start = e.direction == graph::Direction::kOutgoing ? e.from : e.to;
  for (const auto& [node, list] : p.labels) {
    if (list.empty()) continue;
    count->label = label_token(list[0].name);
    count->incoming = node != start;
  }
  replace(top, count, nullptr, (*top)->available, 1);
  return true;
}

void Planner::replace(PlanNode** link, PlanNode* by, PlanNode* left, std::vector<Slot> available, double rows) {
  by->left = left;
  by->available = std::move(available);
  by->estimated_rows = rows;
  by->depth = left ? left->depth + 1 : 1;
  made_.push_back(by);
  *link = by;
}

// ---- Walks --------------------------------------------------------------------------------------------------------

namespace {

constexpr double kWalkStep = 0.15;  // against a row that an operator hands on
constexpr double kWorthIntersecting = 500;  // rows; with fewer Expand(Into) costs nothing either

void mark_read(const SlotSet& needed, WalkPattern* p) {
  for (PatternEdge& e : p->edges) {
    e.read = needed.contains(e.slot);
    for (const PatternPredicate& predicate : p->predicates) e.read |= predicate.needs.contains(e.slot);
  }
}

// All nodes from `start` on, each with an edge to one before it: what is needed first, then what closes cycles.
std::vector<Slot> nodes_from(const WalkPattern& p, Slot start, const SlotSet& needed) {
  std::vector<Slot> out;
  if (start != kNoSlot) out.push_back(start);
  const auto bound = [&](Slot node) { return !p.binds_node(node) || std::find(out.begin(), out.end(), node) != out.end(); };
  while (out.size() < p.nodes.size()) {
    Slot best = kNoSlot;
    int best_rank = -1;
    for (Slot node : p.nodes) {
      if (bound(node)) continue;
      int edges = 0;
      for (const PatternEdge& e : p.edges) edges += (e.from == node && bound(e.to)) || (e.to == node && bound(e.from));
      const int rank = edges == 0 ? -1 : 2 * edges + (needed.contains(node) ? 1 : 0);
      if (rank > best_rank) {
        best = node;
        best_rank = rank;
      }
    }
    if (best == kNoSlot) return {};
    out.push_back(best);
  }
  return out;
}

// Nothing that the walk would have to check at its very first node.
bool starts_free(const WalkPattern& p, Slot start) {
  const auto both = [&](Slot a, Slot b) { return (a == start && !p.binds_node(b)) || (b == start && !p.binds_node(a)); };
  return std::none_of(p.edges.begin(), p.edges.end(), [&](const PatternEdge& e) { return both(e.from, e.to); }) &&
         std::none_of(p.differs.begin(), p.differs.end(), [&](const auto& d) { return both(d.first, d.second); }) &&
         std::none_of(p.tests.begin(), p.tests.end(), [&](const PatternTest& t) { return both(t.from, t.to); });
}

std::vector<std::string> names_of(const std::vector<Token>& tokens) {
  std::vector<std::string> out;
  for (const Token& t : tokens) out.push_back(t.name);
  return out;
}

}  // namespace

// Costs of a walk in steps of a loop: each neighbour that is looked at or marked, and each tail that is counted.
double Planner::walk_cost(const WalkPattern& p, const WalkOrder& order, double start_rows) const {
  const double nodes = std::max<double>(1, static_cast<double>(view_.node_count()));
  const auto degree_of = [&](Slot from, const std::vector<Token>& types, graph::Direction direction) {
    const auto found = p.labels.find(from);
    return average_degree(found == p.labels.end() ? std::vector<std::string>{} : names_of(found->second), names_of(types), direction);
  };
  const auto position = [&](Slot node) { return std::find(order.nodes.begin(), order.nodes.end(), node) - order.nodes.begin(); };
  std::vector<double> rows_at(order.nodes.size() + 1, start_rows);  // when a node has been bound; the last: of the input
  double rows = start_rows, cost = start_rows;
  for (size_t i = 0; i < order.nodes.size(); ++i) {
    const Slot node = order.nodes[i];
    double fan = 1, walked = 0;
    ptrdiff_t last = -1;
    bool hangs_on_tail = false, asks = false;
    const auto from_bound = [&](Slot a, Slot b, const std::vector<Token>& types, graph::Direction direction, bool edge) {
      const Slot other = b == node ? a : a == node ? b : kNoSlot;
      const ptrdiff_t at = other == kNoSlot ? 0 : position(other);
      const bool known = other != kNoSlot && (!p.binds_node(other) || at < static_cast<ptrdiff_t>(i));
      if (!known) return;
      if (p.binds_node(other) && !order.spine[static_cast<size_t>(at)]) hangs_on_tail = true;
      if (b != node && direction != graph::Direction::kBoth) direction = direction == graph::Direction::kOutgoing ? graph::Direction::kIncoming : graph::Direction::kOutgoing;
      const double degree = degree_of(other, types, direction);
      const ptrdiff_t bound_at = p.binds_node(other) ? at : -1;
      if (!edge || walked > 0) asks = true;
      if (!edge) {
        cost += rows_at[p.binds_node(other) ? static_cast<size_t>(at) : order.nodes.size()] * degree;  // marked when it is bound
        return;
      }
      fan *= walked > 0 ? degree / nodes : degree;
      // The list of the node that is bound last is walked, the others are marked
      const bool later = bound_at >= last;
      cost += later ? walked > 0 ? rows_at[last < 0 ? order.nodes.size() : static_cast<size_t>(last)] * walked : 0
                    : rows_at[bound_at < 0 ? order.nodes.size() : static_cast<size_t>(bound_at)] * degree;
      if (later || walked == 0) {
        walked = std::max(degree, 1e-3);
        last = bound_at;
      }
    };
    for (const PatternEdge& e : p.edges) from_bound(e.from, e.to, e.types, e.direction, true);
    for (const PatternTest& t : p.tests) from_bound(t.from, t.to, t.types, t.direction, false);
    const bool filtered = std::any_of(p.predicates.begin(), p.predicates.end(), [&](const PatternPredicate& predicate) { return predicate.needs.contains(node); });
    if (!order.spine[i]) {
      cost += rows * (hangs_on_tail ? 0.1 : asks ? 1 + walked : filtered ? 2 + 3 * walked : 2);  // what is known once is remembered
    } else if (p.bottom || i > 0) {
      cost += rows * (1 + walked * (filtered ? 3 : 1));
      rows *= fan;
    }
    rows_at[i] = rows;
  }
  return cost;
}

// The chain as a walk in which nothing but `needed` is bound; *weight: the slot that says how many matches a row stands
// for. False: nothing would be saved.
bool Planner::walk_counted(PlanNode** link, const SlotSet& needed, Slot* weight, double less_than) {
  struct Choice {
    WalkPattern pattern;
    WalkOrder order;
    double cost = 0, start_rows = 0;
  } best;
  bool found = false;
  const auto consider = [&](const WalkPattern& p, Slot start, double rows) {
    WalkOrder order = order_walk(p, nodes_from(p, start, needed), needed);
    const bool counts = std::any_of(order.spine.begin(), order.spine.end(), [](bool walked) { return !walked; });
    if (order.nodes.empty() || !counts) return;
    const double cost = walk_cost(p, order, rows);
    if (!found || cost < best.cost) best = {p, std::move(order), cost, rows};
    found = true;
  };
  WalkPattern as_it_is, with_scan;
  constexpr size_t kMaxNodes = 40;
  if (take_pattern_apart(*link, false, &as_it_is) && as_it_is.nodes.size() <= kMaxNodes) {
    mark_read(needed, &as_it_is);
    consider(as_it_is, kNoSlot, as_it_is.bottom->estimated_rows);
  }
  if (take_pattern_apart(*link, true, &with_scan) && with_scan.nodes.size() <= kMaxNodes) {
    mark_read(needed, &with_scan);
    for (Slot start : with_scan.nodes) {
      if (starts_free(with_scan, start)) consider(with_scan, start, scan_rows(with_scan, start));
    }
  }
  if (!found || best.cost * kWalkStep >= less_than) return false;
  *weight = new_slot(SlotKind::kValue);
  emit_walk(link, best.pattern, best.order, needed, best.start_rows, *weight);
  return true;
}

double Planner::scan_rows(const WalkPattern& p, Slot start) const {
  double rows = static_cast<double>(view_.node_count());
  const auto labels = p.labels.find(start);
  if (labels == p.labels.end()) return rows;
  for (const Token& t : labels->second) {
    const auto id = catalog_.label(t.name);
    rows = std::min(rows, id ? static_cast<double>(view_.node_count(*id)) : 0.0);
  }
  return rows;
}

// The scan that a walk without a bottom starts from, with what else must hold of its node.
PlanNode* Planner::walk_start(WalkPattern* p, Slot start) {
  std::vector<Token> labels = p->labels[start];
  PlanNodeScan* scan = node<PlanNodeScan>(labels.empty() ? PlanOp::kAllNodesScan : PlanOp::kNodeByLabelScan);
  scan->node = start;
  std::vector<Expr*> predicates;
  if (!labels.empty()) {
    const auto count = [&](const Token& t) { return catalog_.label(t.name) ? view_.node_count(*catalog_.label(t.name)) : 0; };
    std::stable_sort(labels.begin(), labels.end(), [&](const Token& a, const Token& b) { return count(a) < count(b); });
    scan->labels = {label_token(labels[0].name)};
    for (size_t i = 1; i < labels.size(); ++i) {
      Expr* has = make_expr(ExprKind::kHasLabels, {variable_of(start, arena_.get())}, arena_.get());
      has->labels = arena_->make<LabelExpr>();
      has->labels->name = labels[i].name;
      predicates.push_back(has);
    }
  }
  std::vector<Slot> available = p->input;
  available.push_back(start);
  std::sort(available.begin(), available.end());
  PlanNode* top = nullptr;
  replace(&top, scan, nullptr, available, scan_rows(*p, start));
  for (const PatternPredicate& predicate : p->predicates) {
    const bool here = std::none_of(predicate.needs.begin(), predicate.needs.end(), [&](Slot slot) { return slot != start && p->binds(slot); });
    if (here) predicates.push_back(predicate.expression);
  }
  if (predicates.empty()) return top;
  PlanFilter* filter = node<PlanFilter>();
  double rows = top->estimated_rows;
  for (const Expr* e : predicates) rows *= selectivity(e);
  filter->predicates = std::move(predicates);
  PlanNode* left = top;
  replace(&top, filter, left, available, rows);
  return top;
}

void Planner::emit_walk(PlanNode** link, WalkPattern pattern, const WalkOrder& order, const SlotSet& needed, double rows, Slot weight) {
  std::vector<Slot> available = (*link)->available;
  PlanNode* bottom = pattern.bottom ? pattern.bottom : walk_start(&pattern, order.nodes[0]);
  for (auto& [node, labels] : pattern.labels) {
    for (Token& t : labels) t = label_token(t.name);
  }
  PlanWalk* walk = node<PlanWalk>();
  build_walk(pattern, order, needed, walk);
  walk->weight = weight;
  if (weight != kNoSlot) available.push_back(weight);
  replace(link, walk, bottom, std::move(available), std::max(1.0, rows));
}

// A pattern with a cycle whose rows are all wanted: by intersection, if more open paths are to be expected than lists.
void Planner::walk_cycle(PlanNode** link, const SlotSet& needed) {
  PlanNode** join_link = join_below(link);
  PlanNode* join = join_link ? *join_link : nullptr;
  const double cost = join ? join_of(join)->cost : kAnyCost;
  if (join) *join_link = join_of(join)->instead;
  if (!walk_open_cycle(link, needed, cost) && join) *join_link = join;
}

bool Planner::walk_open_cycle(PlanNode** link, const SlotSet& needed, double less_than) {
  WalkPattern p;
  if (!is_chain_operator(**link) || !take_pattern_apart(*link, false, &p) || p.edges.size() <= p.nodes.size() || p.nodes.size() > 40 || p.rows < kWorthIntersecting) return false;
  // Rows come per match: all is walked, nothing is counted
  SlotSet all = needed;
  all.insert(p.nodes.begin(), p.nodes.end());
  mark_read(needed, &p);
  const WalkOrder order = order_walk(p, nodes_from(p, kNoSlot, all), all);
  if (order.nodes.empty() || walk_cost(p, order, p.bottom->estimated_rows) * kWalkStep >= less_than) return false;
  emit_walk(link, p, order, needed, (*link)->estimated_rows, kNoSlot);
  return true;
}

}  // namespace graft::cypher
