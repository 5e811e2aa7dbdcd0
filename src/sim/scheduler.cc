#include "sim/scheduler.h"

#include <algorithm>

namespace graft::sim {

void SimScheduler::after(Duration delay, env::Task task) {
  heap_.push_back(Event{now() + std::max(delay, Duration::zero()), random_.next(), std::move(task)});
  std::push_heap(heap_.begin(), heap_.end());
}

bool SimScheduler::step() {
  if (heap_.empty()) return false;
  std::pop_heap(heap_.begin(), heap_.end());
  Event event = std::move(heap_.back());
  heap_.pop_back();
  now_ = event.at;
  charged_ = Duration::zero();
  events_++;
  note(static_cast<uint64_t>(now_.count()));
  event.task();
  charged_ = Duration::zero();
  return true;
}

void SimScheduler::run_until(Duration moment) {
  while (!heap_.empty() && heap_.front().at <= moment) step();
  now_ = std::max(now_, moment);
}

}  // namespace graft::sim
