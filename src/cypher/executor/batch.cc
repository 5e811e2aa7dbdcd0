#include "cypher/executor/batch.h"

#include <array>
#include <numeric>

#include "cypher/functions/query_context.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

constexpr auto kIdentity = [] {
  std::array<uint32_t, kMaxBatchRows> rows{};
  for (uint32_t i = 0; i < kMaxBatchRows; ++i) rows[i] = i;
  return rows;
}();

}  // namespace

std::span<const uint32_t> identity_rows(uint32_t n) {
  GRAFT_CHECK(n <= kMaxBatchRows);
  return {kIdentity.data(), n};
}

Value Column::get(uint32_t row) const {
  switch (form_) {
    case Form::kUnset: return {};
    case Form::kNodes: return row >= ids_.size() || ids_[row] == graph::kNoId ? Value() : Value::node(ids_[row]);
    case Form::kRelationships:
      return row >= ids_.size() || ids_[row] == graph::kNoId ? Value() : Value::relationship(ids_[row]);
    case Form::kValues: return row < values_.size() ? values_[row] : Value();
  }
  return {};
}

bool Column::is_null(uint32_t row) const {
  switch (form_) {
    case Form::kUnset: return true;
    case Form::kNodes:
    case Form::kRelationships: return row >= ids_.size() || ids_[row] == graph::kNoId;
    case Form::kValues: return row >= values_.size() || values_[row].is_null();
  }
  return true;
}

graph::NodeId Column::node(uint32_t row) const {
  if (form_ == Form::kNodes) return row < ids_.size() ? ids_[row] : graph::kNoId;
  Value v = get(row);
  if (v.is_null()) return graph::kNoId;
  if (v.type() != ValueType::kNode) throw_type("Node", v);
  return v.as_node();
}

graph::RelationshipId Column::relationship(uint32_t row) const {
  if (form_ == Form::kRelationships) return row < ids_.size() ? ids_[row] : graph::kNoId;
  Value v = get(row);
  if (v.is_null()) return graph::kNoId;
  if (v.type() != ValueType::kRelationship) throw_type("Relationship", v);
  return v.as_relationship();
}

std::vector<uint64_t>& Column::set_ids(Form form) {
  clear();
  form_ = form;
  return ids_;
}

std::vector<Value>& Column::set_values() {
  clear();
  form_ = Form::kValues;
  return values_;
}

void Column::to_values() {
  if (form_ == Form::kValues) return;
  std::vector<Value> values(ids_.size());
  for (uint32_t i = 0; i < values.size(); ++i) values[i] = get(i);
  ids_.clear();
  values_ = std::move(values);
  form_ = Form::kValues;
}

void Column::pad(uint32_t size) {
  if (form_ == Form::kValues) {
    values_.resize(size);
  } else if (form_ != Form::kUnset) {
    ids_.resize(size, graph::kNoId);
  }
}

void Column::set(uint32_t row, Value value) {
  Form wanted = value.type() == ValueType::kNode           ? Form::kNodes
                : value.type() == ValueType::kRelationship ? Form::kRelationships
                                                           : Form::kValues;
  if (form_ == Form::kUnset) form_ = wanted;
  if (form_ != wanted && !(value.is_null() && form_ != Form::kValues)) to_values();
  if (form_ == Form::kValues) {
    if (row >= values_.size()) values_.resize(row + 1);
    values_[row] = std::move(value);
    return;
  }
  if (row >= ids_.size()) ids_.resize(row + 1, graph::kNoId);
  ids_[row] = value.is_null()                       ? graph::kNoId
              : value.type() == ValueType::kNode    ? value.as_node()
                                                    : value.as_relationship();
}

void Column::adopt(const Column& from, uint32_t size) {
  if (form_ == Form::kUnset) form_ = from.form_;
  if (from.form_ != Form::kUnset && form_ != from.form_) to_values();
  pad(size);
}

void Column::append(const Column& from, std::span<const uint32_t> rows, uint32_t size) {
  adopt(from, size);
  if (form_ == Form::kUnset) return;
  if (form_ == Form::kValues) {
    // No exact reserve: what is appended to many times would be copied each time.
    for (uint32_t row : rows) values_.push_back(from.get(row));
    return;
  }
  if (from.form_ == Form::kUnset) return pad(size + static_cast<uint32_t>(rows.size()));
  ids_.resize(size + rows.size());
  uint64_t* out = ids_.data() + size;
  for (uint32_t row : rows) *out++ = row < from.ids_.size() ? from.ids_[row] : graph::kNoId;
}

void Column::append_repeated(const Column& from, uint32_t row, uint32_t times, uint32_t size) {
  adopt(from, size);
  if (form_ == Form::kUnset) return;
  if (form_ == Form::kValues) {
    values_.resize(size + times, from.get(row));
  } else {
    ids_.resize(size + times, from.form_ != Form::kUnset && row < from.ids_.size() ? from.ids_[row] : graph::kNoId);
  }
}

void Column::append_null(uint32_t times, uint32_t size) { pad(size + times); }

size_t Column::bytes_of(uint32_t row) const {
  if (form_ != Form::kValues) return sizeof(uint64_t);
  return sizeof(Value) + (row < values_.size() ? values_[row].heap_bytes() : 0);
}

std::span<const uint32_t> Batch::rows() const {
  if (selected) return selection;
  return identity_rows(size);
}

void Batch::clear(std::span<const Slot> used) {
  for (Slot slot : used) column(slot).clear();
  size = 0;
  selected = false;
  selection.clear();
}

const Column& Batch::unset() {
  static const Column column;
  return column;
}

void Batch::clear_all() {
  for (std::unique_ptr<Chunk>& chunk : chunks_) {
    if (!chunk) continue;
    for (Column& column : *chunk) column.clear();
  }
  size = 0;
  selected = false;
  selection.clear();
}

void Batch::append(const Batch& from, std::span<const uint32_t> rows, std::span<const Slot> slots) {
  for (Slot slot : slots) column(slot).append(from.column(slot), rows, size);
  size += static_cast<uint32_t>(rows.size());
}

void Batch::append_repeated(const Batch& from, uint32_t row, uint32_t times, std::span<const Slot> slots) {
  for (Slot slot : slots) column(slot).append_repeated(from.column(slot), row, times, size);
  size += times;
}

}  // namespace graft::cypher
