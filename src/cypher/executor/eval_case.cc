#include "cypher/executor/evaluators.h"

namespace graft::cypher {

using graph::Value;

namespace {

class Case final : public Evaluator {
 public:
  Case(std::vector<EvaluatorPtr> children, bool has_subject, bool has_default)
      : children_(std::move(children)), has_subject_(has_subject), has_default_(has_default) {}

  Value eval(const Frame& frame) override {
    Value subject = has_subject_ ? children_[0]->eval(frame) : Value();
    size_t end = children_.size() - (has_default_ ? 1 : 0);
    for (size_t i = has_subject_ ? 1 : 0; i + 1 < end; i += 2) {
      Value when = children_[i]->eval(frame);
      bool taken = has_subject_ ? compare_equal(subject, when) == 1 : truth(when) == 1;
      if (taken) return children_[i + 1]->eval(frame);
    }
    return has_default_ ? children_.back()->eval(frame) : Value();
  }

 private:
  std::vector<EvaluatorPtr> children_;
  bool has_subject_, has_default_;
};

}  // namespace

EvaluatorPtr make_case(Compiler& compiler, const Expr& e) {
  return std::make_unique<Case>(compiler.compile_all(e.children), e.has_subject, e.has_default);
}

}  // namespace graft::cypher
