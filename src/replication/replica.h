#pragma once

// One member of a cluster: Raft, log, lane, chain, apply, membership, checkpoints and snapshots. What the server and the
// simulator talk to. Callbacks run on an unspecified role, or inside the call that takes them: hand over to your own role
// before touching your state.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/clock.h"
#include "env/file.h"
#include "env/random.h"
#include "env/task_runner.h"
#include "env/transport.h"
#include "graph/transaction.h"
#include "graph/view.h"
#include "raft/raft_node.h"
#include "replication/member.h"

namespace graft::replication {

inline constexpr std::string_view kDefaultUserKey = "user/admin";

struct ReplicaOptions {
  std::string directory;
  Member self;                          // id, ip, ports as configured
  std::vector<Member> initial_peers;    // bolt_raft_init_peers, self included
  env::Address raft_listen;             // host and port to bind
  env::Duration tick_interval = std::chrono::milliseconds(20);
  uint32_t heartbeat_ticks = 2;
  uint32_t election_ticks = 10;
  uint64_t max_transaction_bytes = 64 << 20;
  uint64_t checkpoint_log_bytes = 64 << 20;
  uint64_t log_segment_bytes = 64 << 20;
  uint64_t checkpoint_dirty_bytes = 256 << 20;
  env::Duration checkpoint_interval = std::chrono::seconds(60);
  uint64_t snapshot_bytes_per_second = 200 << 20;
  storage::StoreOptions store;          // on_damage is set by the replica
  uint64_t most_in_index_slice = 1 << 20; // entities; the simulator makes slices short
  env::Duration state_sums_interval = std::chrono::seconds(10);  // how often the leader has all members compare theirs
  env::Duration scrub_interval = std::chrono::hours(12);  // how often all pages are read and compared with them
  std::string default_password_record;  // genesis: value of system record kDefaultUserKey (auth layer's encoding)
};

struct Roles {  // who runs what; all outlive the replica
  env::TaskRunner& raft;
  env::TaskRunner& log;
  env::TaskRunner& lane;
  env::TaskRunner& apply;
  env::TaskRunner& background;
  env::TaskRunner& io;
  env::TaskRunner& worker;  // the pool; a statement that leaves the lane runs there
};

// Where a committed or read version stands: what bookmarks are made of.
struct Position {
  std::string cluster;  // id, 32 hex digits
  uint64_t epoch = 0;
  raft::LogIndex index = 0;
  std::string bookmark() const;  // graft:<cluster>:<epoch>:<index>
};
Result<Position> parse_bookmark(std::string_view text);

struct ReadRequest {
  std::vector<std::string> bookmarks;
  bool linearizable = false;            // access mode WRITE: ReadIndex (leader or follower)
  env::Duration timeout = std::chrono::seconds(30);
};
struct ReadVersion {
  storage::VersionRef version;
  Position position;
};

// An autocommit write, run on the lane against `head`. run may be called more than once (a stopped run is rolled back).
// It returns: rows are kept inside the work object until `done` is called. Budget: stop with kLaneBudget semantics by
// returning false from over_budget-aware code: see run's result.
class LaneWork {
 public:
  virtual ~LaneWork() = default;
  enum class Outcome { kDone, kOverBudget };
  // Executes the statement in `transaction`. An Error: the statement failed, its effects are rolled back by the caller.
  // kOverBudget: more than `budget` rows or time; rolled back and run again beside the lane, on a fork, without budget.
  virtual Result<Outcome> run(graph::GraphTransaction& transaction, bool with_budget) = 0;
  // Asked while a constraint that it made waits for what exists to be checked; true: nobody wants it any more, it is
  // dropped again. Any thread.
  virtual bool cancelled() const { return false; }
};

struct CommitOutcome {
  Position position;             // of the commit, or of the version read when nothing was written
  graph::WriteCounters counters;
};
using CommitCallback = std::function<void(Result<CommitOutcome>)>;

// An explicit transaction: works on a fork of `applied` under a footprint, on whatever role its owner likes, one at a time.
class ExplicitTransaction {
 public:
  virtual ~ExplicitTransaction() = default;  // rolls back
  virtual graph::GraphTransaction& graph() = 0;
  virtual Position read_position() const = 0;
  virtual bool outlived_term() const = 0;    // true: leadership changed; every further call should fail kLeadershipLost
};

enum class ReplicaState : uint8_t { kStarting, kWaitingForPeers, kJoining, kServing, kFailed, kRemoved, kHealing };

struct ReplicaStatus {
  ReplicaState state = ReplicaState::kStarting;
  std::string reason;                 // for people: what it waits for, why it failed
  raft::RaftStatus raft;
  raft::LogIndex log_first = 0, log_last = 0;
  std::vector<Member> members;        // sorted by id
  raft::MemberId leader = 0;          // 0: none known or connection to it lost
  std::vector<raft::MemberId> unreachable;  // others that refuse or reset this node's connection, or are silent on it; sorted
  std::string cluster_id;
  uint64_t epoch = 0;
};

class Replica {
 public:
  // Starts: recovers, listens on the Raft port, bootstraps or joins in the background. Errors: directory, port, corruption.
  static Result<std::unique_ptr<Replica>> start(const ReplicaOptions& options, const Roles& roles, env::Clock& clock,
                                                env::Random& random, env::FileSystem& fs, env::Transport& transport);
  virtual ~Replica() = default;

  // Any thread; never block.
  virtual ReplicaStatus status() const = 0;
  virtual raft::MemberId leader_hint() const = 0;
  // Calls back when a leader is known (this node included), or with kUnavailable at the timeout.
  virtual void wait_for_leader(env::Duration timeout, std::function<void(Status)> done) = 0;

  // The newest applied version and what log index it is the result of. Empty version: nothing to read yet. Any thread.
  virtual ReadVersion applied() const = 0;

  virtual void read(ReadRequest request, std::function<void(Result<ReadVersion>)> done) = 0;

  // Leader only: kNotLeader names the leader's Bolt address. Bookmarks are awaited first (trivially true on a leader).
  virtual void autocommit(std::shared_ptr<LaneWork> work, CommitCallback done) = 0;
  virtual void begin(std::vector<std::string> bookmarks, std::function<void(Result<std::unique_ptr<ExplicitTransaction>>)> done) = 0;
  // At once, without asking whether this member still leads: its commit will tell. For what goes on after a begin or commit.
  virtual Result<std::unique_ptr<ExplicitTransaction>> begin_at_applied() = 0;
  virtual void commit(std::unique_ptr<ExplicitTransaction> transaction, CommitCallback done) = 0;
  // Result rows read inside an explicit transaction are sent as they come; its commit decides. A read-only one needs none.

  // Calls back when what a schema change left to be done (graph::schema_tasks) is done in what this member has applied;
  // kConstraintCreationFailed, kProcedureCallFailed: it failed, and why; kProcedureTimedOut. A commit that adds a constraint
  // or a typed schema is answered only then anyway.
  virtual void await_schema(std::vector<graph::SchemaTask> tasks, env::Duration timeout, std::function<void(Status)> done) = 0;

  // Leader only; call back when applied.
  virtual void add_member(Member member, std::function<void(Status)> done) = 0;  // member.learner: stay one
  virtual void remove_member(raft::MemberId id, std::function<void(Status)> done) = 0;
  virtual void transfer_leadership(raft::MemberId to, std::function<void(Status)> done) = 0;  // 0: anybody

  // Clean stop: hands leadership over, checkpoints if quick, writes the clean-stop marker; then destroy.
  virtual void stop(std::function<void()> done) = 0;
};

}  // namespace graft::replication
