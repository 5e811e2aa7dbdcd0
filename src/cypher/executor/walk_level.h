#pragma once

// One step of a walk's spine: its candidates under what is bound before it.

#include <vector>

#include "cypher/executor/operator.h"
#include "cypher/executor/walk_tail.h"

namespace graft::cypher {

class WalkLevel {
 public:
  WalkLevel(Executor& executor, const WalkStep& step);
  void start();
  void forget_marks();
  // Finds the candidates; advance() binds one after another and gives how often it counts, 0 at the end.
  void open(const WalkBindings& bindings);
  uint64_t advance(WalkBindings* bindings);
  Slot node() const { return step_.node; }

  // For who goes through them all: binds one, and unbinds the last.
  struct Candidate {
    graph::NodeId node;
    uint64_t times;
  };
  const std::vector<Candidate>& candidates() const { return candidates_; }
  void bind(size_t candidate, WalkBindings* bindings) const;
  void unbind(WalkBindings* bindings) const;

 private:
  void walk(graph::NodeId from, const WalkBindings& bindings);
  void search(graph::NodeId from, const WalkBindings& bindings);
  bool marked_by_all(graph::NodeId node) const;
  void add(graph::NodeId node, const Walked& first, const WalkBindings& bindings);
  void join(size_t edge, graph::NodeId node, uint64_t times, const WalkBindings& bindings);
  bool refused(graph::NodeId node, const WalkBindings& bindings) const;
  bool walked_before(const ListReader& edge, graph::RelationshipId id, const WalkBindings& bindings) const;
  void filter(const WalkBindings& bindings);
  void put_row(const Candidate& candidate, const Walked* over, const WalkBindings& bindings);

  Executor& executor_;
  QueryContext& context_;
  const WalkStep& step_;
  std::vector<ListReader> edges_, tests_;
  std::vector<NodeMarks> marks_, test_marks_;
  StepLabels labels_;
  Predicate predicate_;
  std::vector<Slot> needed_;
  bool free_ = false;                    // no node is refused for what it is bound to
  Batch scratch_;
  std::vector<Walked> chosen_;           // by edge, of the candidate being made
  std::vector<Candidate> candidates_;
  std::vector<Walked> walked_;           // edges_.size() per candidate
  size_t at_ = 0;
};

}  // namespace graft::cypher
