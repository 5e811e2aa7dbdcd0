#include "server/session/record_buffer.h"

#include "server/bolt/framing.h"

namespace graft::server {
namespace {

constexpr uint8_t kRecord = 0x71;

}  // namespace

Status RecordBuffer::append(const cypher::RowBatch& batch, const ValueFormat& format, const graph::GraphView& view) {
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
  const size_t held = bytes_.capacity();
  if (share_->resize(held > kFreeBytes ? held : 0)) return {};
  clear();
  return Error{ErrorCode::kOutOfMemory, "All queries together need more memory than their limit (total_query_memory_mb): rows that are kept until they are read are too many; "
                                        "try again when others have ended."};
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
  if (bytes_.capacity() > kFreeBytes) {
    bytes_ = {};
    share_->resize(0);
  }
  bytes_.clear();
  ends_.clear();
  begin_ = 0;
}

}  // namespace graft::server
