// TuGraph's algo.*: paths are walked against and along the relationships' direction, as there.
#include <absl/container/flat_hash_map.h>

#include <algorithm>

#include "cypher/executor/path_search.h"
#include "cypher/functions/query_context.h"
#include "cypher/procedures/builtin.h"

namespace graft::cypher {
namespace {

using graph::NodeId;
using graph::Value;
using graph::ValueType;

struct PathConfig {
  std::optional<uint64_t> max_hops;
  std::vector<Token> types;
};

PathConfig path_config(const Value& config) {
  PathConfig out;
  for (const auto& [key, value] : config.as_map()) {
    if (key == "maxHops") {
      if (value.type() != ValueType::kInteger || value.as_integer() < 1) throw_error(ErrorCode::kArgument, "maxHops must be an integer of 1 or more, not " + graph::to_text(value));
      out.max_hops = static_cast<uint64_t>(value.as_integer());
    } else if (key == "relationshipQuery") {
      if (value.type() != ValueType::kString) throw_error(ErrorCode::kArgument, "relationshipQuery must be the name of a relationship type, not " + graph::to_text(value));
      if (value.as_string().empty()) continue;
      out.types = {Token{std::string(value.as_string()), graph::kNoToken}};
    } else {
      throw_error(ErrorCode::kArgument, "The configuration has no '" + key + "': it may have maxHops and relationshipQuery");
    }
  }
  return out;
}

std::vector<graph::Path> shortest(const ProcedureCall& call, bool all) {
  NodeId from = call.arguments[0].as_node(), to = call.arguments[1].as_node();
  PathConfig config = path_config(call.arguments[2]);
  if (from == to) return {graph::Path{{from}, {}}};
  TypeList types(config.types);
  if (!types.resolve(call.query)) return {};
  PathSearch search(call.query, graph::Direction::kBoth, types, [](graph::RelationshipId) { return true; });
  return search.run(from, to, config.max_hops, all);
}

std::unique_ptr<ProcedureRows> shortest_path(const ProcedureCall& call) {
  std::vector<Row> rows;
  for (graph::Path& path : shortest(call, false)) {
    auto nodes = static_cast<int64_t>(path.nodes.size());
    rows.push_back({Value::integer(nodes), Value::floating(static_cast<double>(path.relationships.size())), Value::path(std::move(path))});
    break;
  }
  return make_rows(std::move(rows));
}

std::unique_ptr<ProcedureRows> all_shortest_paths(const ProcedureCall& call) {
  std::vector<Row> rows;
  for (const graph::Path& path : shortest(call, true)) {
    graph::List nodes, relationships;
    for (NodeId id : path.nodes) nodes.push_back(Value::integer(static_cast<int64_t>(id)));
    for (graph::RelationshipId id : path.relationships) relationships.push_back(Value::integer(static_cast<int64_t>(id)));
    rows.push_back({Value::list(std::move(nodes)), Value::list(std::move(relationships)), Value::integer(static_cast<int64_t>(path.relationships.size()))});
  }
  return make_rows(std::move(rows));
}

// Power iteration with damping 0.85 (Brin & Page 1998); what nodes without outgoing relationships hold goes to all.
class PageRank {
 public:
  explicit PageRank(const ProcedureCall& call) : query_(call.query), view_(*call.caller.view), memory_(call.query) {
    auto cursor = view_.scan_nodes();
    NodeId some[1024];
    while (size_t n = cursor->next(some)) {
      memory_.charge(n * (sizeof(NodeId) + 3 * sizeof(double) + 24));
      for (size_t i = 0; i < n; ++i) {
        position_.emplace(some[i], ids_.size());
        ids_.push_back(some[i]);
        query_.tick();
      }
    }
  }

  std::vector<Row> run(int64_t iterations) {
    size_t n = ids_.size();
    if (n == 0) return {};
    rank_.assign(n, 1.0 / static_cast<double>(n));
    for (int64_t i = 0; i < iterations; ++i) step();
    std::vector<Row> rows;
    rows.reserve(n);
    for (size_t i = 0; i < n; ++i) rows.push_back({Value::node(ids_[i]), Value::floating(rank_[i])});
    return rows;
  }

 private:
  void step() {
    constexpr double kDamping = 0.85;
    auto n = static_cast<double>(ids_.size());
    std::vector<double> next(ids_.size(), 0.0);
    double idle = 0.0;
    graph::NeighbourCursor cursor;
    graph::NeighbourRun run;
    for (size_t i = 0; i < ids_.size(); ++i) {
      uint64_t degree = view_.degree(ids_[i], graph::Direction::kOutgoing, {});
      if (degree == 0) idle += rank_[i];
      double share = degree == 0 ? 0.0 : rank_[i] / static_cast<double>(degree);
      view_.expand(ids_[i], graph::Direction::kOutgoing, {}, &cursor);
      while (cursor.next(&run)) {
        for (uint32_t k = 0; k < run.count; ++k) next[position_.at(run.neighbour(k))] += share;
        query_.tick();
      }
      query_.tick();
    }
    for (double& r : next) r = (1.0 - kDamping) / n + kDamping * (r + idle / n);
    rank_ = std::move(next);
  }

  QueryContext& query_;
  const graph::GraphView& view_;
  MemoryAccount memory_;
  std::vector<NodeId> ids_;
  absl::flat_hash_map<NodeId, size_t> position_;
  std::vector<double> rank_;
};

std::unique_ptr<ProcedureRows> pagerank(const ProcedureCall& call) {
  int64_t iterations = call.arguments[0].as_integer();
  if (iterations < 0 || iterations > 10'000) throw_error(ErrorCode::kArgument, "num_iterations must be from 0 to 10000, not " + std::to_string(iterations));
  return make_rows(PageRank(call).run(iterations));
}

// |A and B| / |A or B| of two lists as sets.
std::unique_ptr<ProcedureRows> jaccard(const ProcedureCall& call) {
  auto set_of = [&](const Value& list) {
    call.query.room_for(list.heap_bytes());
    graph::List values = list.as_list();
    std::sort(values.begin(), values.end(), [&](const Value& a, const Value& b) { return call.query.tick(), graph::compare_order(a, b) < 0; });
    values.erase(std::unique(values.begin(), values.end(), [](const Value& a, const Value& b) { return graph::compare_order(a, b) == 0; }), values.end());
    return values;
  };
  graph::List left = set_of(call.arguments[0]), right = set_of(call.arguments[1]);
  size_t both = 0;
  for (size_t l = 0, r = 0; l < left.size() && r < right.size();) {
    call.query.tick();
    auto compared = graph::compare_order(left[l], right[r]);
    both += compared == 0 ? 1 : 0;
    if (compared <= 0) ++l;
    if (compared >= 0) ++r;
  }
  size_t either = left.size() + right.size() - both;
  return make_rows({{Value::floating(either == 0 ? 0.0 : static_cast<double>(both) / static_cast<double>(either))}});
}

}  // namespace

void add_algorithm_procedures(ProcedureRegistry& r) {
  std::vector<ProcedureInput> ends{{"startNode", "NODE", {}}, {"endNode", "NODE", {}}, {"config", "MAP", Value::map({})}};
  r.add_reading("algo.shortestPath", ends, {{"nodeCount", "INTEGER"}, {"totalCost", "FLOAT"}, {"path", "PATH"}},
      "One of the shortest paths between two nodes, in either direction of the relationships. Configuration: maxHops, relationshipQuery (a type).", shortest_path);
  r.add_reading("algo.allShortestPaths", ends, {{"nodeIds", "LIST<INTEGER>"}, {"relationshipIds", "LIST<INTEGER>"}, {"cost", "INTEGER"}},
      "All shortest paths between two nodes, in either direction of the relationships.", all_shortest_paths);
  r.add_reading("algo.pagerank", {{"num_iterations", "INTEGER", {}}}, {{"node", "NODE"}, {"pr", "FLOAT"}}, "The page rank of every node, damping 0.85.", pagerank);
  r.add_reading("algo.jaccard", {{"lhs", "LIST<ANY>", {}}, {"rhs", "LIST<ANY>", {}}}, {{"similarity", "FLOAT"}}, "How much two lists, as sets, have in common.", jaccard);
}

}  // namespace graft::cypher
