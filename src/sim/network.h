#pragma once

// The simulated network: one of them connects all processes of a run, each through a SimTransport of its own.
//
// A connection is a pair of directions, each of which delivers its bytes in order, late and in pieces that differ from
// what was sent. While a direction is blocked its bytes wait, as TCP repeats them, or the connection is reset. Frames
// of an old connection may arrive after those of a newer one.

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "env/transport.h"
#include "sim/process.h"
#include "sim/random.h"
#include "sim/scheduler.h"

namespace graft::sim {

class SimConnection;
class SimLink;

struct NetworkConditions {
  Duration delay_min = std::chrono::microseconds(30);
  Duration delay_max = std::chrono::microseconds(800);
  double late = 0.002;            // chance that a piece takes up to 100 times delay_max
  double refuse = 0;              // chance that a connect is refused
  uint64_t bytes_per_second = 100 << 20;
};

class SimNetwork {
 public:
  SimNetwork(SimScheduler& scheduler, uint64_t seed) : scheduler_(scheduler), random_(seed, 4) {}

  SimScheduler& scheduler() { return scheduler_; }
  SimRandom& random() { return random_; }
  NetworkConditions conditions;

  // One way. A connection that crosses it may break some time later; else its bytes wait for unblock.
  void block(int from, int to);
  void unblock(int from, int to);
  void unblock_all();
  bool blocked(int from, int to) const { return blocked_.count({from, to}) > 0; }
  // Breaks one connection between the two, if there is one.
  void reset_one(int a, int b);

  // A dead process: its peers hear of it at once, or, when the machine fell silent, only long after.
  void on_death(SimProcess& process, bool silent);
  void reap(SimProcess& process);  // after on_death: releases the handlers of its connections
  void on_start(int node);         // a machine is up again: it answers what it no longer knows with a reset

  uint64_t resets() const { return resets_; }

 private:
  friend class SimTransport;
  friend class SimConnection;
  friend class SimLink;
  friend class SimListener;
  friend struct SimConnect;
  struct Listening {
    std::shared_ptr<SimProcess> process;
    env::Transport::Accept accept;
    uint64_t number = 0;
  };

  Duration delay(size_t bytes);
  void add_link(const std::shared_ptr<SimLink>& link);
  std::vector<std::shared_ptr<SimLink>> links();
  void kick_stalled();

  SimScheduler& scheduler_;
  SimRandom random_;
  std::set<std::pair<int, int>> blocked_;
  std::map<std::string, Listening> listening_;  // "host:port"
  std::map<std::string, int> hosts_;
  std::set<int> silent_;                        // machines that are down without a word
  std::vector<std::weak_ptr<SimLink>> links_;
  uint64_t next_number_ = 1;
  uint64_t resets_ = 0;
};

// Transport door of one life of a process.
class SimTransport final : public env::Transport {
 public:
  SimTransport(SimNetwork& network, std::shared_ptr<SimProcess> process, std::string host);

  Result<std::unique_ptr<env::Listener>> listen(const env::Address& address, const env::TlsFiles* tls, Accept accept) override;
  void connect(const env::Address& address, Duration timeout, std::shared_ptr<env::ConnectionHandler> handler,
               std::function<void(std::shared_ptr<env::Connection>)> connected) override;

 private:
  SimNetwork& network_;
  const std::shared_ptr<SimProcess> process_;
  const std::string host_;
};

}  // namespace graft::sim
