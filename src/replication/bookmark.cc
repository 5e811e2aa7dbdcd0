#include <charconv>

#include <fmt/format.h>

#include "replication/replica.h"

namespace graft::replication {
namespace {

constexpr std::string_view kBookmarkPrefix = "graft:";

bool parse_bookmark_number(std::string_view text, uint64_t* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

Error malformed_bookmark(std::string_view text) {
  return Error{ErrorCode::kBookmark, fmt::format("'{}' is not a bookmark of this database; one looks like graft:<cluster>:<epoch>:<index>",
                                                 text.substr(0, 100))};
}

}  // namespace

std::string Position::bookmark() const { return fmt::format("{}{}:{}:{}", kBookmarkPrefix, cluster, epoch, index); }

Result<Position> parse_bookmark(std::string_view text) {
  if (!text.starts_with(kBookmarkPrefix)) return malformed_bookmark(text);
  std::string_view rest = text.substr(kBookmarkPrefix.size());
  size_t first = rest.find(':');
  size_t second = first == std::string_view::npos ? first : rest.find(':', first + 1);
  if (second == std::string_view::npos) return malformed_bookmark(text);
  Position position;
  position.cluster = rest.substr(0, first);
  if (position.cluster.empty() || !parse_bookmark_number(rest.substr(first + 1, second - first - 1), &position.epoch) ||
      !parse_bookmark_number(rest.substr(second + 1), &position.index)) {
    return malformed_bookmark(text);
  }
  return position;
}

}  // namespace graft::replication
