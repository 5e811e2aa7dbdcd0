#include "cypher/planner/slots_of.h"

namespace graft::cypher {
namespace {

void collect_labels(const LabelExpr* labels, SlotSet* out) {
  if (!labels) return;
  collect_slots(labels->dynamic, out);
  for (const LabelExpr* child : labels->children) collect_labels(child, out);
}

void collect_items(const std::vector<SetItem>& items, SlotSet* out) {
  for (const SetItem& item : items) {
    collect_slots(item.target, out);
    collect_slots(item.key_expression, out);
    collect_slots(item.value, out);
    for (const Expr* label : item.dynamic_labels) collect_slots(label, out);
  }
}

void collect_projection(const ProjectionClause& c, SlotSet* out) {
  for (const ProjectionItem& item : c.items) collect_slots(item.expression, out);
  for (const SortItem& item : c.order) collect_slots(item.expression, out);
  collect_slots(c.skip, out);
  collect_slots(c.limit, out);
  collect_slots(c.where, out);
}

void collect_clause(const Clause* clause, SlotSet* out) {
  switch (clause->kind) {
    case ClauseKind::kMatch: {
      const auto& c = static_cast<const MatchClause&>(*clause);
      for (const PathPattern* path : c.patterns) collect_slots(path, out);
      return collect_slots(c.where, out);
    }
    case ClauseKind::kUnwind: return collect_slots(static_cast<const UnwindClause&>(*clause).list, out);
    case ClauseKind::kWith: case ClauseKind::kReturn: return collect_projection(static_cast<const ProjectionClause&>(*clause), out);
    case ClauseKind::kCreate: case ClauseKind::kInsert:
      for (const PathPattern* path : static_cast<const CreateClause&>(*clause).patterns) collect_slots(path, out);
      return;
    case ClauseKind::kMerge: {
      const auto& c = static_cast<const MergeClause&>(*clause);
      collect_slots(c.pattern, out);
      collect_items(c.on_create, out);
      return collect_items(c.on_match, out);
    }
    case ClauseKind::kSet: return collect_items(static_cast<const SetClause&>(*clause).items, out);
    case ClauseKind::kRemove: return collect_items(static_cast<const RemoveClause&>(*clause).items, out);
    case ClauseKind::kDelete:
      for (const Expr* e : static_cast<const DeleteClause&>(*clause).expressions) collect_slots(e, out);
      return;
    case ClauseKind::kForeach: {
      const auto& c = static_cast<const ForeachClause&>(*clause);
      collect_slots(c.list, out);
      for (const Clause* body : c.body) collect_clause(body, out);
      return;
    }
    case ClauseKind::kCallProcedure: {
      const auto& c = static_cast<const CallProcedureClause&>(*clause);
      for (const Expr* e : c.arguments) collect_slots(e, out);
      return collect_slots(c.where, out);
    }
    case ClauseKind::kCallSubquery: {
      const auto& c = static_cast<const CallSubqueryClause&>(*clause);
      for (const Expr* e : c.imports) collect_slots(e, out);
      return collect_slots(c.query, out);
    }
    case ClauseKind::kLoadCsv: return collect_slots(static_cast<const LoadCsvClause&>(*clause).url, out);
    case ClauseKind::kUse: case ClauseKind::kFinish: return;
  }
}

}  // namespace

void collect_slots(const Expr* e, SlotSet* out) {
  if (!e) return;
  if (e->kind == ExprKind::kVariable) out->insert(e->slot);
  for (const Expr* child : e->children) collect_slots(child, out);
  collect_labels(e->labels, out);
  if (e->pattern) collect_slots(e->pattern, out);
  if (e->query) collect_slots(e->query, out);
}

void collect_slots(const PathPattern* path, SlotSet* out) {
  if (path->slot != kNoSlot) out->insert(path->slot);
  collect_slots(path->where, out);
  for (const PatternPart* part : path->parts) {
    if (const NodePattern* node = part->node) {
      out->insert(node->slot);
      collect_labels(node->labels, out);
      collect_slots(node->properties, out);
      collect_slots(node->where, out);
    }
    if (const RelationshipPattern* r = part->relationship) {
      out->insert(r->slot);
      collect_labels(r->types, out);
      collect_slots(r->properties, out);
      collect_slots(r->where, out);
    }
    if (part->inner) collect_slots(part->inner, out);
    collect_slots(part->where, out);
  }
}

void collect_slots(const Query* query, SlotSet* out) {
  for (const SingleQuery* part : query->parts) {
    for (const Clause* clause : part->clauses) collect_clause(clause, out);
  }
}

SlotSet slots_of(const Expr* e, const SlotSet& scope) {
  SlotSet all, out;
  collect_slots(e, &all);
  for (Slot slot : all) {
    if (scope.contains(slot)) out.insert(slot);
  }
  return out;
}

}  // namespace graft::cypher
