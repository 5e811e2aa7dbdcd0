#include "raft/raft_node.h"

#include <utility>

#include "base/codec.h"
#include "env/trace.h"
#include "raft/core/raft_core.h"

namespace graft::raft {
namespace {

graft_slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string text(graft_slice s) { return s.size == 0 ? std::string() : std::string(s.data, s.size); }

ErrorCode code_of(int32_t code) {
  switch (code) {
    case GRAFT_RAFT_NOT_LEADER: return ErrorCode::kNotLeader;
    case GRAFT_RAFT_LEADERSHIP_LOST: return ErrorCode::kLeadershipLost;
    case GRAFT_RAFT_OVERLOADED: return ErrorCode::kOverloaded;
    case GRAFT_RAFT_INVALID: return ErrorCode::kInvalidArgument;
    case GRAFT_RAFT_UNAVAILABLE: return ErrorCode::kUnavailable;
    default: return ErrorCode::kInternal;
  }
}

LogEntry entry_of(const graft_entry& e) {
  return {.index = e.index,
          .term = e.term,
          .kind = e.is_configuration_change ? EntryKind::kConfigurationChange : EntryKind::kNormal,
          .data = text(e.data),
          .context = text(e.context)};
}

SnapshotDescriptor descriptor_of(const graft_snapshot& s) {
  return {.index = s.index,
          .term = s.term,
          .configuration = {.voters = {s.voters, s.voters + s.voter_count},
                            .learners = {s.learners, s.learners + s.learner_count}},
          .data = text(s.data)};
}

Role role_of(int32_t role) {
  constexpr Role kRoles[] = {Role::kFollower, Role::kCandidate, Role::kLeader, Role::kPreCandidate};
  return kRoles[role];
}

// The callbacks that the core makes, on behalf of a LogReader.
struct ReaderBorder {
  LogReader& log;
  std::optional<Error> last_error;

  int32_t code(const Error& error) {
    if (error.code == ErrorCode::kNotFound) return GRAFT_RAFT_COMPACTED;
    last_error = error;
    return GRAFT_RAFT_FAILED;
  }

  static int32_t term(void* self, uint64_t index, uint64_t* term) {
    auto& border = *static_cast<ReaderBorder*>(self);
    auto found = border.log.term(index);
    if (!found.ok()) return border.code(found.error());
    *term = *found;
    return GRAFT_RAFT_OK;
  }

  static int32_t entries(void* self, uint64_t low, uint64_t high, uint64_t max_bytes, graft_entry_sink* sink) {
    auto& border = *static_cast<ReaderBorder*>(self);
    auto found = border.log.entries(low, high, max_bytes);
    if (!found.ok()) return border.code(found.error());
    for (const LogEntry& e : *found) {
      graft_entry out{e.index, e.term, e.kind == EntryKind::kConfigurationChange, slice(e.data), slice(e.context)};
      graft_entry_sink_put(sink, &out);
    }
    return GRAFT_RAFT_OK;
  }

  static int32_t snapshot(void* self, uint64_t at_least, uint64_t to, graft_snapshot_sink* sink) {
    auto found = static_cast<ReaderBorder*>(self)->log.snapshot(at_least, to);
    if (!found) return GRAFT_RAFT_UNAVAILABLE;
    const Configuration& c = found->configuration;
    graft_snapshot out{found->index,      found->term,          c.voters.data(),   c.voters.size(),
                       c.learners.data(), c.learners.size(), slice(found->data)};
    graft_snapshot_sink_put(sink, &out);
    return GRAFT_RAFT_OK;
  }

  static void trace(void*, int32_t level, graft_slice line) {
    auto trace_level = level == 1 ? env::TraceLevel::kError : level == 2 ? env::TraceLevel::kWarning : env::TraceLevel::kDebug;
    if (env::trace_enabled(trace_level)) env::trace_line(trace_level, "raft", {line.data, line.size});
  }
};

class RaftNodeImpl final : public RaftNode {
 public:
  RaftNodeImpl(LogReader& log, const RaftOptions& options)
      : border_{log, {}}, id_(options.id), start_nonce_(options.random_seed) {}
  ~RaftNodeImpl() override { graft_raft_destroy(raft_); }

  Status open(const RaftOptions& options);

  const std::optional<Error>& failure() const override { return failure_; }

  void tick() override { drop(graft_raft_tick(raft_, &error_)); }
  Status step(std::string_view m) override { return status_of(graft_raft_step(raft_, slice(m), &error_)); }
  Status propose(Term term, const std::vector<std::string>& entries) override;
  Status propose_change(Term term, ChangeKind kind, MemberId member, std::string context) override {
    return status_of(graft_raft_propose_change(raft_, term, static_cast<int32_t>(kind), member, slice(context), &error_));
  }
  Status read_index(std::string context) override;
  Status transfer_leader(MemberId to) override { return status_of(graft_raft_transfer_leader(raft_, to, &error_)); }
  void campaign() override { drop(graft_raft_campaign(raft_, &error_)); }

  bool has_ready() const override { return graft_raft_has_ready(raft_) != 0; }
  Ready ready() override;
  void on_persisted(uint64_t number) override { drop(graft_raft_on_persisted(raft_, number, &error_)); }
  void on_applied(LogIndex index) override {
    int32_t code = graft_raft_on_applied(raft_, index, &error_);
    GRAFT_CHECK(code != GRAFT_RAFT_INVALID);
    drop(code);
  }
  Configuration apply_change(const LogEntry& entry, bool reject) override;
  Configuration configuration() const override { return {.voters = members(false), .learners = members(true)}; }
  LogIndex compact(LogIndex index) override;

  void report_unreachable(MemberId m) override { drop(graft_raft_report_unreachable(raft_, m, &error_)); }
  void report_snapshot(MemberId m, bool ok) override { drop(graft_raft_report_snapshot(raft_, m, ok, &error_)); }
  void set_window(MemberId m, uint32_t messages) override { drop(graft_raft_set_window(raft_, m, messages, &error_)); }

  RaftStatus status() const override;

 private:
  Status status_of(int32_t code) {
    if (code == GRAFT_RAFT_OK) return {};
    if (code == GRAFT_RAFT_FAILED) note_failure();
    return Error{code_of(code), error_.text};
  }
  void drop(int32_t code) {
    if (code == GRAFT_RAFT_FAILED) note_failure();
  }
  void note_failure();
  std::vector<MemberId> members(bool learners) const;
  void take_output(const graft_ready* handle, const graft_ready_summary& summary, Ready* out);

  ReaderBorder border_;
  const MemberId id_;
  const uint64_t start_nonce_;
  uint64_t reads_ = 0;
  graft_raft* raft_ = nullptr;
  graft_error error_{};
  std::optional<Error> failure_;
};

Status RaftNodeImpl::open(const RaftOptions& o) {
  LogIndex first = border_.log.first_index();
  GRAFT_TRY_ASSIGN(Term predecessor_term, border_.log.term(first - 1));
  graft_options options{.id = o.id,
                        .election_ticks = o.election_ticks,
                        .heartbeat_ticks = o.heartbeat_ticks,
                        .max_bytes_per_message = o.max_bytes_per_message,
                        .max_inflight_messages = o.max_inflight_messages,
                        .max_uncommitted_bytes = o.max_uncommitted_bytes,
                        .tail_bytes = o.tail_bytes,
                        .election_seed = o.random_seed,
                        .applied = o.applied,
                        .term = o.hard_state.term,
                        .vote = o.hard_state.vote,
                        .commit = o.hard_state.commit,
                        .first_index = first,
                        .last_index = border_.log.last_index(),
                        .first_index_predecessor_term = predecessor_term,
                        .voters = o.configuration.voters.data(),
                        .voter_count = o.configuration.voters.size(),
                        .learners = o.configuration.learners.data(),
                        .learner_count = o.configuration.learners.size()};
  graft_reader reader{&border_, &ReaderBorder::term, &ReaderBorder::entries, &ReaderBorder::snapshot, &ReaderBorder::trace};
  raft_ = graft_raft_create(&options, &reader, &error_);
  if (raft_ == nullptr) return Error{ErrorCode::kInvalidArgument, error_.text};
  return {};
}

void RaftNodeImpl::note_failure() {
  if (failure_) return;
  failure_ = Error{ErrorCode::kInternal, error_.text};
  if (border_.last_error) failure_ = Error{border_.last_error->code, border_.last_error->message + " (" + error_.text + ")"};
  env::trace(env::TraceLevel::kError, "raft", "member {} has failed: {}", id_, failure_->message);
}

Status RaftNodeImpl::propose(Term term, const std::vector<std::string>& entries) {
  std::vector<graft_slice> slices;
  slices.reserve(entries.size());
  for (const std::string& e : entries) slices.push_back(slice(e));
  return status_of(graft_raft_propose(raft_, term, slices.data(), slices.size(), &error_));
}

// The crate matches answers to questions by context alone and drops a question whose context is queued already, so a
// context must be unique among all members and starts.
constexpr size_t kReadPrefixBytes = 24;

Status RaftNodeImpl::read_index(std::string context) {
  std::string unique;
  ByteWriter writer(&unique);
  writer.u64(id_);
  writer.u64(start_nonce_);
  writer.u64(++reads_);
  writer.raw(context);
  return status_of(graft_raft_read_index(raft_, slice(unique), &error_));
}

Ready RaftNodeImpl::ready() {
  Ready out;
  graft_ready* handle = graft_raft_ready(raft_, &error_);
  if (handle == nullptr) {
    note_failure();
    return out;
  }
  graft_ready_summary summary;
  graft_ready_summarize(handle, &summary);
  take_output(handle, summary, &out);
  graft_ready_destroy(handle);
  return out;
}

void RaftNodeImpl::take_output(const graft_ready* handle, const graft_ready_summary& summary, Ready* out) {
  out->number = summary.number;
  out->must_sync = summary.must_sync;
  out->role_changed = summary.role_changed;
  out->role = role_of(summary.role);
  out->leader = summary.leader;
  if (summary.has_hard_state) out->hard_state = HardState{summary.term, summary.vote, summary.commit};
  auto& messages = summary.messages_wait ? out->persisted_messages : out->messages;
  messages.reserve(summary.message_count);
  for (size_t i = 0; i < summary.message_count; ++i) {
    graft_out_message m;
    graft_ready_message(handle, i, &m);
    messages.push_back({m.to, m.is_snapshot != 0, text(m.bytes)});
  }
  for (bool committed : {false, true}) {
    auto& entries = committed ? out->committed_entries : out->entries;
    size_t count = committed ? summary.committed_entry_count : summary.entry_count;
    entries.reserve(count);
    for (size_t i = 0; i < count; ++i) {
      graft_entry e;
      graft_ready_entry(handle, committed, i, &e);
      entries.push_back(entry_of(e));
    }
  }
  for (size_t i = 0; i < summary.read_state_count; ++i) {
    ReadState state;
    graft_slice context;
    graft_ready_read_state(handle, i, &state.index, &context);
    if (context.size < kReadPrefixBytes) continue;  // not one of ours
    state.context = std::string(context.data + kReadPrefixBytes, context.size - kReadPrefixBytes);
    out->read_states.push_back(std::move(state));
  }
  if (summary.has_snapshot) {
    graft_snapshot s;
    graft_ready_snapshot(handle, &s);
    out->snapshot = descriptor_of(s);
  }
}

Configuration RaftNodeImpl::apply_change(const LogEntry& entry, bool reject) {
  if (!reject && !failure_) {
    int32_t code = graft_raft_apply_change(raft_, slice(entry.data), &error_);
    if (code == GRAFT_RAFT_FAILED) note_failure();
    if (code == GRAFT_RAFT_INVALID) {
      env::trace(env::TraceLevel::kWarning, "raft", "configuration change at {} has no effect: {}", entry.index, error_.text);
    }
  }
  return configuration();
}

LogIndex RaftNodeImpl::compact(LogIndex index) {
  uint64_t first = 0;
  drop(graft_raft_compact(raft_, index, &first, &error_));
  return first;
}

std::vector<MemberId> RaftNodeImpl::members(bool learners) const {
  std::vector<MemberId> out(graft_raft_members(raft_, learners, nullptr, 0));
  graft_raft_members(raft_, learners, out.data(), out.size());
  return out;
}

RaftStatus RaftNodeImpl::status() const {
  graft_status s;
  graft_raft_status(raft_, &s);
  RaftStatus out{.id = s.id,
                 .term = s.term,
                 .vote = s.vote,
                 .commit = s.commit,
                 .applied = s.applied,
                 .leader = s.leader,
                 .role = role_of(s.role),
                 .transferee = s.transferee,
                 .pending_change = s.pending_change != 0,
                 .first_index = s.first_index,
                 .last_index = s.last_index};
  std::vector<graft_progress> progress(graft_raft_progress(raft_, nullptr, 0));
  graft_raft_progress(raft_, progress.data(), progress.size());
  constexpr const char* kStates[] = {"Probe", "Replicate", "Snapshot"};
  for (const graft_progress& p : progress) {
    out.progress.push_back({.id = p.id,
                            .match = p.match,
                            .next = p.next,
                            .state = kStates[p.state],
                            .pending_snapshot = p.pending_snapshot,
                            .recent_active = p.recent_active != 0,
                            .paused = p.paused != 0});
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<RaftNode>> RaftNode::create(const RaftOptions& options, LogReader& log) {
  auto node = std::make_unique<RaftNodeImpl>(log, options);
  GRAFT_TRY(node->open(options));
  return std::unique_ptr<RaftNode>(std::move(node));
}

Result<MessageInfo> inspect_message(std::string_view message) {
  graft_error error{};
  graft_message* parsed = graft_message_parse(slice(message), &error);
  if (parsed == nullptr) return Error{ErrorCode::kInvalidArgument, error.text};
  graft_message_info info;
  graft_message_inspect(parsed, &info);
  MessageInfo out{.from = info.from, .to = info.to, .term = info.term};
  if (info.is_snapshot) out.snapshot = descriptor_of(info.snapshot);
  graft_message_destroy(parsed);
  return out;
}

}  // namespace graft::raft
