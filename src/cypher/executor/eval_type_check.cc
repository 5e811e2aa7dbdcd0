// value IS [NOT] :: TYPE, text IS [NOT] NFC NORMALIZED

#include <algorithm>

#include "cypher/executor/evaluators.h"
#include "cypher/functions/unicode.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

bool is_of_type(const Value& v, const TypeExpr& type);

bool is_list_of(const Value& v, const TypeExpr& type) {
  if (v.type() != ValueType::kList) return false;
  if (type.members.empty()) return true;
  const graph::List& items = v.as_list();
  return std::all_of(items.begin(), items.end(), [&](const Value& item) { return is_of_type(item, *type.members[0]); });
}

bool is_of_union(const Value& v, const TypeExpr& type) {
  return std::any_of(type.members.begin(), type.members.end(), [&](const TypeExpr* member) { return is_of_type(v, *member); });
}

bool is_of_type(const Value& v, const TypeExpr& type) {
  if (type.kind == TypeKind::kUnion) return is_of_union(v, type);
  if (type.kind == TypeKind::kNothing) return false;
  if (v.is_null()) return !type.not_null;
  ValueType t = v.type();
  switch (type.kind) {
    case TypeKind::kBoolean: return t == ValueType::kBoolean;
    case TypeKind::kString: return t == ValueType::kString;
    case TypeKind::kInteger: return t == ValueType::kInteger;
    case TypeKind::kFloat: return t == ValueType::kFloat;
    case TypeKind::kDate: return t == ValueType::kDate;
    case TypeKind::kLocalTime: return t == ValueType::kLocalTime;
    case TypeKind::kZonedTime: return t == ValueType::kTime;
    case TypeKind::kLocalDateTime: return t == ValueType::kLocalDateTime;
    case TypeKind::kZonedDateTime: return t == ValueType::kDateTime;
    case TypeKind::kDuration: return t == ValueType::kDuration;
    case TypeKind::kPoint: return t == ValueType::kPoint;
    case TypeKind::kNode: return t == ValueType::kNode;
    case TypeKind::kRelationship: return t == ValueType::kRelationship;
    case TypeKind::kMap: return t == ValueType::kMap;
    case TypeKind::kPath: return t == ValueType::kPath;
    case TypeKind::kList: return is_list_of(v, type);
    case TypeKind::kPropertyValue: return is_storable(v);
    case TypeKind::kAny: return true;
    default: return false;
  }
}

class TypeTest final : public Evaluator {
 public:
  TypeTest(EvaluatorPtr child, const TypeExpr& type, bool wanted) : child_(std::move(child)), type_(type), wanted_(wanted) {}
  Value eval(const Frame& frame) override { return Value::boolean(is_of_type(child_->eval(frame), type_) == wanted_); }

 private:
  EvaluatorPtr child_;
  const TypeExpr& type_;
  bool wanted_;
};

class NormalTest final : public Evaluator {
 public:
  NormalTest(EvaluatorPtr child, NormalForm form, bool wanted) : child_(std::move(child)), form_(form), wanted_(wanted) {}
  Value eval(const Frame& frame) override {
    Value v = child_->eval(frame);
    if (v.type() != ValueType::kString) return {};
    return Value::boolean(is_normalized(v.as_string(), form_) == wanted_);
  }

 private:
  EvaluatorPtr child_;
  NormalForm form_;
  bool wanted_;
};

}  // namespace

EvaluatorPtr make_type_test(Compiler& compiler, const Expr& e) {
  EvaluatorPtr child = compiler.compile(*e.children[0]);
  if (e.kind == ExprKind::kIsTyped || e.kind == ExprKind::kIsNotTyped) {
    return std::make_unique<TypeTest>(std::move(child), *e.type, e.kind == ExprKind::kIsTyped);
  }
  NormalForm form = NormalForm::kNfc;
  parse_normal_form(e.name, &form);
  return std::make_unique<NormalTest>(std::move(child), form, e.kind == ExprKind::kIsNormalized);
}

}  // namespace graft::cypher
