#include "server/bolt/replies.h"

#include "server/bolt/framing.h"
#include "server/bolt/packstream.h"
#include "server/bolt/value_codec.h"

namespace graft::server {
namespace {

constexpr uint8_t kSuccess = 0x70, kIgnored = 0x7E, kFailure = 0x7F;

struct StatusRow {
  ErrorCode code;
  GqlStatus status;
};

// Source: Neo4j's list of GQLSTATUS error codes. What is not here is 50N42.
constexpr StatusRow kStatusRows[] = {
    {ErrorCode::kUnavailable, {"08N09", "error: connection exception - database unavailable"}},
    {ErrorCode::kOverloaded, {"08000", "error: connection exception"}},
    {ErrorCode::kNotLeader, {"08N07", "error: connection exception - not the leader"}},
    {ErrorCode::kLeadershipLost, {"08N07", "error: connection exception - not the leader"}},
    {ErrorCode::kRequestInvalid, {"08N06", "error: connection exception - protocol error"}},
    {ErrorCode::kInvalidArgument, {"22000", "error: data exception"}},
    {ErrorCode::kArgument, {"22000", "error: data exception"}},
    {ErrorCode::kArithmetic, {"22000", "error: data exception"}},
    {ErrorCode::kEntityNotFound, {"22000", "error: data exception"}},
    {ErrorCode::kConstraintViolation, {"22000", "error: data exception"}},
    {ErrorCode::kType, {"22G03", "error: data exception - invalid value type"}},
    {ErrorCode::kCancelled, {"25N14", "error: invalid transaction state - transaction termination client error"}},
    {ErrorCode::kTimeout, {"25N14", "error: invalid transaction state - transaction termination client error"}},
    {ErrorCode::kTransactionTerminated, {"25N14", "error: invalid transaction state - transaction termination client error"}},
    {ErrorCode::kAccessMode, {"25000", "error: invalid transaction state"}},
    {ErrorCode::kTransactionNotFound, {"25000", "error: invalid transaction state"}},
    {ErrorCode::kBookmarkTimeout, {"08000", "error: connection exception"}},
    {ErrorCode::kBookmark, {"08000", "error: connection exception"}},
    {ErrorCode::kUnknownOutcome, {"40000", "error: transaction rollback"}},
    {ErrorCode::kConflict, {"50N05", "error: general processing exception - deadlock detected"}},
    {ErrorCode::kSyntax, {"42001", "error: syntax error or access rule violation - invalid syntax"}},
    {ErrorCode::kSemantic, {"42000", "error: syntax error or access rule violation"}},
    {ErrorCode::kUnsupported, {"42000", "error: syntax error or access rule violation"}},
    {ErrorCode::kDatabaseNotFound, {"42N00", "error: syntax error or access rule violation - no such database"}},
    {ErrorCode::kParameterMissing, {"42N51", "error: syntax error or access rule violation - invalid parameter"}},
    {ErrorCode::kProcedureNotFound, {"42N08", "error: syntax error or access rule violation - no such procedure"}},
    {ErrorCode::kUnauthorized, {"42NFF", "error: syntax error or access rule violation - permission/access denied"}},
    {ErrorCode::kAuthRateLimit, {"42NFF", "error: syntax error or access rule violation - permission/access denied"}},
    {ErrorCode::kForbidden, {"42NFF", "error: syntax error or access rule violation - permission/access denied"}},
    {ErrorCode::kProcedureCallFailed, {"52N37", "error: procedure exception - procedure execution error"}},
};

void append(const std::string& message, std::string* out) { append_message(message, out); }

std::string_view classification(std::string_view status) {
  if (status.starts_with("Neo.ClientError")) return "CLIENT_ERROR";
  if (status.starts_with("Neo.TransientError")) return "TRANSIENT_ERROR";
  return "DATABASE_ERROR";
}

}  // namespace

GqlStatus gql_status(ErrorCode code) {
  for (const StatusRow& row : kStatusRows) {
    if (row.code == code) return row.status;
  }
  return {"50N42", "error: general processing exception - unexpected error"};
}

void append_success(const graph::Map& metadata, std::string* out) {
  std::string message;
  PackWriter writer(&message);
  writer.structure_header(1, kSuccess);
  writer.map_header(metadata.size());
  for (const auto& [key, value] : metadata) {
    writer.string(key);
    encode_value(value, ValueFormat{}, nullptr, &writer);
  }
  append(message, out);
}

void append_failure(const Error& error, BoltVersion version, std::string* out) {
  std::string message;
  PackWriter writer(&message);
  const std::string_view status = neo4j_status(error.code);
  writer.structure_header(1, kFailure);
  if (!version.has_gql_failures()) {
    writer.map_header(2);
    writer.entry("code", status);
    writer.entry("message", error.message);
    return append(message, out);
  }
  const GqlStatus gql = gql_status(error.code);
  writer.map_header(5);
  writer.entry("neo4j_code", status);
  writer.entry("message", error.message);
  writer.entry("gql_status", gql.code);
  writer.entry("description", std::string(gql.description) + ". " + error.message);
  writer.string("diagnostic_record");
  writer.map_header(4);
  writer.entry("OPERATION", "");
  writer.entry("OPERATION_CODE", "0");
  writer.entry("CURRENT_SCHEMA", "/");
  writer.entry("_classification", classification(status));
  append(message, out);
}

void append_ignored(std::string* out) {
  std::string message;
  PackWriter(&message).structure_header(0, kIgnored);
  append(message, out);
}

}  // namespace graft::server
