#include <algorithm>

#include "cypher/planner/planner_impl.h"

namespace graft::cypher {
namespace {

void split_labels(const LabelExpr* labels, std::vector<std::string>* names, std::vector<Expr*>* dynamic) {
  if (!labels) return;
  if (labels->kind == LabelExprKind::kName) names->push_back(labels->name);
  if (labels->dynamic) dynamic->push_back(labels->dynamic);
  for (const LabelExpr* child : labels->children) split_labels(child, names, dynamic);
}

}  // namespace

void Planner::created_pattern(const PathPattern& path, std::vector<CreateNodeItem>* nodes, std::vector<CreateRelationshipItem>* relationships, Stream* s, SlotSet* made) {
  for (size_t i = 0; i < path.parts.size(); ++i) {
    const PatternPart* part = path.parts[i];
    if (const NodePattern* n = part->node) {
      if (n->bound) continue;
      CreateNodeItem item;
      item.node = n->slot;
      split_labels(n->labels, &item.labels, &item.dynamic_labels);
      lower_all(&item.dynamic_labels, *s);
      item.properties = lower(n->properties, *s);
      nodes->push_back(std::move(item));
      made->insert(n->slot);
      continue;
    }
    const RelationshipPattern* r = part->relationship;
    CreateRelationshipItem item;
    item.relationship = r->slot;
    item.from = path.parts[i - 1]->node->slot;
    item.to = path.parts[i + 1]->node->slot;
    if (r->direction == graph::Direction::kIncoming) std::swap(item.from, item.to);
    item.type = r->types->name;
    item.dynamic_type = r->types->dynamic ? lower(r->types->dynamic, *s) : nullptr;
    item.properties = lower(r->properties, *s);
    relationships->push_back(std::move(item));
    made->insert(r->slot);
  }
}

// p = ... of CREATE and MERGE
void Planner::path_after_write(const PathPattern& path, Stream* s) {
  if (path.slot == kNoSlot) return;
  std::vector<Expr*> walk;
  for (const PatternPart* part : path.parts) walk.push_back(variable_of(part->node ? part->node->slot : part->relationship->slot, arena_.get()));
  PlanProjection* projection = node<PlanProjection>();
  projection->items.push_back({path.slot, make_expr(ExprKind::kPath, walk, arena_.get())});
  s->bound.insert(path.slot);
  push(s, projection, s->rows);
}

void Planner::create(const CreateClause& c, Stream* s) {
  note_writes(QueryType::kReadWrite);
  AccessSet writes, reads;
  clause_access(c, &reads, &writes);
  for (const PathPattern* path : c.patterns) {
    AccessSet used;
    for (const PatternPart* part : path->parts) {
      if (part->node) expression_access(part->node->properties, &used);
      if (part->relationship) expression_access(part->relationship->properties, &used);
    }
    before_read(used, s);
  }
  before_write(writes, s);
  if (s->rows > 10000) large_write_ = true;
  PlanCreate* create = node<PlanCreate>();
  leaf_or_top(s);
  for (const PathPattern* path : c.patterns) {  // a later pattern's properties may use what an earlier one of the clause makes
    SlotSet made;
    created_pattern(*path, &create->nodes, &create->relationships, s, &made);
    s->bound.insert(made.begin(), made.end());
  }
  push(s, create, s->rows);
  for (const PathPattern* path : c.patterns) path_after_write(*path, s);
  s->writes.add(writes);
}

std::vector<SetItem> Planner::lowered(std::vector<SetItem> items, Stream* s) {
  for (SetItem& item : items) {
    item.target = lower(item.target, *s);
    item.key_expression = lower(item.key_expression, *s);
    item.value = lower(item.value, *s);
    lower_all(&item.dynamic_labels, *s);
  }
  return items;
}

void Planner::merge(const MergeClause& c, Stream* s) {
  note_writes(QueryType::kReadWrite);
  AccessSet reads, writes;
  clause_access(c, &reads, &writes);
  before_update(reads, writes, s);
  leaf_or_top(s);
  PlanMerge* merge = node<PlanMerge>();
  SlotSet made;
  created_pattern(*c.pattern, &merge->nodes, &merge->relationships, s, &made);
  Stream outer;
  outer.bound = s->bound;
  // Without a direction it is matched either way and made left to right
  PathPattern* pattern = arena_->make<PathPattern>(*c.pattern);
  pattern->slot = kNoSlot;
  Stream right = pattern_stream({pattern}, nullptr, outer, true);
  leaf_or_top(&right);
  s->bound.insert(made.begin(), made.end());
  merge->left = s->top;
  merge->right = right.top;
  merge->on_create = lowered(c.on_create, s);
  merge->on_match = lowered(c.on_match, s);
  if (s->rows > 10000) large_write_ = true;
  place(s, merge, std::max(s->rows, 1.0));
  path_after_write(*c.pattern, s);
  s->writes.add(writes);
  s->reads.add(reads);
}

namespace {

bool looks_at_its_row_alone(const Expr* e) {
  return !e->plan && !e->pattern && !e->query && std::all_of(e->children.begin(), e->children.end(), [](const Expr* child) { return !child || looks_at_its_row_alone(child); });
}

}  // namespace

// The node of a scan with nothing but filters of each node alone above it: every node comes once, and what becomes of it
// then is nothing to the others. kNoSlot: there is more.
Slot Planner::scanned_alone(const Stream& s) {
  if (!s.writes.empty()) return kNoSlot;
  const PlanNode* n = s.top;
  for (; n && n->op == PlanOp::kFilter; n = n->left) {
    const auto& predicates = static_cast<const PlanFilter*>(n)->predicates;
    if (!std::all_of(predicates.begin(), predicates.end(), looks_at_its_row_alone)) return kNoSlot;
  }
  const bool scan = n && !n->left && (n->op == PlanOp::kAllNodesScan || n->op == PlanOp::kNodeByLabelScan);
  return scan ? static_cast<const PlanNodeScan*>(n)->node : kNoSlot;
}

void Planner::set(const std::vector<SetItem>& items, bool remove, Stream* s) {
  note_writes(QueryType::kReadWrite);
  AccessSet writes, reads;
  set_access(items, &writes);
  for (const SetItem& item : items) {
    expression_access(item.value, &reads);
    expression_access(item.key_expression, &reads);
    for (const Expr* label : item.dynamic_labels) expression_access(label, &reads);
  }
  const Slot alone = scanned_alone(*s);
  const bool only_it = alone != kNoSlot && std::all_of(items.begin(), items.end(), [&](const SetItem& item) { return item.target->kind == ExprKind::kVariable && item.target->slot == alone; });
  before_update(reads, only_it ? AccessSet{} : writes, s);
  PlanSet* set = node<PlanSet>(remove ? PlanOp::kRemove : PlanOp::kSetProperties);
  set->items = lowered(items, s);
  leaf_or_top(s);
  if (s->rows > 10000) large_write_ = true;
  push(s, set, s->rows);
  s->writes.add(writes);
}

void Planner::delete_clause(const DeleteClause& c, Stream* s) {
  note_writes(QueryType::kReadWrite);
  AccessSet writes, reads;
  writes.deletes = true;
  for (const Expr* e : c.expressions) expression_access(e, &reads);
  const bool single_scan = c.expressions.size() == 1 && c.expressions[0]->kind == ExprKind::kVariable && scanned_alone(*s) == c.expressions[0]->slot;
  before_update(reads, single_scan ? AccessSet{} : writes, s);
  PlanDelete* del = node<PlanDelete>();
  del->detach = c.detach;
  for (Expr* e : c.expressions) del->expressions.push_back(lower(e, *s));
  leaf_or_top(s);
  if (s->rows > 10000) large_write_ = true;
  push(s, del, s->rows);
  s->writes.add(writes);
}

void Planner::foreach_clause(const ForeachClause& c, Stream* s, const SlotSet& fixed) {
  note_writes(QueryType::kReadWrite);
  AccessSet reads, writes;
  clause_access(c, &reads, &writes);
  expression_access(c.list, &reads);
  before_update(reads, writes, s);
  PlanForeach* each = node<PlanForeach>();
  each->slot = c.slot;
  each->list = lower(c.list, *s);
  leaf_or_top(s);
  Stream inner;
  inner.bound = s->bound;
  inner.bound.insert(c.slot);
  leaf_or_top(&inner);
  for (const Clause* body : c.body) clause(*body, &inner, fixed);
  each->left = s->top;
  each->right = inner.top;
  place(s, each, s->rows);
  s->writes.add(writes);
  s->reads.add(reads);
}

}  // namespace graft::cypher
