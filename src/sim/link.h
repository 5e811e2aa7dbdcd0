#pragma once

// Internal to the simulated network: one connection and its two ends.

#include "sim/network.h"

namespace graft::sim {

// One end. Its handler is called by tasks of its process's io role.
class SimConnection final : public env::Connection, public std::enable_shared_from_this<SimConnection> {
 public:
  SimConnection(std::shared_ptr<SimProcess> process, std::string peer) : process_(std::move(process)), peer_(std::move(peer)) {}

  void send(std::string bytes) override;
  size_t unsent_bytes() const override;
  void pause_reading() override { paused_ = true; }
  void resume_reading() override;
  void close() override;
  void abort() override;
  std::string peer() const override { return peer_; }

  SimProcess& process() { return *process_; }
  bool open() const { return open_ && process_->alive(); }
  bool paused() const { return paused_; }
  void attach(std::shared_ptr<SimLink> link, int side) { link_ = std::move(link); side_ = side; }
  void start(std::shared_ptr<env::ConnectionHandler> handler) { handler_ = std::move(handler); }
  // Hand over to the io role.
  void deliver(std::string bytes);
  void deliver_sent();
  void deliver_closed(Error reason);
  void forget();  // its process is dead and being taken apart

 private:
  const std::shared_ptr<SimProcess> process_;
  const std::string peer_;
  std::shared_ptr<SimLink> link_;
  int side_ = 0;
  std::shared_ptr<env::ConnectionHandler> handler_;
  bool open_ = true;       // on_closed is not yet under way
  bool closing_ = false;   // close() was called: no more sends
  bool paused_ = false;
};

class SimLink : public std::enable_shared_from_this<SimLink> {
 public:
  SimLink(SimNetwork& network, std::shared_ptr<SimConnection> client, std::shared_ptr<SimConnection> server);

  // from: the end (0 client, 1 server) whose bytes these are.
  void send(int from, std::string bytes);
  void finish(int from, Error at_peer);             // after what is queued
  void break_off(int from, Error at_peer);          // some of what is queued is lost
  void reset();                                     // both ends, at moments of their own, some bytes lost
  void resume(int to) { schedule(1 - to); }
  size_t queued_bytes(int from) const { return directions_[from].bytes; }
  int node(int side) const { return nodes_[side]; }
  SimConnection* end(int side) { return ends_[side].get(); }
  void kick();
  // That end is gone for good; a peer that is still there learns it now or, when it is not told, from the network later.
  void detach(int side, bool tell_peer);

  // The first bytes to that end come no earlier.
  void not_before(int to, Duration moment) { directions_[1 - to].last_ready = moment; }

 private:
  struct Item {
    Duration ready;
    std::string bytes;
    bool last = false;    // the peer's on_closed
    bool forced = false;  // passes a blocked direction: the system itself gave up
    Error reason;
  };
  struct Direction {
    std::deque<Item> items;
    size_t bytes = 0;
    Duration last_ready{0};
    bool scheduled = false;
    bool ended = false;
  };
  void push(int from, Item item);
  void schedule(int from);
  void deliver(int from);
  void deliver_bytes(int from);

  SimNetwork& network_;
  std::array<std::shared_ptr<SimConnection>, 2> ends_;
  std::array<int, 2> nodes_;
  std::array<Direction, 2> directions_;  // by sender
};

}  // namespace graft::sim
