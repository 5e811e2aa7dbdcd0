#include "graph/view.h"

#include <algorithm>

#include "base/check.h"
#include "graph/catalog_data.h"
#include "graph/column_format.h"
#include "graph/footprint.h"
#include "graph/writer.h"

namespace graft::graph {

namespace {

const Meta* meta_of(const storage::PageReader& reader) {
  static const Meta empty;
  storage::PageView page = reader.page(kMetaTable, kMetaPage);
  return page.data() == nullptr ? &empty : reinterpret_cast<const Meta*>(page.data());
}

}  // namespace

GraphView::GraphView(storage::VersionRef version) : version_(std::move(version)), reader_(version_.reader()) {
  meta_ = meta_of(reader_);
  catalog_ = load_catalog(reader_, meta_->sums.catalog);
  label_sets_ = load_label_sets(reader_, meta_->label_sets_hash);
  auto table = [&](LocalTable t) { return reader_.table(table_of(meta_->generation, t)); };
  nodes_ = table(LocalTable::kNodes);
  relationships_ = table(LocalTable::kRelationships);
  ends_ = table(LocalTable::kRelationshipEnds);
  out_ = table(LocalTable::kOut);
  in_ = table(LocalTable::kIn);
  degrees_out_ = table(LocalTable::kDegreesOut);
  degrees_in_ = table(LocalTable::kDegreesIn);
}

GraphView::GraphView(const GraphWriter* writer, std::shared_ptr<Footprint> footprint)
    : writer_(writer), meta_(&writer->meta()), reader_(writer->reader()), footprint_(std::move(footprint)) {}

const CatalogData& GraphView::catalog_data() const { return writer_ != nullptr ? writer_->catalog() : *catalog_; }
const LabelSets& GraphView::label_sets() const { return writer_ != nullptr ? writer_->label_sets() : *label_sets_; }

const Catalog& GraphView::catalog() const {
  if (footprint_ != nullptr) footprint_->read_catalog();
  return catalog_data();
}

std::shared_ptr<const Catalog> GraphView::shared_catalog() const {
  if (footprint_ != nullptr) footprint_->read_catalog();
  if (writer_ != nullptr) return writer_->shared_catalog();
  return catalog_;
}

const NodeBlock* GraphView::node_block(NodeId id) const {
  storage::PageView view = writer_ == nullptr ? nodes_.page(block_of(id)) : page(LocalTable::kNodes, block_of(id));
  if (view.data() == nullptr) return nullptr;
  const auto* block = reinterpret_cast<const NodeBlock*>(view.data());
  return block->live.test(slot_of(id)) ? block : nullptr;
}

const RelationshipBlock* GraphView::relationship_block(RelationshipId id) const {
  storage::PageView view =
      writer_ == nullptr ? relationships_.page(block_of(id)) : page(LocalTable::kRelationships, block_of(id));
  if (view.data() == nullptr) return nullptr;
  const auto* block = reinterpret_cast<const RelationshipBlock*>(view.data());
  return block->live.test(slot_of(id)) ? block : nullptr;
}

bool GraphView::node_exists(NodeId id) const {
  if (footprint_ != nullptr) footprint_->read_entity(id, false);
  return id <= kMaxEntityId && node_block(id) != nullptr;
}

bool GraphView::relationship_exists(RelationshipId id) const {
  if (footprint_ != nullptr) footprint_->read_entity(id, true);
  return id <= kMaxEntityId && relationship_block(id) != nullptr;
}

std::vector<LabelId> GraphView::labels(NodeId id) const {
  if (footprint_ != nullptr) footprint_->read_labels(id);
  const NodeBlock* block = id <= kMaxEntityId ? node_block(id) : nullptr;
  if (block == nullptr) return {};
  return label_sets().set(block->label_set_of(slot_of(id)));
}

bool GraphView::has_label(NodeId id, LabelId label) const {
  if (footprint_ != nullptr) footprint_->read_labels(id);
  const NodeBlock* block = id <= kMaxEntityId ? node_block(id) : nullptr;
  if (block == nullptr) return false;
  const std::vector<LabelId>& set = label_sets().set(block->label_set_of(slot_of(id)));
  return std::binary_search(set.begin(), set.end(), label);
}

RelationshipRecord GraphView::relationship(RelationshipId id) const {
  if (footprint_ != nullptr) footprint_->read_entity(id, true);
  return read_relationship(id);
}

RelationshipRecord GraphView::read_relationship(RelationshipId id) const {
  const RelationshipBlock* block = id <= kMaxEntityId ? relationship_block(id) : nullptr;
  if (block == nullptr) return {};
  storage::PageView ends = writer_ == nullptr ? ends_.page(block_of(id)) : page(LocalTable::kRelationshipEnds, block_of(id));
  uint32_t slot = slot_of(id);
  if (ends.data() == nullptr) return {};  // damaged, and reported by the store
  return {block->type, load_id(ends.data(), block->wide != 0, slot * 2), load_id(ends.data(), block->wide != 0, slot * 2 + 1)};
}

Value GraphView::node_property(NodeId id, PropertyKeyId key) const {
  if (footprint_ != nullptr) footprint_->read_property(id, false, key);
  if (id > kMaxEntityId || key >= kMaxPropertyKeys) return Value();
  return ColumnReader(reader_, meta_->generation, EntityKind::kNode, key).get(id);
}

Value GraphView::relationship_property(RelationshipId id, PropertyKeyId key) const {
  if (footprint_ != nullptr) footprint_->read_property(id, true, key);
  if (id > kMaxEntityId || key >= kMaxPropertyKeys) return Value();
  return ColumnReader(reader_, meta_->generation, EntityKind::kRelationship, key).get(id);
}

PropertyList GraphView::properties(EntityKind kind, uint64_t id) const {
  PropertyList out;
  if (id > kMaxEntityId) return out;
  storage::PageView list =
      page(kind == EntityKind::kNode ? LocalTable::kNodeKeys : LocalTable::kRelationshipKeys, column_page(id));
  const auto* keys = reinterpret_cast<const PropertyKeyId*>(list.data());
  for (size_t i = 0; i < list.size() / 4; ++i) {
    Value v = ColumnReader(reader_, meta_->generation, kind, keys[i]).get(id);
    if (!v.is_null()) out.emplace_back(keys[i], std::move(v));
  }
  return out;
}

PropertyList GraphView::node_properties(NodeId id) const {
  if (footprint_ != nullptr) footprint_->read_property(id, false, kNoToken);
  return properties(EntityKind::kNode, id);
}

PropertyList GraphView::relationship_properties(RelationshipId id) const {
  if (footprint_ != nullptr) footprint_->read_property(id, true, kNoToken);
  return properties(EntityKind::kRelationship, id);
}

void GraphView::node_property_batch(std::span<const NodeId> ids, PropertyKeyId key, std::span<Value> out) const {
  ColumnReader column(reader_, meta_->generation, EntityKind::kNode, std::min(key, kMaxPropertyKeys));
  for (size_t i = 0; i < ids.size(); ++i) {
    if (footprint_ != nullptr && ids[i] != kNoId) footprint_->read_property(ids[i], false, key);
    out[i] = ids[i] > kMaxEntityId || key >= kMaxPropertyKeys ? Value() : column.get(ids[i]);
  }
}

void GraphView::relationship_property_batch(std::span<const RelationshipId> ids, PropertyKeyId key,
                                            std::span<Value> out) const {
  ColumnReader column(reader_, meta_->generation, EntityKind::kRelationship, std::min(key, kMaxPropertyKeys));
  for (size_t i = 0; i < ids.size(); ++i) {
    if (footprint_ != nullptr && ids[i] != kNoId) footprint_->read_property(ids[i], true, key);
    out[i] = ids[i] > kMaxEntityId || key >= kMaxPropertyKeys ? Value() : column.get(ids[i]);
  }
}

bool GraphView::value_range(uint64_t id, EntityKind kind, PropertyKeyId key, Value* minimum, Value* maximum) const {
  if (footprint_ != nullptr || id > kMaxEntityId || key >= kMaxPropertyKeys) return false;
  const ColumnHeader* h = column_header(reader_, meta_->generation, kind, key, column_page(id));
  if (h == nullptr || h->variable != 0 || h->exceptions != 0 || h->ranged == 0) return false;
  if (h->type != ValueType::kInteger && h->type != ValueType::kFloat) return false;
  *minimum = fixed_value(h->type, h->minimum);
  *maximum = fixed_value(h->type, h->maximum);
  return true;
}

uint64_t GraphView::counter(LocalTable table, storage::PageNo no, uint32_t index) const {
  storage::PageView view = page(table, no);
  return view.data() == nullptr ? 0 : reinterpret_cast<const uint64_t*>(view.data())[index];
}

uint64_t GraphView::node_count() const { return meta_->node_count; }
uint64_t GraphView::relationship_count() const { return meta_->relationship_count; }

uint64_t GraphView::node_count(LabelId label) const {
  if (label >= kMaxTokens) return 0;
  return counter(LocalTable::kLabelCounts, label / kCountersPerPage, label % kCountersPerPage);
}

uint64_t GraphView::relationship_count(TypeId type) const {
  if (type >= kMaxTokens) return 0;
  return counter(LocalTable::kTypeCounts, type / kCountersPerPage, type % kCountersPerPage);
}

uint64_t GraphView::relationship_count(LabelId label, TypeId type, Direction direction) const {
  if (label >= kMaxTokens || type >= kMaxTokens) return 0;
  if (direction == Direction::kBoth)
    return relationship_count(label, type, Direction::kOutgoing) + relationship_count(label, type, Direction::kIncoming);
  return counter(LocalTable::kPairCounts, pair_count_page(label, direction, type), type % kCountersPerPage);
}

void GraphView::record_label_read(LabelId label_or_none) const {
  if (footprint_ != nullptr) footprint_->read_label_scan(label_or_none);
}

void GraphView::record_type_read(TypeId type_or_none) const {
  if (footprint_ != nullptr) footprint_->read_type_scan(type_or_none);
}

void GraphView::record_index_read(IndexId index) const {
  if (footprint_ != nullptr) footprint_->read_index_range(index, {}, {});
}

std::string GraphView::system_record(std::string_view key) const {
  TreeCursor cursor(reader_, kSystemTable);
  if (!cursor.seek(key) || cursor.key() != key) return {};
  return std::string(reader_.page(kSystemValues, cursor.value()));
}

std::vector<std::pair<std::string, std::string>> GraphView::system_records(std::string_view prefix) const {
  std::vector<std::pair<std::string, std::string>> out;
  TreeCursor cursor(reader_, kSystemTable);
  for (bool more = cursor.seek(prefix); more && cursor.key().starts_with(prefix); more = cursor.next())
    out.emplace_back(cursor.key(), reader_.page(kSystemValues, cursor.value()));
  return out;
}

bool GraphView::pin_cancelled() const { return writer_ == nullptr ? version_.cancelled() : writer_->cancelled(); }

}  // namespace graft::graph
