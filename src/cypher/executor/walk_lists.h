#pragma once

// Neighbour lists as the walk operator reads them: straight from the pages, in loops that the compiler can see through.

#include <absl/container/flat_hash_map.h>

#include <memory>
#include <span>
#include <vector>

#include "cypher/executor/neighbours.h"
#include "cypher/planner/walk.h"

namespace graft::cypher {

// A relationship that a walk goes over.
struct Walked {
  graph::RelationshipId id = graph::kNoId;
  graph::TypeId type = graph::kNoToken;
  graph::NodeId start = graph::kNoId, end = graph::kNoId;
};

// visit(run, neighbours as an array of 4 or 8 byte ids, first entry that counts) for each run; a self-loop shows once.
template <class Visit>
void visit_neighbours(const graph::GraphView& view, graph::NodeId node, graph::Direction direction, std::span<const graph::TypeId> types, Visit&& visit) {
  graph::NeighbourCursor cursor;
  graph::NeighbourRun run;
  view.expand(node, direction, types, &cursor);
  const auto each = [&](const auto* ids) {
    const bool skip_loops = direction == graph::Direction::kBoth && run.direction == graph::Direction::kIncoming;
    for (uint32_t i = 0; i < run.count; ++i) {
      if (skip_loops && ids[i] == node) continue;
      visit(run, graph::NodeId{ids[i]}, i);
    }
  };
  while (cursor.next(&run)) {
    if (run.wide) {
      each(reinterpret_cast<const uint64_t*>(run.neighbours));
    } else {
      each(reinterpret_cast<const uint32_t*>(run.neighbours));
    }
  }
}

inline Walked walked_of(const graph::NeighbourRun& run, graph::NodeId node, graph::NodeId neighbour, uint32_t i) {
  const bool outgoing = run.direction == graph::Direction::kOutgoing;
  return {run.relationship(i), run.type, outgoing ? node : neighbour, outgoing ? neighbour : node};
}

inline constexpr uint64_t kListSearchCost = 16;  // of asking for one node in a list, in steps along it

// Ids below this may be looked up in plain arrays, others in hash tables. An array grows up to an id only once a part of
// that many have been met: a query that meets a few nodes must not pay for the graph's size.
inline constexpr graph::NodeId kDirectIds = 1 << 22;
inline constexpr size_t kIdsPerEntry = 16;

// How often each node is in one neighbour list.
class NodeMarks {
 public:
  template <class Types>
  void fill(const graph::GraphView& view, graph::NodeId node, graph::Direction direction, const Types& types) {
    if (filled_ && owner_ == node) return;
    begin(node);
    if (node != graph::kNoId) visit_neighbours(view, node, direction, types, [&](const graph::NeighbourRun&, graph::NodeId neighbour, uint32_t) { add(neighbour); });
  }
  void forget() { filled_ = false; }
  bool holds(graph::NodeId node) const { return filled_ && owner_ == node; }
  uint32_t count(graph::NodeId node) const { return reader().count(node); }
  const std::vector<graph::NodeId>& nodes() const { return nodes_; }  // each once

 private:
  struct Mark {
    uint32_t round = 0, count = 0;  // of another round: none
  };

 public:
  // For loops: until the next fill.
  class Reader {
   public:
    [[gnu::always_inline]] uint32_t count(graph::NodeId node) const {
      if (node < size_) [[likely]] return direct_[node].round == round_ ? direct_[node].count : 0;
      return far_->empty() ? 0 : far(node);
    }

   private:
    friend class NodeMarks;
    uint32_t far(graph::NodeId node) const;
    const Mark* direct_ = nullptr;
    size_t size_ = 0;
    uint32_t round_ = 0;
    const absl::flat_hash_map<graph::NodeId, uint32_t>* far_ = nullptr;
  };
  Reader reader() const {
    Reader out;
    out.direct_ = direct_.data();
    out.size_ = direct_.size();
    out.round_ = round_;
    out.far_ = &far_;
    return out;
  }

 private:
  void begin(graph::NodeId node);
  void add(graph::NodeId node);
  void grow(graph::NodeId node);

  bool filled_ = false;
  graph::NodeId owner_ = graph::kNoId;
  uint32_t round_ = 0;
  size_t added_ = 0;  // in all lists
  std::vector<Mark> direct_;
  absl::flat_hash_map<graph::NodeId, uint32_t> far_;
  std::vector<graph::NodeId> nodes_;
};

// A count remembered by node.
class NodeCounts {
 public:
  static constexpr uint64_t kUnknown = ~uint64_t{0};
  uint64_t find(graph::NodeId node) const {
    if (node < direct_.size()) return direct_[node];
    if (far_.empty()) return kUnknown;
    auto found = far_.find(node);
    return found == far_.end() ? kUnknown : found->second;
  }
  void put(graph::NodeId node, uint64_t count);
  void clear();

 private:
  void grow(graph::NodeId node);
  std::vector<uint64_t> direct_;
  std::vector<graph::NodeId> used_;  // of direct_
  absl::flat_hash_map<graph::NodeId, uint64_t> far_;
};

// An edge made ready for a run.
struct ListReader {
  ListReader(QueryContext& c, const WalkEdge& e) : context(c), edge(e), types(e.types) {}
  // To be called before each use of a run: names may have come into being.
  void resolve() { known = types.resolve(context); }
  std::span<const graph::TypeId> ids() const { return types.ids(); }
  const graph::GraphView& view() const { return context.view(); }

  // visit(run, neighbour, i)
  template <class Visit>
  void each(graph::NodeId from, Visit&& visit) const {
    if (known && from != graph::kNoId) visit_neighbours(view(), from, edge.direction, ids(), visit);
  }
  uint64_t degree(graph::NodeId from) const;  // a self-loop counts once
  void degrees(std::span<const graph::NodeId> from, std::span<uint64_t> out) const;
  // Not less than degree, but quick.
  uint64_t most(graph::NodeId from) const { return view().degree(from, edge.direction, {}); }
  // Would the list of `from` show this relationship?
  bool leads_over(graph::NodeId from, const Walked& r) const;
  // Relationships between the two, in the edge's direction.
  void between(graph::NodeId from, graph::NodeId to, std::vector<graph::RelationshipId>* out) const;
  // The list of those that lead to `to`.
  void mark_reversed(NodeMarks* marks, graph::NodeId to) const;
  void mark(NodeMarks* marks, graph::NodeId from) const { marks->fill(view(), known ? from : graph::kNoId, edge.direction, ids()); }

  QueryContext& context;
  const WalkEdge& edge;
  TypeList types;
  bool known = false;
};

// The labels that a step asks for, without those that all neighbours by its edge have anyway.
class StepLabels {
 public:
  explicit StepLabels(const WalkStep& step);
  void resolve(QueryContext& context, const std::vector<ListReader>& edges);
  bool empty() const { return ids_.empty() && possible_; }
  bool have(const graph::GraphView& view, graph::NodeId node) const {
    if (!possible_) return false;
    for (graph::LabelId label : ids_) {
      if (!view.has_label(node, label)) return false;
    }
    return true;
  }

 private:
  std::vector<LateToken> labels_;
  std::vector<graph::LabelId> ids_;
  bool possible_ = true;
};

}  // namespace graft::cypher
