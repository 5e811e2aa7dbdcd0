#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/ids.h"

namespace graft::graph {

// What elementId() gives and Bolt 5 sends: "4:graft:<id>" for nodes, "5:graft:<id>" for relationships.
std::string node_element_id(NodeId id);
std::string relationship_element_id(RelationshipId id);

// The id in an element id of the given kind; nothing when it is malformed or of the other kind.
std::optional<uint64_t> parse_element_id(std::string_view text, bool relationship);

}  // namespace graft::graph
