#include "storage/extent_allocator.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "storage/page_file_format.h"

namespace graft::storage {

namespace {

constexpr uint32_t kStepsLog2 = 3;
constexpr uint64_t kLargestClass = kSegmentBytes / 2;

}  // namespace

// Classes 0-7 are 1-8 granules; after that eight steps per doubling.
uint16_t ExtentAllocator::class_of(uint64_t bytes) {
  uint64_t granules = (bytes + kGranuleBytes - 1) / kGranuleBytes;
  if (granules <= 8) return static_cast<uint16_t>(granules - 1);
  uint32_t exponent = 63 - std::countl_zero(granules - 1);  // 2^exponent < granules <= 2^(exponent + 1)
  uint64_t step = uint64_t{1} << (exponent - kStepsLog2);
  uint64_t steps = (granules - (uint64_t{1} << exponent) + step - 1) / step;  // 1-8
  return static_cast<uint16_t>(7 + ((exponent - kStepsLog2) << kStepsLog2) + steps);
}

uint64_t ExtentAllocator::class_bytes(uint16_t size_class) {
  if (size_class < 8) return (size_class + uint64_t{1}) * kGranuleBytes;
  uint32_t n = size_class - 8;
  uint32_t exponent = (n >> kStepsLog2) + kStepsLog2;
  uint64_t step = uint64_t{1} << (exponent - kStepsLog2);
  return ((uint64_t{1} << exponent) + ((n & 7) + 1) * step) * kGranuleBytes;
}

uint32_t ExtentAllocator::class_capacity(uint16_t size_class) {
  return static_cast<uint32_t>(kSegmentBytes / class_bytes(size_class));
}

uint64_t ExtentAllocator::extent_bytes(uint64_t bytes) {
  if (bytes > kLargestClass) return (bytes + kSegmentBytes - 1) / kSegmentBytes * kSegmentBytes;
  return class_bytes(class_of(bytes));
}

ExtentAllocator::ExtentAllocator() : with_room_(class_of(kLargestClass) + 1, kNone) {
  begin_rebuild(1);
  end_rebuild();
}

void ExtentAllocator::begin_rebuild(uint64_t segments) {
  segments_.clear();
  segments_.resize(segments);
  std::fill(with_room_.begin(), with_room_.end(), kNone);
  free_segments_.clear();
  used_bytes_ = kSegmentBytes;
  segments_[0].size_class = kLarge;  // the superblocks
}

void ExtentAllocator::assign(uint32_t segment, uint16_t size_class) {
  Segment& s = segments_[segment];
  s.size_class = size_class;
  s.used = 0;
  s.hint = 0;
  s.bits.assign((class_capacity(size_class) + 63) / 64, 0);
  uint32_t tail = class_capacity(size_class) % 64;
  if (tail != 0) s.bits.back() = ~uint64_t{0} << tail;  // past the end: never free
}

bool ExtentAllocator::mark(uint64_t offset, uint64_t bytes) {
  uint64_t first = offset / kSegmentBytes;
  used_bytes_ += extent_bytes(bytes);
  if (bytes > kLargestClass) {
    uint64_t n = extent_bytes(bytes) / kSegmentBytes;
    if (offset % kSegmentBytes != 0 || first + n > segments_.size()) return false;
    for (uint64_t i = first; i < first + n; ++i) {
      if (segments_[i].size_class != kFree) return false;
      segments_[i].size_class = kLarge;
    }
    return true;
  }
  uint16_t size_class = class_of(bytes);
  uint64_t in_segment = offset % kSegmentBytes;
  uint64_t i = in_segment / class_bytes(size_class);
  if (first >= segments_.size() || in_segment % class_bytes(size_class) != 0 || i >= class_capacity(size_class)) return false;
  Segment& s = segments_[first];
  if (s.size_class == kFree) assign(static_cast<uint32_t>(first), size_class);
  if (s.size_class != size_class || (s.bits[i / 64] >> (i % 64) & 1)) return false;
  s.bits[i / 64] |= uint64_t{1} << (i % 64);
  ++s.used;
  return true;
}

void ExtentAllocator::end_rebuild() {
  for (uint32_t i = 0; i < segments_.size(); ++i) {
    Segment& s = segments_[i];
    if (s.size_class == kFree) free_segments_.insert(i);
    else if (s.size_class != kLarge && s.used < class_capacity(s.size_class)) list(i);
  }
}

void ExtentAllocator::list(uint32_t segment) {
  Segment& s = segments_[segment];
  uint32_t& head = with_room_[s.size_class];
  s.listed = true;
  s.previous = kNone;
  s.next = head;
  if (head != kNone) segments_[head].previous = segment;
  head = segment;
}

void ExtentAllocator::unlist(uint32_t segment) {
  Segment& s = segments_[segment];
  if (s.previous != kNone) segments_[s.previous].next = s.next;
  else with_room_[s.size_class] = s.next;
  if (s.next != kNone) segments_[s.next].previous = s.previous;
  s.listed = false;
}

uint32_t ExtentAllocator::take_free_segment() {
  if (!free_segments_.empty()) {
    uint32_t segment = *free_segments_.begin();
    free_segments_.erase(free_segments_.begin());
    return segment;
  }
  segments_.emplace_back();
  return static_cast<uint32_t>(segments_.size() - 1);
}

uint64_t ExtentAllocator::allocate_large(uint64_t bytes) {
  uint64_t n = bytes / kSegmentBytes;
  uint64_t first = 0, run = 0;
  for (uint32_t s : free_segments_) {
    if (run == 0 || s != first + run) {
      first = s;
      run = 0;
    }
    if (++run == n) break;
  }
  if (run != n) {
    first = segments_.size();
    segments_.resize(first + n);
  }
  for (uint64_t i = first; i < first + n; ++i) {
    segments_[i].size_class = kLarge;
    free_segments_.erase(static_cast<uint32_t>(i));
  }
  return first * kSegmentBytes;
}

uint64_t ExtentAllocator::allocate(uint64_t bytes) {
  used_bytes_ += extent_bytes(bytes);
  if (bytes > kLargestClass) return allocate_large(extent_bytes(bytes));
  uint16_t size_class = class_of(bytes);
  uint32_t segment = with_room_[size_class];
  if (segment == kNone) {
    segment = take_free_segment();
    assign(segment, size_class);
    list(segment);
  }
  Segment& s = segments_[segment];
  while (s.bits[s.hint] == ~uint64_t{0}) ++s.hint;
  uint32_t bit = static_cast<uint32_t>(std::countr_one(s.bits[s.hint]));
  s.bits[s.hint] |= uint64_t{1} << bit;
  if (++s.used == class_capacity(size_class)) unlist(segment);
  return segment * kSegmentBytes + (s.hint * 64 + bit) * class_bytes(size_class);
}

void ExtentAllocator::free(uint64_t offset, uint64_t bytes) {
  uint32_t segment = static_cast<uint32_t>(offset / kSegmentBytes);
  used_bytes_ -= extent_bytes(bytes);
  if (bytes > kLargestClass) {
    for (uint64_t n = extent_bytes(bytes) / kSegmentBytes; n-- > 0; ++segment) {
      GRAFT_CHECK(segments_[segment].size_class == kLarge);
      segments_[segment].size_class = kFree;
      free_segments_.insert(segment);
    }
    return;
  }
  Segment& s = segments_[segment];
  GRAFT_CHECK(s.size_class == class_of(bytes));
  uint64_t i = offset % kSegmentBytes / class_bytes(s.size_class);
  uint64_t bit = uint64_t{1} << (i % 64);
  GRAFT_CHECK(s.bits[i / 64] & bit);
  s.bits[i / 64] &= ~bit;
  s.hint = std::min(s.hint, static_cast<uint32_t>(i / 64));
  if (--s.used == 0) {
    if (s.listed) unlist(segment);
    s.size_class = kFree;
    s.bits = {};
    free_segments_.insert(segment);
  } else if (!s.listed) {
    list(segment);
  }
}

}  // namespace graft::storage
