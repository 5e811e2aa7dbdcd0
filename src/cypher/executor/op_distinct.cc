#include "cypher/executor/executor.h"
#include "cypher/executor/group_table.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

using graph::Value;

namespace {

class Distinct final : public Operator {
 public:
  Distinct(Executor& executor, const PlanNode& plan) : Operator(executor, plan), seen_(context()), portions_(context()) {
    for (const SlotExpr& item : static_cast<const PlanDistinct&>(plan).grouping) {
      items_.emplace_back(item.slot, compile_expression(item.expression));
    }
    values_.resize(items_.size());
  }

 private:
  void start() override {
    left().open(argument());
    seen_.clear();
  }

  Batch* next() override {
    while (Batch* batch = left().pull()) {
      const auto rows = batch->rows();
      std::vector<uint32_t> kept;
      portions_.run(rows.size(), [&](size_t first, size_t count) { keep_new(batch, rows.subspan(first, count), &kept); });
      if (kept.empty()) continue;
      if (kept.size() < batch->count()) batch->select(std::move(kept));
      return batch;
    }
    return nullptr;
  }

  void keep_new(Batch* batch, std::span<const uint32_t> rows, std::vector<uint32_t>* kept) {
    for (size_t i = 0; i < items_.size(); ++i) {
      values_[i].resize(rows.size());
      items_[i].second->eval_rows(frame(*batch), rows, values_[i].data());
    }
    std::vector<Value> key(items_.size());
    for (size_t r = 0; r < rows.size(); ++r) {
      context().tick();
      for (size_t i = 0; i < key.size(); ++i) key[i] = values_[i][r];
      size_t before = seen_.size();
      seen_.find_or_add(key);
      if (seen_.size() == before) continue;
      kept->push_back(rows[r]);
      for (size_t i = 0; i < key.size(); ++i) {
        if (items_[i].second->plain_slot() != items_[i].first) batch->column(items_[i].first).set(rows[r], std::move(key[i]));
      }
    }
  }

  std::vector<std::pair<Slot, EvaluatorPtr>> items_;
  std::vector<std::vector<Value>> values_;
  GroupTable seen_;
  Portions portions_;
};

}  // namespace

OperatorPtr make_distinct(Executor& executor, const PlanNode& plan) { return std::make_unique<Distinct>(executor, plan); }

}  // namespace graft::cypher
