#pragma once

// Rows in columns. A Batch has one Column per slot of the plan; those that nothing has set yet read as null. An operator
// gives its parent a batch to use, and to add columns to or narrow, until it is asked for the next one.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cypher/parser/ast.h"
#include "graph/value.h"

namespace graft::cypher {

inline constexpr uint32_t kBatchRows = 1024;     // what an operator aims at
inline constexpr uint32_t kMaxBatchRows = 2048;  // and never exceeds

class Column {
 public:
  enum class Form : uint8_t { kUnset, kNodes, kRelationships, kValues };
  Form form() const { return form_; }
  void clear() {
    form_ = Form::kUnset;
    ids_.clear();
    values_.clear();
  }

  graph::Value get(uint32_t row) const;
  bool is_null(uint32_t row) const;
  // The id of a node or relationship; kNoId for null. Throws kType for anything else.
  graph::NodeId node(uint32_t row) const;
  graph::RelationshipId relationship(uint32_t row) const;

  // Becomes an id column to append to.
  std::vector<uint64_t>& set_ids(Form form);
  std::vector<graph::Value>& set_values();
  // Only in the form that they name.
  const std::vector<uint64_t>& ids() const { return ids_; }
  const std::vector<graph::Value>& values() const { return values_; }

  // Adds one value at `row`, which is the column's size or less (rows between are null).
  void set(uint32_t row, graph::Value value);
  // Adds rows[i] of `from` for each i; `size` rows are here already.
  void append(const Column& from, std::span<const uint32_t> rows, uint32_t size);
  void append_repeated(const Column& from, uint32_t row, uint32_t times, uint32_t size);
  void append_null(uint32_t times, uint32_t size);
  size_t bytes_of(uint32_t row) const;

 private:
  void adopt(const Column& from, uint32_t size);  // makes the form one that can hold from's rows too
  void to_values();
  void pad(uint32_t size);

  Form form_ = Form::kUnset;
  std::vector<uint64_t> ids_;
  std::vector<graph::Value> values_;
};

class Batch {
 public:
  explicit Batch(size_t slots) : chunks_((slots + kChunkColumns - 1) / kChunkColumns) {}

  uint32_t size = 0;                // rows stored
  bool selected = false;            // then only those in selection count
  std::vector<uint32_t> selection;

  // The reference stays good as long as the batch.
  Column& column(Slot slot) {
    std::unique_ptr<Chunk>& chunk = chunks_[static_cast<size_t>(slot) / kChunkColumns];
    if (!chunk) [[unlikely]] chunk = std::make_unique<Chunk>();
    return (*chunk)[static_cast<size_t>(slot) % kChunkColumns];
  }
  const Column& column(Slot slot) const {
    const std::unique_ptr<Chunk>& chunk = chunks_[static_cast<size_t>(slot) / kChunkColumns];
    return chunk ? (*chunk)[static_cast<size_t>(slot) % kChunkColumns] : unset();
  }
  uint32_t count() const { return selected ? static_cast<uint32_t>(selection.size()) : size; }
  std::span<const uint32_t> rows() const;  // the rows that count, ascending
  void select(std::vector<uint32_t> rows) {
    selection = std::move(rows);
    selected = true;
  }
  void clear(std::span<const Slot> used);  // the columns named become unset; no rows
  void clear_all();
  // Appends rows of another batch: the columns of `slots`.
  void append(const Batch& from, std::span<const uint32_t> rows, std::span<const Slot> slots);
  void append_repeated(const Batch& from, uint32_t row, uint32_t times, std::span<const Slot> slots);
  Batch empty_copy() const { return Batch(chunks_.size() * kChunkColumns); }

 private:
  // A statement of a thousand clauses has thousands of slots and of batches, each of which uses a few columns.
  static constexpr size_t kChunkColumns = 8;
  using Chunk = std::array<Column, kChunkColumns>;
  static const Column& unset();

  std::vector<std::unique_ptr<Chunk>> chunks_;  // those with a column that was set
};

std::span<const uint32_t> identity_rows(uint32_t n);  // 0, 1, ... n - 1; n <= kMaxBatchRows

// The row that the right side of an Apply, or a subquery expression, starts from.
struct Argument {
  const Batch* batch = nullptr;
  uint32_t row = 0;
};

}  // namespace graft::cypher
