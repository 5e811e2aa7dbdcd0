#pragma once

// The transactions of CALL { } IN TRANSACTIONS, as the operators see them. commit() stops the statement, wherever it is,
// until its batch is committed (see BatchTransactions in query.h).
//
// What the clauses behind the batches write is kept in transactions too, one from each batch to the next.

#include <functional>
#include <memory>
#include <optional>

#include "cypher/functions/query_context.h"
#include "cypher/planner/plan.h"

namespace graft::cypher {

class BatchRunner {
 public:
  BatchRunner(QueryContext& context, const PlanNode& root);
  ~BatchRunner();

  // For the operators. Errors as QueryError.
  bool available() const { return context_.options().batches != nullptr; }
  std::unique_ptr<BatchTransaction> begin();
  // Moves newest() on. An error: it was rolled back.
  Status commit(std::unique_ptr<BatchTransaction> batch);
  // Commits what the clauses outside of the batches have written.
  void settle();
  // Makes the newest version what is read and written by the clauses behind the batches.
  void go_on_outside();
  const QueryContext::Ground& pinned() const { return pinned_; }
  uint64_t commits() const { return commits_; }

  // For the execution.
  void on_commit(std::function<void()> stop) { stop_ = std::move(stop); }
  bool wants_commit() const { return pending_ != nullptr; }
  std::unique_ptr<BatchTransaction> take() { return std::move(pending_); }
  void committed(BatchOutcome outcome) { outcome_ = std::move(outcome); }

 private:
  void check_catalog(const graph::GraphView& view);

  QueryContext& context_;
  const QueryContext::Ground pinned_;  // what the statement itself reads
  const bool writes_outside_;
  std::function<void()> stop_;
  std::unique_ptr<BatchTransaction> pending_;
  std::optional<BatchOutcome> outcome_;
  std::shared_ptr<const graph::GraphView> newest_;  // null: nothing committed yet
  std::unique_ptr<BatchTransaction> outside_;
  uint64_t commits_ = 0;
  uint64_t checked_catalog_ = 0;
};

}  // namespace graft::cypher
