#include "sim/link.h"

#include <algorithm>

namespace graft::sim {
namespace {

constexpr size_t kSocketBuffer = 256 << 10;  // what the system takes over at once
constexpr size_t kMostAtOnce = 64 << 10;

}  // namespace

void SimConnection::send(std::string bytes) {
  if (bytes.empty() || closing_ || !open() || link_ == nullptr) return;
  link_->send(side_, std::move(bytes));
}

size_t SimConnection::unsent_bytes() const {
  if (link_ == nullptr) return 0;
  const size_t queued = link_->queued_bytes(side_);
  return queued > kSocketBuffer ? queued - kSocketBuffer : 0;
}

void SimConnection::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  if (link_ != nullptr) link_->resume(side_);
}

void SimConnection::close() {
  if (closing_ || !open()) return;
  closing_ = true;
  if (link_ != nullptr) link_->finish(side_, Error{ErrorCode::kUnavailable, "connection closed by the peer"});
  deliver_closed(Error{ErrorCode::kCancelled, "connection closed"});
}

void SimConnection::abort() {
  if (!open()) return;
  closing_ = true;
  if (link_ != nullptr) link_->break_off(side_, Error{ErrorCode::kUnavailable, "connection reset by the peer"});
  deliver_closed(Error{ErrorCode::kCancelled, "connection aborted"});
}

void SimConnection::deliver(std::string bytes) {
  process_->io.post([self = shared_from_this(), bytes = std::move(bytes)] {
    const std::shared_ptr<env::ConnectionHandler> handler = self->handler_;
    if (self->open_ && handler) handler->on_data(bytes);
  });
}

void SimConnection::deliver_sent() {
  process_->io.post([self = shared_from_this()] {
    const std::shared_ptr<env::ConnectionHandler> handler = self->handler_;
    if (self->open_ && handler && self->link_ && self->link_->queued_bytes(self->side_) == 0) handler->on_sent();
  });
}

void SimConnection::deliver_closed(Error reason) {
  process_->io.post([self = shared_from_this(), reason = std::move(reason)] {
    if (!self->open_) return;
    self->open_ = false;
    if (self->link_) self->link_->detach(self->side_, true);
    self->link_.reset();
    const std::shared_ptr<env::ConnectionHandler> handler = std::move(self->handler_);
    self->handler_.reset();
    if (handler) handler->on_closed(reason);
  });
}

void SimConnection::forget() {
  open_ = false;
  link_.reset();
  const std::shared_ptr<env::ConnectionHandler> handler = std::move(handler_);
  handler_.reset();
}

SimLink::SimLink(SimNetwork& network, std::shared_ptr<SimConnection> client, std::shared_ptr<SimConnection> server)
    : network_(network), ends_{std::move(client), std::move(server)},
      nodes_{ends_[0]->process().node(), ends_[1]->process().node()} {}

void SimLink::push(int from, Item item) {
  Direction& d = directions_[from];
  if (d.ended) return;
  d.ended = item.last;
  item.ready = std::max(item.ready, d.last_ready);
  d.last_ready = item.ready;
  d.bytes += item.bytes.size();
  d.items.push_back(std::move(item));
  schedule(from);
}

void SimLink::send(int from, std::string bytes) {
  const Duration ready = network_.scheduler().now() + network_.delay(bytes.size());
  push(from, Item{ready, std::move(bytes), false, false, {}});
}

void SimLink::finish(int from, Error at_peer) {
  push(from, Item{network_.scheduler().now() + network_.delay(0), {}, true, false, std::move(at_peer)});
}

void SimLink::break_off(int from, Error at_peer) {
  Direction& d = directions_[from];
  if (d.ended) return;
  const size_t kept = network_.random().below(d.items.size() + 1);
  while (d.items.size() > kept) {
    d.bytes -= d.items.back().bytes.size();
    d.items.pop_back();
  }
  if (!d.items.empty() && network_.random().chance(0.5)) {  // cut within a frame
    std::string& last = d.items.back().bytes;
    const size_t n = network_.random().below(last.size() + 1);
    d.bytes -= last.size() - n;
    last.resize(n);
  }
  finish(from, std::move(at_peer));
}

void SimLink::reset() {
  network_.resets_++;
  for (int from : {0, 1}) {
    Direction& d = directions_[from];
    if (d.ended) continue;
    const auto wait = Duration(network_.random().below(300'000'000));
    break_off(from, Error{ErrorCode::kUnavailable, "connection reset"});
    d.items.back().forced = true;
    d.items.back().ready += wait;
    d.last_ready = d.items.back().ready;
  }
}

void SimLink::schedule(int from) {
  Direction& d = directions_[from];
  if (d.scheduled || d.items.empty()) return;
  d.scheduled = true;
  network_.scheduler().after(d.items.front().ready - network_.scheduler().now(),
                             [self = shared_from_this(), from] { self->deliver(from); });
}

void SimLink::deliver(int from) {
  Direction& d = directions_[from];
  d.scheduled = false;
  if (d.items.empty()) return;
  if (d.items.front().ready > network_.scheduler().now()) return schedule(from);
  SimConnection* to = ends_[1 - from].get();
  if (to == nullptr || !to->open()) {
    d.items.clear();
    d.bytes = 0;
    return;
  }
  if (network_.blocked(nodes_[from], nodes_[1 - from])) {
    // The bytes wait; a reset that the system made of its own accord does not.
    if (!d.items.back().forced) return;
    d.items.erase(d.items.begin(), d.items.end() - 1);
    d.bytes = 0;
    if (d.items.front().ready > network_.scheduler().now()) return schedule(from);
  }
  if (d.items.front().last) {
    const Error reason = d.items.front().reason;
    d.items.clear();
    d.bytes = 0;
    return to->deliver_closed(reason);
  }
  if (to->paused()) return;
  deliver_bytes(from);
  schedule(from);
}

void SimLink::deliver_bytes(int from) {
  Direction& d = directions_[from];
  SimConnection* to = ends_[1 - from].get();
  std::string bytes;
  while (!d.items.empty() && !d.items.front().last && d.items.front().ready <= network_.scheduler().now() &&
         bytes.size() < kMostAtOnce) {
    d.bytes -= d.items.front().bytes.size();
    if (bytes.empty()) bytes = std::move(d.items.front().bytes);
    else bytes += d.items.front().bytes;
    d.items.pop_front();
  }
  if (bytes.size() > 1 && network_.random().below(10) == 0) {
    const size_t cut = network_.random().between(1, bytes.size() - 1);
    to->deliver(bytes.substr(0, cut));
    bytes.erase(0, cut);
  }
  to->deliver(std::move(bytes));
  SimConnection* sender = ends_[from].get();
  if (d.items.empty() && sender != nullptr && sender->open()) sender->deliver_sent();
}

void SimLink::kick() {
  schedule(0);
  schedule(1);
}

void SimLink::detach(int side, bool tell_peer) {
  ends_[side].reset();
  // What the other end still sends meets nobody: it learns it, as from a closed socket.
  if (tell_peer && ends_[1 - side] != nullptr && !directions_[side].ended) {
    finish(side, Error{ErrorCode::kUnavailable, "connection reset by the peer"});
  }
}

}  // namespace graft::sim
