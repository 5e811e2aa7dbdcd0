#include "graph/text_analyzer.h"

#include <gtest/gtest.h>

namespace graft::graph {
namespace {

std::string terms(std::string_view analyzer, std::string_view text) {
  std::vector<TextToken> tokens;
  TextAnalyzer::find(analyzer)->analyze(text, 0, &tokens);
  std::string out;
  for (const TextToken& t : tokens) out += (out.empty() ? "" : " ") + t.term + "/" + std::to_string(t.position);
  return out;
}

TEST(TextAnalyzer, WordsAreFoldedAndCounted) {
  EXPECT_EQ(terms("standard-no-stop-words", "The Quick-brown fox's 3.14 can't"), "the/0 quick/1 brown/2 fox's/3 3.14/4 can't/5");
  EXPECT_EQ(terms("standard-no-stop-words", "STRASSE Straße"), "strasse/0 strasse/1");
  EXPECT_EQ(terms("standard-no-stop-words", "Caf\u00e9 cafe\u0301"), "caf\u00e9/0 caf\u00e9/1");  // composed or not
  EXPECT_EQ(terms("standard-no-stop-words", "\uFF21\uFF22\uFF23"), "abc/0");                     // full width
  EXPECT_EQ(terms("standard-no-stop-words", "me@mail.com"), "me/0 mail.com/1");
  EXPECT_EQ(terms("standard-no-stop-words", ""), "");
  EXPECT_EQ(terms("standard-no-stop-words", " ,.;! "), "");
  EXPECT_EQ(terms("standard-no-stop-words", "a \xff b"), "a/0 b/1");
}

TEST(TextAnalyzer, StopWordsLeaveGaps) {
  EXPECT_EQ(terms("standard", "The cat and the hat"), "cat/1 hat/4");
  EXPECT_EQ(terms("english", "the dogs' running dog's"), "dog/1 run/2 dog/3");
}

TEST(TextAnalyzer, OtherWaysToFindWords) {
  EXPECT_EQ(terms("whitespace", "Foo-Bar  baz,"), "Foo-Bar/0 baz,/1");
  EXPECT_EQ(terms("simple", "Foo-Bar9baz"), "foo/0 bar/1 baz/2");
  EXPECT_EQ(terms("stop", "The end"), "end/1");
  EXPECT_EQ(terms("keyword", "Foo Bar"), "Foo Bar/0");
  EXPECT_EQ(terms("standard-folding", "\u00c5ngstr\u00f6m \u0141\u00f3d\u017a \u00e6on"), "angstrom/0 lodz/1 aeon/2");
  EXPECT_EQ(terms("cjk", "\u6771\u4eac\u90fd abc"), "\u6771\u4eac/0 \u4eac\u90fd/1 abc/2");
}

TEST(TextAnalyzer, Stems) {
  EXPECT_EQ(terms("german", "H\u00e4user Haus"), "haus/0 haus/1");
  EXPECT_EQ(terms("russian", "\u0434\u043e\u043c\u0430 \u0434\u043e\u043c\u0443"), "\u0434\u043e\u043c/0 \u0434\u043e\u043c/1");
  EXPECT_EQ(terms("french", "continuellement continu"), "continuel/0 continu/1");
  EXPECT_EQ(terms("turkish", "I\u015eIK"), "\u0131\u015f\u0131k/0");
  for (const TextAnalyzer* a : TextAnalyzer::all()) {
    std::vector<TextToken> tokens;
    a->analyze("word", 0, &tokens);
    EXPECT_EQ(tokens.size(), 1u) << a->name();
    EXPECT_EQ(TextAnalyzer::find(a->name()), a);
  }
}

TEST(TextAnalyzer, LongWordsAreCut) {
  std::vector<TextToken> tokens;
  TextAnalyzer::find("standard")->analyze(std::string(600, 'x'), 0, &tokens);
  ASSERT_EQ(tokens.size(), 3u);
  EXPECT_EQ(tokens[0].term.size(), 255u);
  EXPECT_EQ(tokens[2].term.size(), 90u);
}

}  // namespace
}  // namespace graft::graph
