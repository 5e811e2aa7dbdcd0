#include "replication/lane.h"

#include <fmt/format.h>

namespace graft::replication {

Lane::Lane(Chain& chain, LaneHost& host, RoleHandle role, const env::Clock& clock, uint64_t max_transaction_bytes)
    : chain_(chain), host_(host), role_(std::move(role)), clock_(clock), max_transaction_bytes_(max_transaction_bytes) {}

void Lane::submit(std::shared_ptr<LaneJob> job, bool first) {
  {
    std::lock_guard lock(mutex_);
    if (first) {
      queue_.push_front(std::move(job));
    } else if (queue_.size() < kMaxQueued) {
      queue_.push_back(std::move(job));
    }
  }
  if (job) {
    job->finish(Error{ErrorCode::kOverloaded, fmt::format("{} writes are waiting already; try again later", kMaxQueued)});
    return;
  }
  kick();
}

size_t Lane::queued() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void Lane::kick() {
  if (scheduled_.exchange(true)) return;
  role_.post([this] {
    scheduled_ = false;
    run_batch();
  });
}

void Lane::abandon(const Error& error) {
  std::deque<std::shared_ptr<LaneJob>> queue;
  {
    std::lock_guard lock(mutex_);
    queue.swap(queue_);
  }
  for (auto& job : queue) job->finish(error);
}

std::shared_ptr<LaneJob> Lane::take(bool batch_is_empty) {
  std::lock_guard lock(mutex_);
  if (queue_.empty() || (!batch_is_empty && queue_.front()->is_configuration_change())) return nullptr;
  std::shared_ptr<LaneJob> job = std::move(queue_.front());
  queue_.pop_front();
  return job;
}

void Lane::request_sums() {
  sums_wanted_ = true;
  kick();
}

void Lane::propose_sums(const Chain::Batch& batch) {
  if (batch.head.number() == last_sums_) return;
  last_sums_ = batch.head.number();
  Envelope envelope;
  envelope.kind = PayloadKind::kSums;
  envelope.mark = ChainMark{batch.mark.term, 0};
  envelope.predecessor = batch.predecessor;
  envelope.sums = graph::state_sums(graph::GraphView(batch.head)).to_string();
  Proposal proposal;
  proposal.generation = batch.generation;
  proposal.mark = envelope.mark;
  proposal.bytes = encode_envelope(envelope);
  host_.propose(std::move(proposal));
}

void Lane::run_batch() {
  if (queued() == 0 && !sums_wanted_) return;
  Chain::Batch batch;
  switch (chain_.begin_batch(&batch)) {
    case Chain::Gate::kOpen:
      break;
    case Chain::Gate::kNotLeader:
      sums_wanted_ = false;
      abandon(host_.not_leader_error());
      return;
    case Chain::Gate::kStarting:  // whoever opens the chain, or makes room in it, kicks the lane
    case Chain::Gate::kFull:
      return;
  }
  if (opening_ != batch.opening) {
    opening_ = batch.opening;
    window_ = std::make_unique<WriteWindow>(batch.head.number());
  }
  if (sums_wanted_.exchange(false)) propose_sums(batch);
  Made made;
  std::optional<graph::GraphTransaction> own;
  std::shared_ptr<LaneJob> first = take(true);
  graph::GraphTransaction* transaction = first ? take_ready(batch, first, &made) : nullptr;
  if (transaction == nullptr) {
    transaction = &own.emplace(batch.store->fork(batch.head), *batch.opening->ids, nullptr);
    fill(batch, *transaction, std::move(first), &made);
  }
  if (Status health = batch.store->health(); !health.ok()) {
    // Damaged pages read as absent: nothing that was computed from them leaves this member, which stops serving.
    chain_.end_batch(batch);
    window_->drop_batch();
    for (Ran& ran : made.ran) ran.job->finish(Error{ErrorCode::kUnavailable, "the statement had no effect: " + health.error().message});
  } else if (made.spoilt) {
    chain_.end_batch(batch);
    window_->drop_batch();
    run_again(std::move(made.ran));
  } else if (made.change_sets.empty()) {
    chain_.end_batch(batch);
    withhold(batch, std::move(made.ran));
  } else {
    seal(batch, *transaction, std::move(made));
  }
  if (queued() > 0) kick();
}

// The job's, if it stands ready on this head; then the batch is that job's alone.
graph::GraphTransaction* Lane::take_ready(const Chain::Batch& batch, const std::shared_ptr<LaneJob>& job, Made* made) {
  std::optional<LaneJob::Ready> ready = job->ready(batch, queued() > 0);
  if (!ready) return nullptr;
  window_->add(ready->transaction.take_write_terms());
  made->change_sets.push_back(std::move(ready->change_set));
  made->ran.push_back(Ran{job, std::nullopt});
  return &ready->transaction;
}

// The batch's fork is thrown away because of one job that was too large; the others have not been told anything.
void Lane::run_again(std::vector<Ran> ran) {
  std::lock_guard lock(mutex_);
  for (auto it = ran.rbegin(); it != ran.rend(); ++it) queue_.push_front(std::move(it->job));
}

void Lane::fill(const Chain::Batch& batch, graph::GraphTransaction& transaction, std::shared_ptr<LaneJob> job, Made* made) {
  env::Duration end = clock_.monotonic() + kMaxBatchTime;
  while (job) {
    bool alone = job->is_configuration_change();
    run_job(batch, transaction, std::move(job), made);
    bool full = made->ran.size() >= kMaxBatchJobs || made->bytes >= kMaxBatchBytes;
    if (alone || full || made->spoilt || clock_.monotonic() >= end) return;
    job = take(made->ran.empty());
  }
}

void Lane::run_job(const Chain::Batch& batch, graph::GraphTransaction& transaction, std::shared_ptr<LaneJob> job, Made* made) {
  graph::GraphTransaction::Savepoint savepoint = transaction.savepoint();
  Result<LaneJob::Outcome> outcome = job->run(transaction, batch, *window_, job);
  if (outcome.ok() && *outcome == LaneJob::Outcome::kHandedOn) {
    transaction.rollback_to(savepoint);
    return;
  }
  if (outcome.ok()) {
    Status checked = transaction.check_constraints();
    if (!checked.ok()) outcome = std::move(checked).error();
  }
  if (!outcome.ok()) {
    transaction.rollback_to(savepoint);
    made->ran.push_back(Ran{std::move(job), std::move(outcome).error()});
    return;
  }
  if (transaction.has_changes()) {
    job->counters = transaction.counters();
    std::string change_set = transaction.take_change_set();
    if (change_set.size() > max_transaction_bytes_) {
      made->spoilt = true;
      job->finish(Error{ErrorCode::kTransactionTooLarge,
                        fmt::format("the statement changes {} bytes, the limit is {}; split it, for instance with CALL {{ ... }} IN TRANSACTIONS",
                                    change_set.size(), max_transaction_bytes_)});
      return;
    }
    window_->add(transaction.take_write_terms());
    made->bytes += change_set.size();
    made->change_sets.push_back(std::move(change_set));
    made->change = job->configuration_change();
  }
  made->ran.push_back(Ran{std::move(job), std::nullopt});
}

void Lane::seal(const Chain::Batch& batch, graph::GraphTransaction& transaction, Made made) {
  Proposal proposal;
  proposal.generation = batch.generation;
  proposal.mark = batch.mark;
  proposal.change = made.change;
  Envelope envelope;
  envelope.mark = batch.mark;
  envelope.predecessor = batch.predecessor;
  envelope.change_sets = std::move(made.change_sets);
  proposal.bytes = encode_envelope(envelope);

  std::vector<FateCallback> waiters;
  for (Ran& ran : made.ran) {
    waiters.push_back([ran](const Result<raft::LogIndex>& fate) {
      if (fate.ok() && ran.error) return ran.job->finish(*ran.error);
      ran.job->finish(fate);
    });
  }
  auto version = chain_.append(batch, transaction.release_fork(), proposal.bytes.size(), std::move(waiters));
  if (!version) {
    window_->drop_batch();
    for (Ran& ran : made.ran) {
      ran.job->finish(Error{ErrorCode::kLeadershipLost, "leadership moved before the commit was proposed; it had no effect"});
    }
    return;
  }
  window_->seal_batch(*version, clock_.monotonic());
  host_.propose(std::move(proposal));
}

// Nothing was written: what was read is told once the head it was read from is committed and, after the reading, this
// member was certainly still the leader.
void Lane::withhold(const Chain::Batch& batch, std::vector<Ran> ran) {
  if (ran.empty()) return;
  host_.confirm_leadership(batch.opening->term, [this, batch, ran = std::move(ran)](Status confirmed) mutable {
    if (!confirmed.ok()) {
      for (Ran& r : ran) r.job->finish(confirmed.error());
      return;
    }
    chain_.when_head_applied(batch, [ran = std::move(ran)](const Result<raft::LogIndex>& fate) {
      for (const Ran& r : ran) {
        if (!fate.ok()) {
          // It wrote nothing: whatever became of the writes before it, it can be run again.
          r.job->finish(Error{ErrorCode::kLeadershipLost, "leadership moved while the statement ran; it had no effect"});
        } else if (r.error) {
          r.job->finish(*r.error);
        } else {
          r.job->finish(fate);
        }
      }
    });
  });
}

}  // namespace graft::replication
