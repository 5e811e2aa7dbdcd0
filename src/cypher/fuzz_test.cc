// Query texts torn apart and put together again: whatever comes out is answered or refused, never a crash or a hang.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cypher/in_process_database.h"

namespace graft::cypher {
namespace {

const char* const kSeeds[] = {
    "MATCH (a:A {x: 1})-[r:T|U*1..3 {y: $p}]->(b:B|!C) WHERE a.x > 3 AND NOT (a)--(b) OR b:D RETURN a, count(*) AS c ORDER BY c DESC SKIP 1 LIMIT 2",
    "MATCH p = shortestPath((a)-[:T*..5]-(b)) WHERE all(n IN nodes(p) WHERE n.x = 1) RETURN p",
    "MATCH (a) ((x)-[r:T]->(y) WHERE x.p < y.p){1,3} (b) RETURN [n IN x | n.name], size(r)",
    "MATCH ANY SHORTEST (a)-[:T]->+(b) RETURN DISTINCT a.x, b",
    "OPTIONAL MATCH (n) WHERE EXISTS { MATCH (n)-->(m) WHERE m.x = n.x RETURN m } RETURN n { .*, .a, k: COUNT { (n)--() } }",
    "UNWIND [1, 2.5e3, 'x\\u0041', null, true, [0x1F, 0o17]] AS x WITH x WHERE x IS NOT NULL RETURN CASE x WHEN 1 THEN 'a' ELSE x END AS y UNION ALL RETURN 2 AS y",
    "CREATE (a:A {x: 1, y: $p})-[:T {z: 2}]->(b), (c:$('D')) SET a.x = 2, b += {q: 1}, c:E REMOVE a.y DETACH DELETE c",
    "MERGE (a:A {x: 1})-[r:T]-(b) ON CREATE SET r.n = 1 ON MATCH SET r.n = r.n + 1 RETURN r",
    "MATCH (n) CALL (n) { WITH n RETURN n.x AS y UNION RETURN 1 AS y } IN TRANSACTIONS OF 10 ROWS RETURN y",
    "FOREACH (x IN range(1, 3) | CREATE (:A {x: x}) FOREACH (y IN [x] | MERGE (:B {y: y})))",
    "CALL db.labels() YIELD label AS l WHERE l STARTS WITH 'A' RETURN collect(l)[0..2]",
    "RETURN [x IN range(1, 5) WHERE x % 2 = 1 | x ^ 2] AS l, reduce(s = 0, x IN [1, 2] | s + x) AS r, [(a)-->(b:X) WHERE a.x | b.y] AS q",
    "RETURN 1 < 2 <= 3 AND 'a' =~ 'b' XOR NOT false OR x IS :: LIST<INTEGER NOT NULL> | FLOAT AS t",
    "CREATE INDEX i IF NOT EXISTS FOR (n:A) ON (n.x, n.y)",
    "CREATE CONSTRAINT c FOR ()-[r:T]-() REQUIRE r.x IS NOT NULL",
    "SHOW INDEXES YIELD name, type WHERE name = 'x' RETURN count(*) AS c",
    "EXPLAIN MATCH (a:A), (b:B) WHERE a.x = b.x WITH a, b, rand() AS r ORDER BY r LIMIT 3 RETURN *",
    "LOAD CSV WITH HEADERS FROM 'file:///a.csv' AS row FIELDTERMINATOR ';' RETURN row.x /* comment */ // end",
};
const char* const kPieces[] = {"(", ")", "[", "]", "{", "}", "|", "&", "!", ":", "::", "-", "->", "<-", "..", "*", "+", "$p", "'", "\"", "`", "\\", "0x", "1e", "9223372036854775808",
                               "MATCH ", "WHERE ", "RETURN ", "WITH ", "UNION ", "CALL ", "EXISTS {", "COUNT {", "AS x", "IN ", "NOT ", "null", "count(*)", "collect(", "\xC3\xA9", "\xFF", "\n", ",", ";", "=", "%"};

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : state_(seed * 2654435761u + 1) {}
  uint64_t next(uint64_t n) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % n;
  }
  std::string text() {
    std::string s = kSeeds[next(std::size(kSeeds))];
    for (uint64_t rounds = 1 + next(2); rounds > 0; --rounds) mutate(&s);
    return s;
  }

 private:
  void mutate(std::string* s) {
    const size_t at = next(s->size() + 1), length = std::min<size_t>(next(20), s->size() - at);
    switch (next(5)) {
      case 0: s->erase(at, length); break;
      case 1: s->insert(at, kPieces[next(std::size(kPieces))]); break;
      case 2: s->insert(at, s->substr(at, length)); break;
      case 3: {
        const std::string other = kSeeds[next(std::size(kSeeds))];
        const size_t from = next(other.size());
        s->replace(at, length, other.substr(from, next(40)));
        break;
      }
      default:
        if (at < s->size()) (*s)[at] = static_cast<char>(next(256));
    }
  }
  uint64_t state_;
};

TEST(CypherFuzz, MutatedTextsAreAnsweredOrRefused) {
  InProcessDatabase db;
  ASSERT_TRUE(db.run("CREATE (a:A {x: 1})-[:T {y: 2}]->(b:B {x: 2})-[:U]->(a)").ok());
  size_t planned = 0;
  for (uint64_t seed = 1; seed <= 20000; ++seed) {
    const std::string text = Mutator(seed).text();
    auto answer = db.engine().prepare(text, {}, db.view());
    if (const auto* error = std::get_if<QueryError>(&answer)) {
      EXPECT_NE(error->code, ErrorCode::kInternal) << text;
      EXPECT_FALSE(error->message.empty()) << text;
    } else {
      ++planned;
    }
  }
  EXPECT_GT(planned, 200u);  // enough of them are still queries
}

TEST(CypherFuzz, MutatedQueriesRun) {
  InProcessDatabase db;
  for (uint64_t seed = 1; seed <= 5000; ++seed) {
    if (seed % 100 == 1) {
      ASSERT_TRUE(db.run("MATCH (n) DETACH DELETE n").ok());
      ASSERT_TRUE(db.run("CREATE (a:A {x: 1})-[:T {y: 2}]->(b:B {x: 2})-[:U]->(a)").ok());
    }
    const std::string text = Mutator(seed + 1000000).text();
    auto answer = db.run(text, {{"p", graph::Value::integer(2)}});
    if (!answer.ok()) {
      EXPECT_NE(answer.error().code, ErrorCode::kInternal) << text << "\n" << answer.error().message;
    }
  }
}

std::string repeated(std::string_view piece, size_t n) {
  std::string out;
  out.reserve(piece.size() * n);
  while (n-- > 0) out += piece;
  return out;
}

TEST(CypherFuzz, DepthAndLengthAreBounded) {
  InProcessDatabase db;
  const std::string deep[] = {
      "RETURN " + repeated("(", 10000) + "1" + repeated(")", 10000) + " AS x",
      "RETURN " + repeated("[", 10000) + repeated("]", 10000) + " AS x",
      "RETURN " + repeated("{a:", 10000) + "1" + repeated("}", 10000) + " AS x",
      "RETURN " + repeated("NOT ", 100000) + "true AS x",
      "RETURN " + repeated("-", 1000) + "1 AS x",
      "RETURN " + repeated("- ", 100000) + "1 AS x",
      "RETURN 1" + repeated(" + 1", 100000) + " AS x",
      "RETURN true" + repeated(" AND true", 100000) + " AS x",
      "RETURN 1" + repeated(" = 1", 100000) + " AS x",
      "WITH {a: 1} AS a RETURN a" + repeated(".a", 100000) + " AS x",
      "RETURN " + repeated("[x IN ", 5000) + "[1]" + repeated(", 1]", 5000) + " AS x",
      "RETURN " + repeated("CASE WHEN true THEN ", 5000) + "1" + repeated(" END", 5000) + " AS x",
      "RETURN " + repeated("EXISTS { RETURN ", 3000) + "1" + repeated(" }", 3000) + " AS x",
      repeated("CALL { ", 3000) + "RETURN 1 AS x" + repeated(" RETURN 1 AS y }", 3000) + " RETURN 1",
      "MATCH (n:" + repeated("(", 10000) + "A" + repeated(")", 10000) + ") RETURN n",
      "MATCH (n:" + repeated("!", 10000) + "A) RETURN n",
      "MATCH (a)" + repeated("-->()", 20000) + " RETURN a",
      repeated("MATCH (n) ", 50000) + "RETURN 1",
      repeated("WITH 1 AS x ", 50000) + "RETURN x",
      repeated("RETURN 1 AS x UNION ALL ", 20000) + "RETURN 1 AS x",
      "RETURN " + repeated("(a", 20000),
      repeated("FOREACH (x IN [1] | ", 3000) + "CREATE ()" + repeated(")", 3000),
      "RETURN '" + repeated("x", 1 << 20) + "' AS x",
      "RETURN [1" + repeated(", 1", 100000) + "] AS x",
      "CREATE (a)" + repeated(", ({x: 1})", 20000),
  };
  for (const std::string& text : deep) {
    SCOPED_TRACE(text.substr(0, 60));
    auto answer = db.run(text);
    if (!answer.ok()) {
      EXPECT_NE(answer.error().code, ErrorCode::kInternal) << text.substr(0, 60) << " " << answer.error().message.substr(0, 200);
    }
  }
}

}  // namespace
}  // namespace graft::cypher
