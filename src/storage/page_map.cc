#include "storage/page_map.h"

#include "storage/page_file_format.h"

namespace graft::storage {

uint64_t FileMap::long_length(uint64_t slot, const char* data) const {
  if (data == nullptr) return 0;
  return slot_in_file(slot) ? extent_header(data)->length : heap_length(slot);
}

namespace {

// False when visit has said stop.
bool visit_tree(const FileMap& file, uint64_t slot, uint32_t depth, PageNo first, PageNo from,
                const std::function<bool(PageNo, PageView)>& visit) {
  if (slot == 0) return true;
  if (depth == 0) {
    PageView page = file.view(slot);
    return first < from || page.data() == nullptr || visit(first, page);
  }
  const char* node = file.resolve(slot);
  if (node == nullptr) return true;
  uint32_t shift = (depth - 1) * kFanoutBits;
  uint64_t start = from > first ? (from - first) >> shift : 0;
  for (uint64_t i = start; i < kFanout; ++i) {
    uint64_t child = reinterpret_cast<const uint64_t*>(node)[i];
    if (!visit_tree(file, child, depth - 1, first + (i << shift), from, visit)) return false;
  }
  return true;
}

}  // namespace

void PageReader::for_each_page(TableId id, PageNo from, const std::function<bool(PageNo, PageView)>& visit) const {
  const TableRoot* t = root_->find(id);
  if (t) visit_tree(*file_, t->slot, t->depth, 0, from, visit);
}

std::vector<TableId> PageReader::tables() const {
  std::vector<TableId> ids;
  for (const TableRoot& t : root_->list()) ids.push_back(t.id);
  return ids;
}

}  // namespace graft::storage
