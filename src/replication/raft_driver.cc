#include "replication/raft_driver.h"

#include <algorithm>
#include <utility>

#include "env/trace.h"

namespace graft::replication {

RaftDriver::RaftDriver(RaftDriverOptions options, raft::LogFile& log, VoteFile& vote, Chain& chain, RaftDriverHost& host,
                       RoleHandle raft_role, RoleHandle log_role, const env::Clock& clock, env::Random& random)
    : options_(std::move(options)), log_(log), chain_(chain), host_(host), role_(raft_role), clock_(clock), random_(random),
      writer_(log, vote, std::move(log_role), raft_role, [this](LogWriter::Written written) { on_written(std::move(written)); },
              [this](Error error) { host_.on_log_failed(std::move(error)); }),
      reads_(options_.read_prefix, clock) {}

RaftDriver::~RaftDriver() = default;

Status RaftDriver::start(raft::LogIndex applied, const raft::Configuration& configuration) {
  if (stopped_) return {};
  raft::RaftOptions options;
  options.id = options_.id;
  options.election_ticks = options_.election_ticks;
  options.heartbeat_ticks = options_.heartbeat_ticks;
  options.applied = applied;
  options.hard_state = log_.hard_state();
  options.hard_state.commit = std::max(options.hard_state.commit, applied);
  options.configuration = configuration;
  options.random_seed = random_.next();
  hard_state_ = options.hard_state;
  GRAFT_TRY_ASSIGN(node_, raft::RaftNode::create(options, *this));
  ++incarnation_;
  held_.clear();
  if (!ticking_) {
    ticking_ = true;
    schedule_tick();
  }
  update_state();
  schedule_ready();
  return {};
}

void RaftDriver::restart_from_snapshot(raft::LogIndex index, raft::Term term, raft::Configuration configuration,
                                       std::function<void(Status)> done) {
  raft::HardState hard_state = hard_state_;
  if (hard_state.term < term) hard_state = raft::HardState{term, 0, index};
  hard_state.commit = index;
  writer_.reset(index, term, hard_state, [this, index, configuration = std::move(configuration), done = std::move(done)] {
    done(stopped_ ? Status() : start(index, configuration));
  });
}

void RaftDriver::suspend() {
  node_.reset();
  held_.clear();
  chain_.close();
  state_ = RaftState{};
}

void RaftDriver::stop() {
  stopped_ = true;
  node_.reset();
  held_.clear();
  reads_.abandon(Error{ErrorCode::kUnavailable, "this node is stopping"});
}

// One timer, armed again by its own task: a process that was stalled for a second counts one tick, not fifty, and so
// does not start an election because of messages that wait in its own queue.
void RaftDriver::schedule_tick() {
  role_.post_after(options_.tick_interval, [this] {
    if (stopped_) return;
    schedule_tick();
    tick();
  });
}

void RaftDriver::tick() {
  if (!node_) return;
  node_->tick();
  reads_.tick(*node_);
  update_state();
  host_.on_tick(node_->status());
  schedule_ready();
}

void RaftDriver::step(std::string_view message) {
  if (!node_) return;
  Status status = node_->step(message);
  if (!status.ok()) env::trace(env::TraceLevel::kDebug, "raft", "a message was dropped: {}", status.error().message);
  schedule_ready();
}

void RaftDriver::read_index(env::Duration deadline, ReadIndexer::Callback done) {
  if (stopped_) return done(Error{ErrorCode::kUnavailable, "this node is stopping"});
  reads_.request(deadline, std::move(done));
  if (!node_) return;
  reads_.start_round(*node_);
  schedule_ready();
}

Status RaftDriver::transfer_leader(raft::MemberId to) {
  if (!node_) return Error{ErrorCode::kUnavailable, "this node is stopping"};
  schedule_ready();
  return node_->transfer_leader(to);
}

void RaftDriver::compact(raft::LogIndex index) {
  if (!node_) return;
  writer_.compact(node_->compact(index) - 1);
}

void RaftDriver::campaign() {
  if (!node_) return;
  node_->campaign();
  schedule_ready();
}

void RaftDriver::report_unreachable(raft::MemberId member) {
  if (node_) node_->report_unreachable(member);
}

void RaftDriver::report_snapshot(raft::MemberId member, bool ok) {
  if (!node_) return;
  node_->report_snapshot(member, ok);
  schedule_ready();
}

void RaftDriver::set_window(raft::MemberId member, uint32_t messages) {
  if (node_) node_->set_window(member, messages);
}

raft::RaftStatus RaftDriver::status() const { return node_ ? node_->status() : raft::RaftStatus{}; }

void RaftDriver::applied(raft::LogIndex index, std::vector<AppliedChange> changes) {
  if (!node_) return;
  for (AppliedChange& change : changes) node_->apply_change(change.entry, change.reject);
  if (index > node_->status().applied) node_->on_applied(index);
  schedule_ready();
}

// ---- proposals

void RaftDriver::propose(Proposal proposal) {
  {
    std::lock_guard lock(mutex_);
    proposals_.push_back(std::move(proposal));
  }
  if (proposing_.exchange(true)) return;
  role_.post([this] {
    proposing_ = false;
    propose_queued();
  });
}

Status RaftDriver::propose_change(const Proposal& proposal) {
  return node_->propose_change(proposal.mark.term, proposal.change->kind, proposal.change->member, proposal.bytes);
}

void RaftDriver::propose_queued() {
  std::vector<Proposal> queue;
  {
    std::lock_guard lock(mutex_);
    queue.swap(proposals_);
  }
  const Error gone{ErrorCode::kLeadershipLost, "leadership moved before the commit was proposed; it had no effect and may be tried again"};
  for (size_t next = 0; next < queue.size();) {
    size_t end = next + 1;
    Status status = gone;
    if (node_ && chain_.is_current(queue[next].generation)) {
      if (queue[next].change) {
        status = propose_change(queue[next]);
      } else {
        std::vector<std::string> entries{std::move(queue[next].bytes)};
        size_t bytes = entries[0].size();
        while (end < queue.size() && !queue[end].change && queue[end].mark.term == queue[next].mark.term && bytes < kMaxProposalBytes &&
               queue[end].generation == queue[next].generation) {
          bytes += queue[end].bytes.size();
          entries.push_back(std::move(queue[end++].bytes));
        }
        status = node_->propose(queue[next].mark.term, entries);
      }
    }
    for (; next < end; ++next) {
      if (!status.ok() && queue[next].mark.number != 0) chain_.refused(queue[next].mark, status.error());
    }
  }
  schedule_ready();
}

// ---- ready

void RaftDriver::schedule_ready() {
  if (ready_scheduled_) return;
  ready_scheduled_ = true;
  role_.post([this] {
    ready_scheduled_ = false;
    process_ready();
  });
}

void RaftDriver::process_ready() {
  while (node_ && node_->has_ready() && !node_->failure()) carry_out(node_->ready());
  if (!node_) return;
  update_state();
  if (node_->failure()) host_.on_log_failed(*node_->failure());
}

void RaftDriver::carry_out(raft::Ready ready) {
  update_state();
  if (!ready.messages.empty()) host_.send(ready.messages);
  for (const raft::ReadState& read : ready.read_states) {
    reads_.on_read_state(read, state_.role == raft::Role::kLeader ? state_.term : 0);
  }
  reads_.start_round(*node_);
  // A configuration takes effect only once the commit that covers it is durable: after a crash no member may count
  // majorities by an older configuration than it has acted upon.
  bool changes = std::any_of(ready.committed_entries.begin(), ready.committed_entries.end(),
                             [](const raft::LogEntry& entry) { return entry.kind == raft::EntryKind::kConfigurationChange; });
  hand_over_committed(ready, changes || !held_.empty());
  persist(ready, changes);
}

void RaftDriver::hand_over_committed(raft::Ready& ready, bool hold) {
  if (ready.committed_entries.empty()) return;
  if (hold) {
    held_.push_back(Held{ready.number, std::move(ready.committed_entries)});
  } else {
    host_.on_committed(std::move(ready.committed_entries));
  }
}

void RaftDriver::persist(raft::Ready& ready, bool force_sync) {
  if (ready.hard_state) hard_state_ = *ready.hard_state;
  LogWriter::Write write;
  write.incarnation = incarnation_;
  write.ready_number = ready.number;
  write.entries = std::move(ready.entries);
  write.hard_state = ready.hard_state;
  write.must_sync = ready.must_sync || !write.entries.empty() || force_sync;
  write.messages = std::move(ready.persisted_messages);
  if (force_sync && !write.hard_state) write.hard_state = hard_state_;
  writer_.enqueue(std::move(write));
}

void RaftDriver::on_written(LogWriter::Written written) {
  if (!node_ || written.incarnation != incarnation_) return;
  node_->on_persisted(written.ready_number);
  if (!written.messages.empty()) host_.send(written.messages);
  while (!held_.empty() && held_.front().ready_number <= written.ready_number) {
    host_.on_committed(std::move(held_.front().entries));
    held_.pop_front();
  }
  schedule_ready();
}

void RaftDriver::update_state() {
  raft::RaftStatus status = node_->status();
  RaftState now{status.role, status.term, status.leader};
  if (now == state_) return;
  bool was_leader = state_.role == raft::Role::kLeader;
  bool is_leader = now.role == raft::Role::kLeader;
  if (was_leader && (!is_leader || now.term != state_.term)) chain_.close();
  if (is_leader && (!was_leader || now.term != state_.term)) chain_.set_leader(now.term);
  state_ = now;
  host_.on_raft_state(now);
}

}  // namespace graft::replication
