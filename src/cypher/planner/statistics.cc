#include "cypher/planner/statistics.h"

#include <algorithm>

namespace graft::cypher {

uint64_t CountUsed::now(const graph::GraphView& view) const {
  switch (kind) {
    case Kind::kNodes: return view.node_count();
    case Kind::kLabel: return view.node_count(first);
    case Kind::kRelationships: return view.relationship_count();
    case Kind::kType: return view.relationship_count(first);
    case Kind::kLabelAndType: return view.relationship_count(first, second, direction);
    case Kind::kIndexEntries: return view.index_entries(first);
    case Kind::kIndexDistinct: return view.index_distinct(first);
  }
  return 0;
}

bool changed_much(uint64_t then, uint64_t now) {
  const uint64_t low = std::min(then, now), high = std::max(then, now);
  return high > 1'000 && high > low * 4;
}

bool still_hold(const std::vector<CountUsed>& counts, const graph::GraphView& view) {
  return std::none_of(counts.begin(), counts.end(), [&](const CountUsed& used) { return changed_much(used.count, used.now(view)); });
}

uint64_t Statistics::ask(CountUsed what) const {
  for (const CountUsed& known : used_) {
    if (known.kind == what.kind && known.first == what.first && known.second == what.second && known.direction == what.direction) return known.count;
  }
  what.count = what.now(view_);
  used_.push_back(what);
  return what.count;
}

}  // namespace graft::cypher
