#pragma once

// Changes query texts along their joints, for fuzz tests: clauses, bracketed parts, items of lists, names, literals,
// parameters, function calls, whole queries inside others. Most of what comes out is still a query, so that it reaches
// the planner and the executor; some bytes are changed as well, for the parser. Input n is a function of n and the corpus.

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/test_fuzz.h"

namespace graft::cypher {

class QueryMutator {
 public:
  static constexpr int kParameters = 20;  // $p0 to $p19, beside $p

  explicit QueryMutator(std::vector<std::string> corpus) : corpus_(std::move(corpus)) {
    for (const std::string& text : corpus_) add_names(tokens_of(text));
    std::sort(functions_.begin(), functions_.end());
    functions_.erase(std::unique(functions_.begin(), functions_.end()), functions_.end());
  }

  std::string make(uint64_t seed) const {
    Mutator random(seed);
    random.next(2);
    Tokens query = tokens_of(random.one_of(std::span<const std::string>(corpus_)));
    for (uint64_t rounds = 1 + random.next(4); rounds > 0; --rounds) change(random, &query);
    std::string text = text_of(query);
    if (random.next(4) == 0) text = wrapped(random, std::move(text));
    if (random.next(8) == 0) random.mutate(&text, corpus_, kPieces);
    return text;
  }

 private:
  enum class Kind { kWord, kNumber, kString, kParameter, kMark };
  struct Token {
    Kind kind;
    std::string text;
    bool spaced;  // something blank before it
  };
  using Tokens = std::vector<Token>;
  using Range = std::pair<size_t, size_t>;

  static inline const std::vector<std::string> kPieces = {
      "(", ")", "[", "]", "{", "}", "|", "&", "!", ":", "::", "-", "->", "<-", "..", "*", "+", "$p", "'", "\"", "`", "\\", "0x", "1e", "9223372036854775808",
      "MATCH ", "WHERE ", "RETURN ", "WITH ", "UNION ", "CALL ", "EXISTS {", "COUNT {", "AS x", "IN ", "NOT ", "null", "count(*)", "collect(", "\xC3\xA9", "\xFF", "\n", ",", ";", "=", "%"};
  static inline const std::vector<std::string> kLiterals = {
      "0", "1", "-1", "2", "3.5", "-0.0", "1e308", "0.1", "9223372036854775807", "(-9223372036854775807 - 1)", "2147483648", "null", "true", "false", "''", "'a'", "'1'", "'2020-02-30'",
      "[]", "[null]", "[1, 'a', null]", "[[1], [2]]", "{}", "{a: 1}", "{a: null, b: [1]}", "(0.0 / 0.0)", "(1.0 / 0.0)", "date()", "date('2020-01-31')", "datetime('2020-03-29T01:30:00[Europe/Berlin]')",
      "duration('P1M1DT1S')", "duration({years: 999999999})", "localtime('23:59:59.999999999')", "point({x: 1, y: 2})", "point({longitude: 180, latitude: -90})", "range(1, 3)", "range(3, 1, -1)"};
  static inline const std::vector<std::string> kOperators = {"+", "-", "*", "/", "%", "^", "=", "<>", "<", "<=", ">", ">=", "=~", "||", "AND", "OR", "XOR", "IN", "STARTS WITH", "ENDS WITH", "CONTAINS"};
  static inline const std::vector<std::string> kClauses = {"MATCH", "OPTIONAL", "WHERE", "RETURN", "WITH", "UNWIND", "CREATE", "MERGE", "SET", "REMOVE", "DELETE", "DETACH", "FOREACH", "CALL", "UNION", "ORDER", "SKIP", "LIMIT", "LOAD", "SHOW", "YIELD", "FINISH"};
  static inline const std::vector<std::string> kWords = {"AS", "ON", "BY", "DISTINCT", "NOT", "NULL", "TRUE", "FALSE", "IS", "CASE", "WHEN", "THEN", "ELSE", "END", "IF", "EXISTS", "FOR", "REQUIRE", "ASC", "DESC", "ALL", "ANY", "NONE", "SINGLE", "SHORTEST", "USING", "INDEX", "TRANSACTIONS", "ROWS", "OF", "HEADERS", "FROM", "CSV", "NODE", "PATH", "COUNT", "COLLECT"};

  static std::string upper(std::string s) {
    for (char& c : s) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return s;
  }
  static bool among(const std::vector<std::string>& list, const Token& token) {
    return token.kind == Kind::kWord && std::find(list.begin(), list.end(), upper(token.text)) != list.end();
  }
  static bool letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0; }

  static Tokens tokens_of(std::string_view s) {
    Tokens out;
    bool spaced = false;
    for (size_t at = 0; at < s.size();) {
      if (std::isspace(static_cast<unsigned char>(s[at]))) {
        spaced = true, ++at;
        continue;
      }
      size_t end = at;
      Kind kind = Kind::kMark;
      if (s[at] == '\'' || s[at] == '"' || s[at] == '`') {
        kind = s[at] == '`' ? Kind::kWord : Kind::kString;
        for (++end; end < s.size() && s[end] != s[at]; ++end) end += s[end] == '\\' && s[at] != '`';
        end = std::min(end + 1, s.size());
      } else if (std::isdigit(static_cast<unsigned char>(s[at]))) {
        kind = Kind::kNumber;
        while (end < s.size() && (letter(s[end]) || (s[end] == '.' && end + 1 < s.size() && std::isdigit(static_cast<unsigned char>(s[end + 1]))))) ++end;
      } else if (letter(s[at]) || (s[at] == '$' && at + 1 < s.size() && letter(s[at + 1]))) {
        kind = s[at] == '$' ? Kind::kParameter : Kind::kWord;
        for (++end; end < s.size() && letter(s[end]);) ++end;
      } else {
        static constexpr std::array<std::string_view, 12> kLong = {"->", "<-", "..", "::", "<=", ">=", "<>", "=~", "+=", "||", "//", "/*"};
        end += std::find(kLong.begin(), kLong.end(), s.substr(at, 2)) != kLong.end() ? 2 : 1;
      }
      out.push_back({kind, std::string(s.substr(at, end - at)), spaced});
      spaced = false;
      at = end;
    }
    return out;
  }

  static std::string text_of(const Tokens& query) {
    std::string s;
    for (const Token& token : query) {
      if (!s.empty() && (token.spaced || (letter(s.back()) && letter(token.text.front())))) s += ' ';
      s += token.text;
    }
    return s;
  }

  void add_names(const Tokens& query) {
    for (size_t i = 0; i + 1 < query.size(); ++i) {
      if (query[i].kind == Kind::kWord && query[i + 1].text == "(" && !query[i + 1].spaced && !among(kClauses, query[i]) && !among(kWords, query[i])) functions_.push_back(query[i].text);
    }
  }

  static int step(const Token& token) {
    if (token.kind != Kind::kMark) return 0;
    const char c = token.text[0];
    return c == '(' || c == '[' || c == '{' ? 1 : c == ')' || c == ']' || c == '}' ? -1 : 0;
  }
  // From the bracket at begin to the one that closes it.
  static Range group_at(const Tokens& query, size_t begin) {
    int depth = 0;
    for (size_t i = begin; i < query.size(); ++i) {
      depth += step(query[i]);
      if (depth == 0) return {begin, i + 1};
    }
    return {begin, query.size()};
  }
  static std::vector<Range> groups_of(const Tokens& query, std::string_view opening = {}) {
    std::vector<Range> out;
    for (size_t i = 0; i < query.size(); ++i) {
      if (step(query[i]) > 0 && (opening.empty() || query[i].text == opening)) out.push_back(group_at(query, i));
    }
    return out;
  }
  // Clauses of any depth: each to the next clause, or to the end of the brackets that it stands in.
  static std::vector<Range> clauses_of(const Tokens& query) {
    std::vector<Range> out;
    for (size_t i = 0; i < query.size(); ++i) {
      if (!among(kClauses, query[i]) || (i > 0 && query[i - 1].text == ".")) continue;
      size_t end = i + 1;
      for (int depth = 0; end < query.size() && (depth > 0 || !among(kClauses, query[end])); ++end) {
        depth += step(query[end]);
        if (depth < 0) break;
      }
      out.emplace_back(i, end);
    }
    return out;
  }
  // What stands between commas, or after a word that begins a list of expressions.
  static std::vector<Range> items_of(const Tokens& query) {
    std::vector<Range> out;
    for (size_t i = 0; i < query.size(); ++i) {
      const std::string word = upper(query[i].text);
      const bool begins = word == "," || word == "RETURN" || word == "WITH" || word == "WHERE" || word == "AND" || word == "OR" || word == "=" || word == "(" || word == "[" || word == "BY" || word == "UNWIND" || word == "IN" || word == "THEN" || word == "ELSE" || word == "WHEN";
      if (!begins) continue;
      size_t end = i + 1;
      for (int depth = 0; end < query.size(); ++end) {
        const std::string next = upper(query[end].text);
        if (depth == 0 && (next == "," || next == "AS" || next == "AND" || next == "OR" || next == "=" || next == "|" || next == "THEN" || next == "ELSE" || next == "END" || among(kClauses, query[end]))) break;
        depth += step(query[end]);
        if (depth < 0) break;
      }
      if (end > i + 1) out.emplace_back(i + 1, end);
    }
    return out;
  }
  // Words that name a variable: not a keyword, a function, a label, a type or a property.
  static std::vector<size_t> variables_of(const Tokens& query) {
    std::vector<size_t> out;
    for (size_t i = 0; i < query.size(); ++i) {
      if (query[i].kind != Kind::kWord || among(kClauses, query[i]) || among(kWords, query[i])) continue;
      if (i > 0 && (query[i - 1].text == "." || query[i - 1].text == ":" || query[i - 1].text == "|" || query[i - 1].text == "::")) continue;
      if (i + 1 < query.size() && (query[i + 1].text == "(" || (query[i + 1].text == ":" && i > 0 && (query[i - 1].text == "{" || query[i - 1].text == ",")))) continue;
      if (upper(query[i].text) == query[i].text && query[i].text.size() > 2) continue;  // a keyword, by its looks
      out.push_back(i);
    }
    return out;
  }

  template <class T>
  static const T* pick(Mutator& random, const std::vector<T>& list) {
    return list.empty() ? nullptr : &list[random.next(list.size())];
  }
  static Tokens cut(const Tokens& query, Range range) {
    Tokens out(query.begin() + static_cast<ptrdiff_t>(range.first), query.begin() + static_cast<ptrdiff_t>(range.second));
    if (!out.empty()) out[0].spaced = true;
    return out;
  }
  static void replace(Tokens* query, Range range, const Tokens& by) {
    if (query->size() + by.size() > kMostTokens) return;
    query->erase(query->begin() + static_cast<ptrdiff_t>(range.first), query->begin() + static_cast<ptrdiff_t>(range.second));
    query->insert(query->begin() + static_cast<ptrdiff_t>(range.first), by.begin(), by.end());
    if (range.first + by.size() < query->size()) (*query)[range.first + by.size()].spaced |= !by.empty();
  }
  static void replace(Tokens* query, Range range, std::string_view by) { replace(query, range, tokens_of(by)); }

  Tokens other(Mutator& random) const { return tokens_of(random.one_of(std::span<const std::string>(corpus_))); }
  // A part of another query, its variables named as variables of this one.
  static Tokens at_home(Mutator& random, Tokens part, const Tokens& query) {
    const std::vector<size_t> known = variables_of(query);
    if (known.empty() || random.next(4) == 0) return part;
    const uint64_t shift = random.next(known.size());
    std::vector<std::string> seen;
    for (size_t i : variables_of(part)) {
      size_t n = static_cast<size_t>(std::find(seen.begin(), seen.end(), part[i].text) - seen.begin());
      if (n == seen.size()) seen.push_back(part[i].text);
      if (i > 0 && upper(part[i - 1].text) == "AS") continue;
      part[i].text = query[known[(n + shift) % known.size()]].text;
    }
    return part;
  }

  void change(Mutator& random, Tokens* query) const {
    switch (random.next(10)) {
      case 0:
      case 1: return change_clauses(random, query);
      case 2:
      case 3: return exchange(random, query, [](const Tokens& q) { return items_of(q); });
      case 4: {
        if (const auto groups = groups_of(*query); const Range* at = pick(random, groups)) {
          const std::string opening = (*query)[at->first].text;
          const Tokens from = other(random);
          const auto choices = groups_of(from, opening);
          if (const Range* part = pick(random, choices)) replace(query, *at, at_home(random, cut(from, *part), *query));
        }
        return;
      }
      case 5: return change_name(random, query);
      case 6: return change_operator(random, query);
      default: return change_literal(random, query);
    }
  }

  void change_clauses(Mutator& random, Tokens* query) const {
    const auto clauses = clauses_of(*query);
    const Range* at = pick(random, clauses);
    if (at == nullptr) return;
    const Range* second = pick(random, clauses);
    switch (random.next(5)) {
      case 0: return replace(query, *at, Tokens{});
      case 1: return replace(query, {at->first, at->first}, cut(*query, *second));
      case 2: {
        if (second->first < at->first) std::swap(at, second);
        if (second->first < at->second) return;
        const Tokens first = cut(*query, *at), last = cut(*query, *second);
        replace(query, *second, first);
        return replace(query, *at, last);
      }
      default: {
        const Tokens from = other(random);
        const auto choices = clauses_of(from);
        const Range* part = pick(random, choices);
        if (part == nullptr) return;
        const bool keep = random.next(2) != 0;
        return replace(query, {at->first, keep ? at->first : at->second}, at_home(random, cut(from, *part), *query));
      }
    }
  }
  template <class Parts>
  void exchange(Mutator& random, Tokens* query, Parts parts) const {
    const auto here = parts(*query);
    const Range* at = pick(random, here);
    if (at == nullptr) return;
    const Tokens from = random.next(3) == 0 ? *query : other(random);
    const auto choices = parts(from);
    if (const Range* part = pick(random, choices)) replace(query, *at, at_home(random, cut(from, *part), *query));
  }
  void change_name(Mutator& random, Tokens* query) const {
    const auto variables = variables_of(*query);
    const size_t* at = pick(random, variables);
    if (at == nullptr) return;
    if (random.next(3) == 0) return call(random, query, {*at, *at + 1});
    (*query)[*at].text = (*query)[*pick(random, variables)].text;
  }
  // f(x), f(x, 1) or f(1, x) instead of x.
  void call(Mutator& random, Tokens* query, Range range) const {
    if (functions_.empty()) return;
    std::string text = random.one_of(std::span<const std::string>(functions_)) + "(";
    const uint64_t before = random.next(4) == 0, after = random.next(3) == 0 ? 1 + random.next(2) : 0;
    for (uint64_t i = 0; i < before; ++i) text += literal(random) + ", ";
    text += text_of(cut(*query, range));
    for (uint64_t i = 0; i < after; ++i) text += ", " + literal(random);
    replace(query, range, text + ")");
  }
  void change_operator(Mutator& random, Tokens* query) const {
    std::vector<size_t> places;
    for (size_t i = 0; i < query->size(); ++i) {
      const std::string word = upper((*query)[i].text);
      if (std::find(kOperators.begin(), kOperators.end(), word) != kOperators.end()) places.push_back(i);
    }
    if (const size_t* at = pick(random, places)) (*query)[*at].text = random.one_of(std::span<const std::string>(kOperators));
  }
  void change_literal(Mutator& random, Tokens* query) const {
    std::vector<size_t> places;
    for (size_t i = 0; i < query->size(); ++i) {
      const Kind kind = (*query)[i].kind;
      if (kind == Kind::kNumber || kind == Kind::kString || kind == Kind::kParameter) places.push_back(i);
    }
    const size_t* at = pick(random, places);
    if (at == nullptr) return change_name(random, query);
    if (random.next(4) == 0) return call(random, query, {*at, *at + 1});
    replace(query, {*at, *at + 1}, literal(random));
  }
  std::string literal(Mutator& random) const {
    if (random.next(3) == 0) return "$p" + std::to_string(random.next(kParameters));
    return random.one_of(std::span<const std::string>(kLiterals));
  }

  // The whole query as a part of another.
  std::string wrapped(Mutator& random, std::string text) const {
    const std::string& second = random.one_of(std::span<const std::string>(corpus_));
    switch (random.next(13)) {
      case 0: return "EXPLAIN " + text;
      case 1: return "PROFILE " + text;
      case 2: return "CALL () { " + text + " } RETURN *";
      case 3: return "MATCH (a) CALL (a) { " + text + " } RETURN count(*) AS q";
      case 4: return "MATCH (n) OPTIONAL CALL (*) { " + text + " } RETURN *";
      case 5: return "UNWIND range(1, 5) AS x CALL (x) { " + text + " } IN TRANSACTIONS OF 2 ROWS ON ERROR CONTINUE REPORT STATUS AS st RETURN *";
      case 6: return "MATCH (n) RETURN n, EXISTS { " + text + " } AS e";
      case 7: return "MATCH (n) WHERE COUNT { " + text + " } > 1 RETURN n.x AS x";
      case 8: return "MATCH (a)-[r]->(b) WITH a, r, b, COLLECT { " + text + " } AS c RETURN *";
      case 9: return text + " UNION " + second;
      case 10: return text + " UNION ALL " + second;
      case 11: return "FOREACH (x IN [1, 2] | " + text + ")";
      default: return "MATCH (a), (b) WITH * ORDER BY a.x, b.x DESC LIMIT 3 " + text;
    }
  }

  static constexpr size_t kMostTokens = 600;

  std::vector<std::string> corpus_;
  std::vector<std::string> functions_;
};

}  // namespace graft::cypher
