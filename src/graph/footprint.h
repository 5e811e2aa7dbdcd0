#pragma once

// Serializable explicit transactions: what a transaction read, as terms, held against what others wrote since.
// (Optimistic validation, backward, as in Kung & Robinson 1981; terms for gaps stand for phantoms. See ADR 0002.)

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graph/catalog.h"
#include "graph/ids.h"

namespace graft::graph {

// Terms are 64-bit hashes of (kind, ...): a collision costs a needless retry, never a missed conflict.
//   (entity, existence | property key | all properties), (node, labels), (node, direction, type | all types),
//   (label | all nodes), (type | all relationships), (index, exact value, misses too), (index, range), catalog
// Each term has a coarse form, which names the entity's block, or the whole index. A side with too many terms keeps only
// the coarse ones; one with too many of these conflicts with everything.

// A set of terms in both forms. Appending is cheap; seal() sorts.
class TermSet {
 public:
  TermSet(size_t fine_limit, size_t coarse_limit) : fine_limit_(fine_limit), coarse_limit_(coarse_limit) {}
  void add(uint64_t fine, uint64_t coarse);
  void seal();
  bool empty() const { return !everything_ && !fine_overflow_ && fine_.empty() && coarse_.empty(); }
  bool fine() const { return !fine_overflow_ && !everything_; }
  bool everything() const { return everything_; }
  const std::vector<uint64_t>& fine_terms() const { return fine_; }      // sealed: sorted, unique
  const std::vector<uint64_t>& coarse_terms() const { return coarse_; }

 private:
  static void compact(std::vector<uint64_t>* terms, size_t* next_compaction);
  size_t fine_limit_, coarse_limit_;
  std::vector<uint64_t> fine_, coarse_;
  size_t compact_fine_at_ = 1024, compact_coarse_at_ = 1024;
  bool fine_overflow_ = false, everything_ = false;
  bool sealed_ = true;
};

struct IndexRangeRead {
  IndexId index;
  std::string low, high;  // keys in [low, high); high empty: no bound
};

class Footprint {
 public:
  static constexpr size_t kMaxTerms = 4096;

  // Called by GraphView's reads.
  void read_entity(uint64_t id, bool relationship);
  void read_property(uint64_t id, bool relationship, PropertyKeyId key_or_none);  // none: all
  void read_labels(NodeId id);
  void read_adjacency(NodeId id, Direction direction, TypeId type_or_none);
  void read_label_scan(LabelId label_or_none);
  void read_type_scan(TypeId type_or_none);
  void read_index_value(IndexId index, std::string_view key);
  void read_index_range(IndexId index, std::string_view low, std::string_view high);
  void read_catalog();

 private:
  friend bool conflicts(const Footprint& read, const class WriteTerms& written);
  mutable TermSet terms_{kMaxTerms, kMaxTerms};
  std::vector<IndexRangeRead> ranges_;
  bool catalog_read_ = false;
};

// What a change set wrote: old and new values.
class WriteTerms {
 public:
  static constexpr size_t kMaxTerms = 1 << 16;

  void write_entity(uint64_t id, bool relationship);  // created or deleted
  void write_property(uint64_t id, bool relationship, PropertyKeyId key);
  void write_labels(NodeId id);
  void write_adjacency(NodeId id, Direction direction, TypeId type);
  void write_label_membership(LabelId label);
  void write_any_node();
  void write_type_membership(TypeId type);
  void write_index_key(IndexId index, std::string_view key, const std::vector<size_t>& prefix_lengths);
  void write_catalog();
  void write_everything() { everything_ = true; }
  bool empty() const { return !everything_ && terms_.empty(); }

 private:
  friend bool conflicts(const Footprint& read, const WriteTerms& written);
  mutable TermSet terms_{kMaxTerms, kMaxTerms};
  std::vector<std::pair<IndexId, std::string>> index_keys_;
  bool index_keys_lost_ = false;
  bool everything_ = false;
};

// True if something that `written` changed was read.
bool conflicts(const Footprint& read, const WriteTerms& written);

}  // namespace graft::graph
