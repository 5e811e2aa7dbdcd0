// Schema commands, SHOW and TERMINATE.

#include "cypher/parser/parser_impl.h"

namespace graft::cypher {

Command* Parser::command() {
  const Position position = here();
  Command* out = nullptr;
  if (is_word("CREATE") && token(1).kind == TokenKind::kIdentifier && !is_symbol("=", 2)) {
    out = create_command();
  } else if (is_word("DROP") && is_name(1)) {
    out = drop_command();
  } else if (is_word("SHOW") && is_name(1)) {
    out = show_command();
  } else if (is_word("TERMINATE") && is_name(1)) {
    out = terminate_command();
  }
  if (out) out->position = position;
  return out;
}

Command* Parser::create_command() {
  expect_word("CREATE");
  if (is_word("OR") && is_word("REPLACE", 1)) fail("Failed to create index or constraint: `OR REPLACE` cannot be used together with this command.", here());
  if (word("CONSTRAINT")) return create_constraint();
  graph::IndexKind kind = graph::IndexKind::kRange;
  if (word("TEXT")) {
    kind = graph::IndexKind::kText;
  } else if (word("POINT")) {
    kind = graph::IndexKind::kPoint;
  } else if (word("LOOKUP")) {
    kind = graph::IndexKind::kLookup;
  } else if (word("FULLTEXT")) {
    kind = graph::IndexKind::kFulltext;
  } else if (word("VECTOR")) {
    kind = graph::IndexKind::kVector;
  } else if (is_word("BTREE")) {
    fail("B-tree indexes are no longer supported: create a RANGE, TEXT or POINT index", here());
  } else {
    word("RANGE");
  }
  expect_word("INDEX");
  return create_index(kind);
}

void Parser::command_name(std::string* name, Expr** parameter) {
  if (token().kind == TokenKind::kParameter) {
    *parameter = atom();
  } else {
    *name = expect_name("a name");
  }
}

bool Parser::if_not_exists() {
  if (!words("IF", "NOT")) return false;
  expect_word("EXISTS");
  return true;
}

bool Parser::if_exists() {
  if (!word("IF")) return false;
  expect_word("EXISTS");
  return true;
}

Expr* Parser::options() {
  if (!word("OPTIONS")) return nullptr;
  if (token().kind == TokenKind::kParameter) return atom();
  return map();
}

CreateIndexCommand* Parser::create_index(graph::IndexKind kind) {
  CreateIndexCommand* out = arena_->make<CreateIndexCommand>();
  out->index_kind = kind;
  if (!is_word("FOR") && !is_word("ON") && !(is_word("IF") && is_word("NOT", 1))) command_name(&out->name, &out->name_parameter);
  out->if_not_exists = if_not_exists();
  if (is_word("ON")) fail("Invalid create index syntax, use `CREATE INDEX FOR ...` instead.", here());
  expect_word("FOR");
  index_target(out);
  out->options = options();
  return out;
}

void Parser::index_target(CreateIndexCommand* out) {
  expect_symbol("(");
  out->entity = is_symbol(")") ? graph::EntityKind::kRelationship : graph::EntityKind::kNode;
  const auto labels = [&] {
    if (out->index_kind == graph::IndexKind::kLookup) return;
    expect_symbol(":");
    do {
      out->labels_or_types.push_back(expect_name("a label or relationship type"));
    } while (out->index_kind == graph::IndexKind::kFulltext && symbol("|"));
  };
  if (out->entity == graph::EntityKind::kNode) {
    out->variable = expect_name("a variable");
    labels();
    expect_symbol(")");
  } else {
    expect_symbol(")");
    symbol("<");
    expect_symbol("-");
    expect_symbol("[");
    out->variable = expect_name("a variable");
    labels();
    expect_symbol("]");
    expect_symbol("-");
    symbol(">");
    expect_symbol("(");
    expect_symbol(")");
  }
  expect_word("ON");
  if (out->index_kind == graph::IndexKind::kLookup) {
    word("EACH");
    const bool node = out->entity == graph::EntityKind::kNode;
    if (!node || !word("LABELS")) expect_word(node ? "LABELS" : "TYPE");
    expect_symbol("(");
    expect_name("a variable");
    expect_symbol(")");
  } else if (out->index_kind == graph::IndexKind::kFulltext) {
    expect_word("EACH");
    expect_symbol("[");
    do {
      const Position position = here();
      if (expect_name("a variable") != out->variable) fail("The properties must be those of '" + out->variable + "'", position);
      expect_symbol(".");
      out->keys.push_back(expect_name("a property key"));
    } while (symbol(","));
    expect_symbol("]");
  } else {
    const Position position = here();
    out->keys = property_list(out->variable, true);
    const bool single = out->index_kind == graph::IndexKind::kText || out->index_kind == graph::IndexKind::kPoint || out->index_kind == graph::IndexKind::kVector;
    if (single && out->keys.size() != 1) {
      const char* kind = out->index_kind == graph::IndexKind::kText ? "text" : out->index_kind == graph::IndexKind::kPoint ? "point" : "vector";
      fail(std::string("Only single property ") + kind + " indexes are supported", position);
    }
  }
}

std::vector<std::string> Parser::property_list(const std::string& variable, bool parentheses_optional) {
  std::vector<std::string> keys;
  const bool parentheses = symbol("(");
  if (!parentheses && !parentheses_optional) unexpected();
  do {
    const Position position = here();
    if (expect_name("a variable") != variable) fail("The property must be one of '" + variable + "'", position);
    expect_symbol(".");
    keys.push_back(expect_name("a property key"));
  } while (parentheses && symbol(","));
  if (parentheses) expect_symbol(")");
  return keys;
}

CreateConstraintCommand* Parser::create_constraint() {
  CreateConstraintCommand* out = arena_->make<CreateConstraintCommand>();
  if (!is_word("FOR") && !is_word("ON") && !(is_word("IF") && is_word("NOT", 1))) command_name(&out->name, &out->name_parameter);
  out->if_not_exists = if_not_exists();
  if (is_word("ON")) fail("Invalid constraint syntax, ON and ASSERT should not be used. Replace ON with FOR and ASSERT with REQUIRE.", here());
  expect_word("FOR");
  constraint_requirement(out);
  out->options = options();
  return out;
}

// What a property may be required to be: a type that can be stored.
TypeExpr* Parser::property_type(graph::EntityKind entity) {
  const Position position = here();
  TypeExpr* type = type_expression();
  const auto refuse = [&](const char* why) {
    const char* what = entity == graph::EntityKind::kNode ? "node" : "relationship";
    fail(std::string("Failed to create ") + what + " property type constraint: Invalid property type `" + to_text(*type) + "`." + why, position);
  };
  const auto storable = [](TypeKind kind) { return kind >= TypeKind::kBoolean && kind <= TypeKind::kPoint; };
  const std::vector<TypeExpr*> alternatives = type->kind == TypeKind::kUnion ? type->members : std::vector<TypeExpr*>{type};
  for (const TypeExpr* t : alternatives) {
    if (t->kind != TypeKind::kList) {
      if (!storable(t->kind)) refuse("");
      continue;
    }
    const TypeExpr* inner = t->members.empty() ? nullptr : t->members[0];
    if (inner == nullptr || !storable(inner->kind)) refuse(inner != nullptr && inner->kind == TypeKind::kList ? " Lists cannot have lists as an inner type." : "");
    if (!inner->not_null) refuse(" Lists cannot have nullable inner types.");
  }
  return type;
}

void Parser::constraint_requirement(CreateConstraintCommand* out) {
  std::string variable;
  expect_symbol("(");
  if (symbol(")")) {
    out->entity = graph::EntityKind::kRelationship;
    symbol("<");
    expect_symbol("-");
    expect_symbol("[");
    variable = expect_name("a variable");
    expect_symbol(":");
    out->label_or_type = expect_name("a relationship type");
    expect_symbol("]");
    expect_symbol("-");
    symbol(">");
    expect_symbol("(");
  } else {
    variable = expect_name("a variable");
    expect_symbol(":");
    out->label_or_type = expect_name("a label");
  }
  expect_symbol(")");
  expect_word("REQUIRE");
  out->keys = property_list(variable, true);
  if (symbol("::")) {
    out->constraint_kind = graph::ConstraintKind::kPropertyType;
    out->type = property_type(out->entity);
    return;
  }
  expect_word("IS");
  if (words("NOT", "NULL")) {
    out->constraint_kind = graph::ConstraintKind::kExists;
  } else if (symbol("::") || word("TYPED")) {
    out->constraint_kind = graph::ConstraintKind::kPropertyType;
    out->type = property_type(out->entity);
  } else {
    if (!word("NODE") && !word("RELATIONSHIP")) word("REL");
    if (word("KEY")) {
      out->constraint_kind = graph::ConstraintKind::kKey;
    } else {
      expect_word("UNIQUE");
      out->constraint_kind = graph::ConstraintKind::kUnique;
    }
  }
  const bool single = out->constraint_kind == graph::ConstraintKind::kExists || out->constraint_kind == graph::ConstraintKind::kPropertyType;
  if (single && out->keys.size() != 1) fail("This constraint is for one property", here());
}

Command* Parser::drop_command() {
  expect_word("DROP");
  if (word("INDEX")) {
    if (is_word("ON") && is_symbol(":", 1)) {
      fail("Indexes cannot be dropped by schema, please drop by name instead: DROP INDEX index_name. The index name can be found using SHOW INDEXES.", here());
    }
    DropIndexCommand* out = arena_->make<DropIndexCommand>();
    command_name(&out->name, &out->name_parameter);
    out->if_exists = if_exists();
    return out;
  }
  expect_word("CONSTRAINT");
  if (is_word("ON") && is_symbol("(", 1)) {
    fail("Constraints cannot be dropped by schema, please drop by name instead: DROP CONSTRAINT constraint_name. The constraint name can be found using SHOW CONSTRAINTS.", here());
  }
  DropConstraintCommand* out = arena_->make<DropConstraintCommand>();
  command_name(&out->name, &out->name_parameter);
  out->if_exists = if_exists();
  return out;
}

std::vector<Expr*> Parser::expression_list() {
  std::vector<Expr*> out;
  do {
    out.push_back(expression());
  } while (symbol(","));
  return out;
}

void Parser::show_kind(ShowCommand* out) {
  // What stands between SHOW and the noun narrows the list down.
  const auto noun = [&](ShowKind kind) {
    out->show = kind;
    ++next_;
    return true;
  };
  for (;;) {
    if (is_word("INDEX") || is_word("INDEXES")) { noun(ShowKind::kIndexes); return; }
    if (is_word("CONSTRAINT") || is_word("CONSTRAINTS")) { noun(ShowKind::kConstraints); return; }
    if (is_word("PROCEDURE") || is_word("PROCEDURES")) { noun(ShowKind::kProcedures); return; }
    if (is_word("FUNCTION") || is_word("FUNCTIONS")) { noun(ShowKind::kFunctions); return; }
    if (is_word("DATABASE") || is_word("DATABASES")) { noun(ShowKind::kDatabases); return; }
    if (is_word("TRANSACTION") || is_word("TRANSACTIONS")) { noun(ShowKind::kTransactions); return; }
    if (is_word("SETTING") || is_word("SETTINGS")) { noun(ShowKind::kSettings); return; }
    if (is_word("USERS")) { noun(ShowKind::kUsers); return; }
    if (is_word("CURRENT") && is_word("USER", 1)) { ++next_; noun(ShowKind::kCurrentUser); return; }
    static constexpr std::string_view kFilters[] = {"ALL", "RANGE", "TEXT", "POINT", "LOOKUP", "FULLTEXT", "VECTOR", "BUILT", "IN", "USER", "DEFINED", "UNIQUE", "UNIQUENESS",
                                                    "KEY", "NODE", "RELATIONSHIP", "REL", "EXIST", "EXISTENCE", "PROPERTY", "TYPE", "DEFAULT", "HOME"};
    bool found = false;
    for (std::string_view filter : kFilters) {
      if (!is_word(filter)) continue;
      found = true;
      if (filter == "DEFAULT") out->default_database = true;
      else if (filter == "HOME") out->home_database = true;
      else if (filter != "ALL") out->filter += (out->filter.empty() ? "" : " ") + std::string(filter);
      ++next_;
      break;
    }
    if (!found) {
      for (const char* w : {"INDEXES", "CONSTRAINTS", "PROCEDURES", "FUNCTIONS", "DATABASES", "TRANSACTIONS", "SETTINGS", "USERS", "CURRENT USER"}) expected(w);
      unexpected();
    }
  }
}

void Parser::show_yield(ShowCommand* out) {
  if (out->show != ShowKind::kTerminateTransactions && word("WHERE")) {
    out->where = expression();
    return;
  }
  if (!word("YIELD")) return;
  out->has_yield = true;
  yield_items(&out->yields, &out->yield_star);
  ProjectionClause* page = arena_->make<ProjectionClause>(ClauseKind::kWith);
  page->position = here();
  page->star = true;
  order_and_limits(page);
  if (word("WHERE")) page->where = expression();
  out->yield_projection = page;
  if (is_word("RETURN")) {
    const Position position = here();
    ++next_;
    out->result = projection_clause(ClauseKind::kReturn);
    out->result->position = position;
  }
}

ShowCommand* Parser::show_command() {
  expect_word("SHOW");
  ShowCommand* out = arena_->make<ShowCommand>();
  show_kind(out);
  if (words("EXECUTABLE", "BY")) {
    out->filter += "EXECUTABLE";
    if (!words("CURRENT", "USER")) expect_name("a user");
  } else if (word("EXECUTABLE")) {
    out->filter += "EXECUTABLE";
  }
  const bool rest = is_word("YIELD") || is_word("WHERE") || is_symbol(";") || token().kind == TokenKind::kEnd;
  if (!rest && out->show == ShowKind::kDatabases) {
    Expr* name = make(ExprKind::kLiteral, here());
    name->literal = graph::Value::string(expect_name("a database"));
    out->names.push_back(name);
  } else if (!rest && (out->show == ShowKind::kTransactions || out->show == ShowKind::kSettings)) {
    out->names = expression_list();
  }
  show_yield(out);
  return out;
}

ShowCommand* Parser::terminate_command() {
  expect_word("TERMINATE");
  if (!word("TRANSACTION")) expect_word("TRANSACTIONS");
  ShowCommand* out = arena_->make<ShowCommand>();
  out->show = ShowKind::kTerminateTransactions;
  out->names = expression_list();
  show_yield(out);
  return out;
}

}  // namespace graft::cypher
