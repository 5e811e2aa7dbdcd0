// = <> < <= > >= IN

#include <absl/container/flat_hash_set.h>

#include <algorithm>

#include "cypher/executor/evaluators.h"
#include "cypher/functions/operators.h"

namespace graft::cypher {

using graph::Comparison;
using graph::Value;

namespace {

Value equal(const Value& a, const Value& b) { return from_truth(compare_equal(a, b)); }

Value not_equal(const Value& a, const Value& b) {
  int c = compare_equal(a, b);
  return c < 0 ? Value() : Value::boolean(c == 0);
}

template <bool kLess, bool kOrEqual>
Value ordered(const Value& a, const Value& b) {
  Comparison c = compare(a, b);
  switch (c) {
    case Comparison::kNull: return {};
    case Comparison::kUnordered: return Value::boolean(false);
    case Comparison::kEqual: return kOrEqual ? Value::boolean(true) : Value::boolean(false);
    default: return Value::boolean((c == Comparison::kLess) == kLess);
  }
}

// < on values that have an equality but no order is unknown also when they are equal.
template <bool kLess>
Value strictly(const Value& a, const Value& b) {
  Value v = ordered<kLess, false>(a, b);
  switch (a.type()) {
    case graph::ValueType::kNode:
    case graph::ValueType::kRelationship:
    case graph::ValueType::kPath:
    case graph::ValueType::kPoint:
    case graph::ValueType::kDuration: return {};
    default: return v;
  }
}

using Compare = Value (*)(const Value&, const Value&);

Compare comparison_of(ExprKind kind) {
  switch (kind) {
    case ExprKind::kEqual: return equal;
    case ExprKind::kNotEqual: return not_equal;
    case ExprKind::kLess: return strictly<true>;
    case ExprKind::kLessEqual: return ordered<true, true>;
    case ExprKind::kGreater: return strictly<false>;
    default: return ordered<false, true>;
  }
}

class ComparisonOf final : public Evaluator {
 public:
  ComparisonOf(EvaluatorPtr left, EvaluatorPtr right, Compare compare)
      : left_(std::move(left)), right_(std::move(right)), compare_(compare) {}
  Value eval(const Frame& frame) override {
    Value a = left_->eval(frame);
    return compare_(a, right_->eval(frame));
  }
  void eval_rows(const Frame& frame, std::span<const uint32_t> rows, Value* out) override {
    left_->eval_rows(frame, rows, out);
    if (const Value* constant = right_->constant()) {
      for (size_t i = 0; i < rows.size(); ++i) out[i] = compare_(out[i], *constant);
      return;
    }
    other_.resize(rows.size());
    right_->eval_rows(frame, rows, other_.data());
    for (size_t i = 0; i < rows.size(); ++i) out[i] = compare_(out[i], other_[i]);
  }

 private:
  EvaluatorPtr left_, right_;
  Compare compare_;
  std::vector<Value> other_;
};

// A long constant list of plain values is looked up by hash.
class In final : public Evaluator {
 public:
  In(EvaluatorPtr item, EvaluatorPtr list) : item_(std::move(item)), list_(std::move(list)) {}
  Value eval(const Frame& frame) override {
    Value item = item_->eval(frame);
    const Value* constant = list_->constant();
    if (constant == nullptr) return in_list(frame.context, item, list_->eval(frame));
    if (!looked_) look(*constant);
    if (set_.empty() || !plain(item)) return in_list(frame.context, item, *constant);
    return Value::boolean(set_.contains(item));
  }

 private:
  struct Hash {
    size_t operator()(const Value& v) const { return hash_equivalent(v); }
  };
  struct Same {
    bool operator()(const Value& a, const Value& b) const { return equivalent(a, b); }
  };

  // For these, equal and equivalent are the same.
  static bool plain(const Value& v) {
    return v.type() == graph::ValueType::kInteger || v.type() == graph::ValueType::kString || v.type() == graph::ValueType::kBoolean;
  }
  void look(const Value& list) {
    constexpr size_t kLong = 32;
    looked_ = true;
    if (list.type() != graph::ValueType::kList || list.as_list().size() < kLong) return;
    if (!std::all_of(list.as_list().begin(), list.as_list().end(), plain)) return;
    set_.insert(list.as_list().begin(), list.as_list().end());
  }

  EvaluatorPtr item_, list_;
  bool looked_ = false;
  absl::flat_hash_set<Value, Hash, Same> set_;
};

}  // namespace

EvaluatorPtr make_comparison(Compiler& compiler, const Expr& e) {
  EvaluatorPtr left = compiler.compile(*e.children[0]), right = compiler.compile(*e.children[1]);
  if (e.kind == ExprKind::kIn) return std::make_unique<In>(std::move(left), std::move(right));
  return std::make_unique<ComparisonOf>(std::move(left), std::move(right), comparison_of(e.kind));
}

}  // namespace graft::cypher
