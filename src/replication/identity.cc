#include <charconv>

#include <fmt/format.h>

#include "base/checksum.h"
#include "replication/bootstrap.h"

namespace graft::replication {
namespace {

constexpr std::string_view kIdentityMagic = "graft identity 1";

bool identity_number(std::string_view text, int base, uint64_t* out) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, base);
  return error == std::errc() && end == text.data() + text.size();
}

Error malformed_identity(std::string_view what) { return Error{ErrorCode::kCorruption, fmt::format("not an identity file: {}", what)}; }

// One line "key value"; false: unknown or malformed_identity.
bool take_identity_line(std::string_view line, Identity* identity) {
  size_t space = line.find(' ');
  if (space == std::string_view::npos) return false;
  std::string_view key = line.substr(0, space);
  std::string_view value = line.substr(space + 1);
  if (key == "node") return identity_number(value, 10, &identity->id);
  if (key == "incarnation") return identity->incarnation = value, true;
  if (key == "cluster") return identity->cluster_id = value, true;
  if (key == "founded") return identity->founded = value == "1", true;
  if (key == "registered") return identity->registered = value == "1", true;
  if (key != "founder") return false;
  size_t next = value.find(' ');
  raft::MemberId id = 0;
  if (next == std::string_view::npos || !identity_number(value.substr(0, next), 10, &id)) return false;
  identity->founders[id] = value.substr(next + 1);
  return true;
}

}  // namespace

// Text, so that an operator can read it; the last line is a checksum of those before it.
std::string encode_identity(const Identity& identity) {
  std::string text = fmt::format("{}\nnode {}\nincarnation {}\n", kIdentityMagic, identity.id, identity.incarnation);
  if (!identity.cluster_id.empty()) text += fmt::format("cluster {}\n", identity.cluster_id);
  for (const auto& [id, incarnation] : identity.founders) text += fmt::format("founder {} {}\n", id, incarnation);
  text += fmt::format("founded {}\nregistered {}\n", int{identity.founded}, int{identity.registered});
  text += fmt::format("checksum {:016x}\n", checksum64(text));
  return text;
}

Result<Identity> decode_identity(std::string_view text) {
  size_t at = text.rfind("checksum ");
  uint64_t checksum = 0;
  if (at == std::string_view::npos || text.size() != at + 26 || !identity_number(text.substr(at + 9, 16), 16, &checksum)) return malformed_identity("no checksum");
  std::string_view body = text.substr(0, at);
  if (checksum64(body) != checksum) return malformed_identity("wrong checksum");
  Identity identity;
  bool first = true;
  while (!body.empty()) {
    size_t end = body.find('\n');
    if (end == std::string_view::npos) return malformed_identity("an unfinished line");
    std::string_view line = body.substr(0, end);
    body.remove_prefix(end + 1);
    if (first ? line != kIdentityMagic : !take_identity_line(line, &identity)) return malformed_identity(line);
    first = false;
  }
  if (identity.id == 0 || identity.incarnation.empty()) return malformed_identity("node or incarnation is missing");
  return identity;
}

}  // namespace graft::replication
