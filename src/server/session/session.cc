#include "server/session/session.h"

#include <fmt/format.h>

#include "env/trace.h"
#include "server/bolt/replies.h"

namespace graft::server {
namespace {

constexpr size_t kMessageLimitBeforeLogin = 64 * 1024;
// Beyond these, reading pauses until the queue is half empty.
constexpr size_t kMostQueuedMessages = 256;
constexpr size_t kMostQueuedBytes = size_t{1} << 20;
constexpr size_t kMostUnsentBytes = size_t{1} << 20;
constexpr size_t kMostUnsentBytesBeforeReset = size_t{4} << 20;  // a RESET and what it makes be ignored come through earlier
// Longer ones are decoded by a worker: the io role has others to serve.
constexpr size_t kLongMessageBytes = size_t{256} << 10;
constexpr env::Duration kLoginTime = std::chrono::seconds(30);
constexpr env::Duration kKeepAliveAfter = std::chrono::seconds(1);
constexpr env::Duration kInterruptGrace = std::chrono::milliseconds(50);

Error cancelled() { return {ErrorCode::kCancelled, "The request was cancelled by RESET."}; }

}  // namespace

Session::Session(std::shared_ptr<SessionServices> services, std::shared_ptr<env::Connection> connection, uint64_t number)
    : services_owner_(std::move(services)), services_(*services_owner_), connection_(std::move(connection)), number_(number),
      nobody_since_(services_.clock.monotonic()), incoming_(services_.limits.memory_pool) {
  reader_.set_limit(kMessageLimitBeforeLogin);
}

Session::~Session() = default;

// ---- bytes in ----

void Session::on_data(std::string_view bytes) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kHandshake) {
    feed_handshake(bytes);
  } else {
    feed_messages(bytes);
  }
  process();
}

void Session::feed_handshake(std::string_view bytes) {
  handshake_bytes_.append(bytes);
  switch (handshake_.feed(&handshake_bytes_, &out_)) {
    case Handshake::State::kWaiting: break;
    case Handshake::State::kRefused:
      env::trace(env::TraceLevel::kDebug, "bolt", "{}: {}", connection_->peer(), handshake_.reason());
      close();
      return;
    case Handshake::State::kDone:
      version_ = handshake_.version();
      format_ = {version_.has_element_ids(), version_.major >= 5};
      state_ = State::kConnected;
      const std::string rest = std::move(handshake_bytes_);
      handshake_bytes_.clear();
      feed_messages(rest);
  }
}

void Session::feed_messages(std::string_view bytes) {
  std::vector<std::string> messages;
  const Status status = reader_.feed(bytes, &messages);
  for (std::string& message : messages) {
    const bool reset = is_reset(message);
    queued_bytes_ += message.size();
    queue_.push_back(std::move(message));
    if (reset) {
      ++pending_resets_;
      interrupt();
    }
  }
  if (!account_incoming()) {
    return fail_and_close({ErrorCode::kOutOfMemory, "All queries together need more memory than their limit (total_query_memory_mb): there is no room for a message as long as this one."});
  }
  if (!status.ok()) return end(true);  // a close would go on taking what this client sends for a while
  if (!reading_paused_ && (queue_.size() > kMostQueuedMessages || queued_bytes_ > kMostQueuedBytes)) {
    reading_paused_ = true;
    connection_->pause_reading();
  }
}

bool Session::account_incoming() {
  const size_t bytes = queued_bytes_ + reader_.buffered();
  return incoming_.resize(bytes > kMostQueuedBytes ? bytes : 0);
}

// ---- messages ----

void Session::process() {
  if (processing_) return;
  processing_ = true;
  while (state_ != State::kClosed && wait_ == Wait::kNothing && !queue_.empty()) {
    if (connection_->unsent_bytes() + out_.size() > (pending_resets_ == 0 ? kMostUnsentBytes : kMostUnsentBytesBeforeReset)) {
      flush();
      wait_for(Wait::kClient);
      break;
    }
    std::string message = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= message.size();
    handle(std::move(message));
  }
  processing_ = false;
  account_incoming();
  flush();
  if (reading_paused_ && state_ != State::kClosed && queue_.size() <= kMostQueuedMessages / 2 && queued_bytes_ <= kMostQueuedBytes / 2) {
    reading_paused_ = false;
    connection_->resume_reading();
  }
}

void Session::handle(std::string message) {
  last_request_ = services_.clock.monotonic();
  const bool reset = is_reset(message);
  if (reset && pending_resets_ > 0) --pending_resets_;
  const bool logged_in = state_ >= State::kReady;
  const bool goodbye = message.size() == 2 && message == std::string_view("\xB0\x02");
  if (logged_in && !reset && !goodbye && (state_ == State::kFailed || pending_resets_ > 0)) return append_ignored(&out_);
  if (message.size() > kLongMessageBytes) {
    auto shared = std::make_shared<const std::string>(std::move(message));
    auto decode = [shared, version = version_] { return std::make_shared<Result<Request>>(decode_request(*shared, version)); };
    on_worker(std::move(decode), [this, logged_in](std::shared_ptr<Result<Request>> request) { handle_decoded(std::move(*request), logged_in); });
    return;
  }
  handle_decoded(decode_request(message, version_), logged_in);
}

void Session::handle_decoded(Result<Request> request, bool logged_in) {
  if (logged_in && pending_resets_ > 0 && request.ok() && !std::holds_alternative<ResetRequest>(*request) && !std::holds_alternative<GoodbyeRequest>(*request)) {
    return append_ignored(&out_);  // it came while a worker decoded this one
  }
  if (!request.ok()) return logged_in ? fail(request.error()) : fail_and_close(request.error());
  if (!allowed(*request)) {
    return fail_and_close({ErrorCode::kRequestInvalid, fmt::format("{} is not expected in the connection's state.", request_name(*request))});
  }
  dispatch(*request);
}

bool Session::allowed(const Request& request) const {
  if (std::holds_alternative<GoodbyeRequest>(request)) return true;
  switch (state_) {
    case State::kConnected: return std::holds_alternative<HelloRequest>(request);
    case State::kAuthentication: return std::holds_alternative<LogonRequest>(request);
    case State::kReady:
      return std::holds_alternative<RunRequest>(request) || std::holds_alternative<BeginRequest>(request) ||
             std::holds_alternative<RouteRequest>(request) || std::holds_alternative<ResetRequest>(request) ||
             std::holds_alternative<LogoffRequest>(request) || std::holds_alternative<TelemetryRequest>(request);
    case State::kStreaming:
      return std::holds_alternative<FetchRequest>(request) || std::holds_alternative<ResetRequest>(request);
    case State::kTransaction:
      return std::holds_alternative<RunRequest>(request) || std::holds_alternative<CommitRequest>(request) ||
             std::holds_alternative<RollbackRequest>(request) || std::holds_alternative<ResetRequest>(request) ||
             (std::holds_alternative<FetchRequest>(request) && !transaction_->results.empty());
    case State::kFailed: return std::holds_alternative<ResetRequest>(request);
    default: return false;
  }
}

void Session::dispatch(Request& request) {
  struct Visitor {
    Session& s;
    void operator()(HelloRequest& r) { s.handle_hello(r); }
    void operator()(LogonRequest& r) { s.handle_logon(r.auth); }
    void operator()(LogoffRequest&) { s.handle_logoff(); }
    void operator()(GoodbyeRequest&) { s.close(); }
    void operator()(ResetRequest&) { s.handle_reset(); }
    void operator()(RunRequest& r) { s.state_ == State::kTransaction ? s.run_in_transaction(r) : s.handle_run(r); }
    void operator()(FetchRequest& r) { s.handle_fetch(r); }
    void operator()(BeginRequest& r) { s.handle_begin(r); }
    void operator()(CommitRequest&) { s.handle_commit(); }
    void operator()(RollbackRequest&) { s.handle_rollback(); }
    void operator()(RouteRequest& r) { s.handle_route(r); }
    void operator()(TelemetryRequest&) { s.succeed(); }
  };
  std::visit(Visitor{*this}, request);
}

// ---- stopping what runs ----

// A RESET has arrived, or the connection has ended. What can be given up at once is; what runs is told to stop.
void Session::interrupt() {
  switch (wait_) {
    case Wait::kNothing:
    case Wait::kLogin: return;
    case Wait::kWorker:
      services_.io.post_after(kInterruptGrace, [self = weak_from_this(), operation = operation_] {
        if (const std::shared_ptr<Session> session = self.lock()) session->leave_to_worker(operation);
      });
      [[fallthrough]];
    case Wait::kCommit:  // once it is proposed the outcome must be told, and comes within seconds
      if (running_ != nullptr) running_->cancel();
      return;
    case Wait::kVersion:
      resume(operation_);
      return fail(cancelled());
    case Wait::kClient:
      resume(operation_);
      if (fetch_) fail(cancelled());
      return;
  }
}

// What does not see soon that it is to stop (one regular expression over megabytes of text) goes on to its end on the worker,
// which owns what it works on, and nobody hears of it.
void Session::leave_to_worker(uint64_t operation) {
  if (!resume(operation)) return;
  running_ = nullptr;
  fail(cancelled());
  process();
}

void Session::handle_reset() {
  give_up_results();
  drop_transaction();
  state_ = State::kReady;
  succeed();
}

// Large results are freed on a worker.
void Session::give_up_results() {
  fetch_.reset();
  discard(std::exchange(autocommit_, nullptr));
  entry_ = nullptr;
  streaming_over_.reset();
}

// Whoever waits for an answer does not wait for this.
void Session::discard(std::shared_ptr<StatementResult> result) {
  if (result != nullptr) services_.worker.post([result = std::move(result)]() mutable { result.reset(); });
}

// ---- answers ----

void Session::succeed(graph::Map metadata) { append_success(metadata, &out_); }

void Session::fail(const Error& error) {
  append_failure(error, version_, &out_);
  give_up_results();
  drop_transaction();
  if (state_ >= State::kReady && state_ != State::kClosed) state_ = State::kFailed;
}

void Session::fail_and_close(const Error& error) {
  env::trace(env::TraceLevel::kDebug, "bolt", "{}: closing: {}", connection_->peer(), error.message);
  append_failure(error, version_, &out_);
  close();
}

void Session::flush() {
  if (out_.empty()) return;
  last_sent_ = services_.clock.monotonic();
  connection_->send(std::move(out_));
  out_.clear();
}

// ---- waiting ----

uint64_t Session::wait_for(Wait wait) {
  wait_ = wait;
  return ++operation_;
}

bool Session::resume(uint64_t operation) {
  if (state_ == State::kClosed || operation != operation_) return false;
  ++operation_;
  wait_ = Wait::kNothing;
  return true;
}

void Session::on_sent() {
  if (state_ == State::kClosed || wait_ != Wait::kClient) return;
  resume(operation_);
  if (fetch_) fetch_more();
  process();
}

// ---- the end ----

void Session::close() { end(false); }

void Session::end(bool at_once) {
  if (state_ == State::kClosed) return;
  flush();
  state_ = State::kClosed;
  if (running_ != nullptr) running_->cancel();
  ++operation_;
  wait_ = Wait::kNothing;
  queue_.clear();
  give_up_results();
  drop_transaction();
  if (at_once) {
    connection_->abort();
  } else {
    connection_->close();
  }
}

void Session::on_closed(const Error&) {
  close();
  if (services_.on_closed) services_.on_closed(number_);
}

void Session::sweep(env::Duration now) {
  if (state_ == State::kClosed) return;
  if (state_ < State::kReady && wait_ != Wait::kLogin && now - nobody_since_ > kLoginTime) {
    env::trace(env::TraceLevel::kDebug, "bolt", "{}: did not log in in time", connection_->peer());
    return close();
  }
  end_idle_work(now);
  // Who has sent all of a long message waits, though it may still be on its way.
  const bool awaited = wait_ == Wait::kNothing ? reader_.in_message() : wait_ != Wait::kClient;
  if (!awaited || now - last_sent_ < kKeepAliveAfter) return;
  last_sent_ = now;
  connection_->send(std::string(kNoop));
}

// ---- small things that all parts use ----

StatementSetting Session::setting() const {
  return {&services_.engine, &services_.clock, &services_.random, format_, user_.name, user_.admin, services_.limits, services_.information, services_.imports};
}

Status Session::check_database(std::string_view name) {
  auto equals = [&](std::string_view other) {
    return std::equal(name.begin(), name.end(), other.begin(), other.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  };
  if (name.empty() || equals("default") || equals("neo4j")) return {};
  return Error{ErrorCode::kDatabaseNotFound, fmt::format("There is no database '{}': the only one is 'default', also called 'neo4j'.", name)};
}

Status Session::check_impersonation(const TransactionExtra& extra) const {
  if (extra.impersonated_user.empty() || extra.impersonated_user == user_.name) return {};
  return Error{ErrorCode::kForbidden, "Acting for another user (imp_user) is not supported."};
}

}  // namespace graft::server
