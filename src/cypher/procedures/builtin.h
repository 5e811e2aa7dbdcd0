#pragma once

// The graph's own procedures, by family.

#include <memory>
#include <string>
#include <vector>

#include "cypher/procedures/registry.h"

namespace graft::cypher {

void add_catalog_procedures(ProcedureRegistry& registry);  // what there is: db.labels, db.vertexLabels, db.indexes ...
void add_index_procedures(ProcedureRegistry& registry);    // db.awaitIndex ...
void add_alteration_procedures(ProcedureRegistry& registry);  // db.alterLabelAddFields ..., db.deleteLabel
void add_upsert_procedures(ProcedureRegistry& registry);   // db.upsertVertex, db.upsertEdge
void add_algorithm_procedures(ProcedureRegistry& registry);  // algo.shortestPath ...
void add_overview_procedures(ProcedureRegistry& registry);  // db.schema.*, dbms.graph.getGraphSchema
void add_schema_procedures(ProcedureRegistry& registry);   // TuGraph's: db.createVertexLabel, db.addIndex ...
// dbms.procedures, dbms.functions, dbms.components, db.ping. They read the registry: it must outlive its procedures' calls.
void add_system_procedures(const std::shared_ptr<ProcedureRegistry>& registry);

using Row = std::vector<graph::Value>;

// The transaction of a call that writes. Throws for a read.
graph::GraphTransaction& writer_of(const ProcedureCall& call);

}  // namespace graft::cypher
