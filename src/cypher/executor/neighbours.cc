#include "cypher/executor/neighbours.h"

#include <algorithm>

namespace graft::cypher {

TypeList::TypeList(const std::vector<Token>& types) {
  for (const Token& type : types) tokens_.emplace_back(LateToken::kType, type.name, type.id);
}

bool TypeList::resolve(QueryContext& context) {
  ids_.clear();
  for (LateToken& token : tokens_) {
    graph::TypeId id = token.find(context);
    if (id != graph::kNoToken && std::find(ids_.begin(), ids_.end(), id) == ids_.end()) ids_.push_back(id);
  }
  return tokens_.empty() || !ids_.empty();
}

void Neighbours::open(graph::NodeId node, const TypeList& types) {
  node_ = node;
  position_ = 0;
  run_ = graph::NeighbourRun();
  context_.view().expand(node, direction_, types.ids(), &cursor_);
  copied_ = context_.transaction() != nullptr;
  if (copied_) copy_runs();
}

bool Neighbours::next_run() {
  position_ = 0;
  if (cursor_.next(&run_)) return true;
  run_ = graph::NeighbourRun();  // at the end the cursor leaves the last run as it was
  return false;
}

void Neighbours::copy_runs() {
  copied_nodes_.clear();
  copied_relationships_.clear();
  while (next_run()) {
    bool skip_loops = direction_ == graph::Direction::kBoth && run_.direction == graph::Direction::kIncoming;
    for (uint32_t i = 0; i < run_.count; ++i) {
      context_.tick();
      graph::NodeId neighbour = run_.neighbour(i);
      if (skip_loops && neighbour == node_) continue;
      copied_nodes_.push_back(neighbour);
      copied_relationships_.push_back(run_.relationship(i));
    }
  }
  position_ = 0;
}

uint32_t Neighbours::next(uint32_t most, std::vector<uint64_t>* nodes, std::vector<uint64_t>* relationships) {
  uint32_t given = 0;
  if (copied_) {
    given = std::min(most, static_cast<uint32_t>(copied_nodes_.size()) - position_);
    auto from = static_cast<ptrdiff_t>(position_), to = static_cast<ptrdiff_t>(position_ + given);
    nodes->insert(nodes->end(), copied_nodes_.begin() + from, copied_nodes_.begin() + to);
    if (relationships != nullptr) {
      relationships->insert(relationships->end(), copied_relationships_.begin() + from, copied_relationships_.begin() + to);
    }
    position_ += given;
    return given;
  }
  while (given < most) {
    if (position_ == run_.count && !next_run()) break;
    bool skip_loops = direction_ == graph::Direction::kBoth && run_.direction == graph::Direction::kIncoming;
    for (; position_ < run_.count && given < most; ++position_) {
      graph::NodeId neighbour = run_.neighbour(position_);
      if (skip_loops && neighbour == node_) continue;
      nodes->push_back(neighbour);
      if (relationships != nullptr) relationships->push_back(run_.relationship(position_));
      ++given;
    }
  }
  return given;
}

std::vector<Slot> slots_kept(const PlanNode& expand, std::initializer_list<Slot> own) {
  bool whole = !static_cast<const PlanExpand&>(expand).predicates.empty();
  std::vector<Slot> slots = whole ? expand.left->available : expand.available;
  std::erase_if(slots, [&](Slot slot) { return std::find(own.begin(), own.end(), slot) != own.end(); });
  return slots;
}

}  // namespace graft::cypher
