// CALL { } IN TRANSACTIONS OF n ROWS ON ERROR ... REPORT STATUS AS s. The batches are savepoints of the statement's own
// transaction: a batch that fails is undone whole.

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/row_buffer.h"

namespace graft::cypher {

using graph::Value;

namespace {

class TransactionApply final : public Operator {
 public:
  TransactionApply(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        apply_(static_cast<const PlanTransactionApply&>(plan)),
        batch_size_(compile_expression(apply_.options->batch_size)),
        out_(make_batch()),
        input_(context(), executor.slot_count(), plan.left->available),
        output_(context(), executor.slot_count(), plan.available) {}

 private:
  void start() override {
    left().open(argument());
    in_ = nullptr;
    broken_ = done_ = false;
    output_.clear();
    given_ = 0;
    Value size = batch_size_ == nullptr ? Value::integer(1000) : batch_size_->eval(argument_frame());
    if (size.type() != graph::ValueType::kInteger || size.as_integer() <= 0) {
      throw_error(ErrorCode::kArgument, "IN TRANSACTIONS OF n ROWS: n must be a positive integer, but is " + graph::to_text(size));
    }
    size_ = static_cast<uint64_t>(size.as_integer());
  }

  Batch* next() override {
    while (given_ == output_.size()) {
      if (done_) return nullptr;
      run_batch();
    }
    uint32_t n = std::min(kBatchRows, output_.size() - given_);
    std::vector<uint32_t> rows(n);
    for (uint32_t i = 0; i < n; ++i) rows[i] = given_ + i;
    out_.clear_all();
    out_.append(output_.rows(), rows, output_.kept());
    given_ += n;
    return &out_;
  }

  void run_batch() {
    take_input();
    output_.clear();
    given_ = 0;
    if (input_.size() == 0) return;
    if (broken_) return fail_rows(false, "");
    auto savepoint = context().writer().savepoint();
    try {
      for (uint32_t row = 0; row < input_.size(); ++row) run_row(row);
      set_status(true, true, "");
    } catch (const QueryError& error) {
      bool ends = apply_.options->on_error == InTransactions::kFail || error.code == ErrorCode::kCancelled ||
                  error.code == ErrorCode::kTimeout || error.code == ErrorCode::kOutOfMemory;
      if (ends) throw;
      context().writer().rollback_to(savepoint);
      output_.clear();
      broken_ = apply_.options->on_error == InTransactions::kBreak;
      fail_rows(true, error.message);
    }
  }

  void take_input() {
    input_.clear();
    while (input_.size() < size_) {
      if (in_ == nullptr) {
        in_ = left().pull();
        if (in_ == nullptr) {
          done_ = true;
          return;
        }
        position_ = 0;
      }
      auto rows = in_->rows();
      auto n = static_cast<uint32_t>(std::min<uint64_t>(rows.size() - position_, size_ - input_.size()));
      input_.add(*in_, rows.subspan(position_, n));
      position_ += n;
      if (position_ == rows.size()) in_ = nullptr;
    }
  }

  void run_row(uint32_t row) {
    right().open({&input_.rows(), row});
    while (Batch* batch = right().pull()) {
      if (!apply_.unit) output_.add(*batch);
    }
    if (apply_.unit) {
      uint32_t rows[] = {row};
      output_.add(input_.rows(), rows);
    }
  }

  void fail_rows(bool started, const std::string& message) {
    std::vector<uint32_t> rows(input_.size());
    for (uint32_t i = 0; i < rows.size(); ++i) rows[i] = i;
    output_.add(input_.rows(), rows);
    for (Slot slot : apply_.nulls) output_.rows().column(slot).clear();
    set_status(started, false, message);
  }

  void set_status(bool started, bool committed, const std::string& message) {
    if (apply_.options->report_slot == kNoSlot) return;
    Value status = Value::map({{"started", Value::boolean(started)},
                               {"committed", Value::boolean(committed)},
                               {"transactionId", Value()},
                               {"errorMessage", message.empty() ? Value() : Value::string(message)}});
    for (uint32_t i = 0; i < output_.size(); ++i) output_.rows().column(apply_.options->report_slot).set(i, status);
  }

  const PlanTransactionApply& apply_;
  EvaluatorPtr batch_size_;
  Batch out_;
  RowBuffer input_, output_;
  Batch* in_ = nullptr;
  uint32_t position_ = 0, given_ = 0;
  uint64_t size_ = 1000;
  bool broken_ = false, done_ = false;
};

}  // namespace

OperatorPtr make_transaction_apply(Executor& executor, const PlanNode& plan) {
  return std::make_unique<TransactionApply>(executor, plan);
}

}  // namespace graft::cypher
