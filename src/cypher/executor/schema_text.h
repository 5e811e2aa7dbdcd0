#pragma once

// Indexes and constraints in Neo4j's words.

#include <string>
#include <string_view>

#include "graph/catalog.h"

namespace graft::cypher {

// (:Label {key, key}), ()-[:TYPE {key}]-(), (:<any-labels>)
std::string schema_text(const graph::Catalog& catalog, graph::EntityKind entity, const std::vector<uint32_t>& tokens,
                        const std::vector<graph::PropertyKeyId>& keys);
std::string_view index_type_name(graph::IndexKind kind);      // RANGE ...
std::string_view index_provider_name(graph::IndexKind kind);  // range-1.0 ...
std::string_view constraint_type_name(const graph::ConstraintDefinition& c);  // UNIQUENESS, NODE_KEY ...
// Constraint( id=2, name='x', type='UNIQUENESS', schema=(:A {x}), ownedIndex=1 )
std::string constraint_text(const graph::Catalog& catalog, const graph::ConstraintDefinition& c);
std::string index_text(const graph::Catalog& catalog, const graph::IndexDefinition& index);
// Constraints have no number of their own: behind the indexes, by name.
int64_t constraint_number(const graph::Catalog& catalog, const graph::ConstraintDefinition& c);

}  // namespace graft::cypher
