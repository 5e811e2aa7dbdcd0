#include "graph/element_id.h"

#include <charconv>

namespace graft::graph {
namespace {

constexpr std::string_view kNodePrefix = "4:graft:";
constexpr std::string_view kRelationshipPrefix = "5:graft:";

}  // namespace

std::string node_element_id(NodeId id) { return std::string(kNodePrefix) + std::to_string(id); }
std::string relationship_element_id(RelationshipId id) { return std::string(kRelationshipPrefix) + std::to_string(id); }

std::optional<uint64_t> parse_element_id(std::string_view text, bool relationship) {
  const std::string_view prefix = relationship ? kRelationshipPrefix : kNodePrefix;
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

}  // namespace graft::graph
