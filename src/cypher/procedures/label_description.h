#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/catalog.h"

namespace graft::cypher {

// A label as TuGraph's procedures describe it.
struct DescribedLabel {
  std::string name;
  graph::LabelSchema schema;                          // label_or_type is not set
  std::vector<std::pair<std::string, bool>> indexes;  // field, unique: beside the primary key
};

// {"label": ..., "primary": ..., "type": "VERTEX", "properties": [{"name", "type", "optional", "index", "unique"}]},
// {"label": ..., "type": "EDGE", "constraints": [["a", "b"]], "properties": [...]}. Throws kArgument naming what is wrong.
DescribedLabel parse_label_description(std::string_view json, graph::EntityKind entity);

// [["person", "city"], ...]. Throws kArgument.
std::vector<std::pair<std::string, std::string>> parse_end_labels(std::string_view json);

}  // namespace graft::cypher
