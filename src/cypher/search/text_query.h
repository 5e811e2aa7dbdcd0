#pragma once

// The query language of full text search: the common part of Lucene's classic query syntax, as Neo4j's users write it.
//
//   word  "a phrase"  "a phrase"~3  pre*  w?ld*  fuzzy~1  [a TO b]  {a TO *}  /regular expression/  *:*
//   field:word  field:(a b)  word^2  +must -not  a AND b  a OR b  NOT a  && || !  \ before a character takes its meaning away

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace graft::cypher {

struct TextQuery {
  enum class Kind : uint8_t { kWords, kPhrase, kPrefix, kWildcard, kFuzzy, kRange, kRegex, kAll, kBoolean };
  enum class Occur : uint8_t { kShould, kMust, kMustNot };
  struct Clause {
    Occur occur;      // as + and - say it
    bool after_and;
    bool bare;        // a word and nothing else, with no operator beside it
    std::unique_ptr<TextQuery> query;
  };

  Kind kind = Kind::kWords;
  std::string field;             // empty: all
  std::string text;              // escapes are gone, but for kWildcard, whose literal characters follow a backslash
  float boost = 1;
  int slop = 0;                  // kPhrase: how far the words may be moved, in all
  float edits = 2;               // kFuzzy: 0, 1, 2, or below 1: a similarity
  std::string low, high;         // kRange; empty: open
  bool low_inclusive = true, high_inclusive = true;
  std::vector<Clause> clauses;   // kBoolean
};

// join_words: bare words side by side are one text, for analyzers that take a text as one term. Throws
// kProcedureCallFailed that shows the place.
std::unique_ptr<TextQuery> parse_text_query(std::string_view text, bool join_words = false);

}  // namespace graft::cypher
