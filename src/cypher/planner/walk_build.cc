#include <algorithm>

#include "cypher/planner/walk_pattern.h"

namespace graft::cypher {
namespace {

graph::Direction turned(graph::Direction d) {
  if (d == graph::Direction::kBoth) return d;
  return d == graph::Direction::kOutgoing ? graph::Direction::kIncoming : graph::Direction::kOutgoing;
}

class Builder {
 public:
  Builder(const WalkPattern& pattern, const WalkOrder& order, const SlotSet& needed) : p_(pattern), order_(order), needed_(needed) {
    // Bound nodes in the order of their binding, then what hangs on them
    int spine = 0;
    depth_.assign(order.nodes.size(), -1);
    for (size_t i = 0; i < order.nodes.size(); ++i) {
      const bool start = i == 0 && !pattern.bottom;  // of the scan below
      if (order.spine[i]) depth_[i] = start ? 0 : ++spine;
    }
    spine_size_ = spine;
  }

  void build(PlanWalk* out) {
    out->edge_count = static_cast<int>(p_.edges.size());
    out->spine.resize(static_cast<size_t>(spine_size_));
    out->tails.resize(static_cast<size_t>(spine_size_) + 1);
    for (size_t i = 0; i < order_.nodes.size(); ++i) {
      if (order_.spine[i] && depth_[i] > 0) out->spine[static_cast<size_t>(depth_[i]) - 1] = step(i);
    }
    add_predicates(out);
    for (size_t i = 0; i < order_.nodes.size(); ++i) {
      if (order_.spine[i] || parent(i) >= 0) continue;
      WalkTail root = tail(i, -1);
      out->tails[static_cast<size_t>(depth_of_root(i, root))].push_back(std::move(root));
    }
  }

 private:
  int position(Slot node) const {
    const auto at = std::find(order_.nodes.begin(), order_.nodes.end(), node);
    return at == order_.nodes.end() ? -1 : static_cast<int>(at - order_.nodes.begin());
  }
  int depth(Slot node) const {  // 0: of the input or the start; -1: in a tail
    const int at = position(node);
    return at < 0 ? 0 : depth_[static_cast<size_t>(at)];
  }
  int owner(const PatternEdge& e) const { return std::max(position(e.from), position(e.to)); }

  // The tail node above; -1: none, it is a root.
  int parent(size_t at) const {
    for (const PatternEdge& e : p_.edges) {
      if (owner(e) != static_cast<int>(at)) continue;
      const int other = std::min(position(e.from), position(e.to));
      if (other >= 0 && !order_.spine[static_cast<size_t>(other)]) return other;
    }
    return -1;
  }

  WalkEdge edge(size_t i, Slot node) const {
    const PatternEdge& e = p_.edges[i];
    WalkEdge out;
    out.id = static_cast<int>(i);
    out.from = e.to == node ? e.from : e.to;
    out.direction = e.to == node ? e.direction : turned(e.direction);
    out.types = e.types;
    out.relationship = e.read ? e.slot : kNoSlot;
    out.unique_with = e.unique_with;
    out.unique_slots = e.unique_slots;
    out.tracked = e.read || !e.unique_with.empty();
    return out;
  }

  WalkStep step(size_t at) const {
    WalkStep out;
    out.node = order_.nodes[at];
    for (size_t i = 0; i < p_.edges.size(); ++i) {
      if (owner(p_.edges[i]) == static_cast<int>(at)) out.edges.push_back(edge(i, out.node));
    }
    // The list of the node that is bound last is the one to be walked
    std::stable_sort(out.edges.begin(), out.edges.end(), [&](const WalkEdge& a, const WalkEdge& b) { return depth(a.from) < depth(b.from); });
    if (auto found = p_.labels.find(out.node); found != p_.labels.end()) out.labels = found->second;
    for (const auto& [a, b] : p_.differs) {
      if (a == out.node && settles(at, b)) out.differs.push_back(b);
      if (b == out.node && settles(at, a)) out.differs.push_back(a);
    }
    for (const PatternTest& t : p_.tests) {
      if (t.to == out.node && settles(at, t.from)) out.tests.push_back(test(t, t.from, t.direction));
      if (t.from == out.node && settles(at, t.to)) out.tests.push_back(test(t, t.to, turned(t.direction)));
    }
    return out;
  }

  // Is a constraint with `other` this node's to check? If the other is bound before it.
  bool settles(size_t at, Slot other) const {
    const int there = position(other);
    if (there < 0) return true;
    if (order_.spine[at]) return order_.spine[static_cast<size_t>(there)] && there < static_cast<int>(at);
    return order_.spine[static_cast<size_t>(there)];
  }

  static WalkEdge test(const PatternTest& t, Slot from, graph::Direction direction) {
    WalkEdge out;
    out.from = from;
    out.direction = direction;
    out.types = t.types;
    out.negated = t.negated;
    return out;
  }

  WalkTail tail(size_t at, int above) const {
    WalkTail out;
    out.step = step(at);
    for (const PatternPredicate& p : p_.predicates) {
      if (p.needs == SlotSet{out.step.node}) out.step.predicates.push_back(p.expression);
    }
    if (above >= 0) {
      const Slot parent_node = order_.nodes[static_cast<size_t>(above)];
      WalkEdge& e = out.step.edges[0];
      for (int other : e.unique_with) out.unique_above |= owner(p_.edges[static_cast<size_t>(other)]) == above;
      for (const auto& [a, b] : p_.differs) out.no_loop |= (a == parent_node && b == out.step.node) || (b == parent_node && a == out.step.node);
    }
    for (size_t i = 0; i < order_.nodes.size(); ++i) {
      if (!order_.spine[i] && parent(i) == static_cast<int>(at)) out.children.push_back(tail(i, static_cast<int>(at)));
    }
    return out;
  }

  // How much of the spine must be bound before it can be counted.
  int depth_of_root(size_t at, const WalkTail& root) const {
    int out = 0;
    for (const WalkEdge& e : root.step.edges) {
      out = std::max(out, depth(e.from));
      for (int other : e.unique_with) {
        const int with = owner(p_.edges[static_cast<size_t>(other)]);
        if (with >= 0 && with != static_cast<int>(at)) out = std::max(out, depth_[static_cast<size_t>(with)]);
      }
    }
    for (const WalkEdge& e : root.step.tests) out = std::max(out, depth(e.from));
    for (Slot slot : root.step.differs) out = std::max(out, depth(slot));
    return out;
  }

  // Each predicate at the first step that has all it reads; what the start alone decides is filtered below the walk.
  void add_predicates(PlanWalk* out) const {
    for (const PatternPredicate& p : p_.predicates) {
      int at = 0;
      bool in_tail = false;
      for (Slot slot : p.needs) {
        in_tail |= depth(slot) < 0;
        at = std::max(at, depth(slot));
        for (const PatternEdge& e : p_.edges) {
          if (e.slot == slot && owner(e) >= 0) at = std::max(at, depth_[static_cast<size_t>(owner(e))]);
        }
      }
      if (!in_tail && at > 0) out->spine[static_cast<size_t>(at) - 1].predicates.push_back(p.expression);
    }
  }

  const WalkPattern& p_;
  const WalkOrder& order_;
  const SlotSet& needed_;
  std::vector<int> depth_;  // by position: 0 the start, then 1 + position in the spine; -1 tail
  int spine_size_ = 0;
};

}  // namespace

void build_walk(const WalkPattern& pattern, const WalkOrder& order, const SlotSet& needed, PlanWalk* out) { Builder(pattern, order, needed).build(out); }

}  // namespace graft::cypher
