#include "cypher/semantic/notifications.h"

#include <algorithm>
#include <map>
#include <set>

#include "cypher/functions/registry.h"
#include "cypher/semantic/analyzer.h"

namespace graft::cypher {
namespace {

constexpr const char* kMisspelt = "in your query is not available in the database, make sure you didn't misspell it or that the label is available when you run this statement in your application (the missing ";

// The text between two offsets, which count code points.
std::string slice(std::string_view text, uint32_t from, uint32_t to) {
  size_t begin = text.size(), end = text.size();
  uint32_t at = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (at == from) begin = i;
    if (at == to) {
      end = i;
      break;
    }
    ++at;
  }
  return std::string(text.substr(begin, end - std::min(begin, end)));
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& p : parts) out += (out.empty() ? "" : std::string(separator)) + p;
  return out;
}

class Notifier {
 public:
  Notifier(const std::vector<SlotInfo>& slots, const graph::Catalog& catalog, std::string_view text) : slots_(slots), catalog_(catalog), text_(text) {}

  std::vector<Notification> run(const Query& q) {
    writes_ = writes(q);
    query(q);
    return std::move(out_);
  }

 private:
  static bool writes(const Query& q) {
    const auto clause_writes = [](const Clause* c) {
      switch (c->kind) {
        case ClauseKind::kCreate: case ClauseKind::kInsert: case ClauseKind::kMerge: case ClauseKind::kSet: case ClauseKind::kRemove: case ClauseKind::kDelete:
        case ClauseKind::kForeach: return true;
        case ClauseKind::kCallSubquery: return writes(*static_cast<const CallSubqueryClause*>(c)->query);
        default: return false;
      }
    };
    return std::any_of(q.parts.begin(), q.parts.end(), [&](const SingleQuery* part) { return std::any_of(part->clauses.begin(), part->clauses.end(), clause_writes); });
  }

  // ---- What is told

  void unknown(const char* code, const char* title, const std::string& kind, const std::string& plural, const std::string& name, Position position, const char* gql, const std::string& gql_kind, const std::string& gql_text,
               const std::vector<std::string>& known) {
    if (writes_ || out_.size() == kMostNotifications) return;  // it may be about to make the name
    Notification n{std::string("Neo.ClientNotification.Statement.") + code, title, "One of the " + plural + " " + kMisspelt + kind + " is: " + name + ")", "WARNING", "UNRECOGNIZED", position, gql, ""};
    n.gql_description = "warn: " + gql_kind + " does not exist. The " + gql_text + " `" + name + "` does not exist. Verify that the spelling is correct.";
    constexpr size_t kMostCompared = 10'000;
    const std::string near = known.size() <= kMostCompared ? nearest_name(name, known) : "";
    if (!near.empty()) {
      n.description += ". Did you mean `" + near + "`?";
      n.gql_description += " Did you mean `" + near + "`?";
    }
    add(std::move(n));
  }
  void unknown_label(const std::string& name, Position p) {
    if (!catalog_.label(name)) unknown("UnknownLabelWarning", "The provided label is not in the database.", "label name", "labels", name, p, "01N50", "label", "label", catalog_.labels());
  }
  void unknown_type(const std::string& name, Position p) {
    if (!catalog_.type(name)) {
      unknown("UnknownRelationshipTypeWarning", "The provided relationship type is not in the database.", "relationship type", "relationship types", name, p, "01N51", "relationship type", "relationship type", catalog_.types());
    }
  }
  void unknown_key(const std::string& name, Position p) {
    if (!catalog_.property_key(name)) unknown("UnknownPropertyKeyWarning", "The provided property key is not in the database", "property name", "property names", name, p, "01N52", "property key", "property", catalog_.property_keys());
  }
  void deprecated(std::string description, Position p, std::string gql, std::string gql_description) {
    add({"Neo.ClientNotification.Statement.FeatureDeprecationWarning", "This feature is deprecated and will be removed in future versions.", std::move(description), "WARNING", "DEPRECATION", p, std::move(gql), std::move(gql_description)});
  }
  // Not without end: a long list of values names a missing property again and again.
  static constexpr size_t kMostNotifications = 100;

  void add(Notification n) {
    if (out_.size() == kMostNotifications) return;
    const bool known = std::any_of(out_.begin(), out_.end(), [&](const Notification& o) { return o.code == n.code && o.position == n.position && o.description == n.description; });
    if (!known) out_.push_back(std::move(n));
  }

  // ---- Where it is looked for

  void query(const Query& q) {
    for (const SingleQuery* part : q.parts) {
      for (const Clause* c : part->clauses) clause(*c);
    }
  }

  void clause(const Clause& c) {
    switch (c.kind) {
      case ClauseKind::kMatch: return match(static_cast<const MatchClause&>(c));
      case ClauseKind::kUnwind: return expression(static_cast<const UnwindClause&>(c).list);
      case ClauseKind::kWith: case ClauseKind::kReturn: return projection(static_cast<const ProjectionClause&>(c));
      case ClauseKind::kSet: return items(static_cast<const SetClause&>(c).items);
      case ClauseKind::kMerge:
        items(static_cast<const MergeClause&>(c).on_create);
        return items(static_cast<const MergeClause&>(c).on_match);
      case ClauseKind::kForeach:
        for (const Clause* body : static_cast<const ForeachClause&>(c).body) clause(*body);
        return;
      case ClauseKind::kCallProcedure:
        for (const Expr* e : static_cast<const CallProcedureClause&>(c).arguments) expression(e);
        return expression(static_cast<const CallProcedureClause&>(c).where);
      case ClauseKind::kCallSubquery: return call(static_cast<const CallSubqueryClause&>(c));
      case ClauseKind::kDelete:
        for (const Expr* e : static_cast<const DeleteClause&>(c).expressions) expression(e);
        return;
      default: return;
    }
  }

  void projection(const ProjectionClause& c) {
    for (const ProjectionItem& item : c.items) expression(item.expression);
    for (const SortItem& item : c.order) expression(item.expression);
    expression(c.where);
  }

  void items(const std::vector<SetItem>& list) {
    for (const SetItem& item : list) {
      const bool whole = item.kind == SetItemKind::kReplace || item.kind == SetItemKind::kMerge;
      if (!whole || !item.value || item.value->kind != ExprKind::kVariable || !item.target || item.target->kind != ExprKind::kVariable || !is_entity(item.value)) continue;
      const std::string before = "SET " + item.target->name + (item.kind == SetItemKind::kMerge ? " += " : " = ");
      deprecated("The use of nodes or relationships for setting properties is deprecated and will be removed in a future version. Please use properties() instead.", item.value->position, "01N01",
                 "warn: feature deprecated with replacement. '" + before + item.value->name + "' is deprecated. It is replaced by '" + before + "properties(" + item.value->name + ")'.");
    }
  }

  void call(const CallSubqueryClause& c) {
    if (!c.has_scope) {
      std::vector<std::string> names;
      const std::vector<Clause*>& clauses = c.query->parts[0]->clauses;
      if (!clauses.empty() && clauses[0]->kind == ClauseKind::kWith) {  // what it imports
        for (const ProjectionItem& item : static_cast<const ProjectionClause*>(clauses[0])->items) names.push_back(item.name);
      }
      const std::string use = "Use CALL (" + joined(names, ", ") + ") { ... }";
      deprecated("CALL subquery without a variable scope clause is now deprecated. " + use, c.position, "01N00", "warn: feature deprecated. CALL subquery without a variable scope clause is deprecated. " + use);
    }
    query(*c.query);
  }

  void match(const MatchClause& c) {
    for (const PathPattern* path : c.patterns) pattern(*path);
    expression(c.where);
    for (const Hint& hint : c.hints) missing_index(hint);
    if (c.patterns.size() > 1) products(c);
  }

  void missing_index(const Hint& hint) {
    if (hint.kind != Hint::kIndex || hint.variables.empty()) return;
    const auto fits = [&](const graph::IndexDefinition& index) {
      if (index.labels_or_types.size() != 1 || index.keys.size() != hint.keys.size()) return false;
      const uint32_t token = index.labels_or_types[0];
      if ((index.entity == graph::EntityKind::kNode ? catalog_.label_name(token) : catalog_.type_name(token)) != hint.label) return false;
      for (size_t i = 0; i < hint.keys.size(); ++i) {
        if (catalog_.property_key_name(index.keys[i]) != hint.keys[i]) return false;
      }
      return true;
    };
    if (std::any_of(catalog_.indexes().begin(), catalog_.indexes().end(), fits)) return;
    const std::string& variable = hint.variables[0]->name;
    std::vector<std::string> keys;
    for (const std::string& key : hint.keys) keys.push_back("`" + variable + "`.`" + key + "`");
    Notification n{"Neo.ClientNotification.Schema.HintedIndexNotFound", "The request (directly or indirectly) referred to an index that does not exist.",
                   "The hinted index does not exist, please check the schema (index is: INDEX FOR (`" + variable + "`:`" + hint.label + "`) ON (" + joined(keys, ", ") + "))", "WARNING", "HINT", std::nullopt, "01N31", ""};
    n.gql_description = "warn: hinted index does not exist. Unable to create a plan with 'INDEX :" + hint.label + "(" + joined(hint.keys, ", ") + ")' because the index does not exist.";
    add(std::move(n));
  }

  // Groups of paths that share no node with one another: each but the first.
  void products(const MatchClause& c) {
    std::vector<int> group(c.patterns.size());
    for (size_t i = 0; i < group.size(); ++i) group[i] = static_cast<int>(i);
    std::map<Slot, int> seen;
    const auto merge = [&](int a, int b) {
      for (int& g : group) g = g == b ? a : g;
    };
    for (size_t i = 0; i < c.patterns.size(); ++i) {
      for (const PatternPart* part : c.patterns[i]->parts) {
        if (!part->node) continue;
        const auto [at, fresh] = seen.emplace(part->node->slot, static_cast<int>(i));
        if (!fresh) merge(group[static_cast<size_t>(at->second)], group[i]);
      }
    }
    std::set<int> told = {group[0]};
    constexpr size_t kMostTold = 32;
    for (size_t i = 0; i < group.size() && told.size() < kMostTold; ++i) {
      if (told.insert(group[i]).second) product(c, group, group[i]);
    }
  }

  void product(const MatchClause& c, const std::vector<int>& group, int which) {
    std::set<std::string> names;
    for (size_t i = 0; i < group.size(); ++i) {
      if (group[i] != which) continue;
      for (const PatternPart* part : c.patterns[i]->parts) {
        if (part->node && !part->node->variable.empty()) names.insert(part->node->variable);
        if (part->relationship && !part->relationship->variable.empty()) names.insert(part->relationship->variable);
      }
    }
    const std::string list = joined({names.begin(), names.end()}, ", ");
    const std::string text = slice(text_, c.patterns.front()->position.offset, c.patterns.back()->end_offset);
    add({"Neo.ClientNotification.Statement.CartesianProduct", "This query builds a cartesian product between disconnected patterns.",
         "If a part of a query contains multiple disconnected patterns, this will build a cartesian product between all those parts. This may produce a large amount of data and slow down query processing. "
         "While occasionally intended, it may often be possible to reformulate the query that avoids the use of this cross product, perhaps by adding a relationship between the different parts or by using "
         "OPTIONAL MATCH (" + std::string(names.size() == 1 ? "identifier is" : "identifiers are") + ": (" + list + "))",
         "INFORMATION", "PERFORMANCE", c.position, "03N90",
         "info: cartesian product. The disconnected pattern '" + text + "' builds a cartesian product. A cartesian product may produce a large amount of data and slow down query processing."});
  }

  void pattern(const PathPattern& path) {
    const bool function = path.selector == PathSelector::kShortestPathFunction || path.selector == PathSelector::kAllShortestPathsFunction;
    if (function && path.parts.size() == 3 && path.parts[1]->relationship && path.parts[1]->relationship->var_length && !path.parts[1]->relationship->length.max) unbounded(path);
    for (const PatternPart* part : path.parts) {
      if (const NodePattern* n = part->node) {
        if (n->labels) labels(*n->labels, false);
        keys(n->properties);
        expression(n->where);
      }
      if (const RelationshipPattern* r = part->relationship) {
        if (r->types) labels(*r->types, true);
        keys(r->properties);
        expression(r->where);
      }
      if (part->inner) pattern(*part->inner);
      expression(part->where);
    }
    expression(path.where);
  }

  void unbounded(const PathPattern& path) {
    Position at = path.parts[0]->node->position;  // behind its parenthesis
    --at.offset;
    --at.column;
    std::string text = slice(text_, at.offset, path.end_offset);
    if (!text.empty() && text.back() == ')' && path.end_offset > 0) text.pop_back();  // the function's own
    add({"Neo.ClientNotification.Statement.UnboundedVariableLengthPattern", "The provided pattern is unbounded, consider adding an upper limit to the number of node hops.",
         "Using shortest path with an unbounded pattern will likely result in long execution times. It is recommended to use an upper limit to the number of node hops in your pattern.", "INFORMATION", "PERFORMANCE", at, "03N91",
         "info: unbounded variable length pattern. The provided pattern '" + text + "' is unbounded. Shortest path with an unbounded pattern may result in long execution times. Use an upper limit (e.g. '[*..5]') on the number of node hops in your pattern."});
  }

  void labels(const LabelExpr& l, bool types) {
    if (l.kind == LabelExprKind::kName) types ? unknown_type(l.name, l.position) : unknown_label(l.name, l.position);
    if (l.legacy_bar) legacy_bar(l);
    if (l.dynamic) expression(l.dynamic);
    for (const LabelExpr* child : l.children) labels(*child, types);
  }

  void legacy_bar(const LabelExpr& l) {
    std::vector<std::string> names;
    for (const LabelExpr* child : l.children) names.push_back(child->name);
    const std::string use = ":" + joined(names, "|");
    deprecated("The semantics of using colon in the separation of alternative relationship types will change in a future version. (Please use '" + use + "' instead)", l.position, "01N01",
               "warn: feature deprecated with replacement. ':" + joined(names, "|:") + "' is deprecated. It is replaced by '" + use + "'.");
  }

  void keys(const Expr* properties) {
    if (!properties) return;
    for (size_t i = 0; i < properties->name_positions.size(); ++i) unknown_key(properties->names[i], properties->name_positions[i]);
    expression(properties);
  }

  bool is_entity(const Expr* e) const {
    if (e->kind != ExprKind::kVariable || e->slot == kNoSlot || static_cast<size_t>(e->slot) >= slots_.size()) return false;
    const SlotKind kind = slots_[static_cast<size_t>(e->slot)].kind;
    return kind == SlotKind::kNode || kind == SlotKind::kRelationship;
  }
  bool is_relationship(const Expr* e) const { return is_entity(e) && slots_[static_cast<size_t>(e->slot)].kind == SlotKind::kRelationship; }

  void expression(const Expr* e) {
    if (!e) return;
    if (e->kind == ExprKind::kProperty && is_entity(e->children[0])) unknown_key(e->name, e->position);
    if (e->kind == ExprKind::kIndex && is_entity(e->children[0]) && e->children[1]->kind == ExprKind::kLiteral && e->children[1]->literal.type() == graph::ValueType::kString) {
      unknown_key(std::string(e->children[1]->literal.as_string()), e->children[1]->position);
    }
    if (e->kind == ExprKind::kHasLabels && e->labels) labels(*e->labels, is_relationship(e->children[0]));
    if (e->kind == ExprKind::kFunction && e->function && e->function->name == "id") {
      deprecated("The query used a deprecated function: `id`.", e->position, "01N02", "warn: feature deprecated without replacement. id is deprecated and will be removed without a replacement.");
    }
    for (const Expr* child : e->children) expression(child);
    if (e->pattern) pattern(*e->pattern);
    if (e->query) query(*e->query);
  }

  const std::vector<SlotInfo>& slots_;
  const graph::Catalog& catalog_;
  std::string_view text_;
  bool writes_ = false;
  std::vector<Notification> out_;
};

}  // namespace

std::vector<Notification> notifications_of(const Statement& statement, const std::vector<SlotInfo>& slots, const graph::Catalog& catalog, std::string_view text) {
  if (!statement.query) return {};
  return Notifier(slots, catalog, text).run(*statement.query);
}

}  // namespace graft::cypher
