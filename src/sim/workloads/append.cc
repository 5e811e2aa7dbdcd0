#include "sim/workloads/append.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/graph_helpers.h"

namespace graft::sim {
namespace {

using graph::GraphTransaction;
using graph::GraphView;
using graph::NodeId;
using graph::Value;

constexpr int kAppendClients = 7;
constexpr int64_t kKeysAtOnce = 4;
constexpr int64_t kValuesPerKey = 50;  // then the next key comes into play

graph::IndexId register_index(const GraphView& view) {
  for (const graph::IndexDefinition& index : view.catalog().indexes()) {
    if (index.name == "registers") return index.id;
  }
  return graph::kNoToken;
}

NodeId find_register(const GraphView& view, int64_t key) {
  const Value value[] = {Value::integer(key)};
  auto cursor = view.index_seek(register_index(view), value);
  NodeId found[2];
  return cursor->next(found) == 0 ? graph::kNoId : found[0];
}

std::vector<int64_t> list_of(const GraphView& view, NodeId node) {
  std::vector<int64_t> values;
  if (node == graph::kNoId) return values;
  const auto key = view.catalog().property_key("list");
  if (!key) return values;
  const Value list = view.node_property(node, *key);
  if (list.type() != graph::ValueType::kList) return values;
  for (const Value& v : list.as_list()) values.push_back(v.as_integer());
  return values;
}

Status append(GraphTransaction& transaction, const ListOperation& o) {
  const graph::PropertyKeyId list_key = transaction.property_key("list");
  const NodeId node = find_register(transaction.view(), o.key);
  if (node == graph::kNoId) {
    const graph::LabelId label[] = {transaction.label("Register")};
    return transaction.create_node(label, {{transaction.property_key("key"), Value::integer(o.key)},
                                           {list_key, Value::list({Value::integer(o.value)})}}).ok()
               ? Status()
               : Status(Error{ErrorCode::kInternal, "cannot create a register"});
  }
  const Value now = transaction.view().node_property(node, list_key);
  graph::List list = now.type() == graph::ValueType::kList ? now.as_list() : graph::List();
  list.push_back(Value::integer(o.value));
  return transaction.set_node_property(node, list_key, Value::list(std::move(list)));
}

Status perform(GraphTransaction& transaction, ListOperation& o) {
  if (o.append) return append(transaction, o);
  o.result = list_of(transaction.view(), find_register(transaction.view(), o.key));
  return {};
}

}  // namespace

AppendWorkload::AppendWorkload(SimCluster& cluster, uint64_t seed) : Workload(cluster, seed, kAppendClients) {}

Status AppendWorkload::set_up(GraphTransaction& transaction) {
  if (register_index(transaction.view()) != graph::kNoToken) return {};
  graph::IndexDefinition index;
  index.name = "registers";
  index.labels_or_types = {transaction.label("Register")};
  index.keys = {transaction.property_key("key")};
  GRAFT_TRY_ASSIGN(const graph::IndexId id, transaction.create_index(std::move(index)));
  (void)id;
  return {};
}

void AppendWorkload::learn(const GraphView&) {}

int64_t AppendWorkload::pick_key() {
  const int64_t oldest = next_value_ / kValuesPerKey;
  return oldest + static_cast<int64_t>(random().below(kKeysAtOnce));
}

std::vector<ListOperation> AppendWorkload::plan(bool reads_only) {
  std::vector<ListOperation> operations;
  const uint64_t n = random().between(1, 4);
  for (uint64_t i = 0; i < n; i++) {
    ListOperation o;
    o.key = pick_key();
    o.append = !reads_only && random().chance(0.5);
    if (o.append) o.value = next_value_++;
    operations.push_back(std::move(o));
  }
  return operations;
}

void AppendWorkload::operate(int client, std::function<void()> done) {
  const uint64_t dice = random().below(100);
  auto t = std::make_shared<ListTransaction>();
  t->operations = plan(dice < 20);
  t->name = fmt::format("T{}", history_.size());
  t->invoked = cluster().scheduler().now();
  history_.push_back(t);
  if (dice < 20) return read(t, std::move(done));
  write(client, t, dice >= 60, std::move(done));
}

void AppendWorkload::write(int client, HistoryPtr t, bool explicitly, std::function<void()> done) {
  for (const ListOperation& o : t->operations) t->real_time = t->real_time || o.append || !explicitly;
  WriteDone finish = [this, t, explicitly, done = std::move(done)](Outcome outcome, raft::LogIndex at) {
    t->completed = cluster().scheduler().now();
    t->outcome = outcome == Outcome::kCommitted ? ListTransaction::Outcome::kCommitted
                 : outcome == Outcome::kFailed  ? ListTransaction::Outcome::kFailed
                                                : ListTransaction::Outcome::kUnknown;
    t->name += fmt::format("{}@{}", explicitly ? "x" : "a", at);
    report().count(outcome == Outcome::kCommitted ? "list transactions committed"
                   : outcome == Outcome::kFailed  ? "list transactions failed"
                                                  : "list transactions unknown");
    done();
  };
  std::vector<WriteWork> steps;
  for (size_t i = 0; i < t->operations.size(); i++) {
    steps.push_back([t, i](GraphTransaction& transaction) { return perform(transaction, t->operations[i]); });
  }
  if (explicitly) return explicit_transaction(client, std::move(steps), std::move(finish));
  autocommit(client, [steps](GraphTransaction& transaction) -> Status {
    for (const WriteWork& step : steps) GRAFT_TRY(step(transaction));
    return {};
  }, std::move(finish));
}

void AppendWorkload::read(HistoryPtr t, std::function<void()> done) {
  replication::ReadRequest request;
  request.linearizable = t->real_time = random().chance(0.5);
  request.timeout = std::chrono::seconds(3);
  t->outcome = ListTransaction::Outcome::kFailed;
  cluster().read(any_server(), std::move(request), [t](const replication::ReadVersion& version) {
    const GraphView view(version.version);
    if (register_index(view) == graph::kNoToken) return;  // older than the set-up: reads nothing
    for (ListOperation& o : t->operations) o.result = list_of(view, find_register(view, o.key));
    t->name += fmt::format("r@{}", version.position.index);
  }, [this, t, done = std::move(done)](Status status) {
    t->completed = cluster().scheduler().now();
    if (status.ok()) t->outcome = ListTransaction::Outcome::kCommitted;
    report().count(status.ok() ? "list reads" : "list reads failed");
    done();
  });
}

void AppendWorkload::inspect(const GraphView& view, const std::string& where) {
  const graph::IndexId index = register_index(view);
  if (index == graph::kNoToken) return;
  std::vector<int64_t> keys;
  for (NodeId node : nodes_of(view, "Register")) {
    const int64_t key = integer_property(view, node, "key");
    keys.push_back(key);
    if (find_register(view, key) == graph::kNoId) {
      report().violation(fmt::format("{}: register {} is missing in the index", where, key));
    }
  }
  std::sort(keys.begin(), keys.end());
  if (std::adjacent_find(keys.begin(), keys.end()) != keys.end()) {
    report().violation(fmt::format("{}: two registers of one key (a lost update of a missing key)", where));
  }
  if (view.index_entries(index) != keys.size()) {
    report().violation(fmt::format("{}: the index has {} entries for {} registers", where, view.index_entries(index), keys.size()));
  }
}

void AppendWorkload::check_end(const GraphView& view) {
  FinalLists lists;
  for (NodeId node : nodes_of(view, "Register")) lists[integer_property(view, node, "key")] = list_of(view, node);
  std::vector<ListTransaction> history;
  for (const HistoryPtr& t : history_) history.push_back(*t);
  for (std::string& problem : check_list_append(history, lists)) report().violation(std::move(problem));
}

}  // namespace graft::sim
