#pragma once

// A B+tree whose nodes are pages of one table: indexes, hub directories, system records.
//
// Keys are byte strings in memcmp order; each entry carries 8 bytes of value or none. Page 0 is the TreeHeader. A node:
//
//   count:u16 leaf:u8 value_bytes:u8 (4 bytes unused) | offsets: u16 x (count + 1) | cells: key, value
//
// offsets are relative to the first cell. In an inner node the value is the child's page number and the key a lower
// bound of the child's keys; the first child's key counts as minus infinity. Nodes aim at 4 KiB; a node is freed when it
// is empty, not merged before (Olson & Johnson, "B-trees with inserts and deletes: why free-at-empty is better").

#include <string>
#include <string_view>

#include "base/checksum.h"
#include "storage/store.h"

namespace graft::graph {

inline constexpr size_t kMaxTreeKeyBytes = 8192;

struct TreeHeader {
  uint64_t root = 0;  // 0: empty tree
  uint64_t next_page = 1;
  uint64_t height = 0;
  uint64_t entries = 0;
  uint64_t distinct = 0;  // estimate of distinct keys without their last 8 bytes (indexes)
  Sum128 sum;             // kept by the owner: state sum of the entries
};

TreeHeader read_tree_header(const storage::PageReader& reader, storage::TableId table);

class TreeNode {  // reads one node page
 public:
  TreeNode() = default;
  explicit TreeNode(storage::PageView page) : page_(page) {}
  uint32_t count() const { return header()->count; }
  bool leaf() const { return header()->leaf != 0; }
  uint32_t value_bytes() const { return header()->value_bytes; }
  std::string_view key(uint32_t i) const {
    uint32_t from = offsets()[i];
    return {cells() + from, offsets()[i + 1] - from - value_bytes()};
  }
  uint64_t value(uint32_t i) const {
    if (value_bytes() == 0) return 0;
    uint64_t v;
    __builtin_memcpy(&v, cells() + offsets()[i + 1] - 8, 8);
    return v;
  }
  uint32_t lower_bound(std::string_view key) const;  // first i with key(i) >= key
  uint32_t child_for(std::string_view key) const;    // inner nodes
  storage::PageView page() const { return page_; }
  const char* cells() const { return page_.data() + 8 + 2 * (count() + 1); }
  const uint16_t* offsets() const { return reinterpret_cast<const uint16_t*>(page_.data() + 8); }

 private:
  struct Header { uint16_t count; uint8_t leaf, value_bytes; };
  const Header* header() const { return reinterpret_cast<const Header*>(page_.data()); }
  storage::PageView page_;
};

// A position in a tree. No allocation. Valid until the tree's next mutation.
class TreeCursor {
 public:
  TreeCursor() = default;
  TreeCursor(const storage::PageReader& reader, storage::TableId table);

  bool seek(std::string_view key);         // first entry >= key
  bool seek_floor(std::string_view key);   // last entry <= key
  bool seek_before(std::string_view key);  // last entry < key
  bool seek_first();
  bool seek_last();
  bool next();
  bool previous();
  bool valid() const { return depth_ != 0; }
  std::string_view key() const { return levels_[depth_ - 1].node.key(levels_[depth_ - 1].index); }
  uint64_t value() const { return levels_[depth_ - 1].node.value(levels_[depth_ - 1].index); }

 private:
  static constexpr uint32_t kMaxDepth = 12;
  struct Level { TreeNode node; uint32_t index; };
  void descend_to(std::string_view key);
  void descend_edge(uint32_t from_depth, bool last);
  bool step_up(bool forward);
  bool usable(const TreeNode& node);

  storage::TableReader table_{};
  uint64_t root_ = 0;
  uint32_t height_ = 0;
  uint32_t depth_ = 0;  // 0: no position
  Level levels_[kMaxDepth];
};

class TreeWriter {
 public:
  TreeWriter(storage::Fork& fork, storage::TableId table, bool values);

  // False: the key was there (its value is replaced). The key may have at most kMaxTreeKeyBytes.
  bool insert(std::string_view key, uint64_t value = 0);
  bool erase(std::string_view key);  // false: was not there
  bool find(std::string_view key, uint64_t* value) const;
  void add_to_sum(const Sum128& item);
  void subtract_from_sum(const Sum128& item);
  TreeHeader header() const { return read_tree_header(fork_.reader(), table_); }

 private:
  struct Step { storage::PageNo page; uint32_t index; };
  static constexpr uint32_t kMaxDepth = 12;
  TreeHeader* edit_header();
  TreeNode node(storage::PageNo page) const { return TreeNode(fork_.reader().page(table_, page)); }
  storage::PageNo descend(std::string_view key, Step* path, uint32_t* depth) const;
  void insert_cell(Step* path, uint32_t depth, storage::PageNo page, uint32_t at, std::string_view key, uint64_t value);
  void grow_root(storage::PageNo left, std::string_view separator, storage::PageNo right);
  void remove_cell(Step* path, uint32_t depth, storage::PageNo page, uint32_t at);
  // Whether an entry with the same key but for the last 8 bytes stands beside `key` in its leaf.
  bool shares_value(const TreeNode& leaf, uint32_t at, std::string_view key, bool present) const;

  storage::Fork& fork_;
  storage::TableId table_;
  uint32_t value_bytes_;
};

}  // namespace graft::graph
