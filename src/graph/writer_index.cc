// Index entries, derived from what happens to entities.

#include <algorithm>
#include <cstring>

#include "graph/btree.h"
#include "graph/column.h"
#include "graph/writer.h"

namespace graft::graph {

namespace {

void append_id(uint64_t id, std::string* key) {
  uint64_t big_endian = __builtin_bswap64(id);
  key->append(reinterpret_cast<const char*>(&big_endian), 8);
}

// What a build in slices has not come to yet is left to it. (Were writes to index that too, undoing one would add an entry
// that was not there.)
bool is_built(const GraphWriter& writer, const IndexDefinition& index, uint64_t id) {
  return index.state == IndexState::kOnline || id < writer.index_progress(index.id);
}

}  // namespace

bool has_tree(const IndexDefinition& index) {
  return (index.kind == IndexKind::kRange || index.kind == IndexKind::kText || index.kind == IndexKind::kPoint) &&
         index.state != IndexState::kFailed;
}

bool has_pages(const IndexDefinition& index) { return has_tree(index) || has_search_pages(index); }

bool GraphWriter::covers(const IndexDefinition& index, uint64_t id) const {
  if (!has_pages(index)) return false;
  const std::vector<uint32_t>& wanted = index.labels_or_types;
  if (index.entity == EntityKind::kNode) {
    const std::vector<LabelId>& labels = label_sets_->set(label_set_of(id));
    return std::any_of(wanted.begin(), wanted.end(), [&](LabelId l) { return std::binary_search(labels.begin(), labels.end(), l); });
  }
  storage::PageView block = page(LocalTable::kRelationships, block_of(id));
  return std::find(wanted.begin(), wanted.end(), reinterpret_cast<const RelationshipBlock*>(block.data())->type) != wanted.end();
}

bool GraphWriter::index_key_with(const IndexDefinition& index, uint64_t id, PropertyKeyId key, const Value& value,
                                 IndexKey* out) const {
  out->bytes.clear();
  out->lengths.clear();
  if (!has_tree(index)) return false;
  for (PropertyKeyId k : index.keys) {
    Value v = k == key ? value : property(index.entity, id, k);
    if (v.is_null()) return false;
    if (index.kind == IndexKind::kText && v.type() != ValueType::kString) return false;
    if (index.kind == IndexKind::kPoint && v.type() != ValueType::kPoint) return false;
    encode_index_key(v, &out->bytes);
    out->lengths.push_back(out->bytes.size());
  }
  return out->bytes.size() + 8 <= kMaxTreeKeyBytes;
}

bool GraphWriter::index_key(const IndexDefinition& index, uint64_t id, IndexKey* key) const {
  return index_key_with(index, id, kNoToken, Value(), key);
}

bool GraphWriter::insert_index_entry(const IndexDefinition& index, const IndexKey& key_of, uint64_t id) {
  std::string key = key_of.bytes;
  append_id(id, &key);
  TreeWriter tree(*fork_, index_table(meta_.generation, index.id), false);
  if (!tree.insert(key)) return false;
  if (terms_ != nullptr) terms_->write_index_key(index.id, key_of.bytes, key_of.lengths);
  Sum128 item = index_item(index.id, key);
  tree.add_to_sum(item);
  meta_.sums.indexes += item;
  return true;
}

void GraphWriter::erase_index_entry(const IndexDefinition& index, const IndexKey& key_of, uint64_t id) {
  std::string key = key_of.bytes;
  append_id(id, &key);
  TreeWriter tree(*fork_, index_table(meta_.generation, index.id), false);
  if (!tree.erase(key)) return;
  if (terms_ != nullptr) terms_->write_index_key(index.id, key_of.bytes, key_of.lengths);
  Sum128 item = index_item(index.id, key);
  tree.subtract_from_sum(item);
  meta_.sums.indexes -= item;
}

uint64_t GraphWriter::other_with_key(const IndexDefinition& index, std::string_view key, uint64_t id) const {
  TreeCursor cursor(reader(), index_table(meta_.generation, index.id));
  for (bool more = cursor.seek(key); more; more = cursor.next()) {
    std::string_view found = cursor.key();
    if (found.size() != key.size() + 8 || found.substr(0, key.size()) != key) return kNoId;
    uint64_t other;
    std::memcpy(&other, found.data() + key.size(), 8);
    other = __builtin_bswap64(other);
    if (other != id) return other;
  }
  return kNoId;
}

void GraphWriter::update_indexes(EntityKind kind, uint64_t id, PropertyKeyId key, const Value& old, const Value& value) {
  IndexKey before, after;
  for (const IndexDefinition& index : catalog_->indexes()) {
    if (index.entity != kind || std::find(index.keys.begin(), index.keys.end(), key) == index.keys.end()) continue;
    if (has_search_pages(index)) {
      update_search_property(index, id, key, old, value);
      continue;
    }
    if (!is_built(*this, index, id) || !covers(index, id)) continue;
    bool had = !old.is_null() && index_key_with(index, id, key, old, &before);
    bool has = !value.is_null() && index_key_with(index, id, key, value, &after);
    if (had && has && before.bytes == after.bytes) continue;
    if (had) erase_index_entry(index, before, id);
    if (has) insert_index_entry(index, after, id);
  }
}

void GraphWriter::update_label_indexes(NodeId id, LabelId label, bool added) {
  IndexKey key;
  for (const IndexDefinition& index : catalog_->indexes()) {
    if (index.entity != EntityKind::kNode || !has_tree(index) || index.labels_or_types.empty() ||
        index.labels_or_types[0] != label || !is_built(*this, index, id) || !index_key(index, id, &key))
      continue;
    if (added) insert_index_entry(index, key, id); else erase_index_entry(index, key, id);
  }
}

void GraphWriter::forget_index(IndexId index) {
  storage::TableId table = index_table(meta_.generation, index);
  meta_.sums.indexes -= read_tree_header(reader(), table).sum;
  dropped_tables_.push_back(table);
}

void GraphWriter::remember_index(IndexId index) {
  storage::TableId table = index_table(meta_.generation, index);
  meta_.sums.indexes += read_tree_header(reader(), table).sum;
  dropped_tables_.erase(std::find(dropped_tables_.begin(), dropped_tables_.end(), table));
}

uint64_t GraphWriter::index_progress(IndexId index) const {
  storage::PageView view = page(LocalTable::kIndexProgress, index);
  uint64_t next = 0;
  if (view.data() != nullptr) std::memcpy(&next, view.data(), sizeof(next));
  return next;
}

void GraphWriter::set_index_progress(IndexId index, uint64_t next) {
  uint64_t before = index_progress(index);
  if (before == next) return;
  meta_.sums.indexes -= index_progress_item(index, before);
  meta_.sums.indexes += index_progress_item(index, next);
  storage::TableId table = id_of(LocalTable::kIndexProgress);
  if (next == 0) fork_->erase(table, index);
  else fork_->put(table, index, {reinterpret_cast<const char*>(&next), sizeof(next)});
}

}  // namespace graft::graph
