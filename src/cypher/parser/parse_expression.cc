// Operators, by precedence: OR < XOR < AND < NOT < comparison < IN, STARTS WITH, IS ... < + - || < * / % < ^ < unary < access.

#include <algorithm>

#include "cypher/parser/parser_impl.h"

namespace graft::cypher {
namespace {

enum Precedence : int { kOrLevel = 1, kXorLevel, kAndLevel, kNotLevel, kComparisonLevel, kPredicateLevel, kAdditive, kMultiplicative, kPowerLevel };

bool is_comparison(ExprKind kind) { return kind >= ExprKind::kEqual && kind <= ExprKind::kGreaterEqual; }

}  // namespace

Expr* Parser::make(ExprKind kind, Position position, std::vector<Expr*> children) {
  Expr* e = arena_->make<Expr>();
  e->kind = kind;
  e->position = position;
  e->children = std::move(children);
  return finish(e);
}

Expr* Parser::finish(Expr* e) {
  for (const Expr* child : e->children) {
    if (child) e->height = std::max(e->height, child->height + 1);
  }
  if (e->height > kMaxExpressionHeight) fail("The expression is too complex: more than " + std::to_string(kMaxExpressionHeight) + " operators deep", e->position);
  return e;
}

Expr* Parser::variable(const std::string& name, Position position) {
  Expr* e = make(ExprKind::kVariable, position);
  e->name = name;
  return e;
}

int Parser::binary_operator(ExprKind* kind) const {
  const LexToken& t = token();
  const auto is = [&](ExprKind k, int precedence) { *kind = k; return precedence; };
  if (t.kind == TokenKind::kSymbol) {
    const std::string_view s = t.raw;
    if (s == "=") return is(ExprKind::kEqual, kComparisonLevel);
    if (s == "<>") return is(ExprKind::kNotEqual, kComparisonLevel);
    if (s == "<") return is(ExprKind::kLess, kComparisonLevel);
    if (s == "<=") return is(ExprKind::kLessEqual, kComparisonLevel);
    if (s == ">") return is(ExprKind::kGreater, kComparisonLevel);
    if (s == ">=") return is(ExprKind::kGreaterEqual, kComparisonLevel);
    if (s == "=~") return is(ExprKind::kRegexMatch, kPredicateLevel);
    if (s == "+") return is(ExprKind::kAdd, kAdditive);
    if (s == "-") return is(ExprKind::kSubtract, kAdditive);
    if (s == "||") return is(ExprKind::kConcat, kAdditive);
    if (s == "*") return is(ExprKind::kMultiply, kMultiplicative);
    if (s == "/") return is(ExprKind::kDivide, kMultiplicative);
    if (s == "%") return is(ExprKind::kModulo, kMultiplicative);
    if (s == "^") return is(ExprKind::kPower, kPowerLevel);
    if (s == "!" && is_symbol("=", 1)) fail("Unknown operator '!=': write '<>' for inequality", t.position);
    return -1;
  }
  if (t.kind != TokenKind::kIdentifier) return -1;
  if (is_word("AND")) return is(ExprKind::kAnd, kAndLevel);
  if (is_word("OR")) return is(ExprKind::kOr, kOrLevel);
  if (is_word("XOR")) return is(ExprKind::kXor, kXorLevel);
  if (is_word("IN")) return is(ExprKind::kIn, kPredicateLevel);
  if (is_word("CONTAINS")) return is(ExprKind::kContains, kPredicateLevel);
  if (is_word("STARTS") && is_word("WITH", 1)) return is(ExprKind::kStartsWith, kPredicateLevel);
  if (is_word("ENDS") && is_word("WITH", 1)) return is(ExprKind::kEndsWith, kPredicateLevel);
  return -1;
}

void Parser::take_operator(ExprKind kind) {
  next_ += kind == ExprKind::kStartsWith || kind == ExprKind::kEndsWith ? 2 : 1;
}

Expr* Parser::not_or_operand(int min_precedence) {
  if (min_precedence <= kNotLevel && is_word("NOT")) {
    const Position position = here();
    size_t count = 0;
    while (word("NOT")) ++count;  // a long row of NOTs needs no depth
    Expr* operand = binary(kNotLevel + 1);
    if (count > 2) count = 2 + count % 2;
    for (; count > 0; --count) operand = make(ExprKind::kNot, position, {operand});
    return operand;
  }
  return unary();
}

Expr* Parser::binary(int min_precedence) {
  Expr* left = not_or_operand(min_precedence);
  for (;;) {
    bool matched = false;
    if (min_precedence <= kPredicateLevel) {
      left = postfix_predicate(left, &matched);
      if (matched) continue;
    }
    ExprKind kind;
    const int precedence = binary_operator(&kind);
    if (precedence < 0 || precedence < min_precedence) {
      expected("an operator");
      return left;
    }
    const Position position = here();
    if (is_comparison(kind)) {
      left = comparison_chain(left);
      continue;
    }
    take_operator(kind);
    Expr* right = binary(precedence + 1);
    if ((kind == ExprKind::kAnd || kind == ExprKind::kOr) && left->kind == kind && !left->parenthesised) {
      left->children.push_back(right);
      left->height = std::max(left->height, right->height + 1);
    } else {
      left = make(kind, position, {left, right});
    }
  }
}

// a < b <= c means a < b AND b <= c.
Expr* Parser::comparison_chain(Expr* left) {
  std::vector<Expr*> parts;
  const Position position = here();
  ExprKind kind;
  while (binary_operator(&kind) == kComparisonLevel) {
    const Position at = here();
    take_operator(kind);
    Expr* right = binary(kPredicateLevel);
    parts.push_back(make(kind, at, {left, right}));
    left = right;
  }
  if (parts.size() == 1) return parts[0];
  Expr* chain = make(ExprKind::kAnd, position, std::move(parts));
  chain->parenthesised = true;
  return chain;
}

Expr* Parser::postfix_predicate(Expr* left, bool* matched) {
  *matched = true;
  if (is_word("IS")) return is_predicate(left);
  if (is_symbol("::")) {
    const Position position = here();
    ++next_;
    Expr* e = make(ExprKind::kIsTyped, position, {left});
    e->type = type_expression();
    return e;
  }
  *matched = false;
  return left;
}

Expr* Parser::is_predicate(Expr* left) {
  const Position position = here();
  expect_word("IS");
  const bool negated = word("NOT");
  if (word("NULL")) return make(negated ? ExprKind::kIsNotNull : ExprKind::kIsNull, position, {left});
  if (symbol("::") || word("TYPED")) {
    Expr* e = make(negated ? ExprKind::kIsNotTyped : ExprKind::kIsTyped, position, {left});
    e->type = type_expression();
    return e;
  }
  std::string form = "NFC";
  for (const char* name : {"NFC", "NFD", "NFKC", "NFKD"}) {
    if (is_word(name) && is_word("NORMALIZED", 1)) {
      form = name;
      ++next_;
      break;
    }
  }
  const bool labels = is_symbol("!") || is_symbol("%") || is_symbol("(") || (is_name() && !is_word("NORMALIZED"));
  if (!negated && labels) {  // n IS Label&Other
    Expr* e = make(ExprKind::kHasLabels, position, {left});
    e->labels = label_expression(false);
    return e;
  }
  if (!word("NORMALIZED")) unexpected();
  Expr* e = make(negated ? ExprKind::kIsNotNormalized : ExprKind::kIsNormalized, position, {left});
  e->name = form;
  return e;
}

Expr* Parser::negative_number() {
  // -9223372036854775808 is a number, though 9223372036854775808 is none.
  const Position position = here();
  ++next_;
  Expr* e = number(true);
  e->position = position;
  return e;
}

Expr* Parser::unary() {
  if (!is_symbol("-") && !is_symbol("+")) return postfix();
  const Position position = here();
  if (is_symbol("-") && token(1).kind == TokenKind::kInteger) {
    return postfix_on(negative_number());
  }
  std::vector<ExprKind> signs;
  while (is_symbol("-") || is_symbol("+")) {
    if (is_symbol("-") && token(1).kind == TokenKind::kInteger) break;
    signs.push_back(is_symbol("-") ? ExprKind::kNegate : ExprKind::kPlus);
    ++next_;
  }
  Expr* operand = is_symbol("-") ? postfix_on(negative_number()) : postfix();
  for (auto it = signs.rbegin(); it != signs.rend(); ++it) operand = make(*it, position, {operand});
  return operand;
}

Expr* Parser::postfix() { return postfix_on(atom()); }

Expr* Parser::postfix_on(Expr* subject) {
  for (;;) {
    const Position position = here();
    if (symbol(".")) {
      Expr* e = make(ExprKind::kProperty, position, {subject});
      e->position = here();
      e->name = expect_name("a property key");
      subject = e;
    } else if (is_symbol("[")) {
      subject = bracket(subject);
    } else if (is_symbol(":") && (is_name(1) || is_symbol("!", 1) || is_symbol("%", 1) || is_symbol("(", 1) || is_symbol("$", 1))) {
      Expr* e = make(ExprKind::kHasLabels, position, {subject});
      ++next_;
      e->labels = label_expression(false);
      subject = e;
    } else if (is_symbol("{") && subject->kind == ExprKind::kVariable && !subject->parenthesised) {
      subject = map_projection(subject);
    } else {
      return subject;
    }
  }
}

Expr* Parser::bracket(Expr* subject) {
  const Position position = here();
  expect_symbol("[");
  Depth depth(this);
  const bool bar = std::exchange(no_bar_, false);
  Expr* from = is_symbol("..") ? nullptr : expression();
  Expr* e;
  if (symbol("..")) {
    if (!from && is_symbol("]")) expected("the start or the end of the slice"), unexpected();
    Expr* to = is_symbol("]") ? nullptr : expression();
    e = make(ExprKind::kSlice, position, {subject, from, to});
  } else {
    e = make(ExprKind::kIndex, position, {subject, from});
  }
  expect_symbol("]");
  no_bar_ = bar;
  return e;
}

// ---- Types --------------------------------------------------------------------------------------------------------

bool Parser::at_type_word(std::initializer_list<std::string_view> sequence) {
  size_t i = 0;
  for (std::string_view w : sequence) {
    if (!is_word(w, i++)) return false;
  }
  next_ += sequence.size();
  return true;
}

bool Parser::type_name(TypeExpr* type) {
  struct Name { TypeKind kind; std::initializer_list<std::string_view> words; };
  static const Name kNames[] = {
      {TypeKind::kNothing, {"NOTHING"}}, {TypeKind::kNull, {"NULL"}}, {TypeKind::kBoolean, {"BOOLEAN"}}, {TypeKind::kBoolean, {"BOOL"}},
      {TypeKind::kString, {"STRING"}}, {TypeKind::kString, {"VARCHAR"}}, {TypeKind::kInteger, {"INTEGER"}}, {TypeKind::kInteger, {"INT"}},
      {TypeKind::kInteger, {"SIGNED", "INTEGER"}}, {TypeKind::kFloat, {"FLOAT"}}, {TypeKind::kDate, {"DATE"}},
      {TypeKind::kLocalTime, {"LOCAL", "TIME"}}, {TypeKind::kLocalDateTime, {"LOCAL", "DATETIME"}}, {TypeKind::kZonedTime, {"ZONED", "TIME"}},
      {TypeKind::kZonedDateTime, {"ZONED", "DATETIME"}}, {TypeKind::kLocalTime, {"TIME", "WITHOUT", "TIME", "ZONE"}},
      {TypeKind::kLocalTime, {"TIME", "WITHOUT", "TIMEZONE"}}, {TypeKind::kZonedTime, {"TIME", "WITH", "TIME", "ZONE"}},
      {TypeKind::kZonedTime, {"TIME", "WITH", "TIMEZONE"}}, {TypeKind::kLocalDateTime, {"TIMESTAMP", "WITHOUT", "TIME", "ZONE"}},
      {TypeKind::kLocalDateTime, {"TIMESTAMP", "WITHOUT", "TIMEZONE"}}, {TypeKind::kZonedDateTime, {"TIMESTAMP", "WITH", "TIME", "ZONE"}},
      {TypeKind::kZonedDateTime, {"TIMESTAMP", "WITH", "TIMEZONE"}}, {TypeKind::kDuration, {"DURATION"}}, {TypeKind::kPoint, {"POINT"}},
      {TypeKind::kNode, {"ANY", "NODE"}}, {TypeKind::kNode, {"ANY", "VERTEX"}}, {TypeKind::kNode, {"NODE"}}, {TypeKind::kNode, {"VERTEX"}},
      {TypeKind::kRelationship, {"ANY", "RELATIONSHIP"}}, {TypeKind::kRelationship, {"ANY", "EDGE"}}, {TypeKind::kRelationship, {"RELATIONSHIP"}},
      {TypeKind::kRelationship, {"EDGE"}}, {TypeKind::kMap, {"ANY", "MAP"}}, {TypeKind::kMap, {"MAP"}}, {TypeKind::kPath, {"PATH"}},
      {TypeKind::kPropertyValue, {"ANY", "PROPERTY", "VALUE"}}, {TypeKind::kPropertyValue, {"PROPERTY", "VALUE"}},
  };
  for (const Name& name : kNames) {
    if (at_type_word(name.words)) {
      type->kind = name.kind;
      return true;
    }
  }
  return false;
}

TypeExpr* Parser::type_atom() {
  Depth depth(this);
  TypeExpr* type = arena_->make<TypeExpr>();
  if (type_name(type)) {
  } else if (is_word("LIST") || is_word("ARRAY")) {
    ++next_;
    type->kind = TypeKind::kList;
    expect_symbol("<");
    type->members.push_back(type_expression());
    expect_symbol(">");
  } else if (at_type_word({"ANY", "VALUE"}) || is_word("ANY")) {
    if (is_word("ANY")) ++next_;
    if (symbol("<")) {
      TypeExpr* inner = type_expression();
      expect_symbol(">");
      type = inner;
    }
  } else {
    expected("a type");
    unexpected();
  }
  for (;;) {
    if (words("NOT", "NULL") || symbol("!")) {
      type->not_null = true;
    } else if (is_word("LIST") || is_word("ARRAY")) {  // INTEGER LIST
      ++next_;
      TypeExpr* list = arena_->make<TypeExpr>();
      list->kind = TypeKind::kList;
      list->members.push_back(type);
      type = list;
    } else {
      return type;
    }
  }
}

TypeExpr* Parser::type_expression() {
  TypeExpr* first = type_atom();
  if (no_bar_ || !is_symbol("|")) return first;
  TypeExpr* all = arena_->make<TypeExpr>();
  all->kind = TypeKind::kUnion;
  all->members.push_back(first);
  const Position position = here();
  while (symbol("|")) all->members.push_back(type_atom());
  for (const TypeExpr* member : all->members) {
    if (member->not_null != first->not_null) fail("All types of a union must be nullable, or all NOT NULL", position);
  }
  return all;
}

namespace {

std::string_view type_word(TypeKind kind) {
  switch (kind) {
    case TypeKind::kNothing: return "NOTHING";
    case TypeKind::kNull: return "NULL";
    case TypeKind::kBoolean: return "BOOLEAN";
    case TypeKind::kString: return "STRING";
    case TypeKind::kInteger: return "INTEGER";
    case TypeKind::kFloat: return "FLOAT";
    case TypeKind::kDate: return "DATE";
    case TypeKind::kLocalTime: return "LOCAL TIME";
    case TypeKind::kZonedTime: return "ZONED TIME";
    case TypeKind::kLocalDateTime: return "LOCAL DATETIME";
    case TypeKind::kZonedDateTime: return "ZONED DATETIME";
    case TypeKind::kDuration: return "DURATION";
    case TypeKind::kPoint: return "POINT";
    case TypeKind::kNode: return "NODE";
    case TypeKind::kRelationship: return "RELATIONSHIP";
    case TypeKind::kMap: return "MAP";
    case TypeKind::kList: return "LIST";
    case TypeKind::kPath: return "PATH";
    case TypeKind::kPropertyValue: return "PROPERTY VALUE";
    case TypeKind::kAny: return "ANY";
    case TypeKind::kUnion: return "";
  }
  return "";
}

}  // namespace

std::string to_text(const TypeExpr& type) {
  std::string out(type_word(type.kind));
  if (type.kind == TypeKind::kList) out += "<" + to_text(*type.members[0]) + ">";
  if (type.kind == TypeKind::kUnion) {
    for (const TypeExpr* member : type.members) out += (out.empty() ? "" : " | ") + to_text(*member);
  }
  if (type.not_null) out += " NOT NULL";
  return out;
}

}  // namespace graft::cypher
