#pragma once

// Physical operators, one per plan node, made when their parent first asks for rows. Pull-based: open() (again and again,
// on the right of an Apply) gives the argument row, next() gives batches until null.

#include <algorithm>
#include <memory>
#include <vector>

#include "cypher/executor/batch.h"
#include "cypher/executor/evaluator.h"
#include "cypher/planner/plan.h"

namespace graft::cypher {

class Operator {
 public:
  Operator(Executor& executor, const PlanNode& plan);
  virtual ~Operator() = default;
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;

  // Starts over. The argument's batch stays as it is until the next open().
  void open(const Argument& argument);
  // The next rows, at least one; null at the end.
  Batch* pull();

 protected:
  virtual void start() = 0;
  virtual Batch* next() = 0;

  QueryContext& context() const;
  Operator& left();
  Operator& right();
  const Argument& argument() const { return argument_; }
  void drop_right() { right_ = nullptr; }  // made anew when it is asked for
  EvaluatorPtr compile_expression(const Expr* expression, std::vector<Slot> locals = {}) const;
  Frame frame(const Batch& batch, uint32_t row = 0) const;
  Frame argument_frame() const { return frame(*argument_.batch, argument_.row); }
  Batch make_batch() const;
  // available without the slots named.
  std::vector<Slot> slots_but(std::initializer_list<Slot> own) const;
  std::vector<Slot> slots_but(const std::vector<Slot>& own) const;
  void hit(uint64_t n = 1);  // counts database accesses for PROFILE

  Executor& executor_;
  const PlanNode& plan_node_;

 private:
  std::unique_ptr<Operator> left_, right_;
  Argument argument_;
};

// How many rows a source makes next: few at first, so that a point query or a small LIMIT costs little.
class BatchGrowth {
 public:
  void reset() { rows_ = 16; }
  uint32_t next() {
    uint32_t rows = rows_;
    rows_ = std::min(rows_ * 4, kBatchRows);
    return rows;
  }

 private:
  uint32_t rows_ = 16;
};

// For how many rows at once expressions are evaluated: fewer when the values made on the way are long, so that they are not
// all held together.
class Portions {
 public:
  explicit Portions(QueryContext& context) : context_(context) {}

  // each(first, count) over 0 .. rows - 1.
  template <class F>
  void run(size_t rows, F&& each) {
    for (size_t at = 0; at < rows;) at += run_one(at, rows - at, each);
  }
  // One portion of what is left; gives its size.
  template <class F>
  size_t run_one(size_t first, size_t left, F&& each) {
    const size_t count = std::min(size_, left);
    const uint64_t before = context_.long_bytes();
    each(first, count);
    const uint64_t made = context_.long_bytes() - before;
    const size_t fit = made == 0 ? kMaxBatchRows : kMostBytes * count / made;
    size_ = std::clamp<size_t>(fit, 1, std::min<size_t>(size_ * 2, kMaxBatchRows));
    if (made > kMostBytes) context_.check();
    return count;
  }

 private:
  static constexpr size_t kMostBytes = size_t{8} << 20;
  QueryContext& context_;
  size_t size_ = 64;  // more when they are seen to be small
};

std::unique_ptr<Operator> make_operator(Executor& executor, const PlanNode& plan);

}  // namespace graft::cypher
