// Calls of scalar functions: nulls and types are looked at here, once for all.

#include <absl/container/inlined_vector.h>

#include <algorithm>

#include "cypher/executor/evaluators.h"
#include "cypher/functions/registry.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

std::string type_words(TypeMask mask) {
  static constexpr ValueType kTypes[] = {
      ValueType::kBoolean, ValueType::kString, ValueType::kInteger, ValueType::kFloat, ValueType::kDate,
      ValueType::kLocalTime, ValueType::kTime, ValueType::kLocalDateTime, ValueType::kDateTime, ValueType::kDuration,
      ValueType::kPoint, ValueType::kNode, ValueType::kRelationship, ValueType::kMap, ValueType::kList, ValueType::kPath};
  std::string out;
  for (ValueType type : kTypes) {
    if ((mask & type_mask(type)) == 0) continue;
    if (!out.empty()) out += ", ";
    out += graph::type_name(type);
  }
  return out;
}

class Call final : public Evaluator {
 public:
  Call(const FunctionInfo& function, std::vector<EvaluatorPtr> arguments, Position position)
      : function_(function), arguments_(std::move(arguments)), position_(position) {
    invariant_ = function.stability != Stability::kNever && !arguments_.empty() &&
                 std::all_of(arguments_.begin(), arguments_.end(), [](const EvaluatorPtr& a) { return a->constant() != nullptr; });
  }

  Value eval(const Frame& frame) override {
    if (!invariant_) return call(frame);
    if (!known_) {
      value_ = call(frame);
      known_ = true;
    }
    return value_;
  }

 private:
  Value call(const Frame& frame) {
    absl::InlinedVector<Value, 4> values(arguments_.size());
    bool has_null = false;
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = arguments_[i]->eval(frame);
      has_null |= values[i].is_null();
    }
    if (has_null && !function_.sees_null) return {};  // whatever the others are
    for (size_t i = 0; i < values.size(); ++i) check_type(values[i], i);
    Value result = function_.call(frame.context, values);
    const bool large = (result.type() == ValueType::kList && result.as_list().size() > kLarge) ||
                       (result.type() == ValueType::kString && result.as_string().size() > kLarge);
    if (large) {
      frame.context.note_long(result);
      frame.context.check();  // a few hundred of these are a long time
    }
    return result;
  }

  static constexpr size_t kLarge = 10'000;

  void check_type(const Value& value, size_t i) const {
    if (value.is_null() || function_.argument_types.empty()) return;
    TypeMask allowed = function_.argument_types[std::min(i, function_.argument_types.size() - 1)];
    TypeMask actual = type_mask(value.type());
    if ((allowed & actual) != 0 || (actual == kIntegerMask && (allowed & kFloatMask) != 0)) return;
    throw QueryError{ErrorCode::kType,
                     "Invalid input for function '" + function_.name + "()': expected " + type_words(allowed) + " but was " +
                         std::string(graph::type_name(value.type())) + ", as in " + function_.signature,
                     position_};
  }

  const FunctionInfo& function_;
  std::vector<EvaluatorPtr> arguments_;
  Position position_;
  bool invariant_ = false, known_ = false;  // the same for every row: called once, and only if a row asks
  Value value_;
};

// The first argument that is not null; those behind it are not computed.
class Coalesce final : public Evaluator {
 public:
  explicit Coalesce(std::vector<EvaluatorPtr> arguments) : arguments_(std::move(arguments)) {}

  Value eval(const Frame& frame) override {
    for (const EvaluatorPtr& argument : arguments_) {
      Value value = argument->eval(frame);
      if (!value.is_null()) return value;
    }
    return {};
  }

 private:
  std::vector<EvaluatorPtr> arguments_;
};

}  // namespace

EvaluatorPtr make_call(Compiler& compiler, const Expr& e) {
  const FunctionInfo* function = e.function != nullptr ? e.function : find_function(e.name);
  if (function == nullptr) throw QueryError{ErrorCode::kSyntax, "Unknown function '" + e.name + "'", e.position};
  if (function->call == nullptr) {
    throw QueryError{ErrorCode::kSyntax, "The aggregation " + function->name + "() cannot be used here", e.position};
  }
  if (function->name == "coalesce") return std::make_unique<Coalesce>(compiler.compile_all(e.children));
  return std::make_unique<Call>(*function, compiler.compile_all(e.children), e.position);
}

}  // namespace graft::cypher
