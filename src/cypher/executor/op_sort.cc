// Sort and Top. Sort holds all rows; Top at most twice its limit and a batch.

#include <algorithm>
#include <numeric>

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/plan_writes.h"
#include "cypher/executor/row_buffer.h"
#include "cypher/executor/row_count.h"

namespace graft::cypher {

using graph::Value;

namespace {

class Sort final : public Operator {
 public:
  Sort(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        sort_(static_cast<const PlanSort&>(plan)),
        limit_expression_(compile_expression(sort_.limit)),
        skip_expression_(compile_expression(sort_.skip)),
        out_(make_batch()),
        buffer_(context(), executor.slot_count(), kept_slots(plan, sort_)) {}

 private:
  static std::vector<Slot> kept_slots(const PlanNode& plan, const PlanSort& sort) {
    std::vector<Slot> kept = plan.available;
    for (const SortKey& key : sort.keys) {
      if (std::find(kept.begin(), kept.end(), key.slot) == kept.end()) kept.push_back(key.slot);
    }
    return kept;
  }

  void start() override {
    limit_ = limit_expression_ == nullptr ? UINT64_MAX : row_count(*limit_expression_, argument_frame(), "LIMIT");
    if (skip_expression_ != nullptr && limit_ > 0) limit_ += row_count(*skip_expression_, argument_frame(), "SKIP");
    left().open(argument());
    buffer_.clear();
    order_.clear();
    sorted_ = false;
    given_ = 0;
  }

  Batch* next() override {
    if (!sorted_) build();
    size_t n = std::min<size_t>(kBatchRows, order_.size() - given_);
    if (n == 0) return nullptr;
    out_.clear_all();
    out_.append(buffer_.rows(), std::span(order_).subspan(given_, n), buffer_.kept());
    given_ += n;
    return &out_;
  }

  void build() {
    sorted_ = true;
    if (limit_ == 0 && !may_write(*plan_node_.left)) return;
    while (Batch* batch = left().pull()) {
      if (limit_ == 0) continue;
      buffer_.add(*batch);
      if (limit_ < UINT64_MAX / 4 && buffer_.size() > 2 * limit_ + kBatchRows) {
        order_rows();
        buffer_.retain(order_);
      }
    }
    order_rows();
  }

  // Numbers of the rows in order, the first limit_ of them.
  void order_rows() {
    uint32_t n = buffer_.size();
    order_.resize(n);
    std::iota(order_.begin(), order_.end(), 0);
    MemoryAccount memory(context());
    memory.charge(n * (sizeof(Value) * sort_.keys.size() + 2 * sizeof(uint32_t)));
    std::vector<std::vector<Value>> keys(sort_.keys.size());
    for (size_t k = 0; k < keys.size(); ++k) {
      keys[k].resize(n);
      const Column& column = buffer_.rows().column(sort_.keys[k].slot);
      for (uint32_t i = 0; i < n; ++i) {
        context().tick();
        keys[k][i] = column.get(i);
      }
    }
    auto before = [&](uint32_t a, uint32_t b) {
      context().tick();
      for (size_t k = 0; k < keys.size(); ++k) {
        int c = compare_order(keys[k][a], keys[k][b]);
        if (c != 0) return (c < 0) != sort_.keys[k].descending;
      }
      return a < b;  // stable
    };
    if (limit_ < n) {
      std::partial_sort(order_.begin(), order_.begin() + static_cast<ptrdiff_t>(limit_), order_.end(), before);
      order_.resize(limit_);
    } else {
      std::sort(order_.begin(), order_.end(), before);
    }
  }

  const PlanSort& sort_;
  EvaluatorPtr limit_expression_, skip_expression_;
  Batch out_;
  RowBuffer buffer_;
  std::vector<uint32_t> order_;
  uint64_t limit_ = UINT64_MAX;
  size_t given_ = 0;
  bool sorted_ = false;
};

}  // namespace

OperatorPtr make_sort(Executor& executor, const PlanNode& plan) { return std::make_unique<Sort>(executor, plan); }

}  // namespace graft::cypher
