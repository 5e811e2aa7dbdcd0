#pragma once

// State sums from everything there is, a slice at a time: the scrub. (transaction.h has recompute_state_sums, all at once.)

#include <deque>
#include <functional>

#include "graph/transaction.h"

namespace graft::graph {

// Keeps its version pinned. Any thread, one at a time.
class StateSumsRecount {
 public:
  using Part = std::function<bool(size_t items)>;  // counts about so many more; true: that was all

  explicit StateSumsRecount(GraphView view);
  StateSumsRecount(const StateSumsRecount&) = delete;

  bool step(size_t items);  // true: all is counted, sums() is right
  const StateSums& sums() const { return sums_; }
  const GraphView& view() const { return view_; }

 private:
  const GraphView view_;
  StateSums sums_;
  std::deque<Part> parts_;
};

}  // namespace graft::graph
