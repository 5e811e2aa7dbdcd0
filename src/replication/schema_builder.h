#pragma once

// Does in the background what a new index or rule has to do with much data that exists. The leader proposes it piece by
// piece; what is left to do stands in the catalog and in the index's progress, so a new leader, a checkpoint or a snapshot
// in the middle needs nothing more.
//
//   index:  slices on the lane, each a change set "the next n entities": every replica builds the same part at the same
//           log position, and comes to the same end, online or failed. n follows the time that slices take on the lane.
//   rule:   holds for writes from its own log position on; so a scan of any version from then on, beside the lane, tells
//           whether all that was there before keeps it. The verdict is a change set.

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/clock.h"
#include "graph/transaction.h"
#include "replication/chain.h"
#include "replication/lane.h"
#include "replication/role_handle.h"

namespace graft::replication {

class SchemaBuilder {
 public:
  static constexpr uint64_t kFirstSlice = 256, kLeastSlice = 32, kMostSlice = 16'384;  // entities
  static constexpr env::Duration kSliceTime = std::chrono::milliseconds(2);            // aim, on the lane
  static constexpr uint64_t kCheckedAtOnce = 4096;
  static constexpr env::Duration kForever = env::Duration::max();

  SchemaBuilder(Chain& chain, Lane& lane, RoleHandle background, const env::Clock& clock, uint64_t most_in_slice);
  ~SchemaBuilder();

  // Apply role, after each step of `applied`.
  void on_applied(const AppliedPoint& point);
  // Calls back when all of it has come to its good end in what this member has applied, or one has failed, or at the
  // deadline (monotonic time; kForever). given_up (may be null) is asked now and then: true ends the waiting with
  // kCancelled, and has the leader drop what was waited for. Any role.
  void await(std::vector<graph::SchemaTask> tasks, env::Duration deadline, std::function<bool()> given_up, std::function<void(Status)> done);
  void expire();                      // any role, now and then
  void abandon(const Error& error);   // the node stops

 private:
  class SliceJob;
  struct Check {  // a scan under way
    graph::SchemaTask task;
    std::shared_ptr<storage::Store> store;
    std::shared_ptr<Opening> opening;
    storage::VersionRef version;
    std::unique_ptr<graph::GraphTransaction> probe;
    uint64_t next = 0;
  };
  struct Waiter {
    std::vector<graph::SchemaTask> tasks;
    env::Duration deadline;
    std::function<bool()> given_up;
    std::function<void(Status)> done;
  };
  void drop(const std::vector<graph::SchemaTask>& tasks);
  void drive();
  void drive_check(const graph::SchemaTask& task, const std::shared_ptr<Opening>& opening);
  void begin_check(const graph::SchemaTask& task, const std::shared_ptr<Opening>& opening);
  void submit_verdict(const graph::SchemaTask& task, bool kept);
  void sliced(uint64_t entities, env::Duration took, bool ok);
  void go_on(env::Duration pause);
  void remember_failure(const graph::SchemaTask& task, std::string why);
  // Nothing: not all has ended.
  std::optional<Status> outcome_locked(const graph::Catalog& catalog, const std::vector<graph::SchemaTask>& tasks) const;
  void settle(const graph::Catalog& catalog);

  Chain& chain_;
  Lane& lane_;
  RoleHandle background_;
  const env::Clock& clock_;
  const uint64_t most_in_slice_;

  // apply role
  bool seen_catalog_ = false;
  uint64_t catalog_version_ = 0;
  bool work_left_ = false;

  mutable std::mutex mutex_;  // waiters_, failures_, abandoned_
  std::vector<Waiter> waiters_;
  std::map<std::string, std::string> failures_;  // by what failed: why, as far as this member saw it
  std::optional<Error> abandoned_;

  // background role
  bool busy_ = false;
  uint64_t slice_;
  std::unique_ptr<Check> check_;
};

}  // namespace graft::replication
