#pragma once

// All functions by name. The table is built once, at first use, from one line per function: its signature as
// SHOW FUNCTIONS prints it, from which arity and types are read.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/value.h"

namespace graft::cypher {

class QueryContext;

// A set of types, a bit each.
using TypeMask = uint32_t;
enum : TypeMask {
  kBooleanMask = 1u << 0, kStringMask = 1u << 1, kIntegerMask = 1u << 2, kFloatMask = 1u << 3, kDateMask = 1u << 4,
  kLocalTimeMask = 1u << 5, kTimeMask = 1u << 6, kLocalDateTimeMask = 1u << 7, kDateTimeMask = 1u << 8,
  kDurationMask = 1u << 9, kPointMask = 1u << 10, kNodeMask = 1u << 11, kRelationshipMask = 1u << 12,
  kMapMask = 1u << 13, kListMask = 1u << 14, kPathMask = 1u << 15, kBytesMask = 1u << 16,
  kNumberMask = kIntegerMask | kFloatMask, kAnyMask = (1u << 17) - 1,
};
TypeMask type_mask(graph::ValueType type);  // null: kAnyMask

// Collects the rows of one group. add() ignores nulls where Cypher's aggregation does. Throws QueryError.
class Aggregator {
 public:
  virtual ~Aggregator() = default;
  virtual void add(QueryContext& context, std::span<const graph::Value> arguments) = 0;
  virtual graph::Value finish(QueryContext& context) = 0;
};

// How long a result holds for equal arguments.
enum class Stability : uint8_t {
  kForever,    // may be folded when the query is planned
  kStatement,  // reads the graph or the statement's clock
  kNever,      // rand(), randomUUID()
};

using ScalarFunction = graph::Value (*)(QueryContext& context, std::span<const graph::Value> arguments);

struct FunctionInfo {
  std::string name;                     // as documented: "toUpper", "duration.between"
  int min_args = 0;
  int max_args = 0;                     // -1: any number
  bool aggregating = false;
  bool deterministic = true;            // stability == kForever
  Stability stability = Stability::kForever;
  std::string signature;                // "left(original :: STRING, length :: INTEGER) :: STRING"
  std::string category;
  std::string description;
  std::vector<TypeMask> argument_types; // the last one repeats when max_args is -1
  TypeMask result_type = kAnyMask;
  bool sees_null = false;               // else a null argument makes the result null without a call
  ScalarFunction call = nullptr;                       // not aggregating
  std::unique_ptr<Aggregator> (*make)() = nullptr;     // aggregating
};

// Case-insensitive, with namespace; null: no such function.
const FunctionInfo* find_function(std::string_view name);
std::vector<std::string_view> function_names();  // sorted, as documented

// What the functions_*.cc fill.
class FunctionTable {
 public:
  // signature: "name(a :: TYPE, b = default :: TYPE) :: TYPE"; "..." behind the last type: any number of them.
  void scalar(std::string_view signature, std::string_view category, ScalarFunction call, std::string_view description,
              Stability stability = Stability::kForever, bool sees_null = false);
  void aggregation(std::string_view signature, std::unique_ptr<Aggregator> (*make)(), std::string_view description);

  const std::vector<std::unique_ptr<FunctionInfo>>& all() const { return functions_; }

 private:
  FunctionInfo& add(std::string_view signature);
  std::vector<std::unique_ptr<FunctionInfo>> functions_;
};

}  // namespace graft::cypher
