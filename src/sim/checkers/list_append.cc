#include "sim/checkers/list_append.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/checkers/cycle.h"

namespace graft::sim {
namespace {

using ListOutcome = ListTransaction::Outcome;

class Checker {
 public:
  Checker(const std::vector<ListTransaction>& history, const FinalLists& lists) : history_(history), lists_(lists) {}

  std::vector<std::string> run() {
    find_writers();
    check_lists();
    if (!problems_.empty()) return problems_;
    edges_.resize(history_.size());
    for (const auto& [key, list] : lists_) order_writes(list);
    for (size_t t = 0; t < history_.size(); t++) place_reads(t);
    if (!problems_.empty()) return problems_;
    add_real_time();
    report_cycle();
    return problems_;
  }

 private:
  template <class... A>
  void problem(fmt::format_string<A...> format, A&&... args) {
    if (problems_.size() < 5) problems_.push_back(fmt::format(format, std::forward<A>(args)...));
  }
  const std::vector<int64_t>& list(int64_t key) const {
    static const std::vector<int64_t> kEmpty;
    auto it = lists_.find(key);
    return it == lists_.end() ? kEmpty : it->second;
  }
  void edge(size_t from, size_t to, const char* kind) {
    if (from != to) edges_[from].push_back(Edge{to, kind});
  }

  void find_writers() {
    for (size_t t = 0; t < history_.size(); t++) {
      for (const ListOperation& o : history_[t].operations) {
        if (o.append) writer_[o.value] = t;
      }
    }
  }

  void check_lists() {
    std::map<int64_t, int> times;
    for (const auto& [key, list] : lists_) {
      for (int64_t value : list) {
        auto writer = writer_.find(value);
        if (writer == writer_.end()) {
          problem("list {} holds {}, which nobody appended", key, value);
        } else if (history_[writer->second].outcome == ListOutcome::kFailed) {
          problem("list {} holds {}, whose transaction {} failed", key, value, history_[writer->second].name);
        }
        if (++times[value] == 2) problem("{} was appended twice to list {}", value, key);
      }
    }
    for (const ListTransaction& t : history_) {
      if (t.outcome == ListOutcome::kFailed) continue;
      size_t there = 0, appended = 0;
      for (const ListOperation& o : t.operations) {
        if (!o.append) continue;
        appended++;
        there += times.count(o.value);
      }
      if (t.outcome == ListOutcome::kCommitted && there < appended) problem("transaction {} was acknowledged and is lost", t.name);
      if (there != 0 && there != appended) problem("transaction {} happened by half", t.name);
    }
  }

  void order_writes(const std::vector<int64_t>& list) {
    for (size_t i = 1; i < list.size(); i++) edge(writer_[list[i - 1]], writer_[list[i]], "ww");
  }

  void place_reads(size_t t) {
    if (history_[t].outcome != ListOutcome::kCommitted) return;
    std::map<int64_t, std::vector<int64_t>> own;  // appended so far in this transaction
    for (const ListOperation& o : history_[t].operations) {
      if (o.append) {
        own[o.key].push_back(o.value);
        continue;
      }
      std::vector<int64_t> read = o.result;
      const std::vector<int64_t>& mine = own[o.key];
      if (read.size() < mine.size() || !std::equal(mine.rbegin(), mine.rend(), read.rbegin())) {
        problem("transaction {} does not see its own appends in list {}: read {}", history_[t].name, o.key, read);
        continue;
      }
      read.resize(read.size() - mine.size());
      const std::vector<int64_t>& all = list(o.key);
      if (read.size() > all.size() || !std::equal(read.begin(), read.end(), all.begin())) {
        problem("transaction {} read {} of list {}, which is no beginning of {}", history_[t].name, read, o.key, all);
        continue;
      }
      if (!read.empty()) edge(writer_[read.back()], t, "wr");
      if (read.size() < all.size()) edge(t, writer_[all[read.size()]], "rw");
    }
  }

  // completed before invoked: through a chain of moments, so that the edges stay few.
  void add_real_time() {
    struct Moment {
      env::Duration at;
      bool invoked;
      size_t transaction;
    };
    std::vector<Moment> moments;
    for (size_t t = 0; t < history_.size(); t++) {
      if (!history_[t].real_time || history_[t].outcome != ListOutcome::kCommitted) continue;
      moments.push_back({history_[t].invoked, true, t});
      moments.push_back({history_[t].completed, false, t});
    }
    std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
      return a.at != b.at ? a.at < b.at : a.invoked > b.invoked;
    });
    size_t last = edges_.size();
    bool have_last = false;
    for (const Moment& m : moments) {
      if (m.invoked) {
        if (have_last) edges_[last].push_back(Edge{m.transaction, "time"});
        continue;
      }
      edges_.emplace_back();
      const size_t now = edges_.size() - 1;
      edges_[m.transaction].push_back(Edge{now, "time"});
      if (have_last) edges_[last].push_back(Edge{now, "time"});
      last = now;
      have_last = true;
    }
  }

  void report_cycle() {
    const std::vector<CycleStep> cycle = find_cycle(edges_);
    if (cycle.empty()) return;
    std::string text = "not serializable:";
    for (const CycleStep& step : cycle) {
      if (step.node >= history_.size()) continue;
      text += fmt::format(" {} -{}->", describe(history_[step.node]), step.kind);
    }
    problems_.push_back(text + " (the first)");
  }

  static std::string describe(const ListTransaction& t) {
    std::string text = t.name + "{";
    for (const ListOperation& o : t.operations) {
      if (o.append) text += fmt::format(" append {} {}", o.key, o.value);
      else text += fmt::format(" read {} (..{}, {} values)", o.key, o.result.empty() ? -1 : o.result.back(), o.result.size());
    }
    return text + fmt::format(" {}..{} us}}", t.invoked.count() / 1000, t.completed.count() / 1000);
  }

  const std::vector<ListTransaction>& history_;
  const FinalLists& lists_;
  std::map<int64_t, size_t> writer_;
  Edges edges_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> check_list_append(const std::vector<ListTransaction>& history, const FinalLists& lists) {
  return Checker(history, lists).run();
}

}  // namespace graft::sim
