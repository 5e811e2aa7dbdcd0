// Conversions between types: toX gives null for text that is no X and an error for other types, toXOrNull gives null.
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "cypher/functions/function_helpers.h"
#include "cypher/functions/unicode.h"

namespace graft::cypher {
namespace {

using graph::List;
using graph::Value;
using graph::ValueType;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  return text;
}

std::optional<double> parse_float(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  bool plus = text.front() == '+';
  if (plus) text.remove_prefix(1);
  if (text.empty() || (plus && text.front() == '-')) return std::nullopt;
  char last = text.back();
  std::string_view unsigned_text = text.front() == '-' ? text.substr(1) : text;
  if (unsigned_text == "NaN" || unsigned_text == "Infinity") {
    double v = unsigned_text == "NaN" ? std::nan("") : INFINITY;
    return text.front() == '-' ? -v : v;
  }
  if (unsigned_text.empty() || (!isdigit(static_cast<unsigned char>(unsigned_text.front())) && unsigned_text.front() != '.') ||
      (!isdigit(static_cast<unsigned char>(last)) && last != '.')) {
    return std::nullopt;
  }
  double v = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::strtod(std::string(text).c_str(), nullptr);
  return error == std::errc() ? std::optional<double>(v) : std::nullopt;
}

Value integer_from_float(double v) {
  if (std::isnan(v)) return Value::integer(0);
  if (v >= 9.2233720368547758e18) return Value::integer(INT64_MAX);
  if (v <= -9.2233720368547758e18) return Value::integer(INT64_MIN);
  return Value::integer(static_cast<int64_t>(v));
}

// A converter gives nothing for a type that it does not take.
using Converter = std::optional<Value> (*)(const Value&);

std::optional<Value> convert_integer(const Value& v) {
  switch (v.type()) {
    case ValueType::kInteger: return v;
    case ValueType::kFloat: return integer_from_float(v.as_float());
    case ValueType::kBoolean: return Value::integer(v.as_boolean() ? 1 : 0);
    case ValueType::kString: {
      std::string_view text = v.as_string();
      if (text != trimmed(text)) return Value();  // unlike toFloat()
      std::string_view digits = !text.empty() && text.front() == '+' ? text.substr(1) : text;
      int64_t n = 0;
      auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
      if (!digits.empty() && end == digits.data() + digits.size()) {
        return error == std::errc() ? std::optional<Value>(Value::integer(n)) : std::nullopt;  // does not fit
      }
      std::optional<double> f = parse_float(text);
      if (!f || !std::isfinite(*f)) return Value();
      if (std::fabs(*f) >= 9.2233720368547758e18) return std::nullopt;
      return integer_from_float(*f);
    }
    default: return std::nullopt;
  }
}

std::optional<Value> convert_float(const Value& v) {
  switch (v.type()) {
    case ValueType::kInteger:
    case ValueType::kFloat: return Value::floating(v.as_number());
    case ValueType::kString: {
      std::optional<double> f = parse_float(v.as_string());
      return f ? Value::floating(*f) : Value();
    }
    default: return std::nullopt;
  }
}

std::optional<Value> convert_boolean(const Value& v) {
  switch (v.type()) {
    case ValueType::kBoolean: return v;
    case ValueType::kInteger: return Value::boolean(v.as_integer() != 0);
    case ValueType::kString: {
      std::string text = to_lower(trimmed(v.as_string()));
      return text == "true" ? Value::boolean(true) : text == "false" ? Value::boolean(false) : Value();
    }
    default: return std::nullopt;
  }
}

std::optional<Value> convert_string(const Value& v) {
  switch (v.type()) {
    case ValueType::kString: return v;
    case ValueType::kBytes:
    case ValueType::kList:
    case ValueType::kMap:
    case ValueType::kNode:
    case ValueType::kRelationship:
    case ValueType::kPath: return std::nullopt;
    default: return Value::string(graph::to_text(v));
  }
}

template <Converter convert>
Value strict(QueryContext&, Arguments args) {
  if (args[0].is_null()) return Value();
  std::optional<Value> out = convert(args[0]);
  if (!out) throw_error(ErrorCode::kType, "Cannot convert " + std::string(graph::type_name(args[0].type())) + " " + graph::to_text(args[0]));
  return *out;
}

template <Converter convert>
Value or_null(QueryContext&, Arguments args) {
  return args[0].is_null() ? Value() : convert(args[0]).value_or(Value());
}

template <Converter convert>
Value each(QueryContext& context, Arguments args) {
  if (args[0].is_null()) return Value();
  List out;
  for (const Value& v : list_argument(args[0])) {
    context.tick();
    out.push_back(v.is_null() ? Value() : convert(v).value_or(Value()));
  }
  return Value::list(std::move(out));
}

}  // namespace

void add_conversion_functions(FunctionTable& t) {
  t.scalar("toInteger(input :: BOOLEAN | FLOAT | INTEGER | STRING) :: INTEGER", "Scalar", strict<convert_integer>, "A number, boolean or text as an integer.");
  t.scalar("toFloat(input :: FLOAT | INTEGER | STRING) :: FLOAT", "Scalar", strict<convert_float>, "A number or text as a float.");
  t.scalar("toBoolean(input :: BOOLEAN | INTEGER | STRING) :: BOOLEAN", "Scalar", strict<convert_boolean>, "Text or an integer as a boolean.");
  t.scalar("toString(input :: BOOLEAN | FLOAT | INTEGER | STRING | POINT | DURATION | TEMPORAL) :: STRING", "String", strict<convert_string>, "A value as text.");
  t.scalar("toIntegerOrNull(input :: ANY) :: INTEGER", "Scalar", or_null<convert_integer>, "As toInteger(), null where that is an error.");
  t.scalar("toFloatOrNull(input :: ANY) :: FLOAT", "Scalar", or_null<convert_float>, "As toFloat(), null where that is an error.");
  t.scalar("toBooleanOrNull(input :: ANY) :: BOOLEAN", "Scalar", or_null<convert_boolean>, "As toBoolean(), null where that is an error.");
  t.scalar("toStringOrNull(input :: ANY) :: STRING", "String", or_null<convert_string>, "As toString(), null where that is an error.");
  t.scalar("toIntegerList(input :: LIST<ANY>) :: LIST<INTEGER>", "List", each<convert_integer>, "toIntegerOrNull() of each element.");
  t.scalar("toFloatList(input :: LIST<ANY>) :: LIST<FLOAT>", "List", each<convert_float>, "toFloatOrNull() of each element.");
  t.scalar("toBooleanList(input :: LIST<ANY>) :: LIST<BOOLEAN>", "List", each<convert_boolean>, "toBooleanOrNull() of each element.");
  t.scalar("toStringList(input :: LIST<ANY>) :: LIST<STRING>", "List", each<convert_string>, "toStringOrNull() of each element.");
}

}  // namespace graft::cypher
