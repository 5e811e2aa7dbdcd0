#pragma once

#include <memory>

#include "cypher/procedures/registry.h"
#include "cypher/search/vector_index.h"

namespace graft::cypher {

// indexes: what makes vector search fast; null: it looks at every vector.
void add_search_procedures(ProcedureRegistry& registry, std::shared_ptr<VectorIndexes> indexes);

}  // namespace graft::cypher
