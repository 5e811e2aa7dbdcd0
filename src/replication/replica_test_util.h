#pragma once

// Real replicas on the real doors, each in a directory of its own below the system's temporary directory.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "env/doors.h"
#include "replication/replica.h"

namespace graft::replication {

constexpr auto kTestTimeout = std::chrono::seconds(30);

// Waits for a callback's value; a test fails rather than hangs.
template <class T>
class Awaited {
 public:
  std::function<void(T)> callback() {
    return [state = state_](T value) {
      std::lock_guard lock(state->mutex);
      state->value.emplace(std::move(value));
      state->ready.notify_all();
    };
  }
  T get() {
    std::unique_lock lock(state_->mutex);
    if (!state_->ready.wait_for(lock, kTestTimeout, [&] { return state_->value.has_value(); })) {
      ADD_FAILURE() << "no callback in time";
      std::abort();
    }
    return std::move(*state_->value);
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

inline bool eventually(const std::function<bool()>& condition, std::chrono::seconds limit = std::chrono::seconds(15)) {
  auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

// A lane work from a lambda.
class TestWork final : public LaneWork {
 public:
  using Body = std::function<Result<Outcome>(graph::GraphTransaction&, bool with_budget)>;
  explicit TestWork(Body body) : body_(std::move(body)) {}
  Result<Outcome> run(graph::GraphTransaction& transaction, bool with_budget) override { return body_(transaction, with_budget); }

 private:
  Body body_;
};

inline std::shared_ptr<LaneWork> create_node(std::string label, int64_t number) {
  return std::make_shared<TestWork>([label = std::move(label), number](graph::GraphTransaction& t, bool) -> Result<LaneWork::Outcome> {
    std::vector<graph::LabelId> labels{t.label(label)};
    GRAFT_TRY_ASSIGN(graph::NodeId id, t.create_node(labels, {{t.property_key("number"), graph::Value::integer(number)}}));
    static_cast<void>(id);
    return LaneWork::Outcome::kDone;
  });
}

class TestNode {
 public:
  TestNode(const std::string& root, raft::MemberId id, std::vector<Member> peers)
      : directory_(root + "/node" + std::to_string(id)), id_(id), peers_(std::move(peers)) {}
  ~TestNode() { kill(); }

  Status start() {
    doors_ = std::make_unique<env::PosixDoors>(2);
    ReplicaOptions options;
    options.directory = directory_;
    for (const Member& member : peers_) {
      if (member.id == id_) options.self = member;
    }
    options.initial_peers = peers_;
    options.raft_listen = env::Address{options.self.ip, options.self.bolt_raft_port};
    options.checkpoint_interval = checkpoint_interval;
    options.most_in_index_slice = most_in_index_slice;
    options.state_sums_interval = state_sums_interval;
    options.log_segment_bytes = log_segment_bytes;
    options.store.map_reserve_bytes = uint64_t{1} << 30;  // several members share the address space of a sanitizer
    Roles roles{doors_->raft, doors_->log, doors_->lane, doors_->apply, doors_->background, doors_->transport.runner(), doors_->workers};
    GRAFT_TRY_ASSIGN(replica_, Replica::start(options, roles, doors_->clock, doors_->random, doors_->files, doors_->transport));
    return {};
  }
  // As a crash of the process, but for what the kernel holds.
  void kill() {
    if (!doors_) return;
    doors_->stop();
    replica_.reset();
    doors_.reset();
  }
  void stop() {
    Awaited<bool> stopped;
    replica_->stop([done = stopped.callback()] { done(true); });
    stopped.get();
    kill();
  }

  Replica& replica() { return *replica_; }
  bool running() const { return replica_ != nullptr; }
  raft::MemberId id() const { return id_; }
  const std::string& directory() const { return directory_; }

  Result<CommitOutcome> write(std::shared_ptr<LaneWork> work) {
    Awaited<Result<CommitOutcome>> outcome;
    replica_->autocommit(std::move(work), outcome.callback());
    return outcome.get();
  }
  Result<ReadVersion> read(bool linearizable, std::vector<std::string> bookmarks = {}) {
    Awaited<Result<ReadVersion>> version;
    ReadRequest request;
    request.linearizable = linearizable;
    request.bookmarks = std::move(bookmarks);
    request.timeout = std::chrono::seconds(10);
    replica_->read(std::move(request), version.callback());
    return version.get();
  }
  Result<std::unique_ptr<ExplicitTransaction>> begin() {
    // std::function wants what can be copied; the result is moved through a shared place.
    auto place = std::make_shared<std::optional<Result<std::unique_ptr<ExplicitTransaction>>>>();
    Awaited<bool> ready;
    replica_->begin({}, [place, done = ready.callback()](Result<std::unique_ptr<ExplicitTransaction>> t) {
      place->emplace(std::move(t));
      done(true);
    });
    ready.get();
    return std::move(**place);
  }
  Result<CommitOutcome> commit(std::unique_ptr<ExplicitTransaction> transaction) {
    Awaited<Result<CommitOutcome>> outcome;
    replica_->commit(std::move(transaction), outcome.callback());
    return outcome.get();
  }
  uint64_t nodes() { return graph::GraphView(replica_->applied().version).node_count(); }
  std::string sums() { return graph::state_sums(graph::GraphView(replica_->applied().version)).to_string(); }

  env::Duration checkpoint_interval = std::chrono::seconds(60);
  uint64_t most_in_index_slice = 1 << 20;
  env::Duration state_sums_interval = std::chrono::seconds(10);
  uint64_t log_segment_bytes = 64 << 20;

 private:
  std::string directory_;
  raft::MemberId id_;
  std::vector<Member> peers_;
  std::unique_ptr<env::PosixDoors> doors_;
  std::unique_ptr<Replica> replica_;
};

class ReplicaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "graft-replica-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override {
    nodes_.clear();
    std::filesystem::remove_all(root_);
  }

  static Member member(raft::MemberId id) {
    Member m;
    m.id = id;
    m.ip = "127.0.0." + std::to_string(100 + id);
    m.bolt_port = static_cast<uint16_t>(20000 + getpid() % 20000);
    m.bolt_raft_port = static_cast<uint16_t>(m.bolt_port + 1);
    return m;
  }
  static std::vector<Member> members(size_t count) {
    std::vector<Member> all;
    for (size_t i = 1; i <= count; ++i) all.push_back(member(i));
    return all;
  }
  TestNode& add(raft::MemberId id, std::vector<Member> peers) {
    nodes_.push_back(std::make_unique<TestNode>(root_, id, std::move(peers)));
    return *nodes_.back();
  }
  TestNode& node(size_t i) { return *nodes_[i]; }

  // The one that leads and says so; the test fails when there is none in time.
  TestNode& leader() {
    TestNode* found = nullptr;
    bool ok = eventually([&] {
      for (auto& n : nodes_) {
        if (n->running() && n->replica().leader_hint() == n->id() && n->replica().status().raft.role == raft::Role::kLeader) found = n.get();
      }
      return found != nullptr;
    });
    if (!ok) {
      for (auto& n : nodes_) {
        if (!n->running()) continue;
        ReplicaStatus status = n->replica().status();
        ADD_FAILURE() << "node " << n->id() << ": " << status.reason << " term " << status.raft.term << " leader " << status.raft.leader << " commit "
                      << status.raft.commit << " applied " << status.raft.applied << " log " << status.log_first << "-" << status.log_last;
      }
      std::abort();
    }
    return *found;
  }

  std::string root_;
  std::vector<std::unique_ptr<TestNode>> nodes_;
};

}  // namespace graft::replication
