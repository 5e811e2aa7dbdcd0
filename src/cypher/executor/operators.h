#pragma once

// Constructors of the operators, one per file op_*.cc. For make_operator only.

#include "cypher/executor/operator.h"

namespace graft::cypher {

using OperatorPtr = std::unique_ptr<Operator>;

OperatorPtr make_argument(Executor& executor, const PlanNode& plan);
OperatorPtr make_node_scan(Executor& executor, const PlanNode& plan);
OperatorPtr make_id_seek(Executor& executor, const PlanNode& plan);
OperatorPtr make_index_seek(Executor& executor, const PlanNode& plan);
OperatorPtr make_relationship_scan(Executor& executor, const PlanNode& plan);
OperatorPtr make_count_store(Executor& executor, const PlanNode& plan);
OperatorPtr make_schema_command(Executor& executor, const PlanNode& plan);
OperatorPtr make_show(Executor& executor, const PlanNode& plan);
OperatorPtr make_expand(Executor& executor, const PlanNode& plan);
OperatorPtr make_expand_into(Executor& executor, const PlanNode& plan);
OperatorPtr make_var_length_expand(Executor& executor, const PlanNode& plan);
OperatorPtr make_pruning_expand(Executor& executor, const PlanNode& plan);
OperatorPtr make_shortest_path(Executor& executor, const PlanNode& plan);
OperatorPtr make_filter(Executor& executor, const PlanNode& plan);
OperatorPtr make_projection(Executor& executor, const PlanNode& plan);
OperatorPtr make_aggregation(Executor& executor, const PlanNode& plan);
OperatorPtr make_distinct(Executor& executor, const PlanNode& plan);
OperatorPtr make_sort(Executor& executor, const PlanNode& plan);
OperatorPtr make_limit(Executor& executor, const PlanNode& plan);
OperatorPtr make_unwind(Executor& executor, const PlanNode& plan);
OperatorPtr make_optional(Executor& executor, const PlanNode& plan);
OperatorPtr make_eager(Executor& executor, const PlanNode& plan);
OperatorPtr make_load_csv(Executor& executor, const PlanNode& plan);
OperatorPtr make_procedure_call(Executor& executor, const PlanNode& plan);
OperatorPtr make_results(Executor& executor, const PlanNode& plan);
OperatorPtr make_project_endpoints(Executor& executor, const PlanNode& plan);
OperatorPtr make_create(Executor& executor, const PlanNode& plan);
OperatorPtr make_set(Executor& executor, const PlanNode& plan);
OperatorPtr make_delete(Executor& executor, const PlanNode& plan);
OperatorPtr make_walk(Executor& executor, const PlanNode& plan);
OperatorPtr make_apply(Executor& executor, const PlanNode& plan);
OperatorPtr make_semi_apply(Executor& executor, const PlanNode& plan);
OperatorPtr make_roll_up_apply(Executor& executor, const PlanNode& plan);
OperatorPtr make_foreach(Executor& executor, const PlanNode& plan);
OperatorPtr make_merge(Executor& executor, const PlanNode& plan);
OperatorPtr make_repeat(Executor& executor, const PlanNode& plan);
OperatorPtr make_transaction_apply(Executor& executor, const PlanNode& plan);
OperatorPtr make_cartesian_product(Executor& executor, const PlanNode& plan);
OperatorPtr make_hash_join(Executor& executor, const PlanNode& plan);
OperatorPtr make_union(Executor& executor, const PlanNode& plan);

}  // namespace graft::cypher
