// bench_queries [persons] [knows] [interests]: whole-graph queries against hand-written loops over plain arrays (CSR), on
// one generated graph, in one run. Each line: what | the query | the loops | ratio. Both sides must give the same answer.
//
// Measured in the thread's own processor time, the fastest of some runs. The plan is cached, as a server would have it;
// what Bolt adds to one small result, some hundred microseconds, is left out.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "cypher/in_process_database.h"

namespace graft::cypher {
namespace {

using graph::Value;
using Node = uint32_t;

double cpu_ms() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

uint64_t next_random(uint64_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return *state;
}

struct Csr {
  std::vector<uint32_t> offsets;
  std::vector<Node> targets;
  Csr(size_t nodes, const std::vector<std::pair<Node, Node>>& edges) : offsets(nodes + 1), targets(edges.size()) {
    for (const auto& [from, to] : edges) ++offsets[from + 1];
    std::partial_sum(offsets.begin(), offsets.end(), offsets.begin());
    std::vector<uint32_t> at(offsets.begin(), offsets.end() - 1);
    for (const auto& [from, to] : edges) targets[at[from]++] = to;
    for (size_t n = 0; n < nodes; ++n) std::sort(targets.begin() + offsets[n], targets.begin() + offsets[n + 1]);
  }
  std::span<const Node> of(Node n) const { return {targets.data() + offsets[n], targets.data() + offsets[n + 1]}; }
  uint32_t degree(Node n) const { return offsets[n + 1] - offsets[n]; }
};

struct Data {
  size_t persons, tags = 200;
  std::vector<std::pair<Node, Node>> knows, interests;
  std::vector<int64_t> age, city, score;

  Data(size_t p, size_t k, size_t i) : persons(p), age(p), city(p), score(p) {
    uint64_t state = 88172645463325252ull;
    const auto skewed = [&](size_t n) {  // the first are met more often
      const double u = static_cast<double>(next_random(&state) % 1'000'000) / 1e6;
      return static_cast<Node>(u * u * static_cast<double>(n));
    };
    std::unordered_map<uint64_t, bool> seen;
    while (knows.size() < k) {
      const Node a = skewed(p), b = static_cast<Node>(next_random(&state) % p);
      if (a != b && !seen[uint64_t{std::min(a, b)} << 32 | std::max(a, b)]) {
        seen[uint64_t{std::min(a, b)} << 32 | std::max(a, b)] = true;
        knows.emplace_back(a, b);
      }
    }
    for (size_t n = 0; n < i; ++n) interests.emplace_back(static_cast<Node>(next_random(&state) % p), skewed(tags));
    for (size_t n = 0; n < p; ++n) {
      age[n] = static_cast<int64_t>(next_random(&state) % 80);
      city[n] = static_cast<int64_t>(next_random(&state) % 50);
      score[n] = static_cast<int64_t>(next_random(&state) % 1'000'000'000);
    }
  }
};

class Bench {
 public:
  explicit Bench(const Data& d) : d_(d), knows_(d.persons, both_ways(d.knows)), out_(d.persons, d.knows), in_(d.persons, turned(d.knows)), interests_(d.persons, d.interests) {}

  void load() {
    const auto chunks = [&](size_t n, const std::function<std::string(size_t)>& item, const std::string& statement) {
      constexpr size_t kChunk = 5000;
      for (size_t at = 0; at < n; at += kChunk) {
        std::string list = "[";
        for (size_t i = at; i < std::min(n, at + kChunk); ++i) list += (i > at ? "," : "") + item(i);
        auto result = db_.run("UNWIND " + list + "] AS r " + statement);
        GRAFT_CHECK(result.ok());
      }
    };
    GRAFT_CHECK(db_.run("CREATE INDEX FOR (p:Person) ON (p.id)").ok());
    GRAFT_CHECK(db_.run("CREATE INDEX FOR (t:Tag) ON (t.id)").ok());
    chunks(d_.tags, [](size_t i) { return std::to_string(i); }, "CREATE (:Tag {id: r})");
    chunks(d_.persons, [&](size_t i) { return fmt::format("[{},{},{},{}]", i, d_.age[i], d_.city[i], d_.score[i]); }, "CREATE (:Person {id: r[0], age: r[1], city: r[2], score: r[3]})");
    const auto pair = [](const auto& e) { return fmt::format("[{},{}]", e.first, e.second); };
    chunks(d_.knows.size(), [&](size_t i) { return pair(d_.knows[i]); }, "MATCH (a:Person {id: r[0]}), (b:Person {id: r[1]}) CREATE (a)-[:KNOWS]->(b)");
    chunks(d_.interests.size(), [&](size_t i) { return pair(d_.interests[i]); }, "MATCH (a:Person {id: r[0]}), (t:Tag {id: r[1]}) CREATE (a)-[:HAS_INTEREST]->(t)");
  }

  void run() {
    fmt::print("{} persons, {} KNOWS, {} HAS_INTEREST\n{:<40} {:>12} {:>12} {:>8}\n", d_.persons, d_.knows.size(), d_.interests.size(), "what", "query ms", "loops ms", "ratio");
    const std::string two = "MATCH (a:Person)-[:KNOWS]-(b:Person)-[:KNOWS]-(c:Person)";
    compare("triangles, directed", "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:KNOWS]->(c:Person)-[:KNOWS]->(a) RETURN count(*)", [&] { return triangles(out_, in_); });
    compare("triangles, either way", two + "-[:KNOWS]-(a) RETURN count(*)", [&] { return triangles(knows_, knows_); });
    compare("two hops", two + " RETURN count(*)", [&] { return two_hops(); });
    compare("two hops and interest, <>", two + "-[:HAS_INTEREST]->(t:Tag) WHERE a <> c RETURN count(*)", [&] { return two_hops_interest(false); });
    compare("the same, not acquainted", two + "-[:HAS_INTEREST]->(t:Tag) WHERE a <> c AND NOT (a)-[:KNOWS]-(c) RETURN count(*)", [&] { return two_hops_interest(true); });
    compare("common interest of acquaintances", "MATCH (a:Person)-[:KNOWS]->(b:Person)-[:HAS_INTEREST]->(t:Tag)<-[:HAS_INTEREST]-(a) RETURN count(*)", [&] { return common_interest(); });
    compare("degrees by person", "MATCH (p:Person) RETURN sum(COUNT { (p)-[:KNOWS]-() }) AS n", [&] { return knows_.targets.size(); });
    compare("group by tag", "MATCH (p:Person)-[:HAS_INTEREST]->(t:Tag) WITH t, count(*) AS n RETURN max(n)", [&] { return most_liked(); });
    compare("filter and group by city", "MATCH (p:Person) WHERE p.age > 30 WITH p.city AS city, count(*) AS n, sum(p.score) AS s RETURN max(s)", [&] { return best_city(); });
    compare("sum of a property", "MATCH (p:Person) RETURN sum(p.score)", [&] { return static_cast<uint64_t>(std::accumulate(d_.score.begin(), d_.score.end(), int64_t{0})); });
    compare("top 10", "MATCH (p:Person) WITH p.score AS s ORDER BY s DESC LIMIT 10 RETURN sum(s)", [&] { return top(); });
  }

 private:
  static std::vector<std::pair<Node, Node>> turned(std::vector<std::pair<Node, Node>> edges) {
    for (auto& e : edges) std::swap(e.first, e.second);
    return edges;
  }
  static std::vector<std::pair<Node, Node>> both_ways(std::vector<std::pair<Node, Node>> edges) {
    const auto back = turned(edges);
    edges.insert(edges.end(), back.begin(), back.end());
    return edges;
  }

  uint64_t triangles(const Csr& forward, const Csr& back) const {
    std::vector<uint32_t> mark(d_.persons, ~0u);
    uint64_t n = 0;
    for (Node a = 0; a < d_.persons; ++a) {
      for (Node c : back.of(a)) mark[c] = a;
      for (Node b : forward.of(a)) {
        for (Node c : forward.of(b)) n += mark[c] == a;
      }
    }
    return n;
  }
  uint64_t two_hops() const {
    uint64_t n = 0;
    for (Node a = 0; a < d_.persons; ++a) {
      for (Node b : knows_.of(a)) n += knows_.degree(b) - 1;
    }
    return n;
  }
  uint64_t two_hops_interest(bool strangers) const {
    std::vector<uint32_t> mark(d_.persons, ~0u);
    uint64_t n = 0;
    for (Node a = 0; a < d_.persons; ++a) {
      if (strangers) {
        for (Node b : knows_.of(a)) mark[b] = a;
      }
      for (Node b : knows_.of(a)) {
        for (Node c : knows_.of(b)) {
          if (c != a && mark[c] != a) n += interests_.degree(c);
        }
      }
    }
    return n;
  }
  uint64_t common_interest() const {
    std::vector<uint32_t> mark(d_.tags, ~0u), times(d_.tags);
    uint64_t n = 0;
    for (Node a = 0; a < d_.persons; ++a) {
      for (Node t : interests_.of(a)) {
        times[t] = mark[t] == a ? times[t] + 1 : 1;
        mark[t] = a;
      }
      for (Node b : out_.of(a)) {
        for (Node t : interests_.of(b)) n += mark[t] == a ? times[t] : 0;
      }
    }
    return n;
  }
  uint64_t most_liked() const {
    std::vector<uint64_t> n(d_.tags);
    for (Node t : interests_.targets) ++n[t];
    return *std::max_element(n.begin(), n.end());
  }
  uint64_t best_city() const {
    std::vector<int64_t> sum(50);
    for (size_t p = 0; p < d_.persons; ++p) {
      if (d_.age[p] > 30) sum[static_cast<size_t>(d_.city[p])] += d_.score[p];
    }
    return static_cast<uint64_t>(*std::max_element(sum.begin(), sum.end()));
  }
  uint64_t top() const {
    std::vector<int64_t> s = d_.score;
    std::partial_sort(s.begin(), s.begin() + 10, s.end(), std::greater<>());
    return static_cast<uint64_t>(std::accumulate(s.begin(), s.begin() + 10, int64_t{0}));
  }

  uint64_t answer(const std::string& text) {
    graph::GraphView view = db_.view();
    auto prepared = db_.engine().prepare(text, {}, view);
    GRAFT_CHECK(prepared.index() == 0);
    ExecutionOptions options;
    options.clock = &clock_;
    options.random = &random_;
    options.procedure_context = {&view, nullptr, "admin", true};
    auto execution = db_.engine().start(std::get<0>(prepared), view, nullptr, options);
    uint64_t out = 0;
    for (bool done = false; !done;) {
      auto batch = execution->next(1000, &done);
      GRAFT_CHECK(batch.ok());
      if (!batch->values.empty()) out = static_cast<uint64_t>(batch->values[0].as_integer());
    }
    return out;
  }

  template <class F>
  static double fastest(F&& f, uint64_t* result) {
    double best = 1e300;
    for (double spent = 0, runs = 0; runs < 3 || (spent < 300 && runs < 200); ++runs) {
      const double begin = cpu_ms();
      *result = f();
      const double took = cpu_ms() - begin;
      best = std::min(best, took);
      spent += took;
    }
    return best;
  }

  template <class Loops>
  void compare(const std::string& what, const std::string& text, Loops&& loops) {
    uint64_t given = 0, wanted = 0;
    const double query = fastest([&] { return answer(text); }, &given), plain = fastest(loops, &wanted);
    fmt::print("{:<40} {:>12.3f} {:>12.3f} {:>7.2f}x{}\n", what, query, plain, query / plain, given == wanted ? "" : fmt::format("  WRONG: {} instead of {}", given, wanted));
    std::fflush(stdout);
  }

  const Data& d_;
  Csr knows_, out_, in_, interests_;
  InProcessDatabase db_;
  env::PosixClock clock_;
  env::KernelRandom random_;
};

}  // namespace
}  // namespace graft::cypher

int main(int argc, char** argv) {
  const auto number = [&](int i, size_t fallback) { return argc > i ? static_cast<size_t>(std::atoll(argv[i])) : fallback; };
  const graft::cypher::Data data(number(1, 2'000), number(2, 20'000), number(3, 40'000));
  graft::cypher::Bench bench(data);
  bench.load();
  bench.run();
}
