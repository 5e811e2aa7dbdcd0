#pragma once

// The neighbours of one node, one after another: straight from the pages in a read; copied first in a write, since a run
// does not outlive the view's next mutation. A self-loop walked in both directions is given once.

#include <initializer_list>
#include <vector>

#include "cypher/functions/entities.h"
#include "cypher/planner/plan.h"
#include "graph/view.h"

namespace graft::cypher {

class TypeList {
 public:
  explicit TypeList(const std::vector<Token>& types);
  // False: none of the wanted types exists (yet), so there is nothing to find.
  bool resolve(QueryContext& context);
  std::span<const graph::TypeId> ids() const { return ids_; }

 private:
  std::vector<LateToken> tokens_;
  std::vector<graph::TypeId> ids_;
};

class Neighbours {
 public:
  Neighbours(QueryContext& context, graph::Direction direction) : context_(context), direction_(direction) {}

  void open(graph::NodeId node, const TypeList& types);
  // The next up to `most` of them, appended (relationships may be null). 0: the end.
  uint32_t next(uint32_t most, std::vector<uint64_t>* nodes, std::vector<uint64_t>* relationships);

 private:
  bool next_run();
  void copy_runs();

  QueryContext& context_;
  graph::Direction direction_;
  graph::NodeId node_ = graph::kNoId;
  graph::NeighbourCursor cursor_;
  graph::NeighbourRun run_;
  uint32_t position_ = 0;
  bool copied_ = false;
  std::vector<uint64_t> copied_nodes_, copied_relationships_;
};

// The slots that an expansion carries over from its input, `own` (those it sets itself) left out. With predicates the rows
// of before are needed whole: they may read what nothing above does.
std::vector<Slot> slots_kept(const PlanNode& expand, std::initializer_list<Slot> own);

}  // namespace graft::cypher
