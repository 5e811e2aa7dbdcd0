#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>

#include "cypher/query.h"
#include "server/bolt/value_codec.h"

namespace graft::server {

// Rows as RECORD messages, ready to send, in the order made. One thread at a time. More than kFreeBytes of them count in
// the memory that all statements share.
class RecordBuffer {
 public:
  static constexpr size_t kFreeBytes = size_t{1} << 20;

  explicit RecordBuffer(cypher::MemoryPool* pool = nullptr) : share_(std::make_unique<cypher::MemoryShare>(pool)) {}
  // Encodes the rows; entities are read from `view` now. kOutOfMemory.
  Status append(const cypher::RowBatch& batch, const ValueFormat& format, const graph::GraphView& view);

  size_t rows() const { return ends_.size(); }
  size_t bytes() const { return bytes_.size() - begin_; }
  // Moves up to max_rows rows, and not much more than max_bytes, to *out (null: drops them); gives how many.
  size_t take(size_t max_rows, size_t max_bytes, std::string* out);
  void clear();

 private:
  std::string bytes_;
  size_t begin_ = 0;          // what comes before was taken
  std::deque<size_t> ends_;   // of each row left, in bytes_
  std::unique_ptr<cypher::MemoryShare> share_;
};

}  // namespace graft::server
