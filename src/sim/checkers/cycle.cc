#include "sim/checkers/cycle.h"

#include <algorithm>
#include <deque>

namespace graft::sim {
namespace {

// What stays after nodes without a way in are taken away again and again (Kahn) has a cycle.
std::vector<bool> left_over(const Edges& edges) {
  std::vector<size_t> in(edges.size(), 0);
  for (const auto& from : edges) {
    for (const Edge& e : from) in[e.to]++;
  }
  std::vector<size_t> free;
  for (size_t i = 0; i < edges.size(); i++) {
    if (in[i] == 0) free.push_back(i);
  }
  std::vector<bool> left(edges.size(), true);
  while (!free.empty()) {
    const size_t i = free.back();
    free.pop_back();
    left[i] = false;
    for (const Edge& e : edges[i]) {
      if (--in[e.to] == 0) free.push_back(e.to);
    }
  }
  return left;
}

std::vector<CycleStep> shortest_through(const Edges& edges, const std::vector<bool>& left, size_t start) {
  constexpr size_t kNone = ~size_t{0};
  struct Came {
    size_t from = ~size_t{0};
    const char* kind = "";
  };
  std::vector<Came> came(edges.size());
  std::deque<size_t> queue{start};
  while (!queue.empty()) {
    const size_t at = queue.front();
    queue.pop_front();
    for (const Edge& e : edges[at]) {
      if (!left[e.to] || came[e.to].from != kNone) continue;
      came[e.to] = Came{at, e.kind};
      if (e.to != start) {
        queue.push_back(e.to);
        continue;
      }
      std::vector<CycleStep> cycle;
      size_t node = start;
      do {
        cycle.push_back(CycleStep{came[node].from, came[node].kind});
        node = came[node].from;
      } while (node != start);
      std::reverse(cycle.begin(), cycle.end());
      return cycle;
    }
  }
  return {};
}

}  // namespace

std::vector<CycleStep> find_cycle(const Edges& edges) {
  const std::vector<bool> left = left_over(edges);
  std::vector<CycleStep> best;
  for (size_t i = 0; i < edges.size(); i++) {
    if (!left[i]) continue;
    std::vector<CycleStep> cycle = shortest_through(edges, left, i);
    if (!cycle.empty() && (best.empty() || cycle.size() < best.size())) best = std::move(cycle);
    if (best.size() == 2) break;
  }
  return best;
}

}  // namespace graft::sim
