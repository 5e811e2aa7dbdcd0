// Expand(All) and OptionalExpand(All): from a node to its neighbours.

#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/neighbours.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/walked.h"

namespace graft::cypher {

namespace {

class Expand final : public Operator {
 public:
  Expand(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        expand_(static_cast<const PlanExpand&>(plan)),
        optional_(plan.op == PlanOp::kOptionalExpandAll),
        out_(make_batch()),
        keep_(slots_kept(plan, {expand_.relationship, expand_.to})),
        types_(expand_.types),
        neighbours_(context(), expand_.direction),
        predicate_(&executor, context(), expand_.predicates) {}

 private:
  void start() override {
    left().open(argument());
    in_ = nullptr;
    carried_match_ = false;
    capacity_ = 64;
  }

  Batch* next() override {
    while (true) {
      if (in_ == nullptr && !next_input()) return nullptr;
      begin_output();
      fill();
      if (finish_output()) return &out_;
    }
  }

  bool next_input() {
    in_ = left().pull();
    if (in_ == nullptr) return false;
    has_types_ = types_.resolve(context());
    position_ = 0;
    open_ = false;
    return true;
  }

  void begin_output() {
    out_.clear_all();
    nodes_ = &out_.column(expand_.to).set_ids(Column::Form::kNodes);
    needs_relationships_ = expand_.relationship != kNoSlot || !expand_.unique_with.empty();
    relationships_ = expand_.relationship == kNoSlot ? &own_relationships_
                                                     : &out_.column(expand_.relationship).set_ids(Column::Form::kRelationships);
    relationships_->clear();
    sources_.clear();
    null_rows_.clear();
  }

  // Takes input rows until the output is full or the input batch is done.
  void fill() {
    auto rows = in_->rows();
    while (sources_.size() < capacity_) {
      if (!open_) {
        if (position_ == rows.size()) {
          in_done_ = true;
          return;
        }
        open_row(rows[position_]);
      }
      if (take(rows[position_])) continue;
      if (optional_) add_null_row(rows[position_]);
      open_ = false;
      ++position_;
    }
    in_done_ = false;
    capacity_ = std::min(capacity_ * 4, kBatchRows);
  }

  void open_row(uint32_t row) {
    open_ = true;
    if (position_ % graph::GraphView::kPrefetchNodes == 0) prefetch();
    graph::NodeId from = in_->column(expand_.from).node(row);
    nothing_ = from == graph::kNoId || !has_types_;
    if (!nothing_) neighbours_.open(from, types_);
    hit();
  }

  // The pages of the next rows' nodes are asked for together.
  void prefetch() {
    const Column& from = in_->column(expand_.from);
    if (from.form() != Column::Form::kNodes || in_->selected || position_ >= from.ids().size()) return;
    auto ids = std::span(from.ids()).subspan(position_);
    if (ids.size() < 8) return;
    ids = ids.first(std::min(ids.size(), graph::GraphView::kPrefetchNodes));
    if (std::find(ids.begin(), ids.end(), graph::kNoId) == ids.end()) context().view().prefetch_adjacency(ids, expand_.direction);
  }

  // More neighbours of this row; false: there are no more.
  bool take(uint32_t row) {
    if (nothing_) return false;
    auto before = static_cast<uint32_t>(nodes_->size());
    uint32_t given = neighbours_.next(capacity_ - static_cast<uint32_t>(sources_.size()), nodes_,
                                      needs_relationships_ ? relationships_ : nullptr);
    if (given == 0) return false;
    hit(given);
    if (!expand_.unique_with.empty()) drop_walked(row, before);
    sources_.insert(sources_.end(), nodes_->size() - before, row);
    return true;
  }

  void drop_walked(uint32_t row, uint32_t before) {
    uint32_t kept = before;
    for (uint32_t i = before; i < nodes_->size(); ++i) {
      if (is_walked(*in_, row, expand_.unique_with, (*relationships_)[i])) continue;
      (*nodes_)[kept] = (*nodes_)[i];
      (*relationships_)[kept] = (*relationships_)[i];
      ++kept;
    }
    nodes_->resize(kept);
    relationships_->resize(kept);
  }

  void add_null_row(uint32_t row) {
    null_rows_.push_back(static_cast<uint32_t>(sources_.size()));
    sources_.push_back(row);
    nodes_->push_back(graph::kNoId);
    if (needs_relationships_) relationships_->push_back(graph::kNoId);
  }

  // False: nothing is left after the predicates.
  bool finish_output() {
    out_.size = 0;
    out_.append(*in_, sources_, keep_);
    if (optional_) select_optional();
    if (in_done_) in_ = nullptr;
    return out_.count() > 0;
  }

  // Each input row's candidates are followed by its null row, which counts only if none of them holds. What a row has
  // found in an earlier batch is remembered in carried_match_.
  void select_optional() {
    std::vector<uint32_t> candidates;
    size_t next_null = 0;
    for (uint32_t i = 0; i < out_.size; ++i) {
      if (next_null < null_rows_.size() && null_rows_[next_null] == i) {
        ++next_null;
      } else {
        candidates.push_back(i);
      }
    }
    if (!predicate_.empty()) predicate_.filter(frame(out_), &candidates);
    std::vector<uint32_t> selected;
    bool matched = carried_match_;
    size_t c = 0;
    for (uint32_t null_row : null_rows_) {
      for (; c < candidates.size() && candidates[c] < null_row; ++c) {
        selected.push_back(candidates[c]);
        matched = true;
      }
      if (!matched) selected.push_back(null_row);
      matched = false;
    }
    for (; c < candidates.size(); ++c) {
      selected.push_back(candidates[c]);
      matched = true;
    }
    carried_match_ = open_ && matched;
    if (selected.size() < out_.size) out_.select(std::move(selected));
  }

  const PlanExpand& expand_;
  bool optional_;
  Batch out_;
  std::vector<Slot> keep_;
  TypeList types_;
  Neighbours neighbours_;
  Predicate predicate_;

  Batch* in_ = nullptr;
  uint32_t position_ = 0;
  bool open_ = false, nothing_ = false, carried_match_ = false, has_types_ = false, in_done_ = false;
  bool needs_relationships_ = false;
  uint32_t capacity_ = 64;
  std::vector<uint64_t>* nodes_ = nullptr;
  std::vector<uint64_t>* relationships_ = nullptr;
  std::vector<uint64_t> own_relationships_;
  std::vector<uint32_t> sources_, null_rows_;
};

}  // namespace

OperatorPtr make_expand(Executor& executor, const PlanNode& plan) { return std::make_unique<Expand>(executor, plan); }

}  // namespace graft::cypher
