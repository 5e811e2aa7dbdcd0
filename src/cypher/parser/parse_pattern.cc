// Patterns: nodes, relationships, quantified paths, label expressions.

#include "cypher/parser/parser_impl.h"

namespace graft::cypher {

// ---- Looking ahead ------------------------------------------------------------------------------------------------

bool Parser::relationship_starts() const {
  if (is_symbol("-")) return true;
  return is_symbol("<") && is_symbol("-", 1);
}

// In an expression, is this '(' a node pattern with a relationship behind it? (a)-[..., (a)--(b), (a)<-[..., (a)<--
bool Parser::pattern_starts() const {
  if (!is_symbol("(")) return false;
  const int close = token().match;
  if (close < 0) return false;
  const bool shape = is_symbol(")", 1) || is_symbol(":", 1) || is_symbol("{", 1) || (is_word("WHERE", 1) && !is_symbol(")", 2)) || (is_word("IS", 1) && is_name(2)) ||
                     (is_name(1) && (is_symbol(")", 2) || is_symbol(":", 2) || is_symbol("{", 2) || is_word("WHERE", 2) || (is_word("IS", 2) && is_name(3) && !is_word("NULL", 3) && !is_word("NOT", 3))));
  if (!shape) return false;
  const size_t after = static_cast<size_t>(close) + 1 - next_;
  if (is_symbol("-", after)) {
    if (is_symbol("[", after + 1)) {
      const int end = token(after + 1).match;  // (a)-[r]-(b), not (a) - [1, 2]
      return end >= 0 && tokens_[static_cast<size_t>(end) + 1].raw == "-";
    }
    return is_symbol("-", after + 1) && (is_symbol("(", after + 2) || (is_symbol(">", after + 2) && is_symbol("(", after + 3)));
  }
  return is_symbol("<", after) && is_symbol("-", after + 1) && (is_symbol("[", after + 2) || is_symbol("-", after + 2));
}

bool Parser::parenthesised_path_starts() const {
  if (!is_symbol("(")) return false;
  return is_symbol("(", 1) || (is_name(1) && is_symbol("=", 2));
}

// ---- Paths --------------------------------------------------------------------------------------------------------

std::vector<PathPattern*> Parser::pattern_list() {
  std::vector<PathPattern*> out;
  do {
    out.push_back(path_pattern(true));
  } while (symbol(","));
  return out;
}

PathPattern* Parser::path_pattern(bool allow_selector) {
  Depth depth(this);
  const Position position = here();
  std::string name;
  if (allow_selector && is_name() && is_symbol("=", 1)) {
    name = expect_name("a variable");
    ++next_;
  }
  PathPattern* path;
  const bool function = is_symbol("(", 1) && (is_word("SHORTESTPATH") || is_word("ALLSHORTESTPATHS"));
  if (allow_selector && function) {
    path = shortest_path_function();
  } else {
    path = arena_->make<PathPattern>();
    if (allow_selector) path_selector(path);
    path_elements(path);
  }
  path->position = position;
  path->end_offset = tokens_[next_ - 1].end_offset;
  path->variable = name;
  return path;
}

void Parser::path_selector(PathPattern* path) {
  const auto count = [&](bool optional) {
    if (token().kind == TokenKind::kParameter || token().kind == TokenKind::kInteger) {
      path->count = atom();
    } else if (!optional) {
      expected("an integer");
      unexpected();
    }
  };
  if (is_symbol("(")) {
    expected("(");
    return;
  }
  if (word("ALL")) {
    path->selector = word("SHORTEST") ? PathSelector::kAllShortest : PathSelector::kAll;
  } else if (word("ANY")) {
    path->selector = word("SHORTEST") ? PathSelector::kAnyShortest : PathSelector::kAny;
    if (path->selector == PathSelector::kAny) {
      count(true);
      if (path->count) path->selector = PathSelector::kAnyK;
    }
  } else if (word("SHORTEST")) {
    path->selector = PathSelector::kShortestK;
    count(true);
  } else {
    return;
  }
  if (!word("PATH")) word("PATHS");
  if (path->selector == PathSelector::kShortestK && (word("GROUP") || word("GROUPS"))) path->selector = PathSelector::kShortestGroups;
}

PathPattern* Parser::shortest_path_function() {
  const Position position = here();
  const bool all = is_word("ALLSHORTESTPATHS");
  next_ += 2;
  PathPattern* path = arena_->make<PathPattern>();
  path_elements(path);
  expect_symbol(")");
  const char* name = all ? "allShortestPaths" : "shortestPath";
  const bool simple = path->parts.size() == 3 && path->parts[1]->kind == PatternPartKind::kRelationship;
  if (!simple) fail(std::string(name) + "(...) requires a pattern with a single relationship between two nodes", position);
  path->selector = all ? PathSelector::kAllShortestPathsFunction : PathSelector::kShortestPathFunction;
  path->position = position;
  return path;
}

PatternPart* Parser::node_part(NodePattern* node) {
  PatternPart* part = arena_->make<PatternPart>();
  part->node = node;
  return part;
}

PatternPart* Parser::quantified(PathPattern* inner, Expr* where, const Quantifier& q) {
  PatternPart* part = arena_->make<PatternPart>();
  part->kind = PatternPartKind::kQuantified;
  part->inner = inner;
  part->where = where;
  part->quantifier = q;
  return part;
}

void Parser::path_elements(PathPattern* path) {
  const auto ends_with_node = [&] { return !path->parts.empty() && path->parts.back()->kind == PatternPartKind::kNode; };
  const auto anonymous = [&] {
    NodePattern* node = arena_->make<NodePattern>();
    node->position = here();
    return node_part(node);
  };
  for (;;) {
    if (parenthesised_path_starts()) {
      if (!ends_with_node()) path->parts.push_back(anonymous());
      parenthesised_path(path);
      if (path->parts.size() == 1 && path->parts[0]->kind == PatternPartKind::kNode) fail("a parenthesised path needs a relationship", here());
    } else {
      if (ends_with_node()) fail("Two node patterns may only stand side by side with a relationship or a quantified path between them", here());
      path->parts.push_back(node_part(node_pattern()));
    }
    if (relationship_starts()) {
      if (!ends_with_node()) path->parts.push_back(anonymous());
      PatternPart* part = arena_->make<PatternPart>();
      part->kind = PatternPartKind::kRelationship;
      part->relationship = relationship_pattern();
      if (std::optional<Quantifier> q = quantifier()) {  // (a)-[:T]->{1,3}(b): a quantified path of one relationship
        PathPattern* inner = arena_->make<PathPattern>();
        inner->position = part->relationship->position;
        inner->parts = {anonymous(), part, anonymous()};
        Expr* where = std::exchange(part->relationship->where, nullptr);
        part = quantified(inner, where, *q);
      }
      path->parts.push_back(part);
      if (!is_symbol("(")) expect_symbol("(");
      continue;
    }
    if (is_symbol("(")) continue;
    break;
  }
  if (!ends_with_node()) path->parts.push_back(anonymous());
}

void Parser::parenthesised_path(PathPattern* path) {
  const Position position = here();
  expect_symbol("(");
  Depth depth(this);
  const bool bar = std::exchange(no_bar_, false);
  PathPattern* inner = arena_->make<PathPattern>();
  inner->position = position;
  if (is_name() && is_symbol("=", 1)) {
    inner->variable = expect_name("a variable");
    ++next_;
  }
  path_elements(inner);
  Expr* where = word("WHERE") ? expression() : nullptr;
  expect_symbol(")");
  no_bar_ = bar;
  if (std::optional<Quantifier> q = quantifier()) {
    if (inner->parts.size() == 1) fail("A quantified path pattern needs at least one relationship", position);
    path->parts.push_back(quantified(inner, where, *q));
    return;
  }
  // Without a quantifier the parentheses only group.
  const bool alone = path->parts.size() == 1 && path->parts[0]->node->variable.empty() && !path->parts[0]->node->labels && !relationship_starts() && !is_symbol("(");
  if (!alone) fail("A parenthesised path without a quantifier cannot be combined with other path patterns", position);
  path->parts = inner->parts;
  path->where = where;
  if (path->variable.empty()) path->variable = inner->variable;
}

std::optional<Quantifier> Parser::quantifier() {
  Quantifier q;
  const Position position = here();
  if (symbol("+")) {
    q.max.reset();
  } else if (symbol("*")) {
    q.min = 0;
    q.max.reset();
  } else if (is_symbol("{") && (token(1).kind == TokenKind::kInteger || is_symbol(",", 1))) {
    ++next_;
    q.min = token().kind == TokenKind::kInteger ? expect_unsigned("an integer") : 0;
    if (symbol(",")) {
      q.max.reset();
      if (token().kind == TokenKind::kInteger) q.max = expect_unsigned("an integer");
    } else {
      q.max = q.min;
    }
    expect_symbol("}");
  } else {
    return std::nullopt;
  }
  if (q.max && *q.max == 0) fail("A quantifier for a path pattern must not be limited by 0", position);
  if (q.max && *q.max < q.min) fail("A quantifier for a path pattern must not have a lower bound above its upper bound", position);
  return q;
}

NodePattern* Parser::node_pattern() {
  NodePattern* node = arena_->make<NodePattern>();
  node->position = here();
  expect_symbol("(");
  const bool bar = std::exchange(no_bar_, false);
  const bool keyword = (is_word("WHERE") && !is_symbol(")", 1) && !is_symbol(":", 1) && !is_symbol("{", 1)) || (is_word("IS") && is_name(1));
  if (is_name() && !keyword) {
    node->position = here();
    node->variable = expect_name("a variable");
  }
  if (symbol(":") || word("IS")) node->labels = label_expression(false);
  node->properties = properties();
  if (word("WHERE")) node->where = expression();
  expect_symbol(")");
  no_bar_ = bar;
  return node;
}

Expr* Parser::properties() {
  if (is_symbol("{")) return map();
  if (token().kind == TokenKind::kParameter) return atom();
  expected("{");
  return nullptr;
}

RelationshipPattern* Parser::relationship_pattern() {
  RelationshipPattern* r = arena_->make<RelationshipPattern>();
  r->start = r->position = here();
  const bool left = symbol("<");
  expect_symbol("-");
  if (symbol("[")) {
    const bool bar = std::exchange(no_bar_, false);
    relationship_body(r);
    expect_symbol("]");
    no_bar_ = bar;
  }
  expect_symbol("-");
  const bool right = symbol(">");
  if (left != right) r->direction = left ? graph::Direction::kIncoming : graph::Direction::kOutgoing;
  return r;
}

void Parser::relationship_body(RelationshipPattern* r) {
  const bool keyword = (is_word("WHERE") && !is_symbol("]", 1) && !is_symbol(":", 1)) || (is_word("IS") && is_name(1));
  if (is_name() && !keyword) {
    r->position = here();
    r->variable = expect_name("a variable");
  }
  if (symbol(":") || word("IS")) r->types = label_expression(true);
  if (symbol("*")) {
    r->var_length = true;
    r->length.max.reset();
    const bool from = token().kind == TokenKind::kInteger;
    if (from) r->length.min = expect_unsigned("an integer");
    if (symbol("..")) {
      if (token().kind == TokenKind::kInteger) r->length.max = expect_unsigned("an integer");
    } else if (from) {
      r->length.max = r->length.min;
    }
  }
  r->properties = properties();
  if (word("WHERE")) r->where = expression();
}

// ---- Labels -------------------------------------------------------------------------------------------------------

LabelExpr* Parser::label_expression(bool relationship) { return label_or(relationship); }

LabelExpr* Parser::label_or(bool relationship) {
  Depth depth(this);
  LabelExpr* first = label_and(relationship);
  if (no_bar_ || !is_symbol("|")) return first;
  LabelExpr* all = arena_->make<LabelExpr>();
  all->kind = LabelExprKind::kOr;
  all->position = first->position;
  all->children.push_back(first);
  for (Position bar = here(); symbol("|"); bar = here()) {
    if (is_symbol(":")) {
      if (!relationship) fail("Label expressions do not have '|:': write ':A|B'", here());
      ++next_;  // [:A|:B], as before Neo4j 5
      if (!all->legacy_bar) all->position = bar;
      all->legacy_bar = true;
    }
    all->children.push_back(label_and(relationship));
  }
  return all;
}

LabelExpr* Parser::label_and(bool relationship) {
  LabelExpr* first = label_unary(relationship);
  const bool colons = !relationship && is_symbol(":");
  if (!colons && !is_symbol("&")) return first;
  LabelExpr* all = arena_->make<LabelExpr>();
  all->kind = LabelExprKind::kAnd;
  all->position = first->position;
  all->colon_conjunction = colons;
  all->children.push_back(first);
  while (symbol(colons ? ":" : "&")) all->children.push_back(label_unary(relationship));
  if (is_symbol(colons ? "&" : ":") && !relationship) fail("Mixing label expression symbols ('|', '&', '!', '%') with colons is not allowed: write ':A&B'", here());
  return all;
}

// $all( or $any(, which the lexer takes for a parameter.
bool Parser::is_dynamic_quantifier() const {
  const auto is = [&](std::string_view word) {
    const std::string& v = token().value;
    return v.size() == word.size() && std::equal(v.begin(), v.end(), word.begin(), [](char a, char b) { return (a | 32) == b; });
  };
  return token().kind == TokenKind::kParameter && (is("all") || is("any")) && is_symbol("(", 1);
}

LabelExpr* Parser::label_unary(bool relationship) {
  Depth depth(this);
  LabelExpr* label = arena_->make<LabelExpr>();
  label->position = here();
  if (symbol("!")) {
    label->kind = LabelExprKind::kNot;
    label->children.push_back(label_unary(relationship));
  } else if (symbol("%")) {
    label->kind = LabelExprKind::kWildcard;
  } else if (symbol("(")) {
    const bool bar = std::exchange(no_bar_, false);
    label = label_or(relationship);
    no_bar_ = bar;
    expect_symbol(")");
  } else if (symbol("$") || is_dynamic_quantifier()) {
    label->kind = LabelExprKind::kDynamicAll;
    if (is_dynamic_quantifier()) {
      if (token().value.size() == 3 && (token().value[1] | 32) == 'n') label->kind = LabelExprKind::kDynamicAny;
      ++next_;
    }
    expect_symbol("(");
    const bool bar = std::exchange(no_bar_, false);
    label->dynamic = expression();
    no_bar_ = bar;
    expect_symbol(")");
  } else {
    label->name = expect_name(relationship ? "a relationship type" : "a label");
  }
  return label;
}

}  // namespace graft::cypher
