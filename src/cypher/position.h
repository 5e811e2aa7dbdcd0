#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace graft::cypher {

struct Position {   // where in the query text; line and column from 1, offset from 0, in Unicode code points
  uint32_t offset = 0, line = 1, column = 1;
  bool operator==(const Position&) const = default;
};

// Thrown inside cypher/ and caught in query.cc only.
struct QueryError {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;               // with the caret picture appended when there is a position
  std::optional<Position> position;
};

enum class QueryMode : uint8_t { kNormal, kExplain, kProfile };

}  // namespace graft::cypher
