#pragma once

// Small files that an operator can read: a line that says what it is, lines "key value", and last a checksum of the lines
// before it.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace graft::replication {

using TextLines = std::vector<std::pair<std::string, std::string>>;

std::string encode_checked_text(std::string_view magic, const TextLines& lines);
// kCorruption: says what is wrong.
Result<TextLines> decode_checked_text(std::string_view magic, std::string_view text);
bool parse_text_number(std::string_view text, uint64_t* out);

}  // namespace graft::replication
