// Index look-ups.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "graph/btree.h"
#include "graph/catalog_data.h"
#include "graph/footprint.h"
#include "graph/view.h"
#include "graph/writer.h"

namespace graft::graph {

namespace {

// The smallest key above all keys that start with `prefix`; empty: there is none.
std::string after_prefix(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

// Entries with keys in [low, high). Seeks anew for each batch: the tree may have changed since.
class IndexScan final : public NodeCursor {
 public:
  IndexScan(const GraphView& view, IndexId index, std::string low, std::string high, bool descending)
      : view_(view), index_(index), generation_(view.meta().generation), low_(std::move(low)), high_(std::move(high)),
        descending_(descending) {}

  size_t next(std::span<NodeId> out) override {
    if (view_.meta().generation != generation_ || done_ || out.empty()) return 0;
    TreeCursor cursor(view_.reader(), index_table(generation_, index_));
    bool more = position(&cursor);
    size_t n = 0;
    while (more && n < out.size() && inside(cursor.key())) {
      std::string_view key = cursor.key();
      uint64_t id;
      std::memcpy(&id, key.data() + key.size() - 8, 8);
      out[n++] = __builtin_bswap64(id);
      if (n == out.size()) last_ = key;
      more = descending_ ? cursor.previous() : cursor.next();
    }
    done_ = n < out.size();
    return n;
  }

 private:
  bool position(TreeCursor* cursor) {
    if (!descending_) {
      if (last_.empty()) return cursor->seek(low_);
      return cursor->seek(last_ + '\0');
    }
    if (!last_.empty()) return cursor->seek_before(last_);
    return high_.empty() ? cursor->seek_last() : cursor->seek_before(high_);
  }
  bool inside(std::string_view key) const { return descending_ ? key >= low_ : high_.empty() || key < high_; }

  const GraphView& view_;
  IndexId index_;
  uint32_t generation_;
  std::string low_, high_, last_;
  bool descending_;
  bool done_ = false;
};

std::string encode_values(std::span<const Value> values) {
  std::string key;
  for (const Value& v : values) encode_index_key(v, &key);
  return key;
}

class NoEntries final : public NodeCursor {
 public:
  size_t next(std::span<NodeId>) override { return 0; }
};

// Values that no comparison finds.
bool incomparable(std::span<const Value> values) {
  for (const Value& v : values)
    if (!is_storable(v) || (v.type() == ValueType::kFloat && std::isnan(v.as_float()))) return true;
  return false;
}

// The keys that a bound's last value can be compared with: [first, end) around all values of its type.
void comparable_range(const IndexBound& bound, std::string* low, std::string* high) {
  std::span<const Value> values(bound.values);
  std::string head = encode_values(values.first(values.size() - 1));
  std::string last;
  encode_index_key(values.back(), &last);
  *low = head + last[0];
  *high = after_prefix(*low);
  if (values.back().is_number()) {
    *high = head;
    encode_index_key(Value::floating(std::numeric_limits<double>::quiet_NaN()), high);
  }
}

}  // namespace

std::unique_ptr<NodeCursor> GraphView::index_seek(IndexId index, std::span<const Value> values) const {
  for (const Value& v : values)
    if (!is_storable(v)) return std::make_unique<NoEntries>();
  std::string key = encode_values(values);
  if (footprint_ != nullptr) footprint_->read_index_value(index, key);
  std::string high = after_prefix(key);
  return std::make_unique<IndexScan>(*this, index, std::move(key), std::move(high), false);
}

std::unique_ptr<NodeCursor> GraphView::index_range(IndexId index, const IndexBound* lower, const IndexBound* upper,
                                                   bool descending) const {
  std::string low, high;  // high empty: no bound
  auto narrow = [&](const std::string& from, const std::string& to) {
    low = std::max(low, from);
    if (high.empty() || (!to.empty() && to < high)) high = to;
  };
  for (const IndexBound* bound : {lower, upper}) {
    if (bound == nullptr) continue;
    if (incomparable(bound->values)) return std::make_unique<NoEntries>();
    std::string from, to;
    comparable_range(*bound, &from, &to);
    narrow(from, to);
    std::string key = encode_values(bound->values);
    if (bound == lower) narrow(bound->inclusive ? key : after_prefix(key), {});
    else narrow({}, bound->inclusive ? after_prefix(key) : key);
  }
  if (!high.empty() && high <= low) return std::make_unique<NoEntries>();
  if (footprint_ != nullptr) footprint_->read_index_range(index, low, high);
  return std::make_unique<IndexScan>(*this, index, std::move(low), std::move(high), descending);
}

std::unique_ptr<NodeCursor> GraphView::index_prefix(IndexId index, std::string_view prefix) const {
  std::string low;
  encode_index_string_prefix(prefix, &low);
  std::string high = after_prefix(low);
  if (footprint_ != nullptr) footprint_->read_index_range(index, low, high);
  return std::make_unique<IndexScan>(*this, index, std::move(low), std::move(high), false);
}

uint64_t GraphView::index_progress(IndexId index) const {
  storage::PageView page = reader_.page(table_of(meta_->generation, LocalTable::kIndexProgress), index);
  uint64_t next = 0;
  if (page.data() != nullptr) std::memcpy(&next, page.data(), sizeof(next));
  return next;
}

double GraphView::index_populated_percent(const IndexDefinition& index) const {
  if (index.state == IndexState::kOnline) return 100.0;
  uint64_t blocks = index.entity == EntityKind::kNode ? meta_->next_node_block : meta_->next_relationship_block;
  uint64_t end = blocks << kSlotBits;
  if (index.state == IndexState::kFailed || end == 0) return 0.0;
  return std::min(100.0, 100.0 * static_cast<double>(index_progress(index.id)) / static_cast<double>(end));
}

uint64_t GraphView::index_entries(IndexId index) const {
  return read_tree_header(reader_, index_table(meta_->generation, index)).entries;
}

uint64_t GraphView::index_distinct(IndexId index) const {
  return read_tree_header(reader_, index_table(meta_->generation, index)).distinct;
}

}  // namespace graft::graph
