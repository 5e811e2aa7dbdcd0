#include "cypher/executor/operators.h"

namespace graft::cypher {

namespace {

OperatorPtr make_binary(Executor& executor, const PlanNode& plan) {
  switch (plan.op) {
    case PlanOp::kApply: return make_apply(executor, plan);
    case PlanOp::kSemiApply:
    case PlanOp::kAntiSemiApply: return make_semi_apply(executor, plan);
    case PlanOp::kRollUpApply: return make_roll_up_apply(executor, plan);
    case PlanOp::kForeach: return make_foreach(executor, plan);
    case PlanOp::kMerge: return make_merge(executor, plan);
    case PlanOp::kRepeat: return make_repeat(executor, plan);
    case PlanOp::kTransactionApply: return make_transaction_apply(executor, plan);
    case PlanOp::kCartesianProduct: return make_cartesian_product(executor, plan);
    case PlanOp::kNodeHashJoin:
    case PlanOp::kValueHashJoin: return make_hash_join(executor, plan);
    default: return make_union(executor, plan);
  }
}

OperatorPtr make_unary(Executor& executor, const PlanNode& plan) {
  switch (plan.op) {
    case PlanOp::kExpandAll:
    case PlanOp::kOptionalExpandAll: return make_expand(executor, plan);
    case PlanOp::kExpandInto:
    case PlanOp::kOptionalExpandInto: return make_expand_into(executor, plan);
    case PlanOp::kVarLengthExpandAll:
    case PlanOp::kVarLengthExpandInto: return make_var_length_expand(executor, plan);
    case PlanOp::kPruningVarLengthExpand: return make_pruning_expand(executor, plan);
    case PlanOp::kShortestPath: return make_shortest_path(executor, plan);
    case PlanOp::kFilter: return make_filter(executor, plan);
    case PlanOp::kProjection: return make_projection(executor, plan);
    case PlanOp::kEagerAggregation: return make_aggregation(executor, plan);
    case PlanOp::kDistinct: return make_distinct(executor, plan);
    case PlanOp::kSort:
    case PlanOp::kTop: return make_sort(executor, plan);
    case PlanOp::kSkip:
    case PlanOp::kLimit: return make_limit(executor, plan);
    case PlanOp::kUnwind: return make_unwind(executor, plan);
    case PlanOp::kOptional: return make_optional(executor, plan);
    case PlanOp::kEager: return make_eager(executor, plan);
    case PlanOp::kLoadCsv: return make_load_csv(executor, plan);
    case PlanOp::kProcedureCall: return make_procedure_call(executor, plan);
    case PlanOp::kProduceResults:
    case PlanOp::kEmptyResult: return make_results(executor, plan);
    case PlanOp::kProjectEndpoints: return make_project_endpoints(executor, plan);
    case PlanOp::kCreate: return make_create(executor, plan);
    case PlanOp::kSetProperties:
    case PlanOp::kRemove: return make_set(executor, plan);
    case PlanOp::kDelete: return make_delete(executor, plan);
    case PlanOp::kWalk: return make_walk(executor, plan);
    default: return make_binary(executor, plan);
  }
}

}  // namespace

OperatorPtr make_operator(Executor& executor, const PlanNode& plan) {
  switch (plan.op) {
    case PlanOp::kArgument: return make_argument(executor, plan);
    case PlanOp::kAllNodesScan:
    case PlanOp::kNodeByLabelScan:
    case PlanOp::kUnionNodeByLabelsScan: return make_node_scan(executor, plan);
    case PlanOp::kNodeByIdSeek:
    case PlanOp::kRelationshipByIdSeek: return make_id_seek(executor, plan);
    case PlanOp::kNodeIndexSeek:
    case PlanOp::kNodeIndexScan:
    case PlanOp::kRelationshipIndexSeek: return make_index_seek(executor, plan);
    case PlanOp::kRelationshipScan: return make_relationship_scan(executor, plan);
    case PlanOp::kNodeCountFromCountStore:
    case PlanOp::kRelationshipCountFromCountStore: return make_count_store(executor, plan);
    case PlanOp::kSchemaCommand: return make_schema_command(executor, plan);
    case PlanOp::kShow: return make_show(executor, plan);
    default: return make_unary(executor, plan);
  }
}

}  // namespace graft::cypher
