#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace graft::sim {

// What a run found and did. The first violation is the one to look at; the rest may follow from it.
class Report {
 public:
  void violation(std::string text) {
    if (violations_.size() < 20) violations_.push_back(std::move(text));
  }
  // What was found since there were n violations was an illusion: it was read from pages that turned out damaged.
  void forget_since(size_t n) {
    if (violations_.size() > n) violations_.resize(n);
  }
  bool ok() const { return violations_.empty(); }
  const std::vector<std::string>& violations() const { return violations_; }

  void count(const std::string& what, uint64_t n = 1) { counts_[what] += n; }
  uint64_t counted(const std::string& what) const {
    auto it = counts_.find(what);
    return it == counts_.end() ? 0 : it->second;
  }
  const std::map<std::string, uint64_t>& counts() const { return counts_; }

 private:
  std::vector<std::string> violations_;
  std::map<std::string, uint64_t> counts_;
};

}  // namespace graft::sim
