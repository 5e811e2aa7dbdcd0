// Where a pattern can be entered without a scan: indexes and ids.

#include <algorithm>
#include <cmath>

#include "cypher/planner/planner_impl.h"

namespace graft::cypher {
namespace {

bool is_property(const Expr* e, Slot entity, const std::string& key) {
  return e->kind == ExprKind::kProperty && e->name == key && e->children[0]->kind == ExprKind::kVariable && e->children[0]->slot == entity;
}

ExprKind mirrored(ExprKind kind) {
  switch (kind) {
    case ExprKind::kLess: return ExprKind::kGreater;
    case ExprKind::kLessEqual: return ExprKind::kGreaterEqual;
    case ExprKind::kGreater: return ExprKind::kLess;
    case ExprKind::kGreaterEqual: return ExprKind::kLessEqual;
    default: return kind;
  }
}

}  // namespace

// The best use of the predicates on entity.key that an index can make, with values known by now.
bool Planner::seek_key(const QueryGraph& g, Slot entity, const std::string& key, const MatchState& state, SeekKey* out, std::vector<int>* solved) const {
  SeekKey range;
  range.kind = SeekKind::kRange;
  std::vector<int> in_range;
  bool exists = false;
  for (size_t i = 0; i < g.predicates.size(); ++i) {
    const Expr* e = g.predicates[i].expression;
    if (!state.predicate_done[i] && e->kind == ExprKind::kIsNotNull && is_property(e->children[0], entity, key)) {
      exists = true;
      in_range.push_back(static_cast<int>(i));  // whatever else is sought finds only what exists
    }
    if (state.predicate_done[i] || e->children.size() != 2 || !e->children[0] || !e->children[1]) continue;
    const bool left = is_property(e->children[0], entity, key), right = is_property(e->children[1], entity, key);
    if (left == right) continue;
    Expr* value = e->children[left ? 1 : 0];
    if (!value_known(value, entity, g, state)) continue;
    const ExprKind kind = left ? e->kind : mirrored(e->kind);
    if (kind == ExprKind::kEqual || (left && (kind == ExprKind::kIn || kind == ExprKind::kStartsWith))) {
      out->kind = kind == ExprKind::kEqual ? SeekKind::kEqual : kind == ExprKind::kIn ? SeekKind::kIn : SeekKind::kPrefix;
      out->lower = value;
      *solved = {static_cast<int>(i)};
      if (out->kind != SeekKind::kPrefix) return true;
      range.kind = SeekKind::kPrefix;
      continue;
    }
    const bool above = kind == ExprKind::kGreater || kind == ExprKind::kGreaterEqual, below = kind == ExprKind::kLess || kind == ExprKind::kLessEqual;
    if ((!above && !below) || range.kind == SeekKind::kPrefix || (above && range.lower) || (below && range.upper)) continue;
    (above ? range.lower : range.upper) = value;
    (above ? range.lower_inclusive : range.upper_inclusive) = kind == ExprKind::kGreaterEqual || kind == ExprKind::kLessEqual;
    in_range.push_back(static_cast<int>(i));
  }
  if (range.kind == SeekKind::kPrefix) return true;
  if (!range.lower && !range.upper && !exists) return false;
  if (!range.lower && !range.upper) range.kind = SeekKind::kExists;
  *out = range;
  *solved = in_range;
  return true;
}

bool Planner::value_known(const Expr* value, Slot entity, const QueryGraph& g, const MatchState& state) {
  SlotSet all;
  collect_slots(value, &all);
  return std::all_of(all.begin(), all.end(), [&](Slot s) { return s != entity && (state.bound.contains(s) || (!state.alone && !g.introduced.contains(s))); });
}

// STARTS WITH, CONTAINS and ENDS WITH: true for strings only, as a text index has them.
bool Planner::text_key(const QueryGraph& g, Slot entity, const std::string& key, const MatchState& state, SeekKey* out, std::vector<int>* solved) const {
  bool found = false;
  for (size_t i = 0; i < g.predicates.size(); ++i) {
    const Expr* e = g.predicates[i].expression;
    const bool text = e->kind == ExprKind::kStartsWith || e->kind == ExprKind::kContains || e->kind == ExprKind::kEndsWith;
    if (!text || state.predicate_done[i] || !is_property(e->children[0], entity, key) || !value_known(e->children[1], entity, g, state)) continue;
    if (found && e->kind != ExprKind::kStartsWith) continue;
    out->kind = e->kind == ExprKind::kStartsWith ? SeekKind::kPrefix : e->kind == ExprKind::kContains ? SeekKind::kContains : SeekKind::kEndsWith;
    out->lower = e->children[1];
    *solved = {static_cast<int>(i)};
    found = true;
  }
  return found;
}

// point.withinBBox(n.p, a, b), point.distance(n.p, c) < d: the index narrows, the predicate stays.
bool Planner::point_key(const QueryGraph& g, Slot entity, const std::string& key, const MatchState& state, SeekKey* out) const {
  const auto call_of = [&](const Expr* e, const char* name) { return e->kind == ExprKind::kFunction && e->function && e->function->name == name; };
  for (size_t i = 0; i < g.predicates.size(); ++i) {
    const Expr* e = g.predicates[i].expression;
    if (state.predicate_done[i]) continue;
    if (call_of(e, "point.withinBBox") && is_property(e->children[0], entity, key) && value_known(e->children[1], entity, g, state) && value_known(e->children[2], entity, g, state)) {
      *out = {SeekKind::kBox, e->children[1], e->children[2]};
      return true;
    }
    const bool below = e->kind == ExprKind::kLess || e->kind == ExprKind::kLessEqual, above = e->kind == ExprKind::kGreater || e->kind == ExprKind::kGreaterEqual;
    if (!below && !above) continue;
    const Expr* call = e->children[below ? 0 : 1];
    Expr* bound = e->children[below ? 1 : 0];
    if (!call_of(call, "point.distance") || !value_known(bound, entity, g, state)) continue;
    for (size_t side = 0; side < 2; ++side) {
      if (!is_property(call->children[side], entity, key) || !value_known(call->children[1 - side], entity, g, state)) continue;
      *out = {SeekKind::kDistance, call->children[1 - side], bound};
      return true;
    }
  }
  return false;
}

namespace {

// A predicate that only an existing property can pass.
bool demands(const Expr* e, Slot entity, const std::string& key) {
  switch (e->kind) {
    case ExprKind::kEqual: case ExprKind::kLess: case ExprKind::kLessEqual: case ExprKind::kGreater: case ExprKind::kGreaterEqual: case ExprKind::kNotEqual:
      return is_property(e->children[0], entity, key) || is_property(e->children[1], entity, key);
    case ExprKind::kIn: case ExprKind::kStartsWith: case ExprKind::kEndsWith: case ExprKind::kContains: case ExprKind::kRegexMatch: case ExprKind::kIsNotNull:
      return is_property(e->children[0], entity, key);
    default: return false;
  }
}

}  // namespace

bool Planner::index_leaf(const QueryGraph& g, Slot entity, const graph::IndexDefinition& index, const MatchState& state, LeafChoice* leaf) const {
  const double entries = static_cast<double>(view_.index_entries(index.id)), distinct = std::max<double>(1, static_cast<double>(view_.index_distinct(index.id)));
  leaf->rows = entries;
  size_t equal_keys = 0;
  for (graph::PropertyKeyId key : index.keys) {
    const std::string& name = catalog_.property_key_name(key);
    SeekKey seek;
    std::vector<int> solved;
    const bool found = index.kind == graph::IndexKind::kText    ? text_key(g, entity, name, state, &seek, &solved)
                       : index.kind == graph::IndexKind::kPoint ? point_key(g, entity, name, state, &seek)
                                                                : seek_key(g, entity, name, state, &seek, &solved);
    if (!found) break;
    leaf->keys.push_back(seek);
    leaf->solved.insert(leaf->solved.end(), solved.begin(), solved.end());
    if (seek.kind != SeekKind::kEqual && seek.kind != SeekKind::kIn) {
      leaf->rows *= seek.kind == SeekKind::kExists ? 1 : seek.kind == SeekKind::kRange && !(seek.lower && seek.upper) ? 0.3 : 0.1;
      break;
    }
    ++equal_keys;
    if (seek.kind == SeekKind::kIn) leaf->rows *= seek.lower->kind == ExprKind::kList ? static_cast<double>(seek.lower->children.size()) : 3;
  }
  if (leaf->keys.empty()) return false;
  for (size_t i = leaf->keys.size(); i < index.keys.size(); ++i) {  // who lacks one of the keys is not in the index
    const std::string& name = catalog_.property_key_name(index.keys[i]);
    if (std::none_of(g.predicates.begin(), g.predicates.end(), [&](const GraphPredicate& p) { return demands(p.expression, entity, name); })) return false;
  }
  if (equal_keys > 0) leaf->rows *= equal_keys == index.keys.size() ? 1 / distinct : std::pow(distinct, -0.5);
  leaf->rows = std::min(leaf->rows, entries);
  const bool scans = leaf->keys.back().kind == SeekKind::kContains || leaf->keys.back().kind == SeekKind::kEndsWith;
  leaf->cost = (scans ? entries : leaf->rows) + 0.5;
  return true;
}

void Planner::index_leaves(const QueryGraph& g, Slot entity, graph::EntityKind kind, const std::vector<std::string>& labels_or_types, const MatchState& state, std::vector<LeafChoice>* out) {
  const bool nodes = kind == graph::EntityKind::kNode;
  for (const graph::IndexDefinition& index : catalog_.indexes()) {
    const bool seekable = index.kind == graph::IndexKind::kRange || index.kind == graph::IndexKind::kText || index.kind == graph::IndexKind::kPoint;
    if (index.entity != kind || !seekable || index.state != graph::IndexState::kOnline || index.labels_or_types.size() != 1) continue;
    const std::string& name = nodes ? catalog_.label_name(index.labels_or_types[0]) : catalog_.type_name(index.labels_or_types[0]);
    if (std::find(labels_or_types.begin(), labels_or_types.end(), name) == labels_or_types.end()) continue;
    LeafChoice leaf;
    leaf.op = nodes ? PlanOp::kNodeIndexSeek : PlanOp::kRelationshipIndexSeek;
    leaf.node = entity;
    leaf.index = &index;
    if (!index_leaf(g, entity, index, state, &leaf)) continue;
    for (size_t i = 0; i < g.predicates.size() && nodes; ++i) {  // the index holds nodes of its label only
      const Expr* e = g.predicates[i].expression;
      if (e->kind == ExprKind::kHasLabels && e->children[0]->slot == entity && e->children[0]->kind == ExprKind::kVariable && e->labels->kind == LabelExprKind::kName && e->labels->name == name) leaf.solved.push_back(static_cast<int>(i));
    }
    out->push_back(std::move(leaf));
  }
}

void Planner::relationship_leaves(const QueryGraph& g, int edge, const MatchState& state, std::vector<LeafChoice>* out) {
  const GraphEdge& e = g.edges[static_cast<size_t>(edge)];
  std::vector<LeafChoice> found;
  if (options_.optimise && e.types.size() == 1) index_leaves(g, e.slot, graph::EntityKind::kRelationship, e.types, state, &found);
  LeafChoice by_id;
  by_id.op = PlanOp::kRelationshipByIdSeek;
  if (id_seek(g, e.slot, state, &by_id)) found.push_back(std::move(by_id));
  for (LeafChoice& leaf : found) {
    leaf.node = kNoSlot;
    leaf.edge = edge;
    if (e.direction == graph::Direction::kBoth) leaf.rows *= 2;
    out->push_back(std::move(leaf));
  }
}

bool Planner::id_seek(const QueryGraph& g, Slot entity, const MatchState& state, LeafChoice* out) const {
  const auto id_call = [&](const Expr* e) {
    return e->kind == ExprKind::kFunction && e->function && (e->function->name == "id" || e->function->name == "elementId") && e->children.size() == 1 &&
           e->children[0]->kind == ExprKind::kVariable && e->children[0]->slot == entity;
  };
  for (size_t i = 0; i < g.predicates.size(); ++i) {
    const Expr* e = g.predicates[i].expression;
    if ((e->kind != ExprKind::kEqual && e->kind != ExprKind::kIn) || state.predicate_done[i]) continue;
    const bool left = id_call(e->children[0]), right = e->kind == ExprKind::kEqual && id_call(e->children[1]);
    if (left == right) continue;
    const Expr* call = e->children[left ? 0 : 1];
    Expr* value = e->children[left ? 1 : 0];
    if (!value_known(value, entity, g, state)) continue;
    out->ids = value;
    out->many = e->kind == ExprKind::kIn;
    out->element_id = call->function->name == "elementId";
    out->rows = out->many ? 3 : 1;
    out->cost = out->rows;
    out->solved = {static_cast<int>(i)};
    return true;
  }
  return false;
}

}  // namespace graft::cypher
