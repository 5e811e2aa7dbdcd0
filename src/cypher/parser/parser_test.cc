#include "cypher/parser/parser.h"

#include <gtest/gtest.h>

namespace graft::cypher {
namespace {

struct Parsed {
  Arena arena;
  Statement statement;
  explicit Parsed(std::string_view text) : statement(parse(text, &arena)) {}
  template <class T>
  const T& clause(size_t i) const { return static_cast<const T&>(*statement.query->parts[0]->clauses[i]); }
  const Expr& item(size_t i = 0) const {
    return *static_cast<const ProjectionClause&>(*statement.query->parts[0]->clauses.back()).items[i].expression;
  }
};

QueryError error_of(std::string_view text) {
  try {
    Arena arena;
    parse(text, &arena);
  } catch (QueryError& error) {
    return with_picture(error, text);
  }
  ADD_FAILURE() << "parsed: " << text;
  return {};
}

// The tree with parentheses round every operator.
std::string shape(const Expr& e) {
  const auto child = [&](size_t i) { return e.children[i] ? shape(*e.children[i]) : std::string("-"); };
  const auto joined = [&](const char* op) {
    std::string out = "(";
    for (size_t i = 0; i < e.children.size(); ++i) out += (i ? std::string(" ") + op + " " : "") + child(i);
    return out + ")";
  };
  switch (e.kind) {
    case ExprKind::kLiteral: return graph::to_text(e.literal);
    case ExprKind::kVariable: return e.name;
    case ExprKind::kProperty: return child(0) + "." + e.name;
    case ExprKind::kIndex: return child(0) + "[" + child(1) + "]";
    case ExprKind::kOr: return joined("OR");
    case ExprKind::kXor: return joined("XOR");
    case ExprKind::kAnd: return joined("AND");
    case ExprKind::kNot: return "NOT" + joined("");
    case ExprKind::kEqual: return joined("=");
    case ExprKind::kLess: return joined("<");
    case ExprKind::kLessEqual: return joined("<=");
    case ExprKind::kAdd: return joined("+");
    case ExprKind::kSubtract: return joined("-");
    case ExprKind::kMultiply: return joined("*");
    case ExprKind::kPower: return joined("^");
    case ExprKind::kNegate: return "-" + joined("");
    case ExprKind::kIn: return joined("IN");
    case ExprKind::kIsNull: return joined("") + " IS NULL";
    case ExprKind::kList: return "[" + joined(",") + "]";
    case ExprKind::kListComprehension: return "[" + e.name + " IN " + child(0) + " WHERE " + child(1) + " | " + child(2) + "]";
    case ExprKind::kPatternExpression: return "<pattern>";
    case ExprKind::kPatternComprehension: return "[<pattern> WHERE " + child(0) + " | " + child(1) + "]";
    case ExprKind::kHasLabels: return child(0) + ":" + e.labels->name;
    default: return "?";
  }
}

std::string shape_of(const std::string& expression) { return shape(Parsed("RETURN " + expression + " AS x").item()); }

TEST(Parser, PrecedenceOfOperators) {
  EXPECT_EQ(shape_of("a OR b XOR c AND NOT d = e + f * g ^ -h"), "(a OR (b XOR (c AND NOT((d = (e + (f * (g ^ -(h)))))))))");
  EXPECT_EQ(shape_of("1 - 2 - 3"), "((1 - 2) - 3)");
  EXPECT_EQ(shape_of("2 ^ 3 ^ 4"), "((2 ^ 3) ^ 4)");
  EXPECT_EQ(shape_of("a < b <= c"), "((a < b) AND (b <= c))");
  EXPECT_EQ(shape_of("a IN b AND c IS NULL"), "((a IN b) AND (c) IS NULL)");
  EXPECT_EQ(shape_of("1-1"), "(1 - 1)");
  EXPECT_EQ(shape_of("-9223372036854775808"), "-9223372036854775808");
}

TEST(Parser, WhatLooksAlikeIsToldApart) {
  EXPECT_EQ(shape_of("(a)-(b)"), "(a - b)");
  EXPECT_EQ(shape_of("(a)-[b]"), "(a - [(b)])");
  EXPECT_EQ(shape_of("(a)-[b]-(c)"), "<pattern>");
  EXPECT_EQ(shape_of("(a)-->(b)"), "<pattern>");
  EXPECT_EQ(shape_of("(a:B)"), "a:B");
  EXPECT_EQ(shape_of("[x IN y]"), "[x IN y WHERE - | -]");
  EXPECT_EQ(shape_of("[x IN y, z]"), "[((x IN y) , z)]");
  EXPECT_EQ(shape_of("[x IN y WHERE x:A | x.b]"), "[x IN y WHERE x:A | x.b]");
  EXPECT_EQ(shape_of("[(a)-->(b) | b.c]"), "[<pattern> WHERE - | b.c]");
  EXPECT_EQ(shape_of("[(a)-->(b)]"), "[(<pattern>)]");
  EXPECT_EQ(shape_of("a.b[0].c"), "a.b[0].c");
}

TEST(Parser, Literals) {
  EXPECT_EQ(shape_of("0x1F"), "31");
  EXPECT_EQ(shape_of("0o17"), "15");
  EXPECT_EQ(shape_of("1_000"), "1000");
  EXPECT_EQ(shape_of(".5e1"), "5.0");
  EXPECT_EQ(Parsed("RETURN 'a\\u0041\\n\\'' AS x").item().literal.as_string(), "aA\n'");
  EXPECT_EQ(Parsed("RETURN \"\\uD83D\\uDE00\" AS x").item().literal.as_string(), "\xF0\x9F\x98\x80");
}

TEST(Parser, PatternsHaveTheirParts) {
  const Parsed p("MATCH q = (a:A {x: 1})-[r:T|U*2..5]->(b) ((x)-[:V]->(y) WHERE x.z > 1){1,3} (c) RETURN *");
  const auto& match = p.clause<MatchClause>(0);
  ASSERT_EQ(match.patterns.size(), 1u);
  const PathPattern& path = *match.patterns[0];
  EXPECT_EQ(path.variable, "q");
  ASSERT_EQ(path.parts.size(), 5u);
  EXPECT_EQ(path.parts[0]->node->properties->names, std::vector<std::string>{"x"});
  const RelationshipPattern& r = *path.parts[1]->relationship;
  EXPECT_TRUE(r.var_length);
  EXPECT_EQ(r.length.min, 2u);
  EXPECT_EQ(r.length.max, 5u);
  EXPECT_EQ(r.direction, graph::Direction::kOutgoing);
  EXPECT_EQ(r.types->children.size(), 2u);
  EXPECT_EQ(path.parts[3]->kind, PatternPartKind::kQuantified);
  EXPECT_EQ(path.parts[3]->quantifier.max, 3u);
  EXPECT_EQ(path.parts[3]->inner->parts.size(), 3u);
}

TEST(Parser, ColumnsAreNamedByTheirText) {
  const Parsed p("RETURN  a . b  +1, count( * ) , c AS `d e`");
  const auto& items = p.clause<ProjectionClause>(0).items;
  EXPECT_EQ(items[0].name, "a . b  +1");
  EXPECT_EQ(items[1].name, "count( * )");
  EXPECT_EQ(items[2].name, "d e");
}

TEST(Parser, PositionsCountCodePoints) {
  const Parsed p("// \xC3\xA9\nMATCH (n)\nRETURN 'h\xC3\xA9' + foo AS x");
  const Expr& sum = p.item();
  EXPECT_EQ(sum.children[1]->position.line, 3u);
  EXPECT_EQ(sum.children[1]->position.column, 15u);
  EXPECT_EQ(sum.children[1]->position.offset, 29u);
}

TEST(Parser, ErrorsShowThePlaceAndWhatCouldStandThere) {
  const QueryError error = error_of("MATCH (n)\nRETRN n");
  EXPECT_EQ(error.code, ErrorCode::kSyntax);
  ASSERT_TRUE(error.position);
  EXPECT_EQ(error.position->line, 2u);
  EXPECT_NE(error.message.find("Invalid input 'RETRN': expected"), std::string::npos);
  EXPECT_NE(error.message.find("'RETURN'"), std::string::npos);
  EXPECT_NE(error.message.find("(line 2, column 1 (offset: 10))\n\"RETRN n\"\n ^"), std::string::npos);
  EXPECT_NE(error_of("RETURN 1 +").message.find("ends too early"), std::string::npos);
  EXPECT_NE(error_of("RETURN 1 != 2").message.find("'<>'"), std::string::npos);
  EXPECT_NE(error_of("RETURN 'abc").message.find("not closed"), std::string::npos);
  EXPECT_NE(error_of("RETURN 9223372036854775808").message.find("too large"), std::string::npos);
  EXPECT_NE(error_of("RETURN 12ab").message.find("12ab"), std::string::npos);
  EXPECT_NE(error_of("RETURN '\\uH'").message.find("Unicode"), std::string::npos);
  EXPECT_NE(error_of("RETURN 42 \xE2\x80\x94 41").message.find("\xE2\x80\x94"), std::string::npos);
  EXPECT_NE(error_of("RETURN 1; RETURN 2").message.find("one statement"), std::string::npos);
}

TEST(Parser, ALongLineIsCutRoundThePlace) {
  const QueryError error = error_of("RETURN '" + std::string(500, 'x') + "' + + ) AS y");
  EXPECT_LT(error.message.size(), 600u);
  EXPECT_NE(error.message.find("\"..."), std::string::npos);
}

TEST(Parser, Commands) {
  const auto command = [](std::string_view text) {
    Arena arena;
    const Statement s = parse(text, &arena);
    return s.command ? static_cast<int>(s.command->kind) : -1;
  };
  EXPECT_EQ(command("CREATE INDEX a IF NOT EXISTS FOR (n:A) ON (n.x, n.y)"), static_cast<int>(CommandKind::kCreateIndex));
  EXPECT_EQ(command("CREATE LOOKUP INDEX FOR (n) ON EACH labels(n)"), static_cast<int>(CommandKind::kCreateIndex));
  EXPECT_EQ(command("CREATE FULLTEXT INDEX f FOR ()-[r:A|B]-() ON EACH [r.x, r.y] OPTIONS {a: 1}"), static_cast<int>(CommandKind::kCreateIndex));
  EXPECT_EQ(command("CREATE CONSTRAINT FOR (n:A) REQUIRE (n.x, n.y) IS NODE KEY"), static_cast<int>(CommandKind::kCreateConstraint));
  EXPECT_EQ(command("CREATE CONSTRAINT c FOR ()-[r:T]->() REQUIRE r.x IS :: LIST<STRING NOT NULL>"), static_cast<int>(CommandKind::kCreateConstraint));
  EXPECT_EQ(command("DROP CONSTRAINT c IF EXISTS"), static_cast<int>(CommandKind::kDropConstraint));
  EXPECT_EQ(command("SHOW RANGE INDEXES YIELD name WHERE name = 'a' RETURN count(*)"), static_cast<int>(CommandKind::kShow));
  EXPECT_EQ(command("TERMINATE TRANSACTIONS 'a', 'b'"), static_cast<int>(CommandKind::kShow));
  EXPECT_EQ(command("CREATE (index)"), -1);
}

TEST(Parser, KeywordsMayBeNames) {
  EXPECT_NO_THROW(Parsed("MATCH (match:Where {return: 1})-[order:By]->(limit) RETURN match.return AS set, limit AS `create`"));
  EXPECT_NO_THROW(Parsed("RETURN {null: 1, true: 2, count: 3} AS exists"));
}

}  // namespace
}  // namespace graft::cypher
