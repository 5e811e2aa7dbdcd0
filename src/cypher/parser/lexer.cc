#include "cypher/parser/lexer.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace graft::cypher {
namespace {

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<LexToken> run() {
    std::vector<LexToken> out;
    out.reserve(text_.size() / 4 + 2);
    for (;;) {
      skip_blank();
      LexToken token;
      token.position = at_;
      token.begin_byte = static_cast<uint32_t>(byte_);
      const bool end = byte_ >= text_.size();
      if (!end) scan(&token);
      token.end_offset = at_.offset;
      token.end_byte = static_cast<uint32_t>(byte_);
      token.raw = text_.substr(token.begin_byte, byte_ - token.begin_byte);
      pair_brackets(&out, token);
      out.push_back(std::move(token));
      if (end) return out;
    }
  }

 private:
  [[noreturn]] void fail(std::string message, Position position) const {
    throw QueryError{ErrorCode::kSyntax, std::move(message), position};
  }

  // The code point at byte offset `b`, or -1 at the end.
  int32_t code_at(size_t b, size_t* next = nullptr) const {
    if (b >= text_.size()) return -1;
    int32_t i = static_cast<int32_t>(b);
    UChar32 c;
    U8_NEXT(text_.data(), i, static_cast<int32_t>(text_.size()), c);
    if (c < 0) fail("The query text is not valid UTF-8", at_);
    if (next) *next = static_cast<size_t>(i);
    return c;
  }
  char peek(size_t ahead = 0) const { return byte_ + ahead < text_.size() ? text_[byte_ + ahead] : '\0'; }

  int32_t advance() {
    size_t next = 0;
    const int32_t c = code_at(byte_, &next);
    byte_ = next;
    ++at_.offset;
    if (c == '\n') {
      ++at_.line;
      at_.column = 1;
    } else {
      ++at_.column;
    }
    return c;
  }
  void advance_by(size_t n) {
    while (n-- > 0) advance();
  }

  static bool is_blank(int32_t c) {
    return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f) || (c >= 0x80 && u_isUWhiteSpace(c)) || c == 0xFEFF;
  }

  void skip_blank() {
    while (byte_ < text_.size()) {
      if (peek() == '/' && peek(1) == '/') {
        while (byte_ < text_.size() && peek() != '\n') advance();
      } else if (peek() == '/' && peek(1) == '*') {
        const Position start = at_;
        advance_by(2);
        while (!(peek() == '*' && peek(1) == '/')) {
          if (byte_ >= text_.size()) fail("Comment is not closed: '*/' is missing", start);
          advance();
        }
        advance_by(2);
      } else if (is_blank(code_at(byte_))) {
        advance();
      } else {
        return;
      }
    }
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  static bool starts_name(int32_t c) {
    return c == '_' || (c < 128 ? (c | 32) >= 'a' && (c | 32) <= 'z' : u_isIDStart(c) || u_charType(c) == U_CONNECTOR_PUNCTUATION);
  }
  static bool continues_name(int32_t c) {
    if (c < 0) return false;
    return c < 128 ? c == '_' || c == '$' || is_digit(static_cast<char>(c)) || ((c | 32) >= 'a' && (c | 32) <= 'z')
                   : u_isIDPart(c) || u_charType(c) == U_CURRENCY_SYMBOL;
  }

  void scan(LexToken* token) {
    const int32_t c = code_at(byte_);
    if (starts_name(c)) {
      token->kind = TokenKind::kIdentifier;
      while (continues_name(code_at(byte_))) advance();
    } else if (is_digit(peek()) || (c == '.' && is_digit(peek(1)))) {
      scan_number(token);
    } else if (c == '\'' || c == '"') {
      scan_string(token, static_cast<char>(c));
    } else if (c == '`') {
      token->kind = TokenKind::kEscaped;
      scan_escaped_name(&token->value);
    } else if (c == '$' && starts_parameter()) {
      scan_parameter(token);
    } else {
      scan_symbol(token, c);
    }
  }

  // $name, $1, $`any name`; blanks may stand behind the sign, as in Neo4j. $( begins a dynamic label.
  bool starts_parameter() const {
    size_t at = byte_ + 1;
    while (at < text_.size() && is_blank(static_cast<unsigned char>(text_[at]))) ++at;
    return at < text_.size() && (text_[at] == '`' || (text_[at] != '$' && continues_name(code_at(at))));
  }

  void scan_parameter(LexToken* token) {
    token->kind = TokenKind::kParameter;
    advance();
    while (is_blank(static_cast<unsigned char>(peek()))) advance();
    if (peek() == '`') return scan_escaped_name(&token->value);
    const size_t start = byte_;
    while (continues_name(code_at(byte_))) advance();
    token->value = std::string(text_.substr(start, byte_ - start));
  }

  void scan_escaped_name(std::string* out) {
    const Position start = at_;
    advance();
    for (;;) {
      if (byte_ >= text_.size()) fail("Escaped name is not closed: '`' is missing", start);
      if (peek() == '`') {
        advance();
        if (peek() != '`') return;  // `` is a backtick inside the name
      }
      const size_t from = byte_;
      advance();
      out->append(text_.substr(from, byte_ - from));
    }
  }

  void scan_number(LexToken* token) {
    const Position start = at_;
    token->kind = TokenKind::kInteger;
    if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'o')) {
      const bool hex = peek(1) == 'x';
      advance_by(2);
      const size_t digits = byte_;
      while (hex ? isxdigit(static_cast<unsigned char>(peek())) || peek() == '_' : (peek() >= '0' && peek() <= '7') || peek() == '_') advance();
      if (byte_ == digits || continues_name(code_at(byte_))) invalid_number(start, token);
      return;
    }
    const bool old_octal = peek() == '0' && is_digit(peek(1));
    digits();
    if (peek() == '.' && is_digit(peek(1))) {
      token->kind = TokenKind::kFloat;
      advance();
      digits();
    } else if (peek() == '.' && (peek(1) | 32) == 'e' && (is_digit(peek(2)) || ((peek(2) == '-' || peek(2) == '+') && is_digit(peek(3))))) {
      token->kind = TokenKind::kFloat;  // 1.e5
      advance();
    }
    if ((peek() | 32) == 'e' && (is_digit(peek(1)) || ((peek(1) == '-' || peek(1) == '+') && is_digit(peek(2))))) {
      token->kind = TokenKind::kFloat;
      advance_by(2);
      digits();
    }
    if (token->kind == TokenKind::kFloat && ((peek() | 32) == 'f' || (peek() | 32) == 'd') && !continues_name(code_at(byte_ + 1))) advance();
    if (continues_name(code_at(byte_)) || (old_octal && token->kind == TokenKind::kInteger)) invalid_number(start, token);
  }
  void digits() {
    while (is_digit(peek()) || (peek() == '_' && is_digit(peek(1)))) advance();
  }
  [[noreturn]] void invalid_number(Position start, const LexToken* token) {
    while (continues_name(code_at(byte_))) advance();
    fail("Invalid number literal '" + std::string(text_.substr(token->begin_byte, byte_ - token->begin_byte)) + "'", start);
  }

  void scan_string(LexToken* token, char quote) {
    token->kind = TokenKind::kString;
    const Position start = at_;
    advance();
    for (;;) {
      if (byte_ >= text_.size()) fail(std::string("String literal is not closed: ") + quote + " is missing", start);
      const char c = peek();
      if (c == quote) break;
      if (c == '\\') {
        scan_escape(&token->value);
      } else {
        const size_t from = byte_;
        advance();
        token->value.append(text_.substr(from, byte_ - from));
      }
    }
    advance();
  }

  void scan_escape(std::string* out) {
    const Position start = at_;
    advance();
    const char c = peek();
    switch (c) {
      case 'b': *out += '\b'; break;
      case 'f': *out += '\f'; break;
      case 'n': *out += '\n'; break;
      case 'r': *out += '\r'; break;
      case 't': *out += '\t'; break;
      case 's': *out += ' '; break;
      case '0': *out += '\0'; break;
      case '\\': case '\'': case '"': case '`': *out += c; break;
      case 'u': return scan_unicode_escape(out, start);
      default:  // not an escape: both characters stand for themselves
        *out += '\\';
        return;
    }
    advance();
  }

  uint32_t hex_digits(size_t n, Position start) {
    uint32_t code = 0;
    for (size_t i = 0; i < n; ++i) {
      const char c = peek();
      if (!isxdigit(static_cast<unsigned char>(c))) {
        fail("Invalid Unicode literal: expected " + std::to_string(n) + " hexadecimal digits after '\\" + (n == 4 ? "u" : "U") + "'", start);
      }
      code = code * 16 + static_cast<uint32_t>(is_digit(c) ? c - '0' : (c | 32) - 'a' + 10);
      advance();
    }
    return code;
  }

  void scan_unicode_escape(std::string* out, Position start) {
    const size_t n = peek() == 'u' ? 4 : 8;
    advance();
    uint32_t code = hex_digits(n, start);
    if (U16_IS_LEAD(code) && peek() == '\\' && peek(1) == 'u') {
      advance_by(2);
      const uint32_t trail = hex_digits(4, start);
      if (!U16_IS_TRAIL(trail)) fail("Invalid Unicode literal: a surrogate without its partner", start);
      code = static_cast<uint32_t>(U16_GET_SUPPLEMENTARY(code, trail));
    }
    if (code > 0x10FFFF || U_IS_SURROGATE(code)) fail("Invalid Unicode literal: not a character", start);
    char buffer[4];
    int32_t length = 0;
    U8_APPEND_UNSAFE(buffer, length, code);
    out->append(buffer, static_cast<size_t>(length));
  }

  void scan_symbol(LexToken* token, int32_t c) {
    token->kind = TokenKind::kSymbol;
    static constexpr std::string_view kPairs[] = {"..", "::", "=~", "<>", "<=", ">=", "||", "+="};
    for (std::string_view pair : kPairs) {
      if (text_.substr(byte_, 2) == pair) return advance_by(2);
    }
    if (c > 0 && c < 128 && std::string_view("()[]{},.;:+-*/%^=<>|&!$").find(static_cast<char>(c)) != std::string_view::npos) {
      advance();
      return;
    }
    size_t next = 0;
    code_at(byte_, &next);
    fail("Invalid input '" + std::string(text_.substr(byte_, next - byte_)) + "': this character has no meaning here", at_);
  }

  void pair_brackets(std::vector<LexToken>* out, const LexToken& token) {
    if (token.kind != TokenKind::kSymbol || token.raw.size() != 1) return;
    const char c = token.raw[0];
    if (c == '(' || c == '[' || c == '{') {
      open_.push_back(static_cast<int>(out->size()));
    } else if ((c == ')' || c == ']' || c == '}') && !open_.empty()) {
      LexToken& opening = (*out)[static_cast<size_t>(open_.back())];
      const char o = opening.raw[0];
      if ((c == ')' && o == '(') || (c == ']' && o == '[') || (c == '}' && o == '{')) {
        opening.match = static_cast<int>(out->size());
        open_.pop_back();
      }
    }
  }

  std::string_view text_;
  size_t byte_ = 0;
  Position at_;
  std::vector<int> open_;
};

}  // namespace

std::vector<LexToken> tokenize(std::string_view text) { return Lexer(text).run(); }

}  // namespace graft::cypher
