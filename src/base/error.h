#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace graft {

// What went wrong, from the point of view of whoever asked. error.cc holds the one table that maps each
// code to the Neo4j status string a client sees and to whether a driver may retry.
enum class ErrorCode : uint8_t {
  kInternal,             // a bug of ours
  kIo,                   // the operating system refused; the message names the file
  kCorruption,           // a checksum or a structure is wrong; the message names file and offset
  kInvalidArgument,      // a value given by a caller, file or peer is not acceptable
  kNotFound,
  kCancelled,            // asked to stop (RESET, TERMINATE)
  kTimeout,              // the statement's or transaction's own time limit
  kClientTimeout,        // the same, given by the client
  kOutOfMemory,          // the server's memory for queries
  kQueryMemory,          // the query's own memory budget
  kUnavailable,          // the node cannot serve now: no quorum, starting, joining; retryable
  kOverloaded,           // a bounded queue is full; retryable
  kNotLeader,            // write or leader-only procedure on a follower; certainly had no effect; retryable
  kLeadershipLost,       // proposal certainly had no effect because leadership moved; retryable
  kUnknownOutcome,       // a commit whose fate is unknown; never retried by a driver
  kConflict,             // serialization conflict; retryable
  kTransactionTooLarge,
  kBookmark,             // malformed, or of another cluster or epoch
  kBookmarkTimeout,      // this member has not yet applied the bookmark; retryable
  kSyntax,
  kSemantic,
  kType,
  kArgument,
  kArithmetic,
  kParameterMissing,
  kEntityNotFound,
  kProcedureNotFound,
  kProcedureCallFailed,
  kProcedureTimedOut,
  kConstraintViolation,
  kConstraintCreationFailed,  // what exists breaks the constraint that was to be made
  kConstraintAlreadyExists,
  kIndexAlreadyExists,
  kIndexNameTaken,
  kConstraintNameTaken,
  kEquivalentRuleExists,  // of the same name too
  kIndexDropFailed,
  kConstraintDropFailed,
  kRepeatedProperty,      // in one index or constraint
  kInvalidOptions,        // OPTIONS of an index or constraint
  kIndexNotFound,
  kConstraintNotFound,
  kLabelNotFound,
  kDatabaseNotFound,
  kUnauthorized,         // wrong user or password
  kAuthRateLimit,        // too many wrong passwords
  kForbidden,            // the user may not do this
  kAccessMode,           // a write in a session or transaction of access mode READ
  kTransactionNotFound,
  kTransactionTerminated,
  kTransactionStartFailed,
  kExternalResource,     // a file that LOAD CSV cannot or may not read
  kInvalidArguments,     // of a command to the server
  kRequestInvalid,       // a Bolt message that is malformed or out of order
  kUnsupported,          // known syntax that this version does not execute
};

// The Neo4j status string ("Neo.ClientError.Statement.SyntaxError") that a client sees for a code.
std::string_view neo4j_status(ErrorCode code);

// True if a driver's managed transaction may safely run the work again.
bool is_retryable(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

}  // namespace graft
