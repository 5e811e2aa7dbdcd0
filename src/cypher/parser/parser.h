#pragma once

#include <string_view>

#include "cypher/parser/arena.h"
#include "cypher/parser/ast.h"

namespace graft::cypher {

// How deep expressions, patterns and subqueries may nest, and how high a tree of operators may grow: bounds the stack of
// every later pass.
inline constexpr int kMaxNesting = 1000;
inline constexpr uint32_t kMaxExpressionHeight = 3000;

// The statement in `text`, nodes owned by `arena`. Throws QueryError (kSyntax), positioned, that names what was found and
// what could have stood there.
Statement parse(std::string_view text, Arena* arena);

// The message with place and a picture of the line, as clients see it:
//   Invalid input 'RETRN': expected ... (line 1, column 11 (offset: 10))
//   "MATCH (n) RETRN n"
//              ^
QueryError with_picture(QueryError error, std::string_view text);

}  // namespace graft::cypher
