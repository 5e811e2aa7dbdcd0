#include "cypher/search/text_query.h"

#include <cmath>
#include <cstdlib>
#include <optional>

#include "cypher/functions/query_context.h"

namespace graft::cypher {

namespace {

using Kind = TextQuery::Kind;
using Occur = TextQuery::Occur;
using QueryPtr = std::unique_ptr<TextQuery>;

constexpr int kMaxNesting = 200;
constexpr size_t kMaxClauses = 1024;  // as Lucene

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool ends_word(char c) { return is_space(c) || std::string_view("!():^[]\"{}~/").find(c) != std::string_view::npos; }

class QueryParser {
 public:
  QueryParser(std::string_view text, bool join_words) : text_(text), join_words_(join_words) {}

  QueryPtr parse() {
    QueryPtr query = clauses("", 0);
    skip_spaces();
    if (!at_end()) fail("unexpected '" + std::string(1, peek()) + "'");
    return query;
  }

 private:
  enum class Conjunction : uint8_t { kNone, kAnd, kOr };

  [[noreturn]] void fail(const std::string& what) const {
    throw_error(ErrorCode::kProcedureCallFailed, "Cannot parse the full text query '" + std::string(text_) + "': " + what +
                                                     (at_end() ? " at its end" : " at character " + std::to_string(at_ + 1)));
  }
  bool at_end() const { return at_ >= text_.size(); }
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void skip_spaces() { while (!at_end() && is_space(peek())) ++at_; }
  bool take(char c) {
    if (at_end() || peek() != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  // An operator that is a word of its own.
  bool take_operator(std::string_view word) {
    size_t behind = at_ + word.size();
    if (!text_.substr(at_).starts_with(word) || (behind < text_.size() && !ends_word(text_[behind]))) return false;
    at_ = behind;
    return true;
  }

  Conjunction conjunction() {
    skip_spaces();
    if (take_operator("AND") || take("&&")) return Conjunction::kAnd;
    if (take_operator("OR") || take("||")) return Conjunction::kOr;
    return Conjunction::kNone;
  }

  bool is_before_conjunction() {
    size_t start = at_;
    bool found = conjunction() != Conjunction::kNone;
    at_ = start;
    return found;
  }

  Occur modifier() {
    skip_spaces();
    if (take('+')) return Occur::kMust;
    if (take('-') || take('!') || take_operator("NOT")) return Occur::kMustNot;
    return Occur::kShould;
  }

  QueryPtr clauses(const std::string& field, int depth) {
    if (depth > kMaxNesting) fail("it is nested too deeply");
    auto query = std::make_unique<TextQuery>();
    query->kind = Kind::kBoolean;
    for (bool first = true;; first = false) {
      skip_spaces();
      if (!first && (at_end() || peek() == ')')) break;
      Conjunction joined = first ? Conjunction::kNone : conjunction();
      Occur occur = modifier();
      skip_spaces();
      if (at_end()) fail("a term is missing");
      QueryPtr next = clause(field, depth);
      bool bare = occur == Occur::kShould && next->kind == Kind::kWords && next->field == field && next->boost == 1 &&
                  joined == Conjunction::kNone && !is_before_conjunction();
      if (join_words_ && bare && !first && query->clauses.back().bare) {
        query->clauses.back().query->text += " " + next->text;
        continue;
      }
      query->clauses.push_back({occur, joined == Conjunction::kAnd, bare, std::move(next)});
      if (query->clauses.size() > kMaxClauses) fail("it has more than " + std::to_string(kMaxClauses) + " terms");
    }
    if (query->clauses.size() == 1 && query->clauses[0].occur != Occur::kMustNot) return std::move(query->clauses[0].query);
    return query;
  }

  QueryPtr clause(const std::string& outer, int depth) {
    std::string field = outer;
    if (text_.substr(at_).starts_with("*:*")) {
      at_ += 3;
      auto all = std::make_unique<TextQuery>();
      all->kind = Kind::kAll;
      return boosted(std::move(all));
    }
    if (auto name = field_name()) field = *name;
    skip_spaces();
    if (take('(')) {
      QueryPtr group = clauses(field, depth + 1);
      skip_spaces();
      if (!take(')')) fail("')' is missing");
      return boosted(std::move(group));
    }
    QueryPtr query = term(field);
    return boosted(std::move(query));
  }

  // "name:", if it stands here.
  std::optional<std::string> field_name() {
    size_t start = at_;
    std::string name;
    while (!at_end() && !ends_word(peek()) && peek() != '*' && peek() != '?') {
      if (peek() == '\\') ++at_;
      if (at_end()) break;
      name.push_back(text_[at_++]);
    }
    if (!name.empty() && take(':')) {
      if (name == "*") name.clear();
      return name;
    }
    at_ = start;
    return std::nullopt;
  }

  QueryPtr boosted(QueryPtr query) {
    if (!take('^')) return query;
    query->boost *= number("a boost, such as ^2, is missing");
    return query;
  }

  float number(const char* missing) {
    size_t start = at_;
    while (!at_end() && ((peek() >= '0' && peek() <= '9') || peek() == '.')) ++at_;
    if (start == at_) fail(missing);
    return std::strtof(std::string(text_.substr(start, at_ - start)).c_str(), nullptr);
  }

  QueryPtr term(const std::string& field) {
    auto query = std::make_unique<TextQuery>();
    query->field = field;
    if (take('"')) phrase(query.get());
    else if (peek() == '[' || peek() == '{') range(query.get());
    else if (take('/')) regex(query.get());
    else word(query.get());
    return query;
  }

  std::string quoted_rest() {
    std::string out;
    while (!at_end() && peek() != '"') {
      if (peek() == '\\') ++at_;
      if (at_end()) break;
      out.push_back(text_[at_++]);
    }
    if (!take('"')) fail("the closing '\"' is missing");
    return out;
  }

  void phrase(TextQuery* query) {
    query->kind = Kind::kPhrase;
    query->text = quoted_rest();
    if (!take('~')) return;
    bool digits = peek() >= '0' && peek() <= '9';
    query->slop = digits ? static_cast<int>(std::min(number(""), 1e6f)) : 0;
  }

  void regex(TextQuery* query) {
    query->kind = Kind::kRegex;
    while (!at_end() && peek() != '/') {
      if (peek() == '\\' && peek(1) == '/') ++at_;
      query->text.push_back(text_[at_++]);
    }
    if (!take('/')) fail("the closing '/' is missing");
  }

  std::string range_end() {
    skip_spaces();
    if (take('"')) return quoted_rest();
    std::string out;
    bool escaped = false;
    while (!at_end() && !is_space(peek()) && peek() != ']' && peek() != '}') {
      if (peek() == '\\') {
        ++at_;
        escaped = true;
      }
      if (!at_end()) out.push_back(text_[at_++]);
    }
    if (out.empty()) fail("an end of the range is missing");
    return out == "*" && !escaped ? std::string() : out;
  }

  void range(TextQuery* query) {
    query->kind = Kind::kRange;
    query->low_inclusive = text_[at_++] == '[';
    query->low = range_end();
    skip_spaces();
    if (!take_operator("TO")) fail("TO is missing in the range");
    query->high = range_end();
    skip_spaces();
    if (at_end() || (peek() != ']' && peek() != '}')) fail("']' or '}' is missing");
    query->high_inclusive = text_[at_++] == ']';
  }

  void word(TextQuery* query) {
    size_t start = at_, wild = 0;
    std::string plain, pattern;
    bool only_last = true;  // the one wildcard is a * at the end
    while (!at_end() && !ends_word(peek())) {
      char c = text_[at_++];
      if (c == '\\') {
        if (at_end()) fail("a character is missing behind '\\'");
        c = text_[at_++];
      } else if (c == '*' || c == '?') {
        ++wild;
        only_last = c == '*' && wild == 1;
        pattern.push_back(c);
        continue;
      }
      if (wild != 0) only_last = false;
      plain.push_back(c);
      pattern += {'\\', c};
    }
    if (start == at_) fail("unexpected '" + std::string(1, peek()) + "'");
    if (is_operator(text_.substr(start, at_ - start))) {
      at_ = start;
      fail("an operator stands where a term is expected");
    }
    query->text = wild != 0 && !only_last ? pattern : plain;
    query->kind = wild == 0 ? Kind::kWords : only_last ? Kind::kPrefix : Kind::kWildcard;
    if (peek() == '~' && !at_end()) fuzzy(query);
  }

  static bool is_operator(std::string_view word) { return word == "AND" || word == "OR" || word == "&&" || word == "||"; }

  void fuzzy(TextQuery* query) {
    ++at_;
    if (query->kind != Kind::kWords) fail("a word with * or ? cannot be fuzzy");
    query->kind = Kind::kFuzzy;
    if ((peek() < '0' || peek() > '9') && peek() != '.') return;
    query->edits = number("");
    if (query->edits >= 1 && query->edits != std::floor(query->edits)) fail("the distance of a fuzzy term must be 0, 1 or 2, or a similarity below 1");
  }

  std::string_view text_;
  bool join_words_;
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<TextQuery> parse_text_query(std::string_view text, bool join_words) { return QueryParser(text, join_words).parse(); }

}  // namespace graft::cypher
