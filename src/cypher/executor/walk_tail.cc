#include "cypher/executor/walk_tail.h"

#include <algorithm>

#include "cypher/executor/executor.h"

namespace graft::cypher {

using graph::NodeId;

uint64_t checked_product(uint64_t a, uint64_t b) {
  uint64_t out;
  if (__builtin_mul_overflow(a, b, &out) || out > INT64_MAX) throw_error(ErrorCode::kArithmetic, "integer overflow: a count of matches does not fit in 64 bits");
  return out;
}

uint64_t checked_sum(uint64_t a, uint64_t b) {
  uint64_t out;
  if (__builtin_add_overflow(a, b, &out) || out > INT64_MAX) throw_error(ErrorCode::kArithmetic, "integer overflow: a count of matches does not fit in 64 bits");
  return out;
}

NodeFilter::NodeFilter(Executor& executor, const WalkStep& step)
    : executor_(executor), slot_(step.node), labels_(step), predicate_(&executor, executor.context(), step.predicates), batch_(executor.slot_count()) {}

void NodeFilter::resolve(const std::vector<ListReader>& edges) {
  labels_.resolve(executor_.context(), edges);
  known_.clear();
}

bool NodeFilter::holds(NodeId node) {
  if (!labels_.have(executor_.context().view(), node)) return false;
  if (predicate_.empty()) return true;
  auto found = known_.find(node);
  if (found != known_.end()) return found->second;
  prepare({node});
  return known_.at(node);
}

void NodeFilter::prepare(const std::vector<NodeId>& nodes) {
  if (predicate_.empty()) return;
  for (size_t i = 0; i < nodes.size();) {
    std::vector<uint64_t>& ids = batch_.column(slot_).set_ids(Column::Form::kNodes);
    for (; i < nodes.size() && ids.size() < kBatchRows; ++i) {
      if (!known_.contains(nodes[i])) ids.push_back(nodes[i]);
    }
    batch_.size = static_cast<uint32_t>(ids.size());
    auto all = identity_rows(batch_.size);
    std::vector<uint32_t> rows(all.begin(), all.end());
    predicate_.filter(Frame{executor_.context(), &batch_, 0, executor_.locals()}, &rows);
    for (NodeId id : ids) known_[id] = false;
    for (uint32_t row : rows) known_[ids[row]] = true;
  }
}

TailNode::TailNode(Executor& executor, const WalkTail& tail) : context_(executor.context()), tail_(tail), filter_(executor, tail.step) {
  for (const WalkEdge& e : tail.step.edges) edges_.emplace_back(context_, e);
  for (const WalkTail& child : tail.children) {
    children_.push_back(std::make_unique<TailNode>(executor, child));
    sees_relationship_ |= child.unique_above;
  }
}

void TailNode::start() {
  for (ListReader& e : edges_) e.resolve();
  filter_.resolve(edges_);
  totals_.clear();
  for (auto& child : children_) child->start();
}

void TailNode::prepare(std::span<const NodeId> nodes) {
  if (!plain() || tail_.no_loop) return;
  scratch_.clear();
  for (NodeId node : nodes) {
    if (node != graph::kNoId && totals_.find(node) == NodeCounts::kUnknown) scratch_.push_back(node);
  }
  counts_.resize(scratch_.size());
  edges_[0].degrees(scratch_, counts_);
  for (size_t i = 0; i < scratch_.size(); ++i) totals_.put(scratch_[i], counts_[i]);
}

uint64_t TailNode::total(NodeId from) {
  if (from == graph::kNoId) return 0;
  const uint64_t known = totals_.find(from);
  if (known != NodeCounts::kUnknown) return known;
  const uint64_t sum = plain() && !tail_.no_loop ? edges_[0].degree(from) : this->sum(from);
  totals_.put(from, sum);
  return sum;
}

uint64_t TailNode::sum(NodeId from) {
  context_.tick();
  scratch_.clear();
  edges_[0].each(from, [&](const graph::NeighbourRun&, NodeId node, uint32_t) { scratch_.push_back(node); });
  filter_.prepare(scratch_);
  uint64_t out = 0;
  edges_[0].each(from, [&](const graph::NeighbourRun& run, NodeId node, uint32_t i) {
    context_.tick();
    if (tail_.no_loop && node == from) return;
    if (!filter_.empty() && !filter_.holds(node)) return;
    if (children_.empty()) {
      ++out;
    } else if (sees_relationship_) {
      const Walked over = walked_of(run, from, node, i);
      out = checked_sum(out, below(node, &over));
    } else {
      out = checked_sum(out, below(node, nullptr));
    }
  });
  return out;
}

uint64_t TailNode::weight(NodeId node, const Walked& over) {
  if (!filter_.empty() && !filter_.holds(node)) return 0;
  return below(node, &over);
}

uint64_t TailNode::weight(NodeId node) {
  if (!filter_.empty() && !filter_.holds(node)) return 0;
  return below(node, nullptr);
}

uint64_t TailNode::below(NodeId node, const Walked* over) {
  uint64_t out = 1;
  for (auto& child : children_) {
    uint64_t matches = child->total(node);
    if (child->tail_.unique_above) matches = child->less(matches, node, *over);
    if (matches == 0) return 0;
    out = checked_product(out, matches);
  }
  return out;
}

// total(parent) without the one match that goes back over `over`.
uint64_t TailNode::less(uint64_t total, NodeId parent, const Walked& over) {
  if (!edges_[0].leads_over(parent, over)) return total;
  const NodeId node = over.start == parent ? over.end : over.start;
  if (tail_.no_loop && node == parent) return total;
  return total - weight(node, over);
}

}  // namespace graft::cypher
