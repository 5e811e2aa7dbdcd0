#pragma once

#include <cstddef>
#include <vector>

#include "storage/store.h"
#include "storage/version_set.h"

namespace graft::storage {

// Where the last slice of releasing stopped.
struct ReleaseCursor {
  TableId table = 0;
  PageNo page = 0;
};

// Switches slots that name heap copies to the extents that hold the same bytes. A leaf of the page map that is itself on
// disk is switched whole; the few nodes above the leaves stay in memory.
class CleanPageReleaser {
 public:
  CleanPageReleaser(Fork& fork, ReleaseCursor& cursor) : fork_(fork), cursor_(cursor) {}
  // From the cursor on, to the end of the last table at most; how many heap copies were switched. Whole leaves, at least
  // one; stops as well when it has looked at kLookFactor times max_pages.
  size_t run(size_t max_pages);
  bool at_end() const { return !full_; }

 private:
  static constexpr size_t kLookFactor = 8;

  struct Leaf {
    TableId table = 0;
    PageNo first = 0;
    uint32_t depth = 0;  // of what to switch: 0 page, 1 node over pages
  };
  void find(TableId table, uint64_t slot, uint32_t depth, PageNo first, size_t max_pages);
  static size_t clean_children(const uint64_t* children);
  void switch_leaf(const Leaf& leaf);

  Fork& fork_;
  ReleaseCursor& cursor_;
  std::vector<Leaf> leaves_;
  size_t found_ = 0;
  size_t looked_ = 0;
  bool full_ = false;
};

}  // namespace graft::storage
