// Reads and writes of clients.

#include <algorithm>

#include <fmt/format.h>

#include "replication/replica_core.h"

namespace graft::replication {
namespace {

constexpr int kAttemptsBesideLane = 3;

}  // namespace

// ---- positions and bookmarks

Position ReplicaCore::position_at(raft::LogIndex index) const {
  std::lock_guard lock(mutex_);
  return Position{shared_.cluster.id, shared_.cluster.epoch, index};
}

ReadVersion ReplicaCore::version_of(const AppliedPoint& point) const { return ReadVersion{point.version, position_at(point.index)}; }

ReadVersion ReplicaCore::applied() const {
  if (!built()) return {};
  return version_of(chain_->applied());
}

// The highest index among them; 0: none.
Result<raft::LogIndex> ReplicaCore::check_bookmarks(const std::vector<std::string>& bookmarks) const {
  raft::LogIndex index = 0;
  if (bookmarks.empty()) return index;
  Position here = position_at(0);
  for (const std::string& text : bookmarks) {
    GRAFT_TRY_ASSIGN(Position position, parse_bookmark(text));
    if (position.cluster != here.cluster) {
      return Error{ErrorCode::kBookmark, fmt::format("bookmark '{}' is of another cluster than this one ({})", text, here.cluster)};
    }
    if (position.epoch != here.epoch) {
      return Error{ErrorCode::kBookmark,
                   fmt::format("bookmark '{}' is of epoch {}, the cluster was restored since and is in epoch {}; start a new session",
                               text, position.epoch, here.epoch)};
    }
    index = std::max(index, position.index);
  }
  return index;
}

// ---- reads

void ReplicaCore::wait_applied(raft::LogIndex index, env::Duration deadline, bool for_bookmark,
                               std::function<void(Result<ReadVersion>)> done) {
  Error late{for_bookmark ? ErrorCode::kBookmarkTimeout : ErrorCode::kUnavailable,
             fmt::format("this member has not applied log index {} in time", index)};
  applied_waiters_.wait(index, deadline, std::move(late), [this, done = std::move(done)](Status status) {
    if (!status.ok()) return done(status.error());
    done(version_of(chain_->applied()));
  });
}

void ReplicaCore::read(ReadRequest request, std::function<void(Result<ReadVersion>)> done) {
  Status serving = check_serving();
  if (!serving.ok()) return done(serving.error());
  Result<raft::LogIndex> bookmark = check_bookmarks(request.bookmarks);
  if (!bookmark.ok()) return done(bookmark.error());
  env::Duration deadline = clock_.monotonic() + request.timeout;
  if (!request.linearizable) return wait_applied(*bookmark, deadline, true, std::move(done));
  role(roles_.raft).post([this, bookmark = *bookmark, deadline, done = std::move(done)]() mutable {
    driver_->read_index(deadline, [this, bookmark, deadline, done = std::move(done)](Result<ReadPoint> point) mutable {
      if (!point.ok()) return done(point.error());
      wait_applied(std::max(bookmark, point->index), deadline, bookmark > point->index, std::move(done));
    });
  });
}

// ---- writes

// What the lane tells of a job becomes what the client is told.
JobCallback ReplicaCore::deliver(std::shared_ptr<LaneWork> work, CommitCallback done) {
  return [this, work = std::move(work), done = std::move(done)](const Result<raft::LogIndex>& index, const graph::WriteCounters& counters) {
    if (!index.ok()) return done(index.error());
    if (counters.unfinished.empty()) return done(CommitOutcome{position_at(*index), counters});
    std::function<bool()> given_up;
    if (work) given_up = [work] { return work->cancelled(); };
    schema_builder_->await(counters.unfinished, SchemaBuilder::kForever, std::move(given_up), [this, done, counters](Status status) {
      if (!status.ok()) return done(status.error());
      done(CommitOutcome{position_at(chain_->applied().index), counters});
    });
  };
}

void ReplicaCore::await_schema(std::vector<graph::SchemaTask> tasks, env::Duration timeout, std::function<void(Status)> done) {
  Status serving = check_serving();
  if (!serving.ok()) return done(serving);
  schema_builder_->await(std::move(tasks), clock_.monotonic() + timeout, nullptr, std::move(done));
}

void ReplicaCore::autocommit(std::shared_ptr<LaneWork> work, CommitCallback done) {
  Status serving = check_serving();
  if (!serving.ok()) return done(serving.error());
  if (chain_->opening() == nullptr && raft_leader() != options_.self.id) return done(not_leader_error());
  auto beside = [this, work, done] {
    roles_.worker.post([core = weak_from_this(), work, done] {
      if (auto self = core.lock()) self->run_beside(work, done, 1);
    });
  };
  lane_->submit(std::make_shared<AutocommitJob>(work, std::move(beside), deliver(work, done)));
}

Result<std::unique_ptr<ForkTransaction>> ReplicaCore::fork_transaction() {
  Chain::Standing now = chain_->standing();
  if (!now.opening) return not_leader_error();
  return std::make_unique<ForkTransaction>(std::move(now.store), std::move(now.opening), now.applied.version, position_at(now.applied.index));
}

// A large statement: runs on a fork on a worker; its commit is validated like an explicit transaction's. When others
// keep getting in its way and it is quick enough, it is run on the lane after all, where nobody can.
// What is committed may be applied elsewhere and seen before it is applied here: the fork has to be of a version that
// holds all of it, or what writes nothing would read the past.
void ReplicaCore::run_beside(std::shared_ptr<LaneWork> work, CommitCallback done, int attempt) {
  ReadRequest request;
  request.linearizable = true;
  read(std::move(request), [core = weak_from_this(), work = std::move(work), done = std::move(done), attempt](Result<ReadVersion> version) {
    auto self = core.lock();
    if (!self) return;
    if (!version.ok()) return done(version.error());
    self->roles_.worker.post([core, work, done, attempt] {
      if (auto alive = core.lock()) alive->run_on_fork(work, done, attempt);
    });
  });
}

void ReplicaCore::run_on_fork(std::shared_ptr<LaneWork> work, CommitCallback done, int attempt) {
  auto transaction = fork_transaction();
  if (!transaction.ok()) return done(transaction.error());
  env::Duration begun = clock_.monotonic();
  raft::Term term = (*transaction)->opening()->term;
  Result<LaneWork::Outcome> outcome = work->run((*transaction)->graph(), false);
  Status failed = outcome.ok() ? (*transaction)->graph().check_constraints() : Status(outcome.error());
  if (!failed.ok() || !(*transaction)->graph().has_changes()) {
    CommitOutcome nothing{(*transaction)->read_position(), {}};
    confirm_leadership(term, [done, failed, nothing](Status confirmed) {
      if (!confirmed.ok()) return done(confirmed.error());
      if (!failed.ok()) return done(failed.error());
      done(nothing);
    });
    return;
  }
  bool quick = clock_.monotonic() - begun < std::chrono::seconds(1);
  submit_commit(std::move(*transaction), work, [this, work, done, attempt, quick](Result<CommitOutcome> result) {
    if (result.ok() || result.error().code != ErrorCode::kConflict) return done(std::move(result));
    if (attempt < kAttemptsBesideLane) {
      roles_.worker.post([core = weak_from_this(), work, done, attempt] {
        if (auto self = core.lock()) self->run_beside(work, done, attempt + 1);
      });
    } else if (quick) {
      lane_->submit(std::make_shared<AutocommitJob>(work, nullptr, deliver(work, done)));
    } else {
      done(std::move(result));
    }
  });
}

void ReplicaCore::begin(std::vector<std::string> bookmarks, std::function<void(Result<std::unique_ptr<ExplicitTransaction>>)> done) {
  if (built() && chain_->opening() == nullptr && raft_leader() != options_.self.id) return done(not_leader_error());
  // ReadIndex: what a deposed leader still believes is not handed out.
  ReadRequest request;
  request.bookmarks = std::move(bookmarks);
  request.linearizable = true;
  read(std::move(request), [this, done = std::move(done)](Result<ReadVersion> version) {
    if (!version.ok()) return done(version.error());
    auto transaction = fork_transaction();
    if (!transaction.ok()) return done(transaction.error());
    done(std::unique_ptr<ExplicitTransaction>(std::move(*transaction)));
  });
}

Result<std::unique_ptr<ExplicitTransaction>> ReplicaCore::begin_at_applied() {
  GRAFT_TRY(check_serving());
  GRAFT_TRY_ASSIGN(std::unique_ptr<ForkTransaction> transaction, fork_transaction());
  return std::unique_ptr<ExplicitTransaction>(std::move(transaction));
}

void ReplicaCore::commit(std::unique_ptr<ExplicitTransaction> transaction, CommitCallback done) {
  std::unique_ptr<ForkTransaction> fork(static_cast<ForkTransaction*>(transaction.release()));
  if (!fork->graph().has_changes()) {
    done(CommitOutcome{fork->read_position(), fork->graph().counters()});
    return;
  }
  Status checked = fork->graph().check_constraints();
  if (!checked.ok()) return done(checked.error());
  submit_commit(std::move(fork), nullptr, std::move(done));
}

void ReplicaCore::submit_commit(std::unique_ptr<ForkTransaction> transaction, std::shared_ptr<LaneWork> work, CommitCallback done) {
  if (transaction->outlived_term()) {
    return done(Error{ErrorCode::kLeadershipLost, "leadership moved since the transaction began; it was rolled back and may be run again"});
  }
  graph::WriteCounters counters = transaction->graph().counters();
  std::string change_set = transaction->graph().take_change_set();
  if (change_set.size() > options_.max_transaction_bytes) {
    return done(Error{ErrorCode::kTransactionTooLarge,
                      fmt::format("the transaction changes {} bytes, the limit is {}; split it, for instance with CALL {{ ... }} IN TRANSACTIONS",
                                  change_set.size(), options_.max_transaction_bytes)});
  }
  lane_->submit(std::make_shared<CommitJob>(std::move(transaction), std::move(change_set), counters, deliver(std::move(work), std::move(done))));
}

}  // namespace graft::replication
