#pragma once

// The plan: an immutable tree of operators, made by the planner and run by the executor. A PlanNode describes; it holds
// no state of a run.
//
// Rows. A row has Plan::slots.size() columns, one per Slot. An operator adds values in some slots and leaves the others
// as they were (so a variable that passes through WITH keeps its slot and costs nothing). PlanNode::available lists, in
// ascending order, the slots that hold a meaning after the operator, the argument's included: what joins, sorts and
// Eager must keep.
//
// Arguments. The right side of the Apply family runs once per left row, and so does the plan of a subquery expression:
// its leaves start from that row (all its slots are readable; PlanNode::available of the leaf names those needed). A leaf
// that scans (AllNodesScan ...) gives argument row x item. At the top level there is one argument row, with nothing set.
//
// Order. Operators that keep the order of their input: all unary ones but Distinct-free aggregation, Eager too;
// Apply keeps the left side's. Sort is stable.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cypher/parser/arena.h"
#include "cypher/parser/ast.h"

namespace graft::cypher {

// A label, relationship type or property key by name. id: known when planned, and then valid for as long as the plan
// (cached plans are keyed by catalog version), else kNoToken: to be looked up when the operator runs, since the very
// statement may create it.
struct Token {
  std::string name;
  uint32_t id = graph::kNoToken;
};

enum class PlanOp : uint8_t {
  // Leaves
  kArgument, kAllNodesScan, kNodeByLabelScan, kUnionNodeByLabelsScan, kNodeByIdSeek, kNodeIndexSeek, kNodeIndexScan,
  kRelationshipScan, kRelationshipByIdSeek, kRelationshipIndexSeek,
  kNodeCountFromCountStore, kRelationshipCountFromCountStore,
  kSchemaCommand, kShow,
  // One child (left)
  kExpandAll, kExpandInto, kOptionalExpandAll, kOptionalExpandInto, kVarLengthExpandAll, kVarLengthExpandInto,
  kPruningVarLengthExpand, kShortestPath,
  kFilter, kProjection, kEagerAggregation, kDistinct, kSort, kTop, kSkip, kLimit, kUnwind, kOptional, kEager,
  kLoadCsv, kProcedureCall, kProduceResults, kEmptyResult, kProjectEndpoints,
  kCreate, kSetProperties, kRemove, kDelete, kWalk,
  // Two children: right runs per row of left
  kApply, kSemiApply, kAntiSemiApply, kRollUpApply, kForeach, kMerge, kRepeat, kTransactionApply,
  // Two children, independent of one another (both start from the same argument)
  kCartesianProduct, kNodeHashJoin, kValueHashJoin, kUnion,
};

struct PlanNode {
  PlanOp op;
  PlanNode* left = nullptr;
  PlanNode* right = nullptr;
  double estimated_rows = 0;
  std::vector<Slot> available;
  int depth = 1;  // of the tree below: bounded, since operators call one another
  int id = 0;  // preorder number, dense from 0, over all plans of the statement: keys runtime counters

  explicit PlanNode(PlanOp o) : op(o) {}
  virtual ~PlanNode() = default;
};

// ---- Leaves -------------------------------------------------------------------------------------------------------

struct PlanArgument : PlanNode {  // the argument row itself
  PlanArgument() : PlanNode(PlanOp::kArgument) {}
};
struct PlanNodeScan : PlanNode {  // kAllNodesScan, kNodeByLabelScan (one label), kUnionNodeByLabelsScan (each node once)
  explicit PlanNodeScan(PlanOp o) : PlanNode(o) {}
  Slot node = kNoSlot;
  std::vector<Token> labels;
  bool hinted = false;            // USING SCAN: the plan starts here whatever it costs
};
// WHERE id(n) = x / elementId(n) IN [...]: a missing or malformed id gives no row. ids: a value, or a list if many.
struct PlanIdSeek : PlanNode {    // kNodeByIdSeek, kRelationshipByIdSeek
  explicit PlanIdSeek(PlanOp o) : PlanNode(o) {}
  Slot entity = kNoSlot;
  Expr* ids = nullptr;
  bool many = false;
  bool element_id = false;        // strings as elementId() gives them, else integers as id() gives them
  Slot from = kNoSlot, to = kNoSlot;  // relationship: its ends; undirected: a row for each way round
  bool directed = true;
};

enum class SeekKind : uint8_t {
  kEqual /* lower */, kIn /* lower: list; each distinct value once */, kRange, kPrefix /* lower */, kExists,
  kContains /* lower */, kEndsWith /* lower */,                          // all strings of the index are looked at
  kBox /* corners lower, upper */, kDistance /* centre lower, upper */,  // points: more than what lies inside, to be filtered
};
struct SeekKey {
  SeekKind kind = SeekKind::kEqual;
  Expr* lower = nullptr;          // null: open
  Expr* upper = nullptr;
  bool lower_inclusive = true, upper_inclusive = true;
};
// Leading keys of an index: equalities (kEqual, kIn), then at most one range, prefix or existence. A null value matches
// nothing; a range matches values of the bound's own type family only (Cypher's comparability).
struct PlanIndexSeek : PlanNode { // kNodeIndexSeek, kNodeIndexScan (no keys), kRelationshipIndexSeek
  explicit PlanIndexSeek(PlanOp o) : PlanNode(o) {}
  Slot entity = kNoSlot;
  graph::IndexId index = graph::kNoToken;
  bool unique = false;            // shown as NodeUniqueIndexSeek
  graph::IndexKind index_kind = graph::IndexKind::kRange;
  std::string index_name;
  Token label_or_type;
  std::vector<Token> properties;  // all of the index
  std::vector<SeekKey> keys;
  bool descending = false;        // order wanted: by the first key (used when the planner saved a Sort)
  bool ordered = false;
  Slot from = kNoSlot, to = kNoSlot;
  bool directed = true;
};
struct PlanRelationshipScan : PlanNode {  // DirectedRelationshipTypeScan, UndirectedAllRelationshipsScan ...
  PlanRelationshipScan() : PlanNode(PlanOp::kRelationshipScan) {}
  Slot relationship = kNoSlot, from = kNoSlot, to = kNoSlot;
  std::vector<Token> types;       // empty: all
  bool directed = true;           // undirected: a row for each way round; a self-loop gives one
};
struct PlanCountStore : PlanNode {  // exact counts without touching entities; one row
  explicit PlanCountStore(PlanOp o) : PlanNode(o) {}
  Slot count = kNoSlot;
  std::optional<Token> label;     // nodes; relationships: of the start, or of the end if incoming
  std::vector<Token> types;       // relationships; empty: all (then no label)
  bool incoming = false;
};
struct PlanSchemaCommand : PlanNode {
  PlanSchemaCommand() : PlanNode(PlanOp::kSchemaCommand) {}
  const Command* command = nullptr;  // create or drop index or constraint
};
struct PlanShow : PlanNode {      // one row per item, fields into slots
  PlanShow() : PlanNode(PlanOp::kShow) {}
  const Command* command = nullptr;  // a ShowCommand
  std::vector<std::pair<std::string, Slot>> fields;  // column name as SHOW has it, and where it goes
};

// ---- Expansions ---------------------------------------------------------------------------------------------------

// Types of relationships: empty means any. Other forms (!A, %) are given as any plus a predicate.
struct PlanExpand : PlanNode {    // kExpandAll, kExpandInto, kOptionalExpandAll, kOptionalExpandInto
  explicit PlanExpand(PlanOp o) : PlanNode(o) {}
  Slot from = kNoSlot, relationship = kNoSlot, to = kNoSlot;
  graph::Direction direction = graph::Direction::kBoth;  // as seen from `from`; kBoth gives a self-loop once
  std::vector<Token> types;
  std::vector<Slot> unique_with;  // relationships or lists of relationships that the new one must not be among
  std::vector<Expr*> predicates;  // optional: must hold for the match, or the row goes on with nulls
};
struct PlanVarLengthExpand : PlanNode {  // kVarLengthExpandAll, kVarLengthExpandInto, kPruningVarLengthExpand
  explicit PlanVarLengthExpand(PlanOp o) : PlanNode(o) {}
  Slot from = kNoSlot, relationships = kNoSlot /* list; kNoSlot when pruning */, to = kNoSlot;
  graph::Direction direction = graph::Direction::kBoth;
  std::vector<Token> types;
  uint64_t min = 1;
  std::optional<uint64_t> max;
  bool reversed = false;          // walked from the pattern's end: the list is given the other way round
  std::vector<Slot> unique_with;
  // Predicates on each step, evaluated with these slots set to the step's relationship
  Slot step_relationship = kNoSlot;
  std::vector<Expr*> step_predicates;
  // kPruning: each distinct end node once per input row (only min 0 or 1); no list is wanted
};
// shortestPath((from)-[:T*..n]-(to)) and allShortestPaths, both ends bound.
struct PlanShortestPath : PlanNode {
  PlanShortestPath() : PlanNode(PlanOp::kShortestPath) {}
  Slot from = kNoSlot, relationships = kNoSlot, to = kNoSlot, path = kNoSlot;
  graph::Direction direction = graph::Direction::kBoth;
  std::vector<Token> types;
  uint64_t min = 1;               // 0 or 1
  std::optional<uint64_t> max;
  bool all = false;
  bool round_trips = false;        // from == to: the shortest way round, if min is not 0; else there is no path
  Slot step_relationship = kNoSlot;
  std::vector<Expr*> step_predicates;
  std::vector<Expr*> path_predicates;  // need the whole path (relationships, path slots): shortest one that satisfies them
};
// rel (list, when var_length) already bound: its ends. Undirected: both ways round, as far as bound ends allow.
struct PlanProjectEndpoints : PlanNode {
  PlanProjectEndpoints() : PlanNode(PlanOp::kProjectEndpoints) {}
  Slot relationship = kNoSlot, from = kNoSlot, to = kNoSlot;
  bool from_bound = false, to_bound = false;  // then compared instead of set
  graph::Direction direction = graph::Direction::kOutgoing;  // from -> to, from <- to, either
  std::vector<Token> types;       // also checked; empty: any
  bool var_length = false;
  uint64_t min = 1;               // var_length: bounds on the list's length
  std::optional<uint64_t> max;
};
// A quantified path pattern. right: one round, its leaf an Argument with inner_start set; ends with inner_end set. Rounds
// go on from inner_end's node. Gives rows for each number of rounds in [min, max] with no relationship twice.
// Right's relationship slots (single or list) are inner_relationships, in walking order from inner_start.
struct PlanRepeat : PlanNode {
  PlanRepeat() : PlanNode(PlanOp::kRepeat) {}
  Slot start = kNoSlot, end = kNoSlot;            // outer nodes; end_bound: must be equal instead of set
  bool end_bound = false;
  Slot inner_start = kNoSlot, inner_end = kNoSlot;
  uint64_t min = 1;
  std::optional<uint64_t> max;
  std::vector<std::pair<Slot, Slot>> groups;      // inner slot -> slot of the list over the rounds
  std::vector<Slot> inner_relationships;
  Slot relationships = kNoSlot;                   // list of all relationships walked, in pattern order
  bool reversed = false;                          // walked from the pattern's end: lists are given the other way round
  std::vector<Slot> unique_with;
  bool check_unique = true;
};

// ---- One child ----------------------------------------------------------------------------------------------------

struct SlotExpr {
  Slot slot = kNoSlot;
  Expr* expression = nullptr;
};
struct PlanFilter : PlanNode {
  PlanFilter() : PlanNode(PlanOp::kFilter) {}
  std::vector<Expr*> predicates;  // all must be true, cheapest first
};
struct PlanProjection : PlanNode {  // none of the expressions reads another's slot
  PlanProjection() : PlanNode(PlanOp::kProjection) {}
  std::vector<SlotExpr> items;
};
// Without grouping: one row even over no input. aggregations: kFunction with function->aggregating, or kCountStar.
struct PlanAggregation : PlanNode {
  PlanAggregation() : PlanNode(PlanOp::kEagerAggregation) {}
  std::vector<SlotExpr> grouping, aggregations;
  Slot weight = kNoSlot;          // an input row stands for that many equal ones
};
struct PlanDistinct : PlanNode {
  PlanDistinct() : PlanNode(PlanOp::kDistinct) {}
  std::vector<SlotExpr> grouping;  // expression may be the slot's own variable
};
struct SortKey {
  Slot slot = kNoSlot;
  bool descending = false;
};
struct PlanSort : PlanNode {      // kSort; kTop with limit (a negative or non-integer limit is the runtime error of Limit)
  explicit PlanSort(PlanOp o) : PlanNode(o) {}
  std::vector<SortKey> keys;
  Expr* limit = nullptr;
  Expr* skip = nullptr;           // kTop: so many rows more, for the Skip above
};
struct PlanLimit : PlanNode {     // kLimit, kSkip; count is evaluated once, on the argument row
  explicit PlanLimit(PlanOp o) : PlanNode(o) {}
  Expr* count = nullptr;
  Expr* skip = nullptr;           // kLimit: so many rows more, for the Skip above
};
struct PlanUnwind : PlanNode {    // null gives no row, what is not a list one
  PlanUnwind() : PlanNode(PlanOp::kUnwind) {}
  Slot slot = kNoSlot;
  Expr* list = nullptr;
};
struct PlanOptional : PlanNode {  // no row from left: one row with `nulls` set to null, on the argument
  PlanOptional() : PlanNode(PlanOp::kOptional) {}
  std::vector<Slot> nulls;
};
struct PlanEager : PlanNode {     // takes all of its input before the first row goes on
  PlanEager() : PlanNode(PlanOp::kEager) {}
  std::string reason;
};
struct PlanLoadCsv : PlanNode {
  PlanLoadCsv() : PlanNode(PlanOp::kLoadCsv) {}
  Slot slot = kNoSlot;
  Expr* url = nullptr;
  bool with_headers = false;
  std::string field_terminator;
  Slot line_slot = kNoSlot, file_slot = kNoSlot;  // linenumber(), file(); kNoSlot: nobody asks
};
struct ProcedureInfo;             // procedures/registry.h
struct PlanProcedureCall : PlanNode {
  PlanProcedureCall() : PlanNode(PlanOp::kProcedureCall) {}
  std::string name;
  const ProcedureInfo* procedure = nullptr;
  std::vector<Expr*> arguments;
  std::vector<std::pair<uint32_t, Slot>> yields;  // index of the output field -> slot
  bool is_void = false;           // no output fields: input rows pass through
};
// kProduceResults: the statement's columns, in order. kEmptyResult: runs the child to its end and gives no rows.
struct PlanResults : PlanNode {
  explicit PlanResults(PlanOp o) : PlanNode(o) {}
  std::vector<std::pair<std::string, Slot>> columns;
};
// ---- Writes -------------------------------------------------------------------------------------------------------

struct CreateNodeItem {
  Slot node = kNoSlot;
  std::vector<std::string> labels;
  std::vector<Expr*> dynamic_labels;
  Expr* properties = nullptr;     // map; null values are left out
};
struct CreateRelationshipItem {
  Slot relationship = kNoSlot, from = kNoSlot, to = kNoSlot;  // a null end is an error
  std::string type;
  Expr* dynamic_type = nullptr;
  Expr* properties = nullptr;
};
struct PlanCreate : PlanNode {    // nodes first, then relationships
  PlanCreate() : PlanNode(PlanOp::kCreate) {}
  std::vector<CreateNodeItem> nodes;
  std::vector<CreateRelationshipItem> relationships;
};
// kSetProperties (shown as SetProperty, SetLabels ...), kRemove: items in order, each seen by the next. A null target is skipped.
struct PlanSet : PlanNode {
  explicit PlanSet(PlanOp o) : PlanNode(o) {}
  std::vector<SetItem> items;
};
struct PlanDelete : PlanNode {    // shown as Delete or DetachDelete; node, relationship, path or null
  PlanDelete() : PlanNode(PlanOp::kDelete) {}
  bool detach = false;
  std::vector<Expr*> expressions;
};
// Per row of left: the rows of right (the match), each with on_match applied; if there are none, one row with the
// pattern created and on_create applied. A null property value in create is an error.
struct PlanMerge : PlanNode {
  PlanMerge() : PlanNode(PlanOp::kMerge) {}
  std::vector<CreateNodeItem> nodes;
  std::vector<CreateRelationshipItem> relationships;
  std::vector<SetItem> on_create, on_match;
};

// ---- Apply family -------------------------------------------------------------------------------------------------

struct PlanApply : PlanNode {     // kApply; kSemiApply, kAntiSemiApply: left rows with (without) a right row
  explicit PlanApply(PlanOp o) : PlanNode(o) {}
  bool once = false;              // the latter two: right reads nothing of left, so that one run answers for all rows
};
struct PlanRollUpApply : PlanNode {  // collection := list of slot's values over right's rows
  PlanRollUpApply() : PlanNode(PlanOp::kRollUpApply) {}
  Slot collection = kNoSlot, slot = kNoSlot;
};
struct PlanForeach : PlanNode {   // for each element of list: slot := element, right run to its end; the left row goes on
  PlanForeach() : PlanNode(PlanOp::kForeach) {}
  Slot slot = kNoSlot;
  Expr* list = nullptr;           // null: a unit subquery CALL { }: right is run once
};
// CALL { } IN TRANSACTIONS: left's rows in batches, each batch in a transaction of its own.
struct PlanTransactionApply : PlanNode {
  PlanTransactionApply() : PlanNode(PlanOp::kTransactionApply) {}
  const InTransactions* options = nullptr;
  bool unit = false;              // right returns no columns: left rows go on
  std::vector<Slot> nulls;        // right's columns, null in rows of a failed batch
};

// ---- Joins --------------------------------------------------------------------------------------------------------

struct PlanCartesianProduct : PlanNode {
  PlanCartesianProduct() : PlanNode(PlanOp::kCartesianProduct) {}
};
struct PlanHashJoin : PlanNode {  // kNodeHashJoin: equal nodes in slots (left is built). kValueHashJoin: left_key = right_key (Cypher's =)
  explicit PlanHashJoin(PlanOp o) : PlanNode(o) {}
  std::vector<Slot> nodes;
  Expr* left_key = nullptr;
  Expr* right_key = nullptr;
  // While planning, kNodeHashJoin: the same without a hash join, or null; taken if a walk of it costs less than this
  PlanNode* instead = nullptr;
  PlanNode* top = nullptr;        // what `instead` stands for: the join and the filters that belong to it
  double cost = 0;
};
struct PlanUnion : PlanNode {     // left's rows, then right's; both put into slots. UNION without ALL has a Distinct above.
  PlanUnion() : PlanNode(PlanOp::kUnion) {}
  std::vector<Slot> left_slots, right_slots, slots;
};

// ---- The whole ----------------------------------------------------------------------------------------------------

enum class SlotKind : uint8_t { kValue, kNode, kRelationship, kRelationshipList, kNodeList, kPath };
struct SlotInfo {
  std::string name;               // as users see it; anonymous parts have a generated one
  SlotKind kind = SlotKind::kValue;
  bool anonymous = false;
};

struct Plan {
  std::shared_ptr<Arena> arena;   // owns all below
  PlanNode* root = nullptr;       // kProduceResults or kEmptyResult
  std::vector<SlotInfo> slots;
  int node_count = 0;             // PlanNode::id < node_count
};

}  // namespace graft::cypher
