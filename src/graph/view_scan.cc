// Scans over nodes and relationships, by block.

#include <algorithm>
#include <cstring>

#include "graph/block_sequence.h"
#include "graph/catalog_data.h"
#include "graph/footprint.h"
#include "graph/view.h"

namespace graft::graph {

namespace {

class NodeScan final : public NodeCursor {
 public:
  NodeScan(const GraphView& view, LabelId label)
      : view_(view), label_(label), generation_(view.meta().generation),
        blocks_(view, LocalTable::kLabelBlocks, label, view.meta().next_node_block) {}

  size_t next(std::span<NodeId> out) override {
    size_t n = 0;
    if (view_.meta().generation != generation_) return 0;  // the graph was dropped meanwhile
    storage::TableReader nodes = view_.reader().table(table_of(generation_, LocalTable::kNodes));
    while (n < out.size()) {
      uint64_t block = blocks_.next(block_);
      if (block == kNoBlock) return n;
      if (block != block_) {
        block_ = block;
        slot_ = 0;
      }
      n += read_block(nodes.page(block), out.subspan(n));
    }
    return n;
  }

 private:
  size_t read_block(storage::PageView page, std::span<NodeId> out) {
    size_t n = 0;
    bool full = false;
    if (page.data() != nullptr) {
      const auto* block = reinterpret_cast<const NodeBlock*>(page.data());
      for_each_live(block->live, slot_, [&](uint32_t slot) {
        if (n == out.size()) {
          full = true;
          slot_ = slot;
          return false;
        }
        if (label_ == kNoToken || block->mixed == 0 || has_label(block->label_sets()[slot]))
          out[n++] = (block_ << kSlotBits) | slot;
        return true;
      });
    }
    if (!full) {
      ++block_;
      slot_ = 0;
    }
    return n;
  }
  bool has_label(LabelSetId set) const {
    const std::vector<LabelId>& labels = view_.label_sets().set(set);
    return std::binary_search(labels.begin(), labels.end(), label_);
  }

  const GraphView& view_;
  LabelId label_;
  uint32_t generation_;
  BlockSequence blocks_;
  uint64_t block_ = 0;
  uint32_t slot_ = 0;
};

// 64 relationships whose slots are all live: 3 stores of 16 bytes for two of them.
void put_all(RelationshipId first, const uint32_t* ends, RelationshipCursor::Item* to) {
  static_assert(sizeof(RelationshipCursor::Item) == 24);
  using Halves = uint32_t __attribute__((vector_size(16)));
  using Words = uint64_t __attribute__((vector_size(16)));
  auto* out = reinterpret_cast<char*>(to);
  Words ids = {first, first + 1};
  const Words two = {2, 2};
  for (uint32_t i = 0; i < 64; i += 2, ends += 4, out += 48, ids += two) {
    Halves both;
    std::memcpy(&both, ends, sizeof(both));
    const Words a = {both[0], both[1]}, b = {both[2], both[3]};
    const Words rows[] = {{ids[0], a[0]}, {a[1], ids[1]}, b};
    std::memcpy(out, rows, sizeof(rows));
  }
}

void put_all(RelationshipId first, const uint64_t* ends, RelationshipCursor::Item* to) {
  for (uint32_t i = 0; i < 64; ++i) to[i] = {first + i, ends[i * 2], ends[i * 2 + 1]};
}

class RelationshipScan final : public RelationshipCursor {
 public:
  RelationshipScan(const GraphView& view, TypeId type)
      : view_(view), generation_(view.meta().generation),
        blocks_(view, LocalTable::kTypeBlocks, type, view.meta().next_relationship_block) {}

  size_t next(std::span<Item> out) override {
    size_t n = 0;
    if (view_.meta().generation != generation_) return 0;
    storage::TableReader headers = view_.reader().table(table_of(generation_, LocalTable::kRelationships));
    storage::TableReader ends = view_.reader().table(table_of(generation_, LocalTable::kRelationshipEnds));
    while (n < out.size()) {
      if (slot_ == 0) {  // in the middle of a block that one goes on, and has no live slots left if it is gone
        uint64_t block = blocks_.next(block_);
        if (block == kNoBlock) return n;
        block_ = block;
      }
      // Most often the next one of this type. The processor itself looks ahead no further than the end of a page.
      ahead_ = ends.page(block_ + 1);
      __builtin_prefetch(headers.page(block_ + 1).data());
      n += read_block(headers.page(block_), ends.page(block_), out.subspan(n));
    }
    return n;
  }

 private:
  size_t read_block(storage::PageView header, storage::PageView ends, std::span<Item> out) {
    size_t n = 0;
    if (header.data() != nullptr && ends.data() != nullptr) {
      const auto* block = reinterpret_cast<const RelationshipBlock*>(header.data());
      n = block->wide != 0 ? read_slots(*block, reinterpret_cast<const uint64_t*>(ends.data()), out)
                           : read_slots(*block, reinterpret_cast<const uint32_t*>(ends.data()), out);
      if (slot_ != kSlotsPerBlock) return n;
    }
    ++block_;
    slot_ = 0;
    return n;
  }

  // From slot_ on; slot_ becomes where to go on, or kSlotsPerBlock.
  template <class Id>
  size_t read_slots(const RelationshipBlock& block, const Id* ends, std::span<Item> out) {
    Item* to = out.data();
    Item* const limit = to + out.size();
    RelationshipId first = block_ << kSlotBits;
    for (uint32_t word = slot_ >> 6; word < kSlotsPerBlock / 64; ++word) {
      uint64_t bits = block.live.words[word];
      if (word == slot_ >> 6) bits &= ~uint64_t{0} << (slot_ & 63);
      if (bits == ~uint64_t{0} && limit - to >= 64) {  // all live: no bit by bit
        prefetch_ahead(size_t{word} * 128 * sizeof(Id), 128 * sizeof(Id));
        put_all(first | (word * 64), ends + size_t{word} * 128, to);
        to += 64;
        continue;
      }
      for (; bits != 0; bits &= bits - 1) {
        uint32_t slot = word * 64 + static_cast<uint32_t>(__builtin_ctzll(bits));
        if (to == limit) {
          slot_ = slot;
          return out.size();
        }
        *to++ = {first | slot, ends[slot * 2], ends[slot * 2 + 1]};
      }
    }
    slot_ = kSlotsPerBlock;
    return static_cast<size_t>(to - out.data());
  }

  void prefetch_ahead(size_t offset, size_t bytes) const {
    for (size_t at = offset; at < offset + bytes && at < ahead_.size(); at += 64) __builtin_prefetch(ahead_.data() + at);
  }

  const GraphView& view_;
  uint32_t generation_;
  BlockSequence blocks_;
  storage::PageView ahead_;  // of the ends of the block after block_; within one next() only
  uint64_t block_ = 0;
  uint32_t slot_ = 0;
};

class NoNodes final : public NodeCursor {
 public:
  size_t next(std::span<NodeId>) override { return 0; }
};

class NoRelationships final : public RelationshipCursor {
 public:
  size_t next(std::span<Item>) override { return 0; }
};

}  // namespace

std::unique_ptr<NodeCursor> GraphView::scan_nodes() const {
  record_label_read(kNoToken);
  return std::make_unique<NodeScan>(*this, kNoToken);
}

std::unique_ptr<NodeCursor> GraphView::scan_nodes(LabelId label) const {
  record_label_read(label);
  if (label >= kMaxTokens) return std::make_unique<NoNodes>();
  return std::make_unique<NodeScan>(*this, label);
}

std::unique_ptr<RelationshipCursor> GraphView::scan_relationships() const {
  record_type_read(kNoToken);
  return std::make_unique<RelationshipScan>(*this, kNoToken);
}

std::unique_ptr<RelationshipCursor> GraphView::scan_relationships(TypeId type) const {
  record_type_read(type);
  if (type >= kMaxTokens) return std::make_unique<NoRelationships>();
  return std::make_unique<RelationshipScan>(*this, type);
}

uint64_t GraphView::scan_from(EntityKind entity, uint32_t token, uint64_t from, uint64_t most, std::vector<uint64_t>* out) const {
  uint64_t next = from;
  Status walked = walk_entities(*this, entity, token, most, &next, [&](uint64_t id) -> Status {
    // A block of relationships is of one type.
    if (entity == EntityKind::kRelationship) out->push_back(id);
    else if (const auto& labels = label_sets().set(node_block(id)->label_set_of(slot_of(id))); std::binary_search(labels.begin(), labels.end(), token)) out->push_back(id);
    return {};
  });
  GRAFT_CHECK(walked.ok());
  return next;
}

}  // namespace graft::graph
