#include "replication/transactions.h"

namespace graft::replication {

ForkTransaction::ForkTransaction(std::shared_ptr<storage::Store> store, std::shared_ptr<Opening> opening, storage::VersionRef base,
                                 Position position)
    : store_(std::move(store)), opening_(std::move(opening)), base_(std::move(base)), position_(std::move(position)),
      footprint_(std::make_shared<graph::Footprint>()),
      transaction_(std::make_unique<graph::GraphTransaction>(store_->fork(base_), *opening_->ids, footprint_)) {}

ForkTransaction::~ForkTransaction() = default;

Result<LaneJob::Outcome> AutocommitJob::run(graph::GraphTransaction& transaction, const Chain::Batch&, const WriteWindow&,
                                            std::shared_ptr<LaneJob>) {
  GRAFT_TRY_ASSIGN(LaneWork::Outcome outcome, work_->run(transaction, beside_ != nullptr));
  if (outcome == LaneWork::Outcome::kDone) return Outcome::kDone;
  GRAFT_CHECK(beside_ != nullptr);
  beside_();
  return Outcome::kHandedOn;
}

Result<LaneJob::Outcome> CommitJob::run(graph::GraphTransaction& transaction, const Chain::Batch& batch, const WriteWindow& window,
                                        std::shared_ptr<LaneJob>) {
  if (transaction_->opening() != batch.opening) {
    return Error{ErrorCode::kLeadershipLost, "leadership moved since the transaction began; it was rolled back and may be run again"};
  }
  GRAFT_TRY(window.validate(transaction_->footprint(), transaction_->base()));
  Status replayed = transaction.replay(change_set_, true);
  if (replayed.ok()) return Outcome::kDone;
  ErrorCode code = replayed.error().code;
  if (code == ErrorCode::kConstraintViolation || code == ErrorCode::kCorruption) return std::move(replayed).error();
  return Error{ErrorCode::kConflict, "what the transaction changed was changed by another one: " + replayed.error().message};
}

// No footprint to validate: nothing was written since, and the opening is the one it began in, so no head was dropped either.
std::optional<LaneJob::Ready> CommitJob::ready(const Chain::Batch& batch, bool others_wait) {
  if (others_wait && change_set_.size() < kReadyBytes) return std::nullopt;
  if (transaction_->opening() != batch.opening || transaction_->base() != batch.head.number()) return std::nullopt;
  return Ready{transaction_->graph(), std::move(change_set_)};
}

Result<LaneJob::Outcome> SystemJob::run(graph::GraphTransaction& transaction, const Chain::Batch&, const WriteWindow&,
                                        std::shared_ptr<LaneJob>) {
  GRAFT_TRY(work_(transaction));
  return Outcome::kDone;
}

}  // namespace graft::replication
