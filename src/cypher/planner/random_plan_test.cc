// Random patterns on random small graphs with loops and parallel relationships: the optimised plan gives the same rows as
// the plain one, which uses no index, counts nothing and walks relationship by relationship.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "cypher/in_process_database.h"

namespace graft::cypher {
namespace {

class RandomQueries {
 public:
  explicit RandomQueries(uint32_t seed) : random_(seed) {}

  std::vector<std::string> graph() {
    std::vector<std::string> out = {"CREATE INDEX FOR (n:A) ON (n.x)",         "CREATE INDEX FOR (n:B) ON (n.x, n.y)",    "CREATE TEXT INDEX FOR (n:A) ON (n.s)",
                                    "CREATE INDEX FOR ()-[r:R]-() ON (r.w)",   "CREATE INDEX FOR (n:C) ON (n.s)",         "CREATE POINT INDEX FOR (n:A) ON (n.p)"};
    const int nodes = 4 + below(9);
    std::string text = "CREATE ";
    for (int i = 0; i < nodes; ++i) {
      text += (i > 0 ? ", " : "") + std::string("(n") + std::to_string(i) + labels(2) + " {id: " + std::to_string(i);
      if (below(4) > 0) text += ", x: " + std::to_string(below(4));
      if (below(3) > 0) text += ", y: " + std::string(below(5) == 0 ? "'t'" : std::to_string(below(3)));
      if (below(3) > 0) text += ", s: '" + word() + "'";
      if (below(3) > 0) text += ", p: point({x: " + std::to_string(below(5)) + ", y: " + std::to_string(below(5)) + "})";
      text += "})";
    }
    const int relationships = below(3 * nodes);
    for (int i = 0; i < relationships; ++i) {
      text += ", (n" + std::to_string(below(nodes)) + ")-[:" + type() + " {w: " + std::to_string(below(4)) + "}]->(n" + std::to_string(below(nodes)) + ")";
    }
    out.push_back(text);
    return out;
  }

  std::string query() {
    nodes_.clear();
    relationships_.clear();
    std::string text = below(6) == 0 ? "UNWIND [0, 1, 2] AS u " : "";
    const bool unwound = !text.empty();
    text += "MATCH " + patterns() + where(unwound);
    if (below(5) == 0) {
      const std::string kept = node();
      text += " WITH " + kept + (below(2) == 0 ? "" : ", count(*) AS k") + " MATCH (" + kept + ")" + hop() + "(z)";
      nodes_ = {kept, "z"};
      relationships_.clear();
    } else if (below(6) == 0) {
      text += " OPTIONAL MATCH (" + node() + ")" + hop() + "(z)";
      nodes_.push_back("z");
    }
    return text + " RETURN " + result();
  }

 private:
  int below(int n) { return std::uniform_int_distribution<int>(0, std::max(0, n - 1))(random_); }
  std::string pick(const std::vector<std::string>& from) { return from[static_cast<size_t>(below(static_cast<int>(from.size())))]; }
  std::string word() { return pick({"ab", "abc", "bc", "b", "xab", ""}); }
  std::string type() { return pick({"R", "S", "T"}); }
  std::string node() { return nodes_.empty() ? "a" : pick(nodes_); }
  std::string labels(int most) {
    std::string out;
    for (int i = below(most + 1); i > 0; --i) {
      const std::string label = pick({":A", ":B", ":C"});
      if (out.find(label) == std::string::npos) out += label;
    }
    return out;
  }

  std::string hop() {
    std::string inside;
    if (below(3) == 0 && relationships_.size() < 4) {
      relationships_.push_back("r" + std::to_string(relationships_.size()));
      inside = relationships_.back();
    }
    const int kind = below(6);
    if (kind > 0) inside += ":" + pick({"R", "S", "T", "R|S", "R", "R"});
    if (inside.starts_with("r") && below(4) == 0) inside += " {w: " + std::to_string(below(4)) + "}";
    if (!inside.empty() && inside[0] == ':' && below(8) == 0) inside += pick({"*1..2", "*0..1", "*2", "*..3"});
    const std::string box = inside.empty() ? "" : "[" + inside + "]";
    switch (below(3)) {
      case 0: return "-" + box + "->";
      case 1: return "<-" + box + "-";
      default: return "-" + box + "-";
    }
  }

  std::string pattern_node() {
    if (below(8) == 0) return "(" + labels(1) + ")";
    if (!nodes_.empty() && below(3) == 0) return "(" + node() + ")";
    nodes_.push_back(std::string(1, static_cast<char>('a' + nodes_.size())));
    std::string text = "(" + nodes_.back() + labels(1);
    if (below(8) == 0) text += " {x: " + std::to_string(below(4)) + "}";
    return text + ")";
  }

  std::string patterns() {
    std::string text;
    int hops = 1 + below(4);
    for (int paths = 1 + below(2); paths > 0 && hops >= 0; --paths) {
      text += (text.empty() ? "" : ", ") + pattern_node();
      for (int n = paths == 1 ? hops : below(hops + 1); n > 0; --n, --hops) {
        text += hop();
        text += pattern_node();
      }
    }
    return text;
  }

  std::string predicate(bool unwound) {
    const std::string a = node(), b = node();
    switch (below(unwound ? 19 : 18)) {
      case 0: return a + " <> " + b;
      case 1: return "NOT " + a + " = " + b;
      case 2: return "NOT (" + a + ")-[:" + type() + "]-(" + b + ")";
      case 3: return "(" + a + ")-[:" + type() + "]->(" + b + ")";
      case 4: return "NOT EXISTS { (" + a + ")<-[:" + type() + "]-() }";
      case 5: return a + ".x = " + std::to_string(below(4));
      case 6: return a + ".x > " + std::to_string(below(3)) + " AND " + a + ":A";
      case 7: return a + ".x < " + b + ".x";
      case 8: return a + ":B AND " + a + ".x = 1 AND " + a + ".y >= 0";
      case 9: return a + ":A AND " + a + ".s CONTAINS 'b'";
      case 10: return a + ":A AND " + a + ".s ENDS WITH 'c'";
      case 11: return a + ":C AND " + a + ".s STARTS WITH 'ab'";
      case 12: return a + ".x IN [1, 2] AND " + a + ":A";
      case 13: return "COUNT { (" + a + ")-[:" + type() + "]-() } > " + std::to_string(below(3));
      case 14: return a + ":A AND point.distance(" + a + ".p, point({x: 2, y: 2})) < " + std::to_string(below(4));
      case 15: return a + ":A AND point.withinBBox(" + a + ".p, point({x: 1, y: 1}), point({x: 3, y: 4}))";
      case 16: return relationships_.empty() ? a + ":A OR " + b + ":B" : pick(relationships_) + ".w >= " + std::to_string(below(4));
      case 17: return a + ":B AND " + a + ".x IS NOT NULL AND " + a + ".y IS NOT NULL";
      default: return a + ".x = u";
    }
  }

  std::string where(bool unwound) {
    if (nodes_.empty() || below(3) == 0) return "";
    std::string text = " WHERE " + predicate(unwound);
    for (int more = below(3); more > 0; --more) text += " AND " + predicate(unwound);
    return text;
  }

  std::string result() {
    const std::string a = node(), b = node();
    if (nodes_.empty()) return "count(*) AS n";
    switch (below(13)) {
      case 0: case 1: return "count(*) AS n";
      case 2: return a + ".id AS a, count(*) AS n";
      case 3: return a + ".id AS a, " + b + ".id AS b, count(*) AS n";
      case 4: return "DISTINCT " + a + ".id AS a";
      case 5: return "count(DISTINCT " + a + ") AS n, min(" + b + ".x) AS lo";
      case 6: return a + ".x AS a, sum(" + b + ".id) AS s, collect(DISTINCT " + b + ".id) <> [] AS c";
      case 7: return a + ".id AS a, COUNT { (" + a + ")" + hop() + "() } AS n";
      case 8: return a + ".id AS a, " + b + ".id AS b";
      case 9: return relationships_.empty() ? a + ".id AS a" : pick(relationships_) + ".w AS w, " + a + ".id AS a";
      case 10: return "size([(" + a + ")" + hop() + "(q) WHERE q <> " + b + " | q.id]) AS n, " + b + ".id AS b";
      case 11: return a + ".x AS a ORDER BY a";
      default: return a + ".x AS x, " + a + ".y AS y ORDER BY " + a + ".x DESC, y DESC";
    }
  }

  std::mt19937 random_;
  std::vector<std::string> nodes_, relationships_;
};

bool has_operator(const PlanDescription& plan, std::string_view name) {
  return plan.operator_name == name || std::any_of(plan.children.begin(), plan.children.end(), [&](const PlanDescription& child) { return has_operator(child, name); });
}

bool has_operator(InProcessDatabase& database, const std::string& text, std::string_view name) {
  auto prepared = database.engine().prepare(text, {}, database.view());
  return prepared.index() == 0 && has_operator(std::get<0>(prepared)->plan(), name);
}

std::vector<std::string> rows_of(const QueryAnswer& answer, bool ordered) {
  std::vector<std::string> out;
  for (const auto& row : answer.rows) {
    std::string text;
    for (const graph::Value& v : row) text += graph::to_text(v) + " | ";
    out.push_back(text);
  }
  if (!ordered) std::sort(out.begin(), out.end());
  return out;
}

TEST(RandomPlans, GiveTheRowsOfThePlainPlan) {
  int compared = 0, with_rows = 0, joins = 0;
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    RandomQueries random(seed);
    // shaken: any order of joins and any operator, whatever it costs
    InProcessDatabase optimised, plain(PlannerOptions{.optimise = false}), shaken(PlannerOptions{.shake = seed});
    for (const std::string& text : random.graph()) {
      for (InProcessDatabase* database : {&optimised, &plain, &shaken}) ASSERT_TRUE(database->run(text).ok()) << text;
    }
    for (int i = 0; i < 50; ++i) {
      const std::string text = random.query();
      const auto wanted = plain.run(text);
      const bool ordered = text.find("ORDER BY a") != std::string::npos;
      std::vector<std::string> rows;
      if (wanted.ok()) rows = rows_of(*wanted, ordered);
      for (InProcessDatabase* database : {&optimised, &shaken}) {
        const std::string where = "seed " + std::to_string(seed) + (database == &shaken ? ", shaken: " : ": ") + text;
        const auto given = database->run(text);
        ASSERT_EQ(given.ok(), wanted.ok()) << where << "\n" << (given.ok() ? wanted.error().message : given.error().message);
        if (given.ok()) {
          ASSERT_EQ(rows_of(*given, ordered), rows) << where;
        }
        joins += database == &shaken && has_operator(*database, text, "NodeHashJoin") ? 1 : 0;
      }
      if (!wanted.ok()) continue;
      ++compared;
      with_rows += rows.empty() ? 0 : 1;
    }
  }
  EXPECT_GT(compared, 2000);
  EXPECT_GT(with_rows, 1000);
  EXPECT_GT(joins, 200);
}

}  // namespace
}  // namespace graft::cypher
