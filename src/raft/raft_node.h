#pragma once

// The Raft core (TiKV's `raft` crate) behind a C border; this is the C++ face of it. Pure: input in, Ready out; no
// threads, no clock, no files. Used by the raft role only, except where said. Any number may live in one process.
// docs/adr/0004-raft-library-and-border.md tells what the crate does on its own that this border prevents.
// Source: Ongaro, "Consensus: Bridging Theory and Practice"; the crate's documentation.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace graft::raft {

using LogIndex = uint64_t;
using Term = uint64_t;
using MemberId = uint64_t;

enum class EntryKind : uint8_t { kNormal, kConfigurationChange };

struct LogEntry {
  LogIndex index = 0;
  Term term = 0;
  EntryKind kind = EntryKind::kNormal;
  std::string data;     // kConfigurationChange: the crate's encoding
  std::string context;  // kConfigurationChange: the proposer's bytes (our member record)
};

struct HardState {
  Term term = 0;
  MemberId vote = 0;
  LogIndex commit = 0;
  bool operator==(const HardState&) const = default;
};

struct Configuration {
  std::vector<MemberId> voters;
  std::vector<MemberId> learners;
};

// A message for another member, in the crate's encoding. Messages of kind snapshot carry a descriptor only.
struct OutgoingMessage {
  MemberId to = 0;
  bool is_snapshot = false;
  std::string bytes;
};

// A linearizable read may run on what is applied up to `index`.
struct ReadState {
  LogIndex index = 0;
  std::string context;
};

struct SnapshotDescriptor {
  LogIndex index = 0;
  Term term = 0;
  Configuration configuration;
  std::string data;  // ours: where to stream it from
};

// What a message says about itself, without a node.
struct MessageInfo {
  MemberId from = 0;
  MemberId to = 0;
  Term term = 0;
  std::optional<SnapshotDescriptor> snapshot;  // the message offers one
};
// kInvalidArgument: not a Raft message.
Result<MessageInfo> inspect_message(std::string_view message);

enum class Role : uint8_t { kFollower, kCandidate, kLeader, kPreCandidate };

// What must be done now. Order (the crate's contract): `messages` may be sent at once; write `entries` and
// `hard_state` and (if must_sync) make them durable BEFORE `persisted_messages` are sent; then on_persisted(number).
struct Ready {
  uint64_t number = 0;  // 1, 2, ...; 0: the node has failed
  std::vector<OutgoingMessage> messages;
  std::vector<OutgoingMessage> persisted_messages;
  std::vector<LogEntry> entries;
  std::optional<HardState> hard_state;
  bool must_sync = false;
  std::vector<LogEntry> committed_entries;
  std::vector<ReadState> read_states;
  std::optional<SnapshotDescriptor> snapshot;  // to install before anything else of this Ready
  bool role_changed = false;
  Role role = Role::kFollower;
  MemberId leader = 0;
};

struct Progress {
  MemberId id = 0;
  LogIndex match = 0;
  LogIndex next = 0;
  std::string state;  // Probe, Replicate, Snapshot
  LogIndex pending_snapshot = 0;
  bool recent_active = false;
  bool paused = false;
};

struct RaftStatus {
  MemberId id = 0;
  Term term = 0;
  MemberId vote = 0;
  LogIndex commit = 0;
  LogIndex applied = 0;
  MemberId leader = 0;
  Role role = Role::kFollower;
  MemberId transferee = 0;         // whom leadership is being handed to
  bool pending_change = false;     // a configuration change may be proposed only when this is false
  LogIndex first_index = 0;
  LogIndex last_index = 0;         // with entries not durable yet
  std::vector<Progress> progress;  // on the leader, sorted by id
};

// Where older entries come from; called on the raft role from inside RaftNode's calls. The node keeps the newest entries
// (and all that are not durable yet) itself. An error other than kNotFound fails the node.
class LogReader {
 public:
  virtual ~LogReader() = default;
  virtual LogIndex first_index() const = 0;  // asked in create() only, with the term of its predecessor
  virtual LogIndex last_index() const = 0;   // asked in create() only
  virtual Result<Term> term(LogIndex index) const = 0;  // kNotFound: cut off
  virtual Result<std::vector<LogEntry>> entries(LogIndex low, LogIndex high, uint64_t max_bytes) const = 0;  // [low, high)
  // Asked for when a follower is behind first_index(). Empty: not available now; it is asked again at every heartbeat.
  // Its configuration must contain `to` (a receiver ignores one that does not), and it must not be older than the log.
  virtual std::optional<SnapshotDescriptor> snapshot(LogIndex at_least, MemberId to) = 0;
};

struct RaftOptions {
  MemberId id = 0;
  uint32_t election_ticks = 10;
  uint32_t heartbeat_ticks = 1;
  uint64_t max_bytes_per_message = 1 << 20;
  uint32_t max_inflight_messages = 256;
  uint64_t max_uncommitted_bytes = 64 << 20;
  uint64_t tail_bytes = 32 << 20;  // newest entries kept in memory
  uint64_t random_seed = 0;        // fresh from env::Random at each start: election timeouts, uniqueness of reads
  LogIndex applied = 0;            // within the log or just before it
  HardState hard_state;            // a commit below `applied` counts as `applied`
  Configuration configuration;     // as of `applied`; empty: waits to be contacted; learners only: refused
};

enum class ChangeKind : uint8_t { kAddVoter, kAddLearner, kRemove };

class RaftNode {
 public:
  // kInvalidArgument: options that contradict each other or the log; the message says which.
  static Result<std::unique_ptr<RaftNode>> create(const RaftOptions& options, LogReader& log);
  virtual ~RaftNode() = default;

  // A bug, a lie of the disk or a failed read: the node does nothing any more. Look after each round; the process or the
  // replica has to start anew.
  virtual const std::optional<Error>& failure() const = 0;

  virtual void tick() = 0;
  // kInvalidArgument: malformed, not for us, or of a kind that only a member itself may make (proposals from the network
  // among them: nothing is ever forwarded). Dropped, never fatal.
  virtual Status step(std::string_view message) = 0;
  // Appends all or nothing. kNotLeader / kLeadershipLost: not the leader of `term` (a transfer under way counts);
  // kOverloaded: too much uncommitted.
  virtual Status propose(Term term, const std::vector<std::string>& entries) = 0;
  // As propose; kUnavailable: another change is in flight; kInvalidArgument: would lose the last voter, changes nothing,
  // or takes the leader's own vote (transfer first). kAddLearner of a voter takes its vote.
  virtual Status propose_change(Term term, ChangeKind kind, MemberId member, std::string context) = 0;
  // Answered by Ready::read_states, or never (time out and ask again). kUnavailable: no leader known, or a leader that
  // has not committed in its term yet.
  virtual Status read_index(std::string context) = 0;
  // Given up by itself after an election timeout. kNotLeader; kInvalidArgument: not another voter.
  virtual Status transfer_leader(MemberId to) = 0;
  virtual void campaign() = 0;

  virtual bool has_ready() const = 0;
  virtual Ready ready() = 0;                            // async-append protocol: several may be outstanding
  virtual void on_persisted(uint64_t ready_number) = 0; // all Readys up to this number are durable
  virtual void on_applied(LogIndex index) = 0;          // committed and durable
  // A committed configuration entry: the new configuration, or nothing changed when it was an error (a no-op on all members).
  virtual Configuration apply_change(const LogEntry& entry, bool reject) = 0;
  virtual Configuration configuration() const = 0;      // sorted
  // Forgets entries <= index, as far as they are applied and no snapshot in flight needs them. Gives the first index
  // that is left: only what is before it may be removed from the log file, and only after this call.
  virtual LogIndex compact(LogIndex index) = 0;

  virtual void report_unreachable(MemberId member) = 0;
  virtual void report_snapshot(MemberId member, bool ok) = 0;  // every snapshot's end, or the follower stays paused
  // Back-pressure: how many appends may be on their way to a member; 0 pauses, the options' number resumes (within a
  // heartbeat).
  virtual void set_window(MemberId member, uint32_t messages) = 0;

  virtual RaftStatus status() const = 0;
};

}  // namespace graft::raft
