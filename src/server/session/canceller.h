#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "cypher/query.h"

namespace graft::server {

// Lets the session, or an administrator, stop what a worker or the lane runs. Any thread.
class Canceller {
 public:
  // Cancels it at once when cancel() was called before.
  void attach(std::shared_ptr<cypher::Execution> execution) {
    std::lock_guard lock(mutex_);
    execution_ = std::move(execution);
    if (why_ && execution_ != nullptr) execution_->cancel(*why_);
  }
  void detach() { attach(nullptr); }

  void cancel(ErrorCode why = ErrorCode::kCancelled) {
    std::lock_guard lock(mutex_);
    why_ = why;
    if (execution_ != nullptr) execution_->cancel(why);
  }
  // Nothing: it was not cancelled.
  std::optional<Error> error() const {
    std::lock_guard lock(mutex_);
    if (!why_) return std::nullopt;
    return Error{*why_, *why_ == ErrorCode::kTransactionTerminated ? kTerminatedMessage : "The statement was cancelled."};
  }

  bool cancelled() const { return error().has_value(); }

  static constexpr const char* kTerminatedMessage =
      "The transaction has been terminated. Retry your operation in a new transaction, and you should see a successful result. Explicitly terminated by "
      "the user.";

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<cypher::Execution> execution_;
  std::optional<ErrorCode> why_;
};

}  // namespace graft::server
