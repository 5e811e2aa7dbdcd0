// [x IN list WHERE p | e], all/any/none/single(x IN list WHERE p), reduce(a = i, x IN list | e)

#include "cypher/executor/evaluators.h"
#include "cypher/functions/operators.h"

namespace graft::cypher {

using graph::List;
using graph::Value;
using graph::ValueType;

namespace {

// The list to go over; null: none. The value keeps the items alive.
const List* items_of(const Value& v) {
  if (v.is_null()) return nullptr;
  if (v.type() != ValueType::kList) throw_type("List", v);
  return &v.as_list();
}

class ListComprehension final : public Evaluator {
 public:
  ListComprehension(Compiler& compiler, const Expr& e) : slot_(static_cast<size_t>(e.slot)) {
    list_ = compiler.compile(*e.children[0]);
    if (e.children.size() > 1) predicate_ = compiler.compile_with_local(e.children[1], e.slot);
    if (e.children.size() > 2) projection_ = compiler.compile_with_local(e.children[2], e.slot);
  }

  Value eval(const Frame& frame) override {
    Value list = list_->eval(frame);
    const List* items = items_of(list);
    if (items == nullptr) return {};
    List out;
    for (const Value& item : *items) {
      frame.context.tick();
      frame.locals[slot_] = item;
      if (predicate_ != nullptr && truth(predicate_->eval(frame)) != 1) continue;
      out.push_back(projection_ == nullptr ? item : projection_->eval(frame));
    }
    Value made = make_list(std::move(out));
    frame.context.note_long(made);
    return made;
  }

 private:
  size_t slot_;
  EvaluatorPtr list_, predicate_, projection_;
};

class QuantifierTest final : public Evaluator {
 public:
  QuantifierTest(Compiler& compiler, const Expr& e) : kind_(e.kind), slot_(static_cast<size_t>(e.slot)) {
    list_ = compiler.compile(*e.children[0]);
    predicate_ = compiler.compile_with_local(e.children[1], e.slot);
  }

  Value eval(const Frame& frame) override {
    Value list = list_->eval(frame);
    const List* items = items_of(list);
    if (items == nullptr) return {};
    uint64_t trues = 0, unknowns = 0, falses = 0;
    for (const Value& item : *items) {
      frame.context.tick();
      frame.locals[slot_] = item;
      int t = truth(predicate_->eval(frame));
      ++(t == 1 ? trues : t == 0 ? falses : unknowns);
      if (decided(trues, falses)) break;
    }
    return answer(trues, falses, unknowns);
  }

 private:
  bool decided(uint64_t trues, uint64_t falses) const {
    if (kind_ == ExprKind::kAll) return falses > 0;
    if (kind_ == ExprKind::kSingle) return trues > 1;
    return trues > 0;
  }
  Value answer(uint64_t trues, uint64_t falses, uint64_t unknowns) const {
    if (decided(trues, falses)) return Value::boolean(kind_ == ExprKind::kAny);
    if (unknowns > 0) return {};
    if (kind_ == ExprKind::kSingle) return Value::boolean(trues == 1);
    return Value::boolean(kind_ != ExprKind::kAny);
  }

  ExprKind kind_;
  size_t slot_;
  EvaluatorPtr list_, predicate_;
};

class Reduce final : public Evaluator {
 public:
  Reduce(Compiler& compiler, const Expr& e)
      : accumulator_(static_cast<size_t>(e.slot)), variable_(static_cast<size_t>(e.slot2)) {
    initial_ = compiler.compile(*e.children[0]);
    list_ = compiler.compile(*e.children[1]);
    step_ = compiler.compile_with_locals(e.children[2], e.slot, e.slot2);
  }

  Value eval(const Frame& frame) override {
    Value list = list_->eval(frame);
    const List* items = items_of(list);
    if (items == nullptr) return {};
    Value result = initial_->eval(frame);
    for (const Value& item : *items) {
      frame.context.tick();
      frame.locals[accumulator_] = std::move(result);
      frame.locals[variable_] = item;
      result = step_->eval(frame);
    }
    return result;
  }

 private:
  size_t accumulator_, variable_;
  EvaluatorPtr initial_, list_, step_;
};

}  // namespace

EvaluatorPtr make_comprehension(Compiler& compiler, const Expr& e) {
  switch (e.kind) {
    case ExprKind::kListComprehension: return std::make_unique<ListComprehension>(compiler, e);
    case ExprKind::kReduce: return std::make_unique<Reduce>(compiler, e);
    default: return std::make_unique<QuantifierTest>(compiler, e);
  }
}

}  // namespace graft::cypher
