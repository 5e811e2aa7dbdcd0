#pragma once

// Some Raft members in one process, with logs in memory and messages that are delivered by hand. For tests.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "raft/raft_node.h"

namespace graft::raft {

// A log and a member's state in memory; what a disk would keep.
class MemoryLog final : public LogReader {
 public:
  LogIndex base = 0;
  Term base_term = 0;
  std::vector<LogEntry> list;
  mutable int reads = 0;
  std::optional<SnapshotDescriptor> offer;
  bool broken = false;

  LogIndex first_index() const override { return base + 1; }
  LogIndex last_index() const override { return base + list.size(); }
  Result<Term> term(LogIndex i) const override {
    if (i == base) return base_term;
    if (i < base || i > last_index()) return Error{ErrorCode::kNotFound, "not in the log"};
    return list[i - base - 1].term;
  }
  Result<std::vector<LogEntry>> entries(LogIndex low, LogIndex high, uint64_t max_bytes) const override {
    ++reads;
    if (broken) return Error{ErrorCode::kIo, "log file: the disk is gone"};
    if (low <= base) return Error{ErrorCode::kNotFound, "cut off"};
    std::vector<LogEntry> out;
    uint64_t bytes = 0;
    for (LogIndex i = low; i < high && i <= last_index(); ++i) {
      bytes += list[i - base - 1].data.size();
      if (!out.empty() && bytes > max_bytes) break;
      out.push_back(list[i - base - 1]);
    }
    return out;
  }
  std::optional<SnapshotDescriptor> snapshot(LogIndex, MemberId) override { return offer; }

  void append(const std::vector<LogEntry>& entries) {
    for (const LogEntry& e : entries) {
      list.resize(e.index - base - 1);
      list.push_back(e);
    }
  }
};

struct TestServer {
  MemoryLog log;
  HardState hard_state;
  Configuration configuration;
  std::unique_ptr<RaftNode> node;
  std::vector<std::string> applied;       // data of normal entries
  LogIndex applied_index = 0;
  std::deque<uint64_t> unpersisted;       // Ready numbers
  std::vector<ReadState> reads;
  Role role = Role::kFollower;
  bool hold_persistence = false;
  bool reject_changes = false;
  uint64_t max_message = 0;
};

class TestCluster {
 public:
  explicit TestCluster(std::vector<MemberId> voters, std::function<void(RaftOptions&)> tune = {}) : tune_(std::move(tune)) {
    for (MemberId id : voters) {
      servers[id].configuration = {.voters = voters};
      start(id);
    }
  }

  void start(MemberId id) {
    TestServer& s = servers[id];
    RaftOptions o{.id = id, .random_seed = 100 + id, .applied = s.applied_index, .hard_state = s.hard_state, .configuration = s.configuration};
    if (tune_) tune_(o);
    auto made = RaftNode::create(o, s.log);
    ASSERT_TRUE(made.ok()) << made.error().message;
    s.node = std::move(made).value();
  }

  void elect(MemberId id) {
    servers[id].node->campaign();
    settle();
    ASSERT_EQ(servers[id].role, Role::kLeader);
  }

  TestServer& operator[](MemberId id) { return servers[id]; }
  RaftNode& node(MemberId id) { return *servers[id].node; }
  Term term(MemberId id) { return node(id).status().term; }

  // Handles Readys and delivers messages until nothing moves.
  void settle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& [id, s] : servers) {
        while (s.node && s.node->has_ready()) {
          handle(id, s);
          moved = true;
        }
      }
      std::deque<OutgoingMessage> now;
      now.swap(wire);
      for (OutgoingMessage& m : now) {
        moved = true;
        auto to = servers.find(m.to);
        if (cut.count(m.to) || to == servers.end() || !to->second.node) continue;
        (void)to->second.node->step(m.bytes);
      }
    }
  }

  void handle(MemberId id, TestServer& s) {
    Ready r = s.node->ready();
    if (r.role_changed) s.role = r.role;
    if (r.snapshot) {
      s.log.base = r.snapshot->index;
      s.log.base_term = r.snapshot->term;
      s.log.list.clear();
      s.applied_index = r.snapshot->index;
      s.configuration = r.snapshot->configuration;
    }
    send(id, r.messages);
    s.log.append(r.entries);
    if (r.hard_state) s.hard_state = *r.hard_state;
    if (s.hold_persistence) {
      s.unpersisted.push_back(r.number);
      held[id].insert(held[id].end(), r.persisted_messages.begin(), r.persisted_messages.end());
    } else {
      s.node->on_persisted(r.number);
      send(id, r.persisted_messages);
    }
    for (const LogEntry& e : r.committed_entries) {
      if (e.kind == EntryKind::kConfigurationChange) s.configuration = s.node->apply_change(e, s.reject_changes);
      else if (!e.data.empty()) s.applied.push_back(e.data);
      s.applied_index = e.index;
    }
    for (const ReadState& read : r.read_states) s.reads.push_back(read);
    s.node->on_applied(s.applied_index);
  }

  void persist(MemberId id) {
    TestServer& s = servers[id];
    s.hold_persistence = false;
    if (!s.unpersisted.empty()) s.node->on_persisted(s.unpersisted.back());
    s.unpersisted.clear();
    send(id, std::exchange(held[id], {}));
    settle();
  }

  void send(MemberId from, const std::vector<OutgoingMessage>& messages) {
    for (const OutgoingMessage& m : messages) {
      servers[from].max_message = std::max<uint64_t>(servers[from].max_message, m.bytes.size());
      ++sent;
      if (m.is_snapshot) offers.push_back(m.bytes);
      if (m.is_snapshot && lose_snapshots) continue;
      if (!cut.count(from)) wire.push_back(m);
    }
  }

  void tick(int n, std::set<MemberId> who = {}) {
    for (int i = 0; i < n; ++i) {
      for (auto& [id, s] : servers) {
        if (s.node && (who.empty() || who.count(id))) s.node->tick();
      }
      settle();
    }
  }

  std::map<MemberId, TestServer> servers;
  std::set<MemberId> cut;
  std::deque<OutgoingMessage> wire;
  std::map<MemberId, std::vector<OutgoingMessage>> held;
  int sent = 0;
  bool lose_snapshots = false;
  std::vector<std::string> offers;

 private:
  std::function<void(RaftOptions&)> tune_;
};

}  // namespace graft::raft
