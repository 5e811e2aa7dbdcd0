#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "cypher/functions/registry.h"
#include "cypher/procedures/registry.h"
#include "cypher/semantic/analyzer.h"

namespace graft::cypher {

// What is known of a value's type: the types it may have, and those its elements may have if it is a list.
struct Type {
  TypeMask mask = kAnyMask;
  TypeMask element = kAnyMask;
};
inline Type type_of(TypeMask mask, TypeMask element = kAnyMask) { return {mask, element}; }
inline Type either(const Type& a, const Type& b) { return {a.mask | b.mask, a.element | b.element}; }

struct VariableInfo {
  Slot slot = kNoSlot;
  Type type;
};
using Scope = std::map<std::string, VariableInfo, std::less<>>;

// How a query stands in the statement: what it may end with.
enum class QueryRole : uint8_t { kStatement, kCall, kExists, kCollect };

// What linenumber() and file() read, in the scope of a LOAD CSV. No user can write these names.
inline constexpr const char* kLineVariable = " linenumber";
inline constexpr const char* kFileVariable = " file";

class Analyzer {
 public:
  Analyzer(Arena* arena, const ProcedureRegistry& procedures) : arena_(arena), procedures_(procedures) {}
  Analysis run(Statement* statement);

 private:
  [[noreturn]] static void fail(std::string message, Position position);
  Slot new_slot(const std::string& name, SlotKind kind = SlotKind::kValue);
  void declare(Scope* scope, const std::string& name, Slot slot, Type type, Position position);

  // ---- Queries and clauses (analyze_query.cc, analyze_call.cc)
  // fixed: variables of the outer query that stay visible whatever WITH drops
  void query(Query* q, const Scope& initial, const Scope& fixed, QueryRole role);
  void union_columns(Query* q);
  void single_query(SingleQuery* part, Scope scope, const Scope& fixed, QueryRole role, Query* whole);
  void check_order(const SingleQuery& part, QueryRole role);
  void check_in_transactions(const SingleQuery& part, QueryRole role, bool in_union);
  void check_end(const SingleQuery& part, QueryRole role);
  void clause(Clause* c, Scope* scope, const Scope& fixed, bool standalone);
  void match(MatchClause* c, Scope* scope);
  void check_hint(const Hint& hint, const MatchClause& c, const Scope& scope);  // check_hints.cc
  void unwind(UnwindClause* c, Scope* scope);
  void create(const std::vector<PathPattern*>& patterns, Scope* scope);
  void merge(MergeClause* c, Scope* scope);
  void set_items(std::vector<SetItem>* items, const Scope& scope);
  void remove(RemoveClause* c, const Scope& scope);
  void delete_clause(DeleteClause* c, const Scope& scope);
  void foreach_clause(ForeachClause* c, const Scope& scope, const Scope& fixed);
  void call_procedure(CallProcedureClause* c, Scope* scope, bool standalone);
  void call_arguments(CallProcedureClause* c, const ProcedureInfo& info, const Scope& scope, bool standalone);
  void check_subquery_result(const SingleQuery& part, const Scope& outer);
  void call_subquery(CallSubqueryClause* c, Scope* scope, const Scope& fixed);
  Scope importing_with(CallSubqueryClause* c, const Scope& scope);
  void in_transactions(InTransactions* options, Scope* scope);
  void load_csv(LoadCsvClause* c, Scope* scope);
  void command(Command* c);
  void show(ShowCommand* c);

  // ---- Projections (analyze_projection.cc)
  void projection(ProjectionClause* c, Scope* scope, const Scope& fixed);
  void expand_star(ProjectionClause* c, const Scope& scope);
  void projection_item(ProjectionClause* c, ProjectionItem* item, const Scope& scope);
  void check_grouping(const ProjectionClause& c);
  void check_grouped(const Expr* e, const std::vector<const Expr*>& keys, std::set<Slot>* locals);
  void order_by(ProjectionClause* c, const Scope& before, const Scope& projected, bool aggregating);
  Type order_item(Expr* e, const Scope& visible, bool aggregating);
  Expr* refer_to_items(Expr* e, const ProjectionClause& c, bool simple_keys_only);
  void page_count(Expr* e, const char* clause, int64_t least = 0);

  // ---- Patterns (analyze_pattern.cc)
  // Declares what is new, then resolves properties and predicates. introduce: null: nothing new may appear.
  void read_patterns(const std::vector<PathPattern*>& patterns, Scope* scope, bool allow_new);
  void declare_path(PathPattern* path, Scope* scope, std::set<std::string>* here, bool allow_new);
  void declare_node(NodePattern* node, Scope* scope, std::set<std::string>* here, bool allow_new);
  void declare_relationship(RelationshipPattern* r, Scope* scope, std::set<std::string>* here, bool allow_new);
  void declare_quantified(PatternPart* part, Scope* scope, std::set<std::string>* here);
  void declare_group(PatternPart* part, Slot inner, const std::string& name, SlotKind kind, Scope* scope, std::set<std::string>* here, Position position);
  void resolve_path(PathPattern* path, const Scope& scope);
  void resolve_labels(LabelExpr* labels, const Scope& scope);
  void resolve_properties(Expr* properties, const Scope& scope, bool parameter_allowed);
  void resolve_before(PathPattern* path, const Scope& scope, bool merge);
  void written_path(PathPattern* path, Scope* scope, bool merge);
  void written_node(NodePattern* node, Scope* scope, bool alone, bool merge);
  void written_relationship(RelationshipPattern* r, Scope* scope, bool merge);
  void check_selector(const PathPattern& path);

  // ---- Expressions (analyze_expression.cc)
  struct Context {
    bool aggregation_allowed = false;
    bool inside_aggregation = false;
    bool wants_boolean = false;     // a pattern may stand here
    const char* place = "";         // for messages
    Context boolean() const { Context c = *this; c.wants_boolean = true; return c; }
    Context value() const { Context c = *this; c.wants_boolean = false; return c; }
    Context local() const { Context c = value(); c.aggregation_allowed = false; c.place = "a list comprehension or predicate"; return c; }
  };
  Type expression(Expr* e, const Scope& scope, const Context& context);
  Type predicate(Expr* e, const Scope& scope, const char* place);
  Type plain(Expr* e, const Scope& scope, const char* place);  // no aggregation, no pattern
  Type variable(Expr* e, const Scope& scope);
  Type literal(const graph::Value& v);
  Type list(Expr* e, const Scope& scope, const Context& context);
  Type property(Expr* e, const Scope& scope, const Context& context);
  Type index(Expr* e, const Scope& scope, const Context& context);
  Type arithmetic(Expr* e, const Scope& scope, const Context& context);
  Type add(const Type& a, const Type& b);
  Type boolean_operator(Expr* e, const Scope& scope, const Context& context);
  Type function(Expr* e, const Scope& scope, const Context& context);
  bool import_function(Expr* e, const Scope& scope);
  Type aggregation(Expr* e, const Scope& scope, const Context& context);
  Type case_expression(Expr* e, const Scope& scope, const Context& context);
  Type comprehension(Expr* e, const Scope& scope, const Context& context);
  Type reduce(Expr* e, const Scope& scope, const Context& context);
  Type pattern_comprehension(Expr* e, const Scope& scope, const Context& context);
  Type subquery(Expr* e, const Scope& scope);
  void require(const Type& type, TypeMask allowed, const Expr* at, ErrorCode code = ErrorCode::kSyntax);
  void children(Expr* e, const Scope& scope, const Context& context);

  Arena* arena_;
  const ProcedureRegistry& procedures_;
  Analysis out_;
  bool inside_transactions_ = false;  // in the query of a CALL { } IN TRANSACTIONS
};

std::string describe(TypeMask mask);

}  // namespace graft::cypher
