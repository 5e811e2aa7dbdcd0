#include "cypher/planner/describe.h"

#include <cmath>

#include "cypher/planner/walk.h"

namespace graft::cypher {
namespace {

using graph::Value;

// Names the slots of one plan.
class Describer {
 public:
  Describer(const Plan& plan, const std::function<void(const PlanNode&, PlanDescription*)>& add_runtime) : plan_(plan), add_runtime_(add_runtime) {}

  PlanDescription describe(const PlanNode& node) const {
    PlanDescription d;
    d.operator_name = operator_name(node);
    if (std::string text = details(node); !text.empty()) d.arguments.emplace_back("Details", Value::string(text));
    d.arguments.emplace_back("Id", Value::integer(node.id));
    d.arguments.emplace_back("EstimatedRows", Value::floating(node.estimated_rows));
    for (Slot s : node.available) {
      if (!plan_.slots[static_cast<size_t>(s)].anonymous) d.identifiers.push_back(name(s));
    }
    if (add_runtime_) add_runtime_(node, &d);
    for (const PlanNode* child : {node.left, node.right}) {
      if (child != nullptr) d.children.push_back(describe(*child));
    }
    return d;
  }

 private:
  std::string name(Slot s) const { return s == kNoSlot ? "_" : plan_.slots[static_cast<size_t>(s)].name; }

  static std::string operator_name(const PlanNode& node);
  static std::string index_operator(const PlanIndexSeek& n);
  static std::string set_operator(const PlanSet& n);
  std::string details(const PlanNode& node) const;
  std::string index_details(const PlanIndexSeek& n) const;
  std::string step(Slot from, Slot relationship, const std::vector<Token>& types, graph::Direction direction, Slot to, const std::string& range) const;
  std::string items(const std::vector<SlotExpr>& list) const;
  static std::string limit_text(const Expr& limit, const Expr* skip);
  std::string count_details(const PlanCountStore& n) const;
  std::string walk_step(const WalkStep& n) const;
  std::string walk_tail(const WalkTail& tail) const;
  std::string walk_details(const PlanWalk& n) const;
  static std::string names(const std::vector<Token>& tokens) {
    std::string text;
    for (const Token& t : tokens) text += (text.empty() ? "" : "|") + t.name;
    return text;
  }
  static std::string texts(const std::vector<Expr*>& list, std::string_view separator) {
    std::string text;
    for (const Expr* e : list) text += (text.empty() ? "" : std::string(separator)) + to_text(*e);
    return text;
  }

  const Plan& plan_;
  const std::function<void(const PlanNode&, PlanDescription*)>& add_runtime_;
};

std::string Describer::set_operator(const PlanSet& n) {
  const bool remove = n.op == PlanOp::kRemove;
  if (n.items.size() > 1) return remove ? "RemoveProperties" : "SetProperties";
  switch (n.items[0].kind) {
    case SetItemKind::kLabels: return remove ? "RemoveLabels" : "SetLabels";
    case SetItemKind::kReplace: case SetItemKind::kMerge: return "SetPropertiesFromMap";
    case SetItemKind::kDynamicProperty: case SetItemKind::kRemoveDynamicProperty: return "SetDynamicProperty";
    case SetItemKind::kProperty: case SetItemKind::kRemoveProperty: break;
  }
  return "SetProperty";
}

// NodeUniqueIndexSeek, DirectedRelationshipIndexContainsScan ...
std::string Describer::index_operator(const PlanIndexSeek& n) {
  std::string head = n.op == PlanOp::kRelationshipIndexSeek ? n.directed ? "DirectedRelationship" : "UndirectedRelationship" : "Node";
  if (n.unique) head += "Unique";
  if (n.keys.empty()) return head + "IndexScan";
  switch (n.keys.back().kind) {
    case SeekKind::kRange: case SeekKind::kPrefix: case SeekKind::kBox: case SeekKind::kDistance: return head + "IndexSeekByRange";
    case SeekKind::kExists: return head + (n.keys.size() == 1 ? "IndexScan" : "IndexSeek");
    case SeekKind::kContains: return head + "IndexContainsScan";
    case SeekKind::kEndsWith: return head + "IndexEndsWithScan";
    case SeekKind::kEqual: case SeekKind::kIn: break;
  }
  return head + "IndexSeek";
}

std::string Describer::operator_name(const PlanNode& node) {
  switch (node.op) {
    case PlanOp::kArgument: return "Argument";
    case PlanOp::kAllNodesScan: return "AllNodesScan";
    case PlanOp::kNodeByLabelScan: return "NodeByLabelScan";
    case PlanOp::kUnionNodeByLabelsScan: return "UnionNodeByLabelsScan";
    case PlanOp::kNodeByIdSeek: return static_cast<const PlanIdSeek&>(node).element_id ? "NodeByElementIdSeek" : "NodeByIdSeek";
    case PlanOp::kNodeIndexSeek:
    case PlanOp::kNodeIndexScan:
    case PlanOp::kRelationshipIndexSeek: return index_operator(static_cast<const PlanIndexSeek&>(node));
    case PlanOp::kRelationshipScan: {
      const auto& scan = static_cast<const PlanRelationshipScan&>(node);
      return std::string(scan.directed ? "Directed" : "Undirected") + (scan.types.empty() ? "AllRelationshipsScan" : "RelationshipTypeScan");
    }
    case PlanOp::kRelationshipByIdSeek: return static_cast<const PlanIdSeek&>(node).directed ? "DirectedRelationshipByIdSeek" : "UndirectedRelationshipByIdSeek";
    case PlanOp::kNodeCountFromCountStore: return "NodeCountFromCountStore";
    case PlanOp::kRelationshipCountFromCountStore: return "RelationshipCountFromCountStore";
    case PlanOp::kSchemaCommand: return "SchemaCommand";
    case PlanOp::kShow: return "Show";
    case PlanOp::kExpandAll: return "Expand(All)";
    case PlanOp::kExpandInto: return "Expand(Into)";
    case PlanOp::kOptionalExpandAll: return "OptionalExpand(All)";
    case PlanOp::kOptionalExpandInto: return "OptionalExpand(Into)";
    case PlanOp::kVarLengthExpandAll: return "VarLengthExpand(All)";
    case PlanOp::kVarLengthExpandInto: return "VarLengthExpand(Into)";
    case PlanOp::kPruningVarLengthExpand: return "VarLengthExpand(Pruning)";
    case PlanOp::kShortestPath: return "ShortestPath";
    case PlanOp::kFilter: return "Filter";
    case PlanOp::kProjection: return "Projection";
    case PlanOp::kEagerAggregation: return "EagerAggregation";
    case PlanOp::kDistinct: return "Distinct";
    case PlanOp::kSort: return "Sort";
    case PlanOp::kTop: return "Top";
    case PlanOp::kSkip: return "Skip";
    case PlanOp::kLimit: return "Limit";
    case PlanOp::kUnwind: return "Unwind";
    case PlanOp::kOptional: return "Optional";
    case PlanOp::kEager: return "Eager";
    case PlanOp::kLoadCsv: return "LoadCSV";
    case PlanOp::kProcedureCall: return "ProcedureCall";
    case PlanOp::kProduceResults: return "ProduceResults";
    case PlanOp::kEmptyResult: return "EmptyResult";
    case PlanOp::kProjectEndpoints: return "ProjectEndpoints";
    case PlanOp::kCreate: return "Create";
    case PlanOp::kSetProperties:
    case PlanOp::kRemove: return set_operator(static_cast<const PlanSet&>(node));
    case PlanOp::kDelete: return static_cast<const PlanDelete&>(node).detach ? "DetachDelete" : "Delete";
    case PlanOp::kWalk: return "Walk";
    case PlanOp::kApply: return "Apply";
    case PlanOp::kSemiApply: return "SemiApply";
    case PlanOp::kAntiSemiApply: return "AntiSemiApply";
    case PlanOp::kRollUpApply: return "RollUpApply";
    case PlanOp::kForeach: return static_cast<const PlanForeach&>(node).list == nullptr ? "SubqueryForeach" : "Foreach";
    case PlanOp::kMerge: return "Merge";
    case PlanOp::kRepeat: return "Repeat(Trail)";
    case PlanOp::kTransactionApply: return static_cast<const PlanTransactionApply&>(node).unit ? "TransactionForeach" : "TransactionApply";
    case PlanOp::kCartesianProduct: return "CartesianProduct";
    case PlanOp::kNodeHashJoin: return "NodeHashJoin";
    case PlanOp::kValueHashJoin: return "ValueHashJoin";
    case PlanOp::kUnion: return "Union";
  }
  return "";
}

std::string Describer::step(Slot from, Slot relationship, const std::vector<Token>& types, graph::Direction direction, Slot to, const std::string& range) const {
  std::string inner = relationship == kNoSlot || plan_.slots[static_cast<size_t>(relationship)].anonymous ? "" : name(relationship);
  if (!types.empty()) inner += ":" + names(types);
  return "(" + name(from) + ")" + (direction == graph::Direction::kIncoming ? "<-[" : "-[") + inner + range +
         (direction == graph::Direction::kOutgoing ? "]->(" : "]-(") + name(to) + ")";
}

std::string Describer::limit_text(const Expr& limit, const Expr* skip) { return (skip != nullptr ? to_text(*skip) + " + " : "") + to_text(limit); }

std::string Describer::items(const std::vector<SlotExpr>& list) const {
  std::string text;
  for (const SlotExpr& item : list) {
    std::string expression = to_text(*item.expression);
    if (!text.empty()) text += ", ";
    text += expression == name(item.slot) ? expression : expression + " AS " + name(item.slot);
  }
  return text;
}

std::string Describer::index_details(const PlanIndexSeek& n) const {
  const char* kind = n.unique ? "UNIQUE " : n.index_kind == graph::IndexKind::kText ? "TEXT INDEX " : n.index_kind == graph::IndexKind::kPoint ? "POINT INDEX " : "RANGE INDEX ";
  std::string text = n.op == PlanOp::kRelationshipIndexSeek ? kind + step(n.from, n.entity, {n.label_or_type}, n.directed ? graph::Direction::kOutgoing : graph::Direction::kBoth, n.to, "") + "("
                                                            : kind + name(n.entity) + ":" + n.label_or_type.name + "(";
  for (size_t i = 0; i < n.properties.size(); ++i) text += (i == 0 ? "" : ", ") + n.properties[i].name;
  text += ")";
  for (size_t i = 0; i < n.keys.size(); ++i) {
    const SeekKey& key = n.keys[i];
    text += (i == 0 ? " WHERE " : " AND ") + n.properties[i].name;
    switch (key.kind) {
      case SeekKind::kEqual: text += " = " + to_text(*key.lower); break;
      case SeekKind::kIn: text += " IN " + to_text(*key.lower); break;
      case SeekKind::kPrefix: text += " STARTS WITH " + to_text(*key.lower); break;
      case SeekKind::kContains: text += " CONTAINS " + to_text(*key.lower); break;
      case SeekKind::kEndsWith: text += " ENDS WITH " + to_text(*key.lower); break;
      case SeekKind::kBox: text += " in " + to_text(*key.lower) + ", " + to_text(*key.upper); break;
      case SeekKind::kDistance: text += " around " + to_text(*key.lower) + " within " + to_text(*key.upper); break;
      case SeekKind::kExists: text += " IS NOT NULL"; break;
      case SeekKind::kRange:
        if (key.lower != nullptr) text += (key.lower_inclusive ? " >= " : " > ") + to_text(*key.lower);
        if (key.upper != nullptr) text += (key.upper_inclusive ? " <= " : " < ") + to_text(*key.upper);
        break;
    }
  }
  return text;
}

std::string Describer::count_details(const PlanCountStore& n) const {
  const std::string label = n.label ? ":" + n.label->name : "", as = ") AS " + name(n.count);
  if (n.op == PlanOp::kNodeCountFromCountStore) return "count( (" + label + ") " + as;
  const std::string types = n.types.empty() ? "" : ":" + names(n.types);
  return "count( (" + (n.incoming ? "" : label) + ")-[" + types + "]->(" + (n.incoming ? label : "") + ") " + as;
}

std::string Describer::walk_step(const WalkStep& n) const {
  std::string text;
  for (const WalkEdge& e : n.edges) text += (text.empty() ? "" : " & ") + step(e.from, e.relationship, e.types, e.direction, n.node, "");
  for (const WalkEdge& e : n.tests) text += std::string(e.negated ? " & NOT " : " & ") + step(e.from, kNoSlot, e.types, e.direction, n.node, "");
  for (const Token& label : n.labels) text += " & " + name(n.node) + ":" + label.name;
  for (Slot other : n.differs) text += " & " + name(n.node) + " <> " + name(other);
  if (!n.predicates.empty()) text += " & " + texts(n.predicates, " & ");
  return text;
}

std::string Describer::walk_tail(const WalkTail& tail) const {
  std::string text = walk_step(tail.step);
  for (const WalkTail& child : tail.children) text += ", " + walk_tail(child);
  return text;
}

// What is walked; what is only counted in count().
std::string Describer::walk_details(const PlanWalk& n) const {
  std::string text, counted;
  for (const WalkStep& s : n.spine) text += (text.empty() ? "" : ", ") + walk_step(s);
  for (const auto& list : n.tails) {
    for (const WalkTail& tail : list) counted += (counted.empty() ? "" : ", ") + walk_tail(tail);
  }
  if (counted.empty()) return text;
  return text + (text.empty() ? "" : ", ") + "count(" + counted + ")";
}

std::string range_text(uint64_t min, const std::optional<uint64_t>& max) { return "*" + std::to_string(min) + ".." + (max ? std::to_string(*max) : ""); }

std::string Describer::details(const PlanNode& node) const {
  switch (node.op) {
    case PlanOp::kAllNodesScan:
    case PlanOp::kNodeByLabelScan:
    case PlanOp::kUnionNodeByLabelsScan: {
      const auto& n = static_cast<const PlanNodeScan&>(node);
      return n.labels.empty() ? name(n.node) : name(n.node) + ":" + names(n.labels);
    }
    case PlanOp::kNodeIndexSeek:
    case PlanOp::kNodeIndexScan:
    case PlanOp::kRelationshipIndexSeek: return index_details(static_cast<const PlanIndexSeek&>(node));
    case PlanOp::kRelationshipScan: {
      const auto& n = static_cast<const PlanRelationshipScan&>(node);
      return step(n.from, n.relationship, n.types, n.directed ? graph::Direction::kOutgoing : graph::Direction::kBoth, n.to, "");
    }
    case PlanOp::kExpandAll:
    case PlanOp::kExpandInto:
    case PlanOp::kOptionalExpandAll:
    case PlanOp::kOptionalExpandInto: {
      const auto& n = static_cast<const PlanExpand&>(node);
      return step(n.from, n.relationship, n.types, n.direction, n.to, "");
    }
    case PlanOp::kVarLengthExpandAll:
    case PlanOp::kVarLengthExpandInto:
    case PlanOp::kPruningVarLengthExpand: {
      const auto& n = static_cast<const PlanVarLengthExpand&>(node);
      return step(n.from, n.relationships, n.types, n.direction, n.to, range_text(n.min, n.max));
    }
    case PlanOp::kFilter: return texts(static_cast<const PlanFilter&>(node).predicates, " AND ");
    case PlanOp::kProjection: return items(static_cast<const PlanProjection&>(node).items);
    case PlanOp::kEagerAggregation: {
      const auto& n = static_cast<const PlanAggregation&>(node);
      std::string keys = items(n.grouping), values = items(n.aggregations);
      return keys.empty() || values.empty() ? keys + values : keys + ", " + values;
    }
    case PlanOp::kDistinct: return items(static_cast<const PlanDistinct&>(node).grouping);
    case PlanOp::kSort:
    case PlanOp::kTop: {
      const auto& n = static_cast<const PlanSort&>(node);
      std::string text;
      for (const SortKey& k : n.keys) text += (text.empty() ? "" : ", ") + name(k.slot) + (k.descending ? " DESC" : " ASC");
      return n.limit != nullptr ? text + " LIMIT " + limit_text(*n.limit, n.skip) : text;
    }
    case PlanOp::kSkip: return to_text(*static_cast<const PlanLimit&>(node).count);
    case PlanOp::kLimit: return limit_text(*static_cast<const PlanLimit&>(node).count, static_cast<const PlanLimit&>(node).skip);
    case PlanOp::kUnwind: return to_text(*static_cast<const PlanUnwind&>(node).list) + " AS " + name(static_cast<const PlanUnwind&>(node).slot);
    case PlanOp::kEager: return static_cast<const PlanEager&>(node).reason;
    case PlanOp::kNodeCountFromCountStore:
    case PlanOp::kRelationshipCountFromCountStore: return count_details(static_cast<const PlanCountStore&>(node));
    case PlanOp::kNodeByIdSeek: {
      const auto& n = static_cast<const PlanIdSeek&>(node);
      return name(n.entity) + " WHERE " + (n.element_id ? "elementId(" : "id(") + name(n.entity) + (n.many ? ") IN " : ") = ") + to_text(*n.ids);
    }
    case PlanOp::kProcedureCall: return static_cast<const PlanProcedureCall&>(node).name + "(" + texts(static_cast<const PlanProcedureCall&>(node).arguments, ", ") + ")";
    case PlanOp::kProduceResults: {
      std::string text;
      for (const auto& column : static_cast<const PlanResults&>(node).columns) text += (text.empty() ? "" : ", ") + column.first;
      return text;
    }
    case PlanOp::kWalk: return walk_details(static_cast<const PlanWalk&>(node));
    case PlanOp::kValueHashJoin: return to_text(*static_cast<const PlanHashJoin&>(node).left_key) + " = " + to_text(*static_cast<const PlanHashJoin&>(node).right_key);
    case PlanOp::kNodeHashJoin: {
      std::string text;
      for (Slot s : static_cast<const PlanHashJoin&>(node).nodes) text += (text.empty() ? "" : ", ") + name(s);
      return text;
    }
    default: return "";
  }
}

}  // namespace

PlanDescription describe_plan(const Plan& plan, const std::function<void(const PlanNode&, PlanDescription*)>& add_runtime) {
  PlanDescription root = Describer(plan, add_runtime).describe(*plan.root);
  // What shells print above the plan
  for (const auto& [key, value] : {std::pair("planner", "COST"), std::pair("planner-impl", "GREEDY"), std::pair("runtime", "BATCHED"), std::pair("runtime-impl", "BATCHED"), std::pair("version", "5")}) {
    root.arguments.emplace_back(key, Value::string(value));
  }
  return root;
}

}  // namespace graft::cypher
