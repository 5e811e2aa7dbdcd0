#pragma once

// The one implementation of Catalog, its encoding, and the numbering of label sets.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/checksum.h"
#include "base/result.h"
#include "graph/catalog.h"
#include "storage/store.h"

namespace graft::graph {

// Names of one kind with their numbers. Numbers may have gaps (given outside the versions).
class TokenTable {
 public:
  std::optional<uint32_t> find(std::string_view name) const;
  bool has(uint32_t id) const { return id < names_.size() && present_[id]; }
  const std::string& name(uint32_t id) const;  // an unknown id is a CHECK
  bool add(uint32_t id, std::string_view name);  // false: name or number is taken
  void remove(uint32_t id);
  std::vector<std::string> sorted() const;
  uint32_t end() const { return static_cast<uint32_t>(names_.size()); }
  const std::map<std::string, uint32_t, std::less<>>& by_name() const { return ids_; }

 private:
  std::map<std::string, uint32_t, std::less<>> ids_;
  std::vector<std::string> names_;
  std::vector<bool> present_;
};

// Changed only while no one else has it: see GraphWriter::edit_catalog.
class CatalogData final : public Catalog {
 public:
  CatalogData() = default;
  CatalogData(const CatalogData& o);
  CatalogData& operator=(const CatalogData&) = delete;

  uint64_t version() const override;
  std::optional<LabelId> label(std::string_view name) const override { return labels_.find(name); }
  std::optional<TypeId> type(std::string_view name) const override { return types_.find(name); }
  std::optional<PropertyKeyId> property_key(std::string_view name) const override { return keys_.find(name); }
  const std::string& label_name(LabelId id) const override { return labels_.name(id); }
  const std::string& type_name(TypeId id) const override { return types_.name(id); }
  const std::string& property_key_name(PropertyKeyId id) const override { return keys_.name(id); }
  std::vector<std::string> labels() const override { return labels_.sorted(); }
  std::vector<std::string> types() const override { return types_.sorted(); }
  std::vector<std::string> property_keys() const override { return keys_.sorted(); }
  const std::vector<IndexDefinition>& indexes() const override { return indexes_; }
  const std::vector<ConstraintDefinition>& constraints() const override { return constraints_; }
  const LabelSchema* schema(EntityKind entity, uint32_t label_or_type) const override;

  const TokenTable& label_tokens() const { return labels_; }
  const TokenTable& type_tokens() const { return types_; }
  const TokenTable& key_tokens() const { return keys_; }
  const std::vector<LabelSchema>& schemas() const { return schemas_; }
  const IndexDefinition* index(IndexId id) const;
  const IndexDefinition* index(std::string_view name) const;
  const ConstraintDefinition* constraint(std::string_view name) const;
  // Range indexes that have entries for entities of this label or type.
  bool any_index(EntityKind entity) const { return entity == EntityKind::kNode ? node_indexes_ : relationship_indexes_; }
  bool any_rule(EntityKind entity) const;  // a constraint or schema for this kind of entity

  TokenTable& edit_labels() { touch(); return labels_; }
  TokenTable& edit_types() { touch(); return types_; }
  TokenTable& edit_keys() { touch(); return keys_; }
  std::vector<IndexDefinition>& edit_indexes() { touch(); return indexes_; }  // then index_changed()
  std::vector<ConstraintDefinition>& edit_constraints() { touch(); return constraints_; }
  std::vector<LabelSchema>& edit_schemas() { touch(); return schemas_; }
  void index_changed();

  bool empty() const;
  std::string encode() const;
  Sum128 hash() const;  // zero when empty; computed once
  static Result<std::shared_ptr<CatalogData>> decode(std::string_view bytes);

 private:
  void touch() { hashed_ = false; }

  TokenTable labels_, types_, keys_;
  std::vector<IndexDefinition> indexes_;
  std::vector<ConstraintDefinition> constraints_;
  std::vector<LabelSchema> schemas_;
  bool node_indexes_ = false, relationship_indexes_ = false;
  mutable std::mutex hash_mutex_;
  mutable bool hashed_ = false;
  mutable Sum128 hash_;
};


// Distinct sets of labels, numbered per store in order of appearance. Set 0 is the empty set.
class LabelSets {
 public:
  LabelSets() : sets_(1) {}
  // An unknown number (a damaged page) is the empty set.
  const std::vector<LabelId>& set(LabelSetId id) const { return sets_[id < sets_.size() ? id : 0]; }
  size_t size() const { return sets_.size(); }
  std::optional<LabelSetId> find(const std::vector<LabelId>& labels) const;
  LabelSetId add(const std::vector<LabelId>& labels);
  std::string encode() const;
  static std::shared_ptr<LabelSets> decode(std::string_view bytes);  // null: malformed

 private:
  std::vector<std::vector<LabelId>> sets_;
  std::map<std::vector<LabelId>, LabelSetId> ids_;
};

// Decoded catalogs and label sets, by the hash of their bytes: shared by all versions, stores and threads of the process.
std::shared_ptr<const CatalogData> load_catalog(const storage::PageReader& reader, const Sum128& hash);
std::shared_ptr<const LabelSets> load_label_sets(const storage::PageReader& reader, const Sum128& hash);
void remember_catalog(std::shared_ptr<const CatalogData> catalog);
void remember_label_sets(const Sum128& hash, std::shared_ptr<const LabelSets> sets);

}  // namespace graft::graph
