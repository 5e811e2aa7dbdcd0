// What SHOW and TERMINATE TRANSACTIONS see of a session, and how long it may go on without doing anything.

#include <fmt/format.h>

#include "server/session/session.h"

namespace graft::server {

std::shared_ptr<RunningTransaction> Session::enter_registry(const TransactionExtra& extra) {
  TransactionOrigin origin;
  origin.user = user_.name;
  origin.client_address = connection_->peer();
  origin.connection = fmt::format("bolt-{}", number_);
  origin.request_address = routing_address_;
  origin.metadata = extra.metadata;
  origin.wall = services_.clock.wall();
  origin.monotonic = services_.clock.monotonic();
  auto self = std::make_shared<std::weak_ptr<RunningTransaction>>();
  auto entry = services_.transactions->enter(std::move(origin), [session = weak_from_this(), self, &io = services_.io] {
    io.post([session, self] {
      const std::shared_ptr<Session> alive = session.lock();
      const std::shared_ptr<RunningTransaction> mine = self->lock();
      if (alive != nullptr && mine != nullptr) alive->terminated(mine);
    });
  });
  *self = entry;
  return entry;
}

// Its statement has been cancelled already, if one runs. What only waits is ended here.
void Session::terminated(const std::shared_ptr<RunningTransaction>& entry) {
  const Error why{ErrorCode::kTransactionTerminated, Canceller::kTerminatedMessage};
  if (transaction_ != nullptr && transaction_->entry == entry) return expire_transaction(why);
  if (entry_ != entry) return;
  if (wait_ == Wait::kVersion || (wait_ == Wait::kClient && fetch_)) {
    resume(operation_);
    fail(why);
    return process();
  }
  if (wait_ == Wait::kNothing && state_ == State::kStreaming) {
    give_up_results();
    streaming_over_ = why;
  }
}

void Session::set_timeout(const TransactionExtra& extra, env::Duration* timeout, ErrorCode* code) const {
  const env::Duration servers = services_.limits.transaction_timeout;
  const bool own = extra.timeout > env::Duration(0) && (servers == env::Duration(0) || extra.timeout <= servers);
  *timeout = own ? extra.timeout : servers;
  *code = own ? ErrorCode::kClientTimeout : ErrorCode::kTimeout;
}

// A client that went away without closing its connection must not hold versions and memory for ever.
void Session::end_idle_work(env::Duration now) {
  const env::Duration limit = services_.limits.idle_timeout;
  if (limit == env::Duration(0) || (wait_ != Wait::kNothing && wait_ != Wait::kClient) || now - last_request_ <= limit) return;
  const bool unread = wait_ == Wait::kClient && connection_->unsent_bytes() == 0;
  if (unread) return;  // it goes on at once
  const Error why{ErrorCode::kTimeout, fmt::format("The transaction was rolled back: nothing was done in it for {} s (idle_transaction_timeout_ms).",
                                                   std::chrono::duration_cast<std::chrono::seconds>(limit).count())};
  if (state_ == State::kTransaction && !transaction_->over) return expire_transaction(why);
  if (state_ != State::kStreaming || streaming_over_) return;
  if (wait_ == Wait::kClient) {
    resume(operation_);
    fail(why);
    return process();
  }
  give_up_results();
  streaming_over_ = why;
}

}  // namespace graft::server
