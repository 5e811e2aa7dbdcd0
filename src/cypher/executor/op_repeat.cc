// Quantified path patterns: the right side is one round; rounds follow one another, depth first.

#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/walked.h"

namespace graft::cypher {

using graph::List;
using graph::NodeId;
using graph::RelationshipId;
using graph::Value;
using graph::ValueType;

namespace {

class Repeat final : public Operator {
 public:
  Repeat(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        repeat_(static_cast<const PlanRepeat&>(plan)),
        out_(make_batch()),
        inner_(make_batch()),
        memory_(context()) {
    std::vector<Slot> own;
    for (const auto& group : repeat_.groups) own.push_back(group.second);
    if (repeat_.relationships != kNoSlot) own.push_back(repeat_.relationships);
    if (!repeat_.end_bound) own.push_back(repeat_.end);
    keep_ = slots_but(own);
  }

 private:
  // Where a walk has come to after some rounds.
  struct Walk {
    NodeId node;
    uint64_t rounds = 0;
    std::vector<RelationshipId> relationships;
    std::vector<List> groups;
  };

  void start() override {
    left().open(argument());
    in_ = nullptr;
    walks_.clear();
    memory_.reset();
  }

  Batch* next() override {
    while (true) {
      if (in_ == nullptr) {
        in_ = left().pull();
        if (in_ == nullptr) return nullptr;
        position_ = 0;
      }
      out_.clear_all();
      sources_.clear();
      auto rows = in_->rows();
      while (sources_.size() < kBatchRows && (position_ < rows.size() || !walks_.empty())) {
        if (walks_.empty()) begin(rows[position_++]);
        else go_on();
      }
      out_.append(*in_, sources_, keep_);
      if (position_ == rows.size() && walks_.empty()) in_ = nullptr;
      if (out_.size > 0) return &out_;
    }
  }

  void begin(uint32_t row) {
    row_ = row;
    memory_.reset();
    NodeId node = in_->column(repeat_.start).node(row);
    if (node == graph::kNoId) return;
    Walk walk;
    walk.node = node;
    walk.groups.resize(repeat_.groups.size());
    reached(std::move(walk));
  }

  // Gives a row for the walk if it is long enough, and remembers it if it may be longer.
  void reached(Walk walk) {
    if (walk.rounds >= repeat_.min) emit(walk);
    if (!repeat_.max.has_value() || walk.rounds < *repeat_.max) {
      memory_.charge(sizeof(Walk) + walk.relationships.size() * 8 + walk.groups.size() * (24 + 16 * walk.rounds));
      walks_.push_back(std::move(walk));
    }
  }

  void go_on() {
    Walk walk = std::move(walks_.back());
    walks_.pop_back();
    inner_.clear_all();
    inner_.append_repeated(*in_, row_, 1, plan_node_.left->available);
    inner_.column(repeat_.inner_start).clear();
    inner_.column(repeat_.inner_start).set(0, Value::node(walk.node));
    right().open({&inner_, 0});
    while (Batch* batch = right().pull()) {
      for (uint32_t row : batch->rows()) add_round(walk, *batch, row);
    }
  }

  void add_round(const Walk& walk, const Batch& batch, uint32_t row) {
    context().tick();
    Walk longer = walk;
    for (Slot slot : repeat_.inner_relationships) {
      Value v = batch.column(slot).get(row);
      if (v.type() == ValueType::kRelationship) {
        if (!add_relationship(v.as_relationship(), &longer)) return;
      } else if (v.type() == ValueType::kList) {
        for (const Value& item : v.as_list()) {
          if (!add_relationship(item.as_relationship(), &longer)) return;
        }
      }
    }
    for (size_t i = 0; i < repeat_.groups.size(); ++i) longer.groups[i].push_back(batch.column(repeat_.groups[i].first).get(row));
    longer.node = batch.column(repeat_.inner_end).node(row);
    ++longer.rounds;
    reached(std::move(longer));
  }

  bool add_relationship(RelationshipId id, Walk* walk) {
    auto& seen = walk->relationships;
    if (repeat_.check_unique && std::find(seen.begin(), seen.end(), id) != seen.end()) return false;
    if (is_walked(*in_, row_, repeat_.unique_with, id)) return false;
    seen.push_back(id);
    return true;
  }

  void emit(const Walk& walk) {
    if (repeat_.end_bound && in_->column(repeat_.end).node(row_) != walk.node) return;
    auto at = static_cast<uint32_t>(sources_.size());
    if (!repeat_.end_bound) out_.column(repeat_.end).set(at, Value::node(walk.node));
    for (size_t i = 0; i < repeat_.groups.size(); ++i) {
      List list = walk.groups[i];
      if (repeat_.reversed) std::reverse(list.begin(), list.end());
      out_.column(repeat_.groups[i].second).set(at, Value::list(std::move(list)));
    }
    if (repeat_.relationships != kNoSlot) {
      List list;
      for (RelationshipId id : walk.relationships) list.push_back(Value::relationship(id));
      if (repeat_.reversed) std::reverse(list.begin(), list.end());
      out_.column(repeat_.relationships).set(at, Value::list(std::move(list)));
    }
    sources_.push_back(row_);
  }

  const PlanRepeat& repeat_;
  Batch out_, inner_;
  std::vector<Slot> keep_;
  MemoryAccount memory_;
  Batch* in_ = nullptr;
  uint32_t position_ = 0, row_ = 0;
  std::vector<Walk> walks_;  // still to be gone on with; a stack
  std::vector<uint32_t> sources_;
};

}  // namespace

OperatorPtr make_repeat(Executor& executor, const PlanNode& plan) { return std::make_unique<Repeat>(executor, plan); }

}  // namespace graft::cypher
