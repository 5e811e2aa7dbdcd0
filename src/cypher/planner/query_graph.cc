#include "cypher/planner/query_graph.h"

#include <algorithm>

#include "cypher/functions/registry.h"

namespace graft::cypher {

Expr* variable_of(Slot slot, Arena* arena) {
  Expr* e = arena->make<Expr>();
  e->kind = ExprKind::kVariable;
  e->slot = slot;
  return e;
}

Expr* make_expr(ExprKind kind, std::vector<Expr*> children, Arena* arena) {
  Expr* e = arena->make<Expr>();
  e->kind = kind;
  if (!children.empty() && children[0]) e->position = children[0]->position;
  e->children = std::move(children);
  return e;
}

void split_conjunction(Expr* e, std::vector<Expr*>* out) {
  if (!e) return;
  if (e->kind == ExprKind::kAnd) {
    for (Expr* child : e->children) split_conjunction(child, out);
  } else {
    out->push_back(e);
  }
}

bool plain_alternatives(const LabelExpr* labels, std::vector<std::string>* names) {
  if (labels->kind == LabelExprKind::kName) {
    if (std::find(names->begin(), names->end(), labels->name) == names->end()) names->push_back(labels->name);
    return true;
  }
  if (labels->kind != LabelExprKind::kOr) return false;
  return std::all_of(labels->children.begin(), labels->children.end(), [&](const LabelExpr* child) { return plain_alternatives(child, names); });
}

bool searches_breadth_first(const PathPattern& path) {
  if (path.parts.size() != 3 || path.where) return false;
  const PatternPart& middle = *path.parts[1];
  switch (path.selector) {
    case PathSelector::kShortestPathFunction: case PathSelector::kAllShortestPathsFunction:
      return middle.relationship->var_length;  // with a single relationship every path is a shortest one
    case PathSelector::kAny: case PathSelector::kAnyShortest: case PathSelector::kAllShortest: break;
    case PathSelector::kShortestK: case PathSelector::kShortestGroups: case PathSelector::kAnyK:
      if (path.count && (path.count->kind != ExprKind::kLiteral || path.count->literal.as_integer() != 1)) return false;
      break;
    case PathSelector::kNone: case PathSelector::kAll: return false;
  }
  if (middle.kind == PatternPartKind::kRelationship) return middle.relationship->var_length && middle.relationship->length.min <= 1;
  const auto plain = [](const NodePattern* n) { return n->variable.empty() && !n->labels && !n->properties && !n->where; };
  const std::vector<PatternPart*>& inner = middle.inner->parts;
  return !middle.where && middle.quantifier.min <= 1 && inner.size() == 3 && inner[1]->relationship && !inner[1]->relationship->var_length &&
         !inner[1]->relationship->where && middle.inner->variable.empty() && plain(inner[0]->node) && plain(inner[2]->node);
}

namespace {

class GraphBuilder {
 public:
  GraphBuilder(bool unique, const SlotSet& bound, Arena* arena, SlotSource* slots) : unique_(unique), bound_(bound), arena_(arena), slots_(slots) {}

  QueryGraph build(const std::vector<PathPattern*>& patterns, Expr* where) {
    for (PathPattern* path : patterns) add_path(path);
    split_conjunction(where, &pending_);
    SlotSet scope = bound_;
    scope.insert(graph_.introduced.begin(), graph_.introduced.end());
    for (Expr* e : pending_) graph_.predicates.push_back({e, slots_of(e, scope)});
    return std::move(graph_);
  }

 private:
  void add_node(Slot slot) {
    if (std::find(graph_.nodes.begin(), graph_.nodes.end(), slot) == graph_.nodes.end()) graph_.nodes.push_back(slot);
    if (!bound_.contains(slot)) graph_.introduced.insert(slot);
  }

  void add_labels(Slot slot, LabelExpr* labels, ExprKind kind) {
    if (!labels) return;
    if (labels->kind == LabelExprKind::kAnd && kind == ExprKind::kHasLabels) {
      for (LabelExpr* child : labels->children) add_labels(slot, child, kind);
      return;
    }
    Expr* e = make_expr(kind, {variable_of(slot, arena_)}, arena_);
    e->position = labels->position;
    e->labels = labels;
    pending_.push_back(e);
  }

  void add_properties(Slot slot, Expr* properties, std::vector<Expr*>* out) {
    if (!properties) return;
    for (size_t i = 0; i < properties->children.size(); ++i) {
      Expr* property = make_expr(ExprKind::kProperty, {variable_of(slot, arena_)}, arena_);
      property->name = properties->names[i];
      property->position = properties->children[i]->position;
      out->push_back(make_expr(ExprKind::kEqual, {property, properties->children[i]}, arena_));
    }
  }

  void add_node_pattern(NodePattern* node) {
    add_node(node->slot);
    add_labels(node->slot, node->labels, ExprKind::kHasLabels);
    add_properties(node->slot, node->properties, &pending_);
    split_conjunction(node->where, &pending_);
  }

  GraphEdge relationship_edge(RelationshipPattern* r, Slot from, Slot to) {
    GraphEdge edge;
    edge.kind = r->var_length ? EdgeKind::kVarLength : EdgeKind::kSimple;
    edge.from = from;
    edge.to = to;
    edge.slot = r->slot;
    edge.bound = r->bound || bound_.contains(r->slot);
    edge.direction = r->direction;
    edge.length = r->length;
    edge.unique = unique_;
    if (r->var_length) edge.step = slots_->new_slot(SlotKind::kRelationship);
    const Slot target = r->var_length ? edge.step : r->slot;
    std::vector<Expr*>* predicates = r->var_length ? &edge.step_predicates : &pending_;
    if (r->types && !plain_alternatives(r->types, &edge.types)) {
      edge.types.clear();
      if (r->types->kind != LabelExprKind::kWildcard) {
        Expr* e = make_expr(ExprKind::kHasType, {variable_of(target, arena_)}, arena_);
        e->labels = r->types;
        predicates->push_back(e);
      }
    }
    add_properties(target, r->properties, predicates);
    split_conjunction(r->where, &pending_);
    if (!edge.bound) graph_.introduced.insert(r->slot);
    return edge;
  }

  GraphEdge quantified_edge(PatternPart* part, Slot from, Slot to) {
    GraphEdge edge;
    edge.kind = EdgeKind::kQuantified;
    edge.from = from;
    edge.to = to;
    edge.slot = slots_->new_slot(SlotKind::kRelationshipList);
    edge.length = part->quantifier;
    edge.quantified = part;
    edge.unique = unique_;
    graph_.introduced.insert(edge.slot);
    for (const auto& [inner, outer] : part->groups) graph_.introduced.insert(outer);
    return edge;
  }

  void add_path(PathPattern* path) {
    std::vector<Expr*> walk;  // of the named path
    const bool shortest = searches_breadth_first(*path);
    for (PatternPart* part : path->parts) {
      if (part->kind == PatternPartKind::kNode) add_node_pattern(part->node);
    }
    for (size_t i = 1; i + 1 < path->parts.size(); i += 2) {
      const Slot from = path->parts[i - 1]->node->slot, to = path->parts[i + 1]->node->slot;
      PatternPart* part = path->parts[i];
      GraphEdge edge = part->kind == PatternPartKind::kRelationship ? relationship_edge(part->relationship, from, to)
                       : shortest                                   ? repeated_relationship(part, from, to)
                                                                    : quantified_edge(part, from, to);
      if (shortest) make_shortest(&edge, path);
      if (i == 1) walk.push_back(variable_of(from, arena_));
      walk.push_back(variable_of(edge.slot, arena_));
      walk.push_back(variable_of(to, arena_));
      graph_.edges.push_back(std::move(edge));
    }
    if (path->parts.size() == 1) {
      const NodePattern& node = *path->parts[0]->node;
      walk.push_back(variable_of(node.slot, arena_));
      if (bound_.contains(node.slot)) require_node(node);
    }
    split_conjunction(path->where, &pending_);
    if (path->slot == kNoSlot) return;
    graph_.introduced.insert(path->slot);
    if (!shortest) graph_.paths.push_back({path->slot, make_expr(ExprKind::kPath, walk, arena_)});
  }

  // No edge asks for a bound node that stands alone: (n) of a null n matches nothing, of what is no node it is an error, as labels(n) is.
  void require_node(const NodePattern& node) {
    Expr* e = variable_of(node.slot, arena_);
    if (node.may_be_other) {
      e = make_expr(ExprKind::kFunction, {e}, arena_);
      e->name = "labels";
      e->function = find_function(e->name);
    }
    pending_.push_back(make_expr(ExprKind::kIsNotNull, {e}, arena_));
  }

  // (-[r:T]->){1,5} is -[r:T*1..5]->
  GraphEdge repeated_relationship(PatternPart* part, Slot from, Slot to) {
    RelationshipPattern* r = arena_->make<RelationshipPattern>(*part->inner->parts[1]->relationship);
    r->var_length = true;
    r->length = part->quantifier;
    r->slot = part->groups.empty() ? slots_->new_slot(SlotKind::kRelationshipList) : part->groups[0].second;
    return relationship_edge(r, from, to);
  }

  void make_shortest(GraphEdge* edge, PathPattern* path) {
    edge->kind = EdgeKind::kShortest;
    edge->path = path;
    edge->unique = false;
    edge->all_shortest = path->selector == PathSelector::kAllShortestPathsFunction || path->selector == PathSelector::kAllShortest ||
                         path->selector == PathSelector::kShortestGroups;
    if (path->slot == kNoSlot) path->slot = slots_->new_slot(SlotKind::kPath);
  }

  bool unique_;
  const SlotSet& bound_;
  Arena* arena_;
  SlotSource* slots_;
  QueryGraph graph_;
  std::vector<Expr*> pending_;
};

}  // namespace

QueryGraph make_query_graph(const std::vector<PathPattern*>& patterns, Expr* where, bool unique, const SlotSet& bound, Arena* arena, SlotSource* slots) {
  return GraphBuilder(unique, bound, arena, slots).build(patterns, where);
}

}  // namespace graft::cypher
