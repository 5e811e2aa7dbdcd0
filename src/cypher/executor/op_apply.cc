// Apply, SemiApply, AntiSemiApply, RollUpApply: the right side once per left row.

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/walk_lists.h"

namespace graft::cypher {

using graph::Value;

namespace {

class Apply final : public Operator {
 public:
  using Operator::Operator;

 private:
  void start() override {
    left().open(argument());
    in_ = nullptr;
  }

  Batch* next() override {
    while (true) {
      if (in_ == nullptr) {
        in_ = left().pull();
        if (in_ == nullptr) return nullptr;
        position_ = 0;
        open_ = false;
      }
      if (!open_) {
        if (position_ == in_->count()) {
          in_ = nullptr;
          continue;
        }
        right().open({in_, in_->rows()[position_++]});
        open_ = true;
      }
      if (Batch* batch = right().pull()) return batch;
      open_ = false;
    }
  }

  Batch* in_ = nullptr;
  uint32_t position_ = 0;
  bool open_ = false;
};

// EXISTS { (a)--(b) } and EXISTS { (a)--() }: asked of the neighbour lists, without running a plan per row.
class PlainTest {
 public:
  static bool covers(const PlanNode& right) {
    if ((right.op != PlanOp::kExpandInto && right.op != PlanOp::kExpandAll) || right.left->op != PlanOp::kArgument) return false;
    const auto& expand = static_cast<const PlanExpand&>(right);
    return expand.unique_with.empty() && expand.predicates.empty();
  }

  PlainTest(QueryContext& context, const PlanExpand& expand)
      : to_(expand.op == PlanOp::kExpandInto ? expand.to : kNoSlot), edge_(edge_of(expand)), reader_(context, edge_) {}

  // For the rows of a batch, which are asked for in their order.
  void begin(const Batch& batch) {
    reader_.resolve();
    marks_.forget();
    last_ = graph::kNoId;
    asked_ = 0;
    if (to_ != kNoSlot || !reader_.known) return;
    from_.clear();
    for (uint32_t row : batch.rows()) from_.push_back(batch.column(edge_.from).node(row));
    degrees_.resize(from_.size());
    reader_.view().degrees(from_, edge_.direction, reader_.ids(), degrees_);
  }
  bool holds(const Batch& batch, uint32_t row) {
    if (!reader_.known) return false;
    if (to_ == kNoSlot) return degrees_[asked_++] > 0;
    const graph::NodeId from = batch.column(edge_.from).node(row);
    if (from == graph::kNoId) return false;
    const graph::NodeId to = batch.column(to_).node(row);
    if (to == graph::kNoId) return false;
    if (from == last_) {  // a product: one list is asked again and again
      reader_.mark(&marks_, from);
      return marks_.count(to) > 0;
    }
    last_ = from;
    reader_.between(from, to, &between_);
    return !between_.empty();
  }

 private:
  static WalkEdge edge_of(const PlanExpand& expand) {
    WalkEdge edge;
    edge.from = expand.from;
    edge.direction = expand.direction;
    edge.types = expand.types;
    return edge;
  }

  Slot to_;
  WalkEdge edge_;
  ListReader reader_;
  NodeMarks marks_;
  graph::NodeId last_ = graph::kNoId;
  std::vector<graph::RelationshipId> between_;
  std::vector<graph::NodeId> from_;
  std::vector<uint64_t> degrees_;
  size_t asked_ = 0;
};

class SemiApply final : public Operator {
 public:
  SemiApply(Executor& executor, const PlanNode& plan) : Operator(executor, plan) {
    if (PlainTest::covers(*plan.right)) test_ = std::make_unique<PlainTest>(context(), static_cast<const PlanExpand&>(*plan.right));
  }

 private:
  void start() override {
    left().open(argument());
    answered_ = false;
  }

  bool right_has_rows(Batch* batch, uint32_t row) {
    context().tick();
    if (static_cast<const PlanApply&>(plan_node_).once) {
      if (!answered_) {
        hit();
        right().open({batch, row});
        answer_ = right().pull() != nullptr;
        answered_ = true;
      }
      return answer_;
    }
    hit();
    if (test_ != nullptr) return test_->holds(*batch, row);
    right().open({batch, row});
    return right().pull() != nullptr;
  }

  Batch* next() override {
    bool wanted = plan_node_.op == PlanOp::kSemiApply;
    while (Batch* batch = left().pull()) {
      if (test_ != nullptr) test_->begin(*batch);
      std::vector<uint32_t> kept;
      for (uint32_t row : batch->rows()) {
        if (right_has_rows(batch, row) == wanted) kept.push_back(row);
      }
      if (kept.empty()) continue;
      if (kept.size() < batch->count()) batch->select(std::move(kept));
      return batch;
    }
    return nullptr;
  }

  std::unique_ptr<PlainTest> test_;
  bool answered_ = false, answer_ = false;  // once for all rows
};

class RollUpApply final : public Operator {
 public:
  RollUpApply(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), apply_(static_cast<const PlanRollUpApply&>(plan)) {}

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    Batch* batch = left().pull();
    if (batch == nullptr) return nullptr;
    std::vector<std::pair<uint32_t, Value>> lists;
    for (uint32_t row : batch->rows()) {
      right().open({batch, row});
      lists.emplace_back(row, collect());
    }
    Column& column = batch->column(apply_.collection);
    column.clear();
    for (auto& [row, list] : lists) column.set(row, std::move(list));
    return batch;
  }

  Value collect() {
    graph::List list;
    MemoryAccount memory(context());
    while (Batch* rows = right().pull()) {
      const Column& column = rows->column(apply_.slot);
      for (uint32_t row : rows->rows()) {
        memory.charge(column.bytes_of(row));
        list.push_back(column.get(row));
      }
    }
    return Value::list(std::move(list));
  }

  const PlanRollUpApply& apply_;
};

}  // namespace

OperatorPtr make_apply(Executor& executor, const PlanNode& plan) { return std::make_unique<Apply>(executor, plan); }
OperatorPtr make_semi_apply(Executor& executor, const PlanNode& plan) { return std::make_unique<SemiApply>(executor, plan); }
OperatorPtr make_roll_up_apply(Executor& executor, const PlanNode& plan) { return std::make_unique<RollUpApply>(executor, plan); }

}  // namespace graft::cypher
