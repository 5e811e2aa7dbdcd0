#include <algorithm>

#include "cypher/semantic/analyzer_impl.h"

namespace graft::cypher {

Analysis analyze(Statement* statement, Arena* arena, const ProcedureRegistry& procedures) { return Analyzer(arena, procedures).run(statement); }

Analysis Analyzer::run(Statement* statement) {
  if (statement->command) {
    command(statement->command);
  } else {
    const auto& parts = statement->query->parts;
    out_.standalone_call = parts.size() == 1 && parts[0]->clauses.size() == 1 && parts[0]->clauses[0]->kind == ClauseKind::kCallProcedure;
    query(statement->query, Scope{}, Scope{}, QueryRole::kStatement);
  }
  return std::move(out_);
}

void Analyzer::fail(std::string message, Position position) { throw QueryError{ErrorCode::kSyntax, std::move(message), position}; }

Slot Analyzer::new_slot(const std::string& name, SlotKind kind) {
  const Slot slot = static_cast<Slot>(out_.slots.size());
  out_.slots.push_back({name.empty() ? "anon_" + std::to_string(slot) : name, kind, name.empty()});
  return slot;
}

void Analyzer::declare(Scope* scope, const std::string& name, Slot slot, Type type, Position position) {
  if (!scope->emplace(name, VariableInfo{slot, type}).second) fail("Variable `" + name + "` already declared", position);
}

// ---- Queries ------------------------------------------------------------------------------------------------------

void Analyzer::query(Query* q, const Scope& initial, const Scope& fixed, QueryRole role) {
  for (size_t i = 1; i < q->union_all.size(); ++i) {
    if (q->union_all[i] != q->union_all[0]) fail("Invalid combination of UNION and UNION ALL", q->union_positions[i]);
  }
  for (SingleQuery* part : q->parts) single_query(part, initial, fixed, role, q);
  union_columns(q);
}

namespace {

const ProjectionClause* result_of(const SingleQuery& part) {
  const Clause* last = part.clauses.back();
  return last->kind == ClauseKind::kReturn ? static_cast<const ProjectionClause*>(last) : nullptr;
}

std::vector<std::string> column_names(const SingleQuery& part) {
  std::vector<std::string> out;
  if (const ProjectionClause* result = result_of(part)) {
    for (const ProjectionItem& item : result->items) out.push_back(item.name);
  }
  return out;
}

}  // namespace

void Analyzer::union_columns(Query* q) {
  if (const ProjectionClause* result = result_of(*q->parts[0])) {
    for (const ProjectionItem& item : result->items) {
      q->columns.push_back(item.name);
      q->slots.push_back(item.slot);
    }
  }
  if (q->parts.size() == 1) return;
  for (size_t i = 1; i < q->parts.size(); ++i) {
    std::vector<std::string> names = column_names(*q->parts[i]), first = q->columns;
    std::sort(names.begin(), names.end());
    std::sort(first.begin(), first.end());
    if (names != first) fail("All sub queries in an UNION must have the same return column names", q->union_positions[i - 1]);
  }
  for (size_t i = 0; i < q->slots.size(); ++i) q->slots[i] = new_slot(q->columns[i]);
}

void Analyzer::single_query(SingleQuery* part, Scope scope, const Scope& fixed, QueryRole role, Query* whole) {
  check_order(*part, role);
  check_in_transactions(*part, role, whole->parts.size() > 1);
  const bool standalone = out_.standalone_call && role == QueryRole::kStatement;
  for (Clause* c : part->clauses) clause(c, &scope, fixed, standalone);
  // CALL { } that returns nothing or EXISTS { } without RETURN: no columns
  if (standalone) {
    CallProcedureClause* call = static_cast<CallProcedureClause*>(part->clauses[0]);
    if (call->yields.empty()) return;
    ProjectionClause* result = arena_->make<ProjectionClause>(ClauseKind::kReturn);
    result->position = call->position;
    for (const YieldItem& y : call->yields) {
      ProjectionItem item;
      item.expression = arena_->make<Expr>();
      item.expression->kind = ExprKind::kVariable;
      item.expression->name = item.name = y.name;
      item.expression->slot = item.slot = y.slot;
      result->items.push_back(item);
    }
    part->clauses.push_back(result);
  }
}

namespace {

bool is_update(ClauseKind kind) {
  return kind == ClauseKind::kCreate || kind == ClauseKind::kMerge || kind == ClauseKind::kSet || kind == ClauseKind::kRemove || kind == ClauseKind::kDelete ||
         kind == ClauseKind::kForeach;
}

const char* clause_name(const Clause& c) {
  switch (c.kind) {
    case ClauseKind::kUse: return "USE";
    case ClauseKind::kMatch: return static_cast<const MatchClause&>(c).optional ? "OPTIONAL MATCH" : "MATCH";
    case ClauseKind::kUnwind: return "UNWIND";
    case ClauseKind::kWith: return "WITH";
    case ClauseKind::kReturn: return "RETURN";
    case ClauseKind::kCreate: return "CREATE";
    case ClauseKind::kInsert: return "INSERT";
    case ClauseKind::kMerge: return "MERGE";
    case ClauseKind::kSet: return "SET";
    case ClauseKind::kRemove: return "REMOVE";
    case ClauseKind::kDelete: return "DELETE";
    case ClauseKind::kForeach: return "FOREACH";
    case ClauseKind::kCallProcedure: case ClauseKind::kCallSubquery: return "CALL";
    case ClauseKind::kLoadCsv: return "LOAD CSV";
    case ClauseKind::kFinish: return "FINISH";
  }
  return "";
}

bool returns_rows(const Query& q) {
  return !q.parts[0]->clauses.empty() && q.parts[0]->clauses.back()->kind == ClauseKind::kReturn;
}

}  // namespace

void Analyzer::check_order(const SingleQuery& part, QueryRole role) {
  const Clause* update = nullptr;
  for (size_t i = 0; i < part.clauses.size(); ++i) {
    const Clause& c = *part.clauses[i];
    const bool last = i + 1 == part.clauses.size();
    if ((c.kind == ClauseKind::kReturn || c.kind == ClauseKind::kFinish) && !last) {
      fail(std::string(clause_name(c)) + " can only be used at the end of the query", part.clauses[i + 1]->position);
    }
    if (c.kind == ClauseKind::kUse && i != 0) fail("USE clause must be either the first clause in a (sub-)query or preceded by an importing WITH clause in a sub-query", c.position);
    const bool reading = c.kind == ClauseKind::kMatch || c.kind == ClauseKind::kUnwind || c.kind == ClauseKind::kLoadCsv ||
                         c.kind == ClauseKind::kCallProcedure || c.kind == ClauseKind::kCallSubquery;
    if (update && reading && (c.kind == ClauseKind::kMatch || c.kind == ClauseKind::kUnwind || c.kind == ClauseKind::kLoadCsv || c.kind == ClauseKind::kCallProcedure)) {
      fail(std::string("WITH is required between ") + clause_name(*update) + " and " + clause_name(c), c.position);
    }
    if (is_update(c.kind)) {
      update = &c;
      if (role == QueryRole::kExists || role == QueryRole::kCollect) fail("A subquery expression cannot contain any updating clauses", c.position);
    }
    if (c.kind == ClauseKind::kWith) update = nullptr;
  }
  check_end(part, role);
}

// CALL { } IN TRANSACTIONS commits by itself: it cannot be part of what does not.
void Analyzer::check_in_transactions(const SingleQuery& part, QueryRole role, bool in_union) {
  const std::string what = "CALL { ... } IN TRANSACTIONS";
  bool written = false;
  for (const Clause* c : part.clauses) {
    written |= is_update(c->kind);
    if (c->kind != ClauseKind::kCallSubquery || !static_cast<const CallSubqueryClause*>(c)->in_transactions) continue;
    if (role == QueryRole::kCall && inside_transactions_) fail("Nested " + what + " is not supported", c->position);
    if (role == QueryRole::kCall) fail(what + " nested in a regular CALL is not supported", c->position);
    if (role != QueryRole::kStatement) fail(what + " in a subquery expression is not supported", c->position);
    if (in_union) fail(what + " in a UNION is not supported", c->position);
    if (written) fail(what + " after a write clause is not supported", c->position);
  }
}

void Analyzer::check_end(const SingleQuery& part, QueryRole role) {
  const Clause& last = *part.clauses.back();
  if (role == QueryRole::kCollect && last.kind != ClauseKind::kReturn) fail("A Collect subquery must end with a RETURN of exactly one column", last.position);
  if (last.kind == ClauseKind::kReturn || last.kind == ClauseKind::kFinish || is_update(last.kind) || role == QueryRole::kExists) return;
  if (last.kind == ClauseKind::kCallSubquery && !returns_rows(*static_cast<const CallSubqueryClause&>(last).query)) return;
  if (last.kind == ClauseKind::kCallProcedure) {
    const CallProcedureClause& call = static_cast<const CallProcedureClause&>(last);
    const bool standalone = part.clauses.size() == 1 && role == QueryRole::kStatement;
    if (standalone || !call.has_yield) return;  // a procedure without results
  }
  fail(std::string("Query cannot conclude with ") + clause_name(last) + " (must be a RETURN clause, a FINISH clause, an update clause, a unit subquery call, or a procedure call with no YIELD)", last.position);
}

// ---- Clauses ------------------------------------------------------------------------------------------------------

void Analyzer::clause(Clause* c, Scope* scope, const Scope& fixed, bool standalone) {
  switch (c->kind) {
    case ClauseKind::kUse: {
      auto* use = static_cast<UseClause*>(c);
      if (use->expression) plain(use->expression, *scope, "USE");
      if (!use->graph.empty() && use->graph != "neo4j" && use->graph != "default") {
        throw QueryError{ErrorCode::kDatabaseNotFound, "Graph not found: " + use->graph + " (there is one, called neo4j or default)", use->position};
      }
      return;
    }
    case ClauseKind::kMatch: return match(static_cast<MatchClause*>(c), scope);
    case ClauseKind::kUnwind: return unwind(static_cast<UnwindClause*>(c), scope);
    case ClauseKind::kWith: case ClauseKind::kReturn: return projection(static_cast<ProjectionClause*>(c), scope, fixed);
    case ClauseKind::kCreate: case ClauseKind::kInsert: return create(static_cast<CreateClause*>(c)->patterns, scope);
    case ClauseKind::kMerge: return merge(static_cast<MergeClause*>(c), scope);
    case ClauseKind::kSet: return set_items(&static_cast<SetClause*>(c)->items, *scope);
    case ClauseKind::kRemove: return set_items(&static_cast<RemoveClause*>(c)->items, *scope);
    case ClauseKind::kDelete: return delete_clause(static_cast<DeleteClause*>(c), *scope);
    case ClauseKind::kForeach: return foreach_clause(static_cast<ForeachClause*>(c), *scope, fixed);
    case ClauseKind::kCallProcedure: return call_procedure(static_cast<CallProcedureClause*>(c), scope, standalone);
    case ClauseKind::kCallSubquery: return call_subquery(static_cast<CallSubqueryClause*>(c), scope, fixed);
    case ClauseKind::kLoadCsv: return load_csv(static_cast<LoadCsvClause*>(c), scope);
    case ClauseKind::kFinish: return;
  }
}

void Analyzer::match(MatchClause* c, Scope* scope) {
  read_patterns(c->patterns, scope, true);
  if (c->where) predicate(c->where, *scope, "WHERE");
  for (const Hint& hint : c->hints) check_hint(hint, *c, *scope);
}

void Analyzer::unwind(UnwindClause* c, Scope* scope) {
  const Type type = plain(c->list, *scope, "UNWIND");
  c->slot = new_slot(c->variable);
  declare(scope, c->variable, c->slot, type_of(type.mask == kListMask ? type.element : kAnyMask), c->variable_position);
}

void Analyzer::create(const std::vector<PathPattern*>& patterns, Scope* scope) {
  for (PathPattern* path : patterns) resolve_before(path, *scope, false);
  for (PathPattern* path : patterns) written_path(path, scope, false);
}

void Analyzer::merge(MergeClause* c, Scope* scope) {
  resolve_before(c->pattern, *scope, true);
  written_path(c->pattern, scope, true);
  set_items(&c->on_create, *scope);
  set_items(&c->on_match, *scope);
}

void Analyzer::set_items(std::vector<SetItem>* items, const Scope& scope) {
  for (SetItem& item : *items) {
    const Type target = plain(item.target, scope, "SET");
    const bool of_map = item.kind == SetItemKind::kProperty || item.kind == SetItemKind::kDynamicProperty;
    require(target, item.kind == SetItemKind::kLabels ? kNodeMask : kNodeMask | kRelationshipMask, item.target);
    if (item.key_expression) require(plain(item.key_expression, scope, "SET"), kStringMask, item.key_expression);
    if (item.value) {
      const Type value = plain(item.value, scope, "SET");
      if (!of_map) require(value, kMapMask | kNodeMask | kRelationshipMask, item.value);
    }
    for (Expr* label : item.dynamic_labels) require(plain(label, scope, "SET"), kStringMask | kListMask, label);
  }
}

void Analyzer::delete_clause(DeleteClause* c, const Scope& scope) {
  for (Expr* e : c->expressions) {
    if (e->kind == ExprKind::kHasLabels) fail("DELETE doesn't support removing labels from a node. Try REMOVE.", e->children[0]->position);
    require(plain(e, scope, "DELETE"), kNodeMask | kRelationshipMask | kPathMask, e);
  }
}

void Analyzer::foreach_clause(ForeachClause* c, const Scope& scope, const Scope& fixed) {
  const Type type = plain(c->list, scope, "FOREACH");
  require(type, kListMask, c->list);
  Scope inner = scope;
  c->slot = new_slot(c->variable);
  inner[c->variable] = {c->slot, type_of(type.mask == kListMask ? type.element : kAnyMask)};  // may hide another of that name
  for (Clause* body : c->body) clause(body, &inner, fixed, false);
}

void Analyzer::load_csv(LoadCsvClause* c, Scope* scope) {
  require(plain(c->url, *scope, "LOAD CSV"), kStringMask, c->url);
  c->slot = new_slot(c->variable);
  c->line_slot = new_slot(kLineVariable);
  c->file_slot = new_slot(kFileVariable);
  (*scope)[kLineVariable] = {c->line_slot, type_of(kIntegerMask)};
  (*scope)[kFileVariable] = {c->file_slot, type_of(kStringMask)};
  declare(scope, c->variable, c->slot, c->with_headers ? type_of(kMapMask) : type_of(kListMask, kStringMask), c->variable_position);
}

}  // namespace graft::cypher
