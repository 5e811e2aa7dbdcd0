// MATCH: the chosen order of steps as operators.

#include <algorithm>
#include <utility>

#include "cypher/executor/plan_writes.h"
#include "cypher/planner/planner_impl.h"

namespace graft::cypher {

void Planner::match(const MatchClause& c, Stream* s) {
  const bool selected = needs_selection(c.patterns);
  QueryGraph graph = make_query_graph(c.patterns, selected ? nullptr : c.where, !c.repeatable_elements, s->bound, arena_.get(), this);
  AccessSet reads;
  graph_access(graph, &reads);
  expression_access(c.where, &reads);
  before_read(reads, s);
  const std::vector<Hint>* outer = std::exchange(hints_, options_.optimise ? &c.hints : nullptr);
  match_clause(c, selected, &graph, s);
  hints_ = outer;
  for (Slot node : graph.nodes) {
    if (std::vector<std::string> labels = labels_of(graph, node); !labels.empty()) labels_seen_[node] = std::move(labels);
  }
}

void Planner::match_clause(const MatchClause& c, bool selected, QueryGraph* made, Stream* s) {
  QueryGraph& graph = *made;
  if (!c.optional && !selected) return match_graph(&graph, s);
  Stream inner;
  inner.bound = s->bound;
  if (selected) {
    select_paths(*c.patterns[0], &graph, &inner);
    if (c.where) {
      std::vector<Expr*> conjuncts;
      split_conjunction(c.where, &conjuncts);
      filter(std::move(conjuncts), &inner);
    }
    if (!c.optional) return apply(inner, graph.introduced, s);
  } else {
    match_graph(&graph, &inner);
  }
  leaf_or_top(&inner);
  PlanOptional* optional = node<PlanOptional>();
  optional->nulls.assign(graph.introduced.begin(), graph.introduced.end());
  push(&inner, optional, std::max(1.0, inner.rows));
  apply(inner, graph.introduced, s);
}

// The inner plan for each row.
void Planner::apply(const Stream& inner, const SlotSet& introduced, Stream* s) {
  s->bound.insert(introduced.begin(), introduced.end());
  if (!s->top) {
    s->top = inner.top;
    s->rows = inner.rows;
    return;
  }
  PlanApply* apply = node<PlanApply>(PlanOp::kApply);
  apply->left = s->top;
  apply->right = inner.top;
  place(s, apply, s->rows * inner.rows);
}

Planner::Stream Planner::pattern_stream(const std::vector<PathPattern*>& patterns, Expr* where, const Stream& outer, bool unique) {
  Stream s;
  s.bound = outer.bound;
  QueryGraph graph = make_query_graph(patterns, where, unique, s.bound, arena_.get(), this);
  const std::vector<Hint>* hints = std::exchange(hints_, nullptr);
  match_graph(&graph, &s);
  hints_ = hints;
  return s;
}

void Planner::match_graph(QueryGraph* graph, Stream* s) {
  for (GraphPredicate& p : graph->predicates) p.expression = fold(p.expression);
  const MatchState chosen = choose(*graph, s->bound, s->rows);
  note_missed_hints(chosen.hints);
  MatchDone done{std::vector<bool>(graph->predicates.size()), std::vector<bool>(graph->edges.size())};
  filters(graph, &done.predicates, s, false);
  emit_steps(graph, chosen.steps, &done, s);
  emit_paths(graph, s);
  filters(graph, &done.predicates, s, true);
}

void Planner::emit_steps(QueryGraph* g, const std::vector<MatchStep>& steps, MatchDone* done, Stream* s) {
  Stream begin;
  MatchDone begin_done;
  const bool joins = std::any_of(steps.begin(), steps.end(), [](const MatchStep& step) { return !step.instead.empty(); });
  for (size_t i = 0; i < steps.size(); ++i) {
    const bool replaceable = joins && std::any_of(steps.begin() + static_cast<ptrdiff_t>(i), steps.end(), [&](const MatchStep& step) { return !step.instead.empty() && step.instead_from == i; });
    if (replaceable) {
      begin = *s;
      begin_done = *done;
    }
    if (steps[i].kind != MatchStep::kJoin) {
      emit_step(g, steps[i], done, s);
      continue;
    }
    PlanHashJoin* join = emit_join(g, steps[i], done, s);
    if (steps[i].instead.empty()) continue;
    Stream chain = begin;
    MatchDone chain_done = begin_done;
    emit_steps(g, steps[i].instead, &chain_done, &chain);
    join->instead = chain.top;
    join->top = s->top;
    join->cost = steps[i].cost;
  }
}

void Planner::emit_step(QueryGraph* g, const MatchStep& step, MatchDone* done, Stream* s) {
  if (step.kind == MatchStep::kLeaf && join_leaf(*g, step, &done->predicates, s)) {
  } else if (step.kind == MatchStep::kLeaf) {
    emit_leaf(*g, step, s);
    for (int p : step.leaf.solved) done->predicates[static_cast<size_t>(p)] = true;
    if (step.leaf.edge >= 0) {
      differ(step.leaf.edge, unique_with(*g, step.leaf.edge, done->edges), *g, s);
      done->edges[static_cast<size_t>(step.leaf.edge)] = true;
    }
  } else {
    const size_t i = static_cast<size_t>(step.edge);
    if (g->edges[i].kind == EdgeKind::kShortest) {
      emit_shortest(g, g->edges[i], &done->predicates, s);
    } else {
      emit_expand(g, step, done->edges, s);
    }
    done->edges[i] = true;
  }
  filters(g, &done->predicates, s, false);
}

// The relationship is none of the others.
void Planner::differ(int edge, const std::vector<Slot>& others, const QueryGraph& g, Stream* s) {
  if (others.empty()) return;
  Expr* unique = make_expr(ExprKind::kUniqueRelationships, {variable_of(g.edges[static_cast<size_t>(edge)].slot, arena_.get())}, arena_.get());
  for (Slot other : others) unique->children.push_back(variable_of(other, arena_.get()));
  filter({unique}, s);
}

// Two pieces of the pattern, each found by itself, with the same nodes where they meet. Fewer rows are built than looked up.
PlanHashJoin* Planner::emit_join(QueryGraph* g, const MatchStep& step, MatchDone* done, Stream* s) {
  Stream right;
  MatchDone there{done->predicates, std::vector<bool>(g->edges.size())};
  emit_steps(g, step.right, &there, &right);
  done->predicates = there.predicates;
  PlanHashJoin* join = node<PlanHashJoin>(PlanOp::kNodeHashJoin);
  join->nodes = step.on;
  join->left = leaf_or_top(s);
  join->right = right.top;
  if (step.build_right && !may_write(*join->left)) std::swap(join->left, join->right);  // what is written comes first
  s->bound.insert(right.bound.begin(), right.bound.end());
  place(s, join, step.rows);
  for (size_t i = 0; i < g->edges.size(); ++i) {
    if (there.edges[i]) differ(static_cast<int>(i), unique_with(*g, static_cast<int>(i), done->edges), *g, s);
  }
  for (size_t i = 0; i < g->edges.size(); ++i) {
    if (there.edges[i]) done->edges[i] = true;
  }
  filters(g, &done->predicates, s, false);
  return join;
}

std::vector<Slot> Planner::unique_with(const QueryGraph& g, int edge, const std::vector<bool>& done) const {
  std::vector<Slot> out;
  const GraphEdge& e = g.edges[static_cast<size_t>(edge)];
  if (!e.unique) return out;
  for (size_t i = 0; i < g.edges.size(); ++i) {
    const GraphEdge& other = g.edges[i];
    if (!done[i] || !other.unique || static_cast<int>(i) == edge) continue;
    const bool both_typed = !e.types.empty() && !other.types.empty();
    const bool disjoint = both_typed && std::none_of(e.types.begin(), e.types.end(), [&](const std::string& t) { return std::find(other.types.begin(), other.types.end(), t) != other.types.end(); });
    if (!disjoint) out.push_back(other.slot);
  }
  return out;
}

// A scan that an equality ties to what is there already: both sides once, joined by hash.
bool Planner::join_leaf(const QueryGraph& g, const MatchStep& step, std::vector<bool>* predicate_done, Stream* s) {
  const LeafChoice& leaf = step.leaf;
  const bool scan = leaf.op == PlanOp::kAllNodesScan || leaf.op == PlanOp::kNodeByLabelScan;
  if (!options_.optimise || !scan || leaf.edge >= 0 || !s->top || few_rows_wanted_ || s->rows * leaf.rows < 1000) return false;
  for (size_t i = 0; i < g.predicates.size(); ++i) {
    const Expr* e = g.predicates[i].expression;
    if ((*predicate_done)[i] || e->kind != ExprKind::kEqual) continue;
    for (size_t side = 0; side < 2; ++side) {
      SlotSet here, there;
      collect_slots(e->children[side], &here);
      collect_slots(e->children[1 - side], &there);
      const bool known = !there.empty() && std::all_of(there.begin(), there.end(), [&](Slot slot) { return s->bound.contains(slot); });
      if (!known || here != SlotSet{leaf.node}) continue;
      Stream right;
      emit_leaf(g, step, &right);
      PlanHashJoin* join = node<PlanHashJoin>(PlanOp::kValueHashJoin);
      join->left_key = lower(e->children[1 - side], *s);
      join->right_key = lower(e->children[side], right);
      join->left = s->top;
      join->right = right.top;
      (*predicate_done)[i] = true;
      for (int p : leaf.solved) (*predicate_done)[static_cast<size_t>(p)] = true;
      s->bound.insert(leaf.node);
      place(s, join, s->rows * leaf.rows * 0.1);
      return true;
    }
  }
  return false;
}

// ---- Leaves -------------------------------------------------------------------------------------------------------

void Planner::emit_leaf(const QueryGraph& g, const MatchStep& step, Stream* s) {
  const LeafChoice& leaf = step.leaf;
  const double rows = std::max(s->rows, 1.0) * leaf.rows;
  if (leaf.edge >= 0 && leaf.op != PlanOp::kRelationshipScan) return emit_relationship_seek(g.edges[static_cast<size_t>(leaf.edge)], leaf, rows, s);
  if (leaf.edge >= 0) {
    const GraphEdge& e = g.edges[static_cast<size_t>(leaf.edge)];
    PlanRelationshipScan* scan = node<PlanRelationshipScan>();
    scan->relationship = e.slot;
    scan->from = e.direction == graph::Direction::kIncoming ? e.to : e.from;
    scan->to = e.direction == graph::Direction::kIncoming ? e.from : e.to;
    scan->directed = e.direction != graph::Direction::kBoth;
    scan->types = type_tokens(e.types);
    s->bound.insert({e.slot, e.from, e.to});
    return push_leaf(s, scan, rows);
  }
  s->bound.insert(leaf.node);
  if (leaf.op == PlanOp::kNodeByIdSeek) {
    PlanIdSeek* seek = id_seek_of(leaf, *s);
    seek->entity = leaf.node;
    return push_leaf(s, seek, rows);
  }
  if (leaf.op == PlanOp::kNodeIndexSeek) {
    PlanIndexSeek* seek = index_seek_of(leaf, *s);
    seek->entity = leaf.node;
    return push_leaf(s, seek, rows);
  }
  PlanNodeScan* scan = node<PlanNodeScan>(leaf.op);
  scan->node = leaf.node;
  for (const std::string& label : leaf.labels) scan->labels.push_back(label_token(label));
  scan->hinted = leaf.hints != 0;
  push_leaf(s, scan, rows);
}

PlanIdSeek* Planner::id_seek_of(const LeafChoice& leaf, const Stream& s) {
  PlanIdSeek* seek = node<PlanIdSeek>(leaf.op);
  seek->ids = lower(leaf.ids, s);
  seek->many = leaf.many;
  seek->element_id = leaf.element_id;
  return seek;
}

PlanIndexSeek* Planner::index_seek_of(const LeafChoice& leaf, const Stream& s) {
  const bool nodes = leaf.index->entity == graph::EntityKind::kNode;
  const bool scan = leaf.keys.size() == 1 && leaf.keys[0].kind == SeekKind::kExists && nodes;
  PlanIndexSeek* seek = node<PlanIndexSeek>(scan ? PlanOp::kNodeIndexScan : leaf.op);
  seek->index = leaf.index->id;
  seek->unique = leaf.index->unique;
  seek->index_name = leaf.index->name;
  seek->index_kind = leaf.index->kind;
  const uint32_t token = leaf.index->labels_or_types[0];
  seek->label_or_type = {nodes ? catalog_.label_name(token) : catalog_.type_name(token), token};
  for (graph::PropertyKeyId key : leaf.index->keys) seek->properties.push_back({catalog_.property_key_name(key), key});
  if (!scan) seek->keys = leaf.keys;
  for (SeekKey& key : seek->keys) {
    key.lower = lower(key.lower, s);
    key.upper = lower(key.upper, s);
  }
  return seek;
}

void Planner::emit_relationship_seek(const GraphEdge& e, const LeafChoice& leaf, double rows, Stream* s) {
  const bool incoming = e.direction == graph::Direction::kIncoming, directed = e.direction != graph::Direction::kBoth;
  const Slot from = incoming ? e.to : e.from, to = incoming ? e.from : e.to;
  const auto place_ends = [&](auto* seek) {
    seek->entity = e.slot;
    seek->from = from;
    seek->to = to;
    seek->directed = directed;
    s->bound.insert({e.slot, e.from, e.to});
    push_leaf(s, seek, rows);
  };
  if (leaf.op == PlanOp::kRelationshipIndexSeek) return place_ends(index_seek_of(leaf, *s));
  place_ends(id_seek_of(leaf, *s));
  if (e.types.empty()) return;
  Expr* type = make_expr(ExprKind::kHasType, {variable_of(e.slot, arena_.get())}, arena_.get());
  type->labels = arena_->make<LabelExpr>();
  type->labels->kind = LabelExprKind::kOr;
  for (const std::string& name : e.types) {
    type->labels->children.push_back(arena_->make<LabelExpr>());
    type->labels->children.back()->name = name;
  }
  filter({type}, s);
}

// ---- Expansions ---------------------------------------------------------------------------------------------------

namespace {

graph::Direction reverse(graph::Direction d) {
  if (d == graph::Direction::kBoth) return d;
  return d == graph::Direction::kOutgoing ? graph::Direction::kIncoming : graph::Direction::kOutgoing;
}

}  // namespace

void Planner::emit_expand(QueryGraph* g, const MatchStep& step, const std::vector<bool>& edges_done, Stream* s) {
  const GraphEdge& e = g->edges[static_cast<size_t>(step.edge)];
  std::vector<Slot> others = unique_with(*g, step.edge, edges_done);
  if (e.bound) {
    emit_bound_relationship(e, s);
    return differ(step.edge, others, *g, s);
  }
  const Slot from = step.reversed ? e.to : e.from, to = step.reversed ? e.from : e.to;
  const bool into = s->bound.contains(to);
  const double rows = s->rows * expand_rows(*g, e, step.reversed, into);
  leaf_or_top(s);
  if (e.kind == EdgeKind::kVarLength) return emit_var_length(e, from, to, into, step.reversed, std::move(others), s);
  if (e.kind == EdgeKind::kQuantified) return emit_quantified(e, from, to, into, step.reversed, std::move(others), s);
  PlanExpand* expand = node<PlanExpand>(into ? PlanOp::kExpandInto : PlanOp::kExpandAll);
  expand->from = from;
  expand->to = to;
  expand->relationship = e.slot;
  expand->direction = step.reversed ? reverse(e.direction) : e.direction;
  expand->types = type_tokens(e.types);
  expand->unique_with = std::move(others);
  s->bound.insert({to, e.slot});
  push(s, expand, rows);
}

void Planner::emit_var_length(const GraphEdge& e, Slot from, Slot to, bool into, bool reversed, std::vector<Slot> unique_with, Stream* s) {
  PlanVarLengthExpand* expand = node<PlanVarLengthExpand>(into ? PlanOp::kVarLengthExpandInto : PlanOp::kVarLengthExpandAll);
  expand->from = from;
  expand->to = to;
  expand->relationships = e.slot;
  expand->direction = reversed ? reverse(e.direction) : e.direction;
  expand->types = type_tokens(e.types);
  expand->min = e.length.min;
  expand->max = e.length.max;
  expand->reversed = reversed;
  expand->unique_with = std::move(unique_with);
  expand->step_relationship = e.step;
  expand->step_predicates = e.step_predicates;
  lower_all(&expand->step_predicates, *s);
  s->bound.insert({to, e.slot});
  push(s, expand, s->rows * (into ? 1 : 10));
}

void Planner::emit_quantified(const GraphEdge& e, Slot from, Slot to, bool into, bool reversed, std::vector<Slot> unique_with, Stream* s) {
  const PatternPart& part = *e.quantified;
  PlanRepeat* repeat = node<PlanRepeat>();
  const Slot first = part.inner->parts.front()->node->slot, last = part.inner->parts.back()->node->slot;
  repeat->start = from;
  repeat->end = to;
  repeat->end_bound = into;
  repeat->inner_start = reversed ? last : first;
  repeat->inner_end = reversed ? first : last;
  repeat->min = e.length.min;
  repeat->max = e.length.max;
  repeat->groups = part.groups;
  repeat->relationships = e.slot;
  repeat->reversed = reversed;
  repeat->unique_with = std::move(unique_with);
  repeat->check_unique = e.unique;
  Stream outer;
  outer.bound = s->bound;
  outer.bound.insert(repeat->inner_start);
  Stream round = pattern_stream({part.inner}, part.where, outer, e.unique);
  repeat->right = leaf_or_top(&round);
  for (const PatternPart* p : part.inner->parts) {
    if (p->relationship) repeat->inner_relationships.push_back(p->relationship->slot);
  }
  if (reversed) std::reverse(repeat->inner_relationships.begin(), repeat->inner_relationships.end());
  repeat->left = s->top;
  s->bound.insert({to, e.slot});
  for (const auto& [inner, group] : part.groups) s->bound.insert(group);
  place(s, repeat, s->rows * (into ? 1 : 10));
}

void Planner::emit_bound_relationship(const GraphEdge& e, Stream* s) {
  PlanProjectEndpoints* ends = node<PlanProjectEndpoints>();
  ends->relationship = e.slot;
  ends->from = e.from;
  ends->to = e.to;
  ends->from_bound = s->bound.contains(e.from);
  ends->to_bound = s->bound.contains(e.to) || e.from == e.to;
  ends->direction = e.direction;
  ends->types = type_tokens(e.types);
  ends->var_length = e.kind == EdgeKind::kVarLength;
  ends->min = e.length.min;
  ends->max = e.length.max;
  leaf_or_top(s);
  s->bound.insert({e.from, e.to});
  push(s, ends, s->rows);
}

void Planner::emit_shortest(QueryGraph* g, const GraphEdge& e, std::vector<bool>* predicate_done, Stream* s) {
  PlanShortestPath* shortest = node<PlanShortestPath>();
  shortest->from = e.from;
  shortest->to = e.to;
  shortest->relationships = e.slot;
  shortest->path = e.path->slot;
  shortest->direction = e.direction;
  shortest->types = type_tokens(e.types);
  shortest->min = e.length.min;
  shortest->max = e.length.max;
  shortest->all = e.all_shortest;
  shortest->round_trips = e.path->selector != PathSelector::kShortestPathFunction && e.path->selector != PathSelector::kAllShortestPathsFunction;
  shortest->step_relationship = e.step;
  shortest->step_predicates = e.step_predicates;
  lower_all(&shortest->step_predicates, *s);
  leaf_or_top(s);
  s->bound.insert({e.slot, e.path->slot});
  for (size_t i = 0; i < g->predicates.size(); ++i) {
    const GraphPredicate& p = g->predicates[i];
    const bool function = e.path->selector == PathSelector::kShortestPathFunction || e.path->selector == PathSelector::kAllShortestPathsFunction;
    const bool about_path = function && (p.needs.contains(e.slot) || p.needs.contains(e.path->slot));
    const bool ready = std::all_of(p.needs.begin(), p.needs.end(), [&](Slot slot) { return s->bound.contains(slot); });
    if ((*predicate_done)[i] || !about_path || !ready) continue;
    shortest->path_predicates.push_back(lower(p.expression, *s));
    (*predicate_done)[i] = true;
  }
  push(s, shortest, s->rows);
}

void Planner::emit_paths(QueryGraph* g, Stream* s) {
  if (g->paths.empty()) return;
  PlanProjection* projection = node<PlanProjection>();
  leaf_or_top(s);
  for (const NamedPath& path : g->paths) {
    projection->items.push_back({path.slot, path.expression});
    s->bound.insert(path.slot);
  }
  push(s, projection, s->rows);
}

// ---- Filters ------------------------------------------------------------------------------------------------------

namespace {

int predicate_cost(const Expr* e) {
  if (e->kind == ExprKind::kHasLabels || e->kind == ExprKind::kUniqueRelationships || e->kind == ExprKind::kHasType) return 0;
  if (e->pattern || e->query) return 100;
  int cost = 1;
  for (const Expr* child : e->children) cost += child ? predicate_cost(child) : 0;
  return cost;
}

}  // namespace

void Planner::filters(QueryGraph* g, std::vector<bool>* done, Stream* s, bool all) {
  std::vector<Expr*> ready;
  for (size_t i = 0; i < g->predicates.size(); ++i) {
    if ((*done)[i]) continue;
    const GraphPredicate& p = g->predicates[i];
    if (!all_bound(p.needs, s->bound) && !all) continue;
    (*done)[i] = true;
    ready.push_back(p.expression);
  }
  filter(std::move(ready), s);
}

void Planner::filter(std::vector<Expr*> predicates, Stream* s) {
  std::vector<Expr*> plain;
  std::vector<std::pair<Expr*, bool>> semi;  // EXISTS and patterns as SemiApply; true: NOT
  for (Expr* e : predicates) {
    bool negated = e->kind == ExprKind::kNot, none = false;
    Expr* inner = negated ? e->children[0] : e;
    if (Expr* exists = count_as_exists(inner, &none)) {
      inner = exists;
      negated ^= none;
    }
    if (inner->kind == ExprKind::kPatternExpression || inner->kind == ExprKind::kExists) {
      semi.emplace_back(inner, negated);
    } else {
      Expr* lowered = lower(e, *s);
      const bool known = options_.optimise && lowered->kind == ExprKind::kLiteral;
      if (known && lowered->literal.type() == graph::ValueType::kBoolean && lowered->literal.as_boolean()) continue;  // asks nothing
      plain.push_back(lowered);
    }
  }
  if (plain.empty() && semi.empty()) return;
  leaf_or_top(s);
  if (!plain.empty()) {
    std::stable_sort(plain.begin(), plain.end(), [](const Expr* a, const Expr* b) { return predicate_cost(a) < predicate_cost(b); });
    PlanFilter* filter = node<PlanFilter>();
    double rows = s->rows;
    for (const Expr* e : plain) rows *= selectivity(e);
    filter->predicates = std::move(plain);
    push(s, filter, rows);
  }
  for (auto& [e, negated] : semi) {
    lower(e, *s);
    PlanApply* apply = node<PlanApply>(negated ? PlanOp::kAntiSemiApply : PlanOp::kSemiApply);
    apply->left = s->top;
    apply->right = e->plan;
    place(s, apply, s->rows * 0.5);
  }
}

}  // namespace graft::cypher
