#pragma once

// What the functions_*.cc share: null handling and typed arguments. Wrong types throw kType naming what was expected.

#include <algorithm>
#include <span>
#include <string_view>

#include "cypher/functions/query_context.h"
#include "cypher/functions/registry.h"
#include "graph/value.h"

namespace graft::cypher {

using Arguments = std::span<const graph::Value>;

inline bool any_null(Arguments args) {
  for (const graph::Value& v : args) {
    if (v.is_null()) return true;
  }
  return false;
}

inline int64_t integer_argument(const graph::Value& v) {
  if (v.type() != graph::ValueType::kInteger) throw_type("Integer", v);
  return v.as_integer();
}
inline double number_argument(const graph::Value& v) {
  if (!v.is_number()) throw_type("Integer or Float", v);
  return v.as_number();
}
inline std::string_view string_argument(const graph::Value& v) {
  if (v.type() != graph::ValueType::kString) throw_type("String", v);
  return v.as_string();
}
inline const graph::List& list_argument(const graph::Value& v) {
  if (v.type() != graph::ValueType::kList) throw_type("List", v);
  return v.as_list();
}

// Appends items in stretches between which the statement can be ended.
template <class Iterator>
void append_items(QueryContext& context, graph::List* out, Iterator begin, Iterator end) {
  constexpr ptrdiff_t kStretch = 1 << 16;
  context.room_for(static_cast<size_t>(end - begin) * sizeof(graph::Value));
  out->reserve(out->size() + static_cast<size_t>(end - begin));
  while (begin != end) {
    const Iterator stop = begin + std::min<ptrdiff_t>(kStretch, end - begin);
    out->insert(out->end(), begin, stop);
    begin = stop;
    if (begin != end) context.check();
  }
}

void add_scalar_functions(FunctionTable& table);
void add_list_functions(FunctionTable& table);
void add_string_functions(FunctionTable& table);
void add_numeric_functions(FunctionTable& table);
void add_conversion_functions(FunctionTable& table);
void add_aggregation_functions(FunctionTable& table);
void add_temporal_functions(FunctionTable& table);
void add_spatial_functions(FunctionTable& table);
void add_vector_functions(FunctionTable& table);

}  // namespace graft::cypher
