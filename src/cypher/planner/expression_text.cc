#include <string_view>

#include "cypher/planner/describe.h"

namespace graft::cypher {
namespace {

std::string joined(const std::vector<Expr*>& parts, std::string_view separator) {
  std::string text;
  for (const Expr* e : parts) {
    if (!text.empty()) text += separator;
    if (e != nullptr) text += to_text(*e);
  }
  return text;
}

std::string labels_text(const LabelExpr& l) {
  auto list = [&](std::string_view separator) {
    std::string text;
    for (const LabelExpr* c : l.children) text += (text.empty() ? "" : std::string(separator)) + labels_text(*c);
    return text;
  };
  switch (l.kind) {
    case LabelExprKind::kName: return l.name;
    case LabelExprKind::kAnd: return list("&");
    case LabelExprKind::kOr: return "(" + list("|") + ")";
    case LabelExprKind::kNot: return "!" + list("");
    case LabelExprKind::kWildcard: return "%";
    case LabelExprKind::kDynamicAll:
    case LabelExprKind::kDynamicAny: return "$(" + to_text(*l.dynamic) + ")";
  }
  return "";
}

std::string_view infix(ExprKind kind) {
  switch (kind) {
    case ExprKind::kAnd: return " AND ";
    case ExprKind::kOr: return " OR ";
    case ExprKind::kXor: return " XOR ";
    case ExprKind::kEqual: return " = ";
    case ExprKind::kNotEqual: return " <> ";
    case ExprKind::kLess: return " < ";
    case ExprKind::kLessEqual: return " <= ";
    case ExprKind::kGreater: return " > ";
    case ExprKind::kGreaterEqual: return " >= ";
    case ExprKind::kAdd: return " + ";
    case ExprKind::kSubtract: return " - ";
    case ExprKind::kMultiply: return " * ";
    case ExprKind::kDivide: return " / ";
    case ExprKind::kModulo: return " % ";
    case ExprKind::kPower: return " ^ ";
    case ExprKind::kConcat: return " || ";
    case ExprKind::kIn: return " IN ";
    case ExprKind::kStartsWith: return " STARTS WITH ";
    case ExprKind::kEndsWith: return " ENDS WITH ";
    case ExprKind::kContains: return " CONTAINS ";
    case ExprKind::kRegexMatch: return " =~ ";
    default: return "";
  }
}

std::string map_text(const Expr& e, size_t first) {
  std::string text = e.all_properties ? ".*" : "";
  for (size_t i = first; i < e.names.size(); ++i) {
    text += (text.empty() ? "" : ", ") + e.names[i] + ": " + to_text(*e.children[i]);
  }
  return "{" + text + "}";
}

std::string case_text(const Expr& e) {
  size_t i = 0;
  std::string text = "CASE";
  if (e.has_subject) text += " " + to_text(*e.children[i++]);
  size_t end = e.children.size() - (e.has_default ? 1 : 0);
  for (; i + 1 < end; i += 2) {
    text += " WHEN " + to_text(*e.children[i]) + " THEN " + to_text(*e.children[i + 1]);
  }
  if (e.has_default) text += " ELSE " + to_text(*e.children.back());
  return text + " END";
}

std::string local_text(const Expr& e) {
  std::string_view word = e.kind == ExprKind::kAll ? "all" : e.kind == ExprKind::kAny ? "any" : e.kind == ExprKind::kNone ? "none" : "single";
  if (e.kind == ExprKind::kReduce) {
    return "reduce(" + e.name + " = " + to_text(*e.children[0]) + ", " + e.name2 + " IN " + to_text(*e.children[1]) + " | " + to_text(*e.children[2]) + ")";
  }
  std::string inner = e.name + " IN " + to_text(*e.children[0]);
  if (e.children[1] != nullptr) inner += " WHERE " + to_text(*e.children[1]);
  if (e.kind != ExprKind::kListComprehension) return std::string(word) + "(" + inner + ")";
  if (e.children[2] != nullptr) inner += " | " + to_text(*e.children[2]);
  return "[" + inner + "]";
}

std::string after(const Expr& e, std::string_view suffix) { return to_text(*e.children[0]) + std::string(suffix); }

}  // namespace

std::string to_text(const Expr& e) {
  if (std::string_view op = infix(e.kind); !op.empty()) {
    std::string text = joined(e.children, op);
    return e.parenthesised ? "(" + text + ")" : text;
  }
  switch (e.kind) {
    case ExprKind::kLiteral: return graph::to_text(e.literal);
    case ExprKind::kParameter: return "$" + e.name;
    case ExprKind::kVariable: return e.name;
    case ExprKind::kCountStar: return "count(*)";
    case ExprKind::kProperty: return after(e, "." + e.name);
    case ExprKind::kIndex: return after(e, "[" + to_text(*e.children[1]) + "]");
    case ExprKind::kSlice: {
      auto part = [&](size_t i) { return e.children[i] != nullptr ? to_text(*e.children[i]) : std::string(); };
      return after(e, "[" + part(1) + ".." + part(2) + "]");
    }
    case ExprKind::kHasLabels:
    case ExprKind::kHasType: return after(e, ":" + labels_text(*e.labels));
    case ExprKind::kList: return "[" + joined(e.children, ", ") + "]";
    case ExprKind::kMap: return map_text(e, 0);
    case ExprKind::kMapProjection: return after(e, map_text(e, 1));
    case ExprKind::kNot: return "NOT " + to_text(*e.children[0]);
    case ExprKind::kNegate: return "-" + to_text(*e.children[0]);
    case ExprKind::kPlus: return "+" + to_text(*e.children[0]);
    case ExprKind::kIsNull: return after(e, " IS NULL");
    case ExprKind::kIsNotNull: return after(e, " IS NOT NULL");
    case ExprKind::kIsTyped: return after(e, " IS :: " + to_text(*e.type));
    case ExprKind::kIsNotTyped: return after(e, " IS NOT :: " + to_text(*e.type));
    case ExprKind::kIsNormalized: return after(e, " IS NORMALIZED");
    case ExprKind::kIsNotNormalized: return after(e, " IS NOT NORMALIZED");
    case ExprKind::kFunction: return e.name + "(" + (e.distinct ? "DISTINCT " : "") + joined(e.children, ", ") + ")";
    case ExprKind::kCase: return case_text(e);
    case ExprKind::kListComprehension:
    case ExprKind::kAll:
    case ExprKind::kAny:
    case ExprKind::kNone:
    case ExprKind::kSingle:
    case ExprKind::kReduce: return local_text(e);
    case ExprKind::kPatternComprehension: return "[pattern | ...]";
    case ExprKind::kPatternExpression: return "exists(pattern)";
    case ExprKind::kExists: return "EXISTS { ... }";
    case ExprKind::kCountSubquery: return "COUNT { ... }";
    case ExprKind::kCollectSubquery: return "COLLECT { ... }";
    case ExprKind::kShortestPath: return e.wants_list ? "allShortestPaths(...)" : "shortestPath(...)";
    case ExprKind::kPath: return "path(" + joined(e.children, ", ") + ")";
    case ExprKind::kUniqueRelationships: return "unique(" + joined(e.children, ", ") + ")";
    default: return "";
  }
}

}  // namespace graft::cypher
