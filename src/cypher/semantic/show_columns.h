#pragma once

#include <string>
#include <vector>

#include "cypher/parser/ast.h"

namespace graft::cypher {

struct ShowColumn {
  std::string name;
  bool by_default;  // shown without YIELD
};
// Neo4j 5's columns of a SHOW command.
const std::vector<ShowColumn>& show_columns(ShowKind kind);

}  // namespace graft::cypher
