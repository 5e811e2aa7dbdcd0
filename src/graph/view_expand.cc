// Expansion: neighbours, degrees, relationships between two nodes.

#include <algorithm>

#include "graph/footprint.h"
#include "graph/view.h"

namespace graft::graph {

namespace {

bool contains(std::span<const TypeId> types, TypeId type) {
  return types.empty() || std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

void GraphView::note_adjacency(NodeId id, Direction direction, std::span<const TypeId> types) const {
  if (types.empty()) footprint_->read_adjacency(id, direction, kNoToken);
  for (TypeId type : types) footprint_->read_adjacency(id, direction, type);
}

bool NeighbourCursor::open_hub(NeighbourRun* run) {
  hub_type_ = run->type;
  LocalTable tree = direction_ == Direction::kOutgoing ? LocalTable::kHubTreeOut : LocalTable::kHubTreeIn;
  hub_ = TreeCursor(view_->reader(), table_of(view_->meta().generation, tree));
  hub_open_ = more_ = true;
  after_hub_ = at_;
  at_ = end_;
  hub_.seek(HubKey(node_, hub_type_, 0, 0).view());
  return next_hub(run);
}

bool NeighbourCursor::next_hub(NeighbourRun* run) {
  HubKey key(node_, hub_type_, 0, 0);
  LocalTable leaves = direction_ == Direction::kOutgoing ? LocalTable::kHubLeafOut : LocalTable::kHubLeafIn;
  while (hub_.valid() && hub_.key().substr(0, 12) == key.group()) {
    const auto* leaf = reinterpret_cast<const HubLeaf*>(view_->page(leaves, hub_.value()).data());
    hub_.next();
    if (leaf == nullptr || leaf->count == 0) continue;
    run->type = hub_type_;
    run->direction = direction_;
    run->count = leaf->count;
    run->wide = leaf->wide != 0;
    run->neighbours = leaf->neighbours();
    run->relationships = leaf->relationships();
    return true;
  }
  hub_open_ = false;
  more_ = incoming_;
  at_ = after_hub_;
  return next(run);
}

bool NeighbourCursor::next_part(NeighbourRun* run) {
  if (hub_open_) return next_hub(run);
  incoming_ = more_ = false;
  direction_ = Direction::kIncoming;
  AdjacencySection section = adjacency_section(view_->adjacency(node_, direction_), node_);
  at_ = section.begin;
  end_ = section.end;
  return next(run);
}

void GraphView::prefetch_adjacency(std::span<const NodeId> ids, Direction direction) const {
  if (writer_ != nullptr) return;  // its tables move while it writes
  size_t n = std::min(ids.size(), kPrefetchNodes);
  for (bool outgoing : {true, false}) {
    if (direction == (outgoing ? Direction::kIncoming : Direction::kOutgoing)) continue;
    const storage::TableReader& table = outgoing ? out_ : in_;
    const uint64_t* entries[kPrefetchNodes];
    for (size_t i = 0; i < n; ++i) entries[i] = table.entry(adjacency_page(ids[i]));
    const char* pages[kPrefetchNodes];
    for (size_t i = 0; i < n; ++i) {
      pages[i] = table.peek(entries[i]);
      if (pages[i] != nullptr) __builtin_prefetch(reinterpret_cast<const uint32_t*>(pages[i]) + (ids[i] & (kRunNodes - 1)));
    }
    for (size_t i = 0; i < n; ++i) {
      if (pages[i] == nullptr) continue;
      const char* section = pages[i] + reinterpret_cast<const uint32_t*>(pages[i])[ids[i] & (kRunNodes - 1)];
      __builtin_prefetch(section);
      __builtin_prefetch(section + 64);
    }
  }
}

uint64_t GraphView::count_one(NodeId id, Direction direction, std::span<const TypeId> types) const {
  uint64_t total = 0;
  for_each_group(adjacency_section(adjacency(id, direction), id), [&](const AdjacencyGroup& group) {
    if (contains(types, group.type)) total += group.count();
  });
  return total;
}

uint64_t GraphView::read_degree(NodeId id, Direction direction, std::span<const TypeId> types) const {
  if (footprint_ != nullptr) note_adjacency(id, direction, types);
  if (id > kMaxEntityId) return 0;
  uint64_t total = 0;
  if (direction != Direction::kIncoming) total += count_one(id, Direction::kOutgoing, types);
  if (direction != Direction::kOutgoing) total += count_one(id, Direction::kIncoming, types);
  return total;
}

void GraphView::degrees(std::span<const NodeId> ids, Direction direction, std::span<const TypeId> types,
                        std::span<uint64_t> out) const {
  bool totals = total_is_degree(types);
  for (size_t from = 0; from < ids.size(); from += kPrefetchNodes) {
    std::span<const NodeId> part = ids.subspan(from, std::min(kPrefetchNodes, ids.size() - from));
    if (!totals) {
      prefetch_adjacency(part, direction);
      for (size_t i = 0; i < part.size(); ++i) out[from + i] = part[i] == kNoId ? 0 : read_degree(part[i], direction, types);
      continue;
    }
    std::fill_n(out.begin() + static_cast<ptrdiff_t>(from), part.size(), 0);
    if (direction != Direction::kIncoming) add_total_degrees(degrees_out_, part, &out[from]);
    if (direction != Direction::kOutgoing) add_total_degrees(degrees_in_, part, &out[from]);
  }
}

// First all addresses, then all numbers: the processor waits for memory once per batch and not once per node.
void GraphView::add_total_degrees(const storage::TableReader& degrees, std::span<const NodeId> ids, uint64_t* out) {
  const uint32_t* places[kPrefetchNodes];
  for (size_t i = 0; i < ids.size(); ++i) {
    storage::PageView view = degrees.page(degrees_page(ids[i]));
    static constexpr uint32_t kNone[kDegreesPerPage] = {};
    const auto* numbers = view.data() == nullptr ? kNone : reinterpret_cast<const uint32_t*>(view.data());
    places[i] = numbers + (ids[i] & (kDegreesPerPage - 1));
    __builtin_prefetch(places[i]);
  }
  for (size_t i = 0; i < ids.size(); ++i) out[i] += *places[i];
}

// Entries to `to` in the list of `from`.
void GraphView::between(NodeId from, NodeId to, Direction direction, std::span<const TypeId> types,
                        std::vector<RelationshipId>* out) const {
  auto collect = [&](const char* neighbours, const char* relationships, bool wide, uint32_t count) {
    uint32_t i = entry_lower_bound(neighbours, relationships, wide, count, to, 0);
    for (; i < count && load_id(neighbours, wide, i) == to; ++i) out->push_back(load_id(relationships, wide, i));
    return i == count;  // the next leaf may have more
  };
  bool outgoing = direction == Direction::kOutgoing;
  for_each_group(adjacency_section(adjacency(from, direction), from), [&](const AdjacencyGroup& group) {
    if (!contains(types, group.type)) return;
    if (!group.spilled()) {
      collect(group.neighbours(), group.relationships(), group.wide(), static_cast<uint32_t>(group.count()));
      return;
    }
    TreeCursor cursor(reader_, table_of(meta_->generation, outgoing ? LocalTable::kHubTreeOut : LocalTable::kHubTreeIn));
    HubKey key(from, group.type, to, 0);
    for (bool more = cursor.seek_floor(key.view()); more && cursor.key().substr(0, 12) == key.group(); more = cursor.next()) {
      storage::PageView view = page(outgoing ? LocalTable::kHubLeafOut : LocalTable::kHubLeafIn, cursor.value());
      if (view.data() == nullptr) continue;
      const auto* leaf = reinterpret_cast<const HubLeaf*>(view.data());
      if (!collect(leaf->neighbours(), leaf->relationships(), leaf->wide != 0, leaf->count)) break;
    }
  });
}

void GraphView::relationships_between(NodeId from, NodeId to, Direction direction, std::span<const TypeId> types,
                                      std::vector<RelationshipId>* out) const {
  out->clear();
  if (from > kMaxEntityId || to > kMaxEntityId) return;
  auto one = [&](Direction d) {
    Direction opposite = d == Direction::kOutgoing ? Direction::kIncoming : Direction::kOutgoing;
    if (footprint_ != nullptr) note_adjacency(from, d, types);
    if (count_one(from, d, types) <= count_one(to, opposite, types)) between(from, to, d, types, out);
    else between(to, from, opposite, types, out);
  };
  if (direction != Direction::kIncoming) one(Direction::kOutgoing);
  if (direction != Direction::kOutgoing) one(Direction::kIncoming);
}

}  // namespace graft::graph
