#include "cypher/plan_cache.h"

namespace graft::cypher {
namespace {

bool fits(const PlanBasis& basis, const PlanBasis& now) {
  return basis.catalog == now.catalog && basis.procedures == now.procedures;
}

}  // namespace

std::shared_ptr<const PreparedQuery> PlanCache::find(std::string_view text, const PlanBasis& now) {
  std::lock_guard lock(mutex_);
  auto found = by_text_.find(text);
  if (found == by_text_.end() || !fits(found->second->basis, now)) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->query;
}

void PlanCache::put(std::string_view text, const PlanBasis& basis, std::shared_ptr<const PreparedQuery> query) {
  if (text.size() > kMaxTextBytes) return;
  std::lock_guard lock(mutex_);
  if (auto found = by_text_.find(text); found != by_text_.end()) {
    auto entry = found->second;
    by_text_.erase(found);
    entries_.erase(entry);
  }
  entries_.push_front({std::string(text), basis, std::move(query)});
  by_text_.emplace(entries_.front().text, entries_.begin());
  if (entries_.size() > kMaxPlans) {
    by_text_.erase(entries_.back().text);
    entries_.pop_back();
  }
}

}  // namespace graft::cypher
