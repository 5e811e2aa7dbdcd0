#include "sim/workloads/schema.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "sim/graph_helpers.h"

namespace graft::sim {
namespace {

using graph::ConstraintDefinition;
using graph::ConstraintKind;
using graph::GraphTransaction;
using graph::GraphView;
using graph::IndexDefinition;
using graph::IndexState;
using graph::NodeId;
using graph::Value;

constexpr int kSchemaClients = 6;
constexpr uint64_t kItemNames = 40;
constexpr const char* kRules[] = {"by_name", "code_unique", "name_there"};

bool has_rule(const GraphView& view, const std::string& name) {
  for (const IndexDefinition& index : view.catalog().indexes())
    if (index.name == name) return true;
  for (const ConstraintDefinition& c : view.catalog().constraints())
    if (c.name == name) return true;
  return false;
}

Status make_rule(GraphTransaction& transaction, const std::string& name) {
  const graph::LabelId label = transaction.label("Item");
  if (name == "by_name") {
    IndexDefinition index;
    index.name = name;
    index.labels_or_types = {label};
    index.keys = {transaction.property_key("name")};
    index.state = IndexState::kPopulating;
    Result<graph::IndexId> made = transaction.create_index(std::move(index));
    return made.ok() ? Status() : Status(made.error());
  }
  ConstraintDefinition constraint;
  constraint.name = name;
  constraint.kind = name == "code_unique" ? ConstraintKind::kUnique : ConstraintKind::kExists;
  constraint.label_or_type = label;
  constraint.keys = {transaction.property_key(name == "code_unique" ? "code" : "name")};
  constraint.validating = true;
  return transaction.create_constraint(std::move(constraint));
}

// Turns the rule on or off. *made: on.
Status turn_rule(GraphTransaction& transaction, const std::string& name, bool* made) {
  *made = !has_rule(transaction.view(), name);
  if (*made) return make_rule(transaction, name);
  return name == "by_name" ? transaction.drop_index(name) : transaction.drop_constraint(name);
}

struct Item {
  uint64_t dice = 0, pick = 0;
  std::string name;
  int64_t code = 0;
};

Status make_item(GraphTransaction& transaction, const Item& item) {
  const graph::LabelId label[] = {transaction.label("Item")};
  graph::PropertyList properties{{transaction.property_key("code"), Value::integer(item.code)}};
  if (item.dice != 0) properties.emplace_back(transaction.property_key("name"), Value::string(item.name));
  Result<NodeId> node = transaction.create_node(label, properties);
  return node.ok() ? Status() : Status(node.error());
}

Status change_item(GraphTransaction& transaction, const Item& item) {
  std::vector<NodeId> nodes = nodes_of(transaction.view(), "Item");
  if (nodes.size() < 20 || item.dice < 4) return make_item(transaction, item);
  const NodeId node = nodes[item.pick % nodes.size()];
  if (item.dice < 6) return transaction.delete_node(node);
  if (item.dice < 8) return transaction.set_node_property(node, transaction.property_key("name"), Value::string(item.name));
  if (item.dice < 9) return transaction.set_node_property(node, transaction.property_key("code"), Value::integer(item.code));
  GRAFT_TRY(transaction.remove_label(node, transaction.label("Item")));
  const std::vector<NodeId> others = nodes_of(transaction.view(), "Thing");
  GRAFT_TRY(transaction.add_label(node, transaction.label("Thing")));
  if (others.empty()) return {};
  const NodeId back = others[item.pick % others.size()];
  GRAFT_TRY(transaction.remove_label(back, transaction.label("Thing")));
  return transaction.add_label(back, transaction.label("Item"));
}

std::vector<NodeId> found_by(const GraphView& view, graph::IndexId index, const Value& value) {
  const Value values[] = {value};
  std::vector<NodeId> found;
  auto cursor = view.index_seek(index, values);
  NodeId batch[16];
  while (size_t n = cursor->next(batch)) found.insert(found.end(), batch, batch + n);
  return found;
}

}  // namespace

SchemaWorkload::SchemaWorkload(SimCluster& cluster, uint64_t seed) : Workload(cluster, seed, kSchemaClients) {}

Status SchemaWorkload::set_up(GraphTransaction& transaction) {
  if (!nodes_of(transaction.view(), "Item").empty()) return {};
  for (int i = 0; i < 60; ++i) GRAFT_TRY(make_item(transaction, {1, 0, fmt::format("name {}", i % static_cast<int>(kItemNames)), i}));
  return {};
}

void SchemaWorkload::learn(const GraphView&) {
  for (const char* rule : kRules) there_[rule] = false;
}

void SchemaWorkload::operate(int client, std::function<void()> done) {
  if (client == 0) change_schema(client, std::move(done));
  else change_data(client, std::move(done));
}

void SchemaWorkload::change_schema(int client, std::function<void()> done) {
  const std::string rule = kRules[random().below(3)];
  auto made = std::make_shared<bool>();
  WriteWork work = [rule, made](GraphTransaction& transaction) { return turn_rule(transaction, rule, made.get()); };
  autocommit(client, work, [this, rule, made, done = std::move(done)](Outcome outcome, raft::LogIndex) {
    report().count(outcome == Outcome::kCommitted ? (*made ? "rules made" : "rules dropped") : "rules not made");
    if (outcome == Outcome::kCommitted) there_[rule] = *made;
    if (outcome == Outcome::kUnknown) there_.erase(rule);
    done();
  });
}

void SchemaWorkload::change_data(int client, std::function<void()> done) {
  Item item{random().below(10), random().next(), fmt::format("name {}", random().below(kItemNames)), 0};
  item.code = random().chance(0.02) ? 7 : static_cast<int64_t>(random().below(1'000'000)) + 100;
  WriteWork work = [item](GraphTransaction& transaction) { return change_item(transaction, item); };
  WriteDone finish = [this, done = std::move(done)](Outcome outcome, raft::LogIndex) {
    report().count(outcome == Outcome::kCommitted ? "items changed" : "items not changed");
    done();
  };
  if (random().chance(0.3)) return explicit_transaction(client, {work}, std::move(finish));
  autocommit(client, work, std::move(finish));
}

void SchemaWorkload::inspect(const GraphView& view, const std::string& where) {
  const std::vector<NodeId> items = nodes_of(view, "Item");
  for (const IndexDefinition& index : view.catalog().indexes()) {
    if (index.state == IndexState::kFailed) report().violation(fmt::format("{}: {} failed: {}", where, index.name, index.failure));
    const uint64_t progress = index.state == IndexState::kOnline ? graph::kNoId : view.index_progress(index.id);
    uint64_t entries = 0;
    for (NodeId node : items) {
      const Value value = view.node_property(node, index.keys[0]);
      if (value.is_null()) continue;
      const std::vector<NodeId> found = found_by(view, index.id, value);
      const bool in = std::find(found.begin(), found.end(), node) != found.end();
      entries += in ? 1 : 0;
      if (!in && node < progress) report().violation(fmt::format("{}: {} lacks node {}", where, index.name, node));
      if (index.unique && index.state == IndexState::kOnline && found.size() != 1) {
        report().violation(fmt::format("{}: {} nodes have the code of node {}", where, found.size(), node));
      }
    }
    if (entries != view.index_entries(index.id)) {
      report().violation(fmt::format("{}: {} has {} entries, {} of them of nodes", where, index.name, view.index_entries(index.id), entries));
    }
  }
  for (const ConstraintDefinition& c : view.catalog().constraints()) {
    if (c.kind != ConstraintKind::kExists || c.validating) continue;
    for (NodeId node : items)
      if (view.node_property(node, c.keys[0]).is_null()) report().violation(fmt::format("{}: node {} has no name", where, node));
  }
}

void SchemaWorkload::check_end(const GraphView& view) {
  for (const auto& [rule, there] : there_) {
    if (has_rule(view, rule) != there) report().violation(fmt::format("{} is {}there", rule, there ? "not " : ""));
  }
  if (graph::state_sums(view).to_string() != graph::recompute_state_sums(view).to_string()) {
    report().violation("the state sums are not those of the pages");
  }
}

}  // namespace graft::sim
