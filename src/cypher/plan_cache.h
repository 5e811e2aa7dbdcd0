#pragma once

// Prepared statements by text, catalog and procedures; the least recently used go first. Thread-safe.

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cypher/query.h"

namespace graft::cypher {

// What a plan was made for, beside its text.
struct PlanBasis {
  uint64_t catalog = 0;      // Catalog::version()
  uint64_t procedures = 0;   // ProcedureRegistry::version()
};

class PlanCache {
 public:
  static constexpr size_t kMaxPlans = 2'000;
  static constexpr size_t kMaxTextBytes = 64 << 10;  // longer statements are not kept

  std::shared_ptr<const PreparedQuery> find(std::string_view text, const PlanBasis& now);
  void put(std::string_view text, const PlanBasis& basis, std::shared_ptr<const PreparedQuery> query);

 private:
  struct Entry {
    std::string text;
    PlanBasis basis;
    std::shared_ptr<const PreparedQuery> query;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;
};

}  // namespace graft::cypher
