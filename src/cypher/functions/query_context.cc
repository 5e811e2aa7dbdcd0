#include "cypher/functions/query_context.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

namespace graft::cypher {

struct QueryContext::Deleted {
  absl::flat_hash_set<graph::NodeId> nodes;
  absl::flat_hash_map<graph::RelationshipId, graph::TypeId> relationships;
};

QueryContext::QueryContext(const graph::GraphView* view, graph::GraphTransaction* transaction, ExecutionOptions options)
    : view_(view), transaction_(transaction), options_(std::move(options)) {
  if (options_.timeout > env::Duration{0} && options_.clock != nullptr) {
    deadline_ = options_.clock->monotonic() + options_.timeout;
  }
}

QueryContext::~QueryContext() = default;

const graph::GraphView& QueryContext::no_view() {
  throw_error(ErrorCode::kSemantic, "This expression reads the graph and cannot be used here");
}

graph::GraphTransaction& QueryContext::no_writer() {
  throw_error(ErrorCode::kSemantic, "Writing is not possible in a read transaction");
}

const graph::Value& QueryContext::parameter(std::string_view name) const {
  for (const auto& [key, value] : options_.parameters) {
    if (key == name) return value;
  }
  throw_error(ErrorCode::kParameterMissing, "Expected parameter(s): " + std::string(name));
}

uint64_t QueryContext::random() {
  if (options_.random == nullptr) throw_error(ErrorCode::kSemantic, "Randomness is not available here");
  return options_.random->next();
}

env::Duration QueryContext::now() const {
  if (options_.clock == nullptr) throw_error(ErrorCode::kSemantic, "The clock is not available here");
  return options_.clock->wall();
}

env::Duration QueryContext::monotonic() const {
  return options_.clock == nullptr ? env::Duration{0} : options_.clock->monotonic();
}

env::Duration QueryContext::statement_time() {
  if (statement_time_ == env::Duration{0}) statement_time_ = now();
  return statement_time_;
}

void QueryContext::check() {
  ticks_ = 0;
  if (cancelled_.load(std::memory_order_relaxed)) throw_error(ErrorCode::kCancelled, "The query was cancelled");
  if (deadline_ != env::Duration{0} && options_.clock->monotonic() > deadline_) {
    throw_error(ErrorCode::kTimeout, "The query has run longer than its time limit and was ended");
  }
  if (view_ != nullptr && view_->pin_cancelled()) {
    throw_error(ErrorCode::kTransactionTerminated,
                "The transaction was ended because the version of the graph it reads retained too much memory");
  }
}

void QueryContext::out_of_memory() const {
  throw_error(ErrorCode::kOutOfMemory, "The query needs more memory than its limit of " +
                                           std::to_string(options_.memory_budget_bytes >> 20) +
                                           " MiB; return or sort fewer rows, or aggregate into fewer groups");
}

void QueryContext::mark_deleted_node(graph::NodeId id) {
  if (deleted_ == nullptr) deleted_ = std::make_unique<Deleted>();
  deleted_->nodes.insert(id);
}

void QueryContext::mark_deleted_relationship(graph::RelationshipId id, graph::TypeId type) {
  if (deleted_ == nullptr) deleted_ = std::make_unique<Deleted>();
  deleted_->relationships.emplace(id, type);
}

bool QueryContext::is_deleted_node(graph::NodeId id) const {
  return deleted_ != nullptr && deleted_->nodes.contains(id);
}

bool QueryContext::is_deleted_relationship(graph::RelationshipId id) const {
  return deleted_ != nullptr && deleted_->relationships.contains(id);
}

graph::TypeId QueryContext::deleted_relationship_type(graph::RelationshipId id) const {
  if (deleted_ == nullptr) return graph::kNoToken;
  auto found = deleted_->relationships.find(id);
  return found == deleted_->relationships.end() ? graph::kNoToken : found->second;
}

void throw_error(ErrorCode code, std::string message) { throw QueryError{code, std::move(message), std::nullopt}; }

void throw_error(const Error& error) { throw QueryError{error.code, error.message, std::nullopt}; }

void throw_type(std::string_view expected, const graph::Value& actual) {
  throw_error(ErrorCode::kType, "Type mismatch: expected " + std::string(expected) + " but was " +
                                    std::string(graph::type_name(actual.type())));
}

}  // namespace graft::cypher
