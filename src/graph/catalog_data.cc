#include "graph/catalog_data.h"

#include <algorithm>
#include <cstring>
#include <deque>

#include "base/check.h"
#include "graph/layout.h"

namespace graft::graph {

std::optional<uint32_t> TokenTable::find(std::string_view name) const {
  auto at = ids_.find(name);
  if (at == ids_.end()) return std::nullopt;
  return at->second;
}

const std::string& TokenTable::name(uint32_t id) const {
  GRAFT_CHECK(has(id));
  return names_[id];
}

bool TokenTable::add(uint32_t id, std::string_view name) {
  if (has(id) || ids_.contains(name)) return false;
  if (names_.size() <= id) {
    names_.resize(size_t{id} + 1);
    present_.resize(size_t{id} + 1);
  }
  names_[id] = name;
  present_[id] = true;
  ids_.emplace(name, id);
  return true;
}

void TokenTable::remove(uint32_t id) {
  GRAFT_CHECK(has(id));
  ids_.erase(names_[id]);
  present_[id] = false;
  names_[id].clear();
  while (!names_.empty() && !present_.back()) {
    names_.pop_back();
    present_.pop_back();
  }
}

std::vector<std::string> TokenTable::sorted() const {
  std::vector<std::string> out;
  out.reserve(ids_.size());
  for (const auto& [name, id] : ids_) out.push_back(name);
  return out;
}

CatalogData::CatalogData(const CatalogData& o)
    : Catalog(o), labels_(o.labels_), types_(o.types_), keys_(o.keys_), indexes_(o.indexes_),
      constraints_(o.constraints_), schemas_(o.schemas_), node_indexes_(o.node_indexes_),
      relationship_indexes_(o.relationship_indexes_) {}

uint64_t CatalogData::version() const { return hash().low; }

const LabelSchema* CatalogData::schema(EntityKind entity, uint32_t label_or_type) const {
  for (const LabelSchema& s : schemas_)
    if (s.entity == entity && s.label_or_type == label_or_type) return &s;
  return nullptr;
}

const IndexDefinition* CatalogData::index(IndexId id) const {
  for (const IndexDefinition& d : indexes_)
    if (d.id == id) return &d;
  return nullptr;
}

const IndexDefinition* CatalogData::index(std::string_view name) const {
  for (const IndexDefinition& d : indexes_)
    if (d.name == name) return &d;
  return nullptr;
}

const ConstraintDefinition* CatalogData::constraint(std::string_view name) const {
  for (const ConstraintDefinition& c : constraints_)
    if (c.name == name) return &c;
  return nullptr;
}

bool CatalogData::any_rule(EntityKind entity) const {
  auto of_kind = [&](const auto& x) { return x.entity == entity; };
  return std::any_of(constraints_.begin(), constraints_.end(), of_kind) ||
         std::any_of(schemas_.begin(), schemas_.end(), of_kind);
}

void CatalogData::index_changed() {
  touch();
  node_indexes_ = relationship_indexes_ = false;
  for (const IndexDefinition& d : indexes_) (d.entity == EntityKind::kNode ? node_indexes_ : relationship_indexes_) = true;
}

bool CatalogData::empty() const {
  return labels_.by_name().empty() && types_.by_name().empty() && keys_.by_name().empty() && indexes_.empty() &&
         constraints_.empty() && schemas_.empty();
}

Sum128 CatalogData::hash() const {
  std::lock_guard lock(hash_mutex_);
  if (!hashed_) {
    hash_ = empty() ? Sum128{} : hash128(encode());
    hashed_ = true;
  }
  return hash_;
}

std::optional<LabelSetId> LabelSets::find(const std::vector<LabelId>& labels) const {
  if (labels.empty()) return 0;
  auto at = ids_.find(labels);
  if (at == ids_.end()) return std::nullopt;
  return at->second;
}

LabelSetId LabelSets::add(const std::vector<LabelId>& labels) {
  LabelSetId id = static_cast<LabelSetId>(sets_.size());
  sets_.push_back(labels);
  ids_.emplace(labels, id);
  return id;
}

std::string LabelSets::encode() const {
  std::string out;
  auto u32 = [&](uint32_t v) { out.append(reinterpret_cast<const char*>(&v), 4); };
  for (size_t i = 1; i < sets_.size(); ++i) {
    u32(static_cast<uint32_t>(sets_[i].size()));
    for (LabelId label : sets_[i]) u32(label);
  }
  return out;
}

std::shared_ptr<LabelSets> LabelSets::decode(std::string_view bytes) {
  auto sets = std::make_shared<LabelSets>();
  auto u32 = [&] {
    uint32_t v;
    std::memcpy(&v, bytes.data(), 4);
    bytes.remove_prefix(4);
    return v;
  };
  while (bytes.size() >= 4) {
    uint32_t n = u32();
    if (bytes.size() / 4 < n) return nullptr;
    std::vector<LabelId> labels(n);
    for (LabelId& label : labels) label = u32();
    sets->add(labels);
  }
  return sets;
}

namespace {

// The last few decoded objects by hash. Equal bytes mean equal objects, so sharing never changes a result.
template <class T>
class DecodedCache {
 public:
  std::shared_ptr<const T> find(const Sum128& hash) {
    std::lock_guard lock(mutex_);
    for (auto& [h, object] : entries_)
      if (h == hash) return object;
    return nullptr;
  }
  void add(const Sum128& hash, std::shared_ptr<const T> object) {
    std::lock_guard lock(mutex_);
    for (auto& [h, o] : entries_)
      if (h == hash) return;
    entries_.emplace_front(hash, std::move(object));
    if (entries_.size() > kEntries) entries_.pop_back();
  }

 private:
  static constexpr size_t kEntries = 32;
  std::mutex mutex_;
  std::deque<std::pair<Sum128, std::shared_ptr<const T>>> entries_;
};

DecodedCache<CatalogData>& catalogs() {
  static auto* cache = new DecodedCache<CatalogData>;
  return *cache;
}
DecodedCache<LabelSets>& label_sets() {
  static auto* cache = new DecodedCache<LabelSets>;
  return *cache;
}

}  // namespace

std::shared_ptr<const CatalogData> load_catalog(const storage::PageReader& reader, const Sum128& hash) {
  static const auto empty = std::make_shared<const CatalogData>();
  if (hash == Sum128{}) return empty;
  if (auto found = catalogs().find(hash)) return found;
  if (reader.page(kMetaTable, kCatalogPage).data() == nullptr) return empty;  // damaged, and reported by the store
  auto decoded = CatalogData::decode(reader.page(kMetaTable, kCatalogPage));
  GRAFT_CHECK(decoded.ok());  // pages are checksummed: a catalog that does not decode was written wrong
  std::shared_ptr<const CatalogData> catalog = std::move(decoded).value();
  catalogs().add(hash, catalog);
  return catalog;
}

std::shared_ptr<const LabelSets> load_label_sets(const storage::PageReader& reader, const Sum128& hash) {
  static const auto empty = std::make_shared<const LabelSets>();
  if (hash == Sum128{}) return empty;
  if (auto found = label_sets().find(hash)) return found;
  if (reader.page(kMetaTable, kLabelSetsPage).data() == nullptr) return empty;
  std::shared_ptr<const LabelSets> sets = LabelSets::decode(reader.page(kMetaTable, kLabelSetsPage));
  GRAFT_CHECK(sets != nullptr);
  label_sets().add(hash, sets);
  return sets;
}

void remember_catalog(std::shared_ptr<const CatalogData> catalog) {
  Sum128 hash = catalog->hash();
  catalogs().add(hash, std::move(catalog));
}

void remember_label_sets(const Sum128& hash, std::shared_ptr<const LabelSets> sets) { label_sets().add(hash, std::move(sets)); }

}  // namespace graft::graph
