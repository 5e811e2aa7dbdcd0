#pragma once

#include <map>
#include <string>
#include <vector>

#include "cypher/functions/registry.h"
#include "cypher/planner/planner.h"
#include "cypher/planner/query_graph.h"
#include "cypher/planner/walk_pattern.h"
#include "cypher/procedures/registry.h"
#include "graph/view.h"

namespace graft::cypher {

// How one node or relationship can be found without coming from another.
struct LeafChoice {
  PlanOp op = PlanOp::kAllNodesScan;
  Slot node = kNoSlot;
  int edge = -1;                          // relationship leaves
  double rows = 0;
  double cost = 0;
  const graph::IndexDefinition* index = nullptr;
  std::vector<SeekKey> keys;
  std::vector<std::string> labels;
  Expr* ids = nullptr;
  bool many = false, element_id = false;
  std::vector<int> solved;                // predicates that need no filter any more
  uint32_t hints = 0;                     // of the MATCH, by bit: which it follows
};

struct MatchStep {
  enum Kind : uint8_t { kLeaf, kExpand, kJoin } kind = kLeaf;
  LeafChoice leaf;
  int edge = -1;
  bool reversed = false;                  // expand from edge.to
  // kJoin: the rows so far with those that `right` gives by itself, by hash
  std::vector<MatchStep> right;
  std::vector<Slot> on;                   // nodes
  bool build_right = false;               // fewer rows than the left side
  double rows = 0, cost = 0;              // after it
  size_t instead_from = 0;                // the steps from there on up to this one could be replaced by `instead`,
  std::vector<MatchStep> instead;         // which has no join; empty: a hint wants the join
};

struct MatchState {
  SlotSet bound;
  std::vector<bool> edge_done, predicate_done;
  bool alone = false;                     // nothing of the rows so far may be used
  double rows = 1, cost = 0;
  uint32_t hints = 0;                     // followed
  std::vector<MatchStep> steps;
};

// Which predicates and relationships of a match the operators so far have taken care of.
struct MatchDone {
  std::vector<bool> predicates, edges;
};

// What a piece of plan reads and writes, for Eager barriers.
struct AccessSet {
  bool all_nodes = false, all_relationships = false, all_properties = false, any_labels = false;
  std::set<std::string> labels, types, properties;
  // Writes only
  bool deletes = false, creates_nodes = false;
  bool empty() const;
  void add(const AccessSet& other);
};

class Planner : public SlotSource {
 public:
  Planner(Analysis analysis, std::shared_ptr<Arena> arena, const ProcedureRegistry& procedures, const graph::GraphView& view, PlannerOptions options);
  PlannedStatement run(const Statement& statement);
  Slot new_slot(SlotKind kind) override;

 private:
  // A chain of operators under construction: top is null while there is nothing but the argument row.
  struct Stream {
    PlanNode* top = nullptr;
    SlotSet bound;
    double rows = 1;
    AccessSet reads, writes;              // since the last barrier
  };

  template <class T, class... Args>
  T* node(Args&&... args) { return arena_->make<T>(std::forward<Args>(args)...); }
  template <class T>
  T* push(Stream* s, T* n, double rows) {  // n on top of the stream
    n->left = leaf_or_top(s);
    return place(s, n, rows);
  }
  template <class T>
  T* place(Stream* s, T* n, double rows) {
    finish(s, n, rows);
    return n;
  }
  void finish(Stream* s, PlanNode* n, double rows);
  PlanNode* leaf_or_top(Stream* s);
  void push_leaf(Stream* s, PlanNode* leaf, double rows);  // Apply unless the stream is empty
  Token label_token(const std::string& name);
  Token type_token(const std::string& name);
  Token key_token(const std::string& name);
  std::vector<Token> type_tokens(const std::vector<std::string>& names);

  // ---- Queries (plan_query.cc)
  // Leaves the result columns in q.slots.
  Stream query(const Query& q, const Stream& outer, const SlotSet& fixed);
  Stream union_query(const Query& q, const Stream& outer, const SlotSet& fixed);
  Stream single_query(const SingleQuery& part, Stream s, const SlotSet& fixed);
  void clause(const Clause& c, Stream* s, const SlotSet& fixed);
  void unwind(const UnwindClause& c, Stream* s);
  void load_csv(const LoadCsvClause& c, Stream* s);
  void call_procedure(const CallProcedureClause& c, Stream* s);
  void call_subquery(const CallSubqueryClause& c, Stream* s, const SlotSet& fixed);
  PlanNode* command(const Command& c, Stream* s, std::vector<std::pair<std::string, Slot>>* columns);
  void note_writes(QueryType type);
  void number_all();
  static bool returns(const Query& q);
  static bool limits(const Clause& c);

  // ---- Projections (plan_projection.cc)
  void projection(const ProjectionClause& c, Stream* s, const SlotSet& fixed);
  void aggregate(const ProjectionClause& c, std::vector<Expr*>* order, Stream* s, const SlotSet& fixed, SlotSet* projected);
  Expr* replace_aggregations(Expr* e, const std::vector<SlotExpr>& keys, std::vector<SlotExpr>* aggregations);
  void order_and_page(const ProjectionClause& c, const std::vector<Expr*>& order, Stream* s, const SlotSet& keep);
  bool count_store(const ProjectionClause& c, Stream* s);

  // ---- MATCH (plan_match.cc, choose_match.cc)
  void match(const MatchClause& c, Stream* s);
  void match_clause(const MatchClause& c, bool selected, QueryGraph* graph, Stream* s);
  void match_graph(QueryGraph* graph, Stream* s);
  void apply(const Stream& inner, const SlotSet& introduced, Stream* s);
  static bool needs_selection(const std::vector<PathPattern*>& patterns);
  void select_paths(const PathPattern& path, QueryGraph* graph, Stream* s);
  void emit_steps(QueryGraph* g, const std::vector<MatchStep>& steps, MatchDone* done, Stream* s);
  void emit_step(QueryGraph* g, const MatchStep& step, MatchDone* done, Stream* s);
  PlanHashJoin* emit_join(QueryGraph* g, const MatchStep& step, MatchDone* done, Stream* s);
  void differ(int edge, const std::vector<Slot>& others, const QueryGraph& g, Stream* s);
  bool join_leaf(const QueryGraph& g, const MatchStep& step, std::vector<bool>* predicate_done, Stream* s);
  PlanIdSeek* id_seek_of(const LeafChoice& leaf, const Stream& s);
  PlanIndexSeek* index_seek_of(const LeafChoice& leaf, const Stream& s);
  void emit_relationship_seek(const GraphEdge& e, const LeafChoice& leaf, double rows, Stream* s);
  void emit_leaf(const QueryGraph& g, const MatchStep& step, Stream* s);
  void emit_expand(QueryGraph* g, const MatchStep& step, const std::vector<bool>& edges_done, Stream* s);
  void emit_var_length(const GraphEdge& e, Slot from, Slot to, bool into, bool reversed, std::vector<Slot> unique_with, Stream* s);
  void emit_quantified(const GraphEdge& e, Slot from, Slot to, bool into, bool reversed, std::vector<Slot> unique_with, Stream* s);
  void emit_shortest(QueryGraph* g, const GraphEdge& e, std::vector<bool>* predicate_done, Stream* s);
  void emit_bound_relationship(const GraphEdge& e, Stream* s);
  void emit_paths(QueryGraph* g, Stream* s);
  void filters(QueryGraph* g, std::vector<bool>* done, Stream* s, bool all);
  void filter(std::vector<Expr*> predicates, Stream* s);
  std::vector<Slot> unique_with(const QueryGraph& g, int edge, const std::vector<bool>& done) const;
  Stream pattern_stream(const std::vector<PathPattern*>& patterns, Expr* where, const Stream& outer, bool unique);

  MatchState choose(const QueryGraph& g, const SlotSet& bound, double rows);
  MatchState choose_greedily(const QueryGraph& g, MatchState start);
  // ---- The order of joins (join_parts.cc, join_order.cc)
  class JoinSearch;
  struct JoinPart {                       // of a pattern: what hangs together
    std::vector<int> edges;
    std::vector<Slot> nodes;
  };
  bool choose_exactly(const QueryGraph& g, MatchState* state);
  static JoinPart part_within_reach(const QueryGraph& g, const MatchState& state, SlotSet reach);
  static std::vector<JoinPart> parts_apart(const QueryGraph& g, const MatchState& state);
  void note_hints(const LeafChoice& leaf, const QueryGraph& g, uint32_t* followed) const;
  void note_missed_hints(uint32_t followed);
  double shaken(double cost, uint64_t salt) const;
  void greedy(const QueryGraph& g, MatchState* state);
  void as_written(const QueryGraph& g, MatchState* state);
  static void bind(const QueryGraph& g, const MatchStep& step, MatchState* state);
  void apply_step(const QueryGraph& g, const MatchStep& step, MatchState* state);
  double expand_rows(const QueryGraph& g, const GraphEdge& e, bool reversed, bool into) const;
  double degree_from(const QueryGraph& g, const GraphEdge& e, bool reversed) const;
  double share_to(const QueryGraph& g, const GraphEdge& e, bool reversed, double* nodes) const;
  const std::string& label_at_end(const std::string& type, graph::Direction end) const;
  std::vector<LeafChoice> leaves(const QueryGraph& g, const MatchState& state);
  void node_leaves(const QueryGraph& g, Slot node, const MatchState& state, std::vector<LeafChoice>* out);
  // ---- Seeks (choose_index.cc)
  void relationship_leaves(const QueryGraph& g, int edge, const MatchState& state, std::vector<LeafChoice>* out);
  void index_leaves(const QueryGraph& g, Slot entity, graph::EntityKind kind, const std::vector<std::string>& labels_or_types, const MatchState& state, std::vector<LeafChoice>* out);
  bool index_leaf(const QueryGraph& g, Slot entity, const graph::IndexDefinition& index, const MatchState& state, LeafChoice* leaf) const;
  bool seek_key(const QueryGraph& g, Slot entity, const std::string& key, const MatchState& state, SeekKey* out, std::vector<int>* solved) const;
  bool text_key(const QueryGraph& g, Slot entity, const std::string& key, const MatchState& state, SeekKey* out, std::vector<int>* solved) const;
  bool point_key(const QueryGraph& g, Slot entity, const std::string& key, const MatchState& state, SeekKey* out) const;
  static bool value_known(const Expr* value, Slot entity, const QueryGraph& g, const MatchState& state);
  bool id_seek(const QueryGraph& g, Slot entity, const MatchState& state, LeafChoice* out) const;
  std::vector<std::string> labels_of(const QueryGraph& g, Slot node) const;
  double node_selectivity(const QueryGraph& g, Slot node) const;
  double selectivity(const Expr* e) const;
  double average_degree(const std::vector<std::string>& labels, const std::vector<std::string>& types, graph::Direction direction) const;

  // ---- Writes (plan_write.cc)
  void create(const CreateClause& c, Stream* s);
  void created_pattern(const PathPattern& path, std::vector<CreateNodeItem>* nodes, std::vector<CreateRelationshipItem>* relationships, Stream* s, SlotSet* made);
  void merge(const MergeClause& c, Stream* s);
  void set(const std::vector<SetItem>& items, bool remove, Stream* s);
  static Slot scanned_alone(const Stream& s);
  std::vector<SetItem> lowered(std::vector<SetItem> items, Stream* s);
  void delete_clause(const DeleteClause& c, Stream* s);
  void foreach_clause(const ForeachClause& c, Stream* s, const SlotSet& fixed);
  void path_after_write(const PathPattern& path, Stream* s);

  // ---- Eager (plan_eager.cc)
  void before_write(const AccessSet& write, Stream* s);   // barrier when what was read upstream would see it
  void before_read(const AccessSet& read, Stream* s);     // barrier when writes upstream must be complete
  void before_update(const AccessSet& read, const AccessSet& write, Stream* s);
  void eager(Stream* s, const char* reason);
  static void expression_access(const Expr* e, AccessSet* out);
  static void graph_access(const QueryGraph& g, AccessSet* out);
  static void set_access(const std::vector<SetItem>& items, AccessSet* out);
  static void query_access(const Query& q, AccessSet* reads, AccessSet* writes);
  static void clause_access(const Clause& c, AccessSet* reads, AccessSet* writes);
  static void pattern_access(const PathPattern& path, AccessSet* out);

  // ---- Expressions (lower.cc): plans for subqueries and patterns inside
  Expr* lower(Expr* e, const Stream& s);
  Expr* size_as_count(Expr* e);
  Expr* count_as_exists(Expr* e, bool* negated);
  Expr* fold(Expr* e) const;              // fold.cc: what its literals decide
  Expr* folded(Expr* e) const;            // the same for its top alone
  void lower_all(std::vector<Expr*>* list, const Stream& s);
  void lower_labels(LabelExpr* labels, const Stream& s);
  void lower_subquery(Expr* e, const Stream& s);

  // ---- The whole plan (plan_optimise.cc)
  void optimise(PlanNode** link, SlotSet needed, bool duplicates_matter = true);
  static bool duplicates_matter_below(const PlanNode& n, bool above);
  static void prune_walks(PlanNode* n, const SlotSet& needed);
  static bool unnest(PlanNode** link);
  bool run_once(PlanNode** link);
  void serve_order(PlanNode** link);
  void optional_expand(PlanNode** link);
  void optimise_expressions(PlanNode* n);
  static PlanNode** skip_projections(PlanNode** link, SlotSet* reads);
  void count_below(PlanNode** top, const SlotSet& needed);
  void count_rows(PlanNode* chain, PlanAggregation* aggregation);
  bool count_from_store(PlanNode** top, PlanNode* chain);
  bool walk_counted(PlanNode** link, const SlotSet& needed, Slot* weight, double less_than);
  void walk_cycle(PlanNode** link, const SlotSet& needed);
  bool walk_open_cycle(PlanNode** link, const SlotSet& needed, double less_than);
  static PlanNode** join_below(PlanNode** link);
  static const PlanHashJoin* join_of(const PlanNode* top);
  void emit_walk(PlanNode** link, WalkPattern pattern, const WalkOrder& order, const SlotSet& needed, double rows, Slot weight);
  PlanNode* walk_start(WalkPattern* p, Slot start);
  double walk_cost(const WalkPattern& p, const WalkOrder& order, double start_rows) const;
  double scan_rows(const WalkPattern& p, Slot start) const;
  void replace(PlanNode** link, PlanNode* by, PlanNode* left, std::vector<Slot> available, double rows);

  std::shared_ptr<Arena> arena_;
  std::shared_ptr<Plan> plan_;
  Analysis analysis_;
  const ProcedureRegistry& procedures_;
  Statistics view_;
  PlannerOptions options_;
  const graph::Catalog& catalog_;
  QueryType type_ = QueryType::kRead;
  SlotSet passing_;  // what a WITH that does not aggregate leaves as it is: linenumber(), file()
  bool large_write_ = false;
  bool few_rows_wanted_ = false;          // a LIMIT follows the MATCH: nothing is to be read ahead
  const std::vector<Hint>* hints_ = nullptr;  // of the MATCH
  std::vector<Notification> notifications_;
  std::map<Slot, std::vector<std::string>> labels_seen_;  // by earlier clauses
  mutable std::map<std::pair<std::string, bool>, std::string> labels_at_ends_;  // by type, start or end
  std::vector<PlanNode*> made_;
  std::set<const Expr*> optimised_;
  SlotSet locals_;  // of comprehensions around the expression being lowered
};

}  // namespace graft::cypher
