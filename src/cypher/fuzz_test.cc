// Query texts torn apart and put together again: whatever comes out is answered or refused, never a crash or a hang.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/test_fuzz.h"
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

std::vector<std::string> files_below(const std::string& directory, const std::string& ending) {
  std::vector<std::string> paths, contents;
  if (!std::filesystem::exists(directory)) return contents;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.path().string().ends_with(ending)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    std::ifstream in(path);
    contents.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return contents;
}

// Every text between empty lines of the scripts (tests/cypher), and every query of the TCK if that is there.
std::vector<std::string> make_corpus() {
  std::vector<std::string> texts(std::begin(kSeeds), std::end(kSeeds));
  for (const auto& file : files_below(std::string(GRAFT_SOURCE_DIR) + "/tests/cypher", ".test")) {
    std::istringstream in(file);
    std::string line, text;
    while (std::getline(in, line)) {
      if (!line.empty() && line[0] != '>' && line[0] != '#' && line[0] != ':') {
        text += line + "\n";
      } else if (!text.empty()) {
        texts.push_back(std::exchange(text, {}));
      }
    }
  }
  for (const auto& file : files_below(std::string(GRAFT_SOURCE_DIR) + "/../shared/tck/features", ".feature")) {
    for (size_t at = 0, end = 0; (at = file.find("\"\"\"", at)) != std::string::npos && (end = file.find("\"\"\"", at + 3)) != std::string::npos; at = end + 3) {
      texts.push_back(file.substr(at + 3, end - at - 3));
    }
  }
  return texts;
}

const std::vector<std::string>& corpus() {
  static const std::vector<std::string> texts = make_corpus();
  return texts;
}

std::string mutated_text(uint64_t seed) {
  static const std::vector<std::string> pieces(std::begin(kPieces), std::end(kPieces));
  Mutator random(seed);
  std::string s = corpus()[random.next(3) == 0 ? random.next(std::size(kSeeds)) : random.next(corpus().size())];
  for (uint64_t rounds = 1 + random.next(2); rounds > 0; --rounds) random.mutate(&s, corpus(), pieces);
  return s;
}

TEST(CypherFuzz, MutatedTextsAreAnsweredOrRefused) {
  InProcessDatabase db;
  ASSERT_TRUE(db.run("CREATE (a:A {x: 1})-[:T {y: 2}]->(b:B {x: 2})-[:U]->(a)").ok());
  size_t planned = 0;
  FuzzRun run("CypherFuzz.MutatedTextsAreAnsweredOrRefused", 20'000);
  for (uint64_t seed = 0; run.next(&seed);) {
    const std::string text = mutated_text(seed);
    auto answer = db.engine().prepare(text, {}, db.view());
    if (const auto* error = std::get_if<QueryError>(&answer)) {
      EXPECT_NE(error->code, ErrorCode::kInternal) << "seed " << seed << ": " << text;
      EXPECT_FALSE(error->message.empty()) << "seed " << seed << ": " << text;
    } else {
      ++planned;
    }
  }
  EXPECT_GT(planned, 200u);  // enough of them are still queries
}

TEST(CypherFuzz, MutatedQueriesRun) {
  auto db = std::make_unique<InProcessDatabase>();
  db->set_limits(std::chrono::milliseconds(300), uint64_t{64} << 20);
  FuzzRun run("CypherFuzz.MutatedQueriesRun", 5000);
  for (uint64_t seed = 0; run.next(&seed);) {
    if (seed % 100 == 1) {
      db = std::make_unique<InProcessDatabase>();
      db->set_limits(std::chrono::milliseconds(300), uint64_t{64} << 20);
      ASSERT_TRUE(db->run("CREATE (a:A {x: 1})-[:T {y: 2}]->(b:B {x: 2})-[:U]->(a)").ok());
    }
    const std::string text = mutated_text(seed + 1000000);
    auto answer = db->run(text, {{"p", graph::Value::integer(2)}});
    if (!answer.ok()) {
      EXPECT_NE(answer.error().code, ErrorCode::kInternal) << "seed " << seed << ": " << text << "\n" << answer.error().message;
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
