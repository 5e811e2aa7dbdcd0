#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/path_search.h"

namespace graft::cypher {

using graph::Path;
using graph::Value;

namespace {

class ShortestPath final : public Operator {
 public:
  ShortestPath(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan),
        shortest_(static_cast<const PlanShortestPath&>(plan)),
        out_(make_batch()),
        candidate_(make_batch()),
        keep_(slots_but({shortest_.relationships, shortest_.path})),
        types_(shortest_.types),
        step_predicate_(&executor, context(), shortest_.step_predicates, {shortest_.step_relationship}),
        path_predicate_(&executor, context(), shortest_.path_predicates) {}

 private:
  void start() override {
    left().open(argument());
    in_ = nullptr;
    paths_.clear();
    given_ = 0;
  }

  Batch* next() override {
    while (true) {
      if (given_ < paths_.size()) return give();
      if (in_ == nullptr) {
        in_ = left().pull();
        if (in_ == nullptr) return nullptr;
        position_ = 0;
        has_types_ = types_.resolve(context());
      }
      if (position_ == in_->count()) {
        in_ = nullptr;
        continue;
      }
      row_ = in_->rows()[position_++];
      search();
    }
  }

  Batch* give() {
    auto n = static_cast<uint32_t>(std::min<size_t>(kBatchRows, paths_.size() - given_));
    out_.clear_all();
    for (uint32_t i = 0; i < n; ++i) set_path(paths_[given_ + i], &out_, i);
    out_.append_repeated(*in_, row_, n, keep_);
    given_ += n;
    return &out_;
  }

  void set_path(const Path& path, Batch* batch, uint32_t row) const {
    if (shortest_.relationships != kNoSlot) {
      graph::List list;
      for (graph::RelationshipId id : path.relationships) list.push_back(Value::relationship(id));
      batch->column(shortest_.relationships).set(row, Value::list(std::move(list)));
    }
    if (shortest_.path != kNoSlot) batch->column(shortest_.path).set(row, Value::path(path));
  }

  void search() {
    paths_.clear();
    given_ = 0;
    graph::NodeId from = in_->column(shortest_.from).node(row_), to = in_->column(shortest_.to).node(row_);
    if (from == graph::kNoId || to == graph::kNoId) return;
    if (from == to && shortest_.min == 0 && satisfies(Path{{from}, {}})) {
      paths_.push_back(Path{{from}, {}});
      return;
    }
    if (!has_types_ || (from == to && !shortest_.round_trips)) return;
    if (from == to) return search_round(from);
    PathSearch bfs(context(), shortest_.direction, types_, [this](graph::RelationshipId id) { return may_walk(id); });
    if (path_predicate_.empty()) {
      paths_ = bfs.run(from, to, shortest_.max, shortest_.all);
      return;
    }
    std::vector<Path> candidates = bfs.run(from, to, shortest_.max, true);
    if (candidates.empty()) return;
    for (Path& path : candidates) keep_if_satisfying(std::move(path));
    if (paths_.empty()) search_longer(from, to, candidates[0].relationships.size() + 1);
  }

  // A way round is a first relationship, and a shortest path back from its end that does without it.
  void search_round(graph::NodeId from) {
    Neighbours neighbours(context(), shortest_.direction);
    neighbours.open(from, types_);
    std::vector<uint64_t> nodes, relationships;
    while (neighbours.next(4096, &nodes, &relationships) > 0) context().check();
    size_t best = shortest_.max.value_or(SIZE_MAX);
    for (size_t i = 0; i < nodes.size() && best > 0; ++i) {
      context().tick();
      graph::RelationshipId first = relationships[i];
      bool seen = std::find(relationships.begin(), relationships.begin() + static_cast<ptrdiff_t>(i), first) != relationships.begin() + static_cast<ptrdiff_t>(i);
      if (!may_walk(first) || (nodes[i] == from && seen)) continue;  // a loop is met from both its ends
      std::vector<Path> back{Path{{from}, {}}};
      if (nodes[i] != from) {
        PathSearch bfs(context(), shortest_.direction, types_, [this, first](graph::RelationshipId id) { return id != first && may_walk(id); });
        back = bfs.run(nodes[i], from, best - 1, shortest_.all);
      }
      for (Path& path : back) keep_round(from, first, std::move(path), &best);
    }
  }

  void keep_round(graph::NodeId from, graph::RelationshipId first, Path back, size_t* best) {
    size_t length = back.relationships.size() + 1;
    if (length > *best || (length == *best && !shortest_.all && !paths_.empty())) return;
    if (length < *best) paths_.clear();
    *best = length;
    back.nodes.insert(back.nodes.begin(), from);
    back.relationships.insert(back.relationships.begin(), first);
    paths_.push_back(std::move(back));
  }

  bool may_walk(graph::RelationshipId id) {
    if (step_predicate_.empty()) return true;
    executor_.locals()[shortest_.step_relationship] = Value::relationship(id);
    return step_predicate_.holds(frame(*in_, row_));
  }

  bool satisfies(const Path& path) {
    if (path_predicate_.empty()) return true;
    candidate_.clear_all();
    candidate_.append_repeated(*in_, row_, 1, plan_node_.left->available);
    set_path(path, &candidate_, 0);
    return path_predicate_.holds(frame(candidate_));
  }

  void keep_if_satisfying(Path path) {
    if (!paths_.empty() && !shortest_.all) return;
    if (satisfies(path)) paths_.push_back(std::move(path));
  }

  // No shortest path satisfies the predicates: all paths, by length, until one does.
  void search_longer(graph::NodeId from, graph::NodeId to, size_t length) {
    MemoryAccount memory(context());
    std::vector<Path> level{Path{{from}, {}}};
    for (size_t depth = 1; !level.empty() && (!shortest_.max.has_value() || depth <= *shortest_.max); ++depth) {
      std::vector<Path> next;
      for (const Path& path : level) extend(path, &next, &memory);
      if (depth >= length) {
        for (const Path& path : next) {
          if (path.nodes.back() == to) keep_if_satisfying(path);
        }
        if (!paths_.empty()) return;
      }
      level.swap(next);
    }
  }

  void extend(const Path& path, std::vector<Path>* out, MemoryAccount* memory) {
    Neighbours neighbours(context(), shortest_.direction);
    neighbours.open(path.nodes.back(), types_);
    std::vector<uint64_t> nodes, relationships;
    while (neighbours.next(4096, &nodes, &relationships) > 0) context().check();
    for (size_t i = 0; i < nodes.size(); ++i) {
      context().tick();
      const auto& walked = path.relationships;
      if (std::find(walked.begin(), walked.end(), relationships[i]) != walked.end() || !may_walk(relationships[i])) continue;
      Path longer = path;
      longer.nodes.push_back(nodes[i]);
      longer.relationships.push_back(relationships[i]);
      memory->charge(64 + longer.nodes.size() * 16);
      out->push_back(std::move(longer));
    }
  }

  const PlanShortestPath& shortest_;
  Batch out_, candidate_;
  std::vector<Slot> keep_;
  TypeList types_;
  Predicate step_predicate_, path_predicate_;
  Batch* in_ = nullptr;
  uint32_t position_ = 0, row_ = 0;
  bool has_types_ = false;
  std::vector<Path> paths_;
  size_t given_ = 0;
};

}  // namespace

OperatorPtr make_shortest_path(Executor& executor, const PlanNode& plan) { return std::make_unique<ShortestPath>(executor, plan); }

}  // namespace graft::cypher
