// CartesianProduct, NodeHashJoin, ValueHashJoin, Union.

#include <absl/container/flat_hash_map.h>

#include <numeric>

#include "cypher/executor/executor.h"
#include "cypher/executor/group_table.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/plan_writes.h"
#include "cypher/executor/row_buffer.h"

namespace graft::cypher {

using graph::Value;

namespace {

// What a side adds beyond the slots that the other side has too (the argument's).
std::vector<Slot> slots_only_in(const std::vector<Slot>& wanted, const std::vector<Slot>& others) {
  std::vector<Slot> slots;
  for (Slot slot : wanted) {
    if (std::find(others.begin(), others.end(), slot) == others.end()) slots.push_back(slot);
  }
  return slots;
}

// Holds the right side; the order is that of the left.
class CartesianProduct final : public Operator {
 public:
  CartesianProduct(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        out_(make_batch()),
        buffer_(context(), executor.slot_count(), slots_only_in(plan.right->available, plan.left->available)) {}

 private:
  void start() override {
    left().open(argument());
    buffer_.clear();
    built_ = false;
    in_ = nullptr;
  }

  Batch* next() override {
    if (!built_) {
      built_ = true;
      right().open(argument());
      while (Batch* batch = right().pull()) buffer_.add(*batch);
    }
    if (buffer_.size() == 0) {
      while (may_write(*plan_node_.left) && left().pull() != nullptr) {}  // what is written there is written all the same
      return nullptr;
    }
    if (in_ == nullptr || position_ == in_->count()) {
      in_ = left().pull();
      if (in_ == nullptr) return nullptr;
      position_ = 0;
      given_ = 0;
    }
    uint32_t n = std::min(kBatchRows, buffer_.size() - given_);
    rows_.resize(n);
    std::iota(rows_.begin(), rows_.end(), given_);
    out_.clear_all();
    out_.append(buffer_.rows(), rows_, buffer_.kept());
    out_.size = 0;
    out_.append_repeated(*in_, in_->rows()[position_], n, plan_node_.left->available);
    given_ += n;
    if (given_ == buffer_.size()) {
      given_ = 0;
      ++position_;
    }
    return &out_;
  }

  Batch out_;
  RowBuffer buffer_;
  Batch* in_ = nullptr;
  bool built_ = false;
  uint32_t position_ = 0, given_ = 0;
  std::vector<uint32_t> rows_;
};

// Builds a table of the left side, then looks each right row up in it.
class HashJoin final : public Operator {
 public:
  HashJoin(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        join_(static_cast<const PlanHashJoin&>(plan)),
        out_(make_batch()),
        right_slots_(slots_only_in(plan.right->available, plan.left->available)),
        buffer_(context(), executor.slot_count(), plan.left->available),
        groups_(context()),
        memory_(context()),
        one_node_(plan.op == PlanOp::kNodeHashJoin && join_.nodes.size() == 1) {
    if (plan.op == PlanOp::kValueHashJoin) {
      left_key_ = compile_expression(join_.left_key);
      right_key_ = compile_expression(join_.right_key);
    }
  }

 private:
  void start() override {
    left().open(argument());
    buffer_.clear();
    groups_.clear();
    by_node_.clear();
    members_.clear();
    memory_.reset();
    built_ = false;
    in_ = nullptr;
  }

  // The group of left rows with this row's key, which is made if `make`; kNone: there is none.
  uint32_t group_of(const Batch& batch, uint32_t row, Evaluator* expression, bool make) {
    if (one_node_) {
      const graph::NodeId node = batch.column(join_.nodes[0]).node(row);
      if (node == graph::kNoId) return GroupTable::kNone;
      if (!make) {
        auto found = by_node_.find(node);
        return found == by_node_.end() ? GroupTable::kNone : found->second;
      }
      auto [at, fresh] = by_node_.try_emplace(node, static_cast<uint32_t>(members_.size()));
      if (fresh) memory_.charge(2 * sizeof(*at) + sizeof(members_[0]));
      return at->second;
    }
    if (!key_of(batch, row, expression, &key_)) return GroupTable::kNone;
    return make ? groups_.find_or_add(key_) : groups_.find(key_);
  }

  // False: null or NaN somewhere: equal to nothing.
  bool key_of(const Batch& batch, uint32_t row, Evaluator* expression, std::vector<Value>* key) {
    key->clear();
    if (expression != nullptr) {
      key->push_back(expression->eval(frame(batch, row)));
    } else {
      for (Slot slot : join_.nodes) key->push_back(batch.column(slot).get(row));
    }
    for (const Value& v : *key) {
      if (compare_equal(v, v) != 1) return false;
    }
    return true;
  }

  void build() {
    built_ = true;
    while (Batch* batch = left().pull()) {
      std::vector<uint32_t> kept;
      for (uint32_t row : batch->rows()) {
        context().tick();
        uint32_t group = group_of(*batch, row, left_key_.get(), true);
        if (group == GroupTable::kNone) continue;
        if (group == members_.size()) members_.emplace_back();
        members_[group].push_back(buffer_.size() + static_cast<uint32_t>(kept.size()));
        kept.push_back(row);
      }
      buffer_.add(*batch, kept);
    }
    right().open(argument());
  }

  Batch* next() override {
    if (!built_) build();
    if (buffer_.size() == 0) {
      while (may_write(*plan_node_.right) && right().pull() != nullptr) {}
      return nullptr;
    }
    while (true) {
      if (in_ == nullptr) {
        in_ = right().pull();
        if (in_ == nullptr) return nullptr;
        position_ = 0;
        given_ = 0;
      }
      fill();
      if (out_.size > 0) return &out_;
    }
  }

  void fill() {
    left_rows_.clear();
    right_rows_.clear();
    auto rows = in_->rows();
    while (position_ < rows.size() && left_rows_.size() < kBatchRows) {
      context().tick();
      uint32_t group = group_of(*in_, rows[position_], right_key_.get(), false);
      if (group != GroupTable::kNone) {
        const auto& members = members_[group];
        while (given_ < members.size() && left_rows_.size() < kBatchRows) {
          left_rows_.push_back(members[given_++]);
          right_rows_.push_back(rows[position_]);
        }
        if (given_ < members.size()) break;
      }
      given_ = 0;
      ++position_;
    }
    out_.clear_all();
    out_.append(buffer_.rows(), left_rows_, buffer_.kept());
    out_.size = 0;
    out_.append(*in_, right_rows_, right_slots_);
    if (position_ == rows.size()) in_ = nullptr;
  }

  const PlanHashJoin& join_;
  Batch out_;
  std::vector<Slot> right_slots_;
  RowBuffer buffer_;
  GroupTable groups_;
  MemoryAccount memory_;
  bool one_node_;
  absl::flat_hash_map<graph::NodeId, uint32_t> by_node_;  // instead of groups_
  std::vector<Value> key_;
  std::vector<std::vector<uint32_t>> members_;
  EvaluatorPtr left_key_, right_key_;
  Batch* in_ = nullptr;
  bool built_ = false;
  uint32_t position_ = 0;
  size_t given_ = 0;
  std::vector<uint32_t> left_rows_, right_rows_;
};

class Union final : public Operator {
 public:
  Union(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        union_(static_cast<const PlanUnion&>(plan)),
        out_(make_batch()),
        keep_(slots_but(union_.slots)),
        left_is_mine_(plan.left->op == PlanOp::kUnion && union_.left_slots == union_.slots) {}

 private:
  void start() override {
    on_left_ = true;
    left().open(argument());
  }

  Batch* next() override {
    if (on_left_) {
      if (Batch* batch = left().pull()) return left_is_mine_ ? batch : give(*batch, union_.left_slots);
      on_left_ = false;
      right().open(argument());
    }
    Batch* batch = right().pull();
    return batch == nullptr ? nullptr : give(*batch, union_.right_slots);
  }

  Batch* give(const Batch& batch, const std::vector<Slot>& from) {
    out_.clear_all();
    for (size_t i = 0; i < from.size(); ++i) out_.column(union_.slots[i]).append(batch.column(from[i]), batch.rows(), 0);
    out_.append_repeated(*argument().batch, argument().row, batch.count(), keep_);
    return &out_;
  }

  const PlanUnion& union_;
  Batch out_;
  std::vector<Slot> keep_;
  const bool left_is_mine_;  // the parts before this one, put into the very slots already
  bool on_left_ = true;
};

}  // namespace

OperatorPtr make_cartesian_product(Executor& executor, const PlanNode& plan) {
  return std::make_unique<CartesianProduct>(executor, plan);
}
OperatorPtr make_hash_join(Executor& executor, const PlanNode& plan) { return std::make_unique<HashJoin>(executor, plan); }
OperatorPtr make_union(Executor& executor, const PlanNode& plan) { return std::make_unique<Union>(executor, plan); }

}  // namespace graft::cypher
