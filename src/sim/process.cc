#include "sim/process.h"

#include <algorithm>

namespace graft::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Duration kWallStart = std::chrono::seconds(1'700'000'000);

Duration task_delay(SimRandom& random) {
  if (random.below(2000) == 0) return milliseconds(random.between(1, 15));  // another thread had the core
  return Duration(random.between(500, 20'000));
}

}  // namespace

Duration SimClock::monotonic() const {
  const Duration now = scheduler_.now();
  return now + Duration(now.count() / 1'000'000 * drift_ppm_);
}

Duration SimClock::wall() const { return kWallStart + monotonic() + wall_offset_; }

void SimTaskRunner::post(env::Task task) {
  if (process_.alive()) enqueue(Entry{std::move(task)});
}

void SimTaskRunner::enqueue(Entry entry) {
  queue_.push_back(std::move(entry));
  if (!step_scheduled_) schedule_step();
}

void SimTaskRunner::schedule_step() {
  step_scheduled_ = true;
  const Duration now = process_.scheduler().now();
  const Duration ready = std::max({now, busy_until_, process_.paused_until()});
  process_.scheduler().after(ready - now + task_delay(process_.random()),
                             [this, life = process_.shared_from_this()] { run_one(); });
}

void SimTaskRunner::run_one() {
  step_scheduled_ = false;
  if (!process_.alive() || queue_.empty()) return;
  SimScheduler& scheduler = process_.scheduler();
  if (process_.paused_until() > scheduler.now()) return schedule_step();
  Entry entry = std::move(queue_.front());
  queue_.pop_front();
  if (entry.timer != 0) {
    auto it = timers_.find(entry.timer);
    if (it != timers_.end()) {
      entry.task = std::move(it->second);
      timers_.erase(it);
    }
  }
  if (entry.task) entry.task();
  entry.task = env::Task();
  busy_until_ = scheduler.now();
  if (!queue_.empty() && !step_scheduled_) schedule_step();
}

env::TimerId SimTaskRunner::post_after(Duration delay, env::Task task) {
  const env::TimerId id = next_timer_++;
  if (!process_.alive()) return id;
  timers_.emplace(id, std::move(task));
  process_.scheduler().after(delay, [this, id, life = process_.shared_from_this()] {
    if (process_.alive() && timers_.count(id) > 0) enqueue(Entry{env::Task(), id});
  });
  return id;
}

bool SimTaskRunner::cancel(env::TimerId timer) {
  auto it = timers_.find(timer);
  if (it == timers_.end()) return false;
  const env::Task dropped = std::move(it->second);
  timers_.erase(it);
  return true;
}

void SimTaskRunner::drop_all() {
  // Destructors of what tasks own may come back here: take everything out first.
  const std::deque<Entry> queue = std::move(queue_);
  const std::map<env::TimerId, env::Task> timers = std::move(timers_);
  queue_.clear();
  timers_.clear();
}

SimProcess::SimProcess(SimScheduler& scheduler, uint64_t seed, int node)
    : raft(*this, "raft"), log(*this, "log"), lane(*this, "lane"), apply(*this, "apply"),
      background(*this, "background"), io(*this, "io"), worker(*this, "worker"),
      scheduler_(scheduler), random_(seed, 2), door_random_(seed, 3), node_(node) {}

SimProcess::~SimProcess() = default;

void SimProcess::die() {
  if (!alive_) return;
  alive_ = false;
  scheduler_.note(0xdead00u + static_cast<uint64_t>(node_));
  env::Task on_death = std::move(on_death_);
  if (on_death) on_death();
}

void SimProcess::reap() {
  for (SimTaskRunner* runner : {&raft, &log, &lane, &apply, &background, &io, &worker}) runner->drop_all();
}

}  // namespace graft::sim
