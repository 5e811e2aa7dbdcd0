#include <numeric>

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/row_buffer.h"

namespace graft::cypher {

namespace {

class Eager final : public Operator {
 public:
  Eager(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), out_(make_batch()), buffer_(context(), executor.slot_count(), plan.available) {}

 private:
  void start() override {
    left().open(argument());
    buffer_.clear();
    filled_ = false;
    given_ = 0;
  }

  Batch* next() override {
    if (!filled_) {
      filled_ = true;
      while (Batch* batch = left().pull()) buffer_.add(*batch);
    }
    uint32_t n = std::min(kBatchRows, buffer_.size() - given_);
    if (n == 0) return nullptr;
    std::vector<uint32_t> rows(n);
    std::iota(rows.begin(), rows.end(), given_);
    out_.clear_all();
    out_.append(buffer_.rows(), rows, buffer_.kept());
    given_ += n;
    return &out_;
  }

  Batch out_;
  RowBuffer buffer_;
  bool filled_ = false;
  uint32_t given_ = 0;
};

}  // namespace

OperatorPtr make_eager(Executor& executor, const PlanNode& plan) { return std::make_unique<Eager>(executor, plan); }

}  // namespace graft::cypher
