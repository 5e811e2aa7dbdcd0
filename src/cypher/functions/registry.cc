#include "cypher/functions/registry.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>

#include "base/check.h"
#include "cypher/functions/function_helpers.h"
#include "cypher/functions/unicode.h"

namespace graft::cypher {

using graph::ValueType;

namespace {

struct TypeWord {
  std::string_view word;
  TypeMask mask;
};
constexpr TypeWord kTypeWords[] = {
    {"BOOLEAN", kBooleanMask}, {"STRING", kStringMask}, {"INTEGER", kIntegerMask}, {"FLOAT", kFloatMask}, {"NUMBER", kNumberMask},
    {"DATE", kDateMask}, {"LOCAL TIME", kLocalTimeMask}, {"ZONED TIME", kTimeMask},
    {"LOCAL DATETIME", kLocalDateTimeMask}, {"ZONED DATETIME", kDateTimeMask}, {"DURATION", kDurationMask},
    {"POINT", kPointMask}, {"NODE", kNodeMask}, {"RELATIONSHIP", kRelationshipMask}, {"MAP", kMapMask},
    {"PATH", kPathMask}, {"BYTES", kBytesMask}, {"ANY", kAnyMask}, {"NOTHING", 0},
    {"TEMPORAL", kDateMask | kLocalTimeMask | kTimeMask | kLocalDateTimeMask | kDateTimeMask},
};

// "INTEGER | FLOAT", "LIST<STRING>".
TypeMask parse_types(std::string_view text) {
  TypeMask mask = 0;
  while (!text.empty()) {
    size_t bar = text.find('|');
    std::string_view word = trim(text.substr(0, bar), TrimSide::kBoth);
    text.remove_prefix(bar == std::string_view::npos ? text.size() : bar + 1);
    if (word.starts_with("LIST")) {
      mask |= kListMask;
      continue;
    }
    auto found = std::find_if(std::begin(kTypeWords), std::end(kTypeWords), [&](const TypeWord& t) { return t.word == word; });
    GRAFT_CHECK(found != std::end(kTypeWords));
    mask |= found->mask;
  }
  return mask;
}

// One parameter: "name :: TYPE", "name = default :: TYPE", "name :: TYPE...".
void add_parameter(std::string_view text, FunctionInfo* function) {
  size_t types = text.find("::");
  GRAFT_CHECK(types != std::string_view::npos);
  bool optional = text.substr(0, types).find('=') != std::string_view::npos;
  std::string_view type = trim(text.substr(types + 2), TrimSide::kBoth);
  bool repeats = type.ends_with("...");
  if (repeats) type.remove_suffix(3);
  function->argument_types.push_back(parse_types(type));
  if (!optional) ++function->min_args;
  function->max_args = repeats ? -1 : function->max_args + 1;
}

const FunctionTable& table() {
  static const FunctionTable* instance = [] {
    auto* t = new FunctionTable();
    add_scalar_functions(*t);
    add_list_functions(*t);
    add_string_functions(*t);
    add_numeric_functions(*t);
    add_conversion_functions(*t);
    add_aggregation_functions(*t);
    add_temporal_functions(*t);
    add_spatial_functions(*t);
    add_vector_functions(*t);
    return t;
  }();
  return *instance;
}

}  // namespace

TypeMask type_mask(ValueType type) {
  switch (type) {
    case ValueType::kNull: return kAnyMask;
    case ValueType::kBoolean: return kBooleanMask;
    case ValueType::kInteger: return kIntegerMask;
    case ValueType::kFloat: return kFloatMask;
    case ValueType::kString: return kStringMask;
    case ValueType::kBytes: return kBytesMask;
    case ValueType::kList: return kListMask;
    case ValueType::kMap: return kMapMask;
    case ValueType::kNode: return kNodeMask;
    case ValueType::kRelationship: return kRelationshipMask;
    case ValueType::kPath: return kPathMask;
    case ValueType::kDate: return kDateMask;
    case ValueType::kLocalTime: return kLocalTimeMask;
    case ValueType::kTime: return kTimeMask;
    case ValueType::kLocalDateTime: return kLocalDateTimeMask;
    case ValueType::kDateTime: return kDateTimeMask;
    case ValueType::kDuration: return kDurationMask;
    case ValueType::kPoint: return kPointMask;
  }
  return kAnyMask;
}

FunctionInfo& FunctionTable::add(std::string_view signature) {
  auto function = std::make_unique<FunctionInfo>();
  size_t open = signature.find('('), close = signature.rfind(')');
  GRAFT_CHECK(open != std::string_view::npos && close != std::string_view::npos);
  function->name = std::string(signature.substr(0, open));
  function->signature = std::string(signature);
  std::string_view parameters = signature.substr(open + 1, close - open - 1);
  while (!parameters.empty()) {
    size_t comma = parameters.find(", ");
    add_parameter(parameters.substr(0, comma), function.get());
    parameters.remove_prefix(comma == std::string_view::npos ? parameters.size() : comma + 2);
  }
  function->result_type = parse_types(signature.substr(signature.find("::", close) + 2));
  functions_.push_back(std::move(function));
  return *functions_.back();
}

void FunctionTable::scalar(std::string_view signature, std::string_view category, ScalarFunction call,
                           std::string_view description, Stability stability, bool sees_null) {
  FunctionInfo& function = add(signature);
  function.category = std::string(category);
  function.description = std::string(description);
  function.stability = stability;
  function.deterministic = stability == Stability::kForever;
  function.sees_null = sees_null;
  function.call = call;
}

void FunctionTable::aggregation(std::string_view signature, std::unique_ptr<Aggregator> (*make)(), std::string_view description) {
  FunctionInfo& function = add(signature);
  function.category = "Aggregating";
  function.description = std::string(description);
  function.aggregating = true;
  function.make = make;
}

const FunctionInfo* find_function(std::string_view name) {
  static const auto* index = [] {
    auto* map = new absl::flat_hash_map<std::string, const FunctionInfo*>();
    for (const auto& function : table().all()) map->emplace(to_lower(function->name), function.get());
    return map;
  }();
  auto found = index->find(to_lower(name));
  return found == index->end() ? nullptr : found->second;
}

std::vector<std::string_view> function_names() {
  std::vector<std::string_view> names;
  for (const auto& function : table().all()) names.push_back(function->name);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace graft::cypher
