#pragma once

// How a member gets the whole graph: the pages of a version that the leader pins, streamed over a connection of its own.
//
//   leader                                        receiver
//   LogReader::snapshot -> SnapshotSender::offer
//   MsgSnapshot with the descriptor  ---------->  not given to Raft: SnapshotReceiver::start
//                 <- request (id, resume key) --
//   begin, chunks, end ------------------------>  a new generation of the store, checkpointed now and then
//                 <- acknowledgements ---------
//                                                 verified and durable; `received` is called: Raft is suspended,
//                                                 make_current (CURRENT names it), log reset unless it goes on past
//                                                 the snapshot, RaftNode made anew, then finish(ok)
//                 <- done ----------------------
//   `finished` -> RaftNode::report_snapshot
//
// A crash before CURRENT is replaced leaves the old generation, and a stale directory that the next start removes; one
// after it leaves a log that does not fit the store, which recovery resets (the store's index and term rule).

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "env/clock.h"
#include "env/file.h"
#include "env/task_runner.h"
#include "raft/raft_node.h"
#include "replication/peer_transport.h"
#include "storage/store.h"

namespace graft::replication {

// The generations of a store below DIRECTORY: gen-1, gen-2, ...; the file CURRENT names the one in use.
class StoreGenerations {
 public:
  // Creates gen-1 when there is none, removes every directory that CURRENT does not name. kCorruption: CURRENT.
  static Result<StoreGenerations> open(env::FileSystem& fs, const std::string& directory);

  std::string current() const { return path(current_); }
  // Directory for a new generation, empty.
  Result<std::string> prepare_next();
  // Makes the prepared one current, durably.
  Status switch_to_next();
  // Removes what is not current: when nobody reads the old one any more. Errors are of no consequence.
  void remove_others();

 private:
  StoreGenerations(env::FileSystem& fs, std::string directory, uint64_t current)
      : fs_(&fs), directory_(std::move(directory)), current_(current) {}
  std::string path(uint64_t number) const;

  env::FileSystem* fs_;
  std::string directory_;
  uint64_t current_;
};

// One snapshot to give: what it is and what is to be streamed.
struct SnapshotSource {
  std::shared_ptr<storage::Store> store;
  storage::VersionRef version;
  storage::CheckpointMeta meta;  // of that version: index, term, the replication layer's extra
  raft::Configuration configuration;
};

// The giving side. Raft role; pages are read on the background role. At most one snapshot per receiver at a time.
class SnapshotSender {
 public:
  // finished: every offer's end, once; ok: the receiver has installed it.
  using Finished = std::function<void(raft::MemberId to, bool ok)>;
  // Nothing was heard of the receiver for 3 s, and again every 3 s: the offer may be lost, or the receiver started anew
  // and knows nothing of it. It has to be told again; who knows of it ignores that.
  using Unheard = std::function<void(raft::MemberId to)>;
  static std::shared_ptr<SnapshotSender> create(env::Clock& clock, env::TaskRunner& raft_role, env::TaskRunner& background,
                                                uint64_t bytes_per_second, uint64_t start, Finished finished, Unheard unheard = nullptr);
  virtual ~SnapshotSender() = default;

  // For LogReader::snapshot: keeps the source pinned until the end. The receiver has 30 s to come or to go on.
  virtual raft::SnapshotDescriptor offer(raft::MemberId to, SnapshotSource source) = 0;
  virtual bool busy(raft::MemberId to) const = 0;
  // Ends the offer that there is, not ok: the receiver needs a newer one, or lost what it had of it.
  virtual void withdraw(raft::MemberId to) = 0;
  // Lowest log index that a snapshot in flight stands at: the log must be kept from there on. 0: none.
  virtual raft::LogIndex lowest_index() const = 0;
  virtual void serve(const Hello& hello, std::shared_ptr<FrameChannel> channel) = 0;
  virtual void stop() = 0;  // leadership lost or shutdown: all offers end, not ok; finished is not called
};

struct ReceivedSnapshot {
  std::shared_ptr<storage::Store> store;  // open, its checkpoint durable, not yet current
  raft::SnapshotDescriptor descriptor;
};

// The taking side. Raft role; pages are written on the background role. One at a time.
class SnapshotReceiver {
 public:
  struct Options {
    storage::StoreOptions store;
    env::Duration retry = std::chrono::milliseconds(200);
    env::Duration give_up = std::chrono::seconds(30);  // without progress
  };
  // error: this attempt is over (the leader will offer another one); the old generation is untouched.
  using Received = std::function<void(Result<ReceivedSnapshot>)>;
  static std::shared_ptr<SnapshotReceiver> create(env::FileSystem& fs, StoreGenerations& generations, env::Clock& clock,
                                                  env::TaskRunner& raft_role, env::TaskRunner& background, Options options);
  virtual ~SnapshotReceiver() = default;

  virtual bool active() const = 0;
  // An attempt that waits for another member than `from`, of which nothing was heard for 3 s: a leader of earlier. It may be
  // stopped in favour of an offer of `from`.
  virtual bool deserted(raft::MemberId from) const = 0;
  // from: the member that offered `descriptor`. Offers that come while one is active are ignored (the leader repeats).
  virtual void start(PeerTransport& transport, const Member& from, const raft::SnapshotDescriptor& descriptor, Received received) = 0;
  // After `received`, once nothing can be applied or committed to the old generation any more: replaces CURRENT.
  // An error means that the node has to stop.
  virtual void make_current(std::function<void(Status)> done) = 0;
  // After `received`: installed (or not, or not needed any more) all the way; tells the sender.
  virtual void finish(bool ok) = 0;
  virtual uint64_t bytes_received() const = 0;
  virtual void stop() = 0;  // received is not called any more
};

}  // namespace graft::replication
