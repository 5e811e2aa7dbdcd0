// EagerAggregation: groups in a hash table, one aggregator per group and aggregation.

#include <absl/container/flat_hash_set.h>

#include "cypher/executor/executor.h"
#include "cypher/executor/group_table.h"
#include "cypher/executor/operators.h"
#include "cypher/functions/registry.h"

namespace graft::cypher {

using graph::Value;

namespace {

struct EquivalentHash {
  size_t operator()(const Value& v) const { return hash_equivalent(v); }
};
struct Equivalent {
  bool operator()(const Value& a, const Value& b) const { return equivalent(a, b); }
};
// What DISTINCT has let through. Nodes by their ids: they are most of what is counted so, and equal nothing else.
class DistinctValues {
 public:
  bool insert(const Value& v) {
    if (v.type() == graph::ValueType::kNode) return nodes_.insert(v.as_node()).second;
    return others_.insert(v).second;
  }

 private:
  absl::flat_hash_set<graph::NodeId> nodes_;
  absl::flat_hash_set<Value, EquivalentHash, Equivalent> others_;
};

// One aggregation as written: its arguments, and how to make a state per group.
struct Aggregation {
  Slot slot = kNoSlot;
  const FunctionInfo* function = nullptr;  // null: count(*)
  bool distinct = false;
  std::vector<EvaluatorPtr> arguments;
  std::vector<std::vector<Value>> values;  // by argument, of the batch at hand
};

struct State {
  std::unique_ptr<Aggregator> aggregator;
  std::unique_ptr<DistinctValues> seen;
  int64_t count = 0;  // count(*)
};

class AggregationOperator final : public Operator {
 public:
  AggregationOperator(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), out_(make_batch()), memory_(context()), groups_(context()), portions_(context()) {
    const auto& aggregation = static_cast<const PlanAggregation&>(plan);
    weight_ = aggregation.weight;
    std::vector<Slot> own;
    for (const SlotExpr& item : aggregation.grouping) {
      grouping_.emplace_back(item.slot, compile_expression(item.expression));
      own.push_back(item.slot);
    }
    for (const SlotExpr& item : aggregation.aggregations) {
      aggregations_.push_back(compile_aggregation(item));
      own.push_back(item.slot);
    }
    keep_ = slots_but(own);
    keys_.resize(grouping_.size());
  }

 private:
  Aggregation compile_aggregation(const SlotExpr& item) {
    Aggregation a;
    a.slot = item.slot;
    if (item.expression->kind == ExprKind::kCountStar) return a;
    a.function = item.expression->function != nullptr ? item.expression->function : find_function(item.expression->name);
    a.distinct = item.expression->distinct;
    for (const Expr* argument : item.expression->children) a.arguments.push_back(compile_expression(argument));
    a.values.resize(a.arguments.size());
    return a;
  }

  void start() override {
    left().open(argument());
    built_ = false;
    given_ = 0;
    states_.clear();
    groups_.clear();
    memory_.reset();
  }

  Batch* next() override {
    if (!built_) build();
    auto n = static_cast<uint32_t>(std::min<size_t>(kBatchRows, groups_.size() - given_));
    if (n == 0) return nullptr;
    out_.clear_all();
    for (uint32_t i = 0; i < n; ++i) give(static_cast<uint32_t>(given_) + i, i);
    out_.append_repeated(*argument().batch, argument().row, n, keep_);
    given_ += n;
    return &out_;
  }

  void build() {
    built_ = true;
    if (grouping_.empty()) {
      groups_.find_or_add({});
      add_states();
    }
    while (Batch* batch = left().pull()) {
      const auto rows = batch->rows();
      portions_.run(rows.size(), [&](size_t first, size_t count) { add(*batch, rows.subspan(first, count)); });
    }
  }

  void add(const Batch& batch, std::span<const uint32_t> rows) {
    Frame at = frame(batch);
    for (size_t i = 0; i < grouping_.size(); ++i) {
      keys_[i].resize(rows.size());
      grouping_[i].second->eval_rows(at, rows, keys_[i].data());
    }
    for (Aggregation& a : aggregations_) {
      for (size_t i = 0; i < a.arguments.size(); ++i) {
        a.values[i].resize(rows.size());
        a.arguments[i]->eval_rows(at, rows, a.values[i].data());
      }
    }
    std::vector<Value> key(grouping_.size());
    for (size_t r = 0; r < rows.size(); ++r) {
      context().tick();
      uint32_t group = 0;
      if (!grouping_.empty()) {
        for (size_t i = 0; i < key.size(); ++i) key[i] = keys_[i][r];
        size_t before = groups_.size();
        group = groups_.find_or_add(key);
        if (groups_.size() > before) add_states();
      }
      const int64_t times = weight_ == kNoSlot ? 1 : batch.column(weight_).get(rows[r]).as_integer();
      for (size_t a = 0; a < aggregations_.size(); ++a) add_value(aggregations_[a], state(group, a), r, times);
    }
  }

  State& state(uint32_t group, size_t aggregation) { return states_[group * aggregations_.size() + aggregation]; }

  void add_states() {
    for (const Aggregation& a : aggregations_) {
      State s;
      if (a.function != nullptr) s.aggregator = a.function->make();
      if (a.distinct) s.seen = std::make_unique<DistinctValues>();
      states_.push_back(std::move(s));
    }
    memory_.charge(aggregations_.size() * (sizeof(State) + 48));
  }

  // times: how many equal rows this one stands for.
  void add_value(Aggregation& a, State& state, size_t row, int64_t times) {
    if (a.function == nullptr) {
      if (__builtin_add_overflow(state.count, times, &state.count)) throw_error(ErrorCode::kArithmetic, "integer overflow: a count does not fit in 64 bits");
      return;
    }
    if (state.seen != nullptr && !a.values.empty()) {
      const Value& value = a.values[0][row];
      if (value.is_null() || !state.seen->insert(value)) return;
      memory_.charge(32 + value.heap_bytes());
    }
    arguments_.clear();
    for (const auto& column : a.values) arguments_.push_back(column[row]);
    state.aggregator->add(context(), arguments_);
    for (; times > 1 && state.seen == nullptr; --times) {
      context().tick();
      state.aggregator->add(context(), arguments_);
    }
  }

  void give(uint32_t group, uint32_t row) {
    context().tick();
    for (size_t i = 0; i < grouping_.size(); ++i) out_.column(grouping_[i].first).set(row, groups_.key(group, i));
    for (size_t a = 0; a < aggregations_.size(); ++a) {
      State& s = state(group, a);
      out_.column(aggregations_[a].slot).set(
          row, aggregations_[a].function == nullptr ? Value::integer(s.count) : s.aggregator->finish(context()));
    }
  }

  Batch out_;
  std::vector<Slot> keep_;
  std::vector<std::pair<Slot, EvaluatorPtr>> grouping_;
  std::vector<Aggregation> aggregations_;
  std::vector<std::vector<Value>> keys_;
  std::vector<Value> arguments_;
  std::vector<State> states_;
  MemoryAccount memory_;
  GroupTable groups_;
  Portions portions_;
  Slot weight_ = kNoSlot;
  bool built_ = false;
  size_t given_ = 0;
};

}  // namespace

OperatorPtr make_aggregation(Executor& executor, const PlanNode& plan) {
  return std::make_unique<AggregationOperator>(executor, plan);
}

}  // namespace graft::cypher
