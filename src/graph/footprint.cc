#include "graph/footprint.h"

#include <algorithm>

#include "base/checksum.h"

namespace graft::graph {

namespace {

enum TermKind : uint64_t {
  kEntity = 1, kProperty, kAllProperties, kLabels, kAdjacency, kAllAdjacency, kLabelScan, kTypeScan, kIndexValue,
  kIndexWhole, kCatalog, kBlock,
};

constexpr size_t kMaxRanges = 64;
constexpr size_t kMaxIndexKeys = 4096;

uint64_t term(TermKind kind, uint64_t a, uint64_t b = 0, uint64_t c = 0) {
  uint64_t words[4] = {kind, a, b, c};
  return checksum64({reinterpret_cast<const char*>(words), sizeof(words)});
}

uint64_t block_term(uint64_t id, bool relationship) { return term(kBlock, id >> kSlotBits, relationship); }
uint64_t index_value_term(IndexId index, std::string_view key) { return term(kIndexValue, index, checksum64(key)); }

bool meet(const std::vector<uint64_t>& a, const std::vector<uint64_t>& b) {
  const auto& small = a.size() < b.size() ? a : b;
  const auto& large = a.size() < b.size() ? b : a;
  auto from = large.begin();
  for (uint64_t t : small) {
    from = std::lower_bound(from, large.end(), t);
    if (from == large.end()) return false;
    if (*from == t) return true;
  }
  return false;
}

}  // namespace

void TermSet::compact(std::vector<uint64_t>* terms, size_t* next) {
  std::sort(terms->begin(), terms->end());
  terms->erase(std::unique(terms->begin(), terms->end()), terms->end());
  *next = std::max<size_t>(1024, terms->size() * 2);
}

void TermSet::add(uint64_t fine, uint64_t coarse) {
  if (everything_) return;
  sealed_ = false;
  if (!fine_overflow_) {
    fine_.push_back(fine);
    if (fine_.size() > compact_fine_at_) {
      compact(&fine_, &compact_fine_at_);
      if (fine_.size() > fine_limit_) {
        fine_overflow_ = true;
        fine_ = {};
      }
    }
  }
  if (!coarse_.empty() && coarse_.back() == coarse) return;
  coarse_.push_back(coarse);
  if (coarse_.size() > compact_coarse_at_) {
    compact(&coarse_, &compact_coarse_at_);
    if (coarse_.size() > coarse_limit_) {
      everything_ = true;
      coarse_ = {};
      fine_ = {};
    }
  }
}

void TermSet::seal() {
  if (sealed_) return;
  compact(&fine_, &compact_fine_at_);
  compact(&coarse_, &compact_coarse_at_);
  sealed_ = true;
}

void Footprint::read_entity(uint64_t id, bool relationship) {
  terms_.add(term(kEntity, id, relationship), block_term(id, relationship));
}

void Footprint::read_property(uint64_t id, bool relationship, PropertyKeyId key) {
  terms_.add(key == kNoToken ? term(kAllProperties, id, relationship) : term(kProperty, id, relationship, key),
             block_term(id, relationship));
}

void Footprint::read_labels(NodeId id) { terms_.add(term(kLabels, id), block_term(id, false)); }

void Footprint::read_adjacency(NodeId id, Direction direction, TypeId type) {
  if (direction == Direction::kBoth) {
    read_adjacency(id, Direction::kOutgoing, type);
    read_adjacency(id, Direction::kIncoming, type);
    return;
  }
  uint64_t d = static_cast<uint64_t>(direction);
  terms_.add(type == kNoToken ? term(kAllAdjacency, id, d) : term(kAdjacency, id, d, type), block_term(id, false));
}

void Footprint::read_label_scan(LabelId label) {
  uint64_t t = term(kLabelScan, label);
  terms_.add(t, t);
}

void Footprint::read_type_scan(TypeId type) {
  uint64_t t = term(kTypeScan, type);
  terms_.add(t, t);
}

void Footprint::read_index_value(IndexId index, std::string_view key) {
  terms_.add(index_value_term(index, key), term(kIndexWhole, index));
}

void Footprint::read_index_range(IndexId index, std::string_view low, std::string_view high) {
  uint64_t whole = term(kIndexWhole, index);
  if (ranges_.size() < kMaxRanges) {
    ranges_.push_back({index, std::string(low), std::string(high)});
    terms_.add(term(kIndexValue, index, ~uint64_t{0}, ranges_.size()), whole);  // keeps the coarse form complete
  } else {
    terms_.add(whole, whole);
  }
}

void Footprint::read_catalog() {
  if (catalog_read_) return;
  catalog_read_ = true;
  uint64_t t = term(kCatalog, 0);
  terms_.add(t, t);
}

void WriteTerms::write_entity(uint64_t id, bool relationship) {
  terms_.add(term(kEntity, id, relationship), block_term(id, relationship));
}

void WriteTerms::write_property(uint64_t id, bool relationship, PropertyKeyId key) {
  uint64_t block = block_term(id, relationship);
  terms_.add(term(kProperty, id, relationship, key), block);
  terms_.add(term(kAllProperties, id, relationship), block);
}

void WriteTerms::write_labels(NodeId id) { terms_.add(term(kLabels, id), block_term(id, false)); }

void WriteTerms::write_adjacency(NodeId id, Direction direction, TypeId type) {
  uint64_t d = static_cast<uint64_t>(direction), block = block_term(id, false);
  terms_.add(term(kAdjacency, id, d, type), block);
  terms_.add(term(kAllAdjacency, id, d), block);
}

void WriteTerms::write_label_membership(LabelId label) {
  uint64_t t = term(kLabelScan, label);
  terms_.add(t, t);
}

void WriteTerms::write_any_node() {
  uint64_t t = term(kLabelScan, kNoToken);
  terms_.add(t, t);
}

void WriteTerms::write_type_membership(TypeId type) {
  uint64_t t = term(kTypeScan, type), any = term(kTypeScan, kNoToken);
  terms_.add(t, t);
  terms_.add(any, any);
}

void WriteTerms::write_index_key(IndexId index, std::string_view key, const std::vector<size_t>& prefix_lengths) {
  uint64_t whole = term(kIndexWhole, index);
  for (size_t length : prefix_lengths) terms_.add(index_value_term(index, key.substr(0, length)), whole);
  terms_.add(whole, whole);
  if (index_keys_.size() < kMaxIndexKeys) index_keys_.emplace_back(index, key);
  else index_keys_lost_ = true;
}

void WriteTerms::write_catalog() {
  uint64_t t = term(kCatalog, 0);
  terms_.add(t, t);
}

bool conflicts(const Footprint& read, const WriteTerms& written) {
  if (written.empty() || read.terms_.empty()) return false;
  if (written.everything_ || read.terms_.everything() || written.terms_.everything()) return true;
  read.terms_.seal();
  written.terms_.seal();
  if (!read.terms_.fine() || !written.terms_.fine())
    return meet(read.terms_.coarse_terms(), written.terms_.coarse_terms());
  if (meet(read.terms_.fine_terms(), written.terms_.fine_terms())) return true;
  if (read.ranges_.empty()) return false;
  if (written.index_keys_lost_) return meet(read.terms_.coarse_terms(), written.terms_.coarse_terms());
  for (const auto& [index, key] : written.index_keys_)
    for (const IndexRangeRead& range : read.ranges_)
      if (range.index == index && key >= range.low && (range.high.empty() || key < range.high)) return true;
  return false;
}

}  // namespace graft::graph
