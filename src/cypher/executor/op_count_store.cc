// Counts that the graph keeps: one row, no entity touched.

#include "cypher/executor/operators.h"
#include "cypher/functions/entities.h"

namespace graft::cypher {

namespace {

class CountStore final : public Operator {
 public:
  CountStore(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), count_(static_cast<const PlanCountStore&>(plan)), out_(make_batch()), keep_(slots_but({count_.count})) {}

 private:
  void start() override { done_ = false; }

  Batch* next() override {
    if (done_) return nullptr;
    done_ = true;
    hit();
    out_.clear_all();
    bool nodes = plan_node_.op == PlanOp::kNodeCountFromCountStore;
    out_.column(count_.count).set(0, graph::Value::integer(static_cast<int64_t>(nodes ? count_nodes() : count_relationships())));
    out_.append_repeated(*argument().batch, argument().row, 1, keep_);
    return &out_;
  }

  uint32_t find(LateToken::Kind kind, const Token& token) { return LateToken(kind, token.name, token.id).find(context()); }

  uint64_t count_nodes() {
    const graph::GraphView& view = context().view();
    if (!count_.label.has_value()) {
      view.record_label_read(graph::kNoToken);  // counts leave no trace of themselves: see GraphView
      return view.node_count();
    }
    graph::LabelId label = find(LateToken::kLabel, *count_.label);
    view.record_label_read(label);
    return label == graph::kNoToken ? 0 : view.node_count(label);
  }

  uint64_t count_relationships() {
    const graph::GraphView& view = context().view();
    if (count_.types.empty()) {
      view.record_type_read(graph::kNoToken);
      return view.relationship_count();
    }
    graph::LabelId label = count_.label.has_value() ? find(LateToken::kLabel, *count_.label) : graph::kNoToken;
    if (count_.label.has_value() && label == graph::kNoToken) return 0;
    if (count_.label.has_value()) view.record_label_read(label);
    uint64_t sum = 0;
    for (const Token& token : count_.types) {
      graph::TypeId type = find(LateToken::kType, token);
      if (type == graph::kNoToken) continue;
      view.record_type_read(type);
      auto direction = count_.incoming ? graph::Direction::kIncoming : graph::Direction::kOutgoing;
      sum += count_.label.has_value() ? view.relationship_count(label, type, direction) : view.relationship_count(type);
    }
    return sum;
  }

  const PlanCountStore& count_;
  Batch out_;
  std::vector<Slot> keep_;
  bool done_ = true;
};

}  // namespace

OperatorPtr make_count_store(Executor& executor, const PlanNode& plan) { return std::make_unique<CountStore>(executor, plan); }

}  // namespace graft::cypher
