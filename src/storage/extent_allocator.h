#pragma once

// Where free space in the page file is. The file is cut into segments of 1 MiB; a segment holds extents of one size class
// (eight classes per doubling, from 256 bytes to 512 KiB); larger extents take whole segments in a row. Finding, taking
// and giving back an extent is O(1), whatever the number of holes. Nothing of this is on disk: after opening, it is
// rebuilt from the map nodes (mark()), which are a five-hundredth of the file.
// Not thread-safe.

#include <cstdint>
#include <set>
#include <vector>

namespace graft::storage {

class ExtentAllocator {
 public:
  ExtentAllocator();

  // Size that an extent for `bytes` (header included) takes.
  static uint64_t extent_bytes(uint64_t bytes);

  // Rebuilding: the file has this many segments; extents in use are marked; false if one overlaps another.
  void begin_rebuild(uint64_t segments);
  [[nodiscard]] bool mark(uint64_t offset, uint64_t bytes);
  void end_rebuild();

  uint64_t allocate(uint64_t bytes);  // file offset
  void free(uint64_t offset, uint64_t bytes);

  uint64_t segments() const { return segments_.size(); }
  uint64_t used_bytes() const { return used_bytes_; }

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};
  static constexpr uint16_t kFree = 0xffff;
  static constexpr uint16_t kLarge = 0xfffe;

  struct Segment {
    uint16_t size_class = kFree;
    bool listed = false;        // in its class's list of segments with room
    uint32_t used = 0;          // extents in use
    uint32_t hint = 0;          // no free extent in words before this one
    uint32_t previous = kNone, next = kNone;
    std::vector<uint64_t> bits;  // 1: in use
  };

  static uint16_t class_of(uint64_t bytes);
  static uint64_t class_bytes(uint16_t size_class);
  static uint32_t class_capacity(uint16_t size_class);
  void assign(uint32_t segment, uint16_t size_class);
  void list(uint32_t segment);
  void unlist(uint32_t segment);
  uint32_t take_free_segment();
  uint64_t allocate_large(uint64_t bytes);

  std::vector<Segment> segments_;
  std::vector<uint32_t> with_room_;  // by class: head of list
  std::set<uint32_t> free_segments_;
  uint64_t used_bytes_ = 0;
};

}  // namespace graft::storage
