#pragma once

// Reads everything there is, now and then, and compares it with the state sums that the version carries: damage in pages
// that nobody reads is found while other members still have them whole. Background role, in slices with long pauses.

#include <functional>
#include <memory>
#include <optional>

#include "base/result.h"
#include "env/clock.h"
#include "graph/recount.h"
#include "replication/role_handle.h"

namespace graft::replication {

class Scrubber {
 public:
  static constexpr size_t kSliceItems = 2000;
  static constexpr int kPauseFactor = 9;  // a tenth of the time at most

  // newest: the version to read; empty: none yet. differs: what was counted is not what the version says.
  Scrubber(env::Duration interval, RoleHandle role, const env::Clock& clock, std::function<storage::VersionRef()> newest,
           std::function<void(Error)> differs);

  void poll();  // any role, now and then
  void stop();  // any role; ends a scrub under way

 private:
  void check();
  void step();
  void finish();

  const env::Duration interval_;
  RoleHandle role_;
  const env::Clock& clock_;
  const std::function<storage::VersionRef()> newest_;
  const std::function<void(Error)> differs_;
  env::Duration last_at_;
  std::unique_ptr<graph::StateSumsRecount> recount_;  // under way
  bool stopped_ = false;
};

}  // namespace graft::replication
