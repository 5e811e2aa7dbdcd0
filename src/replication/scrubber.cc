#include "replication/scrubber.h"

#include <algorithm>

#include <fmt/format.h>

#include "env/trace.h"

namespace graft::replication {
namespace {

constexpr env::Duration kLeastPause = std::chrono::milliseconds(1);

}  // namespace

Scrubber::Scrubber(env::Duration interval, RoleHandle role, const env::Clock& clock, std::function<storage::VersionRef()> newest,
                   std::function<void(Error)> differs)
    : interval_(interval), role_(std::move(role)), clock_(clock), newest_(std::move(newest)), differs_(std::move(differs)), last_at_(clock.monotonic()) {}

void Scrubber::poll() {
  role_.post([this] { check(); });
}

void Scrubber::stop() {
  role_.post([this] {
    stopped_ = true;
    recount_.reset();
  });
}

void Scrubber::check() {
  if (stopped_ || recount_ || clock_.monotonic() - last_at_ < interval_) return;
  last_at_ = clock_.monotonic();
  storage::VersionRef version = newest_();
  if (!version) return;
  recount_ = std::make_unique<graph::StateSumsRecount>(graph::GraphView(std::move(version)));
  step();
}

void Scrubber::step() {
  if (!recount_) return;
  if (recount_->view().pin_cancelled()) return recount_.reset();  // it held up too much memory: later, of a newer version
  const env::Duration begun = clock_.monotonic();
  if (recount_->step(kSliceItems)) return finish();
  const env::Duration pause = std::max<env::Duration>(kPauseFactor * (clock_.monotonic() - begun), kLeastPause);
  role_.post_after(pause, [this] { step(); });
}

void Scrubber::finish() {
  const std::string counted = recount_->sums().to_string();
  const std::string carried = graph::state_sums(recount_->view()).to_string();
  recount_.reset();
  if (counted == carried) return env::trace(env::TraceLevel::kInfo, "scrub", "all pages are as the state sums say");
  differs_(Error{ErrorCode::kCorruption, fmt::format("what the pages hold is not what the state sums say: counted {}, carried {}", counted, carried)});
}

}  // namespace graft::replication
