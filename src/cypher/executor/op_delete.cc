#include "cypher/executor/executor.h"
#include "cypher/executor/neighbours.h"
#include "cypher/executor/operators.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

class Delete final : public Operator {
 public:
  Delete(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), delete_(static_cast<const PlanDelete&>(plan)), all_types_({}) {
    for (const Expr* e : delete_.expressions) expressions_.push_back(compile_expression(e));
  }

 private:
  void start() override { left().open(argument()); }

  Batch* next() override {
    Batch* batch = left().pull();
    if (batch == nullptr) return nullptr;
    for (uint32_t row : batch->rows()) {
      for (const EvaluatorPtr& expression : expressions_) {
        context().tick();
        remove(expression->eval(frame(*batch, row)));
      }
    }
    return batch;
  }

  void remove(const Value& v) {
    switch (v.type()) {
      case ValueType::kNull: return;
      case ValueType::kNode: return remove_node(v.as_node());
      case ValueType::kRelationship: return remove_relationship(v.as_relationship());
      case ValueType::kPath:
        for (graph::RelationshipId id : v.as_path().relationships) remove_relationship(id);
        for (graph::NodeId id : v.as_path().nodes) remove_node(id);
        return;
      default: throw_type("Node, Relationship or Path", v);
    }
  }

  void remove_relationship(graph::RelationshipId id) {
    graph::TypeId type = context().view().relationship(id).type;
    if (type == graph::kNoToken) return;  // deleted already
    unwrap(context().writer().delete_relationship(id));
    context().mark_deleted_relationship(id, type);
  }

  void remove_node(graph::NodeId id) {
    if (!context().view().node_exists(id)) return;
    if (delete_.detach) detach(id);
    unwrap(context().writer().delete_node(id));
    context().mark_deleted_node(id);
  }

  // One by one: the statement may be ended in the middle of a node with a million.
  void detach(graph::NodeId id) {
    Neighbours neighbours(context(), graph::Direction::kBoth);
    neighbours.open(id, all_types_);
    nodes_.clear();
    relationships_.clear();
    while (neighbours.next(4096, &nodes_, &relationships_) > 0) context().check();
    for (graph::RelationshipId r : relationships_) {
      context().tick();
      remove_relationship(r);
    }
  }

  const PlanDelete& delete_;
  TypeList all_types_;
  std::vector<EvaluatorPtr> expressions_;
  std::vector<uint64_t> nodes_, relationships_;
};

}  // namespace

OperatorPtr make_delete(Executor& executor, const PlanNode& plan) { return std::make_unique<Delete>(executor, plan); }

}  // namespace graft::cypher
