#include "env/posix/stream_connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstring>

namespace graft::env {
namespace {

constexpr char kTlsHandshakeByte = 0x16;
constexpr Duration kCloseTimeout = std::chrono::seconds(5);
constexpr Duration kDrainTimeout = std::chrono::seconds(1);
constexpr size_t kGatherMax = 64;
constexpr size_t kTlsRecordBytes = 16 << 10;
constexpr int kReadsPerWakeup = 4;  // then others on this thread get their turn

Error closed_by_peer() { return Error{ErrorCode::kUnavailable, "connection closed by the peer"}; }

std::string endpoint_text(const Tcp::socket& socket) {
  SystemError error;
  const Tcp::endpoint endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  return Address{endpoint.address().to_string(), endpoint.port()}.to_string();
}

}  // namespace

StreamConnection::StreamConnection(IoThread& thread, Tcp::socket socket)
    : thread_(thread), socket_(std::move(socket)), peer_(endpoint_text(socket_)) {}

StreamConnection::~StreamConnection() = default;

void StreamConnection::start(std::shared_ptr<ConnectionHandler> handler, std::shared_ptr<TlsContext> tls) {
  handler_ = std::move(handler);
  tls_context_ = std::move(tls);
  state_ = tls_context_ ? State::kDetecting : State::kOpen;
  SystemError ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(Tcp::no_delay(true), ignored);
  thread_.add(shared_from_this());
  wait_readable();
}

void StreamConnection::release() {
  done_ = true;
  state_ = State::kClosed;
  handler_.reset();
  SystemError ignored;
  socket_.close(ignored);
}

void StreamConnection::send(std::string bytes) {
  if (bytes.empty() || done_.load(std::memory_order_acquire)) return;
  unsent_.fetch_add(bytes.size(), std::memory_order_relaxed);
  {
    std::lock_guard lock(mutex_);
    outbox_.push_back(std::move(bytes));
    if (flush_posted_) return;
    flush_posted_ = true;
  }
  asio::post(thread_.context(), [self = shared_from_this()] { self->flush(); });
}

// At once and not by a posted task: tasks posted on the io thread and by others have no common order, so that a resume
// could overtake the pause before it.
void StreamConnection::pause_reading() { paused_ = true; }

void StreamConnection::resume_reading() {
  if (!paused_.exchange(false)) return;
  asio::post(thread_.context(), [self = shared_from_this()] {
    // TLS may hold bytes that the socket will not announce again.
    if (self->state_ == State::kOpen) self->read_some();
  });
}

void StreamConnection::close() {
  asio::post(thread_.context(), [self = shared_from_this()] { self->begin_close(); });
}

void StreamConnection::abort() {
  done_ = true;
  asio::post(thread_.context(), [self = shared_from_this()] {
    if (self->state_ == State::kClosed || self->state_ == State::kDraining) return;
    SystemError ignored;
    self->socket_.set_option(asio::socket_base::linger(true, 0), ignored);  // the peer gets a reset
    self->fail(Error{ErrorCode::kCancelled, "connection aborted"});
  });
}

void StreamConnection::wait_readable() {
  if (waiting_readable_ || state_ == State::kClosed) return;
  waiting_readable_ = true;
  socket_.async_wait(Tcp::socket::wait_read, [self = shared_from_this()](const SystemError& error) {
    self->waiting_readable_ = false;
    if (!error) self->on_readable();
  });
}

void StreamConnection::wait_writable() {
  if (waiting_writable_ || state_ == State::kClosed) return;
  waiting_writable_ = true;
  socket_.async_wait(Tcp::socket::wait_write, [self = shared_from_this()](const SystemError& error) {
    self->waiting_writable_ = false;
    if (!error) self->on_writable();
  });
}

void StreamConnection::on_readable() {
  switch (state_) {
    case State::kDetecting: return detect();
    case State::kHandshaking: return handshake();
    case State::kOpen:
    case State::kClosing:
      read_some();
      if (tls_ && !sending_.empty()) flush();  // a TLS write may have waited for the peer's bytes
      return;
    case State::kDraining: return drain();
    case State::kClosed: return;
  }
}

void StreamConnection::on_writable() {
  if (state_ == State::kHandshaking) return handshake();
  if (read_wants_write_) {
    read_wants_write_ = false;
    read_some();
  }
  flush();
}

void StreamConnection::detect() {
  char first = 0;
  const ssize_t n = ::recv(socket_.native_handle(), &first, 1, MSG_PEEK);
  if (n == 0) return fail(closed_by_peer());
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return wait_readable();
    return fail(Error{ErrorCode::kUnavailable, std::string("connection lost: ") + std::strerror(errno)});
  }
  if (first == kTlsHandshakeByte) {
    tls_ = std::make_unique<TlsSession>(*tls_context_, socket_.native_handle());
    state_ = State::kHandshaking;
    return handshake();
  }
  state_ = State::kOpen;
  read_some();
  flush();
}

void StreamConnection::handshake() {
  const IoResult result = tls_->handshake();
  switch (result.outcome) {
    case IoOutcome::kDone:
      state_ = State::kOpen;
      read_some();
      return flush();
    case IoOutcome::kWantRead: return wait_readable();
    case IoOutcome::kWantWrite: return wait_writable();
    case IoOutcome::kClosed: return fail(closed_by_peer());
    case IoOutcome::kFailed: return fail(Error{ErrorCode::kUnavailable, "TLS handshake failed: " + result.failure});
  }
}

IoResult StreamConnection::read(char* out, size_t n) {
  if (tls_) return tls_->read(out, n);
  ssize_t got;
  do {
    got = ::recv(socket_.native_handle(), out, n, 0);
  } while (got < 0 && errno == EINTR);
  if (got > 0) return {IoOutcome::kDone, static_cast<size_t>(got), {}};
  if (got == 0) return {IoOutcome::kClosed, 0, {}};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoOutcome::kWantRead, 0, {}};
  return {IoOutcome::kFailed, 0, std::strerror(errno)};
}

void StreamConnection::read_some() {
  std::vector<char>& buffer = thread_.read_buffer();
  for (int i = 0; i < kReadsPerWakeup && !paused_; i++) {
    const IoResult result = read(buffer.data(), buffer.size());
    switch (result.outcome) {
      case IoOutcome::kDone: {
        const std::shared_ptr<ConnectionHandler> handler = handler_;
        if (state_ == State::kOpen && handler) handler->on_data(std::string_view(buffer.data(), result.bytes));
        if (!tls_ && result.bytes < buffer.size()) return wait_readable();
        continue;
      }
      case IoOutcome::kWantRead: return wait_readable();
      case IoOutcome::kWantWrite: read_wants_write_ = true; return wait_writable();
      case IoOutcome::kClosed: return fail(closed_by_peer());
      case IoOutcome::kFailed: return fail(Error{ErrorCode::kUnavailable, "connection lost: " + result.failure});
    }
  }
  if (paused_) return;
  // More may be waiting, also inside TLS where the socket shows nothing: go on after the others' turn.
  asio::post(thread_.context(), [self = shared_from_this()] {
    if (self->state_ == State::kOpen || self->state_ == State::kClosing) self->read_some();
  });
}

void StreamConnection::take_queue() {
  std::lock_guard lock(mutex_);
  flush_posted_ = false;
  for (std::string& bytes : outbox_) sending_.push_back(std::move(bytes));
  outbox_.clear();
}

IoResult StreamConnection::write_front() {
  if (tls_) {
    // Small sends share a record. Once OpenSSL asked to wait, the same bytes must come first again: they do.
    while (sending_.size() > 1 && sending_[0].size() + sending_[1].size() <= kTlsRecordBytes) {
      sending_[0] += sending_[1];
      sending_.erase(sending_.begin() + 1);
    }
    const std::string& front = sending_.front();
    return tls_->write(front.data() + front_sent_, front.size() - front_sent_);
  }
  iovec parts[kGatherMax];
  size_t count = 0;
  for (; count < sending_.size() && count < kGatherMax; count++) {
    const size_t skip = count == 0 ? front_sent_ : 0;
    parts[count] = {const_cast<char*>(sending_[count].data()) + skip, sending_[count].size() - skip};
  }
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  ssize_t n;
  do {
    n = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  if (n >= 0) return {IoOutcome::kDone, static_cast<size_t>(n), {}};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoOutcome::kWantWrite, 0, {}};
  return {IoOutcome::kFailed, 0, std::strerror(errno)};
}

void StreamConnection::sent(size_t bytes) {
  unsent_.fetch_sub(bytes, std::memory_order_relaxed);
  front_sent_ += bytes;
  while (!sending_.empty() && front_sent_ >= sending_.front().size()) {
    front_sent_ -= sending_.front().size();
    sending_.pop_front();
  }
}

void StreamConnection::flush() {
  take_queue();
  if (state_ != State::kOpen && state_ != State::kClosing) {
    if (state_ == State::kDraining || state_ == State::kClosed) sending_.clear();
    return;  // else: when the handshake is done
  }
  const bool had_work = !sending_.empty();
  while (!sending_.empty()) {
    const IoResult result = write_front();
    if (result.outcome == IoOutcome::kDone) {
      sent(result.bytes);
    } else if (result.outcome == IoOutcome::kWantWrite) {
      return wait_writable();
    } else if (result.outcome == IoOutcome::kWantRead) {
      return wait_readable();
    } else {
      return fail(result.outcome == IoOutcome::kClosed
                      ? closed_by_peer()
                      : Error{ErrorCode::kUnavailable, "connection lost: " + result.failure});
    }
  }
  if (state_ == State::kClosing) {
    finish_close();
  } else if (had_work && unsent_bytes() == 0 && handler_) {
    const std::shared_ptr<ConnectionHandler> handler = handler_;
    handler->on_sent();
  }
}

void StreamConnection::begin_close() {
  if (state_ == State::kDetecting || state_ == State::kHandshaking) {
    return fail(Error{ErrorCode::kCancelled, "connection closed"});
  }
  if (state_ != State::kOpen) return;
  state_ = State::kClosing;
  deadline_ = thread_.post_after(kCloseTimeout, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->fail(Error{ErrorCode::kTimeout, "connection closed before all was sent"});
  });
  flush();
}

void StreamConnection::finish_close() {
  thread_.cancel(deadline_);
  done_ = true;
  state_ = State::kDraining;
  if (tls_) tls_->shutdown();
  SystemError ignored;
  socket_.shutdown(Tcp::socket::shutdown_send, ignored);
  deadline_ = thread_.post_after(kDrainTimeout, [weak = weak_from_this()] {
    if (auto self = weak.lock()) self->fail(Error{ErrorCode::kCancelled, "connection closed"});
  });
  const std::shared_ptr<ConnectionHandler> handler = std::move(handler_);
  handler_.reset();
  if (handler) handler->on_closed(Error{ErrorCode::kCancelled, "connection closed"});
  drain();
}

void StreamConnection::drain() {
  if (state_ != State::kDraining) return;
  std::vector<char>& buffer = thread_.read_buffer();
  for (int i = 0; i < kReadsPerWakeup; i++) {
    const ssize_t n = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return wait_readable();
    if (n <= 0) return fail(closed_by_peer());
  }
  asio::post(thread_.context(), [self = shared_from_this()] { self->drain(); });
}

void StreamConnection::fail(Error reason) {
  if (state_ == State::kClosed) return;
  done_ = true;
  state_ = State::kClosed;
  if (deadline_ != 0) thread_.cancel(deadline_);
  const std::shared_ptr<StreamConnection> self = shared_from_this();
  tls_.reset();
  SystemError ignored;
  socket_.close(ignored);
  sending_.clear();
  {
    std::lock_guard lock(mutex_);
    outbox_.clear();
  }
  unsent_ = 0;
  thread_.remove(self);
  const std::shared_ptr<ConnectionHandler> handler = std::move(handler_);
  handler_.reset();
  if (handler) handler->on_closed(reason);
}

}  // namespace graft::env
