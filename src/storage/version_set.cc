#include "storage/version_set.h"

#include <algorithm>

#include "base/check.h"

namespace graft::storage {

VersionSet::VersionSet(PageHeap& heap, const FileMap& file, ExtentSink& sink, uint64_t retained_budget_bytes)
    : heap_(heap), file_(file), sink_(sink), budget_(retained_budget_bytes) {}

// The store is going away: everything in memory is freed, whoever retained it. Pins must have ended.
VersionSet::~VersionSet() {
  drop_chain();
  while (!collect(~size_t{0})) {
  }
  GRAFT_CHECK(existing_ == 1 && newest_ == applied_ && applied_->pins.load() == 1);
  for (const Retired& r : applied_->attached) free_tree(r.slot, 0);
  for (const TableRoot& t : applied_->root.list()) free_tree(t.slot, t.depth);
  delete applied_;
}

void VersionSet::free_tree(uint64_t slot, uint32_t depth) {
  if (slot == 0 || slot_in_file(slot)) return;
  PageHeader* page = PageHeader::of(slot);
  if (depth != 0) {
    const auto* children = reinterpret_cast<const uint64_t*>(page->bytes());
    for (uint32_t i = 0; i < kFanout; ++i) free_tree(children[i], depth - 1);
  }
  heap_.free(page);
}

void VersionSet::start(VersionNo number, Root root) {
  GRAFT_CHECK(applied_ == nullptr);
  auto* v = new Version;
  v->number = number;
  v->root = std::move(root);
  v->set = this;
  link(v);
  applied_ = v;
  last_appended_ = number;
  counter_ = number;
  applied_number_ = number;
}

void VersionSet::link(Version* v) {
  v->older = newest_;
  if (newest_) newest_->newer = v;
  newest_ = v;
  ++existing_;
}

void VersionSet::unlink(Version* v) {
  if (v->older) v->older->newer = v->newer;
  if (v->newer) v->newer->older = v->older; else newest_ = v->older;
  --existing_;
}

Version* VersionSet::pin_applied() {
  std::lock_guard lock(mutex_);
  pin(applied_);
  return applied_;
}

Version* VersionSet::pin_head() {
  std::lock_guard lock(mutex_);
  Version* v = chain_.empty() ? applied_ : chain_.back();
  pin(v);
  return v;
}

Version* VersionSet::newest_before(VersionNo died) {
  Version* v = newest_;
  while (v && v->number >= died) v = v->older;
  return v;
}

uint64_t VersionSet::bytes_of(const Retired& r) const {
  return slot_in_file(r.slot) ? 0 : sizeof(PageHeader) + PageHeader::of(r.slot)->capacity;
}

void VersionSet::attach_or_free(Version* newest, const Retired& r, std::vector<Retired>* free) {
  if (newest == nullptr || newest->number < r.born) {
    free->push_back(r);
    return;
  }
  newest->attached.push_back(r);
  uint64_t bytes = bytes_of(r);
  newest->attached_bytes += bytes;
  (newest->cancelled.load(std::memory_order_relaxed) ? retained_cancelled_ : retained_) += bytes;
}

// Takes one pin away; if it was the last, the version ends and what it retained moves on (V5).
bool VersionSet::drop_pin_locked(Version* v, std::vector<Retired>* free, std::vector<std::unique_ptr<Version>>* dead) {
  if (v->pins.fetch_sub(1, std::memory_order_acq_rel) != 1) return false;
  unlink(v);
  (v->cancelled.load(std::memory_order_relaxed) ? retained_cancelled_ : retained_) -= v->attached_bytes;
  for (const Retired& r : v->attached) attach_or_free(v->older, r, free);
  dead->emplace_back(v);
  return true;
}

void VersionSet::unpin(Version* v) {
  // Only the last pin needs the mutex, and none can be added to a version without pins (V2).
  uint64_t pins = v->pins.load(std::memory_order_relaxed);
  while (pins > 1) {
    if (v->pins.compare_exchange_weak(pins, pins - 1, std::memory_order_acq_rel)) return;
  }
  std::vector<Retired> free;
  std::vector<std::unique_ptr<Version>> dead;
  {
    std::lock_guard lock(mutex_);
    drop_pin_locked(v, &free, &dead);
  }
  release_all(free);
}

Version* VersionSet::append(std::unique_ptr<Version> version, VersionNo base) {
  std::lock_guard lock(mutex_);
  Version* head = chain_.empty() ? applied_ : chain_.back();
  GRAFT_CHECK(base == head->number);              // the fork's base must be the head
  GRAFT_CHECK(version->number > last_appended_);  // and the fork made after the last append or drop (V1)
  Version* v = version.release();
  v->set = this;
  v->pins.store(2, std::memory_order_relaxed);
  last_appended_ = v->number;
  link(v);
  chain_.push_back(v);
  return v;
}

void VersionSet::advance() {
  std::vector<Retired> free;
  std::vector<std::unique_ptr<Version>> dead;
  std::vector<PageHeader*> made;
  std::vector<Retired> retired;
  {
    std::lock_guard lock(mutex_);
    GRAFT_CHECK(!chain_.empty());
    Version* v = chain_.front();
    chain_.pop_front();
    Version* old = applied_;
    applied_ = v;
    applied_number_.store(v->number, std::memory_order_relaxed);
    drop_pin_locked(old, &free, &dead);
    made.swap(v->made);
    retired.swap(v->retired);
    for (const Retired& r : retired) attach_or_free(v->older, r, &free);
    for (const RetiredTable& t : v->retired_tables) dropped_.push_back({v->number, {{t.slot, t.depth, 0}}});
    v->retired_tables.clear();
    if (retained_ > budget_) enforce_budget();
  }
  release_all(free);
}

// A page that the dropped chain both made and retired: out of its maker's made list, as it is dealt with by interval.
void VersionSet::forget_made(std::deque<Version*>& chain, const Retired& r) {
  auto maker = std::lower_bound(chain.begin(), chain.end(), r.born,
                                [](const Version* v, VersionNo n) { return v->number < n; });
  GRAFT_CHECK(maker != chain.end() && (*maker)->number == r.born);
  auto& made = (*maker)->made;
  uint32_t i = PageHeader::of(r.slot)->made_index;
  made[i] = made.back();
  made[i]->made_index = i;
  made.pop_back();
}

void VersionSet::drop_chain() {
  std::vector<Retired> free;
  std::vector<std::unique_ptr<Version>> dead;
  {
    std::lock_guard lock(mutex_);
    if (chain_.empty()) return;
    std::deque<Version*> chain;
    chain.swap(chain_);
    VersionNo first = chain.front()->number;
    // Versions that nobody else pins go first, so that nothing is attached to them.
    for (Version* v : chain) drop_pin_locked(v, &free, &dead);
    for (Version* v : chain) {
      for (const Retired& r : v->retired) {
        if (slot_in_file(r.slot) || r.born < first) continue;  // the base's: it keeps it (V4)
        forget_made(chain, r);
        attach_or_free(newest_before(v->number), r, &free);
      }
    }
    for (Version* v : chain) {
      for (PageHeader* p : v->made) attach_or_free(newest_, {heap_slot(p, 0), p->born, false}, &free);
      v->made.clear();
      v->retired.clear();
      v->retired_tables.clear();
    }
  }
  release_all(free);
}

bool VersionSet::chain_empty() const {
  std::lock_guard lock(mutex_);
  return chain_.empty();
}

// Cancels the pins that retain most until the rest is within the budget. Their pages go when they let go.
void VersionSet::enforce_budget() {
  while (retained_ > budget_) {
    Version* worst = nullptr;
    for (Version* v = newest_; v; v = v->older) {
      if (!v->cancelled.load(std::memory_order_relaxed) && v->attached_bytes && (!worst || v->attached_bytes > worst->attached_bytes))
        worst = v;
    }
    if (worst == nullptr) return;
    worst->cancelled.store(true, std::memory_order_release);
    retained_ -= worst->attached_bytes;
    retained_cancelled_ += worst->attached_bytes;
  }
}

// Walks up to *budget pages of a dropped table, children before their node. True when done.
bool VersionSet::walk_dropped(DroppedTable& t, size_t* budget, std::vector<Retired>* free) {
  auto retire = [&](uint64_t slot) {
    VersionNo born = slot_in_file(slot) ? 0 : PageHeader::of(slot)->born;
    attach_or_free(newest_before(t.died), {slot, born, false}, free);
    --*budget;
  };
  while (!t.path.empty() && *budget != 0) {
    WalkFrame& f = t.path.back();
    if (f.slot == 0 || f.depth == 0 || f.next == kFanout) {
      if (f.slot != 0) retire(f.slot);
      t.path.pop_back();
      continue;
    }
    const char* node = file_.resolve(f.slot);
    uint64_t child = node ? reinterpret_cast<const uint64_t*>(node)[f.next] : 0;
    uint32_t depth = f.depth - 1;
    ++f.next;
    if (child != 0) t.path.push_back({child, depth, 0});
  }
  return t.path.empty();
}

bool VersionSet::collect(size_t max_pages) {
  std::lock_guard one(collect_mutex_);
  constexpr size_t kSlice = 256;  // pages walked under the mutex at a time
  for (;;) {
    std::vector<Retired> free;
    bool left;
    size_t budget = std::min(max_pages, kSlice);
    size_t before = budget;
    {
      std::lock_guard lock(mutex_);
      if (!dropped_.empty() && walk_dropped(dropped_.front(), &budget, &free)) dropped_.pop_front();
      left = !dropped_.empty();
    }
    release_all(free);
    if (!left) return true;
    max_pages -= before - budget;
    if (max_pages == 0) return false;
  }
}

bool VersionSet::garbage_left() const {
  std::lock_guard lock(mutex_);
  return !dropped_.empty();
}

void VersionSet::retire_extent(uint64_t slot, VersionNo born, VersionNo died) {
  std::vector<Retired> free;
  {
    std::lock_guard lock(mutex_);
    attach_or_free(newest_before(died), {slot, born, false}, &free);
  }
  release_all(free);
}

uint64_t VersionSet::retained_bytes() const {
  std::lock_guard lock(mutex_);
  return retained_ + retained_cancelled_;
}

uint64_t VersionSet::pin_count() const {
  std::lock_guard lock(mutex_);
  uint64_t held = existing_ - 1 - chain_.size() + (applied_->pins.load(std::memory_order_relaxed) > 1);
  for (const Version* v : chain_) held += v->pins.load(std::memory_order_relaxed) > 1;
  return held;
}

void VersionSet::release(const Retired& r) {
  VersionNo applied = applied_number_.load(std::memory_order_relaxed);
  if (slot_in_file(r.slot)) {
    sink_.extent_unseen(r.slot, applied);
    return;
  }
  PageHeader* page = PageHeader::of(r.slot);
  uint64_t extent = page->disk.load(std::memory_order_acquire);
  if (extent != 0 && !r.keep_extent) sink_.extent_unseen(extent, applied);
  heap_.free(page);
}

void VersionSet::release_all(const std::vector<Retired>& list) {
  for (const Retired& r : list) release(r);
}

}  // namespace graft::storage
