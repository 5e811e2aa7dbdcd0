// bench_storage [nodes] [relationships] [directory]: what storage costs, on one power-law graph, in one run.
//
// Each line: what | measured | bar. "CSR" is the same graph in plain arrays (offsets, targets), the fastest there is.
// What one thread computes is measured in its own processor time, so that neighbours on the machine disturb less; what
// waits for a disk in wall-clock time. A directory that is given is kept, and a graph found in it is used.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "env/posix/clock.h"
#include "env/posix/file_system.h"
#include "env/posix/thread_runner.h"
#include "graph/footprint.h"
#include "graph/transaction.h"
#include "graph/view.h"
#include "replication/checkpointer.h"
#include "storage/store.h"

namespace graft {
namespace {

using graph::Direction;
using replication::Checkpointer;
using graph::GraphTransaction;
using graph::GraphView;
using graph::NeighbourCursor;
using graph::NeighbourRun;
using graph::NodeId;
using graph::TypeId;
using graph::Value;

constexpr uint64_t kLoadBatch = 10'000;
constexpr int kStarts = 20'000;

env::PosixClock real_clock;
double now_s() { return std::chrono::duration<double>(real_clock.monotonic()).count(); }
double cpu_s() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

void line(const std::string& what, const std::string& measured, const std::string& bar) {
  fmt::print("{:<58} {:>34}   {}\n", what, measured, bar);
  std::fflush(stdout);
}

uint64_t next_random(uint64_t* state) {
  uint64_t z = (*state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Power law: the density of rank r falls as r^-1/2; ranks are scattered over the ids.
uint32_t power_law_node(uint64_t* state, uint32_t nodes) {
  double u = static_cast<double>(next_random(state) >> 11) * 0x1p-53;
  auto rank = static_cast<uint64_t>(u * u * nodes);
  return static_cast<uint32_t>(rank * 2654435761u % nodes);
}

struct Csr {
  std::vector<uint64_t> offsets;
  std::vector<uint32_t> targets;
};

Csr make_csr(uint32_t nodes, uint64_t relationships) {
  std::vector<std::pair<uint32_t, uint32_t>> pairs(relationships);
  uint64_t state = 1;
  for (auto& [from, to] : pairs) {
    from = power_law_node(&state, nodes);
    to = power_law_node(&state, nodes);
  }
  std::sort(pairs.begin(), pairs.end());
  Csr csr;
  csr.offsets.assign(nodes + 1, 0);
  for (auto& [from, to] : pairs) {
    ++csr.offsets[from + 1];
    csr.targets.push_back(to);
  }
  for (uint32_t i = 0; i < nodes; ++i) csr.offsets[i + 1] += csr.offsets[i];
  return csr;
}

class StorageBench {
 public:
  StorageBench(uint32_t nodes, uint64_t relationships, std::string directory)
      : csr_(make_csr(nodes, relationships)), directory_(std::move(directory)) {
    open();
  }

  void run() {
    load();
    two_hops("in memory");
    scan("in memory");
    commits(64);
    commits(1);
    two_hops("after the commits");
    pinned_reader();
    bytes();
    checkpoint_beside_log();
    release();
    two_hops("mapped from the page file");
    scan("mapped from the page file");
    reopen();
  }

 private:
  void open() {
    double begun = now_s();
    auto store = storage::Store::open(files_, directory_, {});
    if (!store.ok()) {
      fmt::print(stderr, "{}\n", store.error().message);
      std::exit(1);
    }
    store_ = std::move(store).value();
    opened_s_ = now_s() - begun;
    ids_ = std::make_unique<graph::IdAllocator>(GraphView(store_->applied()));
  }

  template <class Work>
  uint64_t commit(Work&& work) {
    GraphTransaction t(store_->fork(store_->head()), *ids_, nullptr);
    work(t);
    std::unique_ptr<storage::Fork> fork = t.release_fork();
    uint64_t copied = fork->bytes_copied();
    store_->append_head(std::move(fork));
    store_->advance_applied();
    return copied;
  }

  void load();
  void two_hops(const char* state);
  uint64_t csr_count(uint64_t* expansions) const;
  uint64_t csr_walk(uint64_t* expansions) const;
  uint64_t graft_paths(bool walk, uint64_t* expansions) const;
  uint64_t csr_scan() const;
  uint64_t graft_scan(uint64_t* count) const;
  void scan(const char* state);
  void commits(uint64_t batch);
  void pinned_reader();
  void bytes();
  void checkpoint_beside_log();
  void release();
  void reopen();

  uint32_t nodes() const { return static_cast<uint32_t>(csr_.offsets.size() - 1); }
  uint64_t insert_random(uint64_t count, uint64_t batch);

  env::PosixFileSystem files_;
  Csr csr_;
  std::string directory_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<graph::IdAllocator> ids_;
  std::vector<NodeId> node_ids_;
  TypeId type_ = graph::kNoToken;
  graph::PropertyKeyId key_ = graph::kNoToken;
  double opened_s_ = 0;
  uint64_t random_ = 42;
};

void StorageBench::load() {
  if (GraphView view(store_->applied()); view.node_count() != 0) {
    node_ids_.resize(view.node_count());
    view.scan_nodes()->next(node_ids_);
    type_ = *view.catalog().type("KNOWS");
    key_ = *view.catalog().property_key("weight");
    return;
  }
  double begun = cpu_s();
  for (uint32_t done = 0; done < nodes();) {
    commit([&](GraphTransaction& t) {
      type_ = t.type("KNOWS");
      key_ = t.property_key("weight");
      graph::LabelId label = t.label("Person");
      for (uint64_t i = 0; i < kLoadBatch && done < nodes(); ++i, ++done)
        node_ids_.push_back(t.create_node(std::span(&label, 1), {}).value());
      t.take_change_set();
      t.take_write_terms();
    });
  }
  double nodes_done = cpu_s();
  uint32_t from = 0;
  for (uint64_t done = 0; done < csr_.targets.size();) {
    commit([&](GraphTransaction& t) {
      for (uint64_t i = 0; i < kLoadBatch && done < csr_.targets.size(); ++i, ++done) {
        while (csr_.offsets[from + 1] <= done) ++from;
        t.create_relationship(type_, node_ids_[from], node_ids_[csr_.targets[done]], {}).value();
      }
      t.take_change_set();
      t.take_write_terms();
    });
  }
  double end = cpu_s();
  line("load, us per node", fmt::format("{:.2f}", (nodes_done - begun) / nodes() * 1e6), "");
  line("load, us per relationship in batches of 10,000", fmt::format("{:.2f}", (end - nodes_done) / static_cast<double>(csr_.targets.size()) * 1e6), "");
}

// Paths of two relationships from random nodes: counted (the second node's degree only), or walked to their ends.
void StorageBench::two_hops(const char* state) {
  for (bool walk : {false, true}) {
    double csr_ns = 1e99, graft_ns = 1e99;
    uint64_t csr_sum = 0, graft_sum = 0;
    for (int round = 0; round < 7; ++round) {
      uint64_t expansions = 0;
      double begun = cpu_s();
      csr_sum = walk ? csr_walk(&expansions) : csr_count(&expansions);
      csr_ns = std::min(csr_ns, (cpu_s() - begun) * 1e9 / static_cast<double>(expansions));
      expansions = 0;
      begun = cpu_s();
      graft_sum = graft_paths(walk, &expansions);
      graft_ns = std::min(graft_ns, (cpu_s() - begun) * 1e9 / static_cast<double>(expansions));
    }
    line(fmt::format("2-hop {}, ns per expansion, {}", walk ? "walk" : "count", state),
         fmt::format("{:.1f} (CSR {:.1f}, {:.2f} x)", graft_ns, csr_ns, graft_ns / csr_ns), walk ? "" : "<= 2 x CSR");
    if (!walk && graft_sum < csr_sum) fmt::print("WRONG: counted {}, the arrays have {}\n", graft_sum, csr_sum);
  }
}

uint64_t StorageBench::csr_count(uint64_t* expansions) const {
  uint64_t seed = 7, sum = 0;
  for (int s = 0; s < kStarts; ++s) {
    uint64_t a = next_random(&seed) % nodes();
    for (uint64_t i = csr_.offsets[a]; i < csr_.offsets[a + 1]; ++i) {
      uint32_t b = csr_.targets[i];
      sum += csr_.offsets[b + 1] - csr_.offsets[b];
    }
    *expansions += 1 + csr_.offsets[a + 1] - csr_.offsets[a];
  }
  return sum;
}

uint64_t StorageBench::csr_walk(uint64_t* expansions) const {
  uint64_t seed = 7, sum = 0;
  for (int s = 0; s < kStarts; ++s) {
    uint64_t a = next_random(&seed) % nodes();
    for (uint64_t i = csr_.offsets[a]; i < csr_.offsets[a + 1]; ++i) {
      uint32_t b = csr_.targets[i];
      for (uint64_t j = csr_.offsets[b]; j < csr_.offsets[b + 1]; ++j) sum += csr_.targets[j];
    }
    *expansions += 1 + csr_.offsets[a + 1] - csr_.offsets[a];
  }
  return sum;
}

// Ids gathered until there are some dozens, as operators gather rows; visit(ids) takes them.
template <class Visit>
class Gatherer {
 public:
  explicit Gatherer(Visit visit) : visit_(std::move(visit)) {}
  void add(const NeighbourRun& run) {
    for (uint32_t from = 0; from < run.count;) {
      const uint32_t n = std::min<uint32_t>(run.count - from, GraphView::kPrefetchNodes - count_);
      for (uint32_t i = 0; i < n; ++i) ids_[count_ + i] = run.neighbour(from + i);
      from += n;
      count_ += n;
      if (count_ == GraphView::kPrefetchNodes) flush();
    }
  }
  void flush() {
    visit_(std::span<const NodeId>(ids_, count_));
    count_ = 0;
  }

 private:
  NodeId ids_[GraphView::kPrefetchNodes];
  uint32_t count_ = 0;
  Visit visit_;
};

// The graph's own interface for many nodes is used: prefetch_adjacency before an expansion, degrees for a count.
uint64_t StorageBench::graft_paths(bool walk, uint64_t* expansions) const {
  GraphView view(store_->applied());
  NeighbourCursor first, second;
  NeighbourRun run, run2;
  uint64_t seed = 7, sum = 0, counts[GraphView::kPrefetchNodes];
  auto count_ends = [&](std::span<const NodeId> ids) {
    view.degrees(ids, Direction::kOutgoing, {}, std::span(counts, ids.size()));
    for (size_t i = 0; i < ids.size(); ++i) sum += counts[i];
  };
  auto walk_ends = [&](std::span<const NodeId> ids) {
    view.prefetch_adjacency(ids, Direction::kOutgoing);
    for (NodeId b : ids) {
      view.expand(b, Direction::kOutgoing, {}, &second);
      while (second.next(&run2)) {
        for (uint32_t i = 0; i < run2.count; ++i) sum += run2.neighbour(i);
      }
    }
  };
  Gatherer counted(count_ends);
  Gatherer walked(walk_ends);
  NodeId starts[GraphView::kPrefetchNodes];
  for (int s = 0; s < kStarts;) {
    size_t n = 0;
    for (; n < GraphView::kPrefetchNodes && s < kStarts; ++n, ++s) starts[n] = node_ids_[next_random(&seed) % nodes()];
    view.prefetch_adjacency(std::span(starts, n), Direction::kOutgoing);
    for (size_t i = 0; i < n; ++i) {
      view.expand(starts[i], Direction::kOutgoing, {}, &first);
      ++*expansions;
      while (first.next(&run)) {
        *expansions += run.count;
        if (walk) walked.add(run);
        else counted.add(run);
      }
    }
  }
  counted.flush();
  walked.flush();
  return sum;
}

uint64_t StorageBench::csr_scan() const {
  uint64_t sum = 0;
  for (uint32_t a = 0; a < nodes(); ++a) {
    for (uint64_t i = csr_.offsets[a]; i < csr_.offsets[a + 1]; ++i) sum += a ^ csr_.targets[i];
  }
  return sum;
}

uint64_t StorageBench::graft_scan(uint64_t* count) const {
  GraphView view(store_->applied());
  uint64_t sum = 0;
  auto cursor = view.scan_relationships(type_);
  graph::RelationshipCursor::Item items[256];
  while (size_t n = cursor->next(items)) {
    for (size_t i = 0; i < n; ++i) sum += items[i].start ^ items[i].end;
    *count += n;
  }
  return sum;
}

void StorageBench::scan(const char* state) {
  double csr_ns = 1e99, graft_ns = 1e99;
  uint64_t csr_sum = 0, sum = 0, count = 0;
  for (int round = 0; round < 3; ++round) {
    double begun = cpu_s();
    csr_sum = csr_scan();
    csr_ns = std::min(csr_ns, (cpu_s() - begun) * 1e9 / static_cast<double>(csr_.targets.size()));
    count = 0;
    begun = cpu_s();
    sum = graft_scan(&count);
    graft_ns = std::min(graft_ns, (cpu_s() - begun) * 1e9 / static_cast<double>(count));
  }
  line(fmt::format("relationship scan, ns each, {}", state),
       fmt::format("{:.2f} (CSR {:.2f}, {:.2f} x)", graft_ns, csr_ns, graft_ns / csr_ns), "<= 3 x CSR");
  if (count < csr_.targets.size() || sum == csr_sum + 1) fmt::print("WRONG: scanned {}\n", count);
}

// Relationships between power-law nodes, one property each. Gives the bytes copied.
uint64_t StorageBench::insert_random(uint64_t count, uint64_t batch) {
  uint64_t copied = 0;
  for (uint64_t done = 0; done < count; done += batch) {
    copied += commit([&](GraphTransaction& t) {
      for (uint64_t i = 0; i < batch; ++i) {  // each its own commit: its own change set
        NodeId from = node_ids_[power_law_node(&random_, nodes())], to = node_ids_[power_law_node(&random_, nodes())];
        t.create_relationship(type_, from, to, {{key_, Value::integer(static_cast<int64_t>(done + i))}}).value();
        GRAFT_CHECK(!t.take_change_set().empty());
        t.take_write_terms();
      }
    });
  }
  return copied;
}

void StorageBench::commits(uint64_t batch) {
  uint64_t count = batch == 1 ? 20'000 : 100'096 / batch * batch;
  double begun = cpu_s();
  uint64_t copied = insert_random(count, batch);
  double us = (cpu_s() - begun) * 1e6 / static_cast<double>(count);
  line(fmt::format("commit of a relationship with a property, batches of {}", batch),
       fmt::format("{:.2f} us, {:.1f} KiB copied", us, static_cast<double>(copied) / static_cast<double>(count) / 1024),
       batch == 1 ? "<= 20 us" : "<= 10 us, <= 20 KiB");
}

void StorageBench::pinned_reader() {
  storage::VersionRef pinned = store_->applied();
  uint64_t before = store_->stats().heap_page_bytes;
  insert_random(100'032, 64);
  storage::StoreStats stats = store_->stats();
  line("one pinned reader over 100,000 inserts retains",
       fmt::format("{:.0f} MiB (heap +{:.0f} MiB)", static_cast<double>(stats.retained_bytes) / (1 << 20),
                   (static_cast<double>(stats.heap_page_bytes) - static_cast<double>(before)) / (1 << 20)), "");
}

void StorageBench::bytes() {
  uint64_t count = GraphView(store_->applied()).relationship_count();
  line("bytes per relationship, in memory, nodes included",
       fmt::format("{:.1f}", static_cast<double>(store_->stats().heap_page_bytes) / static_cast<double>(count)), "");
}

// A log that appends 4 KiB and syncs every 2 ms, as the Raft log does under load.
class LogWriter {
 public:
  LogWriter(env::FileSystem& files, const std::string& path)
      : file_(std::move(files.open(path, env::OpenMode::kCreate)).value()), block_(4096, 'x') {}
  void start() {
    stop_ = false;
    runner_.post([this] { write(); });
  }
  // Latencies in ms, sorted.
  std::vector<double> stop() {
    stop_ = true;
    std::unique_lock lock(mutex_);
    stopped_.wait(lock, [this] { return !busy_; });
    std::sort(latencies_.begin(), latencies_.end());
    return std::move(latencies_);
  }

 private:
  void write() {
    {
      std::lock_guard lock(mutex_);
      busy_ = !stop_;
      stopped_.notify_all();
      if (!busy_) return;
    }
    GRAFT_CHECK(file_->write_at(end_, block_).ok());
    end_ += block_.size();
    double begun = now_s();
    GRAFT_CHECK(file_->sync().ok());
    latencies_.push_back((now_s() - begun) * 1e3);
    runner_.post_after(std::chrono::milliseconds(2), [this] { write(); });
  }
  std::unique_ptr<env::File> file_;
  std::string block_;
  uint64_t end_ = 0;
  std::vector<double> latencies_;
  std::atomic<bool> stop_ = false;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool busy_ = true;
  env::ThreadRunner runner_{"log"};
};

double quantile(const std::vector<double>& sorted, double q) {
  return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, static_cast<size_t>(q * static_cast<double>(sorted.size())))];
}

// At the pace of the replication layer.
void StorageBench::checkpoint_beside_log() {
  LogWriter log(files_, directory_ + "/log");
  env::ThreadRunner timer("pause");
  auto pause = [&](env::Duration d) {
    std::atomic<bool> over = false;
    timer.post_after(d, [&] { over = true; over.notify_one(); });
    over.wait(false);
  };
  log.start();
  pause(std::chrono::seconds(10));
  std::vector<double> idle = log.stop();
  log.start();
  double begun = now_s();
  auto checkpoint = store_->begin_checkpoint(store_->applied(), {1, 1, ""});
  for (;;) {
    env::Duration step_begun = real_clock.monotonic();
    Result<bool> done = (*checkpoint)->step(Checkpointer::kStepBytes);
    GRAFT_CHECK(done.ok());
    if (*done) break;
    pause(Checkpointer::pause_after(real_clock.monotonic() - step_begun));
  }
  double took = now_s() - begun;
  std::vector<double> busy = log.stop();
  uint64_t written = (*checkpoint)->bytes_written();
  checkpoint->reset();
  line(fmt::format("checkpoint of {} MiB, paced", written >> 20), fmt::format("{:.1f} s, {:.0f} MiB/s", took, static_cast<double>(written) / took / (1 << 20)), "");
  line("the log's fdatasync beside it, p99.9 ms",
       fmt::format("{:.2f} (idle {:.2f}; p50 {:.2f}, {:.2f})", quantile(busy, 0.999), quantile(idle, 0.999), quantile(busy, 0.5), quantile(idle, 0.5)),
       "<= 3 x idle, or 10 ms");
}

void StorageBench::release() {
  double begun = now_s(), longest = 0;
  for (;;) {
    double slice = now_s();
    storage::Store::Released released = store_->release_clean_pages(Checkpointer::kReleasePages);
    if (released.version) store_->advance_applied();
    longest = std::max(longest, now_s() - slice);
    if (!released.more) break;
  }
  line("switching to mapped pages", fmt::format("{:.2f} s, longest slice {:.1f} ms", now_s() - begun, longest * 1e3), "");
  line("left in memory, MiB", fmt::format("{:.1f}", static_cast<double>(store_->stats().heap_page_bytes) / (1 << 20)), "");
}

void StorageBench::reopen() {
  uint64_t file = store_->stats().file_bytes, count = GraphView(store_->applied()).relationship_count();
  line("bytes per relationship, in the page file", fmt::format("{:.1f}", static_cast<double>(file) / static_cast<double>(count)), "");
  ids_.reset();
  store_.reset();
  open();
  double begun = now_s();
  GraphView view(store_->applied());
  GRAFT_CHECK(view.relationship_count() == count);
  view.degree(node_ids_[5], Direction::kBoth, {});
  line(fmt::format("opening a graph of {} MiB, s", file >> 20), fmt::format("{:.4f} (first query {:.4f})", opened_s_, now_s() - begun), "< 1");
  two_hops("just opened");
}

}  // namespace
}  // namespace graft

int main(int argc, char** argv) {
  auto number = [&](int i, long otherwise) { return argc > i ? std::atol(argv[i]) : otherwise; };
  std::string directory = argc > 3 ? argv[3] : "graft_bench_storage";
  graft::env::PosixFileSystem files;
  if (argc <= 3 && !files.remove_tree(directory).ok()) return 1;
  graft::StorageBench(static_cast<uint32_t>(number(1, 1'000'000)), static_cast<uint64_t>(number(2, 19'000'000)), directory).run();
  return argc > 3 || files.remove_tree(directory).ok() ? 0 : 1;
}
