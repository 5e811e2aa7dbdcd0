// Numeric, logarithmic and trigonometric functions.
#include <cmath>
#include <limits>
#include <numbers>

#include "cypher/functions/decimal.h"
#include "cypher/functions/function_helpers.h"
#include "cypher/functions/unicode.h"

namespace graft::cypher {
namespace {

using graph::Value;
using graph::ValueType;

// A function of one float.
template <double (*f)(double)>
Value real(QueryContext&, Arguments args) {
  return args[0].is_null() ? Value() : Value::floating(f(number_argument(args[0])));
}

double cotangent(double x) { return 1 / std::tan(x); }
double hyperbolic_cotangent(double x) { return x == 0 ? std::numeric_limits<double>::quiet_NaN() : 1 / std::tanh(x); }
double to_degrees(double x) { return x * 180 / std::numbers::pi; }
double to_radians(double x) { return x / 180 * std::numbers::pi; }
double haversine(double x) { return (1 - std::cos(x)) / 2; }

Value absolute(QueryContext&, Arguments args) {
  if (args[0].is_null()) return Value();
  if (args[0].type() != ValueType::kInteger) return Value::floating(std::fabs(number_argument(args[0])));
  int64_t n = args[0].as_integer();
  if (n == std::numeric_limits<int64_t>::min()) throw_error(ErrorCode::kArithmetic, "abs() of the smallest integer does not fit into 64 bits");
  return Value::integer(n < 0 ? -n : n);
}

Value sign(QueryContext&, Arguments args) {
  if (args[0].is_null()) return Value();
  double x = number_argument(args[0]);
  return Value::integer(x > 0 ? 1 : x < 0 ? -1 : 0);
}

Value is_nan(QueryContext&, Arguments args) { return args[0].is_null() ? Value() : Value::boolean(std::isnan(number_argument(args[0]))); }

Rounding rounding_mode(std::string_view text) {
  constexpr std::pair<std::string_view, Rounding> kModes[] = {
      {"UP", Rounding::kUp}, {"DOWN", Rounding::kDown}, {"CEILING", Rounding::kCeiling}, {"FLOOR", Rounding::kFloor},
      {"HALF_UP", Rounding::kHalfUp}, {"HALF_DOWN", Rounding::kHalfDown}, {"HALF_EVEN", Rounding::kHalfEven}};
  for (auto [name, mode] : kModes) {
    if (name == text) return mode;
  }
  throw_error(ErrorCode::kArgument, "Unknown rounding mode '" + std::string(text) + "': use UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN or HALF_EVEN");
}

Value round(QueryContext&, Arguments args) {
  if (any_null(args)) return Value();
  double x = number_argument(args[0]);
  int64_t places = args.size() > 1 ? integer_argument(args[1]) : 0;
  if (places < 0) throw_error(ErrorCode::kArgument, "The precision of round() must not be negative, but was " + std::to_string(places));
  if (args.size() > 2) return Value::floating(round_decimal(x, static_cast<int>(std::min<int64_t>(places, 400)), rounding_mode(string_argument(args[2]))));
  if (places == 0) return Value::floating(std::floor(x) + (x - std::floor(x) >= 0.5 ? 1.0 : 0.0));  // halves upward
  return Value::floating(round_decimal(x, static_cast<int>(std::min<int64_t>(places, 400)), Rounding::kHalfUp));
}

Value arc_tangent2(QueryContext&, Arguments args) {
  return any_null(args) ? Value() : Value::floating(std::atan2(number_argument(args[0]), number_argument(args[1])));
}

Value pi(QueryContext&, Arguments) { return Value::floating(std::numbers::pi); }
Value e(QueryContext&, Arguments) { return Value::floating(std::numbers::e); }
Value random(QueryContext& context, Arguments) { return Value::floating(static_cast<double>(context.random() >> 11) * 0x1.0p-53); }

}  // namespace

void add_numeric_functions(FunctionTable& t) {
  t.scalar("abs(input :: NUMBER) :: NUMBER", "Numeric", absolute, "The absolute value.");
  t.scalar("ceil(input :: NUMBER) :: FLOAT", "Numeric", real<std::ceil>, "The smallest whole number not below the input.");
  t.scalar("floor(input :: NUMBER) :: FLOAT", "Numeric", real<std::floor>, "The largest whole number not above the input.");
  t.scalar("round(value :: NUMBER, precision = 0 :: INTEGER, mode = HALF_UP :: STRING) :: FLOAT", "Numeric", round, "The input rounded to so many decimal places.");
  t.scalar("sign(input :: NUMBER) :: INTEGER", "Numeric", sign, "-1, 0 or 1.");
  t.scalar("isNaN(input :: NUMBER) :: BOOLEAN", "Numeric", is_nan, "True for NaN.");
  t.scalar("rand() :: FLOAT", "Numeric", random, "A random number, 0 <= x < 1.", Stability::kNever);
  t.scalar("e() :: FLOAT", "Logarithmic", e, "The base of natural logarithms.");
  t.scalar("exp(input :: NUMBER) :: FLOAT", "Logarithmic", real<std::exp>, "e to the power of the input.");
  t.scalar("log(input :: NUMBER) :: FLOAT", "Logarithmic", real<std::log>, "The natural logarithm.");
  t.scalar("log10(input :: NUMBER) :: FLOAT", "Logarithmic", real<std::log10>, "The logarithm to base 10.");
  t.scalar("sqrt(input :: NUMBER) :: FLOAT", "Logarithmic", real<std::sqrt>, "The square root.");
  t.scalar("acos(input :: NUMBER) :: FLOAT", "Trigonometric", real<std::acos>, "The arc cosine, in radians.");
  t.scalar("asin(input :: NUMBER) :: FLOAT", "Trigonometric", real<std::asin>, "The arc sine, in radians.");
  t.scalar("atan(input :: NUMBER) :: FLOAT", "Trigonometric", real<std::atan>, "The arc tangent, in radians.");
  t.scalar("atan2(y :: NUMBER, x :: NUMBER) :: FLOAT", "Trigonometric", arc_tangent2, "The angle of the point (x, y), in radians.");
  t.scalar("cos(input :: NUMBER) :: FLOAT", "Trigonometric", real<std::cos>, "The cosine.");
  t.scalar("cosh(input :: NUMBER) :: FLOAT", "Trigonometric", real<std::cosh>, "The hyperbolic cosine.");
  t.scalar("cot(input :: NUMBER) :: FLOAT", "Trigonometric", real<cotangent>, "The cotangent.");
  t.scalar("coth(input :: NUMBER) :: FLOAT", "Trigonometric", real<hyperbolic_cotangent>, "The hyperbolic cotangent.");
  t.scalar("degrees(input :: NUMBER) :: FLOAT", "Trigonometric", real<to_degrees>, "Radians to degrees.");
  t.scalar("haversin(input :: NUMBER) :: FLOAT", "Trigonometric", real<haversine>, "Half the versine.");
  t.scalar("pi() :: FLOAT", "Trigonometric", pi, "The number pi.");
  t.scalar("radians(input :: NUMBER) :: FLOAT", "Trigonometric", real<to_radians>, "Degrees to radians.");
  t.scalar("sin(input :: NUMBER) :: FLOAT", "Trigonometric", real<std::sin>, "The sine.");
  t.scalar("sinh(input :: NUMBER) :: FLOAT", "Trigonometric", real<std::sinh>, "The hyperbolic sine.");
  t.scalar("tan(input :: NUMBER) :: FLOAT", "Trigonometric", real<std::tan>, "The tangent.");
  t.scalar("tanh(input :: NUMBER) :: FLOAT", "Trigonometric", real<std::tanh>, "The hyperbolic tangent.");
}

}  // namespace graft::cypher
