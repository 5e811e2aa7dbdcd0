#pragma once

// Counting a tail of a walk: see planner/walk.h.

#include <absl/container/flat_hash_map.h>

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "cypher/executor/operator.h"
#include "cypher/executor/walk_lists.h"

namespace graft::cypher {

uint64_t checked_product(uint64_t a, uint64_t b);  // throws kArithmetic
uint64_t checked_sum(uint64_t a, uint64_t b);

// What a walk has bound so far: nodes by slot, relationships by edge.
struct WalkBindings {
  std::vector<graph::NodeId> nodes;
  std::vector<graph::RelationshipId> relationships;  // by slot, those that are read
  std::vector<Walked> walked;
  Batch* in = nullptr;
  uint32_t row = 0;
  graph::NodeId node(Slot slot) const { return nodes[static_cast<size_t>(slot)]; }
};

// Predicates about one node alone, remembered by node.
class NodeFilter {
 public:
  NodeFilter(Executor& executor, const WalkStep& step);
  void resolve(const std::vector<ListReader>& edges);
  bool empty() const { return labels_.empty() && predicate_.empty(); }
  bool holds(graph::NodeId node);
  void prepare(const std::vector<graph::NodeId>& nodes);  // many at once, before holds

 private:
  Executor& executor_;
  Slot slot_;
  StepLabels labels_;
  Predicate predicate_;
  Batch batch_;
  absl::flat_hash_map<graph::NodeId, bool> known_;
};

// A node of a tail and all below it.
class TailNode {
 public:
  TailNode(Executor& executor, const WalkTail& tail);
  void start();
  void prepare(std::span<const graph::NodeId> nodes);  // before total() of many
  // Matches below `from`, uniqueness with what lies above `from` left aside.
  uint64_t total(graph::NodeId from);
  // Matches with this node being `node`, reached over `over`. 0: its own filters refuse it.
  uint64_t weight(graph::NodeId node, const Walked& over);
  // The same without regard to `over`; only if !sees_relationship().
  uint64_t weight(graph::NodeId node);
  bool sees_relationship() const { return sees_relationship_; }
  bool plain() const { return children_.empty() && filter_.empty(); }  // every neighbour counts 1
  NodeFilter& filter() { return filter_; }
  std::vector<ListReader>& edges() { return edges_; }

 private:
  uint64_t sum(graph::NodeId from);
  uint64_t below(graph::NodeId node, const Walked* over);
  uint64_t less(uint64_t total, graph::NodeId parent, const Walked& over);

  QueryContext& context_;
  const WalkTail& tail_;
  std::vector<ListReader> edges_;
  NodeFilter filter_;
  std::vector<std::unique_ptr<TailNode>> children_;
  bool sees_relationship_ = false;
  NodeCounts totals_;
  std::vector<graph::NodeId> scratch_;
  std::vector<uint64_t> counts_;
};

class WalkLevel;

// A tail whose root hangs on bound nodes.
class TailRoot {
 public:
  TailRoot(Executor& executor, const WalkTail& tail);
  void start();
  uint64_t count(const WalkBindings& bindings);
  // The sum of count() times how often it counts over all candidates of the last step, whose list alone is walked for it.
  bool sums_over(Slot last) const;
  uint64_t sum_over(const WalkLevel& level, WalkBindings* bindings);
  // Counts for many nodes from which the tail hangs, at once; only if it hangs on one.
  void prepare(std::span<const graph::NodeId> nodes) { node_.prepare(nodes); }

 private:
  uint64_t sum_shared(const WalkLevel& level, WalkBindings* bindings);
  uint64_t sum_strangers(const WalkLevel& level, const WalkBindings& bindings);
  bool mark_others(const WalkBindings& bindings);
  void find_last_nodes(const WalkLevel& level);
  uint64_t shared(graph::NodeId node, uint64_t ways, bool simple, const WalkBindings& bindings);

  uint64_t hanging(const WalkBindings& bindings);
  uint64_t tested(const WalkBindings& bindings, graph::NodeId from);
  uint64_t intersection(const WalkBindings& bindings);
  uint64_t probe_each(size_t walked, const WalkBindings& bindings);
  uint64_t match(graph::NodeId node, uint64_t ways, const WalkBindings& bindings);
  uint64_t exact_ways(size_t edge, graph::NodeId node, const WalkBindings& bindings);
  bool refused(graph::NodeId node, const WalkBindings& bindings);
  void collect_walked(const WalkEdge& edge, const WalkBindings& bindings, std::vector<Walked>* out) const;
  void find_specials(const WalkBindings& bindings);
  bool special(graph::NodeId node) const { return all_special_ || std::find(specials_.begin(), specials_.end(), node) != specials_.end(); }
  uint64_t ways_to(size_t differs, graph::NodeId from, graph::NodeId node);

  QueryContext& context_;
  const WalkTail& tail_;
  TailNode node_;
  std::vector<ListReader> tests_;
  std::vector<NodeMarks> marks_, test_marks_, differs_marks_;
  std::vector<graph::NodeId> differs_last_;
  std::vector<Walked> forbidden_;
  std::vector<graph::RelationshipId> chosen_, between_;
  std::vector<graph::NodeId> specials_, done_, last_nodes_;
  std::vector<uint64_t> degrees_;
  bool unique_ = false, own_conflicts_ = false, all_special_ = false;
};

}  // namespace graft::cypher
