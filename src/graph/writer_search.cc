// Entries of full text and vector indexes, derived from what happens to entities.

#include <algorithm>

#include "base/check.h"
#include "graph/btree.h"
#include "graph/fulltext.h"
#include "graph/vector_pages.h"
#include "graph/writer.h"

namespace graft::graph {

namespace {

bool any_common(const std::vector<LabelId>& sorted, const std::vector<uint32_t>& wanted) {
  return std::any_of(wanted.begin(), wanted.end(), [&](uint32_t w) { return std::binary_search(sorted.begin(), sorted.end(), w); });
}

// Whether a write to the entity has to keep the index: what a build in slices has not come to yet, it will find.
bool is_kept(const GraphWriter& writer, const IndexDefinition& index, uint64_t id) {
  return index.state == IndexState::kOnline || id < writer.index_progress(index.id);
}

}  // namespace

bool has_search_pages(const IndexDefinition& index) {
  return (index.kind == IndexKind::kFulltext || index.kind == IndexKind::kVector) && index.state != IndexState::kFailed;
}

bool GraphWriter::change_search_entry(const IndexDefinition& index, uint64_t id, PropertyKeyId key, const Value& value, bool add) {
  if (index.kind == IndexKind::kVector) return change_vector(index, id, value, add);
  bool changed = false;
  for (size_t field = 0; field < index.keys.size(); ++field)
    if (index.keys[field] == key) changed = change_text(index, static_cast<uint8_t>(field), id, value, add) || changed;
  return changed;
}

bool GraphWriter::change_text(const IndexDefinition& index, uint8_t field, uint64_t id, const Value& value, bool add) {
  if (!is_text(value)) return false;
  storage::TableId table = index_table(meta_.generation, index.id);
  TreeWriter tree(*fork_, table, false);
  uint32_t length;
  Sum128 sum;
  for (const std::string& key : fulltext_keys(field, id, index, value, &length)) {
    bool done = add ? tree.insert(key) : tree.erase(key);
    if (done) sum += index_item(index.id, key);
  }
  if (add) tree.add_to_sum(sum); else tree.subtract_from_sum(sum);
  if (add) meta_.sums.indexes += sum; else meta_.sums.indexes -= sum;
  if (length > 0) {
    if (reader().page(table, kStatisticsPage).data() == nullptr)
      fork_->put(table, kStatisticsPage, std::string(index.keys.size() * sizeof(FulltextStatistics), '\0'));
    auto* statistics = reinterpret_cast<FulltextStatistics*>(fork_->edit(table, kStatisticsPage)) + field;
    statistics->documents += add ? 1 : -1;
    statistics->words += add ? uint64_t{length} : -uint64_t{length};
  }
  if (terms_ != nullptr) terms_->write_index_key(index.id, {}, {});
  return true;
}

bool GraphWriter::change_vector(const IndexDefinition& index, uint64_t id, const Value& value, bool add) {
  auto vector = vector_of(value, vector_options_of(index));
  if (!vector) return false;
  storage::TableId table = index_table(meta_.generation, index.id);
  uint64_t block = vector_block_of(id);
  storage::PageNo no = vector_page_of(block);
  if (reader().page(table, 0).data() == nullptr) {
    TreeHeader header;
    fork_->put(table, 0, std::string_view(reinterpret_cast<const char*>(&header), sizeof(header)));
  }
  if (reader().page(table, no).data() == nullptr)
    fork_->put(table, no, std::string(kVectorBlocksPerPage * sizeof(VectorBlock), '\0'));
  Sum128 item = vector_item(index.id, id, *vector);
  auto* header = reinterpret_cast<TreeHeader*>(fork_->edit(table, 0));
  auto* entry = reinterpret_cast<VectorBlock*>(fork_->edit(table, no)) + block % kVectorBlocksPerPage;
  for (Sum128* sum : {&header->sum, &entry->sum, &meta_.sums.indexes})
    if (add) *sum += item; else *sum -= item;
  header->entries += add ? 1 : -1;
  entry->count += add ? 1 : -1;
  if (terms_ != nullptr) terms_->write_index_key(index.id, {}, {});
  return true;
}

void GraphWriter::update_search_labels(NodeId id, const std::vector<LabelId>& before, const std::vector<LabelId>& after) {
  for (const IndexDefinition& index : catalog_->indexes()) {
    if (!has_search_pages(index) || index.entity != EntityKind::kNode || !is_kept(*this, index, id)) continue;
    bool was = any_common(before, index.labels_or_types), is = any_common(after, index.labels_or_types);
    if (was == is) continue;
    for (PropertyKeyId key : index.keys) change_search_entry(index, id, key, property(EntityKind::kNode, id, key), is);
  }
}

void GraphWriter::update_search_property(const IndexDefinition& index, uint64_t id, PropertyKeyId key, const Value& old, const Value& value) {
  if (!is_kept(*this, index, id) || !covers(index, id)) return;
  change_search_entry(index, id, key, old, false);
  change_search_entry(index, id, key, value, true);
}

}  // namespace graft::graph
