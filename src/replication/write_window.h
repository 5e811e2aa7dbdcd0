#pragma once

#include <deque>
#include <vector>

#include "base/result.h"
#include "env/clock.h"
#include "graph/footprint.h"
#include "storage/types.h"

namespace graft::replication {

// What was written lately, to hold footprints of committing transactions against. Lane role only; one per opening.
class WriteWindow {
 public:
  static constexpr env::Duration kKept = std::chrono::seconds(60);
  static constexpr size_t kMaxCommits = 200'000;

  explicit WriteWindow(storage::VersionNo since) : floor_(since) {}

  // A commit of the batch that is under way.
  void add(graph::WriteTerms terms) { batch_.push_back(std::move(terms)); }
  void drop_batch() { batch_.clear(); }
  void seal_batch(storage::VersionNo version, env::Duration now);

  // kConflict: something that the reader of version `base` has read was written since.
  Status validate(const graph::Footprint& footprint, storage::VersionNo base) const;

 private:
  struct Sealed {
    storage::VersionNo version;
    env::Duration at;
    graph::WriteTerms terms;
  };
  storage::VersionNo floor_;  // all writes of versions after this one are here
  std::deque<Sealed> sealed_;
  std::vector<graph::WriteTerms> batch_;
};

}  // namespace graft::replication
