// Paths put together from the variables of a pattern, and the test that no relationship was walked twice.

#include <algorithm>

#include "cypher/executor/evaluators.h"
#include "cypher/functions/entities.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

class PathConstructor final : public Evaluator {
 public:
  explicit PathConstructor(std::vector<EvaluatorPtr> children) : children_(std::move(children)) {}

  Value eval(const Frame& frame) override {
    graph::Path path;
    for (const EvaluatorPtr& child : children_) {
      Value v = child->eval(frame);
      switch (v.type()) {
        case ValueType::kNull: return {};
        case ValueType::kNode: add_node(v.as_node(), &path); break;
        case ValueType::kRelationship: walk(frame, v.as_relationship(), &path); break;
        case ValueType::kList:
          for (const Value& item : v.as_list()) {
            if (item.type() != ValueType::kRelationship) throw_type("Relationship", item);
            walk(frame, item.as_relationship(), &path);
          }
          break;
        default: throw_type("Node, Relationship or List<Relationship>", v);
      }
    }
    return Value::path(std::move(path));
  }

 private:
  static void add_node(graph::NodeId id, graph::Path* path) {
    if (path->nodes.size() == path->relationships.size()) path->nodes.push_back(id);
  }
  static void walk(const Frame& frame, graph::RelationshipId id, graph::Path* path) {
    graph::RelationshipRecord record = relationship_record(frame.context, id);
    graph::NodeId at = path->nodes.back();
    path->relationships.push_back(id);
    path->nodes.push_back(record.start == at ? record.end : record.start);
  }

  std::vector<EvaluatorPtr> children_;
};

class UniqueRelationships final : public Evaluator {
 public:
  explicit UniqueRelationships(std::vector<EvaluatorPtr> children) : children_(std::move(children)) {}

  Value eval(const Frame& frame) override {
    seen_.clear();
    for (const EvaluatorPtr& child : children_) {
      Value v = child->eval(frame);
      if (v.type() == ValueType::kRelationship) {
        seen_.push_back(v.as_relationship());
      } else if (v.type() == ValueType::kList) {
        for (const Value& item : v.as_list()) seen_.push_back(item.as_relationship());
      }
    }
    std::sort(seen_.begin(), seen_.end());
    return Value::boolean(std::adjacent_find(seen_.begin(), seen_.end()) == seen_.end());
  }

 private:
  std::vector<EvaluatorPtr> children_;
  std::vector<graph::RelationshipId> seen_;
};

}  // namespace

EvaluatorPtr make_path(Compiler& compiler, const Expr& e) {
  if (e.kind == ExprKind::kPath) return std::make_unique<PathConstructor>(compiler.compile_all(e.children));
  return std::make_unique<UniqueRelationships>(compiler.compile_all(e.children));
}

}  // namespace graft::cypher
