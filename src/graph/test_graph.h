#pragma once

// A store with a graph, and a plain model of a graph to compare it with. For tests.

#include <stdlib.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "env/posix/file_system.h"
#include "graph/transaction.h"

namespace graft::graph {

class TestGraph {
 public:
  TestGraph() {
    std::string path = ::testing::TempDir() + "graft_graph_XXXXXX";
    directory_ = mkdtemp(path.data());
    storage::StoreOptions options;
    options.map_reserve_bytes = uint64_t{1} << 30;
    store_ = storage::Store::open(files_, directory_, options).value();
    ids_ = std::make_unique<IdAllocator>(view());
  }
  ~TestGraph() {
    store_.reset();
    (void)files_.remove_tree(directory_).ok();
  }

  storage::Store& store() { return *store_; }
  IdAllocator& ids() { return *ids_; }
  GraphView view() { return GraphView(store_->applied()); }
  std::unique_ptr<GraphTransaction> begin(std::shared_ptr<Footprint> footprint = nullptr) {
    return std::make_unique<GraphTransaction>(store_->fork(store_->head()), *ids_, std::move(footprint));
  }
  ChangeSetBytes commit(std::unique_ptr<GraphTransaction> transaction) {
    ChangeSetBytes bytes = transaction->take_change_set();
    publish(std::move(transaction));
    return bytes;
  }
  void publish(std::unique_ptr<GraphTransaction> transaction) {
    store_->append_head(transaction->release_fork());
    store_->advance_applied();
  }
  Status apply(const ChangeSetBytes& bytes) {
    auto transaction = begin();
    GRAFT_TRY(transaction->replay(bytes, false));
    publish(std::move(transaction));
    return {};
  }

 private:
  env::PosixFileSystem files_;
  std::string directory_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<IdAllocator> ids_;
};

struct GraphModel {
  struct Node {
    std::set<LabelId> labels;
    std::map<PropertyKeyId, Value> properties;
  };
  struct Relationship {
    TypeId type;
    NodeId start, end;
    std::map<PropertyKeyId, Value> properties;
  };
  std::map<NodeId, Node> nodes;
  std::map<RelationshipId, Relationship> relationships;
};

inline std::vector<NodeId> drain(NodeCursor& cursor, size_t batch = 7) {
  std::vector<NodeId> all, some(batch);
  while (size_t n = cursor.next(some)) all.insert(all.end(), some.begin(), some.begin() + static_cast<ptrdiff_t>(n));
  return all;
}

inline std::map<PropertyKeyId, std::string> as_text(const PropertyList& list) {
  std::map<PropertyKeyId, std::string> out;
  for (const auto& [key, value] : list) out[key] = std::string(type_name(value.type())) + " " + to_text(value);
  return out;
}

inline std::map<PropertyKeyId, std::string> as_text(const std::map<PropertyKeyId, Value>& map) {
  return as_text(PropertyList(map.begin(), map.end()));
}

using AdjacencyEntry = std::tuple<TypeId, NodeId, RelationshipId>;

inline std::vector<AdjacencyEntry> neighbours(const GraphView& view, NodeId id, Direction direction,
                                              std::vector<TypeId> types = {}) {
  std::vector<AdjacencyEntry> out;
  NeighbourCursor cursor;
  NeighbourRun run;
  view.expand(id, direction, types, &cursor);
  while (cursor.next(&run))
    for (uint32_t i = 0; i < run.count; ++i) out.emplace_back(run.type, run.neighbour(i), run.relationship(i));
  return out;
}

// Everything a view shows, against the model. Labels and types are numbered 0 .. tokens - 1.
void expect_same(const GraphView& view, const GraphModel& model, uint32_t tokens);

}  // namespace graft::graph
