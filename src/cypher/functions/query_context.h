#pragma once

// What a running statement shares between its operators, expressions, functions and procedures: the graph, parameters,
// clock, limits, and which entities it has deleted. One per execution; used by one thread, but for request_cancel().

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cypher/position.h"
#include "cypher/query.h"
#include "graph/transaction.h"
#include "graph/value.h"
#include "graph/view.h"

namespace graft::cypher {

class QueryContext {
 public:
  // view may be null (constant folding): then view() throws.
  QueryContext(const graph::GraphView* view, graph::GraphTransaction* transaction, ExecutionOptions options);
  ~QueryContext();

  const graph::GraphView& view() const { return view_ != nullptr ? *view_ : no_view(); }
  graph::GraphTransaction* transaction() const { return transaction_; }
  graph::GraphTransaction& writer() const { return transaction_ != nullptr ? *transaction_ : no_writer(); }
  const ExecutionOptions& options() const { return options_; }
  // What is read and written from here on: CALL { } IN TRANSACTIONS moves between versions.
  struct Ground {
    const graph::GraphView* view = nullptr;
    graph::GraphTransaction* transaction = nullptr;
  };
  Ground ground() const { return {view_, transaction_}; }
  void set_ground(const Ground& ground);
  const graph::Value& parameter(std::string_view name) const;  // throws kParameterMissing
  uint64_t random();
  env::Duration statement_time();  // wall clock, the same throughout the statement
  env::Duration now() const;       // wall clock
  env::Duration monotonic() const;

  // Throws kCancelled, kTimeout or kTransactionTerminated when the statement has to end. tick() may be called for every
  // element of a list or step of a walk; check() looks at once.
  void tick() { if (++ticks_ >= kTicksPerCheck) check(); }
  void check();
  void request_cancel(ErrorCode why) { cancelled_.store(static_cast<int>(why), std::memory_order_relaxed); }

  // Memory that the statement holds: what holders of rows charge before they grow, or what the heap has grown by while the
  // statement ran, whichever is more. The second covers all that nobody charges; check() looks at it. Throw kQueryMemory
  // over the statement's budget, kOutOfMemory over that of all.
  void charge(size_t bytes) { if ((charged_ += bytes) > reserved_) reserve(charged_); }
  void release(size_t bytes) { charged_ -= bytes; }
  // To be called before one long value is made of others: refuses what would not fit, and counts as time.
  void room_for(size_t bytes) { if (bytes >= kLongValue) make_room(bytes); }
  // One was made or read. Their sum tells for how many rows at once an expression can be evaluated: see Portions.
  void note_long(const graph::Value& value) {
    if (value.type() != graph::ValueType::kList && value.type() != graph::ValueType::kString) return;
    if (const size_t bytes = value.heap_bytes(); bytes >= kLongValue) long_bytes_ += bytes;
  }
  uint64_t long_bytes() const { return long_bytes_; }
  // Around each stretch in which the statement runs on a thread.
  void enter_thread();
  void leave_thread();
  // Heap bytes that the statement has come to hold; 0 where the allocator does not count. On the thread that runs it.
  size_t heap_held() const;
  // So much of it belongs to somebody else from now on.
  void hand_over(size_t heap_bytes) { heap_base_ += static_cast<int64_t>(heap_bytes); }

  // Entities that this statement deleted: still values, but without properties or labels.
  void mark_deleted_node(graph::NodeId id);
  void mark_deleted_relationship(graph::RelationshipId id, graph::TypeId type);
  void forget_deleted();           // their deletion is committed
  bool has_deleted() const { return deleted_ != nullptr; }
  bool is_deleted_node(graph::NodeId id) const;
  bool is_deleted_relationship(graph::RelationshipId id) const;
  graph::TypeId deleted_relationship_type(graph::RelationshipId id) const;  // kNoToken: not one of them

 private:
  static constexpr uint32_t kTicksPerCheck = 512;
  static constexpr int kNotCancelled = -1;
  static constexpr size_t kLongValue = 4096;
  struct Deleted;
  [[noreturn]] static const graph::GraphView& no_view();
  [[noreturn]] static graph::GraphTransaction& no_writer();
  void reserve(size_t needed);
  void make_room(size_t bytes);

  const graph::GraphView* view_;
  graph::GraphTransaction* transaction_;
  ExecutionOptions options_;
  env::Duration deadline_{0};
  env::Duration statement_time_{0};
  std::atomic<int> cancelled_{kNotCancelled};
  uint32_t ticks_ = 0;
  size_t charged_ = 0;
  uint64_t long_bytes_ = 0;
  size_t heap_held_ = 0;   // when it left the thread
  int64_t heap_base_ = 0;  // the thread's count when it held nothing
  size_t reserved_ = 0;  // within the statement's and the pool's limits
  std::unique_ptr<Deleted> deleted_;
};

// Memory charged by one holder; given back when it dies or is reset.
class MemoryAccount {
 public:
  explicit MemoryAccount(QueryContext& context) : context_(context) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;
  ~MemoryAccount() { reset(); }
  void charge(size_t bytes) { held_ += bytes; context_.charge(bytes); }
  void reset() { context_.release(held_); held_ = 0; }

 private:
  QueryContext& context_;
  size_t held_ = 0;
};

[[noreturn]] void throw_error(ErrorCode code, std::string message);
[[noreturn]] void throw_error(const Error& error);
// "Type mismatch: expected String but was Integer".
[[noreturn]] void throw_type(std::string_view expected, const graph::Value& actual);

template <class T>
T unwrap(Result<T> result) {
  if (!result.ok()) throw_error(result.error());
  return std::move(result).value();
}
inline void unwrap(const Status& status) {
  if (!status.ok()) throw_error(status.error());
}

}  // namespace graft::cypher
