#pragma once

// Inside of the expression compiler: one make_ function per family of expressions. For eval_*.cc only.

#include <memory>
#include <vector>

#include "cypher/executor/evaluator.h"
#include "cypher/parser/ast.h"

namespace graft::cypher {

class Compiler {
 public:
  Compiler(Executor* executor, QueryContext& context, std::vector<Slot> locals)
      : executor_(executor), context_(context), locals_(std::move(locals)) {}

  EvaluatorPtr compile(const Expr& expression);
  EvaluatorPtr compile_or_null(const Expr* expression) { return expression == nullptr ? nullptr : compile(*expression); }
  std::vector<EvaluatorPtr> compile_all(const std::vector<Expr*>& expressions);
  // With one more variable that is read from Frame::locals.
  EvaluatorPtr compile_with_local(const Expr* expression, Slot local);
  EvaluatorPtr compile_with_locals(const Expr* expression, Slot first, Slot second);

  bool is_local(Slot slot) const;
  Executor* executor() const { return executor_; }
  QueryContext& context() const { return context_; }

 private:
  EvaluatorPtr dispatch(const Expr& expression);
  Executor* executor_;
  QueryContext& context_;
  std::vector<Slot> locals_;
  int depth_ = 0;
};

EvaluatorPtr make_leaf(Compiler& compiler, const Expr& expression);        // literal, parameter, variable
EvaluatorPtr make_access(Compiler& compiler, const Expr& expression);      // property, index, slice, labels, type
EvaluatorPtr make_constructor(Compiler& compiler, const Expr& expression); // list, map, map projection
EvaluatorPtr make_boolean(Compiler& compiler, const Expr& expression);     // and, or, xor, not, is null
EvaluatorPtr make_comparison(Compiler& compiler, const Expr& expression);  // = <> < <= > >= in
EvaluatorPtr make_arithmetic(Compiler& compiler, const Expr& expression);  // + - * / % ^ ||, unary, string predicates
EvaluatorPtr make_regex(Compiler& compiler, const Expr& expression);
EvaluatorPtr make_type_test(Compiler& compiler, const Expr& expression);   // IS :: type, IS NORMALIZED
EvaluatorPtr make_call(Compiler& compiler, const Expr& expression);
EvaluatorPtr make_case(Compiler& compiler, const Expr& expression);
EvaluatorPtr make_comprehension(Compiler& compiler, const Expr& expression);  // list comprehension, quantifiers, reduce
EvaluatorPtr make_subquery(Compiler& compiler, const Expr& expression);
EvaluatorPtr make_path(Compiler& compiler, const Expr& expression);        // path, unique relationships

// :A&(B|!C) on a node or relationship, with its tokens looked up late.
class LabelTest {
 public:
  LabelTest(Compiler& compiler, const LabelExpr& labels);
  ~LabelTest();
  // Frame: for dynamic labels. Null entities: -1.
  int holds(const Frame& frame, const graph::Value& entity) const;

 private:
  struct Node;
  static std::unique_ptr<Node> build(Compiler& compiler, const LabelExpr& labels);
  static int node_holds(const Frame& frame, Node& test, graph::NodeId id);
  static int type_holds(const Frame& frame, Node& test, graph::TypeId type);
  std::unique_ptr<Node> root_;
};

}  // namespace graft::cypher
