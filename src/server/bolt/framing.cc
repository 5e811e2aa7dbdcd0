#include "server/bolt/framing.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace graft::server {

void append_message(std::string_view message, std::string* out) {
  constexpr size_t kLargestChunk = 0xFFFF;
  while (!message.empty()) {
    const std::string_view chunk = message.substr(0, kLargestChunk);
    out->push_back(static_cast<char>(chunk.size() >> 8));
    out->push_back(static_cast<char>(chunk.size() & 0xFF));
    out->append(chunk);
    message.remove_prefix(chunk.size());
  }
  out->append(kNoop);
}

Status MessageReader::feed(std::string_view bytes, std::vector<std::string>* out) {
  while (!bytes.empty()) {
    if (chunk_left_ > 0) {
      const size_t n = std::min(chunk_left_, bytes.size());
      message_.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      chunk_left_ -= n;
      continue;
    }
    header_.push_back(bytes.front());
    bytes.remove_prefix(1);
    if (header_.size() < 2) continue;
    chunk_left_ = static_cast<size_t>(static_cast<uint8_t>(header_[0])) << 8 | static_cast<uint8_t>(header_[1]);
    header_.clear();
    if (message_.size() + chunk_left_ > limit_) {
      return Error{ErrorCode::kRequestInvalid, fmt::format("The message is longer than {} bytes.", limit_)};
    }
    if (chunk_left_ == 0 && !message_.empty()) {
      out->push_back(std::move(message_));
      message_ = {};
    }
  }
  return {};
}

}  // namespace graft::server
