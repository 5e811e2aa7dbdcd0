#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "env/task_runner.h"
#include "env/transport.h"
#include "replication/peer_transport.h"

namespace graft::replication {

// Frames over a connection. Bytes are taken apart and checked on the io role, frames are delivered on the raft role, in
// order; what waits for delivery is bounded by not reading on.
class FrameConnection final : public FrameChannel, public env::ConnectionHandler, public std::enable_shared_from_this<FrameConnection> {
 public:
  FrameConnection(env::TaskRunner& raft_role, size_t max_undelivered_bytes)
      : raft_role_(raft_role), max_undelivered_bytes_(max_undelivered_bytes) {}

  void attach(std::shared_ptr<env::Connection> connection);  // io role, before any data
  void allow_large_frames() { max_frame_bytes_ = kMaxFrameBytes; }
  void set_drained(std::function<void()> drained) { drained_ = std::move(drained); }  // raft role: the send queue is empty
  // At once, from our side: no callback follows.
  void abort();
  // As if the other side had closed, with this reason.
  void fail(const Error& reason);
  std::string peer() const;

  void send(FrameType type, std::string_view body) override;
  size_t unsent_bytes() const override;
  void set_handler(std::function<void(Frame)> on_frame, std::function<void(const Error&)> on_closed) override;
  void close() override;

 private:
  void on_data(std::string_view bytes) override;
  void on_sent() override;
  void on_closed(const Error& reason) override;
  void deliver(std::vector<Frame> frames, size_t bytes);
  void finish(const Error& reason);
  std::shared_ptr<env::Connection> connection() const;

  env::TaskRunner& raft_role_;
  const size_t max_undelivered_bytes_;
  std::atomic<size_t> max_frame_bytes_{kMaxStrangerFrameBytes};
  std::atomic<size_t> undelivered_bytes_{0};
  std::atomic<bool> reading_paused_{false};

  mutable std::mutex mutex_;
  std::shared_ptr<env::Connection> connection_;

  FrameReader reader_;       // io role
  bool broken_ = false;      // io role

  bool finished_ = false;    // raft role from here on
  std::function<void(Frame)> on_frame_;
  std::function<void(const Error&)> on_closed_;
  std::function<void()> drained_;
};

}  // namespace graft::replication
