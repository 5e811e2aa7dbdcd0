// VarLengthExpand: all walks of min..max steps without a relationship twice, by depth-first search.

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/neighbours.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/walked.h"

namespace graft::cypher {

using graph::Value;

namespace {

class VarLengthExpand final : public Operator {
 public:
  VarLengthExpand(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        expand_(static_cast<const PlanVarLengthExpand&>(plan)),
        into_(plan.op == PlanOp::kVarLengthExpandInto),
        out_(make_batch()),
        keep_(into_ ? slots_but({expand_.relationships}) : slots_but({expand_.relationships, expand_.to})),
        types_(expand_.types),
        predicate_(&executor, context(), expand_.step_predicates, {expand_.step_relationship}) {}

 private:
  // A node on the walk and the neighbours not yet tried.
  struct Level {
    std::vector<uint64_t> nodes, relationships;
    size_t next = 0;
  };

  void start() override {
    left().open(argument());
    in_ = nullptr;
    walking_ = false;
  }

  Batch* next() override {
    while (true) {
      if (in_ == nullptr) {
        in_ = left().pull();
        if (in_ == nullptr) return nullptr;
        has_types_ = types_.resolve(context());
        position_ = 0;
      }
      out_.clear_all();
      sources_.clear();
      auto rows = in_->rows();
      while (position_ < rows.size() && sources_.size() < kBatchRows) {
        if (!walking_) begin(rows[position_]);
        walk(rows[position_]);
        if (!walking_) ++position_;
      }
      out_.append(*in_, sources_, keep_);
      if (position_ == rows.size()) in_ = nullptr;
      if (out_.size > 0) return &out_;
    }
  }

  void begin(uint32_t row) {
    depth_ = 0;
    path_.clear();
    walking_ = false;
    graph::NodeId from = in_->column(expand_.from).node(row);
    if (from == graph::kNoId) return;
    walking_ = true;
    wanted_ = into_ ? in_->column(expand_.to).node(row) : graph::kNoId;
    if (into_ && wanted_ == graph::kNoId) {
      walking_ = false;
      return;
    }
    if (expand_.min == 0) emit(row, from);
    expand(from);
  }

  bool may_go_deeper() const { return !expand_.max.has_value() || path_.size() < *expand_.max; }

  void expand(graph::NodeId node) {
    if (levels_.size() <= depth_) levels_.emplace_back();
    Level& level = levels_[depth_++];
    level.nodes.clear();
    level.relationships.clear();
    level.next = 0;
    if (!has_types_ || !may_go_deeper()) return;
    hit();
    Neighbours neighbours(context(), expand_.direction);
    neighbours.open(node, types_);
    while (uint32_t n = neighbours.next(4096, &level.nodes, &level.relationships)) {
      hit(n);
      context().check();
    }
  }

  // Goes on from where it stopped until the walk ends or the output is full.
  void walk(uint32_t row) {
    while (walking_ && sources_.size() < kBatchRows) {
      context().tick();
      Level& level = levels_[depth_ - 1];
      if (level.next == level.nodes.size()) {
        if (--depth_ == 0) {
          walking_ = false;
        } else {
          path_.pop_back();
        }
        continue;
      }
      graph::NodeId node = level.nodes[level.next];
      graph::RelationshipId relationship = level.relationships[level.next++];
      if (!may_walk(row, relationship)) continue;
      path_.push_back(relationship);
      if (path_.size() >= expand_.min) emit(row, node);
      expand(node);
    }
  }

  bool may_walk(uint32_t row, graph::RelationshipId relationship) {
    if (std::find(path_.begin(), path_.end(), relationship) != path_.end()) return false;
    if (is_walked(*in_, row, expand_.unique_with, relationship)) return false;
    if (predicate_.empty()) return true;
    executor_.locals()[expand_.step_relationship] = Value::relationship(relationship);
    return predicate_.holds(frame(*in_, row));
  }

  void emit(uint32_t row, graph::NodeId end) {
    if (into_ && end != wanted_) return;
    auto at = static_cast<uint32_t>(sources_.size());
    if (!into_) out_.column(expand_.to).set(at, Value::node(end));
    if (expand_.relationships != kNoSlot) {
      graph::List list;
      list.reserve(path_.size());
      for (graph::RelationshipId id : path_) list.push_back(Value::relationship(id));
      if (expand_.reversed) std::reverse(list.begin(), list.end());
      out_.column(expand_.relationships).set(at, Value::list(std::move(list)));
    }
    sources_.push_back(row);
  }

  const PlanVarLengthExpand& expand_;
  bool into_;
  Batch out_;
  std::vector<Slot> keep_;
  TypeList types_;
  Predicate predicate_;
  Batch* in_ = nullptr;
  uint32_t position_ = 0;
  bool has_types_ = false, walking_ = false;
  graph::NodeId wanted_ = graph::kNoId;
  std::vector<Level> levels_;
  size_t depth_ = 0;  // levels in use: one more than steps walked
  std::vector<graph::RelationshipId> path_;
  std::vector<uint32_t> sources_;
};

// Each distinct end node once, by breadth-first search.
class PruningExpand final : public Operator {
 public:
  PruningExpand(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        expand_(static_cast<const PlanVarLengthExpand&>(plan)),
        out_(make_batch()),
        keep_(slots_but({expand_.to})),
        types_(expand_.types),
        neighbours_(context(), expand_.direction),
        predicate_(&executor, context(), expand_.step_predicates, {expand_.step_relationship}) {}

 private:
  void start() override {
    left().open(argument());
    in_ = nullptr;
    found_.clear();
    given_ = 0;
  }

  Batch* next() override {
    while (given_ == found_.size()) {
      if (in_ == nullptr) {
        in_ = left().pull();
        if (in_ == nullptr) return nullptr;
        has_types_ = types_.resolve(context());
        position_ = 0;
      }
      if (position_ == in_->count()) {
        in_ = nullptr;
        continue;
      }
      row_ = in_->rows()[position_++];
      search();
    }
    out_.clear_all();
    size_t n = std::min<size_t>(kBatchRows, found_.size() - given_);
    auto from = found_.begin() + static_cast<ptrdiff_t>(given_);
    out_.column(expand_.to).set_ids(Column::Form::kNodes).assign(from, from + static_cast<ptrdiff_t>(n));
    out_.append_repeated(*in_, row_, static_cast<uint32_t>(n), keep_);
    given_ += n;
    return &out_;
  }

  void search() {
    found_.clear();
    given_ = 0;
    graph::NodeId from = in_->column(expand_.from).node(row_);
    if (from == graph::kNoId || !has_types_) {
      if (from != graph::kNoId && expand_.min == 0) found_.push_back(from);
      return;
    }
    MemoryAccount memory(context());
    seen_.clear();
    back_at_ = kNever;
    seen_[from] = {};
    if (expand_.min == 0) found_.push_back(from);
    std::vector<uint64_t> frontier{from}, next;
    for (uint64_t depth = 0; !frontier.empty() && (!expand_.max.has_value() || depth < *expand_.max); ++depth) {
      next.clear();
      for (graph::NodeId node : frontier) step(from, node, depth, &next);
      memory.charge(next.size() * 48);
      found_.insert(found_.end(), next.begin(), next.end());
      frontier.swap(next);
    }
    if (expand_.min > 0 && back_at_ <= expand_.max.value_or(kNever - 1)) found_.push_back(from);
  }

  // The start is an end too when a way leads back to it that walks no relationship twice. The shortest one joins two of
  // the branches that leave the start, or is a directed cycle.
  void step(graph::NodeId from, graph::NodeId node, uint64_t depth, std::vector<uint64_t>* next) {
    neighbours_.open(node, types_);
    hit();
    nodes_.clear();
    relationships_.clear();
    while (neighbours_.next(4096, &nodes_, &relationships_) > 0) {}
    const Seen here = seen_.at(node);
    for (size_t i = 0; i < nodes_.size(); ++i) {
      context().tick();
      if (!may_walk(relationships_[i])) continue;
      const uint64_t branch = node == from ? relationships_[i] : here.branch;
      if (nodes_[i] == from) {
        const bool same = expand_.direction == graph::Direction::kBoth && node != from && relationships_[i] == here.branch;
        if (!same) back_at_ = std::min(back_at_, depth + 1);
        continue;
      }
      const auto [seen, fresh] = seen_.try_emplace(nodes_[i], Seen{branch, depth + 1});
      if (fresh) next->push_back(nodes_[i]);
      else if (expand_.direction == graph::Direction::kBoth && seen->second.branch != branch) back_at_ = std::min(back_at_, depth + 1 + seen->second.depth);
    }
  }

  bool may_walk(graph::RelationshipId relationship) {
    if (is_walked(*in_, row_, expand_.unique_with, relationship)) return false;
    if (predicate_.empty()) return true;
    executor_.locals()[expand_.step_relationship] = Value::relationship(relationship);
    return predicate_.holds(frame(*in_, row_));
  }

  const PlanVarLengthExpand& expand_;
  Batch out_;
  std::vector<Slot> keep_;
  TypeList types_;
  Neighbours neighbours_;
  Predicate predicate_;
  Batch* in_ = nullptr;
  uint32_t position_ = 0, row_ = 0;
  bool has_types_ = false;
  struct Seen {
    uint64_t branch = graph::kNoId;  // the relationship by which the start was left
    uint64_t depth = 0;
  };
  static constexpr uint64_t kNever = ~uint64_t{0};
  absl::flat_hash_map<uint64_t, Seen> seen_;
  uint64_t back_at_ = kNever;
  std::vector<uint64_t> found_, nodes_, relationships_;
  size_t given_ = 0;
};

}  // namespace

OperatorPtr make_var_length_expand(Executor& executor, const PlanNode& plan) {
  return std::make_unique<VarLengthExpand>(executor, plan);
}

OperatorPtr make_pruning_expand(Executor& executor, const PlanNode& plan) {
  return std::make_unique<PruningExpand>(executor, plan);
}

}  // namespace graft::cypher
