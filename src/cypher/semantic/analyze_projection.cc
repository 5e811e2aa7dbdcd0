#include <algorithm>

#include "cypher/semantic/analyzer_impl.h"

namespace graft::cypher {

void Analyzer::expand_star(ProjectionClause* c, const Scope& scope) {
  if (scope.empty() && c->kind == ClauseKind::kReturn) fail("RETURN * is not allowed when there are no variables in scope", c->position);
  std::vector<ProjectionItem> all;
  for (const auto& [name, info] : scope) {
    if (name.starts_with(' ')) continue;  // not the user's: linenumber(), file()
    const bool replaced = std::any_of(c->items.begin(), c->items.end(), [&](const ProjectionItem& item) { return item.name == name; });
    if (replaced) continue;  // *, a + 1 AS a
    ProjectionItem item;
    item.expression = arena_->make<Expr>();
    item.expression->kind = ExprKind::kVariable;
    item.expression->position = c->position;
    item.expression->name = name;
    item.name = name;
    item.alias_position = c->position;
    all.push_back(item);
  }
  c->items.insert(c->items.begin(), all.begin(), all.end());
}

void Analyzer::projection_item(ProjectionClause* c, ProjectionItem* item, const Scope&) {
  const bool variable = item->expression->kind == ExprKind::kVariable;
  if (c->kind == ClauseKind::kWith && !item->has_alias && !variable) {
    fail("Expression in WITH must be aliased (use AS)", item->alias_position);
  }
}

namespace {

bool is_simple_key(const Expr* e) {
  while (e->kind == ExprKind::kProperty) e = e->children[0];
  return e->kind == ExprKind::kVariable;
}

}  // namespace

// Beside aggregations an item may use only grouping keys that are variables or properties of variables, and constants.
void Analyzer::check_grouped(const Expr* e, const std::vector<const Expr*>& keys, std::set<Slot>* locals) {
  if (!e || is_aggregation(e)) return;
  for (const Expr* key : keys) {
    if (same_expression(e, key)) return;
  }
  const auto ambiguous = [&] {
    fail("Aggregation column contains implicit grouping expressions. For example, in 'RETURN n.a, n.a + n.b + count(*)' the aggregation expression "
         "'n.a + n.b + count(*)' includes the implicit grouping key 'n.b'. It may be possible to rewrite the query by extracting these grouping/aggregation "
         "expressions into a preceding WITH clause.", e->position);
  };
  switch (e->kind) {
    case ExprKind::kVariable:
      if (!locals->contains(e->slot)) ambiguous();
      return;
    case ExprKind::kPatternComprehension: case ExprKind::kPatternExpression: case ExprKind::kExists: case ExprKind::kCountSubquery: case ExprKind::kCollectSubquery:
    case ExprKind::kShortestPath: return;
    case ExprKind::kListComprehension: case ExprKind::kAll: case ExprKind::kAny: case ExprKind::kNone: case ExprKind::kSingle: case ExprKind::kReduce:
      locals->insert(e->slot);
      if (e->slot2 != kNoSlot) locals->insert(e->slot2);
      break;
    default: break;
  }
  for (const Expr* child : e->children) check_grouped(child, keys, locals);
}

void Analyzer::check_grouping(const ProjectionClause& c) {
  std::vector<const Expr*> keys;
  for (const ProjectionItem& item : c.items) {
    if (contains_aggregation(item.expression)) continue;
    if (is_simple_key(item.expression)) keys.push_back(item.expression);
  }
  for (const ProjectionItem& item : c.items) {
    if (!contains_aggregation(item.expression)) continue;
    std::set<Slot> locals;
    check_grouped(item.expression, keys, &locals);
  }
}

// In ORDER BY (and WITH's WHERE) what equals a projected expression means that column.
Expr* Analyzer::refer_to_items(Expr* e, const ProjectionClause& c, bool simple_keys_only) {
  if (!e) return nullptr;
  for (const ProjectionItem& item : c.items) {
    const bool plain_variable = item.expression->kind == ExprKind::kVariable && !item.has_alias;
    if (plain_variable || item.expression->kind == ExprKind::kLiteral || item.expression->kind == ExprKind::kParameter) continue;
    if (simple_keys_only && !is_simple_key(item.expression) && !contains_aggregation(item.expression)) continue;
    if (!same_expression(e, item.expression)) continue;
    Expr* reference = arena_->make<Expr>();
    reference->kind = ExprKind::kVariable;
    reference->position = e->position;
    reference->name = item.name;
    reference->slot = item.slot;
    return reference;
  }
  for (Expr*& child : e->children) child = refer_to_items(child, c, simple_keys_only);
  return e;
}

namespace {

// Before functions are resolved.
bool calls_aggregation(const Expr* e) {
  if (!e) return false;
  if (e->kind == ExprKind::kCountStar) return true;
  if (e->kind == ExprKind::kFunction) {
    const FunctionInfo* f = find_function(e->name);
    if (f && f->aggregating) return true;
  }
  return std::any_of(e->children.begin(), e->children.end(), calls_aggregation);
}

}  // namespace

// In an aggregating projection's ORDER BY projected aggregations are columns by now.
Type Analyzer::order_item(Expr* e, const Scope& visible, bool aggregating) {
  Context context;
  context.place = "ORDER BY, if there was no aggregation in the projection";
  if (!aggregating) return expression(e, visible, context);
  const FunctionInfo* f = e->kind == ExprKind::kFunction ? find_function(e->name) : nullptr;
  if (e->kind == ExprKind::kCountStar || (f && f->aggregating)) {
    // One that is not projected has no rows to work on but what the projection leaves visible
    context.aggregation_allowed = true;
    return expression(e, visible, context);
  }
  const bool has_inner = std::any_of(e->children.begin(), e->children.end(), [](const Expr* child) { return calls_aggregation(child); });
  if (!has_inner) return expression(e, visible, context);
  for (Expr* child : e->children) {
    if (child) order_item(child, visible, aggregating);
  }
  e->function = f;
  return {};
}

void Analyzer::order_by(ProjectionClause* c, const Scope& before, const Scope& projected, bool aggregating) {
  // Columns first; what is not projected stays visible unless rows were merged.
  Scope visible = projected;
  if (!c->distinct && !aggregating) visible.insert(before.begin(), before.end());
  for (SortItem& item : c->order) {
    item.expression = refer_to_items(item.expression, *c, calls_aggregation(item.expression));
    order_item(item.expression, visible, aggregating);
  }
  if (c->where) {
    c->where = refer_to_items(c->where, *c, false);
    Context where;
    where.place = "WHERE";
    where.wants_boolean = true;
    require(expression(c->where, visible, where), kBooleanMask, c->where);
  }
}

namespace {

const Expr* find_variable(const Expr* e) {
  if (!e) return nullptr;
  if (e->kind == ExprKind::kVariable) return e;
  for (const Expr* child : e->children) {
    if (const Expr* found = find_variable(child)) return found;
  }
  return nullptr;
}

}  // namespace

void Analyzer::page_count(Expr* e, const char* clause, int64_t least) {
  if (!e) return;
  const std::string what = std::string("' is not a valid value. Must be a ") + (least > 0 ? "positive integer." : "non-negative integer");
  const bool own_scope = e->kind == ExprKind::kListComprehension || e->kind == ExprKind::kReduce || (e->kind >= ExprKind::kAll && e->kind <= ExprKind::kSingle);
  if (const Expr* v = own_scope ? nullptr : find_variable(e)) {
    fail("It is not allowed to refer to variables in " + std::string(clause) + ", so that the value for " + clause + " can be statically calculated: `" + v->name + "`", v->position);
  }
  if (e->kind == ExprKind::kLiteral) {
    const graph::Value& v = e->literal;
    if (v.type() != graph::ValueType::kInteger || v.as_integer() < least) {
      fail("Invalid input. '" + graph::to_text(v) + what, e->position);
    }
  }
  if (e->kind == ExprKind::kNegate && e->children[0]->kind == ExprKind::kLiteral) {
    fail("Invalid input. '-" + graph::to_text(e->children[0]->literal) + what, e->position);
  }
  Context context;
  context.place = clause;
  require(expression(e, Scope{}, context), kIntegerMask, e);
}

void Analyzer::projection(ProjectionClause* c, Scope* scope, const Scope& fixed) {
  const Scope before = *scope;
  if (c->star) expand_star(c, *scope);
  c->star = false;
  Scope projected = fixed;
  std::vector<Type> types;
  Context context;
  context.aggregation_allowed = true;
  for (ProjectionItem& item : c->items) {
    projection_item(c, &item, before);
    // ORDER BY is compared with the items as written, so the item keeps its tree
    types.push_back(expression(item.expression, before, context));
  }
  std::set<std::string> names;
  for (size_t i = 0; i < c->items.size(); ++i) {
    ProjectionItem& item = c->items[i];
    if (!names.insert(item.name).second) fail("Multiple result columns with the same name are not supported: `" + item.name + "`", item.alias_position);
    const bool passes_through = item.expression->kind == ExprKind::kVariable && item.expression->name == item.name;
    item.slot = passes_through ? item.expression->slot : new_slot(item.name);
    projected[item.name] = {item.slot, types[i]};
  }
  const bool aggregating = std::any_of(c->items.begin(), c->items.end(), [](const ProjectionItem& i) { return contains_aggregation(i.expression); });
  if (aggregating) check_grouping(*c);
  if (!aggregating && !c->distinct) {
    for (const char* hidden : {kLineVariable, kFileVariable}) {
      if (const auto found = before.find(hidden); found != before.end()) projected.insert(*found);
    }
  }
  order_by(c, before, projected, aggregating);
  page_count(c->skip, "SKIP");
  page_count(c->limit, "LIMIT");
  *scope = std::move(projected);
}

}  // namespace graft::cypher
