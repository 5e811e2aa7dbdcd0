#include "graph/btree.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace graft::graph {

namespace {

constexpr size_t kMaxNodeBytes = 4096;
constexpr uint32_t kMinSplitCells = 4;  // a node of fewer, larger cells may be larger than kMaxNodeBytes

// Builds node pages.
class NodeImage {
 public:
  NodeImage(bool leaf, uint32_t value_bytes) : leaf_(leaf), value_bytes_(value_bytes) {}

  void add(std::string_view key, uint64_t value) {
    ends_.push_back(static_cast<uint16_t>(cells_.size() + key.size() + value_bytes_));
    cells_.append(key);
    if (value_bytes_ != 0) cells_.append(reinterpret_cast<const char*>(&value), 8);
  }
  void write(storage::Fork& fork, storage::TableId table, storage::PageNo page) const {
    size_t bytes = 8 + 2 * (ends_.size() + 1) + cells_.size();
    char* p = fork.put(table, page, bytes);
    uint16_t count = static_cast<uint16_t>(ends_.size());
    std::memset(p, 0, 10);
    std::memcpy(p, &count, 2);
    p[2] = leaf_ ? 1 : 0;
    p[3] = static_cast<char>(value_bytes_);
    if (count != 0) std::memcpy(p + 10, ends_.data(), 2 * size_t{count});
    std::memcpy(p + 10 + 2 * size_t{count}, cells_.data(), cells_.size());
  }

 private:
  bool leaf_;
  uint32_t value_bytes_;
  std::string cells_;
  std::vector<uint16_t> ends_;
};

// The bytes of `node` with a cell inserted at `at`.
std::string with_cell(const TreeNode& node, uint32_t at, std::string_view key, uint64_t value) {
  uint32_t count = node.count(), value_bytes = node.value_bytes();
  size_t cell = key.size() + value_bytes;
  const uint16_t* offsets = node.offsets();
  std::string out;
  out.resize(node.page().size() + 2 + cell);
  char* p = out.data();
  std::memcpy(p, node.page().data(), 8);
  uint16_t new_count = static_cast<uint16_t>(count + 1);
  std::memcpy(p, &new_count, 2);
  uint16_t* new_offsets = reinterpret_cast<uint16_t*>(p + 8);
  std::memcpy(new_offsets, offsets, 2 * (size_t{at} + 1));
  for (uint32_t i = at; i <= count; ++i) new_offsets[i + 1] = static_cast<uint16_t>(offsets[i] + cell);
  char* cells = p + 8 + 2 * (size_t{count} + 2);
  std::memcpy(cells, node.cells(), offsets[at]);
  std::memcpy(cells + offsets[at], key.data(), key.size());
  if (value_bytes != 0) std::memcpy(cells + offsets[at] + key.size(), &value, 8);
  std::memcpy(cells + offsets[at] + cell, node.cells() + offsets[at], offsets[count] - offsets[at]);
  return out;
}

std::string without_cell(const TreeNode& node, uint32_t at) {
  uint32_t count = node.count();
  const uint16_t* offsets = node.offsets();
  size_t cell = offsets[at + 1] - offsets[at];
  std::string out;
  out.resize(node.page().size() - 2 - cell);
  char* p = out.data();
  std::memcpy(p, node.page().data(), 8);
  uint16_t new_count = static_cast<uint16_t>(count - 1);
  std::memcpy(p, &new_count, 2);
  uint16_t* new_offsets = reinterpret_cast<uint16_t*>(p + 8);
  std::memcpy(new_offsets, offsets, 2 * (size_t{at} + 1));
  for (uint32_t i = at + 1; i < count; ++i) new_offsets[i] = static_cast<uint16_t>(offsets[i + 1] - cell);
  char* cells = p + 8 + 2 * size_t{count};
  if (at + 1 <= count) {
    new_offsets[count - 1] = static_cast<uint16_t>(offsets[count] - cell);
    std::memcpy(cells, node.cells(), offsets[at]);
    std::memcpy(cells + offsets[at], node.cells() + offsets[at + 1], offsets[count] - offsets[at + 1]);
  }
  return out;
}

void write_slice(storage::Fork& fork, storage::TableId table, storage::PageNo page, const TreeNode& node, uint32_t from,
                 uint32_t to) {
  NodeImage image(node.leaf(), node.value_bytes());
  for (uint32_t i = from; i < to; ++i) image.add(node.key(i), node.value(i));
  image.write(fork, table, page);
}

// Where to cut an overfull node: near the middle by bytes; near the end when it grew there (ascending loads).
uint32_t split_point(const TreeNode& node, uint32_t inserted_at) {
  uint32_t count = node.count();
  if (inserted_at + 1 == count) return count - 1;
  uint32_t half = node.offsets()[count] / 2;
  uint32_t at = 1;
  while (at < count - 1 && node.offsets()[at] < half) ++at;
  return at;
}

// The shortest key that is > left and <= right.
std::string_view separator(std::string_view left, std::string_view right) {
  size_t common = 0;
  while (common < left.size() && common < right.size() && left[common] == right[common]) ++common;
  return right.substr(0, std::min(right.size(), common + 1));
}

}  // namespace

TreeHeader read_tree_header(const storage::PageReader& reader, storage::TableId table) {
  TreeHeader header;
  storage::PageView page = reader.page(table, 0);
  if (page.data() != nullptr) std::memcpy(&header, page.data(), sizeof(header));
  return header;
}

uint32_t TreeNode::lower_bound(std::string_view key) const {
  uint32_t low = 0, high = count();
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (this->key(middle) < key) low = middle + 1; else high = middle;
  }
  return low;
}

uint32_t TreeNode::child_for(std::string_view key) const {
  uint32_t low = 1, high = count();  // first i >= 1 with key(i) > key
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (this->key(middle) <= key) low = middle + 1; else high = middle;
  }
  return low - 1;
}

TreeCursor::TreeCursor(const storage::PageReader& reader, storage::TableId table) : table_(reader.table(table)) {
  TreeHeader header = read_tree_header(reader, table);
  root_ = header.root;
  height_ = static_cast<uint32_t>(header.height);
}

// A damaged page reads as absent (the store has reported it): the tree ends there.
bool TreeCursor::usable(const TreeNode& node) {
  if (node.page().data() != nullptr && depth_ < kMaxDepth) return true;
  depth_ = 0;
  root_ = 0;
  return false;
}

void TreeCursor::descend_to(std::string_view key) {
  storage::PageNo page = root_;
  depth_ = 0;
  for (;;) {
    TreeNode node(table_.page(page));
    if (!usable(node)) return;
    Level& level = levels_[depth_++];
    level.node = node;
    if (node.leaf()) return;
    level.index = node.child_for(key);
    page = node.value(level.index);
  }
}

void TreeCursor::descend_edge(uint32_t from_depth, bool last) {
  depth_ = from_depth;
  storage::PageNo page = depth_ == 0 ? root_ : levels_[depth_ - 1].node.value(levels_[depth_ - 1].index);
  for (;;) {
    TreeNode node(table_.page(page));
    if (!usable(node)) return;
    Level& level = levels_[depth_++];
    level.node = node;
    level.index = last ? node.count() - 1 : 0;
    if (node.leaf()) return;
    page = node.value(level.index);
  }
}

bool TreeCursor::step_up(bool forward) {
  while (--depth_ > 0) {
    Level& level = levels_[depth_ - 1];
    if (forward ? level.index + 1 < level.node.count() : level.index > 0) {
      level.index += forward ? 1 : -1;
      descend_edge(depth_, !forward);
      return depth_ != 0;
    }
  }
  return false;
}

bool TreeCursor::seek(std::string_view key) {
  depth_ = 0;
  if (root_ == 0) return false;
  descend_to(key);
  if (depth_ == 0) return false;
  Level& level = levels_[depth_ - 1];
  level.index = level.node.lower_bound(key);
  if (level.index < level.node.count()) return true;
  return step_up(true);
}

bool TreeCursor::seek_before(std::string_view key) {
  depth_ = 0;
  if (root_ == 0) return false;
  descend_to(key);
  if (depth_ == 0) return false;
  Level& level = levels_[depth_ - 1];
  level.index = level.node.lower_bound(key);
  if (level.index > 0) {
    --level.index;
    return true;
  }
  return step_up(false);
}

bool TreeCursor::seek_floor(std::string_view key) {
  depth_ = 0;
  if (root_ == 0) return false;
  descend_to(key);
  if (depth_ == 0) return false;
  Level& level = levels_[depth_ - 1];
  level.index = level.node.lower_bound(key);
  if (level.index < level.node.count() && level.node.key(level.index) == key) return true;
  if (level.index > 0) {
    --level.index;
    return true;
  }
  return step_up(false);
}

bool TreeCursor::seek_first() {
  depth_ = 0;
  if (root_ == 0) return false;
  descend_edge(0, false);
  return depth_ != 0;
}

bool TreeCursor::seek_last() {
  depth_ = 0;
  if (root_ == 0) return false;
  descend_edge(0, true);
  return depth_ != 0;
}

bool TreeCursor::next() {
  Level& level = levels_[depth_ - 1];
  if (++level.index < level.node.count()) return true;
  return step_up(true);
}

bool TreeCursor::previous() {
  Level& level = levels_[depth_ - 1];
  if (level.index > 0) {
    --level.index;
    return true;
  }
  return step_up(false);
}

TreeWriter::TreeWriter(storage::Fork& fork, storage::TableId table, bool values)
    : fork_(fork), table_(table), value_bytes_(values ? 8 : 0) {}

TreeHeader* TreeWriter::edit_header() {
  if (fork_.reader().page(table_, 0).data() == nullptr) {
    TreeHeader header;
    fork_.put(table_, 0, std::string_view(reinterpret_cast<const char*>(&header), sizeof(header)));
  }
  return reinterpret_cast<TreeHeader*>(fork_.edit(table_, 0));
}

void TreeWriter::add_to_sum(const Sum128& item) { edit_header()->sum += item; }
void TreeWriter::subtract_from_sum(const Sum128& item) { edit_header()->sum -= item; }

storage::PageNo TreeWriter::descend(std::string_view key, Step* path, uint32_t* depth) const {
  storage::PageNo page = read_tree_header(fork_.reader(), table_).root;
  *depth = 0;
  for (;;) {
    TreeNode at = node(page);
    if (at.leaf()) return page;
    GRAFT_CHECK(*depth < kMaxDepth);
    uint32_t index = at.child_for(key);
    path[(*depth)++] = {page, index};
    page = at.value(index);
  }
}

bool TreeWriter::find(std::string_view key, uint64_t* value) const {
  if (read_tree_header(fork_.reader(), table_).root == 0) return false;
  Step path[kMaxDepth];
  uint32_t depth;
  TreeNode leaf = node(descend(key, path, &depth));
  uint32_t at = leaf.lower_bound(key);
  if (at == leaf.count() || leaf.key(at) != key) return false;
  *value = leaf.value(at);
  return true;
}

bool TreeWriter::shares_value(const TreeNode& leaf, uint32_t at, std::string_view key, bool present) const {
  if (key.size() < 8) return false;
  std::string_view value = key.substr(0, key.size() - 8);
  auto same = [&](std::string_view other) { return other.size() == key.size() && other.substr(0, value.size()) == value; };
  if (at > 0 && same(leaf.key(at - 1))) return true;
  uint32_t after = present ? at + 1 : at;
  return after < leaf.count() && same(leaf.key(after));
}

bool TreeWriter::insert(std::string_view key, uint64_t value) {
  GRAFT_CHECK(key.size() <= kMaxTreeKeyBytes);
  if (edit_header()->root == 0) {
    storage::PageNo root = edit_header()->next_page++;
    NodeImage(true, value_bytes_).write(fork_, table_, root);
    TreeHeader* header = edit_header();
    header->root = root;
    header->height = 1;
  }
  Step path[kMaxDepth];
  uint32_t depth;
  storage::PageNo page = descend(key, path, &depth);
  TreeNode leaf = node(page);
  uint32_t at = leaf.lower_bound(key);
  if (at < leaf.count() && leaf.key(at) == key) {
    if (value_bytes_ != 0 && leaf.value(at) != value) {
      size_t offset = static_cast<size_t>(leaf.cells() + leaf.offsets()[at + 1] - 8 - leaf.page().data());
      std::memcpy(fork_.edit(table_, page) + offset, &value, 8);
    }
    return false;
  }
  bool shares = shares_value(leaf, at, key, false);
  insert_cell(path, depth, page, at, key, value);
  TreeHeader* header = edit_header();
  ++header->entries;
  if (!shares) ++header->distinct;
  return true;
}

void TreeWriter::insert_cell(Step* path, uint32_t depth, storage::PageNo page, uint32_t at, std::string_view key,
                             uint64_t value) {
  std::string bytes = with_cell(node(page), at, key, value);
  TreeNode full{storage::PageView(bytes)};
  if (bytes.size() <= kMaxNodeBytes || full.count() < kMinSplitCells) {
    fork_.put(table_, page, bytes);
    return;
  }
  uint32_t cut = split_point(full, at);
  storage::PageNo right = edit_header()->next_page++;
  write_slice(fork_, table_, page, full, 0, cut);
  write_slice(fork_, table_, right, full, cut, full.count());
  std::string_view between = full.leaf() ? separator(full.key(cut - 1), full.key(cut)) : full.key(cut);
  if (depth == 0) {
    grow_root(page, between, right);
  } else {
    insert_cell(path, depth - 1, path[depth - 1].page, path[depth - 1].index + 1, between, right);
  }
}

void TreeWriter::grow_root(storage::PageNo left, std::string_view between, storage::PageNo right) {
  storage::PageNo root = edit_header()->next_page++;
  NodeImage image(false, 8);
  image.add({}, left);
  image.add(between, right);
  image.write(fork_, table_, root);
  TreeHeader* header = edit_header();
  header->root = root;
  ++header->height;
}

bool TreeWriter::erase(std::string_view key) {
  if (read_tree_header(fork_.reader(), table_).root == 0) return false;
  Step path[kMaxDepth];
  uint32_t depth;
  storage::PageNo page = descend(key, path, &depth);
  TreeNode leaf = node(page);
  uint32_t at = leaf.lower_bound(key);
  if (at == leaf.count() || leaf.key(at) != key) return false;
  bool shares = shares_value(leaf, at, key, true);
  remove_cell(path, depth, page, at);
  TreeHeader* header = edit_header();
  --header->entries;
  if (!shares && header->distinct > 0) --header->distinct;
  return true;
}

void TreeWriter::remove_cell(Step* path, uint32_t depth, storage::PageNo page, uint32_t at) {
  TreeNode from = node(page);
  if (from.count() > 1) {
    std::string bytes = without_cell(from, at);
    TreeNode left{storage::PageView(bytes)};
    if (depth == 0 && !left.leaf() && left.count() == 1) {  // the root has one child left: that one becomes the root
      TreeHeader* header = edit_header();
      header->root = left.value(0);
      --header->height;
      fork_.erase(table_, page);
    } else {
      fork_.put(table_, page, bytes);
    }
    return;
  }
  fork_.erase(table_, page);
  if (depth == 0) {
    TreeHeader* header = edit_header();
    header->root = 0;
    header->height = 0;
    return;
  }
  remove_cell(path, depth - 1, path[depth - 1].page, path[depth - 1].index);
}

}  // namespace graft::graph
