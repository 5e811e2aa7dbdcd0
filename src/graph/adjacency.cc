#include "graph/adjacency.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "graph/adjacency_entries.h"

namespace graft::graph {

HubKey::HubKey(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship) {
  uint64_t n = __builtin_bswap64(node), a = __builtin_bswap64(neighbour), r = __builtin_bswap64(relationship);
  uint32_t t = __builtin_bswap32(type);
  std::memcpy(bytes, &n, 8);
  std::memcpy(bytes + 8, &t, 4);
  std::memcpy(bytes + 12, &a, 8);
  std::memcpy(bytes + 20, &r, 8);
}

uint32_t entry_lower_bound(const char* neighbours, const char* relationships, bool wide, uint32_t count, NodeId neighbour,
                           RelationshipId relationship) {
  uint32_t low = 0, high = count;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    uint64_t n = load_id(neighbours, wide, middle);
    if (n < neighbour || (n == neighbour && load_id(relationships, wide, middle) < relationship)) low = middle + 1;
    else high = middle;
  }
  return low;
}

AdjacencyWriter::AdjacencyWriter(storage::Fork& fork, uint32_t generation, Direction direction)
    : fork_(fork),
      table_(table_of(generation, direction == Direction::kOutgoing ? LocalTable::kOut : LocalTable::kIn)),
      leaves_(table_of(generation, direction == Direction::kOutgoing ? LocalTable::kHubLeafOut : LocalTable::kHubLeafIn)),
      tree_(fork, table_of(generation, direction == Direction::kOutgoing ? LocalTable::kHubTreeOut : LocalTable::kHubTreeIn), true),
      tree_table_(table_of(generation, direction == Direction::kOutgoing ? LocalTable::kHubTreeOut : LocalTable::kHubTreeIn)) {}

AdjacencyWriter::Place AdjacencyWriter::find_group(storage::PageView page, NodeId node, TypeId type) const {
  AdjacencySection section = adjacency_section(page, node);
  size_t begin = static_cast<size_t>(section.begin - page.data()), end = static_cast<size_t>(section.end - page.data());
  size_t at = begin;
  while (at < end) {
    const auto* group = reinterpret_cast<const AdjacencyGroup*>(page.data() + at);
    if (group->type >= type) return {begin, end, at, group->type == type};
    at += group->bytes();
  }
  return {begin, end, at, false};
}

// Replaces `removed` bytes at `at` (in the section of `node`) by `bytes`.
void AdjacencyWriter::splice(NodeId node, storage::PageView page, size_t at, size_t removed, std::string_view bytes) {
  std::string image;
  image.resize(page.size() - removed + bytes.size());
  char* p = image.data();
  std::memcpy(p, page.data(), at);
  std::memcpy(p + at, bytes.data(), bytes.size());
  std::memcpy(p + at + bytes.size(), page.data() + at + removed, page.size() - at - removed);
  auto* offsets = reinterpret_cast<uint32_t*>(p);
  uint32_t change = static_cast<uint32_t>(bytes.size() - removed);  // wraps when it shrinks, as does the addition
  for (uint32_t slot = (node & (kRunNodes - 1)) + 1; slot <= kRunNodes; ++slot) offsets[slot] += change;
  if (image.size() == kRunDirectoryBytes) fork_.erase(table_, adjacency_page(node));
  else fork_.put(table_, adjacency_page(node), image);
}

bool AdjacencyWriter::insert(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship, uint64_t* next_hub_leaf) {
  storage::PageNo no = adjacency_page(node);
  storage::PageView page = fork_.reader().page(table_, no);
  if (page.data() == nullptr) {
    std::string empty(kRunDirectoryBytes, '\0');
    auto* offsets = reinterpret_cast<uint32_t*>(empty.data());
    for (uint32_t i = 0; i <= kRunNodes; ++i) offsets[i] = kRunDirectoryBytes;
    fork_.put(table_, no, empty);
    page = fork_.reader().page(table_, no);
  }
  Place place = find_group(page, node, type);
  if (!place.found) {
    Entries one;
    one.add(neighbour, relationship);
    splice(node, page, place.group, 0, one.group(type));
    return true;
  }
  const auto* group = reinterpret_cast<const AdjacencyGroup*>(page.data() + place.group);
  if (group->spilled()) return insert_spilled(node, type, neighbour, relationship, next_hub_leaf);
  if (!insert_inline(node, page, place.group, neighbour, relationship)) return false;
  spill_large(node, type, next_hub_leaf);
  return true;
}

bool AdjacencyWriter::insert_inline(NodeId node, storage::PageView page, size_t at, NodeId neighbour,
                                    RelationshipId relationship) {
  const auto* group = reinterpret_cast<const AdjacencyGroup*>(page.data() + at);
  uint32_t count = group->bits & AdjacencyGroup::kCountMask;
  uint32_t i = entry_lower_bound(group->neighbours(), group->relationships(), group->wide(), count, neighbour, relationship);
  if (i < count && load_id(group->neighbours(), group->wide(), i) == neighbour &&
      load_id(group->relationships(), group->wide(), i) == relationship)
    return false;
  if (!group->wide() && !needs_wide(neighbour) && !needs_wide(relationship)) {
    insert_narrow(node, page, at, i, static_cast<uint32_t>(neighbour), static_cast<uint32_t>(relationship));
    return true;
  }
  std::string image;
  image_with_entry(group->neighbours(), group->relationships(), group->wide(), count, i, neighbour, relationship, &image,
                   sizeof(AdjacencyGroup));
  bool wide = image.size() - sizeof(AdjacencyGroup) == (size_t{count} + 1) * 16;
  AdjacencyGroup header{group->type, (count + 1) | (wide ? AdjacencyGroup::kWide : 0)};
  std::memcpy(image.data(), &header, sizeof(header));
  splice(node, page, at, group->bytes(), image);
  return true;
}

// An entry of 4-byte ids at place i of the group at `at`: the usual case, in one copy of the page.
void AdjacencyWriter::insert_narrow(NodeId node, storage::PageView page, size_t at, uint32_t i, uint32_t neighbour, uint32_t relationship) {
  thread_local std::vector<char> image;
  const size_t size = page.size() + 8;
  if (image.size() < size) image.resize(std::max(size, 2 * kMaxRunPageBytes));
  const auto* group = reinterpret_cast<const AdjacencyGroup*>(page.data() + at);
  const size_t first = static_cast<size_t>(group->neighbours() - page.data()) + 4 * size_t{i};
  const size_t second = static_cast<size_t>(group->relationships() - page.data()) + 4 * size_t{i};
  char* p = image.data();
  std::memcpy(p, page.data(), first);
  std::memcpy(p + first, &neighbour, 4);
  std::memcpy(p + first + 4, page.data() + first, second - first);
  std::memcpy(p + second + 4, &relationship, 4);
  std::memcpy(p + second + 8, page.data() + second, page.size() - second);
  ++reinterpret_cast<AdjacencyGroup*>(p + at)->bits;
  auto* offsets = reinterpret_cast<uint32_t*>(p);
  for (uint32_t slot = (node & (kRunNodes - 1)) + 1; slot <= kRunNodes; ++slot) offsets[slot] += 8;
  fork_.put(table_, adjacency_page(node), {p, size});
}

bool AdjacencyWriter::erase(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship) {
  storage::PageView page = fork_.reader().page(table_, adjacency_page(node));
  if (page.data() == nullptr) return false;
  Place place = find_group(page, node, type);
  if (!place.found) return false;
  const auto* group = reinterpret_cast<const AdjacencyGroup*>(page.data() + place.group);
  if (group->spilled()) return erase_spilled(node, type, neighbour, relationship);
  Entries entries(group->neighbours(), group->relationships(), group->wide(), group->bits & AdjacencyGroup::kCountMask);
  if (!entries.remove(neighbour, relationship)) return false;
  splice(node, page, place.group, group->bytes(), entries.empty() ? std::string() : entries.group(type));
  return true;
}

void AdjacencyWriter::add_to_count(NodeId node, TypeId type, int64_t change) {
  storage::PageNo no = adjacency_page(node);
  Place place = find_group(fork_.reader().page(table_, no), node, type);
  GRAFT_CHECK(place.found);
  *reinterpret_cast<uint64_t*>(fork_.edit(table_, no) + place.group + sizeof(AdjacencyGroup)) += static_cast<uint64_t>(change);
}

bool AdjacencyWriter::insert_spilled(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship,
                                     uint64_t* next_hub_leaf) {
  TreeCursor cursor(fork_.reader(), tree_table_);
  GRAFT_CHECK(cursor.seek_floor(HubKey(node, type, neighbour, relationship).view()));
  storage::PageNo no = cursor.value();
  storage::PageView page = fork_.reader().page(leaves_, no);
  const auto* leaf = reinterpret_cast<const HubLeaf*>(page.data());
  uint32_t i = entry_lower_bound(leaf->neighbours(), leaf->relationships(), leaf->wide != 0, leaf->count, neighbour, relationship);
  if (i < leaf->count && load_id(leaf->neighbours(), leaf->wide != 0, i) == neighbour &&
      load_id(leaf->relationships(), leaf->wide != 0, i) == relationship)
    return false;
  if (leaf->count < kHubLeafEntries) {
    uint32_t count = leaf->count;
    std::string image;
    image_with_entry(leaf->neighbours(), leaf->relationships(), leaf->wide != 0, count, i, neighbour, relationship, &image,
                     sizeof(HubLeaf));
    HubLeaf header{count + 1, image.size() - sizeof(HubLeaf) == (size_t{count} + 1) * 16 ? 1u : 0u};
    std::memcpy(image.data(), &header, sizeof(header));
    fork_.put(leaves_, no, image);
  } else {
    Entries entries(leaf->neighbours(), leaf->relationships(), leaf->wide != 0, leaf->count);
    entries.insert(neighbour, relationship);
    // Appended at the end: leave the left leaf full, as ascending loads go on there.
    size_t cut = i == leaf->count ? entries.size() - 1 : entries.size() / 2;
    fork_.put(leaves_, no, entries.leaf(0, cut));
    storage::PageNo right = (*next_hub_leaf)++;
    fork_.put(leaves_, right, entries.leaf(cut, entries.size()));
    tree_.insert(HubKey(node, type, entries.neighbour(cut), entries.relationship(cut)).view(), right);
  }
  add_to_count(node, type, 1);
  return true;
}

bool AdjacencyWriter::erase_spilled(NodeId node, TypeId type, NodeId neighbour, RelationshipId relationship) {
  TreeCursor cursor(fork_.reader(), tree_table_);
  if (!cursor.seek_floor(HubKey(node, type, neighbour, relationship).view())) return false;
  storage::PageNo no = cursor.value();
  std::string key(cursor.key());
  storage::PageView page = fork_.reader().page(leaves_, no);
  const auto* leaf = reinterpret_cast<const HubLeaf*>(page.data());
  Entries entries(leaf->neighbours(), leaf->relationships(), leaf->wide != 0, leaf->count);
  if (!entries.remove(neighbour, relationship)) return false;
  bool first = key == HubKey(node, type, 0, 0).view();
  if (entries.empty() && !first) {  // the first leaf stays as the floor of all keys
    fork_.erase(leaves_, no);
    tree_.erase(key);
  } else {
    fork_.put(leaves_, no, entries.leaf(0, entries.size()));
  }
  add_to_count(node, type, -1);
  Place place = find_group(fork_.reader().page(table_, adjacency_page(node)), node, type);
  storage::PageView run = fork_.reader().page(table_, adjacency_page(node));
  if (reinterpret_cast<const AdjacencyGroup*>(run.data() + place.group)->count() < kUnspillEntries) unspill(node, type);
  return true;
}

// After an insertion: spills the group when it is long, or the page's largest group when the page is.
void AdjacencyWriter::spill_large(NodeId node, TypeId type, uint64_t* next_hub_leaf) {
  storage::PageView page = fork_.reader().page(table_, adjacency_page(node));
  Place place = find_group(page, node, type);
  const auto* group = reinterpret_cast<const AdjacencyGroup*>(page.data() + place.group);
  if (group->bytes() > kSpillBytes) return spill(node, type, next_hub_leaf);
  if (page.size() <= kMaxRunPageBytes) return;
  uint32_t most = kMinSpillEntries;
  NodeId victim = kNoId;
  TypeId victim_type = kNoToken;
  for (uint32_t slot = 0; slot < kRunNodes; ++slot) {
    NodeId id = (adjacency_page(node) << kRunNodeBits) | slot;
    for_each_group(adjacency_section(page, id), [&](const AdjacencyGroup& g) {
      if (g.spilled() || g.count() < most + 1) return;
      most = static_cast<uint32_t>(g.count());
      victim = id;
      victim_type = g.type;
    });
  }
  if (victim != kNoId && most > kUnspillEntries) spill(victim, victim_type, next_hub_leaf);
}

void AdjacencyWriter::spill(NodeId node, TypeId type, uint64_t* next_hub_leaf) {
  storage::PageView page = fork_.reader().page(table_, adjacency_page(node));
  Place place = find_group(page, node, type);
  const auto* group = reinterpret_cast<const AdjacencyGroup*>(page.data() + place.group);
  Entries entries(group->neighbours(), group->relationships(), group->wide(), group->bits & AdjacencyGroup::kCountMask);
  for (size_t from = 0; from < entries.size(); from += kHubLeafEntries) {
    size_t to = std::min<size_t>(entries.size(), from + kHubLeafEntries);
    storage::PageNo leaf = (*next_hub_leaf)++;
    fork_.put(leaves_, leaf, entries.leaf(from, to));
    HubKey key = from == 0 ? HubKey(node, type, 0, 0) : HubKey(node, type, entries.neighbour(from), entries.relationship(from));
    tree_.insert(key.view(), leaf);
  }
  char bytes[sizeof(AdjacencyGroup) + 8];
  AdjacencyGroup header{type, AdjacencyGroup::kSpilled};
  uint64_t count = entries.size();
  std::memcpy(bytes, &header, sizeof(header));
  std::memcpy(bytes + sizeof(header), &count, 8);
  splice(node, page, place.group, group->bytes(), {bytes, sizeof(bytes)});
}

void AdjacencyWriter::unspill(NodeId node, TypeId type) {
  Entries entries;
  std::vector<std::string> keys;
  HubKey first(node, type, 0, 0);
  TreeCursor cursor(fork_.reader(), tree_table_);
  for (bool more = cursor.seek(first.view()); more && cursor.key().substr(0, 12) == first.group(); more = cursor.next()) {
    const auto* leaf = reinterpret_cast<const HubLeaf*>(fork_.reader().page(leaves_, cursor.value()).data());
    for (uint32_t i = 0; i < leaf->count; ++i)
      entries.add(load_id(leaf->neighbours(), leaf->wide != 0, i), load_id(leaf->relationships(), leaf->wide != 0, i));
    keys.emplace_back(cursor.key());
  }
  for (const std::string& key : keys) {
    uint64_t leaf = 0;
    GRAFT_CHECK(tree_.find(key, &leaf));
    fork_.erase(leaves_, leaf);
    tree_.erase(key);
  }
  storage::PageView page = fork_.reader().page(table_, adjacency_page(node));
  Place place = find_group(page, node, type);
  size_t removed = sizeof(AdjacencyGroup) + 8;
  splice(node, page, place.group, removed, entries.empty() ? std::string() : entries.group(type));
}

}  // namespace graft::graph
