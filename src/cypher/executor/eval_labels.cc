#include "cypher/executor/evaluators.h"
#include "cypher/functions/entities.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

struct LabelTest::Node {
  LabelExprKind kind;
  LateToken label, type;
  EvaluatorPtr dynamic;
  std::vector<std::unique_ptr<Node>> children;
};

LabelTest::LabelTest(Compiler& compiler, const LabelExpr& labels) : root_(build(compiler, labels)) {}
LabelTest::~LabelTest() = default;

std::unique_ptr<LabelTest::Node> LabelTest::build(Compiler& compiler, const LabelExpr& labels) {
  auto node = std::make_unique<Node>(Node{labels.kind, LateToken(LateToken::kLabel, labels.name),
                                          LateToken(LateToken::kType, labels.name), nullptr, {}});
  node->dynamic = compiler.compile_or_null(labels.dynamic);
  for (const LabelExpr* child : labels.children) node->children.push_back(build(compiler, *child));
  return node;
}

namespace {

// The names that a dynamic label gives: a string or a list of strings.
std::vector<std::string> dynamic_names(const Value& v) {
  std::vector<std::string> names;
  auto add = [&](const Value& item) {
    if (item.type() != ValueType::kString) throw_type("String or List<String>", item);
    names.emplace_back(item.as_string());
  };
  if (v.type() == ValueType::kList) {
    for (const Value& item : v.as_list()) add(item);
  } else {
    add(v);
  }
  return names;
}

// And, or, not over the children's answers.
template <class F>
int combine(LabelExprKind kind, size_t n, F&& child) {
  if (kind == LabelExprKind::kNot) return child(0) != 0 ? 0 : 1;
  bool any = kind == LabelExprKind::kOr;
  for (size_t i = 0; i < n; ++i) {
    if ((child(i) != 0) == any) return any ? 1 : 0;
  }
  return any ? 0 : 1;
}

template <class F>
int dynamic_holds(LabelExprKind kind, const Value& value, F&& has) {
  auto names = dynamic_names(value);
  bool any = kind == LabelExprKind::kDynamicAny;
  for (const std::string& name : names) {
    if (has(name) == any) return any ? 1 : 0;
  }
  return any ? 0 : 1;
}

}  // namespace

int LabelTest::node_holds(const Frame& frame, Node& test, graph::NodeId id) {
  const graph::GraphView& view = frame.context.view();
  switch (test.kind) {
    case LabelExprKind::kName: {
      graph::LabelId label = test.label.find(frame.context);
      return label != graph::kNoToken && view.has_label(id, label) ? 1 : 0;
    }
    case LabelExprKind::kWildcard: return view.labels(id).empty() ? 0 : 1;
    case LabelExprKind::kDynamicAll:
    case LabelExprKind::kDynamicAny:
      return dynamic_holds(test.kind, test.dynamic->eval(frame), [&](const std::string& name) {
        auto label = view.catalog().label(name);
        return label.has_value() && view.has_label(id, *label);
      });
    default:
      return combine(test.kind, test.children.size(),
                     [&](size_t i) { return node_holds(frame, *test.children[i], id); });
  }
}

int LabelTest::type_holds(const Frame& frame, Node& test, graph::TypeId type) {
  switch (test.kind) {
    case LabelExprKind::kName: return test.type.find(frame.context) == type ? 1 : 0;
    case LabelExprKind::kWildcard: return 1;
    case LabelExprKind::kDynamicAll:
    case LabelExprKind::kDynamicAny:
      return dynamic_holds(test.kind, test.dynamic->eval(frame), [&](const std::string& name) {
        auto found = frame.context.view().catalog().type(name);
        return found.has_value() && *found == type;
      });
    default:
      return combine(test.kind, test.children.size(),
                     [&](size_t i) { return type_holds(frame, *test.children[i], type); });
  }
}

int LabelTest::holds(const Frame& frame, const Value& entity) const {
  switch (entity.type()) {
    case ValueType::kNull: return -1;
    case ValueType::kNode:
      require_node(frame.context, entity.as_node());
      return node_holds(frame, *root_, entity.as_node());
    case ValueType::kRelationship:
      return type_holds(frame, *root_, relationship_record(frame.context, entity.as_relationship()).type);
    default: throw_type("Node or Relationship", entity);
  }
}

}  // namespace graft::cypher
