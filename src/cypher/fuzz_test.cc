// Query texts torn apart and put together again: whatever comes out is answered or refused, never a crash or a hang.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/test_fuzz.h"
#include "cypher/in_process_database.h"
#include "cypher/test_query_mutator.h"
#include "env/posix/file_system.h"

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

const QueryMutator& mutator() {
  static const QueryMutator mutator(make_corpus());
  return mutator;
}

// Something of each kind for the texts to find, under the names that most of them use.
const char* const kGraph[] = {
    "CREATE CONSTRAINT u FOR (n:B) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT k FOR (n:K) REQUIRE (n.x, n.y) IS NODE KEY",
    "CREATE INDEX i FOR (n:A) ON (n.x, n.y)",
    "CREATE INDEX r FOR ()-[r:T]-() ON (r.y)",
    "CREATE TEXT INDEX t FOR (n:A) ON (n.name)",
    "CREATE POINT INDEX p FOR (n:A) ON (n.at)",
    "CREATE FULLTEXT INDEX f FOR (n:A|Person) ON EACH [n.name, n.text]",
    "CREATE VECTOR INDEX v FOR (n:A) ON (n.v) OPTIONS {indexConfig: {`vector.dimensions`: 3, `vector.similarity_function`: 'cosine'}}",
    "CREATE (a:A {id: 1, x: 1, y: 'one', name: 'Anna', at: point({x: 1, y: 2}), v: [1.0, 0.0, 0.5]})-[:T {y: 2}]->(b:B {id: 1, x: 2})-[:U {x: 1.5}]->(a), (a)-[:KNOWS]->(a)",
    "UNWIND range(1, 12) AS i CREATE (n:A:Person {id: i, x: i % 4, y: i / 3.0, name: 'n' + i, text: 'some words ' + i, d: date('2020-01-01') + duration({days: i}), v: [i, 1.0, 0.0]})",
    "MATCH (a:Person), (b:Person) WHERE (a.id * 7 + b.id) % 5 = 0 CREATE (a)-[:T {y: a.id}]->(b)",
    "MATCH (a:Person), (b:B) WHERE a.id < 4 CREATE (a)-[:KNOWS {since: date()}]->(b), (b)-[:REL]->(:C {list: [1, 2, a.id]})",
};
const char* const kParameterTexts[QueryMutator::kParameters] = {
    "null", "true", "0", "-9223372036854775807 - 1", "0.0 / 0.0", "-1.0 / 0.0", "''", "'a'", "[]", "[1, 2.5, 'x', null, [true]]",
    "{}", "{x: 1, name: 'a', nested: {l: [1]}}", "date('2024-02-29')", "datetime('1900-01-01T00:00:00Z')", "duration('P1Y-2M3DT-4.5S')", "localtime('12:00')",
    "point({x: 1, y: -2.5, z: 1e300})", "[1.0, 0.5, -1.0]", "reduce(s = 'xy', i IN range(1, 12) | s + s)", "[{x: 1}, {x: 2, name: 'b'}, {}]"};

// A member that replays what the first one commits, and has to come to the same.
class Follower {
 public:
  std::string sums() { return graph::state_sums(view()).to_string(); }
  graph::GraphView view() { return graph::GraphView(store_->applied()); }
  Status apply(const graph::ChangeSetBytes& changes) {
    graph::GraphTransaction transaction(store_->fork(store_->head()), ids_, nullptr);
    GRAFT_TRY(transaction.replay(changes, false));
    store_->append_head(transaction.release_fork());
    store_->advance_applied();
    return {};
  }

 private:
  storage::MemoryFileSystem files_;
  std::unique_ptr<storage::Store> store_ = storage::Store::open(files_, "db", {.map_reserve_bytes = uint64_t{1} << 30}).value();
  graph::IdAllocator ids_{graph::GraphView(store_->applied())};
};

// A database with kGraph, and its follower.
struct FuzzedDatabase {
  FuzzedDatabase() {
    database.set_follower([this](const graph::ChangeSetBytes& changes) {
      if (!agree) return;
      Status status = follower.apply(changes);
      agree = status.ok() && follower.sums() == graph::state_sums(database.view()).to_string();
      EXPECT_TRUE(agree) << (status.ok() ? follower.sums() + " instead of " + graph::state_sums(database.view()).to_string() : status.error().message);
    });
    for (const char* text : kGraph) {
      auto answer = database.run(text);
      EXPECT_TRUE(answer.ok()) << text << ": " << answer.error().message;
    }
    parameters.emplace_back("p", graph::Value::integer(2));
    for (int i = 0; i < QueryMutator::kParameters; ++i) parameters.emplace_back("p" + std::to_string(i), database.value(kParameterTexts[i]));
    database.set_limits(std::chrono::milliseconds(300), uint64_t{64} << 20);
    database.options().imports = &imports;
  }
  ~FuzzedDatabase() {
    EXPECT_EQ(graph::state_sums(database.view()), graph::recompute_state_sums(database.view()));
    EXPECT_EQ(follower.sums(), graph::recompute_state_sums(follower.view()).to_string());
  }

  InProcessDatabase database;
  Follower follower;
  Parameters parameters;
  env::PosixFileSystem files;
  const ImportDirectory imports{&files, GRAFT_SOURCE_DIR "/tests/cypher/import"};
  bool agree = true;
};

TEST(CypherFuzz, MutatedTextsAreAnsweredOrRefused) {
  FuzzedDatabase fuzzed;
  InProcessDatabase& db = fuzzed.database;
  size_t planned = 0, all = 0;
  FuzzRun run("CypherFuzz.MutatedTextsAreAnsweredOrRefused", 20'000);
  for (uint64_t seed = 0; run.next(&seed); ++all) {
    const std::string text = mutator().make(seed);
    auto answer = db.engine().prepare(text, {}, db.view());
    if (const auto* error = std::get_if<QueryError>(&answer)) {
      EXPECT_NE(error->code, ErrorCode::kInternal) << "seed " << seed << ": " << text;
      EXPECT_FALSE(error->message.empty()) << "seed " << seed << ": " << text;
    } else {
      ++planned;
      EXPECT_FALSE(std::get<std::shared_ptr<const PreparedQuery>>(answer)->plan().operator_name.empty()) << text;  // as EXPLAIN shows it
    }
  }
  EXPECT_GT(planned, all / 10);  // enough of them are still queries
}

// One after another, or some in a transaction while another session writes.
TEST(CypherFuzz, MutatedQueriesRun) {
  auto fuzzed = std::make_unique<FuzzedDatabase>();
  FuzzRun run("CypherFuzz.MutatedQueriesRun", 4000);
  size_t ended = 0, all = 0;
  for (uint64_t seed = 0; run.next(&seed); ++all) {
    if (seed % 50 == 0 || !fuzzed->agree) fuzzed = std::make_unique<FuzzedDatabase>();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Mutator random(seed);
    InProcessDatabase::Session first(fuzzed->database), second(fuzzed->database);
    const uint64_t statements = random.next(8) == 0 ? 4 : 1;
    if (statements > 1) first.begin();
    for (uint64_t i = 0; i < statements; ++i) {
      const std::string text = mutator().make(seed * 4 + i + 1'000'000);
      auto answer = (i == 1 ? second : first).run(text, fuzzed->parameters);
      ended += answer.ok();
      if (!answer.ok()) {
        EXPECT_NE(answer.error().code, ErrorCode::kInternal) << text << "\n" << answer.error().message;
      }
      if (::testing::Test::HasFailure()) std::fprintf(stderr, "%s\n", text.c_str());
    }
    if (statements > 1 && first.open() && random.next(4) != 0) {
      Status status = first.commit();
      if (!status.ok()) {
        EXPECT_NE(status.error().code, ErrorCode::kInternal) << status.error().message;
      }
    }
  }
  EXPECT_GT(ended, all / 10);
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
