#include "cypher/executor/walk_lists.h"

#include <algorithm>
#include <bit>

namespace graft::cypher {

using graph::Direction;
using graph::NodeId;

void NodeMarks::begin(NodeId node, uint64_t size) {
  const size_t wanted = std::bit_ceil(std::max<size_t>(16, size * 4));
  if (keys_.size() < wanted || keys_.size() > wanted * 64) {
    keys_.assign(wanted, graph::kNoId);
    counts_.assign(wanted, 0);
  } else {
    for (NodeId old : nodes_) {  // cheaper than all of the table
      for (size_t i = place(old); keys_[i] != graph::kNoId; i = (i + 1) & mask_) keys_[i] = graph::kNoId;
    }
  }
  nodes_.clear();
  filled_ = true;
  owner_ = node;
  mask_ = keys_.size() - 1;
  shift_ = 64 - std::countr_zero(keys_.size());
}

void NodeMarks::add(NodeId node) {
  for (size_t i = place(node);; i = (i + 1) & mask_) {
    if (keys_[i] == graph::kNoId) {
      keys_[i] = node;
      counts_[i] = 1;
      nodes_.push_back(node);
      return;
    }
    if (keys_[i] == node) {
      ++counts_[i];
      return;
    }
  }
}

uint64_t ListReader::degree(NodeId from) const {
  if (!known || from == graph::kNoId) return 0;
  const uint64_t degree = view().degree(from, edge.direction, ids());
  if (edge.direction != Direction::kBoth || degree == 0) return degree;
  std::vector<graph::RelationshipId> loops;
  view().relationships_between(from, from, Direction::kOutgoing, ids(), &loops);
  return degree - loops.size();
}

bool ListReader::leads_over(NodeId from, const Walked& r) const {
  if (!known || r.id == graph::kNoId) return false;
  const bool there = (edge.direction != Direction::kIncoming && r.start == from) || (edge.direction != Direction::kOutgoing && r.end == from);
  return there && (ids().empty() || std::find(ids().begin(), ids().end(), r.type) != ids().end());
}

void ListReader::between(NodeId from, NodeId to, std::vector<graph::RelationshipId>* out) const {
  out->clear();
  if (!known || from == graph::kNoId || to == graph::kNoId) return;
  view().relationships_between(from, to, edge.direction, ids(), out);
  if (from == to && edge.direction == Direction::kBoth) {
    std::sort(out->begin(), out->end());
    out->erase(std::unique(out->begin(), out->end()), out->end());
  }
}

StepLabels::StepLabels(const WalkStep& step) {
  for (const Token& label : step.labels) labels_.emplace_back(LateToken::kLabel, label.name, label.id);
}

namespace {

// Do all relationships that the edge goes over lead to a node with the label? Said by the counts.
bool always_leads_to(QueryContext& context, const ListReader& reader, graph::LabelId label) {
  if (reader.ids().empty()) return false;
  const graph::GraphView& view = context.view();
  for (graph::TypeId type : reader.ids()) {
    for (Direction far : {Direction::kOutgoing, Direction::kIncoming}) {
      if (reader.edge.direction == far) continue;  // going out the far node is the end: counted under kIncoming
      if (view.relationship_count(label, type, far) != view.relationship_count(type)) return false;
    }
  }
  view.record_label_read(label);  // counts leave no trace of themselves: see GraphView
  for (graph::TypeId type : reader.ids()) view.record_type_read(type);
  return true;
}

}  // namespace

void StepLabels::resolve(QueryContext& context, const std::vector<ListReader>& edges) {
  ids_.clear();
  possible_ = true;
  for (LateToken& token : labels_) {
    const graph::LabelId label = token.find(context);
    if (label == graph::kNoToken) possible_ = false;
    const bool sure = label != graph::kNoToken && std::any_of(edges.begin(), edges.end(), [&](const ListReader& e) { return always_leads_to(context, e, label); });
    if (!sure && label != graph::kNoToken) ids_.push_back(label);
  }
}

}  // namespace graft::cypher
