// A pattern walked node by node: see planner/walk.h.

#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/walk_level.h"
#include "cypher/planner/slots_of.h"

namespace graft::cypher {

namespace {

class WalkOperator final : public Operator {
 public:
  WalkOperator(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), walk_(static_cast<const PlanWalk&>(plan)), out_(make_batch()) {
    bindings_.nodes.assign(executor.slot_count(), graph::kNoId);
    bindings_.relationships.assign(executor.slot_count(), graph::kNoId);
    bindings_.walked.resize(static_cast<size_t>(walk_.edge_count));
    for (const WalkStep& step : walk_.spine) levels_.push_back(std::make_unique<WalkLevel>(executor, step));
    for (const auto& list : walk_.tails) {
      tails_.emplace_back();
      for (const WalkTail& tail : list) tails_.back().push_back(std::make_unique<TailRoot>(executor, tail));
    }
    weights_.resize(levels_.size() + 1);
    find_slots();
  }

 private:
  struct Shown {
    Slot slot;
    bool node;
    std::vector<uint64_t>* ids;
  };

  // What is copied from the input, what a row shows of the spine, and from which depth on nothing is shown.
  void find_slots() {
    SlotSet own;
    if (walk_.weight != kNoSlot) own.insert(walk_.weight);
    for (size_t i = 0; i < walk_.spine.size(); ++i) {
      own.insert(walk_.spine[i].node);
      show(walk_.spine[i].node, true, i + 1);
      for (const WalkEdge& e : walk_.spine[i].edges) {
        if (e.relationship == kNoSlot) continue;
        own.insert(e.relationship);
        show(e.relationship, false, i + 1);
      }
    }
    if (walk_.weight == kNoSlot) shown_depth_ = levels_.size();
    for (Slot slot : plan_node_.available) {
      if (!own.contains(slot)) keep_.push_back(slot);
    }
    for (const WalkStep& step : walk_.spine) add_base(step, own);
    for (const auto& list : walk_.tails) {
      for (const WalkTail& tail : list) add_base(tail.step, own);
    }
  }

  void show(Slot slot, bool node, size_t depth) {
    if (std::find(plan_node_.available.begin(), plan_node_.available.end(), slot) == plan_node_.available.end()) return;
    shown_.push_back({slot, node, nullptr});
    shown_depth_ = depth;
  }

  void add_base(const WalkStep& step, const SlotSet& own) {
    const auto add = [&](Slot slot) {
      if (!own.contains(slot)) base_.insert(slot);
    };
    for (const WalkEdge& e : step.edges) add(e.from);
    for (const WalkEdge& e : step.tests) add(e.from);
    for (Slot slot : step.differs) add(slot);
  }

  void start() override {
    left().open(argument());
    in_ = nullptr;
    active_ = ended_ = false;
    repeat_ = 0;
    std::fill(bindings_.walked.begin(), bindings_.walked.end(), Walked());
    for (auto& level : levels_) level->start();
    start_tails();
  }

  void start_tails() {
    for (auto& list : tails_) {
      for (auto& tail : list) tail->start();
    }
  }

  Batch* next() override {
    if (context().transaction() != nullptr) {  // someone above may have written since
      for (auto& level : levels_) level->forget_marks();
      start_tails();
    }
    out_.clear_all();
    sources_.clear();
    for (Shown& s : shown_) s.ids = &out_.column(s.slot).set_ids(s.node ? Column::Form::kNodes : Column::Form::kRelationships);
    if (walk_.weight != kNoSlot) row_weights_ = &out_.column(walk_.weight).set_values();
    while (sources_.size() < kBatchRows && (repeat_ > 0 || find())) give();
    if (sources_.empty()) return nullptr;
    hit(sources_.size());
    out_.append(*in_, sources_, keep_);
    return &out_;
  }

  void give() {
    const auto n = static_cast<uint32_t>(std::min<uint64_t>(repeat_, kBatchRows - sources_.size()));
    sources_.insert(sources_.end(), n, bindings_.row);
    for (const Shown& s : shown_) {
      const auto& bound = s.node ? bindings_.nodes : bindings_.relationships;
      s.ids->insert(s.ids->end(), n, bound[static_cast<size_t>(s.slot)]);
    }
    if (walk_.weight != kNoSlot) row_weights_->push_back(graph::Value::integer(static_cast<int64_t>(row_weight_)));
    repeat_ -= n;
  }

  // The next row and how often it is to be given; false: none, or it starts from an input batch that is not pulled
  // before the output has copied what it needs from this one.
  bool find() {
    while (true) {
      if (!active_ && !next_input()) return false;
      if (shown_depth_ == 0) {
        active_ = false;
        if (found(checked_product(weights_[0], sum(0)))) return true;
        continue;
      }
      const uint64_t times = levels_[depth_]->advance(&bindings_);
      if (times == 0) {
        if (depth_ == 0) active_ = false; else --depth_;
        continue;
      }
      const uint64_t weight = checked_product(checked_product(weights_[depth_], times), tails_weight(depth_ + 1));
      if (weight == 0) continue;
      weights_[depth_ + 1] = weight;
      if (depth_ + 1 < shown_depth_) {
        levels_[++depth_]->open(bindings_);
      } else if (found(checked_product(weight, sum(depth_ + 1)))) {
        return true;
      }
    }
  }

  bool found(uint64_t weight) {
    row_weight_ = weight;
    repeat_ = walk_.weight == kNoSlot ? weight : std::min<uint64_t>(weight, 1);
    return weight > 0;
  }

  // An input row on which all tails of the first depth have matches.
  bool next_input() {
    while (!ended_) {
      if (in_ == nullptr || position_ == in_->count()) {
        if (!sources_.empty()) return false;
        in_ = left().pull();
        ended_ = in_ == nullptr;
        position_ = 0;
        if (!ended_) prepare_tails();
        continue;
      }
      bindings_.in = in_;
      bindings_.row = in_->rows()[position_++];
      for (Slot slot : base_) bindings_.nodes[static_cast<size_t>(slot)] = in_->column(slot).node(bindings_.row);
      weights_[0] = tails_weight(0);
      if (weights_[0] == 0) continue;
      active_ = true;
      depth_ = 0;
      if (shown_depth_ > 0) levels_[0]->open(bindings_);
      return true;
    }
    return false;
  }

  // Those that hang on one node of the input: all rows' counts together.
  void prepare_tails() {
    for (size_t i = 0; i < tails_[0].size(); ++i) {
      const WalkStep& step = walk_.tails[0][i].step;
      if (step.edges.size() > 1 || in_->count() < 2) continue;
      const Column& column = in_->column(step.edges[0].from);
      from_.clear();
      for (uint32_t row : in_->rows()) from_.push_back(column.node(row));
      tails_[0][i]->prepare(from_);
    }
  }

  uint64_t tails_weight(size_t depth) {
    uint64_t out = 1;
    for (auto& tail : tails_[depth]) {
      out = checked_product(out, tail->count(bindings_));
      if (out == 0) break;
    }
    return out;
  }

  // Over all candidates of the steps from `depth` on, of which nothing is shown.
  uint64_t sum(size_t depth) {
    if (depth == levels_.size()) return 1;
    levels_[depth]->open(bindings_);
    if (depth + 1 == levels_.size() && tails_[depth + 1].size() == 1 && tails_[depth + 1][0]->sums_over(levels_[depth]->node())) {
      return tails_[depth + 1][0]->sum_over(*levels_[depth], &bindings_);
    }
    uint64_t out = 0;
    while (const uint64_t times = levels_[depth]->advance(&bindings_)) {
      const uint64_t weight = checked_product(times, tails_weight(depth + 1));
      if (weight > 0) out = checked_sum(out, checked_product(weight, sum(depth + 1)));
    }
    return out;
  }

  const PlanWalk& walk_;
  Batch out_;
  std::vector<std::unique_ptr<WalkLevel>> levels_;
  std::vector<std::vector<std::unique_ptr<TailRoot>>> tails_;
  std::vector<Slot> keep_;
  std::vector<Shown> shown_;
  SlotSet base_;
  size_t shown_depth_ = 0;

  WalkBindings bindings_;
  std::vector<uint64_t> weights_;  // of the first i steps
  Batch* in_ = nullptr;
  uint32_t position_ = 0;
  bool active_ = false, ended_ = false;
  size_t depth_ = 0;
  uint64_t repeat_ = 0, row_weight_ = 0;
  std::vector<graph::NodeId> from_;
  std::vector<uint32_t> sources_;
  std::vector<graph::Value>* row_weights_ = nullptr;
};

}  // namespace

OperatorPtr make_walk(Executor& executor, const PlanNode& plan) { return std::make_unique<WalkOperator>(executor, plan); }

}  // namespace graft::cypher
