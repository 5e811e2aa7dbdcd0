#include "cypher/parser/parser.h"

#include <algorithm>
#include <limits>

#include "cypher/parser/parser_impl.h"

namespace graft::cypher {

bool Parser::is_symbol(std::string_view symbol, size_t ahead) const {
  const LexToken& t = token(ahead);
  return t.kind == TokenKind::kSymbol && t.raw == symbol;
}

bool Parser::is_word(std::string_view word, size_t ahead) const {
  const LexToken& t = token(ahead);
  if (t.kind != TokenKind::kIdentifier || t.raw.size() != word.size()) return false;
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = t.raw[i];
    if ((c >= 'a' && c <= 'z' ? c - 32 : c) != word[i]) return false;
  }
  return true;
}

bool Parser::is_name(size_t ahead) const {
  const TokenKind kind = token(ahead).kind;
  return kind == TokenKind::kIdentifier || kind == TokenKind::kEscaped;
}

bool Parser::expected(std::string_view what) const {
  if (expected_at_ != next_) {
    expected_.clear();
    expected_at_ = next_;
  }
  expected_.push_back(what);
  return false;
}

bool Parser::symbol(std::string_view symbol) {
  if (!is_symbol(symbol)) return expected(symbol);
  ++next_;
  return true;
}

bool Parser::word(std::string_view word) {
  if (!is_word(word)) return expected(word);
  ++next_;
  return true;
}

bool Parser::word_before_expression(std::string_view w) {
  const bool ends = token(1).kind == TokenKind::kEnd || is_word("AS", 1);
  const bool name = ends || is_symbol(",", 1) || is_symbol(";", 1) || is_symbol(".", 1) || is_symbol(")", 1) || is_symbol("}", 1) || is_symbol("=", 1);
  return name ? expected(w) : word(w);
}

bool Parser::words(std::string_view first, std::string_view second) {
  if (!is_word(first) || !is_word(second, 1)) return expected(first);
  next_ += 2;
  return true;
}

void Parser::expect_symbol(std::string_view s) {
  if (!symbol(s)) unexpected();
}

void Parser::expect_word(std::string_view w) {
  if (!word(w)) unexpected();
}

std::string Parser::expect_name(const char* what) {
  if (!is_name()) {
    expected(what);
    unexpected();
  }
  const LexToken& t = tokens_[next_++];
  return t.kind == TokenKind::kEscaped ? t.value : std::string(t.raw);
}

uint64_t Parser::expect_unsigned(const char* what) {
  const LexToken& t = token();
  if (t.kind != TokenKind::kInteger) {
    expected(what);
    unexpected();
  }
  uint64_t n = 0;
  for (char c : t.raw) {
    if (c == '_') continue;
    if (c < '0' || c > '9') fail("Invalid input '" + std::string(t.raw) + "': expected a decimal integer", t.position);
    if (n > (static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) - static_cast<uint64_t>(c - '0')) / 10) fail("integer is too large", t.position);
    n = n * 10 + static_cast<uint64_t>(c - '0');
  }
  ++next_;
  return n;
}

std::string Parser::expect_string(const char* what) {
  if (token().kind != TokenKind::kString) {
    expected(what);
    unexpected();
  }
  return tokens_[next_++].value;
}

void Parser::fail(std::string message, Position position) const {
  throw QueryError{ErrorCode::kSyntax, std::move(message), position};
}

namespace {

std::string quoted(std::string_view what) {
  // Descriptions ("an expression") stand as they are; words and symbols are quoted.
  const bool description = what.find(' ') != std::string_view::npos && what[0] >= 'a' && what[0] <= 'z';
  return description ? std::string(what) : "'" + std::string(what) + "'";
}

}  // namespace

void Parser::unexpected() {
  const LexToken& t = token();
  std::string message = t.kind == TokenKind::kEnd ? "Invalid input: the query ends too early" : "Invalid input '" + std::string(t.raw.substr(0, 80)) + "'";
  std::vector<std::string_view> wanted;
  if (expected_at_ == next_) wanted = expected_;
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  if (!wanted.empty()) {
    message += ": expected ";
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (i > 0) message += i + 1 == wanted.size() ? " or " : ", ";
      message += quoted(wanted[i]);
    }
  }
  fail(std::move(message), t.position);
}

std::string Parser::text_since(size_t first_token) const {
  if (next_ == first_token) return "";
  const uint32_t from = tokens_[first_token].begin_byte;
  return std::string(text_.substr(from, tokens_[next_ - 1].end_byte - from));
}

Parser::Depth::Depth(Parser* p) : parser(p) {
  if (++p->depth_ > kMaxNesting) {
    --p->depth_;
    p->fail("The query is nested too deeply: more than " + std::to_string(kMaxNesting) + " levels", p->here());
  }
}

Statement parse(std::string_view text, Arena* arena) {
  constexpr size_t kMaxBytes = size_t{64} << 20;
  if (text.size() > kMaxBytes) throw QueryError{ErrorCode::kSyntax, "The query text is too long: more than 64 MiB", std::nullopt};
  return Parser(text, arena).statement();
}

namespace {

// Byte range of the line that holds code point `offset`.
std::pair<size_t, size_t> line_of(std::string_view text, uint32_t offset) {
  size_t at = 0, start = 0;
  for (uint32_t i = 0; i < offset && at < text.size(); ++i) {
    if (text[at] == '\n') start = at + 1;
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  }
  size_t end = text.find('\n', std::max(at, start));
  return {start, end == std::string_view::npos ? text.size() : end};
}

// At most `n` code points from byte `from` on.
size_t skip_points(std::string_view text, size_t from, uint32_t n) {
  while (n-- > 0 && from < text.size()) {
    ++from;
    while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
  }
  return from;
}

}  // namespace

QueryError with_picture(QueryError error, std::string_view text) {
  if (!error.position) return error;
  const Position p = *error.position;
  auto [start, end] = line_of(text, p.offset);
  std::string_view line = text.substr(start, end - start);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  uint32_t caret = p.column - 1;
  constexpr uint32_t kBefore = 80, kAfter = 60;  // a long line is cut round the place
  std::string cut_before, cut_after;
  if (caret > kBefore) {
    line.remove_prefix(std::min(line.size(), skip_points(line, 0, caret - kBefore)));
    cut_before = "...";
    caret = kBefore;
  }
  const size_t keep = skip_points(line, 0, caret + kAfter);
  if (keep < line.size()) {
    line = line.substr(0, keep);
    cut_after = "...";
  }
  error.message += " (line " + std::to_string(p.line) + ", column " + std::to_string(p.column) + " (offset: " + std::to_string(p.offset) + "))\n\"" +
                   cut_before + std::string(line) + cut_after + "\"\n" + std::string(1 + cut_before.size() + caret, ' ') + "^";
  return error;
}

}  // namespace graft::cypher
