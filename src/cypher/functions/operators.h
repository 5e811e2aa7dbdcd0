#pragma once

// The operators of expressions over values: null gives null unless said otherwise. All throw QueryError.

#include "cypher/functions/query_context.h"
#include "graph/value.h"

namespace graft::cypher {

// a + b for lists, and for a list and an item; neither is null. As add(), but the statement can be ended meanwhile.
graph::Value join_lists(QueryContext& context, const graph::Value& a, const graph::Value& b);
graph::Value add(const graph::Value& a, const graph::Value& b);  // numbers, strings, lists, temporals
graph::Value subtract(const graph::Value& a, const graph::Value& b);
graph::Value multiply(const graph::Value& a, const graph::Value& b);
graph::Value divide(const graph::Value& a, const graph::Value& b);
graph::Value modulo(const graph::Value& a, const graph::Value& b);
graph::Value power(const graph::Value& a, const graph::Value& b);
graph::Value negate(const graph::Value& a);
graph::Value unary_plus(const graph::Value& a);
graph::Value concatenate(const graph::Value& a, const graph::Value& b);  // ||: strings or lists only

graph::Value in_list(QueryContext& context, const graph::Value& item, const graph::Value& list);
graph::Value starts_with(const graph::Value& a, const graph::Value& b);
graph::Value ends_with(const graph::Value& a, const graph::Value& b);
graph::Value contains(const graph::Value& a, const graph::Value& b);

// A list with one nesting more than Value allows is refused here.
graph::Value make_list(graph::List items);
graph::Value make_map(graph::Map entries);

}  // namespace graft::cypher
