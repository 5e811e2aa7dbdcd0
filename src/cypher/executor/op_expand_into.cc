// Expand(Into) and OptionalExpand(Into): relationships between two nodes that are bound.

#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/neighbours.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/walked.h"

namespace graft::cypher {

namespace {

class ExpandInto final : public Operator {
 public:
  ExpandInto(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        expand_(static_cast<const PlanExpand&>(plan)),
        optional_(plan.op == PlanOp::kOptionalExpandInto),
        out_(make_batch()),
        keep_(slots_kept(plan, {expand_.relationship})),
        types_(expand_.types),
        predicate_(&executor, context(), expand_.predicates) {}

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
        has_types_ = types_.resolve(context());
        position_ = 0;
      }
      fill();
      if (out_.count() > 0) return &out_;
    }
  }

  void fill() {
    out_.clear_all();
    own_.clear();
    relationships_ = expand_.relationship == kNoSlot ? &own_
                                                     : &out_.column(expand_.relationship).set_ids(Column::Form::kRelationships);
    sources_.clear();
    row_ends_.clear();
    auto rows = in_->rows();
    while (position_ < rows.size() && sources_.size() < kBatchRows) {
      uint32_t row = rows[position_];
      if (pending_.empty() && pending_position_ == 0) find(row);
      take(row);
      if (pending_position_ < pending_.size()) break;  // a great many parallel relationships: the rest comes next time
      pending_.clear();
      pending_position_ = 0;
      if (optional_) end_row(row);
      ++position_;
    }
    out_.append(*in_, sources_, keep_);
    if (optional_) select_optional();
    if (position_ == rows.size()) in_ = nullptr;
  }

  void find(uint32_t row) {
    graph::NodeId from = in_->column(expand_.from).node(row), to = in_->column(expand_.to).node(row);
    if (from == graph::kNoId || to == graph::kNoId || !has_types_) return;
    hit();
    context().view().relationships_between(from, to, expand_.direction, types_.ids(), &pending_);
    if (from == to && expand_.direction == graph::Direction::kBoth) {
      std::sort(pending_.begin(), pending_.end());
      pending_.erase(std::unique(pending_.begin(), pending_.end()), pending_.end());
    }
    std::erase_if(pending_, [&](graph::RelationshipId id) { return is_walked(*in_, row, expand_.unique_with, id); });
    hit(pending_.size());
  }

  void take(uint32_t row) {
    size_t n = std::min<size_t>(pending_.size() - pending_position_, kBatchRows - sources_.size());
    auto from = pending_.begin() + static_cast<ptrdiff_t>(pending_position_);
    relationships_->insert(relationships_->end(), from, from + static_cast<ptrdiff_t>(n));
    sources_.insert(sources_.end(), n, row);
    pending_position_ += n;
  }

  void end_row(uint32_t row) {
    row_ends_.push_back(static_cast<uint32_t>(sources_.size()));
    relationships_->push_back(graph::kNoId);
    sources_.push_back(row);
  }

  // As in OptionalExpand(All): each row's candidates are followed by its null row.
  void select_optional() {
    std::vector<uint32_t> candidates;
    size_t next_null = 0;
    for (uint32_t i = 0; i < out_.size; ++i) {
      if (next_null < row_ends_.size() && row_ends_[next_null] == i) ++next_null; else candidates.push_back(i);
    }
    if (!predicate_.empty()) predicate_.filter(frame(out_), &candidates);
    std::vector<uint32_t> selected;
    size_t c = 0;
    for (uint32_t null_row : row_ends_) {
      bool matched = carried_match_;
      carried_match_ = false;
      for (; c < candidates.size() && candidates[c] < null_row; ++c, matched = true) selected.push_back(candidates[c]);
      if (!matched) selected.push_back(null_row);
    }
    for (; c < candidates.size(); ++c, carried_match_ = true) selected.push_back(candidates[c]);
    out_.select(std::move(selected));
  }

  const PlanExpand& expand_;
  bool optional_;
  Batch out_;
  std::vector<Slot> keep_;
  TypeList types_;
  Predicate predicate_;
  Batch* in_ = nullptr;
  uint32_t position_ = 0;
  bool has_types_ = false, carried_match_ = false;
  std::vector<graph::RelationshipId> pending_;
  size_t pending_position_ = 0;
  std::vector<uint64_t>* relationships_ = nullptr;
  std::vector<uint64_t> own_;
  std::vector<uint32_t> sources_, row_ends_;
};

}  // namespace

OperatorPtr make_expand_into(Executor& executor, const PlanNode& plan) { return std::make_unique<ExpandInto>(executor, plan); }

}  // namespace graft::cypher
