// Spine or tail: a node goes into a tail when nobody needs it, what it hangs on is known, and the constraints on it can be
// told from its parent, or, at a tail's root, from what the walk has bound.

#include <algorithm>

#include "cypher/planner/walk_pattern.h"

namespace graft::cypher {
namespace {

class Orderer {
 public:
  Orderer(const WalkPattern& pattern, const std::vector<Slot>& nodes, const SlotSet& needed) : p_(pattern), order_{nodes, std::vector<bool>(nodes.size(), true)}, needed_(needed) {
    for (const PatternEdge& e : p_.edges) owner_.push_back(later(e.from, e.to));
  }

  WalkOrder run() {
    for (int i = static_cast<int>(order_.nodes.size()) - 1; i >= 0; --i) {
      order_.spine[static_cast<size_t>(i)] = false;
      if (pinned(i) || !legal()) order_.spine[static_cast<size_t>(i)] = true;
    }
    return order_;
  }

 private:
  int position(Slot node) const {  // -1: of the input
    const auto at = std::find(order_.nodes.begin(), order_.nodes.end(), node);
    return at == order_.nodes.end() ? -1 : static_cast<int>(at - order_.nodes.begin());
  }
  int later(Slot a, Slot b) const { return std::max(position(a), position(b)); }
  bool bound(int at) const { return at < 0 || order_.spine[static_cast<size_t>(at)]; }

  // Must be walked: it, or a relationship that leads to it, is read, or a predicate is about more than it alone.
  bool pinned(int at) const {
    const Slot node = order_.nodes[static_cast<size_t>(at)];
    if (needed_.contains(node)) return true;
    for (size_t i = 0; i < p_.edges.size(); ++i) {
      if (owner_[i] == at && p_.edges[i].read) return true;
    }
    return std::any_of(p_.predicates.begin(), p_.predicates.end(), [&](const PatternPredicate& p) {
      if (p.needs == SlotSet{node}) return false;
      return p.needs.contains(node) || std::any_of(p_.edges.begin(), p_.edges.end(), [&](const PatternEdge& e) {
               return p.needs.contains(e.slot) && later(e.from, e.to) == at;
             });
    });
  }

  // Parent of a tail's node: -2 none, -1 it is a root.
  bool find_parents() {
    parents_.assign(order_.nodes.size(), -2);
    std::vector<int> inner(order_.nodes.size(), 0), outer(order_.nodes.size(), 0);
    for (size_t i = 0; i < p_.edges.size(); ++i) {
      const int owner = owner_[i], other = std::min(position(p_.edges[i].from), position(p_.edges[i].to));
      if (bound(owner)) {
        if (!bound(other)) return false;  // a spine node behind a tail
        continue;
      }
      ++(bound(other) ? outer : inner)[static_cast<size_t>(owner)];
      parents_[static_cast<size_t>(owner)] = bound(other) ? -1 : other;
    }
    for (size_t i = 0; i < order_.nodes.size(); ++i) {
      if (order_.spine[i]) continue;
      if (inner[i] + outer[i] == 0 || inner[i] > 1 || (inner[i] == 1 && outer[i] > 0)) return false;
    }
    outer_ = std::move(outer);
    return true;
  }

  bool spine_connected() const {
    std::vector<bool> reached(order_.nodes.size(), false);
    for (size_t i = 0; i < p_.edges.size(); ++i) {
      const int owner = owner_[i], other = std::min(position(p_.edges[i].from), position(p_.edges[i].to));
      if (owner >= 0 && bound(owner) && bound(other)) reached[static_cast<size_t>(owner)] = true;
    }
    for (size_t i = 0; i < order_.nodes.size(); ++i) {
      const bool start = i == 0 && !p_.bottom;
      if (order_.spine[i] && !reached[i] && !start) return false;
    }
    return true;
  }

  // A constraint between two nodes: fine when both are bound, or one hangs on the other, or the unbound one is a root and
  // the other bound.
  bool fits(Slot a, Slot b, bool with_parent) const {
    const int first = std::min(position(a), position(b)), second = std::max(position(a), position(b));
    if (bound(first) && bound(second)) return true;
    if (bound(first) != bound(second)) return parents_[static_cast<size_t>(bound(first) ? second : first)] == -1;
    return with_parent && parents_[static_cast<size_t>(second)] == first;
  }

  bool unique_fits(size_t edge) const {
    const int owner = owner_[edge];
    if (!bound(owner) && !p_.edges[edge].unique_slots.empty() && parents_[static_cast<size_t>(owner)] != -1) return false;
    for (int other : p_.edges[edge].unique_with) {
      const int with = owner_[static_cast<size_t>(other)];
      if (bound(owner) && bound(with)) continue;
      if (bound(owner) != bound(with)) {
        if (parents_[static_cast<size_t>(bound(owner) ? with : owner)] != -1) return false;
        continue;
      }
      if (owner == with) continue;  // edges of one root
      const int above = parents_[static_cast<size_t>(owner)] == with ? with : parents_[static_cast<size_t>(with)] == owner ? owner : -1;
      if (above < 0 || outer_[static_cast<size_t>(above)] > 1) return false;
    }
    return true;
  }

  bool legal() {
    if (!p_.bottom && !order_.spine[0]) return false;  // the walk starts from it
    if (!spine_connected() || !find_parents()) return false;
    for (size_t i = 0; i < p_.edges.size(); ++i) {
      if (!unique_fits(i)) return false;
    }
    for (const auto& [a, b] : p_.differs) {
      if (!fits(a, b, true)) return false;
    }
    return std::all_of(p_.tests.begin(), p_.tests.end(), [&](const PatternTest& t) { return fits(t.from, t.to, false); });
  }

  const WalkPattern& p_;
  WalkOrder order_;
  const SlotSet& needed_;
  std::vector<int> owner_, parents_, outer_;
};

}  // namespace

WalkOrder order_walk(const WalkPattern& pattern, const std::vector<Slot>& nodes, const SlotSet& needed) { return Orderer(pattern, nodes, needed).run(); }

}  // namespace graft::cypher
