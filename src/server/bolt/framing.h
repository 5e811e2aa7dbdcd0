#pragma once

// Bolt's chunking: a message is a run of chunks (two bytes of size, big-endian, then that many bytes) ended by an empty
// one; an empty chunk between messages is a keep-alive that means nothing.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace graft::server {

// Appends a message to *out in chunks.
void append_message(std::string_view message, std::string* out);

inline constexpr std::string_view kNoop{"\0\0", 2};

// Puts messages together from the bytes of a connection.
class MessageReader {
 public:
  // Bytes of one message; a longer one is an error. Takes effect with the next chunk.
  void set_limit(size_t bytes) { limit_ = bytes; }

  // Takes all of `bytes`, appends whole messages to *out. Error kRequestInvalid: a message over the limit; close then.
  Status feed(std::string_view bytes, std::vector<std::string>* out);
  bool in_message() const { return !message_.empty() || chunk_left_ > 0; }
  size_t buffered() const { return message_.size(); }  // of a message that is not whole yet

 private:
  size_t limit_ = 64 * 1024;
  std::string header_;      // of the next chunk, while incomplete
  size_t chunk_left_ = 0;   // bytes of the current chunk still to come
  std::string message_;
};

}  // namespace graft::server
