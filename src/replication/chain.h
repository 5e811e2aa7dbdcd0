#pragma once

// The chain: what the leader has made on top of `applied` and proposed, in order, but not yet seen committed.
//
//   closed ──(leader of term T, an entry of T applied, nothing of T in doubt)──> open
//   open ──(leadership lost, a proposal refused, a foreign entry committed)──> closed; head falls back to applied
//
// Invariants
//  1. Only while open does the store have a head beyond applied. Opening happens on the apply role only, so that a
//     version under replay and a version of the lane never grow on the same base.
//  2. items_ are in the order of their marks, each the predecessor of the next, and each has one version in the store,
//     followed by those that released pages after it: they become applied together.
//  3. An item leaves items_ by being committed (front first), or all of them move to the watch at once.
//  4. A watched item's fate is told when it is certain: its entry took effect (success), was a no-op or was never
//     appended, or an entry of a later term was applied (kLeadershipLost). After kWatchTime: kUnknownOutcome.
//
// Thread-safe: one mutex around the chain and the store's head, held for short times only. Callbacks run outside it.

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/clock.h"
#include "graph/transaction.h"
#include "raft/raft_node.h"
#include "replication/envelope.h"
#include "storage/store.h"

namespace graft::replication {

// The newest applied version and how far in the log it stands.
struct AppliedPoint {
  storage::VersionRef version;
  raft::LogIndex index = 0;  // it is the result of all entries up to this one
  raft::Term term = 0;       // of that entry
  ChainMark mark;
};

// One period in which the lane runs: ends with the chain's closing, and with it every transaction begun in it.
struct Opening {
  raft::Term term = 0;
  std::unique_ptr<graph::IdAllocator> ids;
  std::atomic<bool> alive{true};
};

using FateCallback = std::function<void(const Result<raft::LogIndex>&)>;

class Chain {
 public:
  static constexpr env::Duration kWatchTime = std::chrono::seconds(5);
  static constexpr size_t kMaxItems = 64;
  static constexpr size_t kMaxBytes = 48 << 20;

  Chain(std::shared_ptr<storage::Store> store, AppliedPoint applied, const env::Clock& clock);
  ~Chain();

  // ---- any role
  AppliedPoint applied() const;
  std::shared_ptr<storage::Store> store() const;
  // Store, applied point and opening (null while closed) that belong together: each may be replaced at any time.
  struct Standing {
    std::shared_ptr<storage::Store> store;
    AppliedPoint applied;
    std::shared_ptr<Opening> opening;
  };
  Standing standing() const;
  std::shared_ptr<Opening> opening() const;  // null while closed
  // Stops the lane (leadership lost, or the node fails). Items go to the watch.
  void close();
  // Every waiter gets `error`; for a node that stops serving.
  void abandon(const Error& error);
  // Lets the lane start no new batch; for leadership transfer. drained() then tells when nothing is in flight.
  void set_draining(bool draining);
  bool drained() const;
  // Starts no new batch while the members are far behind in applying.
  void set_throttled(bool throttled);

  // ---- raft role
  void set_leader(raft::Term term);  // leader of `term`: may open
  // The item was certainly never appended to the log. Closes the chain when the item is in it.
  void refused(const ChainMark& mark, const Error& error);
  void expire_watched();

  // ---- lane role
  enum class Gate { kOpen, kNotLeader, kStarting, kFull };
  struct Batch {
    std::shared_ptr<storage::Store> store;
    std::shared_ptr<Opening> opening;
    storage::VersionRef head;
    uint64_t generation = 0;
    ChainMark mark;
    uint64_t predecessor = 0;
  };
  Gate begin_batch(Batch* batch);
  // Makes `fork` the new head. Nothing: the chain was closed meanwhile, the fork is dropped.
  std::optional<storage::VersionNo> append(const Batch& batch, std::unique_ptr<storage::Fork> fork, size_t bytes,
                                           std::vector<FateCallback> waiters);
  // Ends a batch that has nothing to append.
  void end_batch(const Batch& batch);
  // Tells when the head that `batch` began on is committed (at once if it is).
  void when_head_applied(const Batch& batch, FateCallback done);
  bool is_current(uint64_t generation) const;

  // ---- apply role
  enum class Verdict { kAdvanced, kReplay, kNoOp };
  // A committed entry. kAdvanced: its version is `applied` now. kReplay: to be replayed on a fork of applied and sealed.
  Verdict judge(raft::LogIndex index, raft::Term term, const Envelope& envelope);
  // True if state sums stated in an entry are about what this member has applied now.
  bool sums_apply(raft::Term term, const Envelope& envelope) const;
  // index, term: of the last entry replayed.
  void seal_replay(std::unique_ptr<storage::Fork> fork, raft::LogIndex index, raft::Term term);
  // The entry at index (of whatever kind) has taken effect; tells the waiters of what is certain now.
  void advance_to(raft::LogIndex index, raft::Term term);
  // Opens when allowed. True: opened now.
  bool try_open();
  // After a snapshot: another store. What was watched of it or before stays watched.
  void replace_store(std::shared_ptr<storage::Store> store, AppliedPoint applied);
  // Switches about max_pages heap copies to the file, between two batches: a version without a change set that follows the
  // newest one in flight. Gives whether more is left; nothing: a batch is open, and the next one waits for the next try.
  std::optional<bool> release_clean_pages(size_t max_pages);
  void cancel_release();  // nobody tries again: the lane need not wait

 private:
  struct Item {
    ChainMark mark;
    size_t bytes = 0;
    uint32_t versions = 1;
    std::vector<FateCallback> waiters;
    env::Duration watched_since{0};
  };
  using Calls = std::vector<std::pair<std::vector<FateCallback>, Result<raft::LogIndex>>>;
  static void run(Calls calls);
  void detach_locked();
  void settle_locked(const ChainMark& mark, const Result<raft::LogIndex>& fate, Calls* calls);

  const env::Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<storage::Store> store_;
  AppliedPoint applied_;
  ChainMark replay_mark_;            // applied_.mark, or further while a replay is not sealed
  raft::Term leader_term_ = 0;       // 0: not leader
  std::shared_ptr<Opening> opening_;
  uint64_t generation_ = 0;          // grows with every closing
  uint64_t last_number_ = 0;         // of the last item made in leader_term_
  uint64_t predecessor_ = 0;         // number of the last item in the chain, or of the applied mark
  bool draining_ = false;
  bool throttled_ = false;
  bool batch_running_ = false;
  bool want_pause_ = false;          // pages wait to be released: no new batch before
  bool replaying_ = false;
  size_t bytes_ = 0;
  std::deque<Item> items_;
  std::deque<Item> watched_;         // in order of marks
  Calls ready_calls_;                // fates known, told by advance_to
};

}  // namespace graft::replication
