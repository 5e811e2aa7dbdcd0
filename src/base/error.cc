#include "base/error.h"

#include "base/check.h"

namespace graft {
namespace {

struct Row {
  ErrorCode code;
  std::string_view status;
  bool retryable;
};

constexpr Row kRows[] = {
    {ErrorCode::kInternal, "Neo.DatabaseError.General.UnknownError", false},
    {ErrorCode::kIo, "Neo.DatabaseError.General.UnknownError", false},
    {ErrorCode::kCorruption, "Neo.DatabaseError.General.StorageDamageDetected", false},
    {ErrorCode::kInvalidArgument, "Neo.ClientError.Statement.ArgumentError", false},
    {ErrorCode::kNotFound, "Neo.ClientError.Statement.EntityNotFound", false},
    {ErrorCode::kCancelled, "Neo.ClientError.Transaction.Terminated", false},
    {ErrorCode::kTimeout, "Neo.ClientError.Transaction.TransactionTimedOut", false},
    {ErrorCode::kClientTimeout, "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration", false},
    {ErrorCode::kQueryMemory, "Neo.ClientError.General.TransactionOutOfMemoryError", false},
    {ErrorCode::kOutOfMemory, "Neo.TransientError.General.MemoryPoolOutOfMemoryError", true},
    {ErrorCode::kUnavailable, "Neo.TransientError.General.DatabaseUnavailable", true},
    {ErrorCode::kOverloaded, "Neo.TransientError.Request.NoThreadsAvailable", true},
    {ErrorCode::kNotLeader, "Neo.ClientError.Cluster.NotALeader", true},
    {ErrorCode::kLeadershipLost, "Neo.ClientError.Cluster.NotALeader", true},
    {ErrorCode::kUnknownOutcome, "Neo.DatabaseError.Transaction.TransactionCommitFailed", false},
    {ErrorCode::kConflict, "Neo.TransientError.Transaction.DeadlockDetected", true},
    {ErrorCode::kTransactionTooLarge, "Neo.ClientError.General.TransactionOutOfMemoryError", false},
    {ErrorCode::kBookmark, "Neo.ClientError.Transaction.InvalidBookmark", false},
    {ErrorCode::kBookmarkTimeout, "Neo.TransientError.Transaction.BookmarkTimeout", true},
    {ErrorCode::kSyntax, "Neo.ClientError.Statement.SyntaxError", false},
    {ErrorCode::kSemantic, "Neo.ClientError.Statement.SemanticError", false},
    {ErrorCode::kType, "Neo.ClientError.Statement.TypeError", false},
    {ErrorCode::kArgument, "Neo.ClientError.Statement.ArgumentError", false},
    {ErrorCode::kArithmetic, "Neo.ClientError.Statement.ArithmeticError", false},
    {ErrorCode::kParameterMissing, "Neo.ClientError.Statement.ParameterMissing", false},
    {ErrorCode::kEntityNotFound, "Neo.ClientError.Statement.EntityNotFound", false},
    {ErrorCode::kProcedureNotFound, "Neo.ClientError.Procedure.ProcedureNotFound", false},
    {ErrorCode::kProcedureCallFailed, "Neo.ClientError.Procedure.ProcedureCallFailed", false},
    {ErrorCode::kProcedureTimedOut, "Neo.ClientError.Procedure.ProcedureTimedOut", false},
    {ErrorCode::kConstraintViolation, "Neo.ClientError.Schema.ConstraintValidationFailed", false},
    {ErrorCode::kConstraintCreationFailed, "Neo.DatabaseError.Schema.ConstraintCreationFailed", false},
    {ErrorCode::kConstraintAlreadyExists, "Neo.ClientError.Schema.ConstraintAlreadyExists", false},
    {ErrorCode::kIndexAlreadyExists, "Neo.ClientError.Schema.IndexAlreadyExists", false},
    {ErrorCode::kIndexNameTaken, "Neo.ClientError.Schema.IndexWithNameAlreadyExists", false},
    {ErrorCode::kConstraintNameTaken, "Neo.ClientError.Schema.ConstraintWithNameAlreadyExists", false},
    {ErrorCode::kEquivalentRuleExists, "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists", false},
    {ErrorCode::kIndexDropFailed, "Neo.DatabaseError.Schema.IndexDropFailed", false},
    {ErrorCode::kConstraintDropFailed, "Neo.DatabaseError.Schema.ConstraintDropFailed", false},
    {ErrorCode::kRepeatedProperty, "Neo.ClientError.Schema.RepeatedPropertyInCompositeSchema", false},
    {ErrorCode::kInvalidOptions, "Neo.ClientError.General.InvalidArguments", false},
    {ErrorCode::kIndexNotFound, "Neo.ClientError.Schema.IndexNotFound", false},
    {ErrorCode::kConstraintNotFound, "Neo.ClientError.Schema.ConstraintNotFound", false},
    {ErrorCode::kLabelNotFound, "Neo.ClientError.Schema.TokenNotFound", false},
    {ErrorCode::kDatabaseNotFound, "Neo.ClientError.Database.DatabaseNotFound", false},
    {ErrorCode::kUnauthorized, "Neo.ClientError.Security.Unauthorized", false},
    {ErrorCode::kAuthRateLimit, "Neo.ClientError.Security.AuthenticationRateLimit", false},
    {ErrorCode::kForbidden, "Neo.ClientError.Security.Forbidden", false},
    {ErrorCode::kAccessMode, "Neo.ClientError.Statement.AccessMode", false},
    {ErrorCode::kTransactionNotFound, "Neo.ClientError.Transaction.TransactionNotFound", false},
    {ErrorCode::kTransactionTerminated, "Neo.ClientError.Transaction.Terminated", false},
    {ErrorCode::kTransactionStartFailed, "Neo.DatabaseError.Transaction.TransactionStartFailed", false},
    {ErrorCode::kExternalResource, "Neo.ClientError.Statement.ExternalResourceFailed", false},
    {ErrorCode::kInvalidArguments, "Neo.ClientError.General.InvalidArguments", false},
    {ErrorCode::kRequestInvalid, "Neo.ClientError.Request.Invalid", false},
    {ErrorCode::kUnsupported, "Neo.ClientError.Statement.UnsupportedOperationError", false},
};

const Row& row(ErrorCode code) {
  for (const Row& r : kRows) {
    if (r.code == code) return r;
  }
  check_failed("every ErrorCode has a row", __FILE__, __LINE__);
}

}  // namespace

std::string_view neo4j_status(ErrorCode code) { return row(code).status; }
bool is_retryable(ErrorCode code) { return row(code).retryable; }

}  // namespace graft
