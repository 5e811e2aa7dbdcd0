#include <algorithm>

#include "cypher/semantic/analyzer_impl.h"

namespace graft::cypher {

// ---- Patterns that are read ---------------------------------------------------------------------------------------

void Analyzer::read_patterns(const std::vector<PathPattern*>& patterns, Scope* scope, bool allow_new) {
  std::set<std::string> here;
  for (PathPattern* path : patterns) declare_path(path, scope, &here, allow_new);
  for (PathPattern* path : patterns) resolve_path(path, *scope);
}

void Analyzer::check_selector(const PathPattern& path) {
  if (path.count) {
    if (path.count->kind == ExprKind::kLiteral && path.count->literal.as_integer() < 1) fail("The path count needs to be greater than 0", path.count->position);
  }
}

void Analyzer::declare_path(PathPattern* path, Scope* scope, std::set<std::string>* here, bool allow_new) {
  check_selector(*path);
  for (PatternPart* part : path->parts) {
    if (part->kind == PatternPartKind::kNode) {
      declare_node(part->node, scope, here, allow_new);
    } else if (part->kind == PatternPartKind::kRelationship) {
      declare_relationship(part->relationship, scope, here, allow_new);
    } else {
      declare_quantified(part, scope, here);
    }
  }
  if (!path->variable.empty()) {
    path->slot = new_slot(path->variable, SlotKind::kPath);
    declare(scope, path->variable, path->slot, type_of(kPathMask), path->position);
    here->insert(path->variable);
  }
}

namespace {

std::string type_conflict(const std::string& name, const char* wanted, const Type& type) {
  return "Type mismatch: `" + name + "` defined with conflicting type " + describe(type.mask) + " (expected " + wanted + ")";
}

}  // namespace

void Analyzer::declare_node(NodePattern* node, Scope* scope, std::set<std::string>* here, bool allow_new) {
  if (node->variable.empty()) {
    node->slot = new_slot("", SlotKind::kNode);
    return;
  }
  auto it = scope->find(node->variable);
  if (it != scope->end()) {
    if (!(it->second.type.mask & kNodeMask)) fail(type_conflict(node->variable, "Node", it->second.type), node->position);
    node->slot = it->second.slot;
    node->bound = !here->contains(node->variable);
    node->may_be_other = it->second.type.mask != kNodeMask;
    it->second.type = type_of(kNodeMask);
    return;
  }
  if (!allow_new) fail("PatternExpressions are not allowed to introduce new variables: '" + node->variable + "'", node->position);
  node->slot = new_slot(node->variable, SlotKind::kNode);
  declare(scope, node->variable, node->slot, type_of(kNodeMask), node->position);
  here->insert(node->variable);
}

void Analyzer::declare_relationship(RelationshipPattern* r, Scope* scope, std::set<std::string>* here, bool allow_new) {
  if (r->var_length && r->length.max && *r->length.max < r->length.min) {
    // An empty range matches nothing; it is no error.
  }
  const SlotKind kind = r->var_length ? SlotKind::kRelationshipList : SlotKind::kRelationship;
  if (r->variable.empty()) {
    r->slot = new_slot("", kind);
    return;
  }
  const Type wanted = r->var_length ? type_of(kListMask, kRelationshipMask) : type_of(kRelationshipMask);
  auto it = scope->find(r->variable);
  if (it != scope->end()) {
    const char* name = r->var_length ? "List<Relationship>" : "Relationship";
    const bool fits = (it->second.type.mask & wanted.mask) != 0 && (!r->var_length || (it->second.type.element & kRelationshipMask) != 0);
    if (!fits) fail(type_conflict(r->variable, name, it->second.type), r->position);
    if (here->contains(r->variable)) fail("Cannot use the same relationship variable '" + r->variable + "' for multiple relationships", r->position);
    r->slot = it->second.slot;
    r->bound = true;
    return;
  }
  if (!allow_new) fail("PatternExpressions are not allowed to introduce new variables: '" + r->variable + "'", r->position);
  r->slot = new_slot(r->variable, kind);
  declare(scope, r->variable, r->slot, wanted, r->position);
  here->insert(r->variable);
}

void Analyzer::declare_group(PatternPart* part, Slot inner, const std::string& name, SlotKind kind, Scope* scope, std::set<std::string>* here, Position position) {
  if (here->contains(name)) fail("The variable `" + name + "` occurs both inside and outside of a quantified path pattern", position);
  const Slot outer = new_slot(name, kind);
  declare(scope, name, outer, type_of(kListMask, kind == SlotKind::kNodeList ? kNodeMask : kind == SlotKind::kRelationshipList ? kRelationshipMask : kAnyMask), position);
  here->insert(name);
  part->groups.emplace_back(inner, outer);
}

// Inside a quantified path each variable is a single thing per round; outside it is the list over the rounds.
void Analyzer::declare_quantified(PatternPart* part, Scope* scope, std::set<std::string>* here) {
  Scope inner = *scope;
  std::set<std::string> inside;
  for (PatternPart* p : part->inner->parts) {
    const std::string* name = p->kind == PatternPartKind::kNode ? &p->node->variable : p->kind == PatternPartKind::kRelationship ? &p->relationship->variable : nullptr;
    if (p->kind == PatternPartKind::kQuantified) fail("Quantified path patterns are not allowed to be nested", part->inner->position);
    if (name && !name->empty() && scope->contains(*name)) {
      fail("The variable `" + *name + "` is already defined in an outer scope and cannot be used inside a quantified path pattern", part->inner->position);
    }
  }
  declare_path(part->inner, &inner, &inside, true);
  resolve_path(part->inner, inner);
  if (part->where) predicate(part->where, inner, "a quantified path pattern");
  for (PatternPart* p : part->inner->parts) {
    if (p->kind == PatternPartKind::kNode && !p->node->variable.empty()) {
      const Slot slot = p->node->slot;
      const bool known = std::any_of(part->groups.begin(), part->groups.end(), [&](const auto& g) { return g.first == slot; });
      if (!known) declare_group(part, slot, p->node->variable, SlotKind::kNodeList, scope, here, p->node->position);
    }
    if (p->kind == PatternPartKind::kRelationship && !p->relationship->variable.empty()) {
      declare_group(part, p->relationship->slot, p->relationship->variable, p->relationship->var_length ? SlotKind::kValue : SlotKind::kRelationshipList, scope, here, p->relationship->position);
    }
  }
  if (!part->inner->variable.empty()) declare_group(part, part->inner->slot, part->inner->variable, SlotKind::kValue, scope, here, part->inner->position);
}

void Analyzer::resolve_labels(LabelExpr* labels, const Scope& scope) {
  if (!labels) return;
  if (labels->dynamic) plain(labels->dynamic, scope, "a label expression");
  for (LabelExpr* child : labels->children) resolve_labels(child, scope);
}

void Analyzer::resolve_properties(Expr* properties, const Scope& scope, bool parameter_allowed) {
  if (!properties) return;
  if (properties->kind == ExprKind::kParameter && !parameter_allowed) {
    fail("Parameter maps cannot be used in MATCH or MERGE patterns (use a literal map instead, e.g. {id: $" + properties->name + ".id})", properties->position);
  }
  plain(properties, scope, "a pattern");
}

void Analyzer::resolve_path(PathPattern* path, const Scope& scope) {
  for (PatternPart* part : path->parts) {
    if (NodePattern* node = part->node) {
      resolve_labels(node->labels, scope);
      resolve_properties(node->properties, scope, false);
      if (node->where) predicate(node->where, scope, "a pattern");
    }
    if (RelationshipPattern* r = part->relationship) {
      resolve_labels(r->types, scope);
      resolve_properties(r->properties, scope, false);
      if (r->where && r->var_length) fail("Relationship pattern predicates are not supported for variable-length relationships", r->where->position);
      if (r->where) predicate(r->where, scope, "a pattern");
    }
  }
  if (path->where) predicate(path->where, scope, "a pattern");
}

// ---- Patterns that are written ------------------------------------------------------------------------------------

namespace {

bool plain_conjunction(const LabelExpr* labels) {
  if (!labels) return true;
  if (labels->kind == LabelExprKind::kName || labels->kind == LabelExprKind::kDynamicAll) return true;
  return labels->kind == LabelExprKind::kAnd && std::all_of(labels->children.begin(), labels->children.end(), plain_conjunction);
}

}  // namespace

// What may not use the clause's own variables: the labels of its nodes, and their properties in MERGE. (A copy of the scope
// for each clause would make a statement of many take time with the square of them.)
void Analyzer::resolve_before(PathPattern* path, const Scope& scope, bool merge) {
  for (PatternPart* part : path->parts) {
    NodePattern* node = part->node;
    if (!node || (!node->variable.empty() && scope.contains(node->variable)) || !plain_conjunction(node->labels)) continue;
    resolve_labels(node->labels, scope);
    if (merge) resolve_properties(node->properties, scope, false);
  }
}

void Analyzer::written_node(NodePattern* node, Scope* scope, bool alone, bool merge) {
  const char* clause = merge ? "MERGE" : "CREATE";
  if (node->where) fail(std::string("WHERE is not allowed in a pattern of ") + clause, node->where->position);
  if (!plain_conjunction(node->labels)) fail(std::string("Label expressions in patterns are not allowed in ") + clause + ", but a conjunction of labels is", node->labels->position);
  auto it = node->variable.empty() ? scope->end() : scope->find(node->variable);
  if (it != scope->end()) {
    if (!(it->second.type.mask & kNodeMask)) fail(type_conflict(node->variable, "Node", it->second.type), node->position);
    if (alone || node->labels || node->properties) {
      fail("Can't create node `" + node->variable + "` with labels or properties here. The variable is already declared in this context", node->position);
    }
    node->slot = it->second.slot;
    node->bound = true;
    return;
  }
  if (!merge) resolve_properties(node->properties, *scope, true);
  node->slot = new_slot(node->variable, SlotKind::kNode);
  if (!node->variable.empty()) declare(scope, node->variable, node->slot, type_of(kNodeMask), node->position);
}

void Analyzer::written_relationship(RelationshipPattern* r, Scope* scope, bool merge) {
  const char* clause = merge ? "MERGE" : "CREATE";
  if (r->where) fail(std::string("WHERE is not allowed in a pattern of ") + clause, r->where->position);
  if (r->var_length) fail(std::string("Variable length relationships cannot be used in ") + clause, r->start);
  const bool one_type = r->types && (r->types->kind == LabelExprKind::kName || r->types->kind == LabelExprKind::kDynamicAll);
  if (!one_type) fail(std::string("Exactly one relationship type must be specified for ") + clause + ". Did you forget to prefix your relationship type with a ':'?", r->start);
  if (!merge && r->direction == graph::Direction::kBoth) fail("Only directed relationships are supported in CREATE", r->start);
  resolve_labels(r->types, *scope);
  resolve_properties(r->properties, *scope, !merge);
  r->slot = new_slot(r->variable, SlotKind::kRelationship);
  if (!r->variable.empty()) declare(scope, r->variable, r->slot, type_of(kRelationshipMask), r->position);
}

void Analyzer::written_path(PathPattern* path, Scope* scope, bool merge) {
  const char* clause = merge ? "MERGE" : "CREATE";
  if (path->selector == PathSelector::kShortestPathFunction || path->selector == PathSelector::kAllShortestPathsFunction) {
    fail(std::string("shortestPath(...) cannot be used to ") + clause, path->position);
  }
  if (path->selector != PathSelector::kNone) fail(std::string("Path selectors cannot be used in ") + clause, path->position);
  for (PatternPart* part : path->parts) {
    if (part->kind == PatternPartKind::kQuantified) fail(std::string("Quantified path patterns are not allowed in ") + clause, path->position);
    if (part->kind == PatternPartKind::kNode) {
      written_node(part->node, scope, path->parts.size() == 1, merge);
    } else {
      written_relationship(part->relationship, scope, merge);
    }
  }
  if (!path->variable.empty()) {
    path->slot = new_slot(path->variable, SlotKind::kPath);
    declare(scope, path->variable, path->slot, type_of(kPathMask), path->position);
  }
}

}  // namespace graft::cypher
