#include "replication/checked_text.h"

#include <charconv>

#include <fmt/format.h>

#include "base/checksum.h"

namespace graft::replication {
namespace {

constexpr size_t kChecksumLine = 26;  // "checksum ", 16 digits, end of line

Error malformed_text(std::string_view magic, std::string_view what) {
  return Error{ErrorCode::kCorruption, fmt::format("not a file of kind '{}': {}", magic, what)};
}

}  // namespace

bool parse_text_number(std::string_view text, uint64_t* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

std::string encode_checked_text(std::string_view magic, const TextLines& lines) {
  std::string text = fmt::format("{}\n", magic);
  for (const auto& [key, value] : lines) {
    text += fmt::format("{} {}\n", key, value);
  }
  text += fmt::format("checksum {:016x}\n", checksum64(text));
  return text;
}

Result<TextLines> decode_checked_text(std::string_view magic, std::string_view text) {
  if (text.size() < kChecksumLine) return malformed_text(magic, "no checksum");
  std::string_view body = text.substr(0, text.size() - kChecksumLine);
  if (text.substr(body.size()) != fmt::format("checksum {:016x}\n", checksum64(body))) return malformed_text(magic, "wrong checksum");
  TextLines lines;
  for (bool first = true; !body.empty(); first = false) {
    size_t end = body.find('\n');
    if (end == std::string_view::npos) return malformed_text(magic, "an unfinished line");
    std::string_view line = body.substr(0, end);
    body.remove_prefix(end + 1);
    if (first) {
      if (line != magic) return malformed_text(magic, "it is of another kind");
      continue;
    }
    size_t space = line.find(' ');
    if (space == std::string_view::npos) return malformed_text(magic, line);
    lines.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return lines;
}

}  // namespace graft::replication
