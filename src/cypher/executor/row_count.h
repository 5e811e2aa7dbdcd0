#pragma once

#include "cypher/executor/evaluator.h"

namespace graft::cypher {

// The count of LIMIT or SKIP: an integer, not negative; else the error that Neo4j gives.
inline uint64_t row_count(Evaluator& expression, const Frame& frame, std::string_view clause) {
  graph::Value v = expression.eval(frame);
  if (v.type() == graph::ValueType::kInteger && v.as_integer() >= 0) return static_cast<uint64_t>(v.as_integer());
  throw_error(v.type() == graph::ValueType::kInteger || v.type() == graph::ValueType::kFloat ? ErrorCode::kSyntax : ErrorCode::kArgument,
              "Invalid input. '" + graph::to_text(v) + "' is not a valid value for " + std::string(clause) +
                  ". Must be a non-negative integer.");
}

}  // namespace graft::cypher
