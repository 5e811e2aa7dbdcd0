#pragma once

// The Raft core (TiKV's `raft` crate) behind a C border; this is the C++ face of it. Pure: input in, Ready out; no
// threads, no clock, no files. Used by the raft role only, except where said.
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

enum class Role : uint8_t { kFollower, kCandidate, kLeader, kPreCandidate };

// What must be done now. Order (the crate's contract): `messages` may be sent at once; write `entries` and
// `hard_state` and (if must_sync) make them durable BEFORE `persisted_messages` are sent; then on_persisted(number).
struct Ready {
  uint64_t number = 0;
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
  std::vector<Progress> progress;  // on the leader
};

// Where older entries come from; called on the raft role from inside RaftNode's calls.
class LogReader {
 public:
  virtual ~LogReader() = default;
  virtual LogIndex first_index() const = 0;
  virtual LogIndex last_index() const = 0;
  virtual Result<Term> term(LogIndex index) const = 0;
  virtual Result<std::vector<LogEntry>> entries(LogIndex low, LogIndex high, uint64_t max_bytes) const = 0;  // [low, high)
  // Asked for when a follower is behind first_index(). Empty: not available now, ask again.
  virtual std::optional<SnapshotDescriptor> snapshot(LogIndex at_least, MemberId to) = 0;
};

struct RaftOptions {
  MemberId id = 0;
  uint32_t election_ticks = 10;
  uint32_t heartbeat_ticks = 1;
  uint64_t max_bytes_per_message = 1 << 20;
  uint32_t max_inflight_messages = 256;
  uint64_t max_uncommitted_bytes = 64 << 20;
  LogIndex applied = 0;
  HardState hard_state;           // commit >= applied
  Configuration configuration;
};

enum class ChangeKind : uint8_t { kAddVoter, kAddLearner, kRemove };

class RaftNode {
 public:
  static Result<std::unique_ptr<RaftNode>> create(const RaftOptions& options, LogReader& log);
  virtual ~RaftNode() = default;

  virtual void tick() = 0;
  // kInvalidArgument: malformed bytes (dropped, never fatal).
  virtual Status step(std::string_view message) = 0;
  // Appends all or nothing. kNotLeader / kLeadershipLost: not the leader of `term` (a transfer under way counts); kOverloaded: too much uncommitted.
  virtual Status propose(Term term, const std::vector<std::string>& entries) = 0;
  virtual Status propose_change(Term term, ChangeKind kind, MemberId member, std::string context) = 0;
  virtual Status read_index(std::string context) = 0;  // answered by Ready::read_states, or never
  virtual void transfer_leader(MemberId to) = 0;
  virtual void campaign() = 0;

  virtual bool has_ready() const = 0;
  virtual Ready ready() = 0;                            // async-append protocol: several may be outstanding
  virtual void on_persisted(uint64_t ready_number) = 0; // all Readys up to this number are durable
  virtual void on_applied(LogIndex index) = 0;
  // A committed configuration entry: the new configuration, or nothing changed when it was an error (a no-op on all members).
  virtual Configuration apply_change(const LogEntry& entry, bool reject) = 0;

  virtual void report_unreachable(MemberId member) = 0;
  virtual void report_snapshot(MemberId member, bool ok) = 0;
  virtual void set_election_timeout_ticks(uint32_t ticks) = 0;  // simulation: no thread-local randomness

  virtual RaftStatus status() const = 0;
};

}  // namespace graft::raft
