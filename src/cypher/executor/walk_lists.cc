#include "cypher/executor/walk_lists.h"

#include <algorithm>

namespace graft::cypher {

using graph::Direction;
using graph::NodeId;

uint32_t NodeMarks::Reader::far(NodeId node) const {
  auto found = far_->find(node);
  return found == far_->end() ? 0 : found->second;
}

void NodeMarks::begin(NodeId node) {
  if (++round_ == 0) {  // every 2^32 lists
    direct_.clear();
    round_ = 1;
  }
  far_.clear();
  nodes_.clear();
  filled_ = true;
  owner_ = node;
}

namespace {

bool worth_an_array(NodeId node, size_t met) { return node < kDirectIds && met * kIdsPerEntry > node; }
size_t grown_size(NodeId node, size_t now) { return std::max<size_t>(node + 1, std::min<size_t>(now * 2, kDirectIds)); }

}  // namespace

void NodeMarks::grow(NodeId node) {
  direct_.resize(grown_size(node, direct_.size()));
  absl::erase_if(far_, [&](const auto& entry) {
    if (entry.first >= direct_.size()) return false;
    direct_[entry.first] = {round_, entry.second};
    return true;
  });
}

void NodeMarks::add(NodeId node) {
  ++added_;
  if (node >= direct_.size()) {
    if (!worth_an_array(node, added_)) {
      if (++far_[node] == 1) nodes_.push_back(node);
      return;
    }
    grow(node);
  }
  Mark& mark = direct_[node];
  if (mark.round != round_) {
    mark = {round_, 0};
    nodes_.push_back(node);
  }
  ++mark.count;
}

void NodeCounts::put(NodeId node, uint64_t count) {
  constexpr size_t kRemembered = 1 << 20;
  if (node >= direct_.size()) {
    if (!worth_an_array(node, used_.size() + far_.size())) {
      if (far_.size() >= kRemembered) far_.clear();
      far_[node] = count;
      return;
    }
    grow(node);
  }
  if (direct_[node] == kUnknown) used_.push_back(node);
  direct_[node] = count;
}

void NodeCounts::grow(NodeId node) {
  direct_.resize(grown_size(node, direct_.size()), kUnknown);
  absl::erase_if(far_, [&](const auto& entry) {
    if (entry.first >= direct_.size()) return false;
    direct_[entry.first] = entry.second;
    used_.push_back(entry.first);
    return true;
  });
}

void NodeCounts::clear() {
  for (NodeId node : used_) direct_[node] = kUnknown;
  used_.clear();
  far_.clear();
}

void ListReader::mark_reversed(NodeMarks* marks, NodeId to) const {
  const Direction reversed = edge.direction == Direction::kBoth ? Direction::kBoth : edge.direction == Direction::kOutgoing ? Direction::kIncoming : Direction::kOutgoing;
  marks->fill(view(), known ? to : graph::kNoId, reversed, ids());
}

uint64_t ListReader::degree(NodeId from) const {
  if (!known || from == graph::kNoId) return 0;
  const uint64_t degree = view().degree(from, edge.direction, ids());
  if (edge.direction != Direction::kBoth || degree < 2) return degree;
  std::vector<graph::RelationshipId> loops;
  view().relationships_between(from, from, Direction::kOutgoing, ids(), &loops);
  return degree - loops.size();
}

void ListReader::degrees(std::span<const NodeId> from, std::span<uint64_t> out) const {
  if (!known) return std::fill(out.begin(), out.end(), 0);
  view().degrees(from, edge.direction, ids(), out);
  if (edge.direction != Direction::kBoth) return;
  std::vector<graph::RelationshipId> loops;
  for (size_t i = 0; i < from.size(); ++i) {
    context.tick();
    if (out[i] < 2) continue;  // a loop counts twice
    view().relationships_between(from[i], from[i], Direction::kOutgoing, ids(), &loops);
    out[i] -= loops.size();
  }
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
