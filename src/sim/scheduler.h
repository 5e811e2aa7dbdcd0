#pragma once

#include <cstdint>
#include <vector>

#include "env/clock.h"
#include "env/task_runner.h"
#include "sim/random.h"

namespace graft::sim {

using env::Duration;

// Virtual time and the one event queue of a simulation. Single-threaded. Events at the same moment run in an order drawn
// from the seed.
//
// Inside an event time stands still, but for what the event charges (a disk's latency, work): now() includes it, and
// what the event schedules comes after it.
class SimScheduler {
 public:
  explicit SimScheduler(uint64_t seed) : random_(seed, 1) {}

  Duration now() const { return now_ + charged_; }
  void after(Duration delay, env::Task task);
  void charge(Duration time) { charged_ += time; }

  // Runs the next event; false when there is none.
  bool step();
  // Runs all events up to that moment and moves time there.
  void run_until(Duration moment);

  uint64_t events() const { return events_; }
  // A hash of all that has happened so far: two runs that agree on it took the same way.
  uint64_t fingerprint() const { return fingerprint_; }
  void note(uint64_t what) { fingerprint_ = (fingerprint_ ^ what) * 0x100000001b3u + (fingerprint_ >> 29); }

 private:
  struct Event {
    Duration at;
    uint64_t tie;
    env::Task task;
    bool operator<(const Event& o) const { return at != o.at ? at > o.at : tie > o.tie; }  // heap: earliest on top
  };
  std::vector<Event> heap_;
  Duration now_{0};
  Duration charged_{0};
  SimRandom random_;
  uint64_t events_ = 0;
  uint64_t fingerprint_ = 0xcbf29ce484222325u;
};

}  // namespace graft::sim
