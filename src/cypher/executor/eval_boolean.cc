// Three-valued logic.

#include "cypher/executor/evaluators.h"

namespace graft::cypher {

using graph::Value;

namespace {

// AND and OR: the absorbing value decides at once, null otherwise wins.
class Junction final : public Evaluator {
 public:
  Junction(std::vector<EvaluatorPtr> children, int absorbing) : children_(std::move(children)), absorbing_(absorbing) {}

  Value eval(const Frame& frame) override {
    bool unknown = false;
    for (const EvaluatorPtr& child : children_) {
      int t = truth(child->eval(frame));
      if (t == absorbing_) return Value::boolean(absorbing_ != 0);
      if (t < 0) unknown = true;
    }
    return unknown ? Value() : Value::boolean(absorbing_ == 0);
  }

 private:
  std::vector<EvaluatorPtr> children_;
  int absorbing_;
};

class Xor final : public Evaluator {
 public:
  explicit Xor(std::vector<EvaluatorPtr> children) : children_(std::move(children)) {}
  Value eval(const Frame& frame) override {
    bool unknown = false, odd = false;
    for (const EvaluatorPtr& child : children_) {
      int t = truth(child->eval(frame));
      if (t < 0) unknown = true;
      if (t == 1) odd = !odd;
    }
    return unknown ? Value() : Value::boolean(odd);
  }

 private:
  std::vector<EvaluatorPtr> children_;
};

class Not final : public Evaluator {
 public:
  explicit Not(EvaluatorPtr child) : child_(std::move(child)) {}
  Value eval(const Frame& frame) override {
    int t = truth(child_->eval(frame));
    return t < 0 ? Value() : Value::boolean(t == 0);
  }

 private:
  EvaluatorPtr child_;
};

class IsNull final : public Evaluator {
 public:
  IsNull(EvaluatorPtr child, bool wanted) : child_(std::move(child)), wanted_(wanted) {}
  Value eval(const Frame& frame) override { return Value::boolean(child_->eval(frame).is_null() == wanted_); }
  void eval_rows(const Frame& frame, std::span<const uint32_t> rows, Value* out) override {
    child_->eval_rows(frame, rows, out);
    for (size_t i = 0; i < rows.size(); ++i) out[i] = Value::boolean(out[i].is_null() == wanted_);
  }

 private:
  EvaluatorPtr child_;
  bool wanted_;
};

}  // namespace

EvaluatorPtr make_boolean(Compiler& compiler, const Expr& e) {
  switch (e.kind) {
    case ExprKind::kAnd: return std::make_unique<Junction>(compiler.compile_all(e.children), 0);
    case ExprKind::kOr: return std::make_unique<Junction>(compiler.compile_all(e.children), 1);
    case ExprKind::kXor: return std::make_unique<Xor>(compiler.compile_all(e.children));
    case ExprKind::kNot: return std::make_unique<Not>(compiler.compile(*e.children[0]));
    default: return std::make_unique<IsNull>(compiler.compile(*e.children[0]), e.kind == ExprKind::kIsNull);
  }
}

}  // namespace graft::cypher
