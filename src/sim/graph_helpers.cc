#include "sim/graph_helpers.h"

namespace graft::sim {

std::vector<graph::NodeId> nodes_of(const graph::GraphView& view, std::string_view label_name) {
  std::vector<graph::NodeId> nodes;
  const auto label = view.catalog().label(label_name);
  if (!label) return nodes;
  auto cursor = view.scan_nodes(*label);
  graph::NodeId batch[64];
  while (size_t n = cursor->next(batch)) nodes.insert(nodes.end(), batch, batch + n);
  return nodes;
}

int64_t integer_property(const graph::GraphView& view, graph::NodeId node, std::string_view key) {
  const auto id = view.catalog().property_key(key);
  if (!id) return -1;
  const graph::Value v = view.node_property(node, *id);
  return v.type() == graph::ValueType::kInteger ? v.as_integer() : -1;
}

}  // namespace graft::sim
