#pragma once

// The jobs that clients' work becomes on the lane, and transactions that run beside it.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/footprint.h"
#include "replication/lane.h"
#include "replication/replica.h"

namespace graft::replication {

// Index and counters of a finished job; the owner makes a CommitOutcome of it.
using JobCallback = std::function<void(const Result<raft::LogIndex>&, const graph::WriteCounters&)>;

// Works on a fork of `applied`, with a footprint of what it reads; ends with the opening in which it began.
class ForkTransaction final : public ExplicitTransaction {
 public:
  ForkTransaction(std::shared_ptr<storage::Store> store, std::shared_ptr<Opening> opening, storage::VersionRef base, Position position);
  ~ForkTransaction() override;

  graph::GraphTransaction& graph() override { return *transaction_; }
  Position read_position() const override { return position_; }
  bool outlived_term() const override { return !opening_->alive; }

  const std::shared_ptr<Opening>& opening() const { return opening_; }
  storage::VersionNo base() const { return base_.number(); }
  const graph::Footprint& footprint() const { return *footprint_; }

 private:
  std::shared_ptr<storage::Store> store_;  // before what lives in it
  std::shared_ptr<Opening> opening_;
  storage::VersionRef base_;
  Position position_;
  std::shared_ptr<graph::Footprint> footprint_;
  std::unique_ptr<graph::GraphTransaction> transaction_;
};

// A statement in a transaction of its own.
class AutocommitJob final : public LaneJob {
 public:
  // beside: takes the job over when it is over the lane's budget. It may be null: then the budget is not enforced.
  AutocommitJob(std::shared_ptr<LaneWork> work, std::function<void()> beside, JobCallback done)
      : work_(std::move(work)), beside_(std::move(beside)), done_(std::move(done)) {}
  Result<Outcome> run(graph::GraphTransaction& transaction, const Chain::Batch& batch, const WriteWindow& window,
                      std::shared_ptr<LaneJob> self) override;
  void finish(const Result<raft::LogIndex>& result) override { done_(result, counters); }

 private:
  std::shared_ptr<LaneWork> work_;
  std::function<void()> beside_;
  JobCallback done_;
};

// The commit of a transaction that ran beside the lane: taken as it stands when nobody wrote since it began, otherwise
// validated and replayed.
class CommitJob final : public LaneJob {
 public:
  CommitJob(std::unique_ptr<ForkTransaction> transaction, std::string change_set, graph::WriteCounters counters, JobCallback done)
      : transaction_(std::move(transaction)), change_set_(std::move(change_set)), written_(counters), done_(std::move(done)) {}
  Result<Outcome> run(graph::GraphTransaction& transaction, const Chain::Batch& batch, const WriteWindow& window,
                      std::shared_ptr<LaneJob> self) override;
  // While others wait for a batch to share, only from kReadyBytes on, where the replay that it spares takes longer.
  std::optional<Ready> ready(const Chain::Batch& batch, bool others_wait) override;
  void finish(const Result<raft::LogIndex>& result) override { done_(result, written_); }

  static constexpr size_t kReadyBytes = 64 << 10;

 private:
  std::unique_ptr<ForkTransaction> transaction_;
  std::string change_set_;
  graph::WriteCounters written_;
  JobCallback done_;
};

// The cluster's own records: genesis, registration, membership.
class SystemJob final : public LaneJob {
 public:
  using Work = std::function<Status(graph::GraphTransaction&)>;
  SystemJob(Work work, std::optional<ConfigurationChange> change, std::function<void(const Result<raft::LogIndex>&)> done)
      : work_(std::move(work)), change_(change), done_(std::move(done)) {}
  Result<Outcome> run(graph::GraphTransaction& transaction, const Chain::Batch& batch, const WriteWindow& window,
                      std::shared_ptr<LaneJob> self) override;
  bool is_configuration_change() const override { return change_.has_value(); }
  std::optional<ConfigurationChange> configuration_change() const override { return change_; }
  void finish(const Result<raft::LogIndex>& result) override { done_(result); }

 private:
  Work work_;
  std::optional<ConfigurationChange> change_;
  std::function<void(const Result<raft::LogIndex>&)> done_;
};

}  // namespace graft::replication
