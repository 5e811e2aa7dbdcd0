#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "cypher/in_process_database.h"

namespace graft::cypher {
namespace {

class PlannerTest : public testing::Test {
 protected:
  void SetUp() override {
    run("UNWIND range(1, 200) AS i CREATE (:Person {id: i, name: 'p' + i})");
    run("MATCH (a:Person), (b:Person) WHERE b.id = a.id + 1 CREATE (a)-[:KNOWS {since: a.id}]->(b)");
    run("CREATE (:Robot {id: 1})-[:OWNS]->(:Thing)");
    run("CREATE INDEX person_id FOR (p:Person) ON (p.id)");
  }
  void run(std::string_view text) {
    auto answer = db_.run(text);
    ASSERT_TRUE(answer.ok()) << text << ": " << answer.error().message;
  }
  // Operator names from the top, right sides in parentheses.
  std::string plan(std::string_view text) {
    auto prepared = db_.engine().prepare(text, {}, db_.view());
    if (auto* error = std::get_if<QueryError>(&prepared)) return error->message;
    const std::function<std::string(const PlanDescription&)> names = [&](const PlanDescription& p) {
      std::string out = p.operator_name;
      for (size_t i = p.children.size(); i-- > 1;) out += "(" + names(p.children[i]) + ")";
      if (!p.children.empty()) out += " " + names(p.children[0]);
      return out;
    };
    return names(std::get<0>(prepared)->plan());
  }
  bool has(std::string_view text, std::string_view op) { return plan(text).find(op) != std::string::npos; }
  std::string error(std::string_view text) {
    auto prepared = db_.engine().prepare(text, {}, db_.view());
    auto* e = std::get_if<QueryError>(&prepared);
    return e ? e->message : "no error";
  }
  InProcessDatabase db_;
};

TEST_F(PlannerTest, AnIndexServesEqualityRangesPrefixesAndLists) {
  EXPECT_EQ(plan("MATCH (p:Person {id: 5}) RETURN p"), "ProduceResults NodeIndexSeek");
  EXPECT_EQ(plan("MATCH (p:Person) WHERE p.id IN [1, 2] RETURN p"), "ProduceResults NodeIndexSeek");
  EXPECT_EQ(plan("MATCH (p:Person) WHERE 3 < p.id <= 7 RETURN p"), "ProduceResults NodeIndexSeekByRange");
  EXPECT_TRUE(has("UNWIND [1, 2] AS x MATCH (p:Person {id: x}) RETURN p", "Apply(NodeIndexSeek)"));
  EXPECT_TRUE(has("MATCH (p:Person) WHERE p.name = 'x' RETURN p", "NodeByLabelScan"));
}

TEST_F(PlannerTest, AMatchStartsWhereFewRowsAre) {
  EXPECT_EQ(plan("MATCH (a:Person)-[:KNOWS]->(b:Person {id: 7}) RETURN a"), "ProduceResults Filter Expand(All) NodeIndexSeek");
  EXPECT_TRUE(has("MATCH (a)-[:OWNS]->(b) RETURN a, b", "DirectedRelationshipTypeScan"));
  EXPECT_TRUE(has("MATCH (a:Person {id: 1})-[:KNOWS]->(b)-[:KNOWS]->(c)-[:KNOWS]->(a) RETURN a", "Expand(Into)"));
}

TEST_F(PlannerTest, EagerOnlyWhereItMatters) {
  EXPECT_FALSE(has("MATCH (a:Person) CREATE (:Log)", "Eager "));
  EXPECT_TRUE(has("MATCH (a:Person) CREATE (:Person)", "Eager "));
  EXPECT_TRUE(has("MATCH (a) CREATE (:Log)", "Eager "));
  EXPECT_FALSE(has("MATCH (a:Person) SET a.seen = true", "Eager "));
  EXPECT_TRUE(has("MATCH (a:Person)-[r:KNOWS]-(b) DELETE r", "Eager "));
  EXPECT_FALSE(has("MATCH (a:Person) DETACH DELETE a", "Eager "));
  EXPECT_TRUE(has("CREATE (a:Log) WITH a MATCH (b:Log) RETURN b", "Eager "));
  EXPECT_FALSE(has("UNWIND [1, 2] AS x MERGE (a:Log {x: x})", "Eager "));
  EXPECT_FALSE(has("MATCH (a:Person) WHERE a.seen > 1 SET a.seen = a.seen + 1, a:Seen", "Eager "));
  EXPECT_FALSE(has("MATCH (a:Person) REMOVE a:Person", "Eager "));
  EXPECT_TRUE(has("MATCH (a:Person) WHERE a.id > 1 SET a.id = a.id + 1", "Eager "));  // along the index that it changes
  EXPECT_TRUE(has("MATCH (a:Person)-[:KNOWS]->(b) WHERE b.seen = 1 SET a.seen = 2", "Eager "));
  EXPECT_TRUE(has("MATCH (a:Person) WHERE COUNT { (a)--(:Person) } > 1 DETACH DELETE a", "Eager "));
  EXPECT_TRUE(has("MATCH (a:Person) WHERE EXISTS { (a)--({seen: 1}) } SET a.seen = 2", "Eager "));
}

TEST_F(PlannerTest, ShapesOfClauses) {
  EXPECT_EQ(plan("MATCH (p:Person) RETURN count(*)"), "ProduceResults NodeCountFromCountStore");
  EXPECT_EQ(plan("MATCH ()-[r:KNOWS]->() RETURN count(r)"), "ProduceResults RelationshipCountFromCountStore");
  EXPECT_EQ(plan("MATCH (p:Person) RETURN p.name ORDER BY p.name LIMIT 3"), "ProduceResults Top Projection NodeByLabelScan");
  EXPECT_TRUE(has("MATCH (p:Person) OPTIONAL MATCH (p)-[:KNOWS]->(q) RETURN p, q", "OptionalExpand(All)"));
  EXPECT_TRUE(has("MATCH (p:Person) WHERE EXISTS { (p)-[:KNOWS]->() } RETURN p", "SemiApply("));
  EXPECT_TRUE(has("MATCH (p:Person) WHERE NOT (p)-[:KNOWS]->() RETURN p", "AntiSemiApply("));
  EXPECT_TRUE(has("MATCH (a:Robot)-[*1..3]->(b) RETURN b", "VarLengthExpand(All)"));
  EXPECT_TRUE(has("RETURN 1 AS x UNION RETURN 2 AS x", "Distinct Union"));
  EXPECT_EQ(plan("CREATE (:A)"), "EmptyResult Create Argument");
}

TEST_F(PlannerTest, HubsBetweenTwoSelectiveEndsAreJoinedByHash) {
  run("UNWIND range(1, 200) AS i CREATE (:A {id: i, k: i % 40}), (:B {id: i, k: i % 40})");
  run("UNWIND range(0, 9) AS i CREATE (:M {id: i})");
  run("MATCH (a:A), (m:M) WHERE a.id % 10 = m.id CREATE (a)-[:R]->(m)");
  run("MATCH (b:B), (m:M) WHERE b.id % 5 = m.id % 5 CREATE (b)-[:S]->(m)");
  run("CREATE INDEX FOR (a:A) ON (a.k)");
  run("CREATE INDEX FOR (b:B) ON (b.k)");
  const std::string ends = "MATCH (a:A {k: 3})-[:R]->(m)<-[:S]-(b:B {k: 3}) ";
  EXPECT_EQ(plan(ends + "RETURN a.id, b.id"), "ProduceResults Projection NodeHashJoin(Expand(All) NodeIndexSeek) Expand(All) NodeIndexSeek");
  EXPECT_FALSE(has(ends + "RETURN a.id, b.id LIMIT 3", "HashJoin"));
  EXPECT_FALSE(has("MATCH (a:A {k: 3})-[:R]->(m) RETURN a, m", "HashJoin"));
  EXPECT_TRUE(has("MATCH (a:A)-[:R]->(m)<-[:S]-(b:B) USING JOIN ON m RETURN a.id, b.id", "NodeHashJoin"));
}

TEST_F(PlannerTest, APlanIsMadeAnewWhenTheCountsItWasChosenByHaveChangedMuch) {
  const std::string text = "MATCH (r:Robot)-[:OWNS]->(t:Thing) RETURN r.id, t.id";
  run("UNWIND range(1, 2000) AS i CREATE (:Filler)");
  auto first = std::get<0>(db_.engine().prepare(text, {}, db_.view()));
  run("UNWIND range(1, 900) AS i CREATE (:Filler)");  // of no concern
  EXPECT_EQ(std::get<0>(db_.engine().prepare(text, {}, db_.view())), first);
  run("MATCH (f:Filler) SET f:Thing");  // as many nodes as before
  EXPECT_NE(std::get<0>(db_.engine().prepare(text, {}, db_.view())), first);
}

TEST_F(PlannerTest, ErrorsAtCompileTimeNameWhatIsNear) {
  EXPECT_NE(error("MATCH (person) RETURN persn").find("did you mean `person`?"), std::string::npos);
  EXPECT_NE(error("RETURN toUper('a')").find("did you mean 'toUpper'?"), std::string::npos);
  EXPECT_NE(error("CALL db.label()").find("did you mean `db.labels`?"), std::string::npos);
  EXPECT_NE(error("MATCH (n) RETURN n LIMIT n.x").find("LIMIT"), std::string::npos);
  EXPECT_NE(error("MATCH ()-[r]->() MATCH (r) RETURN r").find("conflicting type Relationship"), std::string::npos);
  EXPECT_NE(error("MATCH (n) RETURN n.a + n.b, n.a + n.b + count(*)").find("implicit grouping"), std::string::npos);
  EXPECT_NE(error("RETURN 1 AS a UNION RETURN 2 AS b").find("same return column names"), std::string::npos);
  EXPECT_NE(error("CREATE (n) MATCH (m) RETURN m").find("WITH is required"), std::string::npos);
  EXPECT_NE(error("MATCH (n)").find("cannot conclude with MATCH"), std::string::npos);
  EXPECT_NE(error("RETURN 1 AND true").find("expected Boolean but was Integer"), std::string::npos);
}

// More patterns than are searched: as they are written, from what is bound on.
TEST_F(PlannerTest, LargePatternsAsWritten) {
  std::string backwards, apart, star = "MATCH (p:Person {id: 1})-[:KNOWS]->(q)";
  for (int i = 100; i > 0; --i) backwards += (backwards.empty() ? "MATCH " : ", ") + ("(n" + std::to_string(i)) + ")<-[:KNOWS]-(n" + std::to_string(i - 1) + ")";
  for (int i = 0; i < 130; ++i) apart += (apart.empty() ? "MATCH " : ", ") + ("(a" + std::to_string(i)) + ":Robot {id: 1})";
  for (int i = 0; i < 70; ++i) star += ", (b" + std::to_string(i) + ":Robot)-[:OWNS]->(c" + std::to_string(i) + ":Thing)";
  for (const auto& [text, wanted] : {std::pair{backwards + " WHERE n0.id = 3 RETURN n100.id AS v", 103}, {"MATCH (n0:Person {id: 4}) " + backwards + " RETURN n100.id AS v", 104},
                                     {apart + " RETURN a129.id AS v", 1}, {star + " RETURN count(*) AS v", 0}}) {
    auto answer = db_.run(text);
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    ASSERT_EQ(answer->rows.size(), 1u);
    EXPECT_EQ(answer->rows[0][0].as_integer(), wanted);
  }
}

// A plan or an error that says why not, and the test's time grows with the length of the text, not its square.
TEST_F(PlannerTest, StatementsOfThousandsOfClauses) {
  const auto many = [](int n, std::string_view separator, const std::function<std::string(const std::string&)>& piece) {
    std::string out;
    for (int i = 0; i < n; ++i) out += (i == 0 ? "" : std::string(separator)) + piece(std::to_string(i));
    return out;
  };
  const std::string too_long = "The query is too long: its plan has more than 3000 operators one above the other";
  EXPECT_EQ(error("MATCH " + many(5'000, ", ", [](auto i) { return "(a" + i + ":Nope)"; }) + " RETURN 1"), too_long);
  EXPECT_EQ(error("MATCH " + many(5'000, ", ", [](auto i) { return "(a" + i + ")-->(b" + i + ")"; }) + " RETURN 1"), too_long);
  EXPECT_EQ(error("MATCH " + many(5'000, ", ", [](auto i) { return "(a)-->(b" + i + ")"; }) + " RETURN 1"), too_long);
  EXPECT_EQ(error(many(10'000, " ", [](auto i) { return "CREATE (a" + i + ":Nope)"; })), too_long);
  EXPECT_EQ(error(many(10'000, " ", [](auto i) { return "MERGE (a" + i + ":Nope {id: " + i + "})"; })), too_long);
  EXPECT_EQ(error("CREATE " + many(10'000, ", ", [](auto i) { return "(a" + i + ":Nope)"; })), "no error");
  EXPECT_EQ(error("MATCH (n:Person) " + many(10'000, " ", [](auto i) { return "SET n.k" + i + " = 1"; })), too_long);
}

// A clause's own variables are not there yet for the labels it gives, nor for the properties it looks for.
TEST_F(PlannerTest, WrittenPatternsSeeWhatIsBefore) {
  EXPECT_EQ(error("CREATE (a {x: 1})-[:T]->(b {y: a.x})"), "no error");
  EXPECT_TRUE(error("MERGE (a {x: 1})-[:T]->(b {y: a.x})").starts_with("Variable `a` not defined"));
  EXPECT_TRUE(error("CREATE (a:A {x: 'B'})-[:T]->(b:$(a.x))").starts_with("Variable `a` not defined"));
  EXPECT_EQ(error("CREATE (a:A {x: 'B'}) CREATE (b:$(a.x))"), "no error");
}

}  // namespace
}  // namespace graft::cypher
