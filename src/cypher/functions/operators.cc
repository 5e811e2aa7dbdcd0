#include "cypher/functions/operators.h"

#include <cmath>

#include "cypher/functions/function_helpers.h"
#include "cypher/functions/temporal.h"

namespace graft::cypher {

using graph::List;
using graph::Value;
using graph::ValueType;

namespace {

[[noreturn]] void overflow(std::string_view operation, const Value& a, const Value& b) {
  throw_error(ErrorCode::kArithmetic, "integer overflow: result of " + graph::to_text(a) + " " + std::string(operation) + " " +
                                          graph::to_text(b) + " is larger than a 64-bit integer");
}

[[noreturn]] void cannot(std::string_view operation, const Value& a, const Value& b) {
  throw_error(ErrorCode::kType, "Type mismatch: cannot " + std::string(operation) + " " +
                                    std::string(graph::type_name(a.type())) + " and " + std::string(graph::type_name(b.type())));
}

bool both_integers(const Value& a, const Value& b) {
  return a.type() == ValueType::kInteger && b.type() == ValueType::kInteger;
}
bool both_numbers(const Value& a, const Value& b) { return a.is_number() && b.is_number(); }
bool either_null(const Value& a, const Value& b) { return a.is_null() || b.is_null(); }

Value add_lists(const Value& a, const Value& b) {
  List out;
  if (a.type() == ValueType::kList) out = a.as_list(); else out.push_back(a);
  if (b.type() == ValueType::kList) {
    out.insert(out.end(), b.as_list().begin(), b.as_list().end());
  } else {
    out.push_back(b);
  }
  return make_list(std::move(out));
}

// What may stand beside a string in a +.
bool joins_string(const Value& v) {
  return v.type() == ValueType::kString || v.is_number() || v.type() == ValueType::kBoolean ||
         is_temporal(v.type()) || v.type() == ValueType::kDuration || v.type() == ValueType::kPoint;
}

std::string text_of(const Value& v) {
  return v.type() == ValueType::kString ? std::string(v.as_string()) : graph::to_text(v);
}

bool is_duration(const Value& v) { return v.type() == ValueType::kDuration; }

}  // namespace

Value make_list(List items) {
  Value list = Value::list(std::move(items));
  if (list.depth() > graph::kMaxValueDepth) throw_error(ErrorCode::kArgument, "Lists and maps may be nested 1000 deep at most");
  return list;
}

Value make_map(graph::Map entries) {
  Value map = Value::map(std::move(entries));
  if (map.depth() > graph::kMaxValueDepth) throw_error(ErrorCode::kArgument, "Lists and maps may be nested 1000 deep at most");
  return map;
}

Value join_lists(QueryContext& context, const Value& a, const Value& b) {
  List out;
  out.reserve((a.type() == ValueType::kList ? a.as_list().size() : 1) + (b.type() == ValueType::kList ? b.as_list().size() : 1));
  for (const Value* v : {&a, &b}) {
    if (v->type() == ValueType::kList) {
      append_items(context, &out, v->as_list().begin(), v->as_list().end());
    } else {
      out.push_back(*v);
    }
  }
  return make_list(std::move(out));
}

Value add(const Value& a, const Value& b) {
  if (both_integers(a, b)) {
    int64_t sum;
    if (__builtin_add_overflow(a.as_integer(), b.as_integer(), &sum)) overflow("+", a, b);
    return Value::integer(sum);
  }
  if (either_null(a, b)) return {};
  if (both_numbers(a, b)) return Value::floating(a.as_number() + b.as_number());
  if (a.type() == ValueType::kList || b.type() == ValueType::kList) return add_lists(a, b);
  if (is_temporal_sum(a, b)) return add_temporal(a, b);
  if ((a.type() == ValueType::kString && joins_string(b)) || (b.type() == ValueType::kString && joins_string(a))) {
    return Value::string(text_of(a) + text_of(b));
  }
  cannot("add", a, b);
}

Value subtract(const Value& a, const Value& b) {
  if (both_integers(a, b)) {
    int64_t difference;
    if (__builtin_sub_overflow(a.as_integer(), b.as_integer(), &difference)) overflow("-", a, b);
    return Value::integer(difference);
  }
  if (either_null(a, b)) return {};
  if (both_numbers(a, b)) return Value::floating(a.as_number() - b.as_number());
  if (is_temporal_sum(a, b)) return subtract_temporal(a, b);
  cannot("subtract", a, b);
}

Value multiply(const Value& a, const Value& b) {
  if (both_integers(a, b)) {
    int64_t product;
    if (__builtin_mul_overflow(a.as_integer(), b.as_integer(), &product)) overflow("*", a, b);
    return Value::integer(product);
  }
  if (either_null(a, b)) return {};
  if (both_numbers(a, b)) return Value::floating(a.as_number() * b.as_number());
  if (is_duration(a) && b.is_number()) return multiply_duration(a, b.as_number());
  if (is_duration(b) && a.is_number()) return multiply_duration(b, a.as_number());
  cannot("multiply", a, b);
}

Value divide(const Value& a, const Value& b) {
  if (either_null(a, b)) return {};
  if (both_integers(a, b)) {
    if (b.as_integer() == 0) throw_error(ErrorCode::kArithmetic, "/ by zero");
    if (a.as_integer() == INT64_MIN && b.as_integer() == -1) overflow("/", a, b);
    return Value::integer(a.as_integer() / b.as_integer());
  }
  if (both_numbers(a, b)) return Value::floating(a.as_number() / b.as_number());
  if (is_duration(a) && b.is_number()) return divide_duration(a, b.as_number());
  cannot("divide", a, b);
}

Value modulo(const Value& a, const Value& b) {
  if (either_null(a, b)) return {};
  if (both_integers(a, b)) {
    if (b.as_integer() == 0) throw_error(ErrorCode::kArithmetic, "/ by zero");
    return Value::integer(b.as_integer() == -1 ? 0 : a.as_integer() % b.as_integer());
  }
  if (both_numbers(a, b)) return Value::floating(std::fmod(a.as_number(), b.as_number()));
  cannot("take the remainder of", a, b);
}

Value power(const Value& a, const Value& b) {
  if (either_null(a, b)) return {};
  if (both_numbers(a, b)) return Value::floating(std::pow(a.as_number(), b.as_number()));
  cannot("raise to a power", a, b);
}

Value negate(const Value& a) {
  switch (a.type()) {
    case ValueType::kNull: return {};
    case ValueType::kInteger:
      if (a.as_integer() == INT64_MIN) overflow("-", Value::integer(0), a);
      return Value::integer(-a.as_integer());
    case ValueType::kFloat: return Value::floating(-a.as_float());
    case ValueType::kDuration: return multiply_duration(a, -1);
    default: throw_type("Integer, Float or Duration", a);
  }
}

Value unary_plus(const Value& a) {
  return a;  // of whatever type, as Neo4j; the analysis refuses what is certainly no number
}

Value concatenate(const Value& a, const Value& b) {
  if (either_null(a, b)) return {};
  if (a.type() == ValueType::kString && b.type() == ValueType::kString) {
    return Value::string(std::string(a.as_string()).append(b.as_string()));
  }
  if (a.type() == ValueType::kList && b.type() == ValueType::kList) return add_lists(a, b);
  cannot("concatenate", a, b);
}

Value in_list(QueryContext& context, const Value& item, const Value& list) {
  if (list.is_null()) return {};
  if (list.type() != ValueType::kList) throw_type("List", list);
  bool unknown = false;
  for (const Value& candidate : list.as_list()) {
    context.tick();
    int equal = compare_equal(item, candidate);
    if (equal == 1) return Value::boolean(true);
    if (equal < 0) unknown = true;
  }
  return unknown ? Value() : Value::boolean(false);
}

// Neo4j: for anything but strings the answer is unknown.
Value starts_with(const Value& a, const Value& b) {
  if (a.type() != ValueType::kString || b.type() != ValueType::kString) return {};
  return Value::boolean(a.as_string().starts_with(b.as_string()));
}

Value ends_with(const Value& a, const Value& b) {
  if (a.type() != ValueType::kString || b.type() != ValueType::kString) return {};
  return Value::boolean(a.as_string().ends_with(b.as_string()));
}

Value contains(const Value& a, const Value& b) {
  if (a.type() != ValueType::kString || b.type() != ValueType::kString) return {};
  return Value::boolean(a.as_string().find(b.as_string()) != std::string_view::npos);
}

}  // namespace graft::cypher
