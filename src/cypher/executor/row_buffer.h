#pragma once

// Rows kept: what Sort, Eager, joins and products hold. Any number of them, charged to the statement's memory.

#include <vector>

#include "cypher/executor/batch.h"
#include "cypher/functions/query_context.h"

namespace graft::cypher {

class RowBuffer {
 public:
  RowBuffer(QueryContext& context, size_t slots, std::vector<Slot> kept)
      : rows_(slots), kept_(std::move(kept)), memory_(context) {}

  void clear() {
    rows_.clear(kept_);
    memory_.reset();
  }
  // Adds the rows that count.
  void add(const Batch& batch) { add(batch, batch.rows()); }
  void add(const Batch& batch, std::span<const uint32_t> rows) {
    rows_.append(batch, rows, kept_);
    size_t bytes = 0;
    for (Slot slot : kept_) {
      for (uint32_t row : rows) bytes += batch.column(slot).bytes_of(row);
    }
    memory_.charge(bytes);
  }
  // Keeps only these, in this order.
  void retain(std::span<const uint32_t> rows) {
    Batch next = rows_.empty_copy();
    next.append(rows_, rows, kept_);
    rows_ = std::move(next);
    memory_.reset();
    size_t bytes = 0;
    for (Slot slot : kept_) {
      for (uint32_t row = 0; row < rows_.size; ++row) bytes += rows_.column(slot).bytes_of(row);
    }
    memory_.charge(bytes);
  }

  uint32_t size() const { return rows_.size; }
  Batch& rows() { return rows_; }  // not to be asked for rows(): may have more than a batch
  const std::vector<Slot>& kept() const { return kept_; }

 private:
  Batch rows_;
  std::vector<Slot> kept_;
  MemoryAccount memory_;
};

}  // namespace graft::cypher
