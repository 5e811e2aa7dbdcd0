#include <vector>

#include "graph/column_format.h"

#include "base/check.h"

namespace graft::graph {

namespace {

void widen(ColumnHeader* h, uint64_t bits) {
  if (h->ranged == 0) {
    h->ranged = 1;
    h->minimum = h->maximum = bits;
    return;
  }
  if (h->type == ValueType::kFloat) {
    double low, high, v;
    std::memcpy(&low, &h->minimum, 8);
    std::memcpy(&high, &h->maximum, 8);
    std::memcpy(&v, &bits, 8);
    if (!(v >= low)) h->minimum = bits;   // a NaN makes the range NaN, which bounds nothing
    if (!(v <= high)) h->maximum = bits;
    return;
  }
  if (static_cast<int64_t>(bits) < static_cast<int64_t>(h->minimum)) h->minimum = bits;
  if (static_cast<int64_t>(bits) > static_cast<int64_t>(h->maximum)) h->maximum = bits;
}

// Changes one column page. Small changes are made in place; the rest goes through a list of the page's values.
class ColumnWriter {
 public:
  ColumnWriter(storage::Fork& fork, uint32_t generation, EntityKind kind, PropertyKeyId key, uint64_t id)
      : fork_(fork), table_(column_table(generation, kind, key)), long_table_(long_value_table(generation, kind, key)),
        id_(id), page_no_(column_page(id)), slot_(column_slot(id)) {}

  int write(const Value& value) {
    storage::PageView page = fork_.reader().page(table_, page_no_);
    const ColumnHeader* h = page.data() == nullptr ? nullptr : header_of(page);
    bool was = h != nullptr && h->test(slot_);
    if (value.is_null()) {
      if (was) remove(page);
    } else if (h != nullptr && h->variable == 0 && h->exceptions == 0 && value.type() == h->type) {
      write_fixed(value, h->slots, was);
    } else if (h != nullptr && h->variable != 0) {
      write_variable(value, page, was);
    } else {
      rebuild(page, value);
    }
    return erased_ ? -1 : h == nullptr && !value.is_null() ? 1 : 0;
  }

 private:
  struct Item {  // one value of the page
    uint32_t slot;
    bool fixed;
    ValueType type;       // fixed
    uint64_t bits;        // fixed
    std::string encoded;  // else; empty: a long value in its own page
  };

  void write_fixed(const Value& value, uint32_t slots, bool was) {
    uint64_t bits = fixed_bits(value);
    char* p = fork_.edit(table_, page_no_);
    auto* h = reinterpret_cast<ColumnHeader*>(p);
    mark(h, was);
    widen(h, bits);
    if (slot_ < slots) {
      std::memcpy(p + sizeof(ColumnHeader) + 8 * size_t{slot_}, &bits, 8);
      return;
    }
    h->slots = static_cast<uint16_t>(slot_ + 1);
    std::string tail(8 * size_t{slot_ - slots}, '\0');
    tail.append(reinterpret_cast<const char*>(&bits), 8);
    fork_.append(table_, page_no_, tail);
  }

  void write_variable(const Value& value, storage::PageView page, bool was) {
    std::string encoded;
    encode_value(value, &encoded);
    uint32_t freed = 0;
    if (was) {
      uint16_t old = cell_offsets(header_of(page))[slot_];
      if (old == kLongCell) fork_.erase(long_table_, id_); else freed = 2 + cell_length(page, old);
    }
    bool is_long = !fits(encoded.size(), page.size());
    uint32_t garbage = header_of(page)->garbage + freed;
    size_t offset = page.size();
    if (!is_long && (garbage > 1024 + (page.size() - kVariableCells) / 2 || offset + encoded.size() > 0xfff0)) {
      rebuild(page, value);
      return;
    }
    if (is_long) fork_.put(long_table_, id_, encoded);
    char* p = fork_.edit(table_, page_no_);
    auto* h = reinterpret_cast<ColumnHeader*>(p);
    mark(h, was);
    h->garbage = garbage;
    uint16_t cell = is_long ? kLongCell : static_cast<uint16_t>(offset);
    std::memcpy(p + sizeof(ColumnHeader) + 2 * size_t{slot_}, &cell, 2);
    if (is_long) return;
    std::string tail;
    uint16_t length = static_cast<uint16_t>(encoded.size());
    tail.append(reinterpret_cast<const char*>(&length), 2);
    tail += encoded;
    fork_.append(table_, page_no_, tail);
  }

  void remove(storage::PageView page) {
    const ColumnHeader* h = header_of(page);
    if (h->variable == 0 && h->exceptions != 0) return rebuild(page, Value());
    uint32_t freed = 0;
    if (h->variable != 0) {
      uint16_t old = cell_offsets(h)[slot_];
      if (old == kLongCell) fork_.erase(long_table_, id_); else freed = 2 + cell_length(page, old);
    }
    if (h->valid_count == 1) {
      fork_.erase(table_, page_no_);
      erased_ = true;
      return;
    }
    auto* edited = reinterpret_cast<ColumnHeader*>(fork_.edit(table_, page_no_));
    edited->valid[slot_ >> 6] &= ~(uint64_t{1} << (slot_ & 63));
    --edited->valid_count;
    edited->garbage += freed;
  }

  void mark(ColumnHeader* h, bool was) {
    if (was) return;
    h->valid[slot_ >> 6] |= uint64_t{1} << (slot_ & 63);
    ++h->valid_count;
  }

  static uint32_t cell_length(storage::PageView page, uint16_t offset) {
    uint16_t length;
    std::memcpy(&length, page.data() + offset, 2);
    return length;
  }
  static bool fits(size_t bytes, size_t page_bytes) {
    return bytes <= kAlwaysInlineBytes || (bytes <= kMaxInlineBytes && page_bytes + bytes <= kInlinePageBytes);
  }

  // All values but the one being written, then that one.
  std::vector<Item> collect(storage::PageView page, const Value& value) {
    std::vector<Item> items;
    if (page.data() != nullptr) {
      const ColumnHeader* h = header_of(page);
      if (h->variable != 0) collect_variable(page, &items); else collect_fixed(page, &items);
    }
    if (!value.is_null()) {
      Item item{slot_, is_fixed(value.type()), value.type(), 0, {}};
      if (item.fixed) item.bits = fixed_bits(value); else encode_value(value, &item.encoded);
      items.push_back(std::move(item));
    }
    return items;
  }

  void collect_variable(storage::PageView page, std::vector<Item>* items) {
    const ColumnHeader* h = header_of(page);
    for (uint32_t slot = 0; slot < kColumnSlots; ++slot) {
      if (slot == slot_ || !h->test(slot)) continue;
      uint16_t offset = cell_offsets(h)[slot];
      Item item{slot, false, ValueType::kNull, 0, {}};
      if (offset != kLongCell) item.encoded = page.substr(size_t{offset} + 2, cell_length(page, offset));
      items->push_back(std::move(item));
    }
  }

  void collect_fixed(storage::PageView page, std::vector<Item>* items) {
    const ColumnHeader* h = header_of(page);
    uint64_t stray[kColumnSlots / 64] = {};
    for_each_exception(page, [&](const Exception& e) {
      stray[e.slot >> 6] |= uint64_t{1} << (e.slot & 63);
      if (e.slot == slot_) {
        if (e.length == kLongException) fork_.erase(long_table_, id_);
        return;
      }
      items->push_back(Item{e.slot, false, ValueType::kNull, 0, std::string(e.encoded)});
    });
    for (uint32_t slot = 0; slot < h->slots; ++slot) {
      if (slot == slot_ || !h->test(slot) || ((stray[slot >> 6] >> (slot & 63)) & 1) != 0) continue;
      items->push_back(Item{slot, true, h->type, fixed_slots(h)[slot], {}});
    }
  }

  void rebuild(storage::PageView page, const Value& value) {
    ValueType type = ValueType::kNull;  // of the fixed page to be
    bool variable = page.data() != nullptr && header_of(page)->variable != 0;
    if (!variable) type = page.data() != nullptr ? header_of(page)->type : value.type();
    std::vector<Item> items = collect(page, value);
    if (items.empty()) {
      fork_.erase(table_, page_no_);
      erased_ = true;
      return;
    }
    uint32_t strays = 0;
    for (const Item& item : items) strays += !(item.fixed && item.type == type);
    if (variable || !is_fixed(type) || strays > kMaxExceptions) build_variable(items); else build_fixed(items, type);
  }

  void build_fixed(const std::vector<Item>& items, ValueType type) {
    ColumnHeader header;
    header.type = type;
    std::vector<uint64_t> slots;
    std::string strays;
    for (const Item& item : items) {
      header.valid[item.slot >> 6] |= uint64_t{1} << (item.slot & 63);
      ++header.valid_count;
      if (item.fixed && item.type == type) {
        if (slots.size() <= item.slot) slots.resize(item.slot + 1);
        slots[item.slot] = item.bits;
        widen(&header, item.bits);
      } else {
        ++header.exceptions;
        add_exception(item, &strays);
      }
    }
    header.slots = static_cast<uint16_t>(slots.size());
    char* p = fork_.put(table_, page_no_, sizeof(header) + 8 * slots.size() + strays.size());
    std::memcpy(p, &header, sizeof(header));
    if (!slots.empty()) std::memcpy(p + sizeof(header), slots.data(), 8 * slots.size());
    std::memcpy(p + sizeof(header) + 8 * slots.size(), strays.data(), strays.size());
  }

  std::string encoded_of(const Item& item) const {
    std::string out = item.encoded;
    if (item.fixed) encode_value(fixed_value(item.type, item.bits), &out);
    return out;
  }

  void add_exception(const Item& item, std::string* strays) {
    std::string encoded = encoded_of(item);
    bool is_long = encoded.size() > kAlwaysInlineBytes || encoded.empty();
    if (is_long && !encoded.empty()) fork_.put(long_table_, (page_no_ << kColumnSlotBits) | item.slot, encoded);
    uint16_t slot = static_cast<uint16_t>(item.slot);
    uint16_t length = is_long ? kLongException : static_cast<uint16_t>(encoded.size());
    strays->append(reinterpret_cast<const char*>(&slot), 2);
    strays->append(reinterpret_cast<const char*>(&length), 2);
    if (!is_long) *strays += encoded;
  }

  void build_variable(const std::vector<Item>& items) {
    ColumnHeader header;
    header.variable = 1;
    uint16_t offsets[kColumnSlots] = {};
    std::string cells;
    for (const Item& item : items) {
      header.valid[item.slot >> 6] |= uint64_t{1} << (item.slot & 63);
      ++header.valid_count;
      std::string encoded = encoded_of(item);
      if (encoded.empty()) {
        offsets[item.slot] = kLongCell;
      } else if (!fits(encoded.size(), kVariableCells + cells.size())) {
        fork_.put(long_table_, (page_no_ << kColumnSlotBits) | item.slot, encoded);
        offsets[item.slot] = kLongCell;
      } else {
        offsets[item.slot] = static_cast<uint16_t>(kVariableCells + cells.size());
        uint16_t length = static_cast<uint16_t>(encoded.size());
        cells.append(reinterpret_cast<const char*>(&length), 2);
        cells += encoded;
      }
    }
    char* p = fork_.put(table_, page_no_, kVariableCells + cells.size());
    std::memcpy(p, &header, sizeof(header));
    std::memcpy(p + sizeof(header), offsets, sizeof(offsets));
    std::memcpy(p + kVariableCells, cells.data(), cells.size());
  }

  storage::Fork& fork_;
  storage::TableId table_, long_table_;
  uint64_t id_;
  storage::PageNo page_no_;
  uint32_t slot_;
  bool erased_ = false;
};

}  // namespace

int write_column(storage::Fork& fork, uint32_t generation, EntityKind kind, PropertyKeyId key, uint64_t id,
                 const Value& value) {
  return ColumnWriter(fork, generation, kind, key, id).write(value);
}

}  // namespace graft::graph
