#pragma once

// Strings as code points, by ICU where the standard's tables are needed. Malformed UTF-8 counts as U+FFFD.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace graft::cypher {

size_t code_points(std::string_view text);
// Byte offset of the code point `index`; text.size() when there are fewer.
size_t byte_offset(std::string_view text, size_t index);
std::vector<uint32_t> decode_utf8(std::string_view text);
void append_utf8(uint32_t code_point, std::string* out);

bool is_ascii(std::string_view text);
std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
enum class TrimSide : uint8_t { kBoth, kLeading, kTrailing };
std::string_view trim(std::string_view text, TrimSide side);  // white space
std::string_view trim(std::string_view text, std::string_view characters, TrimSide side);

enum class NormalForm : uint8_t { kNfc, kNfd, kNfkc, kNfkd };
bool parse_normal_form(std::string_view name, NormalForm* form);
std::string normalize(std::string_view text, NormalForm form);
bool is_normalized(std::string_view text, NormalForm form);

}  // namespace graft::cypher
