#include "sim/workloads/bank.h"

#include <fmt/format.h>

#include "sim/graph_helpers.h"

namespace graft::sim {
namespace {

using graph::Direction;
using graph::GraphTransaction;
using graph::GraphView;
using graph::LabelId;
using graph::NodeId;
using graph::Value;

constexpr int64_t kAccounts = 8;
constexpr int64_t kStart = 100;
constexpr int kBankClients = 6;

}  // namespace

BankWorkload::BankWorkload(SimCluster& cluster, uint64_t seed) : Workload(cluster, seed, kBankClients) {}

Status BankWorkload::set_up(GraphTransaction& transaction) {
  if (!nodes_of(transaction.view(), "Account").empty()) return {};
  const LabelId account[] = {transaction.label("Account")};
  for (int64_t i = 0; i < kAccounts; i++) {
    GRAFT_TRY_ASSIGN(const NodeId node, transaction.create_node(account, {{transaction.property_key("number"), Value::integer(i)},
                                                                         {transaction.property_key("balance"), Value::integer(kStart)}}));
    (void)node;
  }
  return {};
}

void BankWorkload::learn(const GraphView& view) {
  accounts_.assign(kAccounts, graph::kNoId);
  for (NodeId node : nodes_of(view, "Account")) {
    const int64_t number = integer_property(view, node, "number");
    if (number >= 0 && number < kAccounts) accounts_[static_cast<size_t>(number)] = node;
  }
}

void BankWorkload::operate(int client, std::function<void()> done) {
  const uint64_t dice = random().below(100);
  if (dice < 55) return transfer(client, false, std::move(done));
  if (dice < 80) return transfer(client, true, std::move(done));
  read(client, std::move(done));
}

Status BankWorkload::move(GraphTransaction& transaction, const Transfer& t) const {
  const graph::PropertyKeyId balance = transaction.property_key("balance");
  for (auto [account, change] : {std::pair(t.from, -t.amount), std::pair(t.to, t.amount)}) {
    const Value now = transaction.view().node_property(accounts_[account], balance);
    if (now.type() != graph::ValueType::kInteger) return Error{ErrorCode::kInternal, "an account has no balance"};
    GRAFT_TRY(transaction.set_node_property(accounts_[account], balance, Value::integer(now.as_integer() + change)));
  }
  return {};
}

Status BankWorkload::record(GraphTransaction& transaction, Transfer& t, const std::vector<NodeId>& accounts) {
  const LabelId label[] = {transaction.label("Transfer")};
  const graph::PropertyKeyId amount = transaction.property_key("amount");
  GRAFT_TRY_ASSIGN(t.node, transaction.create_node(label, {{transaction.property_key("number"), Value::integer(t.number)}}));
  for (auto [type, account] : {std::pair("FROM", t.from), std::pair("TO", t.to)}) {
    GRAFT_TRY_ASSIGN(const graph::RelationshipId id,
                     transaction.create_relationship(transaction.type(type), t.node, accounts[account], {{amount, Value::integer(t.amount)}}));
    (void)id;
  }
  return {};
}

void BankWorkload::transfer(int client, bool explicitly, std::function<void()> done) {
  auto t = std::make_shared<Transfer>();
  t->number = static_cast<int64_t>(transfers_.size());
  t->from = random().below(kAccounts);
  t->to = (t->from + 1 + random().below(kAccounts - 1)) % kAccounts;
  t->amount = static_cast<int64_t>(random().between(1, 20));
  transfers_.push_back(t);
  WriteWork first = [this, t](GraphTransaction& transaction) { return move(transaction, *t); };
  WriteWork second = [this, t](GraphTransaction& transaction) { return record(transaction, *t, accounts_); };
  WriteDone finish = [this, t, client, done = std::move(done)](Outcome outcome, raft::LogIndex at) {
    t->outcome = outcome;
    t->committed_at = at;
    report().count(outcome == Outcome::kCommitted ? "transfers committed" : outcome == Outcome::kFailed ? "transfers failed" : "transfers unknown");
    if (outcome == Outcome::kCommitted) {
      acknowledged_.push_back(t);
      last_of_client_[client] = t;
    }
    done();
  };
  if (explicitly) return explicit_transaction(client, {first, second}, std::move(finish));
  autocommit(client, [first, second](GraphTransaction& transaction) -> Status {
    GRAFT_TRY(first(transaction));
    return second(transaction);
  }, std::move(finish));
}

void BankWorkload::check_seen(const GraphView& view, const Transfer& t, const std::string& who) const {
  if (view.node_exists(t.node) && integer_property(view, t.node, "number") == t.number) return;
  const_cast<BankWorkload*>(this)->report().violation(
      fmt::format("{} does not see transfer {}, committed at log index {}", who, t.number, t.committed_at));
}

void BankWorkload::read(int client, std::function<void()> done) {
  const int server = any_server();
  replication::ReadRequest request;
  request.timeout = std::chrono::seconds(3);
  request.linearizable = random().chance(0.5);
  TransferPtr last = last_of_client_[client];
  const bool bookmark = last != nullptr && random().chance(0.5) && !cluster_id_.empty();
  if (bookmark) request.bookmarks = {replication::Position{cluster_id_, epoch_, last->committed_at}.bookmark()};
  std::vector<TransferPtr> expected;
  if (request.linearizable) {
    for (size_t i = acknowledged_.size(); i > 0 && expected.size() < 5; i--) expected.push_back(acknowledged_[i - 1]);
  }
  if (bookmark) expected.push_back(last);
  const char* kind = request.linearizable ? "a linearizable read" : "a read with a bookmark";
  cluster().read(server, std::move(request), [this, server, expected, kind](const replication::ReadVersion& version) {
    const GraphView view(version.version);
    const std::string where = fmt::format("{} on {} at log index {}", kind, cluster().machine(server).host, version.position.index);
    cluster_id_ = version.position.cluster;
    epoch_ = version.position.epoch;
    for (const TransferPtr& t : expected) check_seen(view, *t, where);
    inspect(view, where);
  }, [this, done = std::move(done)](Status status) {
    report().count(status.ok() ? "reads" : "reads failed");
    done();
  });
}

void BankWorkload::inspect(const GraphView& view, const std::string& where) {
  const std::vector<NodeId> accounts = nodes_of(view, "Account");
  if (accounts.empty()) return;  // before the set-up
  int64_t total = 0;
  for (NodeId node : accounts) total += integer_property(view, node, "balance");
  if (accounts.size() != kAccounts || total != kAccounts * kStart) {
    report().violation(fmt::format("{}: {} accounts hold {} instead of {}", where, accounts.size(), total, kAccounts * kStart));
  }
  if (++inspections_ % 64 == 0) check_balances(view, where);
}

void BankWorkload::check_balances(const GraphView& view, const std::string& where) {
  const auto from = view.catalog().type("FROM"), to = view.catalog().type("TO");
  const auto amount = view.catalog().property_key("amount");
  if (!from || !to || !amount) return;
  for (NodeId account : nodes_of(view, "Account")) {
    int64_t balance = kStart;
    graph::NeighbourCursor cursor;
    graph::NeighbourRun run;
    view.expand(account, Direction::kIncoming, {}, &cursor);
    while (cursor.next(&run)) {
      for (uint32_t i = 0; i < run.count; i++) {
        const Value v = view.relationship_property(run.relationship(i), *amount);
        const int64_t moved = v.type() == graph::ValueType::kInteger ? v.as_integer() : 1'000'000;
        balance += run.type == *to ? moved : -moved;
      }
    }
    const int64_t stored = integer_property(view, account, "balance");
    if (balance == stored) continue;
    report().violation(fmt::format("{}: account {} holds {}, its transfers say {}", where, integer_property(view, account, "number"), stored, balance));
  }
}

void BankWorkload::check_end(const GraphView& view) {
  check_balances(view, "at the end");
  std::map<int64_t, int> seen;
  for (NodeId node : nodes_of(view, "Transfer")) {
    seen[integer_property(view, node, "number")]++;
    if (view.degree(node, Direction::kOutgoing, {}) != 2) report().violation("at the end: a transfer without its two accounts");
  }
  for (const TransferPtr& t : transfers_) {
    const int times = seen[t->number];
    if (times > 1) report().violation(fmt::format("transfer {} happened {} times", t->number, times));
    if (t->outcome == Outcome::kCommitted && times == 0) {
      report().violation(fmt::format("transfer {}, acknowledged at log index {}, is lost", t->number, t->committed_at));
    }
    if (t->outcome == Outcome::kFailed && times > 0) report().violation(fmt::format("transfer {} failed and yet happened", t->number));
  }
}

}  // namespace graft::sim
