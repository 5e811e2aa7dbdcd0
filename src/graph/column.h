#pragma once

// One column page: the values of one property key of 256 consecutive entity slots.
//
//   fixed:     ColumnHeader | 8 bytes x slots | exceptions: { slot:u16 length:u16 encoded value } ...
//   variable:  ColumnHeader | cell offset:u16 x 256 | cells: { length:u16 encoded value } ...
//
// A page is fixed when its first value has a type of 8 bytes or less (boolean, integer, float, date, local time); a value
// of another type goes to the exceptions, and when these are many the page becomes variable. A long value is a page of
// its own (cell offset kLongCell, or an exception of length kLongException).

#include <string>

#include "graph/layout.h"
#include "graph/value.h"
#include "storage/store.h"

namespace graft::graph {

inline constexpr uint32_t kColumnSlotBits = 8;
inline constexpr uint32_t kColumnSlots = 1u << kColumnSlotBits;
constexpr storage::PageNo column_page(uint64_t id) { return id >> kColumnSlotBits; }
constexpr uint32_t column_slot(uint64_t id) { return static_cast<uint32_t>(id & (kColumnSlots - 1)); }

struct ColumnHeader {
  uint8_t variable = 0;
  ValueType type = ValueType::kNull;  // fixed: of all but the exceptions
  uint16_t slots = 0;                 // fixed: length of the array
  uint16_t valid_count = 0;
  uint16_t exceptions = 0;
  uint32_t garbage = 0;               // variable: bytes of cells no longer used
  uint8_t ranged = 0;                 // fixed: minimum and maximum hold (bits of the type; only ever widened)
  uint8_t unused[3] = {};
  uint64_t minimum = 0, maximum = 0;
  uint64_t valid[kColumnSlots / 64] = {};
  bool test(uint32_t slot) const { return (valid[slot >> 6] >> (slot & 63)) & 1; }
};
static_assert(sizeof(ColumnHeader) == 64);

// Reads columns of one (entity kind, key): keeps the page of the last id, so that ids of one block cost one look-up.
class ColumnReader {
 public:
  ColumnReader(const storage::PageReader& reader, uint32_t generation, EntityKind kind, PropertyKeyId key);
  Value get(uint64_t id);
  bool has(uint64_t id);

 private:
  const ColumnHeader* load(uint64_t id);
  Value variable_value(uint32_t slot, uint64_t id) const;
  Value exception_value(uint32_t slot, uint64_t id) const;
  Value long_value(uint64_t id) const;

  storage::PageReader reader_;
  storage::TableReader columns_;
  storage::TableId long_table_;
  storage::PageNo page_no_ = ~storage::PageNo{0};
  storage::PageView page_;
};

// Sets (or, for null, removes) one value. The caller knows the old one. Gives 1 when the column page was made, -1 when it
// was erased, else 0.
int write_column(storage::Fork& fork, uint32_t generation, EntityKind kind, PropertyKeyId key, uint64_t id, const Value& value);

// The slots of a column page that hold a value: bitmap words, or null when the page is absent.
const ColumnHeader* column_header(const storage::PageReader& reader, uint32_t generation, EntityKind kind,
                                  PropertyKeyId key, storage::PageNo page);

}  // namespace graft::graph
