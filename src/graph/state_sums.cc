// State sums: as carried, and recomputed from everything there is.

#include <algorithm>
#include <cstdio>

#include "graph/adjacency.h"
#include "graph/catalog_data.h"
#include "graph/column.h"
#include "graph/transaction.h"
#include "graph/vector_pages.h"
#include "graph/writer.h"

namespace graft::graph {

namespace {

void add_properties(const GraphView& view, EntityKind kind, uint64_t id, Sum128* sum) {
  PropertyList list = kind == EntityKind::kNode ? view.node_properties(id) : view.relationship_properties(id);
  for (const auto& [key, value] : list) *sum += property_item(kind, id, key, value);
}

void add_nodes(const GraphView& view, StateSums* sums) {
  NodeId ids[512];
  auto cursor = view.scan_nodes();
  while (size_t n = cursor->next(ids)) {
    for (size_t i = 0; i < n; ++i) {
      sums->nodes += node_item(ids[i], view.labels(ids[i]));
      add_properties(view, EntityKind::kNode, ids[i], &sums->properties);
    }
  }
}

void add_relationships(const GraphView& view, StateSums* sums) {
  RelationshipCursor::Item items[512];
  auto cursor = view.scan_relationships();
  while (size_t n = cursor->next(items)) {
    for (size_t i = 0; i < n; ++i) {
      RelationshipRecord r = view.relationship(items[i].id);
      sums->relationships += relationship_item(items[i].id, r.type, items[i].start, items[i].end);
      add_properties(view, EntityKind::kRelationship, items[i].id, &sums->properties);
    }
  }
}

// Reads the adjacency pages themselves, not from the nodes: a list that no node has would show.
void add_adjacency(const GraphView& view, Direction direction, Sum128* sum) {
  LocalTable table = direction == Direction::kOutgoing ? LocalTable::kOut : LocalTable::kIn;
  view.reader().for_each_page(table_of(view.meta().generation, table), 0, [&](storage::PageNo no, storage::PageView) {
    NeighbourCursor cursor;
    NeighbourRun run;
    for (uint32_t slot = 0; slot < kRunNodes; ++slot) {
      NodeId node = (no << kRunNodeBits) | slot;
      view.expand(node, direction, {}, &cursor);
      while (cursor.next(&run))
        for (uint32_t i = 0; i < run.count; ++i)
          *sum += adjacency_item(node, run.type, run.neighbour(i), run.relationship(i));
    }
    return true;
  });
}

void add_vectors(const GraphView& view, const IndexDefinition& index, Sum128* sum) {
  if (!has_pages(index)) return;
  bool nodes = index.entity == EntityKind::kNode;
  uint64_t blocks = nodes ? view.meta().next_node_block : view.meta().next_relationship_block;
  uint64_t end = index.state == IndexState::kPopulating ? view.index_progress(index.id) : kNoId;
  for (uint64_t block = 0; block < blocks << (kSlotBits - kVectorBlockBits); ++block)
    read_vectors(view, index, block, [&](uint64_t id, const std::vector<float>& vector) {
      if (id < end) *sum += vector_item(index.id, id, vector);
    });
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

StateSums recompute_state_sums(const GraphView& view) {
  StateSums sums;
  add_nodes(view, &sums);
  add_relationships(view, &sums);
  add_adjacency(view, Direction::kOutgoing, &sums.out_adjacency);
  add_adjacency(view, Direction::kIncoming, &sums.in_adjacency);
  for (const IndexDefinition& index : view.catalog_data().indexes()) {
    TreeCursor cursor(view.reader(), index_table(view.meta().generation, index.id));
    bool entries = has_pages(index) && index.kind != IndexKind::kVector;
    for (bool more = entries && cursor.seek_first(); more; more = cursor.next()) sums.indexes += index_item(index.id, cursor.key());
    if (index.kind == IndexKind::kVector) add_vectors(view, index, &sums.indexes);
    sums.indexes += index_progress_item(index.id, view.index_progress(index.id));
  }
  std::string catalog = view.catalog_data().empty() ? std::string() : view.catalog_data().encode();
  if (!catalog.empty()) sums.catalog = hash128(catalog);
  for (const auto& [key, value] : view.system_records("")) sums.system += system_item(key, value);
  return sums;
}

}  // namespace graft::graph
