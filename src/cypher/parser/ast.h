#pragma once

// The syntax tree of a statement. The parser makes it, semantic analysis fills in what is marked "resolved", the planner
// rewrites expressions (aggregations and subqueries become slots and plans) and hands them to the executor.
// All nodes are owned by the statement's Arena.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cypher/position.h"
#include "graph/catalog.h"
#include "graph/ids.h"
#include "graph/value.h"

namespace graft::cypher {

// A column of the row: every variable of every scope has its own, also anonymous pattern parts and the local variables
// of comprehensions.
using Slot = int32_t;
inline constexpr Slot kNoSlot = -1;

struct PlanNode;        // planner/plan.h
struct FunctionInfo;    // functions/registry.h
struct PathPattern;
struct Query;
struct Expr;

// ---- Labels and types ---------------------------------------------------------------------------------------------

// :A&(B|!C), :%, :$(expression). The same form serves relationship types.
enum class LabelExprKind : uint8_t { kName, kAnd, kOr, kNot, kWildcard, kDynamicAll, kDynamicAny };
struct LabelExpr {
  LabelExprKind kind = LabelExprKind::kName;
  Position position;
  std::string name;                   // kName
  std::vector<LabelExpr*> children;   // kAnd, kOr: two or more; kNot: one
  Expr* dynamic = nullptr;            // kDynamicAll, kDynamicAny: gives a string or a list of strings
  bool colon_conjunction = false;     // kAnd written as :A:B (not allowed to mix with &, |, !)
  bool legacy_bar = false;            // kOr written as :A|:B
};

// ---- Types (IS :: T, property type constraints) -------------------------------------------------------------------

enum class TypeKind : uint8_t {
  kNothing, kNull, kBoolean, kString, kInteger, kFloat, kDate, kLocalTime, kZonedTime, kLocalDateTime, kZonedDateTime,
  kDuration, kPoint, kNode, kRelationship, kMap, kList, kPath, kPropertyValue, kAny, kUnion,
};
struct TypeExpr {
  TypeKind kind = TypeKind::kAny;
  bool not_null = false;
  std::vector<TypeExpr*> members;     // kList: the element type; kUnion: the alternatives
};
std::string to_text(const TypeExpr& type);  // normalised: "LIST<STRING NOT NULL>", "INTEGER | FLOAT"

// ---- Expressions --------------------------------------------------------------------------------------------------

enum class ExprKind : uint8_t {
  // Leaves
  kLiteral,        // literal
  kParameter,      // name
  kVariable,       // name; resolved: slot
  kCountStar,      // count(*): an aggregation
  // Access: children[0] is the subject
  kProperty,       // name = key: of a node, relationship, map, temporal, point
  kIndex,          // subject[children[1]]: list element, map entry, dynamic property
  kSlice,          // subject[children[1]..children[2]]; either may be null
  kHasLabels,      // subject:labels (labels) on a node or relationship
  // Constructors
  kList,           // children
  kMap,            // names[i]: children[i]
  kMapProjection,  // children[0] {names[i]: children[i]}; all_properties for .*  (.key and variable selectors are resolved to entries)
  // Operators
  kAnd, kOr,       // two or more children
  kXor, kNot,
  kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual,
  kAdd, kSubtract, kMultiply, kDivide, kModulo, kPower, kConcat /* || */,
  kNegate, kPlus,  // unary
  kIn, kStartsWith, kEndsWith, kContains, kRegexMatch,
  kIsNull, kIsNotNull,
  kIsTyped, kIsNotTyped,              // children[0] IS [NOT] :: type
  kIsNormalized, kIsNotNormalized,    // children[0], name: NFC, NFD, NFKC or NFKD
  // Calls
  kFunction,       // name (with namespace, as written), children, distinct; resolved: function. Also aggregations.
  // Conditional: simple (has_subject): children[0] is the subject. Then when/then pairs; then the default if has_default.
  kCase,
  // Local variable (name, slot) over a list. children in this order:
  kListComprehension,  // list, predicate or null, projection or null
  kAll, kAny, kNone, kSingle,  // list, predicate (never null)
  kReduce,         // accumulator (name, slot), variable (name2, slot2); children: initial value, list, expression
  // Patterns and subqueries: resolved by the planner: plan, and slot = the column of plan that is wanted
  kPatternComprehension,  // [name = pattern WHERE children[0] | children[1]]: list of slot's values over plan's rows
  kPatternExpression,     // (a)-->(b) as a predicate: true if plan gives a row; where a list is wanted (size(...)): list of paths
  kExists,         // true if plan gives a row
  kCountSubquery,  // number of plan's rows
  kCollectSubquery,  // list of slot's values over plan's rows
  kShortestPath,   // shortestPath(...) as an expression: first value of slot over plan's rows, or null; allShortestPaths: list
  // Made by the planner
  kPath,           // children: node, relationship or list of relationships, node, ... variables; null if any is null.
                   // A list's relationships lead on from the node before it (in either direction); it may be empty.
  kUniqueRelationships,  // children: variables of relationships or lists of relationships: true if no relationship appears twice
  kHasType,        // children[0] is a relationship whose type satisfies labels
};

struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  bool distinct = false;          // kFunction
  bool has_subject = false;       // kCase
  bool has_default = false;       // kCase
  bool all_properties = false;    // kMapProjection
  bool wants_list = false;        // kPatternExpression, kShortestPath (allShortestPaths)
  bool parenthesised = false;
  Position position;
  uint32_t height = 1;            // of the tree below
  std::string name, name2;
  Slot slot = kNoSlot, slot2 = kNoSlot;
  std::vector<Expr*> children;
  std::vector<std::string> names;
  std::vector<Position> name_positions;  // kMap
  graph::Value literal;
  LabelExpr* labels = nullptr;
  TypeExpr* type = nullptr;
  PathPattern* pattern = nullptr;  // kPatternComprehension, kPatternExpression, kShortestPath
  Query* query = nullptr;          // kExists, kCountSubquery, kCollectSubquery
  // Resolved
  const FunctionInfo* function = nullptr;
  PlanNode* plan = nullptr;        // runs with the row as its argument
  std::vector<Slot> arguments;     // with plan: slots of the outer row that it reads
};

// ---- Patterns -----------------------------------------------------------------------------------------------------

struct NodePattern {
  Position position;
  std::string variable;            // empty: anonymous
  LabelExpr* labels = nullptr;
  Expr* properties = nullptr;      // map literal, parameter or null
  Expr* where = nullptr;
  Slot slot = kNoSlot;             // resolved
  bool bound = false;              // resolved: introduced by an earlier clause or outer scope
  bool may_be_other = false;       // resolved: bound to what is known to be a node only when the query runs
};

struct Quantifier {                // {2,5}, *, +; and var-length *2..5
  uint64_t min = 1;
  std::optional<uint64_t> max = 1; // none: unbounded
};

struct RelationshipPattern {
  Position position;               // of the variable, if there is one
  Position start;                  // of the first - or <
  std::string variable;
  LabelExpr* types = nullptr;
  Expr* properties = nullptr;
  Expr* where = nullptr;
  graph::Direction direction = graph::Direction::kBoth;
  bool var_length = false;         // -[*1..3]-: variable holds a list
  Quantifier length;
  Slot slot = kNoSlot;
  bool bound = false;
};

enum class PatternPartKind : uint8_t { kNode, kRelationship, kQuantified };
struct PatternPart {
  PatternPartKind kind = PatternPartKind::kNode;
  NodePattern* node = nullptr;
  RelationshipPattern* relationship = nullptr;
  // kQuantified: ((a)-[r]->(b) WHERE ...){1,5}
  PathPattern* inner = nullptr;
  Expr* where = nullptr;
  Quantifier quantifier;
  // Resolved for kQuantified: (slot inside one round, slot of the group list outside)
  std::vector<std::pair<Slot, Slot>> groups;
};

enum class PathSelector : uint8_t { kNone, kAll, kAny, kAnyShortest, kAllShortest, kShortestK, kShortestGroups, kAnyK,
                                    kShortestPathFunction, kAllShortestPathsFunction };
struct PathPattern {
  Position position;
  std::string variable;            // p = ...
  PathSelector selector = PathSelector::kNone;
  Expr* count = nullptr;           // SHORTEST count: integer literal or parameter
  Expr* where = nullptr;           // of a parenthesised path: ((a)-->+(b) WHERE ...)
  std::vector<PatternPart*> parts; // a node first and last; nodes alternate with relationships or quantified parts
  Slot slot = kNoSlot;
  uint32_t end_offset = 0;
};

// ---- Clauses ------------------------------------------------------------------------------------------------------

enum class ClauseKind : uint8_t {
  kUse, kMatch, kUnwind, kWith, kReturn, kCreate, kInsert, kMerge, kSet, kRemove, kDelete, kForeach, kCallProcedure,
  kCallSubquery, kLoadCsv, kFinish,
};
struct Clause {
  ClauseKind kind;
  Position position;
  explicit Clause(ClauseKind k) : kind(k) {}
  virtual ~Clause() = default;
};

struct UseClause : Clause {
  UseClause() : Clause(ClauseKind::kUse) {}
  std::string graph;               // dotted name, or empty with expression set: graph.byName(...)
  Expr* expression = nullptr;
};

struct Hint {                      // USING INDEX n:L(p) | USING SCAN n:L | USING JOIN ON n: checked for known variables
  enum Kind : uint8_t { kIndex, kScan, kJoin } kind = kIndex;
  Position position;
  std::vector<Expr*> variables;
  std::string label;
  std::vector<std::string> keys;
};

struct MatchClause : Clause {
  MatchClause() : Clause(ClauseKind::kMatch) {}
  bool optional = false;
  bool repeatable_elements = false;  // MATCH REPEATABLE ELEMENTS: no relationship uniqueness
  std::vector<PathPattern*> patterns;
  Expr* where = nullptr;
  std::vector<Hint> hints;
};

struct UnwindClause : Clause {
  UnwindClause() : Clause(ClauseKind::kUnwind) {}
  Expr* list = nullptr;
  std::string variable;
  Position variable_position;
  Slot slot = kNoSlot;
};

struct ProjectionItem {
  Expr* expression = nullptr;
  std::string name;                // alias, or the expression's text
  bool has_alias = false;
  Position alias_position;
  Slot slot = kNoSlot;             // resolved
};
struct SortItem {
  Expr* expression = nullptr;
  bool descending = false;
};
struct ProjectionClause : Clause { // WITH and RETURN, and the projection of YIELD ... RETURN in SHOW
  explicit ProjectionClause(ClauseKind k) : Clause(k) {}
  bool distinct = false;
  bool star = false;               // resolved: the star's variables are put in front of items
  std::vector<ProjectionItem> items;
  std::vector<SortItem> order;
  Expr* skip = nullptr;
  Expr* limit = nullptr;
  Expr* where = nullptr;           // WITH only
};

struct CreateClause : Clause {     // CREATE and INSERT
  CreateClause() : Clause(ClauseKind::kCreate) {}
  std::vector<PathPattern*> patterns;
};

enum class SetItemKind : uint8_t {
  kProperty,        // target.key = value       target: entity expression; key
  kDynamicProperty, // target[key_expression] = value
  kReplace,         // target = value (map, node, relationship)
  kMerge,           // target += value
  kLabels,          // target:A:$(x)            also for REMOVE
  kRemoveProperty,  // REMOVE target.key
  kRemoveDynamicProperty,
};
struct SetItem {
  SetItemKind kind = SetItemKind::kProperty;
  Position position;
  Expr* target = nullptr;
  std::string key;
  Expr* key_expression = nullptr;
  Expr* value = nullptr;
  std::vector<std::string> labels;
  std::vector<Expr*> dynamic_labels;  // each gives a string or a list of strings
};

struct MergeClause : Clause {
  MergeClause() : Clause(ClauseKind::kMerge) {}
  PathPattern* pattern = nullptr;
  std::vector<SetItem> on_create, on_match;
};
struct SetClause : Clause {
  SetClause() : Clause(ClauseKind::kSet) {}
  std::vector<SetItem> items;
};
struct RemoveClause : Clause {
  RemoveClause() : Clause(ClauseKind::kRemove) {}
  std::vector<SetItem> items;
};
struct DeleteClause : Clause {
  DeleteClause() : Clause(ClauseKind::kDelete) {}
  bool detach = false;
  std::vector<Expr*> expressions;
};
struct ForeachClause : Clause {
  ForeachClause() : Clause(ClauseKind::kForeach) {}
  std::string variable;
  Position variable_position;
  Slot slot = kNoSlot;
  Expr* list = nullptr;
  std::vector<Clause*> body;
};

struct YieldItem {
  std::string field, name;         // YIELD field AS name
  Position position;
  Slot slot = kNoSlot;
};
struct CallProcedureClause : Clause {
  CallProcedureClause() : Clause(ClauseKind::kCallProcedure) {}
  bool optional = false;
  std::string name;                // with namespace
  std::vector<Expr*> arguments;
  bool has_arguments = false;      // CALL name without (...): arguments are taken from parameters
  std::vector<YieldItem> yields;
  bool has_yield = false, yield_star = false;
  Expr* where = nullptr;
};

struct InTransactions {
  Expr* batch_size = nullptr;      // null: 1000
  Expr* concurrency = nullptr;
  bool concurrent = false;
  enum OnError : uint8_t { kFail, kContinue, kBreak } on_error = kFail;
  std::string report_variable;     // REPORT STATUS AS
  Position report_position;
  Slot report_slot = kNoSlot;
};
struct CallSubqueryClause : Clause {
  CallSubqueryClause() : Clause(ClauseKind::kCallSubquery) {}
  bool optional = false;
  bool has_scope = false;          // CALL (a, b) { } or CALL (*) { }
  bool scope_star = false;
  std::vector<Expr*> imports;      // variables
  Query* query = nullptr;
  InTransactions* in_transactions = nullptr;
};
struct LoadCsvClause : Clause {
  LoadCsvClause() : Clause(ClauseKind::kLoadCsv) {}
  bool with_headers = false;
  Expr* url = nullptr;
  std::string variable;
  Position variable_position;
  Slot slot = kNoSlot;
  std::string field_terminator = ",";
  Slot line_slot = kNoSlot, file_slot = kNoSlot;  // resolved: what linenumber() and file() read
};
struct FinishClause : Clause {
  FinishClause() : Clause(ClauseKind::kFinish) {}
};

struct SingleQuery {
  std::vector<Clause*> clauses;
};
struct Query {                     // a regular query: parts joined by UNION
  Position position;
  std::vector<SingleQuery*> parts;
  std::vector<bool> union_all;     // between part i and i + 1
  std::vector<Position> union_positions;
  // Resolved: result columns of the whole (and of each part: see its last clause); slots where UNION puts them
  std::vector<std::string> columns;
  std::vector<Slot> slots;
};

// ---- Commands -----------------------------------------------------------------------------------------------------

enum class CommandKind : uint8_t { kCreateIndex, kDropIndex, kCreateConstraint, kDropConstraint, kShow };
struct Command {
  CommandKind kind;
  Position position;
  explicit Command(CommandKind k) : kind(k) {}
  virtual ~Command() = default;
};

struct CreateIndexCommand : Command {
  CreateIndexCommand() : Command(CommandKind::kCreateIndex) {}
  graph::IndexKind index_kind = graph::IndexKind::kRange;
  graph::EntityKind entity = graph::EntityKind::kNode;
  std::string name;                // empty: generated
  Expr* name_parameter = nullptr;
  bool if_not_exists = false;
  std::string variable;
  std::vector<std::string> labels_or_types;  // empty: lookup index on EACH labels(n) / type(r)
  std::vector<std::string> keys;
  Expr* options = nullptr;         // map or parameter
};
struct DropIndexCommand : Command {
  DropIndexCommand() : Command(CommandKind::kDropIndex) {}
  std::string name;
  Expr* name_parameter = nullptr;
  bool if_exists = false;
};
struct CreateConstraintCommand : Command {
  CreateConstraintCommand() : Command(CommandKind::kCreateConstraint) {}
  graph::ConstraintKind constraint_kind = graph::ConstraintKind::kUnique;
  graph::EntityKind entity = graph::EntityKind::kNode;
  std::string name;
  Expr* name_parameter = nullptr;
  bool if_not_exists = false;
  std::string label_or_type;
  std::vector<std::string> keys;
  TypeExpr* type = nullptr;        // kPropertyType
  Expr* options = nullptr;
};
struct DropConstraintCommand : Command {
  DropConstraintCommand() : Command(CommandKind::kDropConstraint) {}
  std::string name;
  Expr* name_parameter = nullptr;
  bool if_exists = false;
};
enum class ShowKind : uint8_t {
  kIndexes, kConstraints, kProcedures, kFunctions, kDatabases, kTransactions, kSettings, kUsers, kCurrentUser,
  kTerminateTransactions,  // TERMINATE TRANSACTIONS: what became of each
};
struct ShowCommand : Command {     // SHOW and TERMINATE ... [YIELD ... [WHERE]] [RETURN ...] or SHOW ... WHERE
  ShowCommand() : Command(CommandKind::kShow) {}
  ShowKind show = ShowKind::kIndexes;
  std::string filter;              // "RANGE", "UNIQUE", "BUILT IN", "USER DEFINED", "EXECUTABLE" ...; empty: all
  std::vector<Expr*> names;        // SHOW SETTINGS 'a'; SHOW TRANSACTIONS 'id'; SHOW DATABASE name
  bool default_database = false, home_database = false;
  // YIELD and RETURN as clauses over the command's columns; null: the default columns
  std::vector<YieldItem> yields;
  bool has_yield = false, yield_star = false;
  ProjectionClause* yield_projection = nullptr;  // ORDER BY, SKIP, LIMIT, WHERE of YIELD
  Expr* where = nullptr;
  ProjectionClause* result = nullptr;            // RETURN
};

struct Statement {
  QueryMode mode = QueryMode::kNormal;
  Query* query = nullptr;          // exactly one of query and command
  Command* command = nullptr;
};

}  // namespace graft::cypher
