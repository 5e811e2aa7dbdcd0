#include <algorithm>
#include <map>

#include "cypher/planner/planner_impl.h"
#include "cypher/semantic/show_columns.h"

namespace graft::cypher {

PlannedStatement plan_statement(const Statement& statement, Analysis analysis, std::shared_ptr<Arena> arena, const ProcedureRegistry& procedures,
                                const graph::GraphView& view, PlannerOptions options) {
  return Planner(std::move(analysis), std::move(arena), procedures, view, options).run(statement);
}

Planner::Planner(Analysis analysis, std::shared_ptr<Arena> arena, const ProcedureRegistry& procedures, const graph::GraphView& view, PlannerOptions options)
    : arena_(std::move(arena)), plan_(std::make_shared<Plan>()), analysis_(std::move(analysis)), procedures_(procedures), view_(view), options_(options), catalog_(view.catalog()) {
  plan_->arena = arena_;
  plan_->slots = std::move(analysis_.slots);
}

namespace {

constexpr int kMaxPlanDepth = 3000;

void number(PlanNode* n, int* next) {
  // Left-deep chains may be long: no recursion along them
  for (; n && n->id < 0; n = n->left) {
    n->id = (*next)++;
    if (n->right) number(n->right, next);
  }
}

}  // namespace

PlannedStatement Planner::run(const Statement& statement) {
  Stream s;
  std::vector<std::pair<std::string, Slot>> columns;
  if (statement.command) {
    s.top = command(*statement.command, &s, &columns);
  } else {
    s = query(*statement.query, Stream{}, SlotSet{});
    for (size_t i = 0; i < statement.query->columns.size(); ++i) columns.emplace_back(statement.query->columns[i], statement.query->slots[i]);
  }
  PlanResults* results = node<PlanResults>(columns.empty() && (statement.command || !returns(*statement.query)) ? PlanOp::kEmptyResult : PlanOp::kProduceResults);
  results->columns = columns;
  s.bound.clear();
  for (const auto& column : columns) s.bound.insert(column.second);
  push(&s, results, s.rows);
  plan_->root = results;
  if (options_.optimise) optimise(&plan_->root, SlotSet{});
  number_all();
  PlannedStatement out;
  out.plan = plan_;
  out.type = type_ == QueryType::kReadWrite && columns.empty() ? QueryType::kWrite : type_;
  out.expects_large_write = large_write_;
  out.counts_used = view_.take_used();
  out.notifications = std::move(notifications_);
  return out;
}

void Planner::number_all() {
  for (PlanNode* n : made_) n->id = -1;
  int next = 0;
  number(plan_->root, &next);
  for (PlanNode* n : made_) {  // plans inside of expressions
    if (n->id < 0) n->id = next++;
  }
  plan_->node_count = next;
}

Slot Planner::new_slot(SlotKind kind) {
  const Slot slot = static_cast<Slot>(plan_->slots.size());
  plan_->slots.push_back({"anon_" + std::to_string(slot), kind, true});
  return slot;
}

void Planner::finish(Stream* s, PlanNode* n, double rows) {
  s->top = n;
  s->rows = rows;
  n->estimated_rows = rows;
  n->available.assign(s->bound.begin(), s->bound.end());
  made_.push_back(n);
  if (n->left) n->depth = std::max(n->depth, n->left->depth + 1);
  if (n->right) n->depth = std::max(n->depth, n->right->depth + 1);
  if (n->depth > kMaxPlanDepth) {
    throw QueryError{ErrorCode::kSyntax, "The query is too long: its plan has more than " + std::to_string(kMaxPlanDepth) + " operators one above the other", std::nullopt};
  }
}

PlanNode* Planner::leaf_or_top(Stream* s) {
  if (!s->top) {
    PlanArgument* argument = node<PlanArgument>();
    finish(s, argument, s->rows);
  }
  return s->top;
}

void Planner::push_leaf(Stream* s, PlanNode* leaf, double rows) {
  if (!s->top) {
    finish(s, leaf, rows);
    return;
  }
  PlanNode* left = s->top;
  finish(s, leaf, rows / std::max(1.0, left->estimated_rows));
  PlanApply* apply = node<PlanApply>(PlanOp::kApply);
  apply->left = left;
  apply->right = leaf;
  finish(s, apply, rows);
}

Token Planner::label_token(const std::string& name) { return {name, catalog_.label(name).value_or(graph::kNoToken)}; }
Token Planner::type_token(const std::string& name) { return {name, catalog_.type(name).value_or(graph::kNoToken)}; }
Token Planner::key_token(const std::string& name) { return {name, catalog_.property_key(name).value_or(graph::kNoToken)}; }
std::vector<Token> Planner::type_tokens(const std::vector<std::string>& names) {
  std::vector<Token> out;
  for (const std::string& name : names) out.push_back(type_token(name));
  return out;
}

void Planner::note_writes(QueryType type) {
  if (type == QueryType::kSchema) {
    type_ = QueryType::kSchema;
  } else if (type_ == QueryType::kRead) {
    type_ = QueryType::kReadWrite;
  }
}

bool Planner::returns(const Query& q) { return q.parts[0]->clauses.back()->kind == ClauseKind::kReturn; }

// ---- Queries ------------------------------------------------------------------------------------------------------

Planner::Stream Planner::query(const Query& q, const Stream& outer, const SlotSet& fixed) {
  if (q.parts.size() > 1) return union_query(q, outer, fixed);
  return single_query(*q.parts[0], outer, fixed);
}

Planner::Stream Planner::union_query(const Query& q, const Stream& outer, const SlotSet& fixed) {
  Stream out;
  std::vector<Slot> out_slots;
  for (size_t i = 0; i < q.parts.size(); ++i) {
    Stream part = single_query(*q.parts[i], outer, fixed);
    leaf_or_top(&part);
    std::vector<Slot> slots;  // in the order of the first part's columns
    const Clause* last = q.parts[i]->clauses.back();
    for (const std::string& column : q.columns) {
      for (const ProjectionItem& item : static_cast<const ProjectionClause*>(last)->items) {
        if (item.name == column) slots.push_back(item.slot);
      }
    }
    if (i == 0) {
      out = part;
      out_slots = slots;
      continue;
    }
    PlanUnion* both = node<PlanUnion>();
    both->left = out.top;
    both->right = part.top;
    both->left_slots = out_slots;
    both->right_slots = slots;
    both->slots = q.slots;
    out.reads.add(part.reads);
    out.writes.add(part.writes);
    out.bound = outer.bound;
    out.bound.insert(q.slots.begin(), q.slots.end());
    place(&out, both, out.rows + part.rows);
    out_slots = q.slots;
  }
  if (!q.union_all[0] && !q.columns.empty()) {
    PlanDistinct* distinct = node<PlanDistinct>();
    for (Slot slot : q.slots) distinct->grouping.push_back({slot, variable_of(slot, arena_.get())});
    push(&out, distinct, out.rows);
  }
  return out;
}

Planner::Stream Planner::single_query(const SingleQuery& part, Stream s, const SlotSet& fixed) {
  s.top = nullptr;
  s.rows = 1;
  s.reads = s.writes = AccessSet{};
  const bool before = few_rows_wanted_;
  for (size_t i = 0; i < part.clauses.size(); ++i) {
    few_rows_wanted_ = before || (i + 1 < part.clauses.size() && limits(*part.clauses[i + 1]));
    clause(*part.clauses[i], &s, fixed);
  }
  few_rows_wanted_ = before;
  return s;
}

// Ends the clause before it early.
bool Planner::limits(const Clause& c) {
  if (c.kind != ClauseKind::kWith && c.kind != ClauseKind::kReturn) return false;
  const auto& p = static_cast<const ProjectionClause&>(c);
  return p.limit && p.order.empty() && !p.distinct && std::none_of(p.items.begin(), p.items.end(), [](const ProjectionItem& item) { return contains_aggregation(item.expression); });
}

void Planner::clause(const Clause& c, Stream* s, const SlotSet& fixed) {
  switch (c.kind) {
    case ClauseKind::kUse: case ClauseKind::kFinish: return;
    case ClauseKind::kMatch: return match(static_cast<const MatchClause&>(c), s);
    case ClauseKind::kUnwind: return unwind(static_cast<const UnwindClause&>(c), s);
    case ClauseKind::kWith: case ClauseKind::kReturn: return projection(static_cast<const ProjectionClause&>(c), s, fixed);
    case ClauseKind::kCreate: case ClauseKind::kInsert: return create(static_cast<const CreateClause&>(c), s);
    case ClauseKind::kMerge: return merge(static_cast<const MergeClause&>(c), s);
    case ClauseKind::kSet: return set(static_cast<const SetClause&>(c).items, false, s);
    case ClauseKind::kRemove: return set(static_cast<const RemoveClause&>(c).items, true, s);
    case ClauseKind::kDelete: return delete_clause(static_cast<const DeleteClause&>(c), s);
    case ClauseKind::kForeach: return foreach_clause(static_cast<const ForeachClause&>(c), s, fixed);
    case ClauseKind::kCallProcedure: return call_procedure(static_cast<const CallProcedureClause&>(c), s);
    case ClauseKind::kCallSubquery: return call_subquery(static_cast<const CallSubqueryClause&>(c), s, fixed);
    case ClauseKind::kLoadCsv: return load_csv(static_cast<const LoadCsvClause&>(c), s);
  }
}

void Planner::unwind(const UnwindClause& c, Stream* s) {
  AccessSet reads;
  expression_access(c.list, &reads);
  before_read(reads, s);
  PlanUnwind* unwind = node<PlanUnwind>();
  unwind->slot = c.slot;
  unwind->list = lower(c.list, *s);
  leaf_or_top(s);
  s->bound.insert(c.slot);
  const double length = c.list->kind == ExprKind::kList ? static_cast<double>(c.list->children.size()) : 10;
  push(s, unwind, s->rows * length);
}

void Planner::load_csv(const LoadCsvClause& c, Stream* s) {
  PlanLoadCsv* load = node<PlanLoadCsv>();
  load->slot = c.slot;
  load->url = lower(c.url, *s);
  load->with_headers = c.with_headers;
  load->field_terminator = c.field_terminator;
  load->line_slot = c.line_slot;
  load->file_slot = c.file_slot;
  leaf_or_top(s);
  for (Slot slot : {c.slot, c.line_slot, c.file_slot}) s->bound.insert(slot);
  for (Slot slot : {c.line_slot, c.file_slot}) passing_.insert(slot);
  large_write_ = true;
  push(s, load, s->rows * 1000);
}

void Planner::call_procedure(const CallProcedureClause& c, Stream* s) {
  const ProcedureInfo* info = procedures_.find(c.name);
  PlanProcedureCall* call = node<PlanProcedureCall>();
  call->name = info->name;
  call->procedure = info;
  call->is_void = info->outputs.empty();
  if (info->mode == ProcedureMode::kWrite) note_writes(QueryType::kReadWrite);
  if (info->mode == ProcedureMode::kSchema) note_writes(QueryType::kSchema);
  AccessSet everything;
  everything.all_nodes = everything.all_relationships = everything.all_properties = everything.any_labels = true;
  before_read(everything, s);
  for (Expr* argument : c.arguments) call->arguments.push_back(lower(argument, *s));
  leaf_or_top(s);
  SlotSet nulls;
  for (const YieldItem& item : c.yields) {
    for (size_t i = 0; i < info->outputs.size(); ++i) {
      if (info->outputs[i].name == item.field) call->yields.emplace_back(static_cast<uint32_t>(i), item.slot);
    }
    nulls.insert(item.slot);
  }
  if (c.optional) {
    Stream inner = *s;
    inner.top = nullptr;
    leaf_or_top(&inner);
    inner.bound.insert(nulls.begin(), nulls.end());
    push(&inner, call, inner.rows * 10);
    if (c.where) filter({c.where}, &inner);
    PlanOptional* optional = node<PlanOptional>();
    optional->nulls.assign(nulls.begin(), nulls.end());
    push(&inner, optional, inner.rows);
    PlanApply* apply = node<PlanApply>(PlanOp::kApply);
    apply->left = s->top;
    apply->right = inner.top;
    s->bound = inner.bound;
    place(s, apply, s->rows * 10);
    return;
  }
  s->bound.insert(nulls.begin(), nulls.end());
  push(s, call, call->is_void ? s->rows : s->rows * 10);
  if (c.where) filter({c.where}, s);
}

namespace {

bool runs_batches(const PlanNode& plan) {
  return plan.op == PlanOp::kTransactionApply || (plan.left && runs_batches(*plan.left)) || (plan.right && runs_batches(*plan.right));
}

}  // namespace

void Planner::call_subquery(const CallSubqueryClause& c, Stream* s, const SlotSet& fixed) {
  AccessSet reads, writes;
  query_access(*c.query, &reads, &writes);
  before_read(reads, s);
  if (!c.in_transactions) {
    before_write(writes, s);
  } else if (s->top && runs_batches(*s->top)) {  // else what is outside reads a version of its own
    eager(s, "batches follow one another");
  }
  Stream outer;
  outer.bound = s->bound;
  SlotSet stay = fixed;
  stay.insert(s->bound.begin(), s->bound.end());
  Stream inner = query(*c.query, outer, stay);
  leaf_or_top(&inner);
  leaf_or_top(s);
  const bool unit = !returns(*c.query);
  const double rows = unit ? s->rows : s->rows * inner.rows;
  PlanNode* left = s->top;
  const SlotSet results(c.query->slots.begin(), c.query->slots.end());
  PlanNode* right = inner.top;
  if (c.optional && !unit) {
    PlanOptional* optional = node<PlanOptional>();
    optional->nulls.assign(results.begin(), results.end());
    push(&inner, optional, inner.rows);
    right = optional;
  }
  s->bound.insert(results.begin(), results.end());
  PlanNode* top;
  if (c.in_transactions) {
    PlanTransactionApply* apply = node<PlanTransactionApply>();
    InTransactions* options = c.in_transactions;
    options->batch_size = lower(options->batch_size, *s);
    apply->options = options;
    apply->unit = unit;
    apply->nulls.assign(results.begin(), results.end());
    if (options->report_slot != kNoSlot) s->bound.insert(options->report_slot);
    top = apply;
    large_write_ = true;
  } else if (unit) {
    top = node<PlanForeach>();
  } else {
    top = node<PlanApply>(PlanOp::kApply);
  }
  top->left = left;
  top->right = right;
  place(s, top, rows);
  s->reads.add(reads);
  s->writes.add(writes);
}

PlanNode* Planner::command(const Command& c, Stream* s, std::vector<std::pair<std::string, Slot>>* columns) {
  if (c.kind == CommandKind::kShow) {
    const auto& show = static_cast<const ShowCommand&>(c);
    PlanShow* leaf = node<PlanShow>();
    leaf->command = &c;
    for (const YieldItem& item : show.yields) {
      leaf->fields.emplace_back(item.field, item.slot);
      columns->emplace_back(item.name, item.slot);
      s->bound.insert(item.slot);
    }
    push_leaf(s, leaf, 10);
    if (show.where) filter({show.where}, s);
    if (show.yield_projection) projection(*show.yield_projection, s, SlotSet{});
    if (show.result) {
      projection(*show.result, s, SlotSet{});
      columns->clear();
      for (const ProjectionItem& item : show.result->items) columns->emplace_back(item.name, item.slot);
    }
    return s->top;
  }
  note_writes(QueryType::kSchema);
  PlanSchemaCommand* leaf = node<PlanSchemaCommand>();
  leaf->command = &c;
  push_leaf(s, leaf, 0);
  return s->top;
}

}  // namespace graft::cypher
