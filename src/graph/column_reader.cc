#include "graph/column_format.h"

#include "base/check.h"

namespace graft::graph {

namespace {

Value decode(std::string_view bytes) {
  Value value;
  GRAFT_CHECK(decode_value(&bytes, &value));
  return value;
}

}  // namespace

ColumnReader::ColumnReader(const storage::PageReader& reader, uint32_t generation, EntityKind kind, PropertyKeyId key)
    : reader_(reader), columns_(reader.table(column_table(generation, kind, key))),
      long_table_(long_value_table(generation, kind, key)) {}

const ColumnHeader* ColumnReader::load(uint64_t id) {
  storage::PageNo no = column_page(id);
  if (no != page_no_) {
    page_ = columns_.page(no);
    page_no_ = no;
  }
  return page_.data() == nullptr ? nullptr : header_of(page_);
}

bool ColumnReader::has(uint64_t id) {
  const ColumnHeader* h = load(id);
  return h != nullptr && h->test(column_slot(id));
}

Value ColumnReader::get(uint64_t id) {
  const ColumnHeader* h = load(id);
  uint32_t slot = column_slot(id);
  if (h == nullptr || !h->test(slot)) return Value();
  if (h->variable != 0) return variable_value(slot, id);
  if (h->exceptions != 0) {
    Value stray = exception_value(slot, id);
    if (!stray.is_null()) return stray;
  }
  return fixed_value(h->type, fixed_slots(h)[slot]);
}

Value ColumnReader::variable_value(uint32_t slot, uint64_t id) const {
  uint16_t offset = cell_offsets(header_of(page_))[slot];
  if (offset == kLongCell) return long_value(id);
  uint16_t length;
  std::memcpy(&length, page_.data() + offset, 2);
  return decode(page_.substr(size_t{offset} + 2, length));
}

Value ColumnReader::exception_value(uint32_t slot, uint64_t id) const {
  Value value;
  for_each_exception(page_, [&](const Exception& e) {
    if (e.slot == slot) value = e.length == kLongException ? long_value(id) : decode(e.encoded);
  });
  return value;
}

Value ColumnReader::long_value(uint64_t id) const {
  storage::PageView page = reader_.page(long_table_, id);
  return page.data() == nullptr ? Value() : decode(page);  // absent: damaged, and reported by the store
}

const ColumnHeader* column_header(const storage::PageReader& reader, uint32_t generation, EntityKind kind,
                                  PropertyKeyId key, storage::PageNo page) {
  storage::PageView view = reader.page(column_table(generation, kind, key), page);
  return view.data() == nullptr ? nullptr : header_of(view);
}

}  // namespace graft::graph
