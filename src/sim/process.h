#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "env/clock.h"
#include "env/task_runner.h"
#include "sim/random.h"
#include "sim/scheduler.h"

namespace graft::sim {

class SimProcess;

// A clock of one machine: drifts, and its wall time jumps.
class SimClock final : public env::Clock {
 public:
  explicit SimClock(const SimScheduler& scheduler) : scheduler_(scheduler) {}
  Duration monotonic() const override;
  Duration wall() const override;
  void set_drift(int64_t parts_per_million) { drift_ppm_ = parts_per_million; }
  void jump(Duration by) { wall_offset_ += by; }

 private:
  const SimScheduler& scheduler_;
  int64_t drift_ppm_ = 0;
  Duration wall_offset_{0};
};

// A serial role of one process. Tasks run one per event, each a little later than it could, now and then much later.
class SimTaskRunner final : public env::TaskRunner {
 public:
  SimTaskRunner(SimProcess& process, std::string name) : process_(process), name_(std::move(name)) {}

  void post(env::Task task) override;
  env::TimerId post_after(Duration delay, env::Task task) override;
  bool cancel(env::TimerId timer) override;
  size_t backlog() const override { return queue_.size(); }
  const std::string& name() const { return name_; }

 private:
  friend class SimProcess;
  struct Entry {
    env::Task task;         // empty: the timer's, if it was not cancelled meanwhile
    env::TimerId timer = 0;
  };
  void enqueue(Entry entry);
  void schedule_step();
  void run_one();
  void drop_all();

  SimProcess& process_;
  const std::string name_;
  std::deque<Entry> queue_;
  std::map<env::TimerId, env::Task> timers_;
  env::TimerId next_timer_ = 1;
  Duration busy_until_{0};
  bool step_scheduled_ = false;
};

// One life of a server process: from its start to its death. Always held by shared_ptr: events keep it.
class SimProcess : public std::enable_shared_from_this<SimProcess> {
 public:
  // seed: of this life's own random streams.
  SimProcess(SimScheduler& scheduler, uint64_t seed, int node);
  ~SimProcess();

  SimScheduler& scheduler() { return scheduler_; }
  SimRandom& random() { return random_; }        // of the doors: scheduling noise
  env::Random& door() { return door_random_; }   // what the program draws from
  int node() const { return node_; }
  bool alive() const { return alive_; }

  // From now on nothing that the process does has an effect. Its objects are still there: whoever made them destroys
  // them later, outside its tasks, and then calls reap().
  void die();
  void reap();  // drops all tasks and timers with what they own
  // Called once, from inside die().
  void set_on_death(env::Task task) { on_death_ = std::move(task); }

  // Nothing of it runs for a while (a stopped process, a long page fault).
  void pause(Duration time) { paused_until_ = std::max(paused_until_, scheduler_.now() + time); }
  Duration paused_until() const { return paused_until_; }

  SimTaskRunner raft, log, lane, apply, background, io, worker;

 private:
  SimScheduler& scheduler_;
  SimRandom random_;
  SimRandom door_random_;
  const int node_;
  bool alive_ = true;
  env::Task on_death_;
  Duration paused_until_{0};
};

}  // namespace graft::sim
