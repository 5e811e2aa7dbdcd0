#include "cypher/executor/path_search.h"

#include <algorithm>

namespace graft::cypher {

using graph::Direction;
using graph::NodeId;
using graph::Path;

namespace {

Direction opposite(Direction d) {
  return d == Direction::kOutgoing ? Direction::kIncoming : d == Direction::kIncoming ? Direction::kOutgoing : d;
}

}  // namespace

PathSearch::PathSearch(QueryContext& context, Direction direction, const TypeList& types, MayWalk may_walk)
    : context_(context), direction_(direction), types_(types), may_walk_(std::move(may_walk)), memory_(context) {}

std::vector<Path> PathSearch::run(NodeId from, NodeId to, std::optional<uint64_t> max, bool all) {
  Side forward{direction_, 0, {from}, {}}, backward{opposite(direction_), 0, {to}, {}};
  forward.seen.emplace(from, Seen{});
  backward.seen.emplace(to, Seen{});
  while (!forward.frontier.empty() && !backward.frontier.empty()) {
    if (max.has_value() && forward.depth + backward.depth >= *max) break;
    bool forwards = forward.frontier.size() <= backward.frontier.size();
    Side& grown = forwards ? forward : backward;
    grow(&grown, all);
    std::vector<NodeId> met = meetings(grown, forwards ? backward : forward);
    if (met.empty()) continue;
    std::vector<Path> paths;
    for (NodeId node : met) {
      std::vector<Path> heads, tails;
      Path empty;
      trace(forward, node, all, &empty, &heads);
      trace(backward, node, all, &empty, &tails);
      for (const Path& head : heads) {
        for (const Path& tail : tails) {
          context_.tick();
          Path path = head;
          path.nodes.insert(path.nodes.end(), tail.nodes.rbegin() + 1, tail.nodes.rend());
          path.relationships.insert(path.relationships.end(), tail.relationships.rbegin(), tail.relationships.rend());
          memory_.charge(path.nodes.size() * 16);
          paths.push_back(std::move(path));
          if (!all) return paths;
        }
      }
    }
    return paths;
  }
  return {};
}

void PathSearch::grow(Side* side, bool all) {
  std::vector<NodeId> next;
  ++side->depth;
  Neighbours neighbours(context_, side->direction);
  for (NodeId node : side->frontier) {
    nodes_.clear();
    relationships_.clear();
    neighbours.open(node, types_);
    while (neighbours.next(4096, &nodes_, &relationships_) > 0) context_.check();
    for (size_t i = 0; i < nodes_.size(); ++i) {
      context_.tick();
      if (!may_walk_(relationships_[i])) continue;
      auto [found, is_new] = side->seen.try_emplace(nodes_[i], Seen{side->depth, {}});
      if (is_new) {
        next.push_back(nodes_[i]);
        memory_.charge(64);
      } else if (found->second.depth != side->depth || !all) {
        continue;
      }
      found->second.steps.push_back({node, relationships_[i]});
      memory_.charge(sizeof(Step));
    }
  }
  side->frontier.swap(next);
}

std::vector<NodeId> PathSearch::meetings(const Side& grown, const Side& other) const {
  std::vector<NodeId> met;
  for (NodeId node : grown.frontier) {
    context_.tick();
    if (other.seen.contains(node)) met.push_back(node);
  }
  return met;
}

void PathSearch::trace(const Side& side, NodeId node, bool all, Path* tail, std::vector<Path>* out) {
  context_.tick();
  tail->nodes.push_back(node);
  const Seen& seen = side.seen.at(node);
  if (seen.steps.empty()) {
    Path path;
    path.nodes.assign(tail->nodes.rbegin(), tail->nodes.rend());
    path.relationships.assign(tail->relationships.rbegin(), tail->relationships.rend());
    memory_.charge(path.nodes.size() * 16);
    out->push_back(std::move(path));
  }
  for (const Step& step : seen.steps) {
    tail->relationships.push_back(step.relationship);
    trace(side, step.previous, all, tail, out);
    tail->relationships.pop_back();
    if (!all) break;
  }
  tail->nodes.pop_back();
}

}  // namespace graft::cypher
