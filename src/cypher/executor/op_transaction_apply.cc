// CALL { } IN TRANSACTIONS OF n ROWS ON ERROR ... REPORT STATUS AS s. The left side reads the statement's own version; the
// right side runs in one transaction per batch of left rows, which is committed at its end; what comes behind reads the
// newest version. A batch whose commit meets another's is run again.

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/plan_writes.h"
#include "cypher/executor/row_buffer.h"

namespace graft::cypher {

using graph::Value;

namespace {

constexpr int kAttempts = 5;

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
    BatchRunner& batches = executor_.batches();
    batches.settle();
    context().set_ground(batches.pinned());
    take_input();
    output_.clear();
    given_ = 0;
    if (input_.size() > 0) {
      broken_ ? fail_rows(false, "") : run_in_transaction();
    }
    if (batches.available()) batches.go_on_outside();
  }

  void run_in_transaction() {
    std::optional<QueryError> error;
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
      error = run_once();
      if (!error) return set_status(true, true, "");
      if (error->code != ErrorCode::kConflict) break;
    }
    if (apply_.options->on_error == InTransactions::kFail || ends_statement(error->code)) {
      error->message += " (Transactions committed: " + std::to_string(executor_.batches().commits()) + ")";
      throw *error;
    }
    output_.clear();
    broken_ = apply_.options->on_error == InTransactions::kBreak;
    fail_rows(true, error->message);
  }

  // Nothing: committed.
  std::optional<QueryError> run_once() {
    BatchRunner& batches = executor_.batches();
    std::unique_ptr<BatchTransaction> batch;
    output_.clear();
    try {
      if (batches.available()) {
        batch = batches.begin();
        context().set_ground({&batch->graph().view(), &batch->graph()});
        transaction_name_ = batch->name();
      } else if (may_write(*plan_node_.right)) {
        throw_error(ErrorCode::kTransactionStartFailed, "A query with 'CALL { ... } IN TRANSACTIONS' can only be executed in an implicit transaction, but "
                                                        "tried to execute in an explicit transaction.");
      }
      for (uint32_t row = 0; row < input_.size(); ++row) run_row(row);
      if (batch != nullptr) unwrap(batch->graph().check_constraints());
    } catch (const QueryError& error) {
      leave_transaction();
      return error;
    }
    leave_transaction();
    if (batch == nullptr) return std::nullopt;
    Status committed = batches.commit(std::move(batch));
    if (committed.ok()) return std::nullopt;
    return QueryError{committed.error().code, committed.error().message, std::nullopt};
  }

  // Operators look up tokens when they are made, and may hold on to pages.
  void leave_transaction() {
    drop_right();
    context().set_ground(executor_.batches().pinned());
  }

  // Whatever ON ERROR says: the batches to come would fare no better, or what became of this one is not known.
  static bool ends_statement(ErrorCode code) {
    switch (code) {
      case ErrorCode::kCancelled:
      case ErrorCode::kTimeout:
      case ErrorCode::kClientTimeout:
      case ErrorCode::kOutOfMemory:
      case ErrorCode::kTransactionTerminated:
      case ErrorCode::kTransactionStartFailed:
      case ErrorCode::kNotLeader:
      case ErrorCode::kLeadershipLost:
      case ErrorCode::kUnavailable:
      case ErrorCode::kUnknownOutcome:
      case ErrorCode::kCorruption:
      case ErrorCode::kIo:
      case ErrorCode::kInternal: return true;
      default: return false;
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
                               {"transactionId", started && !transaction_name_.empty() ? Value::string(transaction_name_) : Value()},
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
  std::string transaction_name_;
};

}  // namespace

OperatorPtr make_transaction_apply(Executor& executor, const PlanNode& plan) {
  return std::make_unique<TransactionApply>(executor, plan);
}

}  // namespace graft::cypher
