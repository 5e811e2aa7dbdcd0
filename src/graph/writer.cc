#include "graph/writer.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "graph/adjacency.h"
#include "graph/column.h"

namespace graft::graph {

namespace {

template <class T>
std::string_view as_bytes(const T& object) {
  return {reinterpret_cast<const char*>(&object), sizeof(object)};
}

}  // namespace

GraphWriter::GraphWriter(std::unique_ptr<storage::Fork> fork) : fork_(std::move(fork)) {
  storage::PageView page = reader().page(kMetaTable, kMetaPage);
  if (page.data() != nullptr) std::memcpy(&meta_, page.data(), sizeof(meta_));
  catalog_ = std::const_pointer_cast<CatalogData>(load_catalog(reader(), meta_.sums.catalog));
  retired_.push_back(catalog_);  // shared with the cache: the first change copies it
  label_sets_ = std::const_pointer_cast<LabelSets>(load_label_sets(reader(), meta_.label_sets_hash));
}

GraphWriter::~GraphWriter() = default;

CatalogData& GraphWriter::edit_catalog() {
  if (catalog_.use_count() > 1) {
    retired_.push_back(catalog_);
    catalog_ = std::make_shared<CatalogData>(*catalog_);
  }
  catalog_changed_ = true;
  return *catalog_;
}

void GraphWriter::restore_catalog(std::shared_ptr<const CatalogData> catalog) {
  retired_.push_back(catalog_);
  catalog_ = std::const_pointer_cast<CatalogData>(std::move(catalog));  // shared with the caller's undo, so never changed
  retired_.push_back(catalog_);
  catalog_changed_ = true;
}

LabelSetId GraphWriter::label_set_id(const std::vector<LabelId>& labels) {
  if (auto found = label_sets_->find(labels)) return *found;
  if (label_sets_.use_count() > 1 || !label_sets_changed_) label_sets_ = std::make_shared<LabelSets>(*label_sets_);
  label_sets_changed_ = true;
  return label_sets_->add(labels);
}

bool GraphWriter::node_exists(NodeId id) const {
  storage::PageView block = page(LocalTable::kNodes, block_of(id));
  return block.data() != nullptr && reinterpret_cast<const NodeBlock*>(block.data())->live.test(slot_of(id));
}

bool GraphWriter::relationship_exists(RelationshipId id) const {
  storage::PageView block = page(LocalTable::kRelationships, block_of(id));
  return block.data() != nullptr && reinterpret_cast<const RelationshipBlock*>(block.data())->live.test(slot_of(id));
}

RelationshipRecord GraphWriter::relationship(RelationshipId id) const {
  const auto* block = reinterpret_cast<const RelationshipBlock*>(page(LocalTable::kRelationships, block_of(id)).data());
  const char* ends = page(LocalTable::kRelationshipEnds, block_of(id)).data();
  uint32_t at = slot_of(id) * 2;
  return {block->type, load_id(ends, block->wide != 0, at), load_id(ends, block->wide != 0, at + 1)};
}

LabelSetId GraphWriter::label_set_of(NodeId id) const {
  storage::PageView block = page(LocalTable::kNodes, block_of(id));
  return reinterpret_cast<const NodeBlock*>(block.data())->label_set_of(slot_of(id));
}

void GraphWriter::set_block_bit(LocalTable table, uint32_t token, uint64_t block, bool on) {
  storage::PageNo no = block_bitmap_page(token, block);
  if (page(table, no).data() == nullptr) {
    if (!on) return;
    fork_->put(id_of(table), no, std::string(kBlockBitmapBytes, '\0'));
  }
  uint32_t bit = static_cast<uint32_t>(block & ((1u << kBlockBitmapBits) - 1));
  char mask = static_cast<char>(1 << (bit & 7));
  bool is_on = (page(table, no)[bit >> 3] & mask) != 0;
  if (is_on == on) return;
  fork_->edit(id_of(table), no)[bit >> 3] ^= mask;
}

bool GraphWriter::block_has_label(uint64_t block, LabelId label) const {
  storage::PageView view = page(LocalTable::kNodes, block);
  if (view.data() == nullptr) return false;
  const auto* b = reinterpret_cast<const NodeBlock*>(view.data());
  bool found = false;
  for_each_live(b->live, 0, [&](uint32_t slot) {
    const std::vector<LabelId>& labels = label_sets_->set(b->label_set_of(slot));
    found = std::binary_search(labels.begin(), labels.end(), label);
    return !found;
  });
  return found;
}

// After nodes with these labels left the block.
void GraphWriter::clear_label_bits(uint64_t block, std::span<const LabelId> labels) {
  storage::PageView view = page(LocalTable::kNodes, block);
  if (view.data() != nullptr && reinterpret_cast<const NodeBlock*>(view.data())->mixed == 0) return;
  for (LabelId label : labels)
    if (!block_has_label(block, label)) set_block_bit(LocalTable::kLabelBlocks, label, block, false);
}

// The block's page, made when absent, mixed when it has nodes of another label set.
NodeBlock* GraphWriter::edit_block_for(uint64_t block, LabelSetId labels, bool* made) {
  storage::PageView view = page(LocalTable::kNodes, block);
  *made = view.data() == nullptr;
  if (*made) {
    NodeBlock fresh;
    fresh.label_set = labels;
    fork_->put(id_of(LocalTable::kNodes), block, as_bytes(fresh));
  } else {
    const auto* b = reinterpret_cast<const NodeBlock*>(view.data());
    if (b->mixed == 0 && b->label_set != labels) {
      std::string image(view);
      image.resize(sizeof(NodeBlock) + 4 * kSlotsPerBlock);
      auto* mixed = reinterpret_cast<NodeBlock*>(image.data());
      mixed->mixed = 1;
      std::fill_n(mixed->label_sets(), kSlotsPerBlock, mixed->label_set);
      fork_->put(id_of(LocalTable::kNodes), block, image);
    }
  }
  return reinterpret_cast<NodeBlock*>(fork_->edit(id_of(LocalTable::kNodes), block));
}

void GraphWriter::insert_node(NodeId id, LabelSetId labels) {
  uint64_t block = block_of(id);
  bool made;
  NodeBlock* b = edit_block_for(block, labels, &made);
  b->live.set(slot_of(id));
  ++b->live_count;
  bool mixed = b->mixed != 0;
  if (mixed) b->label_sets()[slot_of(id)] = labels;
  if (made || mixed)
    for (LabelId label : label_sets_->set(labels)) set_block_bit(LocalTable::kLabelBlocks, label, block, true);
  meta_.next_node_block = std::max(meta_.next_node_block, block + 1);
  ++meta_.node_count;
  count_labels(labels, 1);
  count_pairs_of_node(id, label_sets_->set(labels), 1);  // relationships it kept, when a deletion is undone
  node_sum(id, labels, true);
}

void GraphWriter::erase_node(NodeId id) {
  uint64_t block = block_of(id);
  LabelSetId labels = label_set_of(id);
  node_sum(id, labels, false);
  count_pairs_of_node(id, label_sets_->set(labels), -1);
  count_labels(labels, -1);
  --meta_.node_count;
  auto* b = reinterpret_cast<NodeBlock*>(fork_->edit(id_of(LocalTable::kNodes), block));
  b->live.clear(slot_of(id));
  if (--b->live_count == 0) fork_->erase(id_of(LocalTable::kNodes), block);
  clear_label_bits(block, label_sets_->set(labels));
}

void GraphWriter::set_labels(NodeId id, LabelSetId labels) {
  LabelSetId old = label_set_of(id);
  if (old == labels) return;
  std::vector<LabelId> before = label_sets_->set(old), after = label_sets_->set(labels), added, removed;
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(), std::back_inserter(added));
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(), std::back_inserter(removed));
  for (LabelId label : removed) update_label_indexes(id, label, false);
  node_sum(id, old, false);
  count_labels(old, -1);
  bool made;
  NodeBlock* b = edit_block_for(block_of(id), labels, &made);
  b->label_sets()[slot_of(id)] = labels;  // mixed now, or was
  for (LabelId label : added) set_block_bit(LocalTable::kLabelBlocks, label, block_of(id), true);
  clear_label_bits(block_of(id), removed);
  count_labels(labels, 1);
  count_pairs_of_node(id, removed, -1);
  count_pairs_of_node(id, added, 1);
  node_sum(id, labels, true);
  for (LabelId label : added) update_label_indexes(id, label, true);
  update_search_labels(id, before, after);
}

bool GraphWriter::insert_relationship(RelationshipId id, TypeId type, NodeId start, NodeId end) {
  uint64_t block = block_of(id);
  storage::TableId table = id_of(LocalTable::kRelationships);
  storage::PageView view = reader().page(table, block);
  if (view.data() == nullptr) {
    RelationshipBlock fresh;
    fresh.type = type;
    fork_->put(table, block, as_bytes(fresh));
    set_block_bit(LocalTable::kTypeBlocks, type, block, true);
  } else if (reinterpret_cast<const RelationshipBlock*>(view.data())->type != type) {
    return false;
  }
  auto* b = reinterpret_cast<RelationshipBlock*>(fork_->edit(table, block));
  b->live.set(slot_of(id));
  ++b->live_count;
  if (b->wide == 0 && ((start | end) >> 32) != 0) {
    b->wide = 1;
    widen_ends(block);
  }
  write_ends(block, slot_of(id), b->wide != 0, start, end);
  AdjacencyWriter(*fork_, meta_.generation, Direction::kOutgoing).insert(start, type, end, id, &meta_.next_hub_leaf);
  AdjacencyWriter(*fork_, meta_.generation, Direction::kIncoming).insert(end, type, start, id, &meta_.next_hub_leaf);
  meta_.next_relationship_block = std::max(meta_.next_relationship_block, block + 1);
  count_relationship(type, start, end, 1);
  relationship_sums(id, type, start, end, true);
  return true;
}

void GraphWriter::prefetch_relationship(NodeId start, NodeId end) const {
  struct Look {
    storage::TableReader table;
    storage::PageNo no;
    size_t at;  // the bytes of the page that are read first
  };
  auto look = [&](LocalTable local, storage::PageNo no, size_t at) { return Look{reader().table(id_of(local)), no, at}; };
  auto adjacency_at = [](NodeId id) { return (id & (kRunNodes - 1)) * sizeof(uint32_t); };
  auto degree_at = [](NodeId id) { return (id & (kDegreesPerPage - 1)) * sizeof(uint32_t); };
  const Look looks[] = {
      look(LocalTable::kOut, adjacency_page(start), adjacency_at(start)), look(LocalTable::kIn, adjacency_page(end), adjacency_at(end)),
      look(LocalTable::kNodes, block_of(start), 0), look(LocalTable::kNodes, block_of(end), 0),
      look(LocalTable::kDegreesOut, degrees_page(start), degree_at(start)), look(LocalTable::kDegreesIn, degrees_page(end), degree_at(end)),
  };
  constexpr size_t kLine = 64, kLooks = std::size(looks);
  const uint64_t* entries[kLooks];
  for (size_t i = 0; i < kLooks; ++i) entries[i] = looks[i].table.entry(looks[i].no);
  const char* pages[kLooks];
  for (size_t i = 0; i < kLooks; ++i) {
    pages[i] = looks[i].table.peek(entries[i]);
    if (pages[i] == nullptr) continue;
    __builtin_prefetch(pages[i] - kLine / 2);  // the page's header, which says who made it
    __builtin_prefetch(pages[i] + looks[i].at);
  }
  for (size_t i = 0; i < 2; ++i) {
    if (pages[i] == nullptr) continue;
    const char* section = pages[i] + *reinterpret_cast<const uint32_t*>(pages[i] + looks[i].at);
    __builtin_prefetch(section);
    __builtin_prefetch(section + kLine);
  }
}

void GraphWriter::erase_relationship(RelationshipId id, TypeId type, NodeId start, NodeId end) {
  uint64_t block = block_of(id);
  storage::TableId table = id_of(LocalTable::kRelationships);
  auto* b = reinterpret_cast<RelationshipBlock*>(fork_->edit(table, block));
  b->live.clear(slot_of(id));
  if (--b->live_count == 0) {
    fork_->erase(table, block);
    fork_->erase(id_of(LocalTable::kRelationshipEnds), block);
    set_block_bit(LocalTable::kTypeBlocks, type, block, false);
  }
  AdjacencyWriter(*fork_, meta_.generation, Direction::kOutgoing).erase(start, type, end, id);
  AdjacencyWriter(*fork_, meta_.generation, Direction::kIncoming).erase(end, type, start, id);
  count_relationship(type, start, end, -1);
  relationship_sums(id, type, start, end, false);
}

void GraphWriter::write_ends(uint64_t block, uint32_t slot, bool wide, NodeId start, NodeId end) {
  storage::TableId table = id_of(LocalTable::kRelationshipEnds);
  uint64_t words[2] = {start, end};
  uint32_t halves[2] = {static_cast<uint32_t>(start), static_cast<uint32_t>(end)};
  std::string_view bytes = wide ? as_bytes(words) : as_bytes(halves);
  size_t at = slot * bytes.size(), size = reader().page(table, block).size();
  if (at < size) {
    std::memcpy(fork_->edit(table, block) + at, bytes.data(), bytes.size());
  } else if (at == size) {
    fork_->append(table, block, bytes);
  } else {
    std::string padded(at - size, '\0');
    padded += bytes;
    fork_->append(table, block, padded);
  }
}

void GraphWriter::widen_ends(uint64_t block) {
  storage::TableId table = id_of(LocalTable::kRelationshipEnds);
  storage::PageView view = reader().page(table, block);
  std::string image(view.size() * 2, '\0');
  const auto* from = reinterpret_cast<const uint32_t*>(view.data());
  auto* to = reinterpret_cast<uint64_t*>(image.data());
  for (size_t i = 0; i < view.size() / 4; ++i) to[i] = from[i];
  if (!image.empty()) fork_->put(table, block, image);
}

void GraphWriter::set_property(EntityKind kind, uint64_t id, PropertyKeyId key, const Value& old, const Value& value) {
  if (catalog_->any_index(kind)) update_indexes(kind, id, key, old, value);
  int change = write_column(*fork_, meta_.generation, kind, key, id, value);
  if (change != 0) note_key(kind, id, key, change > 0);
  if (!old.is_null()) meta_.sums.properties -= property_item(kind, id, key, old);
  if (!value.is_null()) meta_.sums.properties += property_item(kind, id, key, value);
}

Value GraphWriter::property(EntityKind kind, uint64_t id, PropertyKeyId key) const {
  return ColumnReader(reader(), meta_.generation, kind, key).get(id);
}

std::vector<PropertyKeyId> GraphWriter::property_keys(EntityKind kind, uint64_t id) const {
  std::vector<PropertyKeyId> keys;
  storage::PageView list = page(kind == EntityKind::kNode ? LocalTable::kNodeKeys : LocalTable::kRelationshipKeys, column_page(id));
  const auto* all = reinterpret_cast<const PropertyKeyId*>(list.data());
  for (size_t i = 0; i < list.size() / 4; ++i)
    if (ColumnReader(reader(), meta_.generation, kind, all[i]).has(id)) keys.push_back(all[i]);
  return keys;
}

void GraphWriter::note_key(EntityKind kind, uint64_t id, PropertyKeyId key, bool added) {
  storage::TableId table = id_of(kind == EntityKind::kNode ? LocalTable::kNodeKeys : LocalTable::kRelationshipKeys);
  storage::PageView list = reader().page(table, column_page(id));
  const auto* begin = reinterpret_cast<const PropertyKeyId*>(list.data());
  std::vector<PropertyKeyId> keys(begin, begin + list.size() / 4);
  auto at = std::lower_bound(keys.begin(), keys.end(), key);
  if (added) keys.insert(at, key);
  else if (at != keys.end()) keys.erase(at);
  if (keys.empty()) fork_->erase(table, column_page(id));
  else fork_->put(table, column_page(id), {reinterpret_cast<const char*>(keys.data()), keys.size() * 4});
}

void GraphWriter::set_system_record(std::string_view key, std::string_view value) {
  std::string old = system_record(key);
  TreeWriter tree(*fork_, kSystemTable, true);
  uint64_t number = 0;
  bool found = tree.find(key, &number);
  if (found) meta_.sums.system -= system_item(key, old);
  if (value.empty()) {
    if (!found) return;
    fork_->erase(kSystemValues, number);
    tree.erase(key);
    return;
  }
  if (!found) {
    number = meta_.next_system_page++;
    tree.insert(key, number);
  }
  fork_->put(kSystemValues, number, value);
  meta_.sums.system += system_item(key, value);
}

std::string GraphWriter::system_record(std::string_view key) const {
  uint64_t number;
  if (!TreeWriter(*fork_, kSystemTable, true).find(key, &number)) return {};
  return std::string(reader().page(kSystemValues, number));
}

GraphWriter::Dropped GraphWriter::drop_all() {
  Dropped before{meta_, catalog_, label_sets_};
  dropped_generations_.push_back(meta_.generation);
  Meta next;
  next.generation = meta_.generation == kMaxGeneration ? 1 : meta_.generation + 1;
  next.next_node_block = meta_.next_node_block;
  next.next_relationship_block = meta_.next_relationship_block;
  next.next_label = meta_.next_label;
  next.next_type = meta_.next_type;
  next.next_key = meta_.next_key;
  next.next_index = meta_.next_index;
  next.next_system_page = meta_.next_system_page;
  next.sums.system = meta_.sums.system;
  meta_ = next;
  retired_.push_back(catalog_);
  catalog_ = std::make_shared<CatalogData>();
  label_sets_ = std::make_shared<LabelSets>();
  catalog_changed_ = label_sets_changed_ = true;
  return before;
}

void GraphWriter::undo_drop_all(const Dropped& before) {
  // What was made since under the newer generation is undone already; its number becomes free again.
  for (storage::TableId table : reader().tables())
    if (table >> kGenerationShift == meta_.generation) fork_->drop_table(table);
  uint64_t system_pages = meta_.next_system_page;
  meta_ = before.meta;
  meta_.next_system_page = system_pages;
  restore_catalog(before.catalog);
  label_sets_ = std::const_pointer_cast<LabelSets>(before.label_sets);
  label_sets_changed_ = true;
  dropped_generations_.pop_back();
}

void GraphWriter::flush() {
  if (catalog_changed_) {
    meta_.sums.catalog = catalog_->hash();
    if (catalog_->empty()) fork_->erase(kMetaTable, kCatalogPage);
    else fork_->put(kMetaTable, kCatalogPage, catalog_->encode());
    remember_catalog(catalog_);
  }
  if (label_sets_changed_) {
    std::string bytes = label_sets_->encode();
    meta_.label_sets_hash = bytes.empty() ? Sum128{} : hash128(bytes);
    if (bytes.empty()) fork_->erase(kMetaTable, kLabelSetsPage);
    else fork_->put(kMetaTable, kLabelSetsPage, bytes);
    remember_label_sets(meta_.label_sets_hash, label_sets_);
  }
  catalog_changed_ = label_sets_changed_ = false;
  fork_->put(kMetaTable, kMetaPage, as_bytes(meta_));
  for (storage::TableId table : dropped_tables_) fork_->drop_table(table);
  dropped_tables_.clear();
  for (uint32_t generation : dropped_generations_)
    for (storage::TableId table : reader().tables())
      if (table >> kGenerationShift == generation) fork_->drop_table(table);
  dropped_generations_.clear();
}

std::unique_ptr<storage::Fork> GraphWriter::release_fork() {
  flush();
  return std::move(fork_);
}

}  // namespace graft::graph
