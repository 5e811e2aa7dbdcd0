// State sums: as carried, and recomputed from everything there is.

#include <cstdio>
#include <memory>

#include "graph/adjacency.h"
#include "graph/catalog_data.h"
#include "graph/column.h"
#include "graph/recount.h"
#include "graph/vector_pages.h"
#include "graph/writer.h"

namespace graft::graph {

namespace {

void add_properties(const GraphView& view, EntityKind kind, uint64_t id, Sum128* sum) {
  PropertyList list = kind == EntityKind::kNode ? view.node_properties(id) : view.relationship_properties(id);
  for (const auto& [key, value] : list) *sum += property_item(kind, id, key, value);
}

using Part = StateSumsRecount::Part;

Part nodes_part(const GraphView& view, StateSums* sums) {
  return [&view, sums, cursor = std::shared_ptr(view.scan_nodes())](size_t most) {
    std::vector<NodeId> ids(most);
    size_t n = cursor->next(ids);
    for (size_t i = 0; i < n; ++i) {
      sums->nodes += node_item(ids[i], view.labels(ids[i]));
      add_properties(view, EntityKind::kNode, ids[i], &sums->properties);
    }
    return n == 0;
  };
}

Part relationships_part(const GraphView& view, StateSums* sums) {
  return [&view, sums, cursor = std::shared_ptr(view.scan_relationships())](size_t most) {
    std::vector<RelationshipCursor::Item> items(most);
    size_t n = cursor->next(items);
    for (size_t i = 0; i < n; ++i) {
      RelationshipRecord r = view.relationship(items[i].id);
      sums->relationships += relationship_item(items[i].id, r.type, items[i].start, items[i].end);
      add_properties(view, EntityKind::kRelationship, items[i].id, &sums->properties);
    }
    return n == 0;
  };
}

void add_lists(const GraphView& view, Direction direction, storage::PageNo no, Sum128* sum) {
  NeighbourCursor cursor;
  NeighbourRun run;
  for (uint32_t slot = 0; slot < kRunNodes; ++slot) {
    NodeId node = (no << kRunNodeBits) | slot;
    view.expand(node, direction, {}, &cursor);
    while (cursor.next(&run))
      for (uint32_t i = 0; i < run.count; ++i) *sum += adjacency_item(node, run.type, run.neighbour(i), run.relationship(i));
  }
}

// Reads the adjacency pages themselves, not from the nodes: a list that no node has would show.
Part adjacency_part(const GraphView& view, Direction direction, Sum128* sum) {
  LocalTable table = direction == Direction::kOutgoing ? LocalTable::kOut : LocalTable::kIn;
  return [&view, direction, sum, table = table_of(view.meta().generation, table), from = storage::PageNo{0}](size_t most) mutable {
    size_t left = 1 + most / kRunNodes;
    view.reader().for_each_page(table, from, [&](storage::PageNo no, storage::PageView) {
      if (left == 0) return false;
      --left;
      from = no + 1;
      add_lists(view, direction, no, sum);
      return true;
    });
    return left != 0;
  };
}

Part tree_part(const GraphView& view, const IndexDefinition& index, Sum128* sum) {
  auto cursor = std::make_shared<TreeCursor>(view.reader(), index_table(view.meta().generation, index.id));
  return [id = index.id, sum, cursor, begun = false](size_t most) mutable {
    for (; most > 0; --most) {
      if (!(begun ? cursor->next() : cursor->seek_first())) return true;
      begun = true;
      *sum += index_item(id, cursor->key());
    }
    return false;
  };
}

Part vectors_part(const GraphView& view, const IndexDefinition& index, Sum128* sum) {
  bool nodes = index.entity == EntityKind::kNode;
  uint64_t blocks = (nodes ? view.meta().next_node_block : view.meta().next_relationship_block) << (kSlotBits - kVectorBlockBits);
  uint64_t end = index.state == IndexState::kPopulating ? view.index_progress(index.id) : kNoId;
  return [&view, &index, sum, blocks, end, block = uint64_t{0}](size_t most) mutable {
    for (size_t left = 1 + (most >> kVectorBlockBits); left > 0 && block < blocks; --left, ++block) {
      read_vectors(view, index, block, [&](uint64_t id, const std::vector<float>& vector) {
        if (id < end) *sum += vector_item(index.id, id, vector);
      });
    }
    return block == blocks;
  };
}

void add_text(const char* name, const Sum128& sum, std::string* out) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%s%s=%016llx%016llx", out->empty() ? "" : " ", name,
                static_cast<unsigned long long>(sum.high), static_cast<unsigned long long>(sum.low));
  *out += buffer;
}

}  // namespace

std::string StateSums::to_string() const {
  std::string out;
  add_text("nodes", nodes, &out);
  add_text("properties", properties, &out);
  add_text("relationships", relationships, &out);
  add_text("out", out_adjacency, &out);
  add_text("in", in_adjacency, &out);
  add_text("indexes", indexes, &out);
  add_text("catalog", catalog, &out);
  add_text("system", system, &out);
  return out;
}

StateSums state_sums(const GraphView& view) {
  const Sums& s = view.meta().sums;
  // In a transaction the catalog's sum is written at the end only.
  return {s.nodes, s.properties, s.relationships, s.out_adjacency, s.in_adjacency, s.indexes, view.catalog_data().hash(), s.system};
}

StateSumsRecount::StateSumsRecount(GraphView view) : view_(std::move(view)) {
  parts_.push_back(nodes_part(view_, &sums_));
  parts_.push_back(relationships_part(view_, &sums_));
  parts_.push_back(adjacency_part(view_, Direction::kOutgoing, &sums_.out_adjacency));
  parts_.push_back(adjacency_part(view_, Direction::kIncoming, &sums_.in_adjacency));
  for (const IndexDefinition& index : view_.catalog_data().indexes()) {
    if (index.kind == IndexKind::kVector) {
      if (has_pages(index)) parts_.push_back(vectors_part(view_, index, &sums_.indexes));
    } else if (has_pages(index)) {
      parts_.push_back(tree_part(view_, index, &sums_.indexes));
    }
    sums_.indexes += index_progress_item(index.id, view_.index_progress(index.id));
  }
  std::string catalog = view_.catalog_data().empty() ? std::string() : view_.catalog_data().encode();
  if (!catalog.empty()) sums_.catalog = hash128(catalog);
  for (const auto& [key, value] : view_.system_records("")) sums_.system += system_item(key, value);
}

bool StateSumsRecount::step(size_t items) {
  if (!parts_.empty() && parts_.front()(items)) parts_.pop_front();
  return parts_.empty();
}

StateSums recompute_state_sums(const GraphView& view) {
  StateSumsRecount recount(view);
  while (!recount.step(512)) {
  }
  return recount.sums();
}

}  // namespace graft::graph
