#include "cypher/functions/query_context.h"

#include <algorithm>

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include "env/heap.h"

namespace graft::cypher {
namespace {

// What is taken from the pool at once, and may stay taken without need: small for the many small statements.
constexpr size_t kReserveStep = size_t{1} << 20;
constexpr size_t kFirstReserveStep = size_t{1} << 16;

}  // namespace

struct QueryContext::Deleted {
  absl::flat_hash_set<graph::NodeId> nodes;
  absl::flat_hash_map<graph::RelationshipId, graph::TypeId> relationships;
};

QueryContext::QueryContext(const graph::GraphView* view, graph::GraphTransaction* transaction, ExecutionOptions options)
    : view_(view), transaction_(transaction), options_(std::move(options)) {
  if (options_.timeout > env::Duration{0} && options_.clock != nullptr) {
    deadline_ = options_.clock->monotonic() + options_.timeout;
  }
  enter_thread();
}

QueryContext::~QueryContext() {
  if (options_.memory_pool != nullptr) options_.memory_pool->give_back(reserved_);
}

void QueryContext::set_ground(const Ground& ground) {
  view_ = ground.view;
  transaction_ = ground.transaction;
  options_.procedure_context.view = ground.view;
  options_.procedure_context.transaction = ground.transaction;
}

void QueryContext::forget_deleted() { deleted_ = nullptr; }

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
  if (const size_t held = heap_held(); held > reserved_) reserve(held);
  if (transaction_ != nullptr && options_.change_bytes > 0 && transaction_->change_bytes() > options_.change_bytes) {
    throw_error(ErrorCode::kTransactionTooLarge, "The transaction changes more than " + std::to_string(options_.change_bytes >> 20) +
                                                     " MiB, which is the limit; split it, for instance with CALL { ... } IN TRANSACTIONS");
  }
  if (const int why = cancelled_.load(std::memory_order_relaxed); why != kNotCancelled) {
    const auto code = static_cast<ErrorCode>(why);
    throw_error(code, code == ErrorCode::kTransactionTerminated ? "The transaction has been terminated. Retry your operation in a new transaction, and you should see a "
                                                                  "successful result. Explicitly terminated by the user."
                                                                : "The query was cancelled");
  }
  if (deadline_ != env::Duration{0} && options_.clock->monotonic() > deadline_) {
    throw_error(options_.timeout_code, "The query has run longer than its time limit and was ended");
  }
  if (view_ != nullptr && view_->pin_cancelled()) {
    throw_error(ErrorCode::kTransactionTerminated,
                "The transaction was ended because the version of the graph it reads retained too much memory");
  }
}

// In steps, so that the pool is asked seldom.
void QueryContext::reserve(size_t needed) {
  if (needed > options_.memory_budget_bytes) {
    throw_error(ErrorCode::kQueryMemory, "The query needs more memory than its limit of " + std::to_string(options_.memory_budget_bytes >> 20) +
                                             " MiB (query_memory_mb); return or sort fewer rows, or aggregate into fewer groups");
  }
  if (needed <= reserved_) return;
  const size_t step = needed < kReserveStep ? kFirstReserveStep : kReserveStep;
  const size_t wanted = std::min<size_t>((needed / step + 1) * step, options_.memory_budget_bytes);
  if (options_.memory_pool != nullptr && !options_.memory_pool->take(wanted - reserved_)) {
    throw_error(ErrorCode::kOutOfMemory, "All queries together need more memory than their limit of " + std::to_string(options_.memory_pool->limit() >> 20) +
                                             " MiB (total_query_memory_mb); try again when others have ended");
  }
  reserved_ = wanted;
}

void QueryContext::make_room(size_t bytes) {
  long_bytes_ += bytes;
  reserve(std::max(charged_, heap_held()) + bytes);
  constexpr size_t kBytesPerTick = 1024;
  ticks_ += static_cast<uint32_t>(std::min<size_t>(bytes / kBytesPerTick, kTicksPerCheck));
  tick();
}

size_t QueryContext::heap_held() const {
  const int64_t grown = env::thread_heap_bytes() - heap_base_;
  return grown > 0 ? static_cast<size_t>(grown) : 0;
}

void QueryContext::enter_thread() { heap_base_ = env::thread_heap_bytes() - static_cast<int64_t>(heap_held_); }

void QueryContext::leave_thread() {
  heap_held_ = heap_held();
  const size_t needed = (std::max(charged_, heap_held_) / kReserveStep + 1) * kReserveStep;
  if (reserved_ <= needed) return;
  if (options_.memory_pool != nullptr) options_.memory_pool->give_back(reserved_ - needed);
  reserved_ = needed;
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
