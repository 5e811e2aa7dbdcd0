// CALL, and commands.

#include <algorithm>

#include "cypher/semantic/analyzer_impl.h"

namespace graft::cypher {
namespace {

TypeMask mask_of_type(std::string_view type) {
  const auto starts = [&](std::string_view prefix) { return type.substr(0, prefix.size()) == prefix; };
  if (starts("STRING")) return kStringMask;
  if (starts("BOOLEAN")) return kBooleanMask;
  if (starts("INTEGER | FLOAT") || starts("NUMBER")) return kNumberMask;
  if (starts("INTEGER")) return kIntegerMask;
  if (starts("FLOAT")) return kFloatMask;
  if (starts("LIST")) return kListMask;
  if (starts("MAP")) return kMapMask | kNodeMask | kRelationshipMask;
  if (starts("NODE")) return kNodeMask;
  if (starts("RELATIONSHIP")) return kRelationshipMask;
  if (starts("PATH")) return kPathMask;
  return kAnyMask;
}

}  // namespace

void Analyzer::call_arguments(CallProcedureClause* c, const ProcedureInfo& info, const Scope& scope, bool standalone) {
  if (!c->has_arguments) {
    if (!standalone) {
      fail("Procedure call inside a query does not support passing arguments implicitly. Please pass arguments explicitly in parentheses after the procedure name", c->position);
    }
    for (const ProcedureInput& input : info.inputs) {  // taken from the parameters of the same names
      if (input.default_value) continue;
      Expr* parameter = arena_->make<Expr>();
      parameter->kind = ExprKind::kParameter;
      parameter->position = c->position;
      parameter->name = input.name;
      c->arguments.push_back(parameter);
    }
    c->has_arguments = true;
    return;
  }
  size_t required = 0;
  for (const ProcedureInput& input : info.inputs) required += input.default_value ? 0 : 1;
  if (c->arguments.size() < required || (!info.variadic && c->arguments.size() > info.inputs.size())) {
    fail("Procedure call does not provide the required number of arguments: got " + std::to_string(c->arguments.size()) + " expected " + std::to_string(required) +
         ".\n\nProcedure " + info.name + " has signature: " + info.signature, c->position);
  }
  for (size_t i = 0; i < c->arguments.size(); ++i) {
    const Type type = plain(c->arguments[i], scope, "CALL");
    if (info.inputs.empty()) continue;
    const ProcedureInput& input = info.inputs[std::min(i, info.inputs.size() - 1)];
    require(type, mask_of_type(input.type), c->arguments[i]);
  }
}

void Analyzer::call_procedure(CallProcedureClause* c, Scope* scope, bool standalone) {
  const ProcedureInfo* info = procedures_.find(c->name);
  if (!info) {
    const std::string near = nearest_name(c->name, procedures_.names());
    throw QueryError{ErrorCode::kProcedureNotFound,
                     "There is no procedure with the name `" + c->name + "` registered for this database instance" + (near.empty() ? "" : ": did you mean `" + near + "`?"),
                     c->position};
  }
  if (info->server_side && !standalone) fail("Procedure `" + info->name + "` can only be called on its own, not inside a query", c->position);
  call_arguments(c, *info, *scope, standalone);
  if (c->yield_star && !standalone) fail("YIELD * can only be used in a standalone CALL: name the fields", c->position);
  if (info->outputs.empty() && c->has_yield && (!c->yields.empty())) fail("Cannot yield value from void procedure", c->position);
  if (!c->has_yield && !standalone && !info->outputs.empty()) {
    fail("Procedure call inside a query does not support naming results implicitly (name explicitly using `YIELD` instead)", c->position);
  }
  if (c->yield_star || (standalone && !c->has_yield)) {
    for (const ProcedureOutput& output : info->outputs) c->yields.push_back({output.name, output.name, c->position, kNoSlot});
  }
  for (YieldItem& item : c->yields) {
    auto output = std::find_if(info->outputs.begin(), info->outputs.end(), [&](const ProcedureOutput& o) { return o.name == item.field; });
    if (output == info->outputs.end()) {
      std::vector<std::string> known;
      for (const ProcedureOutput& o : info->outputs) known.push_back(o.name);
      const std::string near = nearest_name(item.field, known);
      fail("Unknown procedure output: `" + item.field + "`" + (near.empty() ? "" : ": did you mean `" + near + "`?") + " Signature: " + info->signature, item.position);
    }
    item.slot = new_slot(item.name);
    declare(scope, item.name, item.slot, type_of(mask_of_type(output->type)), item.position);
  }
  if (c->where) predicate(c->where, *scope, "WHERE");
}

// CALL { WITH a, b ... }: what the first WITH names, unchanged.
Scope Analyzer::importing_with(CallSubqueryClause* c, const Scope& scope) {
  Scope imported;
  for (SingleQuery* part : c->query->parts) {
    size_t first = !part->clauses.empty() && part->clauses[0]->kind == ClauseKind::kUse ? 1 : 0;
    if (part->clauses.size() <= first || part->clauses[first]->kind != ClauseKind::kWith) continue;
    auto* with = static_cast<ProjectionClause*>(part->clauses[first]);
    const bool simple = !with->distinct && with->order.empty() && !with->skip && !with->limit && !with->where &&
                        std::all_of(with->items.begin(), with->items.end(), [](const ProjectionItem& i) { return i.expression->kind == ExprKind::kVariable && (!i.has_alias || i.name == i.expression->name); });
    bool refers = with->star;
    for (const ProjectionItem& item : with->items) refers |= item.expression->kind == ExprKind::kVariable && scope.contains(item.expression->name);
    if (!simple) {
      if (refers) fail("Importing WITH should consist only of simple references to outside variables. WHERE, ORDER BY, SKIP, LIMIT, DISTINCT and aliasing are not allowed", with->position);
      continue;
    }
    if (with->star) imported = scope;
    for (const ProjectionItem& item : with->items) {
      auto it = scope.find(item.expression->name);
      if (it != scope.end()) imported.insert(*it);
    }
  }
  return imported;
}

// Columns of a CALL { } have names, which are not those of variables outside.
void Analyzer::check_subquery_result(const SingleQuery& part, const Scope& outer) {
  if (part.clauses.empty() || part.clauses.back()->kind != ClauseKind::kReturn) return;
  for (const ProjectionItem& item : static_cast<const ProjectionClause*>(part.clauses.back())->items) {
    const Position position = item.has_alias ? item.alias_position : item.expression->position;
    if (!item.has_alias && item.expression->kind != ExprKind::kVariable) fail("Expression in CALL { RETURN ... } must be aliased (use AS)", position);
    if (outer.contains(item.name)) fail("Variable `" + item.name + "` already declared in outer scope", position);
  }
}

void Analyzer::call_subquery(CallSubqueryClause* c, Scope* scope, const Scope& fixed) {
  Scope inner;
  Scope stay;
  if (c->has_scope) {
    if (c->scope_star) inner = *scope;
    for (Expr* import : c->imports) {
      variable(import, *scope);
      inner.insert(*scope->find(import->name));
    }
    stay = inner;
  } else {
    inner = importing_with(c, *scope);
  }
  inner.insert(fixed.begin(), fixed.end());
  for (const char* hidden : {kLineVariable, kFileVariable}) {
    if (const auto found = scope->find(hidden); found != scope->end()) stay.insert(*found), inner.insert(*found);
  }
  stay.insert(fixed.begin(), fixed.end());
  inside_transactions_ |= c->in_transactions != nullptr;
  query(c->query, inner, stay, QueryRole::kCall);
  if (c->in_transactions) inside_transactions_ = false;
  check_subquery_result(*c->query->parts[0], *scope);
  for (size_t i = 0; i < c->query->columns.size(); ++i) {
    const std::string& name = c->query->columns[i];
    // A column that is an imported variable itself gets a slot of its own
    declare(scope, name, c->query->slots[i], Type{}, c->position);
  }
  if (c->in_transactions) in_transactions(c->in_transactions, scope);
}

void Analyzer::in_transactions(InTransactions* options, Scope* scope) {
  page_count(options->batch_size, "OF ... ROWS", 1);
  page_count(options->concurrency, "CONCURRENT TRANSACTIONS", 1);
  if (options->report_variable.empty()) return;
  if (options->on_error == InTransactions::kFail) fail("REPORT STATUS can only be used when specifying ON ERROR CONTINUE or ON ERROR BREAK", options->report_position);
  options->report_slot = new_slot(options->report_variable);
  declare(scope, options->report_variable, options->report_slot, type_of(kMapMask), options->report_position);
}

void Analyzer::command(Command* c) {
  const auto check = [&](Expr* e) {
    if (e) plain(e, Scope{}, "a command");
  };
  switch (c->kind) {
    case CommandKind::kCreateIndex: {
      auto* create = static_cast<CreateIndexCommand*>(c);
      check(create->name_parameter);
      check(create->options);
      return;
    }
    case CommandKind::kDropIndex: return check(static_cast<DropIndexCommand*>(c)->name_parameter);
    case CommandKind::kCreateConstraint: {
      auto* create = static_cast<CreateConstraintCommand*>(c);
      check(create->name_parameter);
      check(create->options);
      return;
    }
    case CommandKind::kDropConstraint: return check(static_cast<DropConstraintCommand*>(c)->name_parameter);
    case CommandKind::kShow: return show(static_cast<ShowCommand*>(c));
  }
}

}  // namespace graft::cypher
