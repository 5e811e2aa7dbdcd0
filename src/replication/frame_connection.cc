#include "replication/frame_connection.h"

#include <utility>

namespace graft::replication {

void FrameConnection::attach(std::shared_ptr<env::Connection> connection) {
  std::lock_guard lock(mutex_);
  connection_ = std::move(connection);
}

std::shared_ptr<env::Connection> FrameConnection::connection() const {
  std::lock_guard lock(mutex_);
  return connection_;
}

std::string FrameConnection::peer() const {
  auto c = connection();
  return c ? c->peer() : "a closed connection";
}

void FrameConnection::send(FrameType type, std::string_view body) {
  if (auto c = connection()) c->send(encode_frame(type, body));
}

size_t FrameConnection::unsent_bytes() const {
  auto c = connection();
  return c ? c->unsent_bytes() : 0;
}

void FrameConnection::set_handler(std::function<void(Frame)> on_frame, std::function<void(const Error&)> on_closed) {
  on_frame_ = std::move(on_frame);
  on_closed_ = std::move(on_closed);
}

void FrameConnection::close() {
  finished_ = true;
  on_frame_ = nullptr;
  on_closed_ = nullptr;
  drained_ = nullptr;
  if (auto c = connection()) c->close();
}

void FrameConnection::abort() {
  auto c = connection();
  close();
  if (c) c->abort();
}

void FrameConnection::fail(const Error& reason) {
  if (auto c = connection()) c->abort();
  finish(reason);
}

void FrameConnection::on_data(std::string_view bytes) {
  if (broken_) return;
  reader_.feed(bytes);
  std::vector<Frame> frames;
  size_t frame_bytes = 0;
  std::optional<Error> problem;
  while (!problem) {
    auto frame = reader_.next(max_frame_bytes_);
    if (!frame.ok()) {
      problem = frame.error();
    } else if (!*frame) {
      break;
    } else {
      frame_bytes += (*frame)->body.size() + kFrameHeaderBytes;
      frames.push_back(std::move(**frame));
    }
  }
  if (!frames.empty()) {
    if ((undelivered_bytes_ += frame_bytes) > max_undelivered_bytes_) {
      if (auto c = connection()) c->pause_reading();
      reading_paused_ = true;  // after the call: who sees it resumes, and that has to come later. This batch's end sees it.
    }
    raft_role_.post([self = shared_from_this(), frames = std::move(frames), frame_bytes]() mutable {
      self->deliver(std::move(frames), frame_bytes);
    });
  }
  if (problem) {
    broken_ = true;
    raft_role_.post([self = shared_from_this(), error = *problem] { self->fail(error); });
  }
}

void FrameConnection::deliver(std::vector<Frame> frames, size_t bytes) {
  for (Frame& frame : frames) {
    if (finished_ || !on_frame_) break;
    auto on_frame = on_frame_;  // it may put another in its place
    on_frame(std::move(frame));
  }
  if ((undelivered_bytes_ -= bytes) <= max_undelivered_bytes_ / 2 && reading_paused_.exchange(false)) {
    if (auto c = connection()) c->resume_reading();
  }
}

void FrameConnection::on_sent() {
  raft_role_.post([self = shared_from_this()] {
    if (!self->finished_ && self->drained_) std::function<void()>(self->drained_)();
  });
}

void FrameConnection::on_closed(const Error& reason) {
  {
    std::lock_guard lock(mutex_);
    connection_ = nullptr;
  }
  raft_role_.post([self = shared_from_this(), reason] { self->finish(reason); });
}

void FrameConnection::finish(const Error& reason) {
  if (finished_) return;
  finished_ = true;
  auto on_closed = std::exchange(on_closed_, nullptr);
  on_frame_ = nullptr;
  drained_ = nullptr;
  if (on_closed) on_closed(reason);
}

}  // namespace graft::replication
