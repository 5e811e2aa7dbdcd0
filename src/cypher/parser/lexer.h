#pragma once

// Query text -> tokens, each with its place. Throws QueryError (kSyntax) for what is no token: a stray character, an
// unclosed string or comment, a malformed number or escape.

#include <string>
#include <string_view>
#include <vector>

#include "cypher/position.h"

namespace graft::cypher {

enum class TokenKind : uint8_t {
  kEnd,
  kIdentifier,  // keywords too: none is reserved by the lexer
  kEscaped,     // `name`: value holds the name
  kString,      // value holds the decoded text
  kInteger,     // decimal, 0x..., 0o...; raw holds the digits
  kFloat,
  kParameter,   // $name: value holds the name
  kSymbol,      // raw: one of ( ) [ ] { } , . .. ; : :: + - * / % ^ = =~ <> < <= > >= | || & ! += $
};

struct LexToken {
  TokenKind kind = TokenKind::kEnd;
  Position position;
  uint32_t end_offset = 0;          // in code points
  uint32_t begin_byte = 0, end_byte = 0;
  int match = -1;                   // index of the closing bracket, for ( [ {
  std::string_view raw;             // points into the text
  std::string value;
};

// The last token is kEnd. `text` must be valid UTF-8 (else an error) and outlive the tokens.
std::vector<LexToken> tokenize(std::string_view text);

}  // namespace graft::cypher
