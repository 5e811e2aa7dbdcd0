#include "sim/workloads/unique.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "sim/graph_helpers.h"

namespace graft::sim {
namespace {

using graph::GraphTransaction;
using graph::GraphView;
using graph::NodeId;
using graph::Value;

constexpr int kUniqueClients = 7;
constexpr uint64_t kUserNames = 6;

graph::IndexId name_index(const GraphView& view) {
  for (const graph::ConstraintDefinition& c : view.catalog().constraints()) {
    if (c.name == "user_name") return c.backing_index;
  }
  return graph::kNoToken;
}

std::vector<NodeId> find_users(const GraphView& view, const std::string& name) {
  const Value value[] = {Value::string(name)};
  std::vector<NodeId> found;
  auto cursor = view.index_seek(name_index(view), value);
  NodeId batch[8];
  while (size_t n = cursor->next(batch)) found.insert(found.end(), batch, batch + n);
  return found;
}

}  // namespace

UniqueWorkload::UniqueWorkload(SimCluster& cluster, uint64_t seed) : Workload(cluster, seed, kUniqueClients) {}

Status UniqueWorkload::set_up(GraphTransaction& transaction) {
  if (name_index(transaction.view()) != graph::kNoToken) return {};
  graph::ConstraintDefinition constraint;
  constraint.name = "user_name";
  constraint.kind = graph::ConstraintKind::kUnique;
  constraint.entity = graph::EntityKind::kNode;
  constraint.label_or_type = transaction.label("User");
  constraint.keys = {transaction.property_key("name")};
  return transaction.create_constraint(std::move(constraint));
}

void UniqueWorkload::learn(const GraphView&) {}

Status UniqueWorkload::perform(GraphTransaction& transaction, Operation& o) {
  const graph::PropertyKeyId name = transaction.property_key("name");
  if (o.kind == Kind::kCreate) {
    const graph::LabelId label[] = {transaction.label("User")};
    Result<NodeId> node = transaction.create_node(label, {{name, Value::string(o.name)},
                                                          {transaction.property_key("number"), Value::integer(o.number)}});
    return node.ok() ? Status() : Status(node.error());
  }
  o.deleted.clear();
  for (NodeId node : find_users(transaction.view(), o.name)) {
    if (o.kind == Kind::kRename) {
      GRAFT_TRY(transaction.set_node_property(node, name, Value::string(o.new_name)));
      continue;
    }
    o.deleted.push_back(integer_property(transaction.view(), node, "number"));
    GRAFT_TRY(transaction.delete_node(node));
  }
  return {};
}

void UniqueWorkload::operate(int client, std::function<void()> done) {
  auto o = std::make_shared<Operation>();
  const uint64_t dice = random().below(10);
  o->kind = dice < 5 ? Kind::kCreate : dice < 8 ? Kind::kDelete : Kind::kRename;
  o->name = fmt::format("name {}", random().below(kUserNames));
  o->new_name = fmt::format("name {}", random().below(kUserNames));
  o->number = static_cast<int64_t>(operations_.size());
  operations_.push_back(o);
  WriteWork work = [o](GraphTransaction& transaction) { return perform(transaction, *o); };
  WriteDone finish = [this, o, done = std::move(done)](Outcome outcome, raft::LogIndex) {
    o->outcome = outcome;
    report().count(outcome == Outcome::kCommitted ? "changes committed" : outcome == Outcome::kFailed ? "changes failed" : "changes unknown");
    done();
  };
  if (random().chance(0.4)) return explicit_transaction(client, {work}, std::move(finish));
  autocommit(client, work, std::move(finish));
}

void UniqueWorkload::inspect(const GraphView& view, const std::string& where) {
  const graph::IndexId index = name_index(view);
  if (index == graph::kNoToken) return;
  const auto key = view.catalog().property_key("name");
  if (!key) return report().violation(where + ": nothing has a name");
  std::map<std::string, NodeId> seen;
  for (NodeId node : nodes_of(view, "User")) {
    const graph::Value value = view.node_property(node, *key);
    if (value.type() != graph::ValueType::kString) {
      report().violation(fmt::format("{}: a user without a name", where));
      continue;
    }
    const std::string name(value.as_string());
    if (!seen.emplace(name, node).second) report().violation(fmt::format("{}: {} is there twice", where, name));
    const std::vector<NodeId> found = find_users(view, name);
    if (found.size() != 1 || found[0] != node) {
      report().violation(fmt::format("{}: the index gives {} nodes for {}", where, found.size(), name));
    }
  }
  if (view.index_entries(index) != seen.size()) {
    report().violation(fmt::format("{}: the index has {} entries for {} nodes", where, view.index_entries(index), seen.size()));
  }
}

void UniqueWorkload::check_end(const GraphView& view) {
  std::set<int64_t> there, deleted, maybe_deleted;
  for (NodeId node : nodes_of(view, "User")) there.insert(integer_property(view, node, "number"));
  for (const OperationPtr& o : operations_) {
    if (o->outcome == Outcome::kFailed) continue;
    auto& numbers = o->outcome == Outcome::kCommitted ? deleted : maybe_deleted;
    numbers.insert(o->deleted.begin(), o->deleted.end());
  }
  for (const OperationPtr& o : operations_) {
    if (o->kind != Kind::kCreate) continue;
    const bool exists = there.count(o->number) > 0;
    const bool gone = deleted.count(o->number) > 0;
    if (exists && gone) report().violation(fmt::format("user {}, whose deletion was acknowledged, is there", o->number));
    if (o->outcome == Outcome::kFailed && (exists || gone)) {
      report().violation(fmt::format("creating user {} failed and yet it happened", o->number));
    }
    if (o->outcome == Outcome::kCommitted && !exists && !gone && maybe_deleted.count(o->number) == 0) {
      report().violation(fmt::format("user {}, whose creation was acknowledged, is lost", o->number));
    }
  }
}

}  // namespace graft::sim
