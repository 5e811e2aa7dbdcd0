#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

OperatorPtr make_load_csv(Executor&, const PlanNode&) {
  throw_error(ErrorCode::kUnsupported, "LOAD CSV needs an import folder, and none is configured on this server");
}

}  // namespace graft::cypher
