#pragma once

// Internal to env/posix: one TCP connection, plain or TLS (server side).
//
//   kDetecting --first byte 0x16--> kHandshaking --> kOpen --close()--> kClosing --all sent, or 5 s--> kDraining
//        └────────── else ─────────────────────────────^
//   any state --error, end of stream, abort()--> kClosed
//
// kDraining: our side is shut down and on_closed was called; what the peer still sends is thrown away for a moment, as
// closing a socket with unread bytes would make the system throw away what we sent last.
// All but the send queue belongs to the connection's io thread.

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "env/posix/io_thread.h"
#include "env/posix/tls.h"
#include "env/transport.h"

namespace graft::env {

class StreamConnection final : public Connection, public std::enable_shared_from_this<StreamConnection> {
 public:
  StreamConnection(IoThread& thread, Tcp::socket socket);
  ~StreamConnection() override;

  // On the io thread. tls: null for connections that never begin with TLS.
  void start(std::shared_ptr<ConnectionHandler> handler, std::shared_ptr<TlsContext> tls);
  void release();  // at the thread's end: no more calls to the handler

  void send(std::string bytes) override;
  size_t unsent_bytes() const override { return unsent_.load(std::memory_order_relaxed); }
  void pause_reading() override;
  void resume_reading() override;
  void close() override;
  void abort() override;
  std::string peer() const override { return peer_; }

 private:
  enum class State { kDetecting, kHandshaking, kOpen, kClosing, kDraining, kClosed };

  void wait_readable();
  void wait_writable();
  void on_readable();
  void on_writable();
  void detect();
  void handshake();
  void read_some();
  void drain();
  void flush();                              // sends what is queued, as far as the socket takes it
  void take_queue();                         // outbox_ -> sending_
  IoResult write_front();
  void sent(size_t bytes);
  void begin_close();
  void finish_close();
  void fail(Error reason);
  IoResult read(char* out, size_t n);

  IoThread& thread_;
  Tcp::socket socket_;
  std::string peer_;
  std::shared_ptr<ConnectionHandler> handler_;
  std::shared_ptr<TlsContext> tls_context_;
  std::unique_ptr<TlsSession> tls_;
  State state_ = State::kDetecting;
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  std::atomic<bool> paused_{false};
  bool read_wants_write_ = false;  // TLS only
  TimerId deadline_ = 0;

  std::deque<std::string> sending_;
  size_t front_sent_ = 0;          // bytes of sending_.front() that are gone

  std::mutex mutex_;
  std::deque<std::string> outbox_;
  bool flush_posted_ = false;
  std::atomic<size_t> unsent_{0};
  std::atomic<bool> done_{false};  // send() drops
};

}  // namespace graft::env
