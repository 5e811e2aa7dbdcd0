// USING INDEX | SCAN | JOIN: what can be said about a hint without a plan, in Neo4j's words.

#include <algorithm>

#include "cypher/semantic/analyzer_impl.h"

namespace graft::cypher {

namespace {

using Names = std::vector<std::string>;

void add_name(const std::string& name, Names* out) {
  if (std::find(out->begin(), out->end(), name) == out->end()) out->push_back(name);
}

void label_names(const LabelExpr* labels, Names* out) {
  if (labels == nullptr) return;
  if (labels->kind == LabelExprKind::kName) add_name(labels->name, out);
  for (const LabelExpr* child : labels->children) label_names(child, out);
}

bool is_variable(const Expr* e, Slot slot) { return e->kind == ExprKind::kVariable && e->slot == slot; }

// Labels or types, and properties, of a variable that predicates speak of.
void names_in(const Expr* e, Slot slot, Names* labels, Names* properties) {
  if (e == nullptr) return;
  const bool about = !e->children.empty() && e->children[0] != nullptr && is_variable(e->children[0], slot);
  if (about && e->kind == ExprKind::kHasLabels) label_names(e->labels, labels);
  if (about && e->kind == ExprKind::kProperty) add_name(e->name, properties);
  for (const Expr* child : e->children) names_in(child, slot, labels, properties);
}

void names_in(const PathPattern& path, Slot slot, Names* labels, Names* properties) {
  names_in(path.where, slot, labels, properties);
  const auto take = [&](Slot own, const LabelExpr* names, const Expr* map, const Expr* where) {
    names_in(where, slot, labels, properties);
    if (own != slot) return;
    label_names(names, labels);
    for (size_t i = 0; map != nullptr && i < map->names.size(); ++i) add_name(map->names[i], properties);
  };
  for (const PatternPart* part : path.parts) {
    if (part->node != nullptr) take(part->node->slot, part->node->labels, part->node->properties, part->node->where);
    if (part->relationship != nullptr) take(part->relationship->slot, part->relationship->types, part->relationship->properties, part->relationship->where);
  }
}

std::string quoted(const Names& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "`" : ", `") + name + "`";
  return out;
}

std::string text_of(const Hint& hint) {
  std::string out = hint.kind == Hint::kScan ? "USING SCAN " : "USING INDEX ";
  out += hint.variables[0]->name + ":" + hint.label;
  if (hint.kind == Hint::kScan) return out;
  for (size_t i = 0; i < hint.keys.size(); ++i) out += (i == 0 ? "(" : ", ") + hint.keys[i];
  return out + ")";
}

std::string found_text(const Names& found, const std::string& kind, const std::string& kinds, const char* none) {
  if (found.empty()) return none;
  return found.size() == 1 ? "only " + kind + quoted(found) + " was" : "only " + kinds + quoted(found) + " were";
}

}  // namespace

void Analyzer::check_hint(const Hint& hint, const MatchClause& c, const Scope& scope) {
  for (Expr* v : hint.variables) require(variable(v, scope), hint.kind == Hint::kJoin ? kNodeMask : kNodeMask | kRelationshipMask, v);
  if (hint.kind == Hint::kJoin) {
    const bool single = std::all_of(c.patterns.begin(), c.patterns.end(), [](const PathPattern* path) { return path->parts.size() == 1; });
    if (single) fail("Cannot use join hint for single node pattern.", hint.position);
    return;
  }
  const Expr& subject = *hint.variables[0];
  const bool node = scope.at(subject.name).type.mask == kNodeMask;
  const std::string entity = node ? "node" : "relationship", kind = node ? "label" : "relationship type";
  Names labels, properties;
  names_in(c.where, subject.slot, &labels, &properties);
  for (const PathPattern* path : c.patterns) names_in(*path, subject.slot, &labels, &properties);
  const auto refuse = [&](const std::string& what, const std::string& missing, const std::string& found, const std::string& advice) {
    fail("Cannot use " + what + " hint `" + text_of(hint) + "` in this context: Must use " + missing + ", that the hint is referring to, on the " + entity + " `" + subject.name +
             "` either in the pattern or in supported predicates in `WHERE` (either directly or as part of a top-level `AND` or `OR`), but " + found + " found. " + advice + " Note that " + missing +
             " must be specified on a non-optional " + entity + ".",
         hint.position);
  };
  if (std::find(labels.begin(), labels.end(), hint.label) == labels.end()) {
    refuse(hint.kind == Hint::kScan ? kind + " scan" : "index", kind + " `" + hint.label + "`", found_text(labels, "the " + kind + " ", "the " + kind + "s ", node ? "no label was" : "no relationship type was"),
           "Predicates must include the " + kind + " literal `" + hint.label + "`. That is, the function `" + (node ? "labels" : "type") + "()` is not compatible with indexes.");
  }
  const bool all = std::all_of(hint.keys.begin(), hint.keys.end(), [&](const std::string& key) { return std::find(properties.begin(), properties.end(), key) != properties.end(); });
  if (!all) {
    refuse("index", std::string(hint.keys.size() > 1 ? "the properties " : "the property ") + quoted(hint.keys), found_text(properties, "", "", "none was"),
           "Supported predicates are: equality comparison, inequality (range) comparison, `STARTS WITH`, `IN` condition or checking property existence. The comparison cannot be performed between two property "
           "values.");
  }
}

}  // namespace graft::cypher
