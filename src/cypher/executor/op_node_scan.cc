// AllNodesScan, NodeByLabelScan, UnionNodeByLabelsScan.

#include <absl/container/flat_hash_set.h>

#include "cypher/executor/operators.h"
#include "cypher/functions/entities.h"

namespace graft::cypher {

namespace {

class NodeScan final : public Operator {
 public:
  NodeScan(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), scan_(static_cast<const PlanNodeScan&>(plan)), out_(make_batch()), keep_(slots_but({scan_.node})) {
    for (const Token& label : scan_.labels) labels_.emplace_back(LateToken::kLabel, label.name, label.id);
  }

 private:
  void start() override {
    growth_.reset();
    position_ = 0;
    cursor_ = nullptr;
    seen_.clear();
  }

  Batch* next() override {
    while (cursor_ != nullptr || open_next_cursor()) {
      out_.clear_all();
      std::vector<uint64_t>& ids = out_.column(scan_.node).set_ids(Column::Form::kNodes);
      ids.resize(growth_.next());
      ids.resize(cursor_->next(ids));
      if (ids.empty()) {
        cursor_ = nullptr;
        continue;
      }
      hit(ids.size());
      if (labels_.size() > 1) drop_seen(&ids);
      if (ids.empty()) continue;
      auto n = static_cast<uint32_t>(ids.size());
      out_.append_repeated(*argument().batch, argument().row, n, keep_);
      return &out_;
    }
    return nullptr;
  }

  bool open_next_cursor() {
    const graph::GraphView& view = context().view();
    if (labels_.empty()) {
      if (position_++ > 0) return false;
      cursor_ = view.scan_nodes();
      return true;
    }
    while (position_ < labels_.size()) {
      graph::LabelId label = labels_[position_++].find(context());
      if (label == graph::kNoToken) continue;
      cursor_ = view.scan_nodes(label);
      return true;
    }
    return false;
  }

  // A node with several of the labels is given once.
  void drop_seen(std::vector<uint64_t>* ids) {
    std::erase_if(*ids, [&](uint64_t id) { return !seen_.insert(id).second; });
  }

  const PlanNodeScan& scan_;
  Batch out_;
  std::vector<Slot> keep_;
  std::vector<LateToken> labels_;
  size_t position_ = 0;
  std::unique_ptr<graph::NodeCursor> cursor_;
  absl::flat_hash_set<uint64_t> seen_;
  BatchGrowth growth_;
};

}  // namespace

OperatorPtr make_node_scan(Executor& executor, const PlanNode& plan) { return std::make_unique<NodeScan>(executor, plan); }

}  // namespace graft::cypher
