// Eager barriers: Cypher's clauses see the graph as the clause before left it, while rows flow one batch at a time. Where a
// write could be seen by reads upstream that still go on, or a read needs all writes upstream, a barrier keeps them apart.

#include <algorithm>

#include "cypher/planner/planner_impl.h"

namespace graft::cypher {
namespace {

void insert_all(std::set<std::string>* to, const std::set<std::string>& from) { to->insert(from.begin(), from.end()); }

bool intersects(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& s) { return b.contains(s); });
}

// Would `read` see something of `write`?
bool sees(const AccessSet& read, const AccessSet& write) {
  const bool reads_nodes = read.all_nodes || !read.labels.empty() || read.any_labels;
  const bool reads_relationships = read.all_relationships || !read.types.empty();
  if (write.deletes && (reads_nodes || reads_relationships || read.all_properties || !read.properties.empty())) return true;
  if (write.creates_nodes && (read.all_nodes || intersects(read.labels, write.labels) || (write.any_labels && !read.labels.empty()))) return true;
  if (!write.creates_nodes && (intersects(read.labels, write.labels) || (write.any_labels && (!read.labels.empty() || read.any_labels)) || (read.any_labels && !write.labels.empty()))) return true;
  if ((write.all_relationships && reads_relationships) || (read.all_relationships && !write.types.empty()) || intersects(read.types, write.types)) return true;
  if ((write.all_properties && (read.all_properties || !read.properties.empty())) || (read.all_properties && !write.properties.empty())) return true;
  return intersects(read.properties, write.properties);
}

void label_access(const LabelExpr* labels, AccessSet* out) {
  if (!labels) return;
  if (labels->kind == LabelExprKind::kName) out->labels.insert(labels->name);
  if (labels->kind == LabelExprKind::kWildcard || labels->dynamic) out->any_labels = true;
  for (const LabelExpr* child : labels->children) label_access(child, out);
}

// Names joined by & and |: nodes that fit have one of the names at least.
bool only_names(const LabelExpr* labels) {
  if (!labels || labels->dynamic) return false;
  if (labels->kind == LabelExprKind::kName) return true;
  const bool joined = labels->kind == LabelExprKind::kAnd || labels->kind == LabelExprKind::kOr;
  return joined && std::all_of(labels->children.begin(), labels->children.end(), only_names);
}

void type_access(const LabelExpr* types, AccessSet* out) {
  std::vector<std::string> names;
  if (types && plain_alternatives(types, &names)) {
    out->types.insert(names.begin(), names.end());
  } else {
    out->all_relationships = true;
  }
}

}  // namespace

bool AccessSet::empty() const {
  return !all_nodes && !all_relationships && !all_properties && !any_labels && !deletes && !creates_nodes && labels.empty() && types.empty() && properties.empty();
}

void AccessSet::add(const AccessSet& o) {
  all_nodes |= o.all_nodes;
  all_relationships |= o.all_relationships;
  all_properties |= o.all_properties;
  any_labels |= o.any_labels;
  deletes |= o.deletes;
  creates_nodes |= o.creates_nodes;
  insert_all(&labels, o.labels);
  insert_all(&types, o.types);
  insert_all(&properties, o.properties);
}

void Planner::eager(Stream* s, const char* reason) {
  if (s->top && s->top->op != PlanOp::kEager) {
    PlanEager* barrier = node<PlanEager>();
    barrier->reason = reason;
    push(s, barrier, s->rows);
  }
  s->reads = s->writes = AccessSet{};
}

void Planner::before_write(const AccessSet& write, Stream* s) {
  if (s->top && (sees(s->reads, write) || (write.deletes && !s->writes.empty()))) eager(s, "updates must not be seen by reads before them");
}

void Planner::before_read(const AccessSet& read, Stream* s) {
  if (s->top && sees(read, s->writes)) eager(s, "reads must see all updates before them");
  s->reads.add(read);
}

// A clause that reads and writes goes row by row: it may see what it did for the rows before.
void Planner::before_update(const AccessSet& read, const AccessSet& write, Stream* s) {
  const AccessSet upstream = s->reads;
  const PlanNode* top = s->top;
  before_read(read, s);
  s->reads = s->top == top ? upstream : AccessSet{};
  before_write(write, s);
}

void Planner::expression_access(const Expr* e, AccessSet* out) {
  if (!e) return;
  switch (e->kind) {
    case ExprKind::kProperty: out->properties.insert(e->name); break;
    case ExprKind::kIndex: out->all_properties = true; break;
    case ExprKind::kMapProjection: out->all_properties = true; break;
    case ExprKind::kHasLabels: label_access(e->labels, out); break;
    case ExprKind::kFunction: {
      const std::string& name = e->name;
      const auto is = [&](std::string_view other) {
        return name.size() == other.size() && std::equal(name.begin(), name.end(), other.begin(), [](char a, char b) { return (a | 32) == (b | 32); });
      };
      if (is("labels")) out->any_labels = true;
      if (is("properties") || is("keys")) out->all_properties = true;
      break;
    }
    default: break;
  }
  for (const Expr* child : e->children) expression_access(child, out);
  if (e->pattern) pattern_access(*e->pattern, out);
  if (e->query) {
    AccessSet writes;
    query_access(*e->query, out, &writes);
  }
}

void Planner::pattern_access(const PathPattern& path, AccessSet* out) {
  expression_access(path.where, out);
  for (const PatternPart* part : path.parts) {
    if (const NodePattern* n = part->node) {
      if (!n->bound && !only_names(n->labels)) out->all_nodes = true;  // a new node of whatever labels may fit
      label_access(n->labels, out);
      if (n->properties) {
        for (const std::string& key : n->properties->names) out->properties.insert(key);
        if (n->properties->kind != ExprKind::kMap) out->all_properties = true;
      }
      expression_access(n->properties, out);
      expression_access(n->where, out);
    }
    if (const RelationshipPattern* r = part->relationship) {
      type_access(r->types, out);
      if (r->properties) {
        for (const std::string& key : r->properties->names) out->properties.insert(key);
        if (r->properties->kind != ExprKind::kMap) out->all_properties = true;
      }
      expression_access(r->properties, out);
      expression_access(r->where, out);
    }
    if (part->inner) pattern_access(*part->inner, out);
    expression_access(part->where, out);
  }
}

void Planner::graph_access(const QueryGraph& g, AccessSet* out) {
  for (const GraphEdge& e : g.edges) {
    if (e.quantified) {
      pattern_access(*e.quantified->inner, out);
      expression_access(e.quantified->where, out);
    } else if (e.types.empty()) {
      out->all_relationships = true;
    } else {
      out->types.insert(e.types.begin(), e.types.end());
    }
    for (const Expr* p : e.step_predicates) expression_access(p, out);
  }
  for (const GraphPredicate& p : g.predicates) expression_access(p.expression, out);
  for (Slot node : g.nodes) {
    if (!g.introduced.contains(node)) continue;
    const bool labelled = std::any_of(g.predicates.begin(), g.predicates.end(), [&](const GraphPredicate& p) {
      return p.expression->kind == ExprKind::kHasLabels && p.expression->children[0]->slot == node && p.expression->labels->kind == LabelExprKind::kName;
    });
    // A node that is only ever reached over a relationship is not read by itself
    const bool reached = std::any_of(g.edges.begin(), g.edges.end(), [&](const GraphEdge& e) { return (e.from == node || e.to == node) && e.length.min > 0; });
    if (!labelled && !reached) out->all_nodes = true;
  }
}

void Planner::set_access(const std::vector<SetItem>& items, AccessSet* out) {
  for (const SetItem& item : items) {
    switch (item.kind) {
      case SetItemKind::kProperty: case SetItemKind::kRemoveProperty: out->properties.insert(item.key); break;
      case SetItemKind::kMerge:
        if (item.value->kind == ExprKind::kMap) {
          out->properties.insert(item.value->names.begin(), item.value->names.end());
          break;
        }
        [[fallthrough]];
      case SetItemKind::kDynamicProperty: case SetItemKind::kReplace: case SetItemKind::kRemoveDynamicProperty: out->all_properties = true; break;
      case SetItemKind::kLabels:
        out->labels.insert(item.labels.begin(), item.labels.end());
        if (!item.dynamic_labels.empty()) out->any_labels = true;
        break;
    }
  }
}

namespace {

void created_access(const PathPattern& path, AccessSet* out) {
  for (const PatternPart* part : path.parts) {
    if (part->node && !part->node->bound) {
      out->creates_nodes = true;
      label_access(part->node->labels, out);
    }
    if (part->relationship) type_access(part->relationship->types, out);
  }
}

}  // namespace

void Planner::clause_access(const Clause& clause, AccessSet* reads, AccessSet* writes) {
  const auto items = [&](const std::vector<SetItem>& list) {
    set_access(list, writes);
    for (const SetItem& item : list) expression_access(item.value, reads);
  };
  switch (clause.kind) {
    case ClauseKind::kMatch: {
      const auto& c = static_cast<const MatchClause&>(clause);
      for (const PathPattern* path : c.patterns) pattern_access(*path, reads);
      return expression_access(c.where, reads);
    }
    case ClauseKind::kUnwind: return expression_access(static_cast<const UnwindClause&>(clause).list, reads);
    case ClauseKind::kWith: case ClauseKind::kReturn: {
      const auto& c = static_cast<const ProjectionClause&>(clause);
      for (const ProjectionItem& item : c.items) expression_access(item.expression, reads);
      for (const SortItem& item : c.order) expression_access(item.expression, reads);
      return expression_access(c.where, reads);
    }
    case ClauseKind::kCreate: case ClauseKind::kInsert:
      for (const PathPattern* path : static_cast<const CreateClause&>(clause).patterns) created_access(*path, writes);
      return;
    case ClauseKind::kMerge: {
      const auto& c = static_cast<const MergeClause&>(clause);
      pattern_access(*c.pattern, reads);
      created_access(*c.pattern, writes);
      items(c.on_create);
      return items(c.on_match);
    }
    case ClauseKind::kSet: return items(static_cast<const SetClause&>(clause).items);
    case ClauseKind::kRemove: return items(static_cast<const RemoveClause&>(clause).items);
    case ClauseKind::kDelete: writes->deletes = true; return;
    case ClauseKind::kForeach:
      for (const Clause* body : static_cast<const ForeachClause&>(clause).body) clause_access(*body, reads, writes);
      return;
    case ClauseKind::kCallSubquery: return query_access(*static_cast<const CallSubqueryClause&>(clause).query, reads, writes);
    case ClauseKind::kCallProcedure: reads->all_nodes = reads->all_relationships = reads->all_properties = reads->any_labels = true; return;
    case ClauseKind::kUse: case ClauseKind::kLoadCsv: case ClauseKind::kFinish: return;
  }
}

void Planner::query_access(const Query& q, AccessSet* reads, AccessSet* writes) {
  for (const SingleQuery* part : q.parts) {
    for (const Clause* c : part->clauses) clause_access(*c, reads, writes);
  }
}

}  // namespace graft::cypher
