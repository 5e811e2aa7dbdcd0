#pragma once

// What the server answers. All append one whole chunked message to a buffer.

#include <string>
#include <string_view>

#include "base/error.h"
#include "graph/value.h"
#include "server/bolt/version.h"

namespace graft::server {

void append_success(const graph::Map& metadata, std::string* out);
// code and message before 5.7, GQL status fields from then on.
void append_failure(const Error& error, BoltVersion version, std::string* out);
void append_ignored(std::string* out);

// The GQL status of an error code.
struct GqlStatus {
  std::string_view code;         // five characters
  std::string_view description;  // "error: condition - subcondition"
};
GqlStatus gql_status(ErrorCode code);

}  // namespace graft::server
