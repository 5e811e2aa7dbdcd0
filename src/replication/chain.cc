#include "replication/chain.h"

#include <algorithm>

#include "base/check.h"

namespace graft::replication {
namespace {

Error lost_leadership() {
  return Error{ErrorCode::kLeadershipLost, "leadership moved before the commit was replicated; it had no effect and may be tried again"};
}

Error unknown_outcome() {
  return Error{ErrorCode::kUnknownOutcome,
               "leadership moved while the commit was being replicated and its outcome could not be found out: it may or may not have "
               "taken effect; read before trying again"};
}

}  // namespace

Chain::Chain(std::shared_ptr<storage::Store> store, AppliedPoint applied, const env::Clock& clock)
    : clock_(clock), store_(std::move(store)), applied_(std::move(applied)), replay_mark_(applied_.mark) {}

Chain::~Chain() = default;

void Chain::run(Calls calls) {
  for (auto& [waiters, fate] : calls) {
    for (FateCallback& waiter : waiters) waiter(fate);
  }
}

AppliedPoint Chain::applied() const {
  std::lock_guard lock(mutex_);
  return applied_;
}

std::shared_ptr<storage::Store> Chain::store() const {
  std::lock_guard lock(mutex_);
  return store_;
}

Chain::Standing Chain::standing() const {
  std::lock_guard lock(mutex_);
  return {store_, applied_, opening_};
}

std::shared_ptr<Opening> Chain::opening() const {
  std::lock_guard lock(mutex_);
  return opening_;
}

void Chain::detach_locked() {
  ++generation_;
  if (opening_) opening_->alive = false;
  opening_ = nullptr;
  if (items_.empty()) return;
  env::Duration now = clock_.monotonic();
  for (Item& item : items_) {
    item.watched_since = now;
    watched_.push_back(std::move(item));
  }
  items_.clear();
  bytes_ = 0;
  store_->drop_head();
}

void Chain::settle_locked(const ChainMark& mark, const Result<raft::LogIndex>& fate, Calls* calls) {
  auto it = std::lower_bound(watched_.begin(), watched_.end(), mark, [](const Item& item, const ChainMark& m) { return item.mark < m; });
  if (it == watched_.end() || it->mark != mark) return;
  calls->emplace_back(std::move(it->waiters), fate);
  watched_.erase(it);
}

void Chain::close() {
  std::lock_guard lock(mutex_);
  leader_term_ = 0;
  draining_ = false;
  detach_locked();
}

void Chain::abandon(const Error& error) {
  Calls calls;
  {
    std::lock_guard lock(mutex_);
    leader_term_ = 0;
    detach_locked();
    for (Item& item : watched_) calls.emplace_back(std::move(item.waiters), Error(error));
    watched_.clear();
  }
  run(std::move(calls));
}

void Chain::set_draining(bool draining) {
  std::lock_guard lock(mutex_);
  draining_ = draining;
}

void Chain::set_throttled(bool throttled) {
  std::lock_guard lock(mutex_);
  throttled_ = throttled;
}

bool Chain::drained() const {
  std::lock_guard lock(mutex_);
  return items_.empty() && !batch_running_;
}

void Chain::set_leader(raft::Term term) {
  std::lock_guard lock(mutex_);
  if (leader_term_ == term) return;
  detach_locked();
  leader_term_ = term;
  last_number_ = 0;
  draining_ = false;
  throttled_ = false;
}

void Chain::refused(const ChainMark& mark, const Error& error) {
  Calls calls;
  {
    std::lock_guard lock(mutex_);
    if (!items_.empty() && items_.front().mark <= mark && mark <= items_.back().mark) detach_locked();
    settle_locked(mark, error, &calls);
  }
  run(std::move(calls));
}

void Chain::expire_watched() {
  Calls calls;
  {
    std::lock_guard lock(mutex_);
    env::Duration now = clock_.monotonic();
    for (Item& item : watched_) {
      if (item.waiters.empty() || now - item.watched_since < kWatchTime) continue;
      calls.emplace_back(std::move(item.waiters), unknown_outcome());
      item.waiters.clear();
    }
  }
  run(std::move(calls));
}

Chain::Gate Chain::begin_batch(Batch* batch) {
  std::lock_guard lock(mutex_);
  if (!opening_) return leader_term_ == 0 ? Gate::kNotLeader : Gate::kStarting;
  if (draining_ || throttled_ || want_pause_ || items_.size() >= kMaxItems || bytes_ >= kMaxBytes) return Gate::kFull;
  batch_running_ = true;
  batch->store = store_;
  batch->opening = opening_;
  batch->head = store_->head();
  batch->generation = generation_;
  batch->mark = ChainMark{leader_term_, last_number_ + 1};
  batch->predecessor = predecessor_;
  return Gate::kOpen;
}

std::optional<storage::VersionNo> Chain::append(const Batch& batch, std::unique_ptr<storage::Fork> fork, size_t bytes,
                                                std::vector<FateCallback> waiters) {
  std::lock_guard lock(mutex_);
  batch_running_ = false;
  if (batch.generation != generation_) return std::nullopt;
  storage::VersionNo version = store_->append_head(std::move(fork)).number();
  items_.push_back(Item{batch.mark, bytes, 1, std::move(waiters), {}});
  bytes_ += bytes;
  last_number_ = batch.mark.number;
  predecessor_ = batch.mark.number;
  return version;
}

void Chain::end_batch(const Batch&) {
  std::lock_guard lock(mutex_);
  batch_running_ = false;
}

void Chain::when_head_applied(const Batch& batch, FateCallback done) {
  Result<raft::LogIndex> fate = raft::LogIndex{0};
  {
    std::lock_guard lock(mutex_);
    ChainMark wanted{batch.mark.term, batch.predecessor};
    for (std::deque<Item>* list : {&items_, &watched_}) {
      auto it = std::lower_bound(list->begin(), list->end(), wanted, [](const Item& item, const ChainMark& m) { return item.mark < m; });
      if (it != list->end() && it->mark == wanted) {
        it->waiters.push_back(std::move(done));
        return;
      }
    }
    fate = applied_.index;
    // Not pending, and the chain was closed since: the version read may have been dropped.
    if (batch.predecessor != 0 && batch.generation != generation_) fate = lost_leadership();
  }
  done(fate);
}

bool Chain::is_current(uint64_t generation) const {
  std::lock_guard lock(mutex_);
  return generation == generation_;
}

Chain::Verdict Chain::judge(raft::LogIndex index, raft::Term term, const Envelope& envelope) {
  std::lock_guard lock(mutex_);
  if (!fits(replay_mark_, term, envelope)) {
    settle_locked(envelope.mark, lost_leadership(), &ready_calls_);
    return Verdict::kNoOp;
  }
  replay_mark_ = envelope.mark;
  if (!items_.empty() && items_.front().mark == envelope.mark) {
    Item item = std::move(items_.front());
    items_.pop_front();
    bytes_ -= item.bytes;
    for (uint32_t i = 0; i < item.versions; ++i) store_->advance_applied();
    applied_ = AppliedPoint{store_->applied(), index, term, envelope.mark};
    ready_calls_.emplace_back(std::move(item.waiters), index);
    return Verdict::kAdvanced;
  }
  // Not what this leader made: whatever it had made on top of the old `applied` is void.
  if (opening_) detach_locked();
  settle_locked(envelope.mark, index, &ready_calls_);
  replaying_ = true;
  return Verdict::kReplay;
}

bool Chain::sums_apply(raft::Term term, const Envelope& envelope) const {
  std::lock_guard lock(mutex_);
  return !replaying_ && fits(applied_.mark, term, envelope);
}

void Chain::seal_replay(std::unique_ptr<storage::Fork> fork, raft::LogIndex index, raft::Term term) {
  std::lock_guard lock(mutex_);
  GRAFT_CHECK(replaying_ && items_.empty());
  store_->append_head(std::move(fork));
  store_->advance_applied();
  applied_ = AppliedPoint{store_->applied(), index, term, replay_mark_};
  replaying_ = false;
}

void Chain::advance_to(raft::LogIndex index, raft::Term term) {
  Calls calls;
  {
    std::lock_guard lock(mutex_);
    GRAFT_CHECK(!replaying_);
    applied_.index = index;
    applied_.term = term;
    calls.swap(ready_calls_);
    while (!watched_.empty() && watched_.front().mark.term < term) {
      calls.emplace_back(std::move(watched_.front().waiters), lost_leadership());
      watched_.pop_front();
    }
  }
  run(std::move(calls));
}

bool Chain::try_open() {
  std::lock_guard lock(mutex_);
  if (opening_ || leader_term_ == 0 || applied_.term != leader_term_ || replaying_) return false;
  // Entries of this term whose fate is open would come on top of what we read now.
  if (!watched_.empty() && watched_.back().mark.term == leader_term_) return false;
  auto opening = std::make_shared<Opening>();
  opening->term = leader_term_;
  opening->ids = std::make_unique<graph::IdAllocator>(graph::GraphView(applied_.version));
  opening_ = std::move(opening);
  predecessor_ = applied_.mark.term == leader_term_ ? applied_.mark.number : 0;
  last_number_ = std::max(last_number_, predecessor_);
  return true;
}

void Chain::replace_store(std::shared_ptr<storage::Store> store, AppliedPoint applied) {
  Calls calls;
  {
    std::lock_guard lock(mutex_);
    leader_term_ = 0;
    detach_locked();
    store_ = std::move(store);
    applied_ = std::move(applied);
    replay_mark_ = applied_.mark;
    replaying_ = false;
    // Items of the mark's own term up to its number are ancestors of what the snapshot holds: they took effect.
    auto it = watched_.begin();
    while (it != watched_.end()) {
      if (it->mark.term == applied_.mark.term && it->mark.number <= applied_.mark.number) {
        calls.emplace_back(std::move(it->waiters), applied_.index);
      } else if (it->mark.term < applied_.term) {
        calls.emplace_back(std::move(it->waiters), unknown_outcome());
      } else {
        ++it;
        continue;
      }
      it = watched_.erase(it);
    }
  }
  run(std::move(calls));
}

std::optional<bool> Chain::release_clean_pages(size_t max_pages) {
  std::lock_guard lock(mutex_);
  if (batch_running_ || replaying_) {
    want_pause_ = opening_ != nullptr;
    return std::nullopt;
  }
  want_pause_ = false;
  storage::Store::Released released = store_->release_clean_pages(max_pages);
  if (released.version && !items_.empty()) {
    ++items_.back().versions;
  } else if (released.version) {
    store_->advance_applied();
    applied_.version = store_->applied();  // the same state at the same index
  }
  return released.more;
}

void Chain::cancel_release() {
  std::lock_guard lock(mutex_);
  want_pause_ = false;
}

}  // namespace graft::replication
