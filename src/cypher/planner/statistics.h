#pragma once

// The counts of a graph that a plan was chosen by. They are remembered with it: when one of them has changed much, another
// plan may be better, and the statement is planned anew.

#include <vector>

#include "graph/view.h"

namespace graft::cypher {

struct CountUsed {
  enum class Kind : uint8_t { kNodes, kLabel, kRelationships, kType, kLabelAndType, kIndexEntries, kIndexDistinct };
  Kind kind = Kind::kNodes;
  uint32_t first = 0, second = 0;       // label, type or index; of kLabelAndType label and type
  graph::Direction direction = graph::Direction::kOutgoing;  // of kLabelAndType
  uint64_t count = 0;                   // then

  uint64_t now(const graph::GraphView& view) const;
};

// Of another order of magnitude?
bool changed_much(uint64_t then, uint64_t now);
bool still_hold(const std::vector<CountUsed>& counts, const graph::GraphView& view);

// The counts of a view, as GraphView gives them, each noted when it is asked for.
class Statistics {
 public:
  explicit Statistics(const graph::GraphView& view) : view_(view) {}
  uint64_t node_count() const { return ask({CountUsed::Kind::kNodes}); }
  uint64_t node_count(graph::LabelId label) const { return ask({CountUsed::Kind::kLabel, label}); }
  uint64_t relationship_count() const { return ask({CountUsed::Kind::kRelationships}); }
  uint64_t relationship_count(graph::TypeId type) const { return ask({CountUsed::Kind::kType, type}); }
  uint64_t relationship_count(graph::LabelId label, graph::TypeId type, graph::Direction direction) const {
    return ask({CountUsed::Kind::kLabelAndType, label, type, direction});
  }
  uint64_t index_entries(graph::IndexId index) const { return ask({CountUsed::Kind::kIndexEntries, index}); }
  uint64_t index_distinct(graph::IndexId index) const { return ask({CountUsed::Kind::kIndexDistinct, index}); }
  const graph::GraphView& view() const { return view_; }  // not noted
  std::vector<CountUsed> take_used() { return std::move(used_); }

 private:
  uint64_t ask(CountUsed what) const;
  const graph::GraphView& view_;
  mutable std::vector<CountUsed> used_;  // each once
};

}  // namespace graft::cypher
