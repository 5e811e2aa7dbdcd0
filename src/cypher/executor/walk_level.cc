#include "cypher/executor/walk_level.h"

#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/walked.h"
#include "cypher/planner/slots_of.h"

namespace graft::cypher {

using graph::NodeId;

WalkLevel::WalkLevel(Executor& executor, const WalkStep& step)
    : executor_(executor),
      context_(executor.context()),
      step_(step),
      marks_(step.edges.size()),
      test_marks_(step.tests.size()),
      labels_(step),
      predicate_(&executor, executor.context(), step.predicates),
      scratch_(executor.slot_count()),
      chosen_(step.edges.size()) {
  for (const WalkEdge& e : step.edges) edges_.emplace_back(context_, e);
  for (const WalkEdge& e : step.tests) tests_.emplace_back(context_, e);
  SlotSet needed;
  free_ = step.differs.empty() && step.tests.empty();
  for (const Expr* e : step.predicates) collect_slots(e, &needed);
  needed_.assign(needed.begin(), needed.end());
}

void WalkLevel::start() {
  for (ListReader& e : edges_) e.resolve();
  for (ListReader& e : tests_) e.resolve();
  labels_.resolve(context_, edges_);
  forget_marks();
}

void WalkLevel::forget_marks() {
  for (NodeMarks& m : marks_) m.forget();
  for (NodeMarks& m : test_marks_) m.forget();
}

// The list of the node bound last is walked; the others were marked when their nodes were bound, and are asked.
void WalkLevel::open(const WalkBindings& bindings) {
  context_.tick();
  at_ = 0;
  candidates_.clear();
  walked_.clear();
  for (size_t i = 0; i < tests_.size(); ++i) tests_[i].mark(&test_marks_[i], bindings.node(tests_[i].edge.from));
  const size_t last = edges_.size() - 1;
  for (size_t i = 0; i < last; ++i) {
    edges_[i].mark(&marks_[i], bindings.node(edges_[i].edge.from));
    if (marks_[i].nodes().empty()) return;
  }
  const NodeId from = bindings.node(edges_[last].edge.from);
  const uint64_t few = last > 0 ? kListSearchCost * marks_[0].nodes().size() : 0;
  if (last > 0 && from != graph::kNoId && edges_[last].most(from) > few && edges_[last].degree(from) > few) {
    search(from, bindings);
  } else {
    walk(from, bindings);
  }
  if (!predicate_.empty()) filter(bindings);
}

// A hub's list is searched for the few nodes that are marked.
void WalkLevel::search(NodeId from, const WalkBindings& bindings) {
  std::vector<graph::RelationshipId> between;
  for (NodeId node : marks_[0].nodes()) {
    context_.tick();
    if (!marked_by_all(node) || !labels_.have(context_.view(), node) || refused(node, bindings)) continue;
    edges_.back().between(from, node, &between);
    for (graph::RelationshipId id : between) {
      const graph::RelationshipRecord record = context_.view().relationship(id);
      add(node, {id, record.type, record.start, record.end}, bindings);
    }
  }
}

bool WalkLevel::marked_by_all(NodeId node) const {
  for (size_t i = 0; i + 1 < edges_.size(); ++i) {
    if (marks_[i].count(node) == 0) return false;
  }
  return true;
}

void WalkLevel::walk(NodeId from, const WalkBindings& bindings) {
  edges_.back().each(from, [&](const graph::NeighbourRun& run, NodeId node, uint32_t i) {
    if (!marked_by_all(node)) return;
    if ((labels_.empty() || labels_.have(context_.view(), node)) && (free_ || !refused(node, bindings))) add(node, walked_of(run, from, node, i), bindings);
  });
}

bool WalkLevel::refused(NodeId node, const WalkBindings& bindings) const {
  for (Slot slot : step_.differs) {
    if (bindings.node(slot) == node) return true;
  }
  for (size_t i = 0; i < tests_.size(); ++i) {
    if ((test_marks_[i].count(node) > 0) == tests_[i].edge.negated) return true;
  }
  return false;
}

bool WalkLevel::walked_before(const ListReader& edge, graph::RelationshipId id, const WalkBindings& bindings) const {
  for (int other : edge.edge.unique_with) {
    if (bindings.walked[static_cast<size_t>(other)].id == id) return true;
    for (size_t i = 0; i < edges_.size(); ++i) {
      if (edges_[i].edge.id == other && chosen_[i].id == id) return true;
    }
  }
  return !edge.edge.unique_slots.empty() && is_walked(*bindings.in, bindings.row, edge.edge.unique_slots, id);
}

void WalkLevel::add(NodeId node, const Walked& first, const WalkBindings& bindings) {
  context_.tick();
  if (edges_.size() == 1) {
    const WalkEdge& edge = edges_[0].edge;
    for (int other : edge.unique_with) {
      if (bindings.walked[static_cast<size_t>(other)].id == first.id) return;
    }
    if (!edge.unique_slots.empty() && is_walked(*bindings.in, bindings.row, edge.unique_slots, first.id)) return;
    candidates_.push_back({node, 1});
    if (edge.tracked) walked_.push_back(first);
    return;
  }
  std::fill(chosen_.begin(), chosen_.end(), Walked());
  const size_t last = edges_.size() - 1;
  if (walked_before(edges_[last], first.id, bindings)) return;
  chosen_[last] = first;
  join(0, node, 1, bindings);
}

// The edges beside the one that is walked: each relationship by itself if it matters which, else how many there are.
void WalkLevel::join(size_t edge, NodeId node, uint64_t times, const WalkBindings& bindings) {
  if (edge + 1 == edges_.size()) {
    candidates_.push_back({node, times});
    walked_.insert(walked_.end(), chosen_.begin(), chosen_.end());
    return;
  }
  const ListReader& reader = edges_[edge];
  if (!reader.edge.tracked) return join(edge + 1, node, checked_product(times, marks_[edge].count(node)), bindings);
  std::vector<graph::RelationshipId> between;
  reader.between(bindings.node(reader.edge.from), node, &between);
  for (graph::RelationshipId id : between) {
    if (walked_before(reader, id, bindings)) continue;
    const graph::RelationshipRecord record = context_.view().relationship(id);
    chosen_[edge] = {id, record.type, record.start, record.end};
    join(edge + 1, node, times, bindings);
    chosen_[edge] = Walked();
  }
}

void WalkLevel::put_row(const Candidate& candidate, const Walked* over, const WalkBindings& bindings) {
  const uint32_t row = scratch_.size++;
  for (Slot slot : needed_) {
    Column& column = scratch_.column(slot);
    if (slot == step_.node) {
      column.set(row, graph::Value::node(candidate.node));
    } else if (bindings.node(slot) != graph::kNoId) {
      column.set(row, graph::Value::node(bindings.node(slot)));
    } else if (bindings.relationships[static_cast<size_t>(slot)] != graph::kNoId) {
      column.set(row, graph::Value::relationship(bindings.relationships[static_cast<size_t>(slot)]));
    } else {
      column.set(row, bindings.in->column(slot).get(bindings.row));
    }
  }
  for (size_t i = 0; i < edges_.size(); ++i) {
    const Slot slot = edges_[i].edge.relationship;
    if (slot != kNoSlot) scratch_.column(slot).set(row, graph::Value::relationship(over[i].id));
  }
}

void WalkLevel::filter(const WalkBindings& bindings) {
  std::vector<Candidate> kept;
  std::vector<Walked> kept_walked;
  const size_t width = walked_.size() / std::max<size_t>(1, candidates_.size());
  for (size_t begin = 0; begin < candidates_.size(); begin += kBatchRows) {
    const size_t n = std::min<size_t>(kBatchRows, candidates_.size() - begin);
    scratch_.clear_all();
    for (size_t i = begin; i < begin + n; ++i) put_row(candidates_[i], walked_.data() + i * width, bindings);
    auto all = identity_rows(scratch_.size);
    std::vector<uint32_t> rows(all.begin(), all.end());
    predicate_.filter(Frame{context_, &scratch_, 0, executor_.locals()}, &rows);
    for (uint32_t row : rows) {
      kept.push_back(candidates_[begin + row]);
      const auto from = walked_.begin() + static_cast<ptrdiff_t>((begin + row) * width);
      kept_walked.insert(kept_walked.end(), from, from + static_cast<ptrdiff_t>(width));
    }
  }
  candidates_ = std::move(kept);
  walked_ = std::move(kept_walked);
}

void WalkLevel::bind(size_t candidate, WalkBindings* bindings) const {
  bindings->nodes[static_cast<size_t>(step_.node)] = candidates_[candidate].node;
  for (size_t i = 0; i < edges_.size(); ++i) {
    const WalkEdge& edge = edges_[i].edge;
    if (!edge.tracked) continue;
    const Walked& over = walked_[candidate * edges_.size() + i];
    bindings->walked[static_cast<size_t>(edge.id)] = over;
    if (edge.relationship != kNoSlot) bindings->relationships[static_cast<size_t>(edge.relationship)] = over.id;
  }
}

// An earlier step's next candidates may go over what this one went over last.
void WalkLevel::unbind(WalkBindings* bindings) const {
  for (const ListReader& e : edges_) bindings->walked[static_cast<size_t>(e.edge.id)] = {};
}

uint64_t WalkLevel::advance(WalkBindings* bindings) {
  if (at_ == candidates_.size()) {
    unbind(bindings);
    return 0;
  }
  bind(at_, bindings);
  return candidates_[at_++].times;
}

}  // namespace graft::cypher
