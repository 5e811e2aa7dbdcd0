#include "graph/schema_check.h"

#include <cctype>
#include <cmath>
#include <limits>

namespace graft::graph {

namespace {

struct IntegerType { std::string_view name; int64_t minimum, maximum; };
constexpr IntegerType kIntegerTypes[] = {
    {"INT8", INT8_MIN, INT8_MAX},
    {"INT16", INT16_MIN, INT16_MAX},
    {"INT32", INT32_MIN, INT32_MAX},
    {"INT64", INT64_MIN, INT64_MAX},
};
struct PlainType { std::string_view name; ValueType type; };
constexpr PlainType kPlainTypes[] = {
    {"BOOL", ValueType::kBoolean}, {"STRING", ValueType::kString}, {"DATE", ValueType::kDate},
    {"BLOB", ValueType::kBytes},   {"POINT", ValueType::kPoint},
};

const IntegerType* integer_type(std::string_view name) {
  for (const IntegerType& t : kIntegerTypes)
    if (t.name == name) return &t;
  return nullptr;
}

Error mismatch(const SchemaField& field, const Value& value) {
  return {ErrorCode::kConstraintViolation, "Field `" + field.name + "` is " + field.type + ": " + to_text(value) + " (" +
                                               std::string(type_name(value.type())) + ") does not fit"};
}

Status fit_float(const SchemaField& field, Value* value) {
  if (value->type() == ValueType::kInteger) *value = Value::floating(static_cast<double>(value->as_integer()));
  if (value->type() != ValueType::kFloat) return mismatch(field, *value);
  double d = value->as_float();
  if (field.type == "FLOAT") {
    if (std::isfinite(d) && std::fabs(d) > static_cast<double>(std::numeric_limits<float>::max())) return mismatch(field, *value);
    *value = Value::floating(static_cast<double>(static_cast<float>(d)));
  }
  return {};
}

Status fit_float_vector(const SchemaField& field, Value* value) {
  if (value->type() != ValueType::kList) return mismatch(field, *value);
  List floats;
  for (const Value& v : value->as_list()) {
    if (!v.is_number()) return mismatch(field, *value);
    floats.push_back(Value::floating(v.as_number()));
  }
  *value = Value::list(std::move(floats));
  return {};
}

}  // namespace

bool is_field_type(std::string_view type) {
  for (const PlainType& t : kPlainTypes)
    if (t.name == type) return true;
  return integer_type(type) != nullptr || type == "FLOAT" || type == "DOUBLE" || type == "DATETIME" || type == "FLOAT_VECTOR";
}

Status fit_field(const SchemaField& field, Value* value) {
  if (value->is_null()) return {};
  if (const IntegerType* t = integer_type(field.type)) {
    if (value->type() != ValueType::kInteger) return mismatch(field, *value);
    if (value->as_integer() < t->minimum || value->as_integer() > t->maximum) return mismatch(field, *value);
    return {};
  }
  if (field.type == "FLOAT" || field.type == "DOUBLE") return fit_float(field, value);
  if (field.type == "FLOAT_VECTOR") return fit_float_vector(field, value);
  if (field.type == "DATETIME") {
    bool fits = value->type() == ValueType::kLocalDateTime || value->type() == ValueType::kDateTime;
    return fits ? Status() : Status(mismatch(field, *value));
  }
  for (const PlainType& t : kPlainTypes)
    if (t.name == field.type && value->type() != t.type) return mismatch(field, *value);
  return {};
}

namespace {

// Reads "TYPE", "TYPE NOT NULL", "LIST<...>" separated by '|'.
class TypeText {
 public:
  explicit TypeText(std::string_view text) : text_(text) {}

  bool matches_any(const Value& v) {
    bool matched = matches_one(v);
    for (skip(); accept('|'); skip()) matched = matches_one(v) || matched;
    return matched;
  }

 private:
  bool matches_one(const Value& v) {
    std::string name = words();
    bool list = accept('<');
    if (!list) return is_type(name, v);
    bool all = v.type() == ValueType::kList;
    size_t inner = at_, after = inner;
    auto element = [&](const Value& item) {
      at_ = inner;
      bool fits = matches_any(item);
      after = at_;
      return fits;
    };
    bool ignored = element(Value());  // finds the end of the inner type, also for an empty list
    (void)ignored;
    if (all)
      for (const Value& item : v.as_list()) all = element(item) && all;
    at_ = after;
    skip();
    accept('>');
    words();  // NOT NULL
    return all;
  }
  std::string words() {
    std::string out;
    for (skip(); at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '|' || c == '<' || c == '>') break;
      out.push_back(static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    if (out.ends_with(" NOT NULL")) out.resize(out.size() - 9);
    return out;
  }
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool accept(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  static bool is_type(std::string_view name, const Value& v) {
    switch (v.type()) {
      case ValueType::kBoolean: return name == "BOOLEAN" || name == "BOOL";
      case ValueType::kInteger: return name == "INTEGER" || name == "INT" || name == "SIGNED INTEGER";
      case ValueType::kFloat: return name == "FLOAT";
      case ValueType::kString: return name == "STRING" || name == "VARCHAR";
      case ValueType::kBytes: return name == "BYTES";
      case ValueType::kDate: return name == "DATE";
      case ValueType::kLocalTime: return name == "LOCAL TIME" || name == "TIME WITHOUT TIMEZONE" || name == "TIME WITHOUT TIME ZONE";
      case ValueType::kTime: return name == "ZONED TIME" || name == "TIME WITH TIMEZONE" || name == "TIME WITH TIME ZONE";
      case ValueType::kLocalDateTime: return name == "LOCAL DATETIME" || name == "TIMESTAMP WITHOUT TIMEZONE" || name == "TIMESTAMP WITHOUT TIME ZONE";
      case ValueType::kDateTime: return name == "ZONED DATETIME" || name == "TIMESTAMP WITH TIMEZONE" || name == "TIMESTAMP WITH TIME ZONE";
      case ValueType::kDuration: return name == "DURATION";
      case ValueType::kPoint: return name == "POINT";
      default: return false;
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

bool conforms(std::string_view property_type, const Value& value) {
  return value.is_null() || TypeText(property_type).matches_any(value);
}

}  // namespace graft::graph
