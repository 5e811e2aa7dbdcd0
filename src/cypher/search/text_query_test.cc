#include "cypher/search/text_query.h"

#include <random>

#include <gtest/gtest.h>

#include "cypher/functions/unicode.h"
#include "cypher/position.h"
#include "cypher/search/text_distance.h"

namespace graft::cypher {
namespace {

uint32_t distance(std::string_view a, std::string_view b) { return edit_distance(decode_utf8(a), decode_utf8(b), 2); }

TEST(TextDistance, CountsEdits) {
  EXPECT_EQ(distance("", ""), 0u);
  EXPECT_EQ(distance("quick", "quick"), 0u);
  EXPECT_EQ(distance("quick", "quik"), 1u);
  EXPECT_EQ(distance("quick", "qquick"), 1u);
  EXPECT_EQ(distance("quick", "quack"), 1u);
  EXPECT_EQ(distance("quick", "qiuck"), 1u);  // neighbours exchanged
  EXPECT_EQ(distance("caf\u00e9", "cafe"), 1u);
  EXPECT_EQ(distance("ab", ""), 2u);
  EXPECT_GT(distance("abc", ""), 2u);
  EXPECT_GT(distance("abcdef", "uvwxyz"), 2u);
}

bool matches(std::string_view pattern, std::string_view term) {
  return WildcardPattern(pattern, [](std::string_view s) { return std::string(s); }).matches(term);
}

TEST(WildcardPattern, Matches) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*c", "abc"));
  EXPECT_TRUE(matches("a*c", "ac"));
  EXPECT_FALSE(matches("a*c", "ab"));
  EXPECT_TRUE(matches("?b?", "abc"));
  EXPECT_FALSE(matches("?b?", "ab"));
  EXPECT_TRUE(matches("na?ve", "na\u00efve"));
  EXPECT_TRUE(matches("\\*", "*"));
  EXPECT_FALSE(matches("\\*", "x"));
  EXPECT_TRUE(matches("*a*b*c*", "xxaxxbxxcxx"));
  EXPECT_FALSE(matches("*a*b*c*", "xxcxxbxxaxx"));
  EXPECT_FALSE(matches("*a*a*a*a*a*a*a*a*b", std::string(2000, 'a')));
}

// Whatever is typed gives a query or an error with the text in it.
TEST(TextQuery, SurvivesAnyText) {
  std::mt19937 random(3);
  const std::vector<std::string> parts = {"a", "word", " ", "  ", "\"", "(", ")", "[", "]", "{", "}", " TO ", "^", "~", "*", "?", ":", "+", "-", "!", "/", "\\", "AND", " OR ", "NOT ",
                                          "&&", "||", "0.5", "2", "\u00e9", "\xff", "\t", ".", "*:*", std::string(1, '\0')};
  size_t parsed = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string text;
    for (size_t n = random() % 12; n > 0; --n) text += parts[random() % parts.size()];
    try {
      parsed += parse_text_query(text) != nullptr ? 1 : 0;
    } catch (const QueryError& error) {
      EXPECT_NE(error.message.find(text), std::string::npos);
    }
  }
  EXPECT_GT(parsed, 1000u);
  EXPECT_THROW(parse_text_query(std::string(100000, '(')), QueryError);
  std::string many = "x";
  for (int i = 0; i < 5000; ++i) many += " x";
  EXPECT_THROW(parse_text_query(many), QueryError);
}

}  // namespace
}  // namespace graft::cypher
