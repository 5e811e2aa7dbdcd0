#pragma once

// The cheapest way to find one part of a pattern: by dynamic programming over the sets of its relationships (Selinger et
// al., "Access path selection", 1979; bushy joins as in Moerkotte and Neumann, "Analysis of two existing and one new
// dynamic programming algorithm", 2006). How many rows a set gives does not depend on the way they are found.

#include <memory>
#include <vector>

#include "cypher/planner/planner_impl.h"

namespace graft::cypher {

class Planner::JoinSearch {
 public:
  JoinSearch(Planner& planner, const QueryGraph& g, const MatchState& start, const JoinPart& part);
  // Adds the steps, and what they do, to the state that the search began with. False: no order of steps is possible.
  bool run(MatchState* state);

 private:
  using Set = uint32_t;  // of edges or nodes of the part, by position

  struct Way {
    enum Kind : uint8_t { kNone, kStart, kLeaf, kExpand, kJoin } kind = kNone;
    double cost = 0;
    uint32_t hints = 0;
    Set nodes = 0;          // bound after it
    int leaf = -1;          // of the table's
    int edge = -1;          // kExpand: walked last
    bool reversed = false;
    Set left = 0, right = 0;             // kJoin, kExpand (left): edges before
    int left_node = -1, right_node = -1;  // if there are none: the node found first
    std::shared_ptr<const Way> under;    // kJoin with one node more: the way that had the best place before
    bool better_than(const Way& other) const;
  };
  // Ways for each set of edges. lone: by themselves, not for each of the rows so far.
  struct Table {
    bool lone = false;
    double rows = 1;        // so far
    std::vector<LeafChoice> leaves;
    std::vector<Way> sets, nodes;
    std::vector<double> set_rows;  // by set, of one row so far
  };

  struct Predicate {
    Set nodes = 0, edges = 0;
    double selectivity = 1;
  };

  void estimate_nodes();
  void estimate_edge(size_t i);
  void take_predicates();
  double rows_of(Set edges, Set nodes) const;
  Set nodes_of(Set edges) const;
  int position(Slot node) const;

  void find_leaves(Table* table);
  void fill(Table* table, bool joins);
  void expand(Table* table, Set set, size_t edge, const Way& before, Set before_set, int before_node);
  void join(Table* table, Set set);
  void consider_join(Table* table, Set set, Set left, Set right, int right_node);
  void consider(Way* best, Way way, uint64_t salt) const;
  const Way& last(const Table& table) const;
  void steps(const Table& table, Set set, const Way& way, std::vector<MatchStep>* out) const;
  static const Way& way_of(const Table& table, Set set, int node) { return node >= 0 ? table.nodes[static_cast<size_t>(node)] : table.sets[set]; }
  void finish(const std::vector<MatchStep>& chosen, const Way& way, MatchState* state) const;

  Planner& planner_;
  const QueryGraph& g_;
  const MatchState& start_;
  std::vector<int> edges_;
  std::vector<Slot> nodes_;
  Set bound_ = 0;           // nodes that are bound before
  Set fixed_ = 0;           // edges that cannot be found without what is bound before
  std::vector<Set> step_needs_;  // by edge: nodes that its steps' predicates read
  std::vector<double> node_rows_, edge_factor_;
  std::vector<Predicate> predicates_;
  Table table_, lone_;
  bool has_lone_ = false;
};

}  // namespace graft::cypher
