#pragma once

// Expressions compiled for one execution. eval() gives the value at one row; eval_rows() at many, for which the hot kinds
// have loops of their own. Evaluators keep caches (looked-up names, constants), so each execution compiles its own.

#include <memory>
#include <span>
#include <vector>

#include "cypher/executor/batch.h"
#include "cypher/functions/query_context.h"

namespace graft::cypher {

class Executor;

// Where an expression is evaluated. locals: by slot, for the variables of comprehensions and of steps of a walk.
struct Frame {
  QueryContext& context;
  const Batch* batch = nullptr;
  uint32_t row = 0;
  graph::Value* locals = nullptr;
};

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual graph::Value eval(const Frame& frame) = 0;
  // out[i] := the value at rows[i]. frame.row is not used.
  virtual void eval_rows(const Frame& frame, std::span<const uint32_t> rows, graph::Value* out);
  // The slot, if this is nothing but a column of the row.
  virtual Slot plain_slot() const { return kNoSlot; }
  // Not null: the value is the same in every row and known already.
  virtual const graph::Value* constant() const { return nullptr; }
};

using EvaluatorPtr = std::unique_ptr<Evaluator>;

// locals: slots that are read from Frame::locals instead of the row. executor may be null where no subquery can occur.
EvaluatorPtr compile(Executor* executor, QueryContext& context, const Expr& expression, std::vector<Slot> locals = {});

// A predicate over rows: keeps those where it is true. Throws kType for what is neither boolean nor null.
class Predicate {
 public:
  Predicate() = default;
  Predicate(Executor* executor, QueryContext& context, const std::vector<Expr*>& conjuncts, const std::vector<Slot>& locals = {});
  bool empty() const { return conjuncts_.empty(); }
  bool holds(const Frame& frame) const;
  void filter(const Frame& frame, std::vector<uint32_t>* rows) const;

 private:
  std::vector<EvaluatorPtr> conjuncts_;
  mutable std::vector<graph::Value> values_;
};

// Three-valued truth of a value: 1, 0, -1 (null). Throws kType for anything else.
int truth(const graph::Value& value);
graph::Value from_truth(int t);

}  // namespace graft::cypher
