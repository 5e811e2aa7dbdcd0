// Merge: per left row the matches of the right side, or the pattern made.

#include <algorithm>
#include <numeric>

#include "cypher/executor/entity_writer.h"
#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/row_buffer.h"
#include "cypher/planner/plan_slots.h"

namespace graft::cypher {

namespace {

class Merge final : public Operator {
 public:
  Merge(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        merge_(static_cast<const PlanMerge&>(plan)),
        out_(make_batch()),
        matches_(context(), executor.slot_count(), all_slots(plan)),
        creator_(executor, context(), merge_.nodes, merge_.relationships, true),
        on_create_(executor, context(), merge_.on_create),
        on_match_(executor, context(), merge_.on_match) {
    const SlotSet own = created_slots(merge_);
    // Of the left row what is read above or here: the left gives no more.
    for (Slot slot : plan.left->available) {
      if (!own.contains(slot)) keep_.push_back(slot);
    }
    for (Slot slot : keep_) {
      const auto& matched = plan.right->available;
      if (std::find(matched.begin(), matched.end(), slot) == matched.end()) left_only_.push_back(slot);
    }
  }

 private:
  static std::vector<Slot> all_slots(const PlanNode& plan) {
    std::vector<Slot> slots = plan.available;
    slots.insert(slots.end(), plan.left->available.begin(), plan.left->available.end());
    slots.insert(slots.end(), plan.right->available.begin(), plan.right->available.end());
    std::sort(slots.begin(), slots.end());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    return slots;
  }

  void start() override {
    left().open(argument());
    in_ = nullptr;
    matches_.clear();
    given_ = 0;
  }

  // Rows of several left rows are put together in one batch.
  Batch* next() override {
    out_.clear_all();
    while (out_.size < kBatchRows) {
      if (given_ < matches_.size()) {
        give_matches();
        continue;
      }
      if (in_ == nullptr) {
        in_ = left().pull();
        if (in_ == nullptr) break;
        position_ = 0;
      }
      if (position_ == in_->count()) {
        in_ = nullptr;
        continue;
      }
      merge_row(in_->rows()[position_++]);
    }
    return out_.size > 0 ? &out_ : nullptr;
  }

  void merge_row(uint32_t row) {
    context().tick();
    matches_.clear();
    given_ = 0;
    right().open({in_, row});
    while (Batch* batch = right().pull()) matches_.add(*batch);
    if (matches_.size() > 0) {
      for (Slot slot : left_only_) {
        Column& column = matches_.rows().column(slot);
        column.clear();
        column.append_repeated(in_->column(slot), row, matches_.size(), 0);
      }
      if (!on_match_.empty()) {
        for (uint32_t i = 0; i < matches_.size(); ++i) on_match_.apply(matches_.rows(), i);
      }
      return;
    }
    uint32_t at = out_.size;
    out_.append_repeated(*in_, row, 1, keep_);
    creator_.create(&out_, at);
    on_create_.apply(out_, at);
  }

  void give_matches() {
    uint32_t n = std::min(kBatchRows - out_.size, matches_.size() - given_);
    std::vector<uint32_t> rows(n);
    std::iota(rows.begin(), rows.end(), given_);
    out_.append(matches_.rows(), rows, matches_.kept());
    given_ += n;
  }

  const PlanMerge& merge_;
  Batch out_;
  std::vector<Slot> keep_, left_only_;
  RowBuffer matches_;
  PatternCreator creator_;
  SetWriter on_create_, on_match_;
  Batch* in_ = nullptr;
  uint32_t position_ = 0, given_ = 0;
};

}  // namespace

OperatorPtr make_merge(Executor& executor, const PlanNode& plan) { return std::make_unique<Merge>(executor, plan); }

}  // namespace graft::cypher
