// text =~ pattern, by RE2: linear time whatever the pattern. The whole text has to match.

#include <re2/re2.h>

#include "cypher/executor/evaluators.h"

namespace graft::cypher {

using graph::Value;
using graph::ValueType;

namespace {

// (?iu) as Java has it: RE2 folds Unicode's letters anyway and knows no flag u.
std::string without_unicode_flag(std::string pattern) {
  if (!pattern.starts_with("(?")) return pattern;
  const size_t end = pattern.find_first_not_of("imsuU", 2);
  const size_t flag = pattern.find('u');
  if (end == std::string::npos || flag >= end || (pattern[end] != ')' && pattern[end] != ':')) return pattern;
  return end == 3 && pattern[end] == ')' ? pattern.substr(4) : pattern.erase(flag, 1);
}

class Regex final : public Evaluator {
 public:
  Regex(EvaluatorPtr text, EvaluatorPtr pattern) : text_(std::move(text)), pattern_(std::move(pattern)) {}

  Value eval(const Frame& frame) override {
    Value text = text_->eval(frame), pattern = pattern_->eval(frame);
    if (text.is_null() || pattern.is_null()) return {};
    if (text.type() != ValueType::kString) return {};
    if (pattern.type() != ValueType::kString) throw_type("String", pattern);
    prepare(pattern.as_string());
    std::string_view s = text.as_string();
    return Value::boolean(re2::RE2::FullMatch(re2::StringPiece(s.data(), s.size()), *compiled_));
  }

 private:
  void prepare(std::string_view pattern) {
    if (compiled_ != nullptr && source_ == pattern) return;
    source_ = std::string(pattern);
    re2::RE2::Options options;
    options.set_log_errors(false);
    auto compiled = std::make_unique<re2::RE2>(without_unicode_flag(source_), options);
    if (!compiled->ok()) throw_error(ErrorCode::kSemantic, "Invalid Regex: " + compiled->error() + ": '" + source_ + "'");
    compiled_ = std::move(compiled);
  }

  EvaluatorPtr text_, pattern_;
  std::string source_;
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace

EvaluatorPtr make_regex(Compiler& compiler, const Expr& e) {
  return std::make_unique<Regex>(compiler.compile(*e.children[0]), compiler.compile(*e.children[1]));
}

}  // namespace graft::cypher
