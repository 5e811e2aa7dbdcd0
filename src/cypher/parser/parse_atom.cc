// Literals, variables, calls, comprehensions, CASE.

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "cypher/parser/parser_impl.h"

namespace graft::cypher {

Expr* Parser::atom() {
  Depth depth(this);
  const LexToken& t = token();
  switch (t.kind) {
    case TokenKind::kInteger: case TokenKind::kFloat: return number(false);
    case TokenKind::kString: {
      Expr* e = make(ExprKind::kLiteral, t.position);
      e->literal = graph::Value::string(t.value);
      ++next_;
      return e;
    }
    case TokenKind::kParameter: {
      Expr* e = make(ExprKind::kParameter, t.position);
      e->name = t.value;
      ++next_;
      return e;
    }
    case TokenKind::kIdentifier: case TokenKind::kEscaped: return named();
    case TokenKind::kSymbol:
      if (t.raw == "(") return parenthesised();
      if (t.raw == "[") return list_or_comprehension();
      if (t.raw == "{") return map();
      break;
    case TokenKind::kEnd: break;
  }
  expected("an expression");
  unexpected();
}

namespace {

// Digits of the given base, '_' allowed between; nullopt when above 2^63.
std::optional<uint64_t> parse_unsigned(std::string_view digits, unsigned base) {
  uint64_t n = 0;
  for (char c : digits) {
    if (c == '_') continue;
    const unsigned digit = static_cast<unsigned>(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    if (n > ((uint64_t{1} << 63) - digit) / base) return std::nullopt;
    n = n * base + digit;
  }
  return n;
}

}  // namespace

Expr* Parser::number(bool negative) {
  const LexToken& t = token();
  Expr* e = make(ExprKind::kLiteral, t.position);
  if (t.kind == TokenKind::kFloat) {
    std::string digits;
    for (char c : t.raw) {
      if (c != '_' && (c | 32) != 'f' && (c | 32) != 'd') digits += c;
    }
    const double d = std::strtod(digits.c_str(), nullptr);
    if (std::isinf(d)) fail("floating point number is too large", t.position);
    e->literal = graph::Value::floating(d);
  } else {
    unsigned base = 10;
    std::string_view digits = t.raw;
    if (digits.size() > 1 && digits[0] == '0' && (digits[1] | 32) == 'x') base = 16;
    if (digits.size() > 1 && digits[0] == '0' && (digits[1] | 32) == 'o') base = 8;
    if (base != 10) digits.remove_prefix(2);
    const std::optional<uint64_t> n = parse_unsigned(digits, base);
    if (!n || (*n == uint64_t{1} << 63 && !negative)) fail("integer is too large", t.position);
    e->literal = graph::Value::integer(static_cast<int64_t>(negative ? ~*n + 1 : *n));
  }
  ++next_;
  return e;
}

Expr* Parser::parenthesised() {
  if (pattern_starts()) {
    Expr* e = make(ExprKind::kPatternExpression, here());
    e->pattern = path_pattern(false);
    return e;
  }
  expect_symbol("(");
  const bool bar = std::exchange(no_bar_, false);
  Expr* e = expression();
  expect_symbol(")");
  no_bar_ = bar;
  e->parenthesised = true;
  return e;
}

Expr* Parser::list_or_comprehension() {
  const Position position = here();
  if (is_name(1) && is_word("IN", 2)) {
    const size_t start = next_;
    if (!no_comprehension_.contains(start)) {
      if (Expr* e = list_comprehension()) return e;
    }
    no_comprehension_.insert(start);  // so that nested ones are tried once, not 2^depth times
    next_ = start;  // a list whose first element is a test: [x IN xs, ...]
  }
  const bool named_path = is_name(1) && is_symbol("=", 2) && is_symbol("(", 3);
  next_ += named_path ? 3 : 1;
  const bool comprehension = pattern_starts();
  next_ -= named_path ? 3 : 1;
  if (comprehension) {
    const size_t start = next_;
    if (!no_comprehension_.contains(start)) {
      if (Expr* e = pattern_comprehension()) return e;
    }
    no_comprehension_.insert(start);
    next_ = start;
  }
  expect_symbol("[");
  const bool bar = std::exchange(no_bar_, false);
  Expr* list = arena_->make<Expr>();
  list->kind = ExprKind::kList;
  list->position = position;
  if (!symbol("]")) {
    do {
      list->children.push_back(expression());
    } while (symbol(","));
    expect_symbol("]");
  }
  no_bar_ = bar;
  return finish(list);
}

Expr* Parser::list_comprehension() {
  const Position position = here();
  ++next_;
  const std::string name = expect_name("a variable");
  expect_word("IN");
  const bool bar = std::exchange(no_bar_, true);
  Expr* list = expression();
  Expr* predicate = word("WHERE") ? expression() : nullptr;
  no_bar_ = false;
  Expr* projection = symbol("|") ? expression() : nullptr;
  no_bar_ = bar;
  if (is_symbol(",") && !predicate && !projection) {
    return nullptr;
  }
  expect_symbol("]");
  Expr* e = make(ExprKind::kListComprehension, position, {list, predicate, projection});
  e->name = name;
  return e;
}

Expr* Parser::pattern_comprehension() {
  Expr* e = make(ExprKind::kPatternComprehension, here());
  ++next_;
  if (is_name() && is_symbol("=", 1)) {
    e->name = expect_name("a variable");
    ++next_;
  }
  const bool bar = std::exchange(no_bar_, true);
  e->pattern = path_pattern(false);
  Expr* predicate = word("WHERE") ? expression() : nullptr;
  no_bar_ = false;
  if (!predicate && e->name.empty() && (is_symbol("]") || is_symbol(",") || !is_symbol("|"))) {
    no_bar_ = bar;
    return nullptr;  // a list of pattern expressions
  }
  expect_symbol("|");
  e->children = {predicate, expression()};
  no_bar_ = bar;
  expect_symbol("]");
  return finish(e);
}

Expr* Parser::map() {
  Expr* e = make(ExprKind::kMap, here());
  expect_symbol("{");
  const bool bar = std::exchange(no_bar_, false);
  if (!symbol("}")) {
    do {
      e->name_positions.push_back(here());
      e->names.push_back(expect_name("a property key"));
      expect_symbol(":");
      e->children.push_back(expression());
    } while (symbol(","));
    expect_symbol("}");
  }
  no_bar_ = bar;
  return finish(e);
}

Expr* Parser::map_projection(Expr* subject) {
  Expr* e = make(ExprKind::kMapProjection, here(), {subject});
  expect_symbol("{");
  Depth depth(this);
  const bool bar = std::exchange(no_bar_, false);
  e->names.push_back("");  // so that names[i] belongs to children[i]
  if (!symbol("}")) {
    do {
      const Position position = here();
      if (symbol(".")) {
        if (symbol("*")) {
          e->all_properties = true;
          continue;
        }
        Expr* property = make(ExprKind::kProperty, position, {subject});
        property->position = here();
        property->name = expect_name("a property key");
        e->names.push_back(property->name);
        e->children.push_back(property);
        continue;
      }
      const std::string name = expect_name("a variable, a property key or '.'");
      e->names.push_back(name);
      e->children.push_back(symbol(":") ? expression() : variable(name, position));
    } while (symbol(","));
    expect_symbol("}");
  }
  no_bar_ = bar;
  return finish(e);
}

Expr* Parser::case_condition(Expr* subject, bool* extended) {
  ExprKind kind;
  if (is_word("IS") || is_symbol("::")) {
    *extended = true;
    bool matched;
    return postfix_predicate(subject, &matched);
  }
  const int precedence = binary_operator(&kind);
  if (precedence >= 5 && precedence <= 6) {  // a comparison or string predicate without its left side
    const Position position = here();
    *extended = true;
    take_operator(kind);
    return make(kind, position, {subject, binary(7)});
  }
  return expression();
}

Expr* Parser::case_expression() {
  Expr* e = make(ExprKind::kCase, here());
  expect_word("CASE");
  Expr* subject = is_word("WHEN") ? nullptr : expression();
  std::vector<std::vector<Expr*>> conditions;
  std::vector<std::vector<bool>> tests;  // a condition that already compares with the subject
  std::vector<Expr*> results;
  bool any_extended = false;
  if (!is_word("WHEN")) expect_word("WHEN");
  while (word("WHEN")) {
    conditions.emplace_back();
    tests.emplace_back();
    do {
      bool extended = false;
      conditions.back().push_back(subject ? case_condition(subject, &extended) : expression());
      tests.back().push_back(extended);
      any_extended |= extended;
    } while (subject && symbol(","));
    any_extended |= conditions.back().size() > 1;
    expect_word("THEN");
    results.push_back(expression());
  }
  e->has_subject = subject && !any_extended;
  if (e->has_subject) e->children.push_back(subject);
  for (size_t i = 0; i < results.size(); ++i) {
    std::vector<Expr*> alternatives;
    for (size_t j = 0; j < conditions[i].size(); ++j) {
      Expr* c = conditions[i][j];
      alternatives.push_back(any_extended && !tests[i][j] ? make(ExprKind::kEqual, c->position, {subject, c}) : c);
    }
    e->children.push_back(alternatives.size() == 1 ? alternatives[0] : make(ExprKind::kOr, alternatives[0]->position, alternatives));
    e->children.push_back(results[i]);
  }
  e->has_default = word("ELSE");
  if (e->has_default) e->children.push_back(expression());
  expect_word("END");
  return finish(e);
}

Expr* Parser::named() {
  const Position position = here();
  if (token().kind == TokenKind::kIdentifier) {
    const bool call = is_symbol("(", 1);
    const auto literal = [&](graph::Value value) {
      ++next_;
      Expr* e = make(ExprKind::kLiteral, position);
      e->literal = std::move(value);
      return e;
    };
    if (is_word("NULL")) return literal(graph::Value());
    if (is_word("TRUE") && !call) return literal(graph::Value::boolean(true));
    if (is_word("FALSE") && !call) return literal(graph::Value::boolean(false));
    if (is_word("CASE") && !is_symbol("]", 1) && word_before_expression("CASE")) {
      --next_;
      return case_expression();
    }
    if (is_symbol("{", 1)) {
      if (is_word("EXISTS")) return subquery(ExprKind::kExists);
      if (is_word("COUNT")) return subquery(ExprKind::kCountSubquery);
      if (is_word("COLLECT")) return subquery(ExprKind::kCollectSubquery);
    }
  }
  size_t ahead = 1;
  while (is_symbol(".", ahead) && is_name(ahead + 1)) ahead += 2;
  if (is_symbol("(", ahead)) return function_call();
  return variable(expect_name("a variable"), position);
}

Expr* Parser::function_call() {
  const Position position = here();
  std::string name = expect_name("a function");
  while (symbol(".")) name += "." + expect_name("a function");
  std::string lower = name;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  --next_;
  if (Expr* special = special_function(lower)) return special;
  ++next_;
  Expr* e = make(ExprKind::kFunction, position);
  e->name = name;
  expect_symbol("(");
  const bool bar = std::exchange(no_bar_, false);
  if (lower == "count" && is_symbol("*") && is_symbol(")", 1)) {
    next_ += 2;
    e->kind = ExprKind::kCountStar;
  } else {
    e->distinct = word("DISTINCT");
    if (!e->distinct && !is_symbol("(", 1) && !is_symbol(",", 1) && !is_symbol(")", 1)) word("ALL");
    if (!symbol(")")) {
      do {
        e->children.push_back(expression());
      } while (symbol(","));
      expect_symbol(")");
    }
  }
  no_bar_ = bar;
  return finish(e);
}

// At the name's last part, with '(' behind it.
Expr* Parser::special_function(std::string_view lower) {
  const bool local_variable = is_name(2) && is_word("IN", 3);
  if (local_variable) {
    if (lower == "all") return quantifier_predicate(ExprKind::kAll);
    if (lower == "any") return quantifier_predicate(ExprKind::kAny);
    if (lower == "none") return quantifier_predicate(ExprKind::kNone);
    if (lower == "single") return quantifier_predicate(ExprKind::kSingle);
  }
  if (lower == "reduce" && is_name(2) && is_symbol("=", 3)) return reduce();
  if (lower == "shortestpath" || lower == "allshortestpaths") return shortest_path_expression();
  if (lower == "exists") return exists_function();
  if (lower == "trim") return trim_function();
  if (lower == "normalize") return normalize_function();
  return nullptr;
}

Expr* Parser::quantifier_predicate(ExprKind kind) {
  const Position position = here();
  next_ += 2;
  const bool bar = std::exchange(no_bar_, false);
  const std::string name = expect_name("a variable");
  expect_word("IN");
  Expr* list = expression();
  expect_word("WHERE");
  Expr* predicate = expression();
  expect_symbol(")");
  no_bar_ = bar;
  Expr* e = make(kind, position, {list, predicate});
  e->name = name;
  return e;
}

Expr* Parser::reduce() {
  const Position position = here();
  next_ += 2;
  const std::string accumulator = expect_name("a variable");
  expect_symbol("=");
  const bool bar = std::exchange(no_bar_, false);
  Expr* initial = expression();
  expect_symbol(",");
  const std::string name = expect_name("a variable");
  expect_word("IN");
  no_bar_ = true;
  Expr* list = expression();
  no_bar_ = false;
  expect_symbol("|");
  Expr* step = expression();
  expect_symbol(")");
  no_bar_ = bar;
  Expr* e = make(ExprKind::kReduce, position, {initial, list, step});
  e->name = accumulator;
  e->name2 = name;
  return e;
}

// trim([[LEADING | TRAILING | BOTH] [characters] FROM] text) -> btrim, ltrim, rtrim
Expr* Parser::trim_function() {
  const Position position = here();
  Expr* e = make(ExprKind::kFunction, position);
  e->name = "trim";
  next_ += 2;
  bool specified = false;
  if ((is_word("LEADING") || is_word("TRAILING") || is_word("BOTH")) && !is_symbol(")", 1) && !is_symbol(".", 1)) {
    e->name = is_word("LEADING") ? "ltrim" : is_word("TRAILING") ? "rtrim" : "btrim";
    specified = true;
    ++next_;
  }
  Expr* characters = nullptr;
  bool bare = is_word("FROM") && !is_symbol(")", 1) && !is_symbol(",", 1) && !is_symbol(".", 1);  // not a variable of that name
  if (!(specified && is_word("FROM")) && !bare) characters = expression();
  if (word("FROM")) {
    if (!specified) e->name = "btrim";
    Expr* text = expression();
    e->children.push_back(text);
    if (characters) e->children.push_back(characters);
  } else {
    if (specified) expect_word("FROM");
    e->children.push_back(characters);
    while (symbol(",")) e->children.push_back(expression());
  }
  expect_symbol(")");
  return finish(e);
}

Expr* Parser::normalize_function() {
  Expr* e = make(ExprKind::kFunction, here());
  e->name = std::string(token().raw);
  next_ += 2;
  if (!symbol(")")) {
    e->children.push_back(expression());
    if (symbol(",")) {
      const bool form = is_word("NFC") || is_word("NFD") || is_word("NFKC") || is_word("NFKD");
      Expr* argument = form ? make(ExprKind::kLiteral, here()) : expression();
      if (form) {
        std::string upper(tokens_[next_++].raw);
        for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        argument->literal = graph::Value::string(upper);
      }
      e->children.push_back(argument);
    }
    expect_symbol(")");
  }
  return finish(e);
}

// exists(pattern) and, as before Neo4j 5, exists(n.key).
Expr* Parser::exists_function() {
  const Position position = here();
  next_ += 2;
  const bool bar = std::exchange(no_bar_, false);
  Expr* argument = expression();
  expect_symbol(")");
  no_bar_ = bar;
  if (argument->kind == ExprKind::kPatternExpression) {
    MatchClause* match = arena_->make<MatchClause>();
    match->position = argument->position;
    match->patterns.push_back(argument->pattern);
    Expr* e = make(ExprKind::kExists, position);
    e->query = query_of(match);
    return e;
  }
  if (argument->kind != ExprKind::kProperty && argument->kind != ExprKind::kIndex) {
    fail("Invalid argument of exists(): expected a pattern or a property; to test for a value write 'IS NOT NULL'", position);
  }
  return make(ExprKind::kIsNotNull, position, {argument});
}

Expr* Parser::shortest_path_expression() {
  Expr* e = make(ExprKind::kShortestPath, here());
  e->pattern = shortest_path_function();
  e->wants_list = e->pattern->selector == PathSelector::kAllShortestPathsFunction;
  return e;
}

Query* Parser::query_of(Clause* clause) {
  SingleQuery* part = arena_->make<SingleQuery>();
  part->clauses.push_back(clause);
  Query* q = arena_->make<Query>();
  q->position = clause->position;
  q->parts.push_back(part);
  return q;
}

Expr* Parser::subquery(ExprKind kind) {
  Expr* e = make(kind, here());
  next_ += 2;
  const bool bar = std::exchange(no_bar_, false);
  const bool bare = kind != ExprKind::kCollectSubquery &&
                    (is_symbol("(") || (is_name() && is_symbol("=", 1)) || is_word("SHORTEST") || (is_word("ALL") && is_word("SHORTEST", 1)) ||
                     (is_word("ANY") && !is_symbol(".", 1)));
  if (bare) {  // a pattern alone: EXISTS { (a)-->(b) WHERE ... }
    MatchClause* match = arena_->make<MatchClause>();
    match->position = here();
    match->patterns = pattern_list();
    if (word("WHERE")) match->where = expression();
    e->query = query_of(match);
  } else {
    e->query = query();
  }
  expect_symbol("}");
  no_bar_ = bar;
  return e;
}

}  // namespace graft::cypher
