#include "cypher/planner/walk_pattern.h"

#include <algorithm>

#include "cypher/functions/registry.h"

namespace graft::cypher {
namespace {

// What may be evaluated once per node, or not at all, without anybody noticing.
bool repeatable(const Expr* e) {
  if (e->plan || e->pattern || e->query) return false;
  if (e->kind == ExprKind::kFunction && e->function && e->function->stability == Stability::kNever) return false;
  return std::all_of(e->children.begin(), e->children.end(), [](const Expr* child) { return !child || repeatable(child); });
}

bool two_variables(const Expr* e) {
  return e->children.size() == 2 && e->children[0] && e->children[1] && e->children[0]->kind == ExprKind::kVariable && e->children[1]->kind == ExprKind::kVariable;
}

class Taker {
 public:
  explicit Taker(WalkPattern* out) : out_(*out) {}

  bool take(PlanNode* top, bool with_scan) {
    PlanNode* n = top;
    for (; is_chain_operator(*n); n = n->left) chain_.push_back(n);
    out_.bottom = n;
    out_.input = n->available;
    note_sure(*n);
    if (with_scan && !take_scan(*n)) return false;
    std::reverse(chain_.begin(), chain_.end());
    for (PlanNode* op : chain_) {
      out_.rows = std::max(out_.rows, op->estimated_rows);
      if (!take_operator(*op)) return false;
    }
    return std::all_of(unsorted_.begin(), unsorted_.end(), [&](Expr* e) { return take_predicate(e); }) && settle();
  }

 private:
  // Nodes of the input that are never null.
  void note_sure(const PlanNode& bottom) {
    const PlanNode& leaf = (bottom.op == PlanOp::kApply || bottom.op == PlanOp::kCartesianProduct) && bottom.right ? *bottom.right : bottom;
    switch (leaf.op) {
      case PlanOp::kAllNodesScan: case PlanOp::kNodeByLabelScan: case PlanOp::kUnionNodeByLabelsScan: sure_ = {static_cast<const PlanNodeScan&>(leaf).node}; return;
      case PlanOp::kNodeIndexSeek: case PlanOp::kNodeIndexScan: sure_ = {static_cast<const PlanIndexSeek&>(leaf).entity}; return;
      case PlanOp::kNodeByIdSeek: sure_ = {static_cast<const PlanIdSeek&>(leaf).entity}; return;
      case PlanOp::kRelationshipScan: sure_ = {static_cast<const PlanRelationshipScan&>(leaf).from, static_cast<const PlanRelationshipScan&>(leaf).to}; return;
      default: return;
    }
  }

  bool take_scan(const PlanNode& bottom) {
    if (bottom.op == PlanOp::kAllNodesScan || bottom.op == PlanOp::kNodeByLabelScan) {
      const auto& scan = static_cast<const PlanNodeScan&>(bottom);
      if (scan.hinted) return false;
      out_.nodes.push_back(scan.node);
      if (!scan.labels.empty()) out_.labels[scan.node] = scan.labels;
    } else if (bottom.op == PlanOp::kRelationshipScan) {
      const auto& scan = static_cast<const PlanRelationshipScan&>(bottom);
      if (scan.from == kNoSlot || scan.to == kNoSlot || scan.from == scan.to) return false;
      out_.nodes = {scan.from, scan.to};
      PatternEdge edge;
      edge.from = scan.from;
      edge.to = scan.to;
      edge.slot = scan.relationship;
      edge.direction = scan.directed ? graph::Direction::kOutgoing : graph::Direction::kBoth;
      edge.types = scan.types;
      out_.edges.push_back(std::move(edge));
      unique_.emplace_back();
    } else {
      return false;
    }
    out_.bottom = nullptr;
    std::erase_if(out_.input, [&](Slot slot) { return out_.binds(slot); });
    return true;
  }

  bool is_sure_node(Slot slot) const { return out_.binds_node(slot) || std::find(sure_.begin(), sure_.end(), slot) != sure_.end(); }

  bool take_operator(const PlanNode& op) {
    if (op.op == PlanOp::kFilter) {
      const auto& list = static_cast<const PlanFilter&>(op).predicates;
      unsorted_.insert(unsorted_.end(), list.begin(), list.end());
      return true;
    }
    if (op.op == PlanOp::kSemiApply || op.op == PlanOp::kAntiSemiApply) {
      const auto& into = static_cast<const PlanExpand&>(*op.right);
      out_.tests.push_back({into.from, into.to, into.direction, into.types, op.op == PlanOp::kAntiSemiApply});
      return true;
    }
    const auto& expand = static_cast<const PlanExpand&>(op);
    PatternEdge edge;
    edge.from = expand.from;
    edge.to = expand.to;
    edge.slot = expand.relationship;
    edge.direction = expand.direction;
    edge.types = expand.types;
    unique_.push_back(expand.unique_with);
    if (op.op == PlanOp::kExpandAll) out_.nodes.push_back(expand.to);
    out_.edges.push_back(std::move(edge));
    return true;
  }

  bool take_predicate(Expr* e) {
    if (!repeatable(e)) return false;
    if (e->kind == ExprKind::kUniqueRelationships) {
      for (const Expr* child : e->children) {
        if (child->kind != ExprKind::kVariable) return false;
      }
      uniques_.push_back(e);
      return true;
    }
    const bool label = e->kind == ExprKind::kHasLabels && e->labels->kind == LabelExprKind::kName && e->children[0]->kind == ExprKind::kVariable;
    if (label && out_.binds_node(e->children[0]->slot)) {
      out_.labels[e->children[0]->slot].push_back({e->labels->name, graph::kNoToken});
      return true;
    }
    const Expr* different = e->kind == ExprKind::kNotEqual ? e : e->kind == ExprKind::kNot && e->children[0]->kind == ExprKind::kEqual ? e->children[0] : nullptr;
    if (different && two_variables(different)) {
      const Slot a = different->children[0]->slot, b = different->children[1]->slot;
      if (a != b && is_sure_node(a) && is_sure_node(b) && (out_.binds_node(a) || out_.binds_node(b))) {
        out_.differs.emplace_back(a, b);
        return true;
      }
    }
    PatternPredicate predicate{e, {}};
    collect_slots(e, &predicate.needs);
    out_.predicates.push_back(std::move(predicate));
    return true;
  }

  int edge_of(Slot slot) const {
    for (size_t i = 0; i < out_.edges.size(); ++i) {
      if (out_.edges[i].slot == slot && slot != kNoSlot) return static_cast<int>(i);
    }
    return -1;
  }

  void must_differ(int edge, Slot slot) {
    PatternEdge& e = out_.edges[static_cast<size_t>(edge)];
    const int other = edge_of(slot);
    if (other < 0) {
      e.unique_slots.push_back(slot);
    } else if (!implied(e, out_.edges[static_cast<size_t>(other)])) {
      e.unique_with.push_back(other);
      out_.edges[static_cast<size_t>(other)].unique_with.push_back(edge);
    }
  }

  // Edges x--y and x--z cannot be one relationship if y and z are different nodes.
  bool implied(const PatternEdge& a, const PatternEdge& b) const {
    for (const auto& [shared, y] : {std::pair(a.from, a.to), std::pair(a.to, a.from)}) {
      const Slot z = b.from == shared ? b.to : b.to == shared ? b.from : kNoSlot;
      if (z == kNoSlot) continue;
      for (const auto& [one, two] : out_.differs) {
        if ((one == y && two == z) || (one == z && two == y)) return true;
      }
    }
    return false;
  }

  static constexpr size_t kMostEdges = 100;  // each is held against each

  bool settle() {
    if (out_.edges.size() > kMostEdges) return false;
    for (size_t i = 0; i < unique_.size(); ++i) {
      for (Slot slot : unique_[i]) must_differ(static_cast<int>(i), slot);
    }
    for (const Expr* e : uniques_) {  // the first against each of the others, as the planner makes them
      const int edge = edge_of(e->children[0]->slot);
      if (edge < 0) return false;
      for (size_t i = 1; i < e->children.size(); ++i) must_differ(edge, e->children[i]->slot);
    }
    // Every part hangs on a node of the chain
    for (const PatternEdge& e : out_.edges) {
      if (!out_.binds_node(e.from) && !out_.binds_node(e.to)) return false;
    }
    for (const PatternTest& t : out_.tests) {
      if (!out_.binds_node(t.from) && !out_.binds_node(t.to)) return false;
    }
    return std::all_of(out_.predicates.begin(), out_.predicates.end(), [&](const PatternPredicate& p) {
      return std::any_of(p.needs.begin(), p.needs.end(), [&](Slot slot) { return out_.binds(slot); });
    });
  }

  WalkPattern& out_;
  std::vector<PlanNode*> chain_;
  std::vector<Slot> sure_;
  std::vector<Expr*> unsorted_, uniques_;
  std::vector<std::vector<Slot>> unique_;
};

// A pattern that is nothing but one relationship between two bound nodes.
bool is_plain_test(const PlanNode& apply) {
  const PlanNode* right = apply.right;
  if (right->op != PlanOp::kExpandInto || right->left->op != PlanOp::kArgument) return false;
  const auto& into = static_cast<const PlanExpand&>(*right);
  return into.unique_with.empty() && into.from != into.to;
}

}  // namespace

bool WalkPattern::binds_node(Slot slot) const { return std::find(nodes.begin(), nodes.end(), slot) != nodes.end(); }

bool WalkPattern::binds(Slot slot) const {
  return binds_node(slot) || std::any_of(edges.begin(), edges.end(), [&](const PatternEdge& e) { return e.slot == slot; });
}

bool is_chain_operator(const PlanNode& node) {
  switch (node.op) {
    case PlanOp::kExpandAll: case PlanOp::kFilter: return true;
    case PlanOp::kExpandInto: return static_cast<const PlanExpand&>(node).from != static_cast<const PlanExpand&>(node).to;
    case PlanOp::kSemiApply: case PlanOp::kAntiSemiApply: return is_plain_test(node);
    default: return false;
  }
}

bool take_pattern_apart(PlanNode* top, bool with_scan, WalkPattern* out) { return Taker(out).take(top, with_scan); }

}  // namespace graft::cypher
