// The root of a tail: what hangs on bound nodes, with the constraints that involve them.

#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/walk_level.h"
#include "cypher/executor/walk_tail.h"
#include "cypher/executor/walked.h"

namespace graft::cypher {

using graph::NodeId;

TailRoot::TailRoot(Executor& executor, const WalkTail& tail)
    : context_(executor.context()), tail_(tail), node_(executor, tail), marks_(tail.step.edges.size()), test_marks_(tail.step.tests.size()),
      differs_marks_(tail.step.differs.size()), differs_last_(tail.step.differs.size(), graph::kNoId) {
  for (const WalkEdge& e : tail.step.tests) tests_.emplace_back(context_, e);
  for (const WalkEdge& e : tail.step.edges) {
    unique_ |= !e.unique_with.empty() || !e.unique_slots.empty();
    for (const WalkEdge& other : tail.step.edges) {
      own_conflicts_ |= std::find(e.unique_with.begin(), e.unique_with.end(), other.id) != e.unique_with.end();
    }
  }
}

void TailRoot::start() {
  node_.start();
  for (ListReader& e : tests_) e.resolve();
  for (NodeMarks& m : marks_) m.forget();
  for (NodeMarks& m : test_marks_) m.forget();
  for (NodeMarks& m : differs_marks_) m.forget();
}

uint64_t TailRoot::count(const WalkBindings& bindings) {
  context_.tick();
  return tail_.step.edges.size() == 1 ? hanging(bindings) : intersection(bindings);
}

bool TailRoot::refused(NodeId node, const WalkBindings& bindings) {
  for (Slot slot : tail_.step.differs) {
    if (bindings.node(slot) == node) return true;
  }
  for (size_t i = 0; i < tests_.size(); ++i) {
    if ((test_marks_[i].count(node) > 0) == tests_[i].edge.negated) return true;
  }
  return false;
}

// Relationships that the edge must not go over again.
void TailRoot::collect_walked(const WalkEdge& edge, const WalkBindings& bindings, std::vector<Walked>* out) const {
  out->clear();
  const auto add = [&](const Walked& r) {
    const bool there = std::any_of(out->begin(), out->end(), [&](const Walked& other) { return other.id == r.id; });
    if (r.id != graph::kNoId && !there) out->push_back(r);
  };
  for (int other : edge.unique_with) add(bindings.walked[static_cast<size_t>(other)]);
  const auto add_value = [&](const graph::Value& v) {
    if (v.type() != graph::ValueType::kRelationship) return;
    const graph::RelationshipRecord record = context_.view().relationship(v.as_relationship());
    add({v.as_relationship(), record.type, record.start, record.end});
  };
  for (Slot slot : edge.unique_slots) {
    const graph::Value v = bindings.in->column(slot).get(bindings.row);
    add_value(v);
    if (v.type() != graph::ValueType::kList) continue;
    for (const graph::Value& item : v.as_list()) add_value(item);
  }
}

// One edge: all matches, less those that are forbidden.
uint64_t TailRoot::hanging(const WalkBindings& bindings) {
  const ListReader& edge = node_.edges()[0];
  const NodeId from = bindings.node(edge.edge.from);
  if (from == graph::kNoId) return 0;
  collect_walked(edge.edge, bindings, &forbidden_);
  if (!tests_.empty()) return tested(bindings, from);
  uint64_t out = node_.total(from);
  if (out == 0) return 0;
  for (const Walked& r : forbidden_) {
    if (!edge.leads_over(from, r)) continue;
    out -= node_.weight(r.start == from ? r.end : r.start, r);
  }
  for (size_t i = 0; i < tail_.step.differs.size(); ++i) {
    const NodeId node = bindings.node(tail_.step.differs[i]);
    const auto earlier = tail_.step.differs.begin() + static_cast<ptrdiff_t>(i);
    if (std::any_of(tail_.step.differs.begin(), earlier, [&](Slot s) { return bindings.node(s) == node; })) continue;
    if (!node_.sees_relationship() && forbidden_.empty()) {
      if (const uint64_t ways = ways_to(i, from, node)) out -= ways * node_.weight(node);
      continue;
    }
    edge.between(from, node, &between_);
    for (graph::RelationshipId id : between_) {
      const bool gone = std::any_of(forbidden_.begin(), forbidden_.end(), [&](const Walked& r) { return r.id == id; });
      if (gone) continue;
      const graph::RelationshipRecord record = context_.view().relationship(id);
      out -= node_.weight(node, {id, record.type, record.start, record.end});
    }
  }
  return out;
}

// Relationships from `from` to a node that must not be met. One that stays while `from` changes is asked about its own list.
uint64_t TailRoot::ways_to(size_t differs, NodeId from, NodeId node) {
  const ListReader& edge = node_.edges()[0];
  NodeMarks& marks = differs_marks_[differs];
  if (marks.holds(node) || differs_last_[differs] == node) {
    edge.mark_reversed(&marks, node);
    return marks.count(from);
  }
  differs_last_[differs] = node;
  edge.between(from, node, &between_);
  return between_.size();
}

// With (NOT) EXISTS { (bound)--(node) }: the list is gone through once; what is refused is taken from the total when all
// tests say NOT, since few are; else what passes is added up.
uint64_t TailRoot::tested(const WalkBindings& bindings, NodeId from) {
  const bool subtract = std::all_of(tests_.begin(), tests_.end(), [](const ListReader& t) { return t.edge.negated; });
  for (size_t i = 0; i < tests_.size(); ++i) tests_[i].mark(&test_marks_[i], bindings.node(tests_[i].edge.from));
  uint64_t out = 0;
  const bool one_test = subtract && tests_.size() == 1 && tail_.step.differs.size() <= 1;
  const NodeId other = tail_.step.differs.size() == 1 ? bindings.node(tail_.step.differs[0]) : graph::kNoId;
  node_.edges()[0].each(from, [&](const graph::NeighbourRun& run, NodeId node, uint32_t i) {
    bool bad = one_test ? test_marks_[0].count(node) > 0 || node == other : refused(node, bindings);
    if (!bad && !forbidden_.empty()) {
      const graph::RelationshipId id = run.relationship(i);
      bad = std::any_of(forbidden_.begin(), forbidden_.end(), [&](const Walked& r) { return r.id == id; });
    }
    if (bad == subtract) out += node_.sees_relationship() ? node_.weight(node, walked_of(run, from, node, i)) : node_.weight(node);
  });
  return subtract ? node_.total(from) - out : out;
}

// The lists of the nodes that were bound earlier; false: one is empty.
bool TailRoot::mark_others(const WalkBindings& bindings) {
  const std::vector<ListReader>& edges = node_.edges();
  for (size_t i = 0; i + 1 < edges.size(); ++i) {
    if (bindings.node(edges[i].edge.from) == graph::kNoId || !edges[i].known) return false;
    edges[i].mark(&marks_[i], bindings.node(edges[i].edge.from));
    if (marks_[i].nodes().empty()) return false;
  }
  return true;
}

// Several edges: the neighbours that all of the bound nodes share. The list of the node bound last is walked, the others
// were marked when their nodes were bound and are asked.
uint64_t TailRoot::intersection(const WalkBindings& bindings) {
  std::vector<ListReader>& edges = node_.edges();
  if (unique_) find_specials(bindings);
  for (size_t i = 0; i < tests_.size(); ++i) tests_[i].mark(&test_marks_[i], bindings.node(tests_[i].edge.from));
  const size_t walked = edges.size() - 1;
  if (!mark_others(bindings)) return 0;
  const NodeId from = bindings.node(edges[walked].edge.from);
  if (from == graph::kNoId || !edges[walked].known) return 0;
  // A hub's list is searched for the few marked ones instead
  const uint64_t few = kListSearchCost * marks_[0].nodes().size();
  if (edges[walked].most(from) <= few || edges[walked].degree(from) <= few) return probe_each(walked, bindings);
  uint64_t out = 0;
  for (NodeId node : marks_[0].nodes()) {
    context_.tick();
    uint64_t ways = 1;
    for (size_t i = 0; i < walked && ways > 0; ++i) ways *= marks_[i].count(node);
    if (ways == 0) continue;
    edges[walked].between(from, node, &between_);
    if (!between_.empty()) out = checked_sum(out, match(node, ways * between_.size(), bindings));
  }
  return out;
}

uint64_t TailRoot::probe_each(size_t walked, const WalkBindings& bindings) {
  uint64_t out = 0;
  done_.clear();
  const NodeMarks& first = marks_[0];
  const bool free = tail_.step.differs.empty() && tests_.empty(), each_counts_one = node_.plain();
  node_.edges()[walked].each(bindings.node(node_.edges()[walked].edge.from), [&](const graph::NeighbourRun&, NodeId node, uint32_t) {
    uint64_t ways = first.count(node);
    if (ways == 0) [[likely]] return;
    for (size_t i = 1; i < walked && ways > 0; ++i) ways *= marks_[i].count(node);
    if (ways == 0) return;
    if (unique_ && special(node)) {  // counted whole, with all its relationships, at its first appearance
      if (std::find(done_.begin(), done_.end(), node) != done_.end()) return;
      done_.push_back(node);
    } else if (free && each_counts_one) {
      out += ways;
      return;
    }
    out = checked_sum(out, match(node, ways, bindings));
  });
  return out;
}

// A relationship can come twice only between two nodes that are bound already, or when two edges come from one node.
void TailRoot::find_specials(const WalkBindings& bindings) {
  specials_.clear();
  all_special_ = false;
  const std::vector<WalkEdge>& edges = tail_.step.edges;
  for (size_t i = 0; i < edges.size(); ++i) {
    all_special_ |= !edges[i].unique_slots.empty();
    const NodeId from = bindings.node(edges[i].from);
    specials_.push_back(from);
    for (size_t j = 0; own_conflicts_ && j < i; ++j) all_special_ |= bindings.node(edges[j].from) == from;
    for (int other : edges[i].unique_with) {
      const Walked& r = bindings.walked[static_cast<size_t>(other)];
      if (r.id == graph::kNoId) continue;
      for (NodeId end : {r.start, r.end}) {
        if (std::find(specials_.begin(), specials_.end(), end) == specials_.end()) specials_.push_back(end);
      }
    }
  }
}

uint64_t TailRoot::match(NodeId node, uint64_t ways, const WalkBindings& bindings) {
  if (refused(node, bindings)) return 0;
  const uint64_t weight = node_.weight(node);
  if (weight == 0) return 0;
  if (unique_ && special(node)) {
    chosen_.clear();
    ways = exact_ways(0, node, bindings);
  }
  return checked_product(ways, weight);
}

// In how many ways the edges from `edge` on can go to the node with no relationship twice.
uint64_t TailRoot::exact_ways(size_t edge, NodeId node, const WalkBindings& bindings) {
  if (edge == node_.edges().size()) return 1;
  const ListReader& reader = node_.edges()[edge];
  std::vector<graph::RelationshipId> candidates;
  reader.between(bindings.node(reader.edge.from), node, &candidates);
  std::vector<Walked> forbidden;
  collect_walked(reader.edge, bindings, &forbidden);
  uint64_t out = 0;
  for (graph::RelationshipId id : candidates) {
    if (std::any_of(forbidden.begin(), forbidden.end(), [&](const Walked& r) { return r.id == id; })) continue;
    bool taken = false;
    for (size_t i = 0; i < edge && !taken; ++i) {
      const std::vector<int>& with = reader.edge.unique_with;
      taken = chosen_[i] == id && std::find(with.begin(), with.end(), node_.edges()[i].edge.id) != with.end();
    }
    if (taken) continue;
    chosen_.push_back(id);
    out += exact_ways(edge + 1, node, bindings);
    chosen_.pop_back();
  }
  return out;
}

// ---- All candidates of a step at once -----------------------------------------------------------------------------

// Only the edge that is walked may lead to the step's node: what the others lead to is marked once.
bool TailRoot::sums_over(Slot last) const {
  const WalkStep& step = tail_.step;
  const auto from_last = [&](const WalkEdge& e) { return e.from == last; };
  if (!from_last(step.edges.back()) || std::any_of(step.edges.begin(), step.edges.end() - 1, from_last)) return false;
  if (step.edges.size() > 1) return step.tests.empty();
  return step.tests.size() == 1 && step.tests[0].negated && !from_last(step.tests[0]) && step.differs.size() <= 1 && !unique_ && !node_.sees_relationship();
}

uint64_t TailRoot::sum_over(const WalkLevel& level, WalkBindings* bindings) {
  const uint64_t out = tests_.empty() ? sum_shared(level, bindings) : sum_strangers(level, *bindings);
  level.unbind(bindings);
  return out;
}

namespace {

// Calls met(node) for each entry of a list that is marked, or is `also`: all else is passed by in a tight loop.
template <class Id, class Met>
[[gnu::always_inline]] inline void meet(const Id* ids, uint32_t count, NodeId skip, NodeId also, const NodeMarks::Reader marks, Met& met) {
  for (uint32_t i = 0; i < count; ++i) {
    const NodeId node = ids[i];
    if (marks.count(node) == 0 && node != also) [[likely]] continue;
    if (node != skip) met(node);
  }
}

template <class Met>
[[gnu::always_inline]] inline void meet_all(const ListReader& list, NodeId from, NodeId also, const NodeMarks::Reader& marks, Met&& met) {
  graph::NeighbourCursor cursor;
  graph::NeighbourRun run;
  list.view().expand(from, list.edge.direction, list.ids(), &cursor);
  while (cursor.next(&run)) {
    const bool again = list.edge.direction == graph::Direction::kBoth && run.direction == graph::Direction::kIncoming;  // a self-loop
    const NodeId skip = again ? from : graph::kNoId;
    if (run.wide) [[unlikely]] {
      meet(reinterpret_cast<const uint64_t*>(run.neighbours), run.count, skip, also, marks, met);
    } else {
      meet(reinterpret_cast<const uint32_t*>(run.neighbours), run.count, skip, also, marks, met);
    }
  }
}

void prefetch_lists(const ListReader& list, const std::vector<NodeId>& nodes, size_t at) {
  if (at % graph::GraphView::kPrefetchNodes != 0 || nodes.size() - at < 8) return;
  list.view().prefetch_adjacency(std::span(nodes).subspan(at, std::min(nodes.size() - at, graph::GraphView::kPrefetchNodes)), list.edge.direction);
}

}  // namespace

// Neighbours of each candidate that the other bound nodes share: most of them are not, and those are passed by quickly.
uint64_t TailRoot::sum_shared(const WalkLevel& level, WalkBindings* bindings) {
  if (level.candidates().empty() || !mark_others(*bindings) || !node_.edges().back().known) return 0;
  const ListReader& walked = node_.edges().back();
  find_last_nodes(level);
  degrees_.resize(last_nodes_.size());
  walked.view().degrees(last_nodes_, walked.edge.direction, {}, degrees_);
  const uint64_t few = kListSearchCost * marks_[0].nodes().size();
  const bool simple = tail_.step.differs.empty() && node_.plain();
  const NodeMarks::Reader first = marks_[0].reader();
  uint64_t out = 0;
  for (size_t c = 0; c < last_nodes_.size(); ++c) {
    context_.tick();
    prefetch_lists(walked, last_nodes_, c);
    const uint64_t times = level.candidates()[c].times;
    if (degrees_[c] > few) [[unlikely]] {  // a hub's list is searched
      level.bind(c, bindings);
      out = checked_sum(out, checked_product(times, intersection(*bindings)));
      continue;
    }
    uint64_t sum = 0;
    bool bound = !unique_ && simple;
    meet_all(walked, last_nodes_[c], graph::kNoId, first, [&](NodeId node) __attribute__((noinline)) {
      if (!bound) {
        bound = true;
        level.bind(c, bindings);
        done_.clear();
        if (unique_) find_specials(*bindings);
      }
      sum = checked_sum(sum, shared(node, first.count(node), simple, *bindings));
    });
    if (sum > 0) out = checked_sum(out, checked_product(times, sum));
  }
  return out;
}

void TailRoot::find_last_nodes(const WalkLevel& level) {
  last_nodes_.clear();
  for (const WalkLevel::Candidate& c : level.candidates()) last_nodes_.push_back(c.node);
}

// What a node counts that the walked list and the first of the marked ones have.
uint64_t TailRoot::shared(NodeId node, uint64_t ways, bool simple, const WalkBindings& bindings) {
  for (size_t i = 1; i + 1 < marks_.size() && ways > 0; ++i) ways *= marks_[i].count(node);
  if (ways == 0) return 0;
  if (unique_ && special(node)) {  // counted whole, with all its relationships, at its first appearance
    if (std::find(done_.begin(), done_.end(), node) != done_.end()) return 0;
    done_.push_back(node);
  } else if (simple) {
    return ways;
  }
  return match(node, ways, bindings);
}

// Neighbours of each candidate that the tested node is not related to: all, less the few that it is.
uint64_t TailRoot::sum_strangers(const WalkLevel& level, const WalkBindings& bindings) {
  const ListReader& edge = node_.edges()[0];
  if (!edge.known) return 0;
  tests_[0].mark(&test_marks_[0], bindings.node(tests_[0].edge.from));
  const NodeMarks::Reader known = test_marks_[0].reader();
  const Slot differs = tail_.step.differs.empty() ? kNoSlot : tail_.step.differs[0];
  const bool itself = differs == level.node();
  const NodeId other = differs == kNoSlot || itself ? graph::kNoId : bindings.node(differs);
  const uint64_t others_weight = other == graph::kNoId ? 0 : node_.weight(other);
  find_last_nodes(level);
  uint64_t out = 0;
  for (size_t c = 0; c < last_nodes_.size(); ++c) {
    context_.tick();
    prefetch_lists(edge, last_nodes_, c);
    const uint64_t total = node_.total(last_nodes_[c]);
    if (total == 0) continue;
    uint64_t refused = 0;
    meet_all(edge, last_nodes_[c], itself ? last_nodes_[c] : other, known, [&](NodeId node) { refused += node == other ? others_weight : node_.weight(node); });
    out = checked_sum(out, checked_product(level.candidates()[c].times, total - refused));
  }
  return out;
}

}  // namespace graft::cypher
