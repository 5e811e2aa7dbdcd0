#include "cypher/executor/operator.h"

#include <algorithm>

#include "cypher/executor/executor.h"

namespace graft::cypher {

Operator::Operator(Executor& executor, const PlanNode& plan) : executor_(executor), plan_node_(plan) {}

void Operator::open(const Argument& argument) {
  argument_ = argument;
  start();
}

Batch* Operator::pull() {
  context().check();
  if (!executor_.profiling()) return next();
  env::Duration begin = context().monotonic();
  Batch* batch = next();
  OperatorCounters& counters = executor_.counters(plan_node_);
  counters.time += context().monotonic() - begin;
  if (batch != nullptr) counters.rows += batch->count();
  return batch;
}

QueryContext& Operator::context() const { return executor_.context(); }

Operator& Operator::left() {
  if (left_ == nullptr) left_ = make_operator(executor_, *plan_node_.left);
  return *left_;
}

Operator& Operator::right() {
  if (right_ == nullptr) right_ = make_operator(executor_, *plan_node_.right);
  return *right_;
}

EvaluatorPtr Operator::compile_expression(const Expr* expression, std::vector<Slot> locals) const {
  return expression == nullptr ? nullptr : compile(&executor_, context(), *expression, std::move(locals));
}

Frame Operator::frame(const Batch& batch, uint32_t row) const {
  return Frame{context(), &batch, row, executor_.locals()};
}

Batch Operator::make_batch() const { return Batch(executor_.slot_count()); }

std::vector<Slot> Operator::slots_but(std::initializer_list<Slot> own) const {
  return slots_but(std::vector<Slot>(own));
}

std::vector<Slot> Operator::slots_but(const std::vector<Slot>& own) const {
  std::vector<Slot> slots;
  for (Slot slot : plan_node_.available) {
    if (std::find(own.begin(), own.end(), slot) == own.end()) slots.push_back(slot);
  }
  return slots;
}

void Operator::hit(uint64_t n) {
  if (executor_.profiling()) executor_.counters(plan_node_).hits += n;
}

}  // namespace graft::cypher
