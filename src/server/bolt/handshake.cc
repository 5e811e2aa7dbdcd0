#include "server/bolt/handshake.h"

#include <fmt/format.h>

namespace graft::server {
namespace {

constexpr std::string_view kMagic{"\x60\x60\xB0\x17", 4};
constexpr std::string_view kManifest{"\x00\x00\x01\xFF", 4};
constexpr size_t kProposalBytes = 20;

uint8_t byte_at(const std::string& s, size_t i) { return static_cast<uint8_t>(s[i]); }

// Our side of manifest v1: the marker, two ranges (0, how many minors below, minor, major), no capabilities.
std::string manifest() {
  std::string out(kManifest);
  out.push_back(2);
  const char ranges[] = {0, static_cast<char>(kNewestBolt5.minor - kOldestBolt5.minor), static_cast<char>(kNewestBolt5.minor),
                         static_cast<char>(kNewestBolt5.major), 0, 0, static_cast<char>(kBolt44.minor), static_cast<char>(kBolt44.major)};
  out.append(ranges, sizeof ranges);
  out.push_back(0);
  return out;
}

// The newest version we speak within a proposal {0, range, minor, major}.
std::optional<BoltVersion> best_of(uint8_t range, uint8_t minor, uint8_t major) {
  for (int m = minor; m >= 0 && m >= minor - range; --m) {
    const BoltVersion version{major, static_cast<uint8_t>(m)};
    if (is_supported(version)) return version;
  }
  return std::nullopt;
}

}  // namespace

bool is_supported(BoltVersion version) {
  return version == kBolt44 || (version >= kOldestBolt5 && version <= kNewestBolt5);
}

Handshake::State Handshake::refuse(std::string reason) {
  reason_ = std::move(reason);
  return State::kRefused;
}

Handshake::State Handshake::feed(std::string* in, std::string* out) {
  return choice_expected_ ? feed_choice(in) : feed_proposals(in, out);
}

Handshake::State Handshake::feed_proposals(std::string* in, std::string* out) {
  const size_t seen = std::min(in->size(), kMagic.size());
  if (std::string_view(*in).substr(0, seen) != kMagic.substr(0, seen)) return refuse("not a Bolt client");
  if (in->size() < kProposalBytes) return State::kWaiting;
  const std::string proposals = in->substr(4, 16);
  in->erase(0, kProposalBytes);
  for (size_t i = 0; i < 16; i += 4) {
    if (std::string_view(proposals).substr(i, 4) == kManifest) {
      out->append(manifest());
      choice_expected_ = true;
      return feed_choice(in);
    }
    const auto version = best_of(byte_at(proposals, i + 1), byte_at(proposals, i + 2), byte_at(proposals, i + 3));
    if (version) {
      version_ = *version;
      const char answer[] = {0, 0, static_cast<char>(version->minor), static_cast<char>(version->major)};
      out->append(answer, sizeof answer);
      return State::kDone;
    }
  }
  out->append(4, '\0');
  return refuse("no Bolt version in common");
}

Handshake::State Handshake::feed_choice(std::string* in) {
  // The version, then a varint of chosen capabilities: at most ten bytes, of which we offered none.
  if (in->size() < 5) return State::kWaiting;
  const BoltVersion version{byte_at(*in, 3), byte_at(*in, 2)};
  if (!is_supported(version)) return refuse(fmt::format("the client chose Bolt {}.{}, which was not offered", version.major, version.minor));
  for (size_t i = 4; i < in->size() && i < 14; ++i) {
    if ((byte_at(*in, i) & 0x80) != 0) continue;
    in->erase(0, i + 1);
    version_ = version;
    return State::kDone;
  }
  return in->size() < 14 ? State::kWaiting : refuse("the client's capabilities are malformed");
}

}  // namespace graft::server
