// Statements and clauses.

#include "cypher/parser/parser_impl.h"

namespace graft::cypher {

Statement Parser::statement() {
  Statement out;
  if (is_word("CYPHER") && !is_symbol("(", 1)) {  // CYPHER 5 planner=cost: options without a meaning here
    ++next_;
    if (token().kind == TokenKind::kInteger || token().kind == TokenKind::kFloat) ++next_;
    while (is_name() && is_symbol("=", 1)) query_option();
  }
  if (word("EXPLAIN")) {
    out.mode = QueryMode::kExplain;
  } else if (word("PROFILE")) {
    out.mode = QueryMode::kProfile;
  }
  out.command = command();
  if (!out.command) out.query = query();
  symbol(";");
  if (token().kind != TokenKind::kEnd) {
    if (is_symbol(";", 0) || (next_ > 0 && tokens_[next_ - 1].raw == ";")) fail("Expected exactly one statement per query", here());
    unexpected();
  }
  return out;
}

// planner=cost and the like: checked for its name, without a meaning here.
void Parser::query_option() {
  constexpr std::string_view kOptions[] = {"PLANNER", "RUNTIME", "EXPRESSIONENGINE", "OPERATORENGINE", "INTERPRETEDPIPESFALLBACK", "REPLAN", "UPDATESTRATEGY",
                                           "CONNECTCOMPONENTSPLANNER", "PARALLELRUNTIMESUPPORT", "INFERSCHEMAPARTS", "EAGERANALYZER", "STATEFULSHORTESTPLANNINGMODE", "LABELINFERENCE", "DEBUG"};
  if (std::none_of(std::begin(kOptions), std::end(kOptions), [&](std::string_view o) { return is_word(o); })) unexpected();
  next_ += 3;
}

Query* Parser::query() {
  Depth depth(this);
  Query* q = arena_->make<Query>();
  q->position = here();
  q->parts.push_back(single_query());
  while (is_word("UNION")) {
    q->union_positions.push_back(here());
    ++next_;
    const bool all = word("ALL");
    if (!all) word("DISTINCT");
    q->union_all.push_back(all);
    q->parts.push_back(single_query());
  }
  return q;
}

SingleQuery* Parser::single_query() {
  SingleQuery* part = arena_->make<SingleQuery>();
  if (is_symbol("{")) {  // { query } as a part of UNION
    ++next_;
    Query* inner = query();
    expect_symbol("}");
    if (inner->parts.size() == 1) return inner->parts[0];
    fail("Nested UNION in braces is not supported", inner->position);
  }
  while (Clause* c = clause()) part->clauses.push_back(c);
  if (part->clauses.empty()) unexpected();
  return part;
}

Clause* Parser::clause() {
  const Position position = here();
  Clause* c = read_or_call();
  if (c) c->position = position;
  return c;
}

Clause* Parser::read_or_call() {
  if (token().kind != TokenKind::kIdentifier) {
    for (const char* w : {"MATCH", "OPTIONAL MATCH", "UNWIND", "WITH", "RETURN", "CREATE", "MERGE", "SET", "REMOVE", "DELETE", "DETACH DELETE", "FOREACH", "CALL", "LOAD CSV", "USE", "FINISH"}) expected(w);
    return nullptr;
  }
  if (word("MATCH")) return match_clause(false);
  if (words("OPTIONAL", "MATCH")) return match_clause(true);
  if (words("OPTIONAL", "CALL")) return call_clause(true);
  if (word("RETURN")) return projection_clause(ClauseKind::kReturn);
  if (word("WITH")) return projection_clause(ClauseKind::kWith);
  if (word("UNWIND")) return unwind_clause();
  if (word("CREATE") || word("INSERT")) return create_clause();
  if (word("MERGE")) return merge_clause();
  if (word("SET")) {
    SetClause* set = arena_->make<SetClause>();
    set->items = set_items();
    return set;
  }
  if (word("REMOVE")) {
    RemoveClause* remove = arena_->make<RemoveClause>();
    remove->items = remove_items();
    return remove;
  }
  if (words("DETACH", "DELETE")) return delete_clause(true);
  if (words("NODETACH", "DELETE") || word("DELETE")) return delete_clause(false);
  if (word("FOREACH")) return foreach_clause();
  if (word("CALL")) return call_clause(false);
  if (words("LOAD", "CSV")) return load_csv_clause();
  if (word("USE")) return use_clause();
  if (word("FINISH")) return arena_->make<FinishClause>();
  if ((is_word("ORDER") && is_word("BY", 1)) || is_word("SKIP") || is_word("LIMIT") || is_word("OFFSET")) {
    ProjectionClause* with = arena_->make<ProjectionClause>(ClauseKind::kWith);
    with->star = true;
    order_and_limits(with);
    return with;
  }
  return nullptr;
}

UseClause* Parser::use_clause() {
  UseClause* use = arena_->make<UseClause>();
  if (!word("GRAPH")) expected("GRAPH");
  if (is_name() && (is_symbol("(", 1) || (is_symbol(".", 1) && is_name(2) && is_symbol("(", 3)))) {
    use->expression = expression();
    return use;
  }
  use->graph = expect_name("a database");
  while (symbol(".")) use->graph += "." + expect_name("a database");
  return use;
}

MatchClause* Parser::match_clause(bool optional) {
  MatchClause* match = arena_->make<MatchClause>();
  match->optional = optional;
  if (words("REPEATABLE", "ELEMENTS") || words("REPEATABLE", "ELEMENT")) {
    match->repeatable_elements = true;
  } else if (!words("DIFFERENT", "RELATIONSHIPS")) {
    words("DIFFERENT", "RELATIONSHIP");
  }
  match->patterns = pattern_list();
  while (is_word("USING")) match->hints.push_back(hint());
  if (word("WHERE")) match->where = expression();
  return match;
}

Hint Parser::hint() {
  Hint h;
  h.position = here();
  expect_word("USING");
  if (words("JOIN", "ON")) {
    h.kind = Hint::kJoin;
    do {
      const Position position = here();
      h.variables.push_back(variable(expect_name("a variable"), position));
    } while (symbol(","));
    return h;
  }
  h.kind = word("SCAN") ? Hint::kScan : Hint::kIndex;
  if (h.kind == Hint::kIndex) {
    for (const char* kind : {"RANGE", "TEXT", "POINT", "BTREE"}) {
      if (is_word(kind) && is_word("INDEX", 1)) ++next_;
    }
    expect_word("INDEX");
    word("SEEK");
  }
  const Position position = here();
  h.variables.push_back(variable(expect_name("a variable"), position));
  expect_symbol(":");
  h.label = expect_name("a label");
  if (h.kind == Hint::kIndex) {
    expect_symbol("(");
    do {
      h.keys.push_back(expect_name("a property key"));
    } while (symbol(","));
    expect_symbol(")");
  }
  return h;
}

UnwindClause* Parser::unwind_clause() {
  UnwindClause* unwind = arena_->make<UnwindClause>();
  unwind->list = expression();
  expect_word("AS");
  unwind->variable_position = here();
  unwind->variable = expect_name("a variable");
  return unwind;
}

ProjectionClause* Parser::projection_clause(ClauseKind kind) {
  ProjectionClause* out = arena_->make<ProjectionClause>(kind);
  out->distinct = word_before_expression("DISTINCT");
  if (!out->distinct && !is_symbol("(", 1)) word_before_expression("ALL");
  projection_body(out);
  if (kind == ClauseKind::kWith && word("WHERE")) out->where = expression();
  return out;
}

void Parser::projection_body(ProjectionClause* out) {
  out->star = symbol("*");
  if (!out->star || symbol(",")) {
    do {
      out->items.push_back(projection_item());
    } while (symbol(","));
  }
  order_and_limits(out);
}

ProjectionItem Parser::projection_item() {
  ProjectionItem item;
  const size_t first = next_;
  item.alias_position = here();
  item.expression = expression();
  item.name = text_since(first);
  if (item.expression->kind == ExprKind::kVariable && !item.expression->parenthesised) item.name = item.expression->name;
  if (item.expression->kind == ExprKind::kMapProjection && !item.expression->parenthesised) {  // n {.a} is called n
    item.name = item.expression->children[0]->name;
    item.has_alias = true;
  }
  if (word("AS")) {
    item.alias_position = here();
    item.name = expect_name("a variable");
    item.has_alias = true;
  }
  return item;
}

void Parser::order_and_limits(ProjectionClause* out) {
  if (words("ORDER", "BY")) {
    do {
      SortItem item;
      item.expression = expression();
      item.descending = word("DESC") || word("DESCENDING");
      if (!item.descending && !word("ASC")) word("ASCENDING");
      out->order.push_back(item);
    } while (symbol(","));
  }
  if (word("SKIP") || word("OFFSET")) out->skip = expression();
  if (word("LIMIT")) out->limit = expression();
}

CreateClause* Parser::create_clause() {
  CreateClause* create = arena_->make<CreateClause>();
  create->patterns = pattern_list();
  return create;
}

MergeClause* Parser::merge_clause() {
  MergeClause* merge = arena_->make<MergeClause>();
  merge->pattern = path_pattern(true);
  while (word("ON")) {
    const bool create = word("CREATE");
    if (!create) expect_word("MATCH");
    expect_word("SET");
    std::vector<SetItem> items = set_items();
    std::vector<SetItem>& to = create ? merge->on_create : merge->on_match;
    to.insert(to.end(), items.begin(), items.end());
  }
  return merge;
}

std::vector<SetItem> Parser::set_items() {
  std::vector<SetItem> items;
  do {
    items.push_back(set_item());
  } while (symbol(","));
  return items;
}

void Parser::set_labels(SetItem* item) {
  item->kind = SetItemKind::kLabels;
  const bool is = word("IS");
  do {
    if (!is && !symbol(":")) expect_symbol(":");
    if (symbol("$")) {
      expect_symbol("(");
      item->dynamic_labels.push_back(expression());
      expect_symbol(")");
    } else {
      item->labels.push_back(expect_name("a label"));
    }
  } while (is ? symbol(":") : is_symbol(":"));
}

SetItem Parser::set_item() {
  SetItem item;
  item.position = here();
  if (is_name() && (is_symbol(":", 1) || is_word("IS", 1))) {
    item.target = variable(expect_name("a variable"), item.position);
    set_labels(&item);
    return item;
  }
  Expr* target = is_name() && (is_symbol("=", 1) || is_symbol("+=", 1)) ? variable(expect_name("a variable"), item.position) : postfix();
  item.target = target;
  if (symbol("+=")) {
    item.kind = SetItemKind::kMerge;
    if (target->kind != ExprKind::kVariable) fail("'+=' needs a variable on its left side", item.position);
  } else {
    expect_symbol("=");
    if (target->kind == ExprKind::kProperty) {
      item.kind = SetItemKind::kProperty;
      item.key = target->name;
      item.target = target->children[0];
    } else if (target->kind == ExprKind::kIndex) {
      item.kind = SetItemKind::kDynamicProperty;
      item.key_expression = target->children[1];
      item.target = target->children[0];
    } else if (target->kind == ExprKind::kVariable) {
      item.kind = SetItemKind::kReplace;
    } else {
      fail("Invalid left side of SET: expected a property, a variable or a variable with labels", item.position);
    }
  }
  item.value = expression();
  return item;
}

std::vector<SetItem> Parser::remove_items() {
  std::vector<SetItem> items;
  do {
    items.push_back(remove_item());
  } while (symbol(","));
  return items;
}

SetItem Parser::remove_item() {
  SetItem item;
  item.position = here();
  if (is_name() && (is_symbol(":", 1) || is_word("IS", 1))) {
    item.target = variable(expect_name("a variable"), item.position);
    set_labels(&item);
    return item;
  }
  Expr* target = postfix();
  if (target->kind == ExprKind::kProperty) {
    item.kind = SetItemKind::kRemoveProperty;
    item.key = target->name;
  } else if (target->kind == ExprKind::kIndex) {
    item.kind = SetItemKind::kRemoveDynamicProperty;
    item.key_expression = target->children[1];
  } else {
    fail("Invalid item of REMOVE: expected a property or a variable with labels", item.position);
  }
  item.target = target->children[0];
  return item;
}

DeleteClause* Parser::delete_clause(bool detach) {
  DeleteClause* out = arena_->make<DeleteClause>();
  out->detach = detach;
  do {
    out->expressions.push_back(expression());
  } while (symbol(","));
  return out;
}

ForeachClause* Parser::foreach_clause() {
  Depth depth(this);
  ForeachClause* out = arena_->make<ForeachClause>();
  expect_symbol("(");
  out->variable_position = here();
  out->variable = expect_name("a variable");
  expect_word("IN");
  const bool bar = std::exchange(no_bar_, true);
  out->list = expression();
  no_bar_ = bar;
  expect_symbol("|");
  while (!symbol(")")) {
    const Position position = here();
    Clause* c = clause();
    if (!c) unexpected();
    const bool updating = c->kind == ClauseKind::kCreate || c->kind == ClauseKind::kMerge || c->kind == ClauseKind::kSet || c->kind == ClauseKind::kRemove ||
                          c->kind == ClauseKind::kDelete || c->kind == ClauseKind::kForeach;
    if (!updating) fail("Invalid use of a reading clause inside FOREACH: only updating clauses may stand there", position);
    out->body.push_back(c);
  }
  if (out->body.empty()) fail("FOREACH needs at least one updating clause after '|'", out->variable_position);
  return out;
}

void Parser::yield_items(std::vector<YieldItem>* items, bool* star) {
  *star = symbol("*");
  if (*star) return;
  if (is_symbol("-")) {  // YIELD -: nothing
    ++next_;
    return;
  }
  do {
    YieldItem item;
    item.position = here();
    item.field = item.name = expect_name("a procedure's field");
    if (word("AS")) {
      item.position = here();
      item.name = expect_name("a variable");
    }
    items->push_back(item);
  } while (symbol(","));
}

Clause* Parser::call_clause(bool optional) {
  const Position position = here();
  if (is_symbol("{") || is_symbol("(")) return call_subquery(optional, position);
  CallProcedureClause* call = arena_->make<CallProcedureClause>();
  call->optional = optional;
  call->name = expect_name("a procedure");
  while (symbol(".")) call->name += "." + expect_name("a procedure");
  if (symbol("(")) {
    call->has_arguments = true;
    if (!symbol(")")) {
      do {
        call->arguments.push_back(expression());
      } while (symbol(","));
      expect_symbol(")");
    }
  }
  if (word("YIELD")) {
    call->has_yield = true;
    yield_items(&call->yields, &call->yield_star);
    if (word("WHERE")) call->where = expression();
  }
  return call;
}

CallSubqueryClause* Parser::call_subquery(bool optional, Position) {
  CallSubqueryClause* call = arena_->make<CallSubqueryClause>();
  call->optional = optional;
  if (symbol("(")) {
    call->has_scope = true;
    call->scope_star = symbol("*");
    if (!call->scope_star && !is_symbol(")")) {
      do {
        const Position position = here();
        call->imports.push_back(variable(expect_name("a variable"), position));
      } while (symbol(","));
    }
    expect_symbol(")");
  }
  expect_symbol("{");
  call->query = query();
  expect_symbol("}");
  call->in_transactions = in_transactions();
  return call;
}

InTransactions* Parser::in_transactions() {
  if (!is_word("IN")) return nullptr;
  InTransactions* out = arena_->make<InTransactions>();
  expect_word("IN");
  if (is_word("CONCURRENT")) {
    out->concurrent = true;
  } else if (!is_word("TRANSACTIONS")) {
    out->concurrency = atom();
    out->concurrent = true;
  }
  if (out->concurrent) expect_word("CONCURRENT");
  expect_word("TRANSACTIONS");
  for (;;) {
    if (word("OF")) {
      out->batch_size = expression();
      if (!word("ROW")) expect_word("ROWS");
    } else if (words("ON", "ERROR")) {
      if (word("CONTINUE")) {
        out->on_error = InTransactions::kContinue;
      } else if (word("BREAK")) {
        out->on_error = InTransactions::kBreak;
      } else {
        expect_word("FAIL");
      }
    } else if (words("REPORT", "STATUS")) {
      expect_word("AS");
      out->report_position = here();
      out->report_variable = expect_name("a variable");
    } else {
      return out;
    }
  }
}

LoadCsvClause* Parser::load_csv_clause() {
  LoadCsvClause* load = arena_->make<LoadCsvClause>();
  load->with_headers = words("WITH", "HEADERS");
  expect_word("FROM");
  load->url = expression();
  expect_word("AS");
  load->variable_position = here();
  load->variable = expect_name("a variable");
  if (word("FIELDTERMINATOR")) {
    const Position position = here();
    load->field_terminator = expect_string("a string of one character");
    if (load->field_terminator.size() != 1) fail("FIELDTERMINATOR must be a string of one character", position);
  }
  return load;
}

}  // namespace graft::cypher
