#pragma once

// One running plan: owns the shared context, the operators' counters and the root operator.

#include <memory>
#include <string>
#include <vector>

#include "cypher/executor/batch_runner.h"
#include "cypher/executor/operator.h"
#include "cypher/functions/query_context.h"
#include "cypher/planner/plan.h"

namespace graft::cypher {

struct OperatorCounters {
  uint64_t rows = 0;
  uint64_t hits = 0;
  env::Duration time{0};  // with the time of the children
};

class Executor {
 public:
  Executor(std::shared_ptr<const Plan> plan, QueryMode mode, const graph::GraphView* view,
           graph::GraphTransaction* transaction, ExecutionOptions options);

  QueryContext& context() { return context_; }
  const Plan& plan() const { return *plan_; }
  bool profiling() const { return profiling_; }
  OperatorCounters& counters(const PlanNode& node) { return counters_[static_cast<size_t>(node.id)]; }
  BatchRunner& batches() { return batches_; }
  graph::Value* locals() { return locals_.data(); }
  size_t slot_count() const { return plan_->slots.size(); }
  Operator& root();

 private:
  std::shared_ptr<const Plan> plan_;
  bool profiling_;
  QueryContext context_;
  std::vector<graph::Value> locals_;
  std::vector<OperatorCounters> counters_;  // empty unless profiling
  BatchRunner batches_;
  std::unique_ptr<Operator> root_;
  Batch argument_;
};

}  // namespace graft::cypher
