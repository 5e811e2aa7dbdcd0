#include "cypher/planner/describe.h"

#include <cmath>

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
  std::string details(const PlanNode& node) const;
  std::string index_details(const PlanIndexSeek& n) const;
  std::string step(Slot from, Slot relationship, const std::vector<Token>& types, graph::Direction direction, Slot to, const std::string& range) const;
  std::string items(const std::vector<SlotExpr>& list) const;
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

std::string Describer::operator_name(const PlanNode& node) {
  switch (node.op) {
    case PlanOp::kArgument: return "Argument";
    case PlanOp::kAllNodesScan: return "AllNodesScan";
    case PlanOp::kNodeByLabelScan: return "NodeByLabelScan";
    case PlanOp::kUnionNodeByLabelsScan: return "UnionNodeByLabelsScan";
    case PlanOp::kNodeByIdSeek: return static_cast<const PlanIdSeek&>(node).element_id ? "NodeByElementIdSeek" : "NodeByIdSeek";
    case PlanOp::kNodeIndexSeek: {
      const auto& seek = static_cast<const PlanIndexSeek&>(node);
      bool range = !seek.keys.empty() && (seek.keys.back().kind == SeekKind::kRange || seek.keys.back().kind == SeekKind::kPrefix);
      return std::string(seek.unique ? "NodeUniqueIndexSeek" : "NodeIndexSeek") + (range ? "ByRange" : "");
    }
    case PlanOp::kNodeIndexScan: return "NodeIndexScan";
    case PlanOp::kRelationshipScan: {
      const auto& scan = static_cast<const PlanRelationshipScan&>(node);
      return std::string(scan.directed ? "Directed" : "Undirected") + (scan.types.empty() ? "AllRelationshipsScan" : "RelationshipTypeScan");
    }
    case PlanOp::kRelationshipByIdSeek: return static_cast<const PlanIdSeek&>(node).directed ? "DirectedRelationshipByIdSeek" : "UndirectedRelationshipByIdSeek";
    case PlanOp::kRelationshipIndexSeek: return static_cast<const PlanIndexSeek&>(node).directed ? "DirectedRelationshipIndexSeek" : "UndirectedRelationshipIndexSeek";
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
    case PlanOp::kSetProperties: return "SetProperties";
    case PlanOp::kRemove: return "Remove";
    case PlanOp::kDelete: return static_cast<const PlanDelete&>(node).detach ? "DetachDelete" : "Delete";
    case PlanOp::kDegreeCount: return "DegreeCount";
    case PlanOp::kWalk: return "Walk";
    case PlanOp::kApply: return "Apply";
    case PlanOp::kSemiApply: return "SemiApply";
    case PlanOp::kAntiSemiApply: return "AntiSemiApply";
    case PlanOp::kRollUpApply: return "RollUpApply";
    case PlanOp::kForeach: return "Foreach";
    case PlanOp::kMerge: return "Merge";
    case PlanOp::kRepeat: return "Repeat(Trail)";
    case PlanOp::kTransactionApply: return "TransactionApply";
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
  std::string text = name(n.entity) + ":" + n.label_or_type.name + "(";
  for (size_t i = 0; i < n.properties.size(); ++i) text += (i == 0 ? "" : ", ") + n.properties[i].name;
  text += ")";
  for (size_t i = 0; i < n.keys.size(); ++i) {
    const SeekKey& key = n.keys[i];
    text += (i == 0 ? " WHERE " : " AND ") + n.properties[i].name;
    switch (key.kind) {
      case SeekKind::kEqual: text += " = " + to_text(*key.lower); break;
      case SeekKind::kIn: text += " IN " + to_text(*key.lower); break;
      case SeekKind::kPrefix: text += " STARTS WITH " + to_text(*key.lower); break;
      case SeekKind::kExists: text += " IS NOT NULL"; break;
      case SeekKind::kRange:
        if (key.lower != nullptr) text += (key.lower_inclusive ? " >= " : " > ") + to_text(*key.lower);
        if (key.upper != nullptr) text += (key.upper_inclusive ? " <= " : " < ") + to_text(*key.upper);
        break;
    }
  }
  return text;
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
      return n.limit != nullptr ? text + " LIMIT " + to_text(*n.limit) : text;
    }
    case PlanOp::kSkip:
    case PlanOp::kLimit: return to_text(*static_cast<const PlanLimit&>(node).count);
    case PlanOp::kUnwind: return to_text(*static_cast<const PlanUnwind&>(node).list) + " AS " + name(static_cast<const PlanUnwind&>(node).slot);
    case PlanOp::kEager: return static_cast<const PlanEager&>(node).reason;
    case PlanOp::kProcedureCall: return static_cast<const PlanProcedureCall&>(node).name + "(" + texts(static_cast<const PlanProcedureCall&>(node).arguments, ", ") + ")";
    case PlanOp::kProduceResults: {
      std::string text;
      for (const auto& column : static_cast<const PlanResults&>(node).columns) text += (text.empty() ? "" : ", ") + column.first;
      return text;
    }
    case PlanOp::kDegreeCount: {
      const auto& n = static_cast<const PlanDegreeCount&>(node);
      return "size(" + step(n.from, kNoSlot, n.types, n.direction, kNoSlot, "") + ")";
    }
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
  return Describer(plan, add_runtime).describe(*plan.root);
}

}  // namespace graft::cypher
