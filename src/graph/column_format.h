#pragma once

// What reader and writer of column pages share.

#include <cstring>
#include <string_view>

#include "graph/column.h"

namespace graft::graph {

inline constexpr uint16_t kLongCell = 0xffff;
inline constexpr uint16_t kLongException = 0xffff;
inline constexpr size_t kAlwaysInlineBytes = 48;     // 256 of them stay below 14 KiB
inline constexpr size_t kMaxInlineBytes = 512;
inline constexpr size_t kInlinePageBytes = 8192;     // longer values are inline only while the page is below this
inline constexpr size_t kVariableCells = sizeof(ColumnHeader) + 2 * kColumnSlots;  // where the cells begin
inline constexpr uint32_t kMaxExceptions = 16;

inline const ColumnHeader* header_of(std::string_view page) { return reinterpret_cast<const ColumnHeader*>(page.data()); }
inline const uint64_t* fixed_slots(const ColumnHeader* h) { return reinterpret_cast<const uint64_t*>(h + 1); }
inline const uint16_t* cell_offsets(const ColumnHeader* h) { return reinterpret_cast<const uint16_t*>(h + 1); }

inline bool is_fixed(ValueType t) {
  return t == ValueType::kBoolean || t == ValueType::kInteger || t == ValueType::kFloat || t == ValueType::kDate ||
         t == ValueType::kLocalTime;
}

inline uint64_t fixed_bits(const Value& v) {
  switch (v.type()) {
    case ValueType::kBoolean: return v.as_boolean() ? 1 : 0;
    case ValueType::kInteger: return static_cast<uint64_t>(v.as_integer());
    case ValueType::kFloat: { double d = v.as_float(); uint64_t bits; std::memcpy(&bits, &d, 8); return bits; }
    case ValueType::kDate: return static_cast<uint64_t>(v.as_date().days);
    case ValueType::kLocalTime: return static_cast<uint64_t>(v.as_local_time().nanos);
    default: return 0;
  }
}

inline Value fixed_value(ValueType type, uint64_t bits) {
  switch (type) {
    case ValueType::kBoolean: return Value::boolean(bits != 0);
    case ValueType::kInteger: return Value::integer(static_cast<int64_t>(bits));
    case ValueType::kFloat: { double d; std::memcpy(&d, &bits, 8); return Value::floating(d); }
    case ValueType::kDate: return Value::date({static_cast<int64_t>(bits)});
    case ValueType::kLocalTime: return Value::local_time({static_cast<int64_t>(bits)});
    default: return Value();
  }
}

struct Exception {
  uint32_t slot;
  uint16_t length;
  std::string_view encoded;
  size_t offset;  // in the page
};

// Calls visit(Exception) for each exception of a fixed page.
template <class F>
void for_each_exception(std::string_view page, F&& visit) {
  const ColumnHeader* h = header_of(page);
  size_t at = sizeof(ColumnHeader) + 8 * size_t{h->slots};
  for (uint32_t i = 0; i < h->exceptions; ++i) {
    uint16_t slot, length;
    std::memcpy(&slot, page.data() + at, 2);
    std::memcpy(&length, page.data() + at + 2, 2);
    size_t bytes = length == kLongException ? 0 : length;
    visit(Exception{slot, length, page.substr(at + 4, bytes), at});
    at += 4 + bytes;
  }
}

}  // namespace graft::graph
