#pragma once

// A version's root: the table directory, sorted by table, in chunks that versions share until one changes them. So a fork
// copies a pointer per 64 tables, and the first change of a table copies a kilobyte.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/types.h"

namespace graft::storage {

struct TableRoot {
  TableId id = 0;
  uint32_t depth = 0;   // levels of nodes above the pages; 0: the slot is page 0 itself
  uint64_t slot = 0;
};
using TableList = std::vector<TableRoot>;  // sorted by table

class Root {
 public:
  Root() = default;
  explicit Root(const TableList& tables);

  const TableRoot* find(TableId id) const {
    const Entry* e = entry_of(id);
    if (e == nullptr) return nullptr;
    const Chunk& c = *e->chunk;
    uint32_t at = c.last_not_above(id);
    return c.count != 0 && c.tables[at].id == id ? &c.tables[at] : nullptr;
  }
  TableList list() const;

  // Found or added, in a chunk that belongs to the fork with this stamp. *bytes_copied grows by what was copied.
  TableRoot& for_write(TableId id, VersionNo stamp, uint64_t* bytes_copied);
  void erase(TableId id, VersionNo stamp, uint64_t* bytes_copied);
  size_t chunks() const { return entries_.size(); }

 private:
  static constexpr uint32_t kChunkTables = 64;
  struct Chunk {
    VersionNo owner = 0;
    uint32_t count = 0;
    std::array<TableRoot, kChunkTables> tables;

    // Index of the last table <= id, or 0. Without branches that depend on the data: it is on the way to every page.
    uint32_t last_not_above(TableId id) const {
      uint32_t at = 0;
      for (uint32_t n = count; n > 1;) {
        uint32_t half = n / 2;
        at += tables[at + half].id <= id ? half : 0;
        n -= half;
      }
      return at;
    }
  };
  struct Entry {
    TableId first = 0;  // smallest id that belongs here; 0 in the first entry
    std::shared_ptr<Chunk> chunk;
  };

  const Entry* entry_of(TableId id) const {
    if (entries_.empty()) return nullptr;
    auto it = std::upper_bound(entries_.begin(), entries_.end(), id, [](TableId i, const Entry& e) { return i < e.first; });
    return &*std::prev(it);
  }
  size_t own_chunk(TableId id, VersionNo stamp, uint64_t* bytes_copied);

  std::vector<Entry> entries_;
};

}  // namespace graft::storage
