#pragma once

#include <memory>
#include <mutex>

#include "cypher/query.h"

namespace graft::server {

// Lets the session stop what a worker or the lane runs for it. Any thread.
class Canceller {
 public:
  // Cancels it at once when cancel() was called before.
  void attach(std::shared_ptr<cypher::Execution> execution) {
    std::lock_guard lock(mutex_);
    execution_ = std::move(execution);
    if (cancelled_ && execution_ != nullptr) execution_->cancel();
  }
  void detach() { attach(nullptr); }

  void cancel() {
    std::lock_guard lock(mutex_);
    cancelled_ = true;
    if (execution_ != nullptr) execution_->cancel();
  }
  bool cancelled() const {
    std::lock_guard lock(mutex_);
    return cancelled_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<cypher::Execution> execution_;
  bool cancelled_ = false;
};

}  // namespace graft::server
