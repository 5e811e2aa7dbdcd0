#include "server/session/record_buffer.h"

#include "server/bolt/framing.h"

namespace graft::server {
namespace {

constexpr uint8_t kRecord = 0x71;

}  // namespace

void RecordBuffer::append(const cypher::RowBatch& batch, const ValueFormat& format, const graph::GraphView& view) {
  std::string message;
  const size_t rows = batch.rows();
  for (size_t row = 0; row < rows; ++row) {
    message.clear();
    PackWriter writer(&message);
    writer.structure_header(1, kRecord);
    writer.list_header(batch.columns);
    for (size_t column = 0; column < batch.columns; ++column) {
      encode_value(batch.values[row * batch.columns + column], format, &view, &writer);
    }
    append_message(message, &bytes_);
    ends_.push_back(bytes_.size());
  }
}

size_t RecordBuffer::take(size_t max_rows, size_t max_bytes, std::string* out) {
  size_t taken = 0;
  size_t end = begin_;
  while (taken < max_rows && !ends_.empty() && end - begin_ < max_bytes) {
    end = ends_.front();
    ends_.pop_front();
    ++taken;
  }
  if (out != nullptr) out->append(bytes_, begin_, end - begin_);
  begin_ = end;
  if (ends_.empty()) clear();
  return taken;
}

void RecordBuffer::clear() {
  bytes_.clear();
  ends_.clear();
  begin_ = 0;
}

}  // namespace graft::server
