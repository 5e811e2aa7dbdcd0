#include "server/bolt/replies.h"

#include <cstdio>
#include <utility>

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
    {ErrorCode::kProcedureNotFound, {"42001", "error: syntax error or access rule violation - invalid syntax"}},
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

namespace {

struct CauseRow {
  std::string_view begins, holds;  // the message
  GqlStatus status;
};

// What lies behind the status of the whole, by the words of our own messages; the first row that fits.
constexpr CauseRow kCauses[] = {
    {"Variable `", "not defined", {"42N62", "error: syntax error or access rule violation - variable not defined"}},
    {"Variable `", "already declared", {"42N59", "error: syntax error or access rule violation - variable already defined"}},
    {"Unknown function", "", {"42N48", "error: syntax error or access rule violation - no such function"}},
    {"There is no procedure", "", {"42N08", "error: syntax error or access rule violation - no such procedure or function"}},
    {"Type mismatch", "defined with conflicting type", {"22N27", "error: data exception - invalid entity type"}},
    {"Type mismatch", "", {"22NB1", "error: data exception - type mismatch"}},
    {"", "parameters for function", {"42I13", "error: syntax error or access rule violation - invalid number of procedure or function arguments"}},
    {"Expression in WITH", "", {"42N21", "error: syntax error or access rule violation - unaliased return item"}},
    {"All sub queries in an UNION", "", {"42N39", "error: syntax error or access rule violation - incompatible return columns"}},
    {"Multiple result columns", "", {"42N38", "error: syntax error or access rule violation - duplicate return item name"}},
    {"Invalid input. ", "", {"42N31", "error: syntax error or access rule violation - specified number out of range"}},
    {"Invalid input", "", {"42I06", "error: syntax error or access rule violation - invalid input"}},
    {"", "number is too large", {"22003", "error: data exception - numeric value out of range"}},
    {"integer", "", {"22003", "error: data exception - numeric value out of range"}},
    {"/ by zero", "", {"22012", "error: data exception - division by zero"}},
    {"Text cannot be parsed", "", {"22N36", "error: data exception - invalid temporal format"}},
    {"Invalid Regex", "", {"22N11", "error: data exception - invalid argument"}},
};

// " (line 1, column 8 (offset: 7))" and the picture below it, at the end of a message.
struct Place {
  std::string_view words;  // what stands in front of it
  uint32_t line = 0, column = 0, offset = 0;
};

Place place_of(const std::string& message) {
  Place place{message};
  const size_t at = message.rfind(" (line ");
  if (at == std::string::npos) return place;
  if (std::sscanf(message.c_str() + at, " (line %u, column %u (offset: %u))", &place.line, &place.column, &place.offset) != 3) return {message};
  place.words = std::string_view(message).substr(0, at);
  return place;
}

void write_status(PackWriter* writer, GqlStatus status, const Place& place) {
  writer->entry("gql_status", status.code);
  writer->entry("description", std::string(status.description) + ". " + std::string(place.words));
}

void write_diagnostics(PackWriter* writer, const Place& place, std::string_view classification) {
  writer->string("diagnostic_record");
  writer->map_header(place.line > 0 ? 5 : 4);
  writer->entry("OPERATION", "");
  writer->entry("OPERATION_CODE", "0");
  writer->entry("CURRENT_SCHEMA", "/");
  writer->entry("_classification", classification);
  if (place.line == 0) return;
  writer->string("_position");
  writer->map_header(3);
  for (const auto& [key, value] : {std::pair{"line", place.line}, std::pair{"column", place.column}, std::pair{"offset", place.offset}}) {
    writer->string(key);
    writer->integer(value);
  }
}

const CauseRow* cause_of(const Place& place, GqlStatus status) {
  for (const CauseRow& row : kCauses) {
    if (place.words.starts_with(row.begins) && place.words.find(row.holds) != std::string_view::npos) return row.status.code == status.code ? nullptr : &row;
  }
  return nullptr;
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
  const Place place = place_of(error.message);
  const CauseRow* cause = cause_of(place, gql);
  writer.map_header(cause == nullptr ? 5 : 6);
  writer.entry("neo4j_code", status);
  writer.entry("message", error.message);
  write_status(&writer, gql, place);
  write_diagnostics(&writer, place, classification(status));
  if (cause != nullptr) {
    writer.string("cause");
    writer.map_header(4);
    writer.entry("message", place.words);
    write_status(&writer, cause->status, place);
    write_diagnostics(&writer, place, classification(status));
  }
  append(message, out);
}

void append_ignored(std::string* out) {
  std::string message;
  PackWriter(&message).structure_header(0, kIgnored);
  append(message, out);
}

}  // namespace graft::server
