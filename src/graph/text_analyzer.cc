#include "graph/text_analyzer.h"

#include <libstemmer.h>
#include <unicode/brkiter.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "base/check.h"

namespace graft::graph {

namespace {

using icu::UnicodeString;
using Words = TextAnalyzer::Words;

constexpr int32_t kMaxWordUnits = 255;  // longer words are cut, as Lucene does

// Lucene's list for English, which Neo4j's analyzers use.
constexpr std::array<std::string_view, 33> kEnglishStopWords = {
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not",
    "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with"};

#define STEMMED(language, stemmer, text) {language, Words::kBoundaries, true, false, false, stemmer, text}
const TextAnalyzer kAnalyzers[] = {
    TextAnalyzer(STEMMED("arabic", "arabic", "Arabic words, stemmed.")),
    TextAnalyzer(STEMMED("armenian", "armenian", "Armenian words, stemmed.")),
    TextAnalyzer(STEMMED("basque", "basque", "Basque words, stemmed.")),
    TextAnalyzer(STEMMED("catalan", "catalan", "Catalan words, stemmed.")),
    TextAnalyzer({"cjk", Words::kBigrams, true, false, true, nullptr, "Chinese, Japanese and Korean text as pairs of characters; English stop words."}),
    TextAnalyzer(STEMMED("danish", "danish", "Danish words, stemmed.")),
    TextAnalyzer(STEMMED("dutch", "dutch", "Dutch words, stemmed.")),
    TextAnalyzer({"english", Words::kBoundaries, true, false, true, "porter", "English words, stemmed, without stop words."}),
    TextAnalyzer(STEMMED("finnish", "finnish", "Finnish words, stemmed.")),
    TextAnalyzer(STEMMED("french", "french", "French words, stemmed.")),
    TextAnalyzer(STEMMED("german", "german", "German words, stemmed.")),
    TextAnalyzer(STEMMED("greek", "greek", "Greek words, stemmed.")),
    TextAnalyzer(STEMMED("hindi", "hindi", "Hindi words, stemmed.")),
    TextAnalyzer(STEMMED("hungarian", "hungarian", "Hungarian words, stemmed.")),
    TextAnalyzer(STEMMED("indonesian", "indonesian", "Indonesian words, stemmed.")),
    TextAnalyzer(STEMMED("irish", "irish", "Irish words, stemmed.")),
    TextAnalyzer(STEMMED("italian", "italian", "Italian words, stemmed.")),
    TextAnalyzer({"keyword", Words::kWhole, false, false, false, nullptr, "The whole text as one term, as it is."}),
    TextAnalyzer(STEMMED("lithuanian", "lithuanian", "Lithuanian words, stemmed.")),
    TextAnalyzer(STEMMED("nepali", "nepali", "Nepali words, stemmed.")),
    TextAnalyzer(STEMMED("norwegian", "norwegian", "Norwegian words, stemmed.")),
    TextAnalyzer(STEMMED("portuguese", "portuguese", "Portuguese words, stemmed.")),
    TextAnalyzer(STEMMED("romanian", "romanian", "Romanian words, stemmed.")),
    TextAnalyzer(STEMMED("russian", "russian", "Russian words, stemmed.")),
    TextAnalyzer(STEMMED("serbian", "serbian", "Serbian words, stemmed.")),
    TextAnalyzer({"simple", Words::kLetters, true, false, false, nullptr, "Runs of letters."}),
    TextAnalyzer(STEMMED("spanish", "spanish", "Spanish words, stemmed.")),
    TextAnalyzer({"standard", Words::kBoundaries, true, false, true, nullptr, "Words, without English stop words."}),
    TextAnalyzer({"standard-folding", Words::kBoundaries, true, true, true, nullptr, "Words without accents and without English stop words."}),
    TextAnalyzer({"standard-no-stop-words", Words::kBoundaries, true, false, false, nullptr, "Words. The default."}),
    TextAnalyzer({"stop", Words::kLetters, true, false, true, nullptr, "Runs of letters, without English stop words."}),
    TextAnalyzer(STEMMED("swedish", "swedish", "Swedish words, stemmed.")),
    TextAnalyzer(STEMMED("tamil", "tamil", "Tamil words, stemmed.")),
    TextAnalyzer(STEMMED("turkish", "turkish", "Turkish words, stemmed.")),
    TextAnalyzer({"unicode_whitespace", Words::kSpaces, false, false, false, nullptr, "What stands between white space, as it is."}),
    TextAnalyzer({"whitespace", Words::kSpaces, false, false, false, nullptr, "What stands between white space, as it is."}),
    TextAnalyzer(STEMMED("yiddish", "yiddish", "Yiddish words, stemmed.")),
};
#undef STEMMED

UnicodeString unicode_of(std::string_view text) {
  return UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string utf8_of(const UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

// ICU's iterators and Snowball's stemmers have state: one of each per thread.
icu::BreakIterator& word_iterator() {
  thread_local std::unique_ptr<icu::BreakIterator> iterator = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::BreakIterator> made(icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
    GRAFT_CHECK(U_SUCCESS(status));
    return made;
  }();
  return *iterator;
}

const icu::Transliterator& accent_remover() {
  thread_local std::unique_ptr<icu::Transliterator> remover = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::Transliterator> made(
        icu::Transliterator::createInstance("NFD; [:M:] Remove; NFC; Latin-ASCII", UTRANS_FORWARD, status));
    GRAFT_CHECK(U_SUCCESS(status));
    return made;
  }();
  return *remover;
}

struct StemmerEnd {
  void operator()(sb_stemmer* s) const { sb_stemmer_delete(s); }
};

std::string stem(const char* algorithm, const std::string& word) {
  thread_local std::map<std::string_view, std::unique_ptr<sb_stemmer, StemmerEnd>> stemmers;
  auto& stemmer = stemmers[algorithm];
  if (stemmer == nullptr) stemmer.reset(sb_stemmer_new(algorithm, nullptr));
  GRAFT_CHECK(stemmer != nullptr);
  const sb_symbol* stemmed =
      sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
  if (stemmed == nullptr) return word;
  return {reinterpret_cast<const char*>(stemmed), static_cast<size_t>(sb_stemmer_length(stemmer.get()))};
}

bool is_stop_word(std::string_view word) {
  return std::binary_search(kEnglishStopWords.begin(), kEnglishStopWords.end(), word);
}

UnicodeString fold(const TextAnalyzer::Rules& rules, UnicodeString text) {
  if (!rules.fold_case) return text;
  if (rules.name == "turkish") text.toLower(icu::Locale("tr"));
  UErrorCode status = U_ZERO_ERROR;
  UnicodeString folded = icu::Normalizer2::getNFKCCasefoldInstance(status)->normalize(text, status);
  if (U_FAILURE(status)) return text;
  if (rules.fold_accents) accent_remover().transliterate(folded);
  return folded;
}

// Calls word(begin, end) in code units.
template <class F>
void split_at_boundaries(const UnicodeString& text, int32_t from, int32_t to, F&& word) {
  icu::BreakIterator& breaks = word_iterator();
  UnicodeString part = text.tempSubStringBetween(from, to);
  part.findAndReplace(UnicodeString(u'@'), UnicodeString(u' '));  // ICU would keep an e-mail address whole; Unicode TR 29 does not
  breaks.setText(part);
  for (int32_t begin = breaks.first(), end = breaks.next(); end != icu::BreakIterator::DONE; begin = end, end = breaks.next()) {
    bool is_word = breaks.getRuleStatus() >= UBRK_WORD_NONE_LIMIT || u_hasBinaryProperty(part.char32At(begin), UCHAR_EXTENDED_PICTOGRAPHIC);
    if (is_word) word(from + begin, from + end);
  }
}

template <class Belongs, class F>
void split_runs(const UnicodeString& text, Belongs&& belongs, F&& word) {
  int32_t begin = 0, at = 0;
  for (; at < text.length(); at = text.moveIndex32(at, 1)) {
    if (belongs(text.char32At(at))) continue;
    if (at > begin) word(begin, at);
    begin = text.moveIndex32(at, 1);
  }
  if (at > begin) word(begin, at);
}

bool is_cjk(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  switch (uscript_getScript(c, &status)) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_HANGUL: return true;
    default: return false;
  }
}

// Runs of Chinese, Japanese and Korean characters as overlapping pairs; all else as words.
template <class F>
void split_bigrams(const UnicodeString& text, F&& word) {
  for (int32_t begin = 0; begin < text.length();) {
    bool cjk = is_cjk(text.char32At(begin));
    int32_t end = begin;
    while (end < text.length() && is_cjk(text.char32At(end)) == cjk) end = text.moveIndex32(end, 1);
    if (!cjk) {
      split_at_boundaries(text, begin, end, word);
    } else if (text.countChar32(begin, end - begin) == 1) {
      word(begin, end);
    } else {
      for (int32_t at = begin; text.moveIndex32(at, 1) < end; at = text.moveIndex32(at, 1)) word(at, text.moveIndex32(at, 2));
    }
    begin = end;
  }
}

template <class F>
void split(Words words, const UnicodeString& text, F&& word) {
  switch (words) {
    case Words::kBoundaries: split_at_boundaries(text, 0, text.length(), word); break;
    case Words::kLetters: split_runs(text, [](UChar32 c) { return u_isalpha(c) != 0; }, word); break;
    case Words::kSpaces: split_runs(text, [](UChar32 c) { return u_isUWhiteSpace(c) == 0; }, word); break;
    case Words::kBigrams: split_bigrams(text, word); break;
    case Words::kWhole: word(0, text.length()); break;
  }
}

// English: the terms of dog's and dog are one.
void drop_possessive(std::string* word) {
  for (std::string_view ending : {"'s", "\u2019s"})
    if (word->ends_with(ending)) return word->resize(word->size() - ending.size());
}

}  // namespace

uint32_t TextAnalyzer::analyze(std::string_view text, uint32_t position, std::vector<TextToken>* out) const {
  UnicodeString folded = fold(rules_, unicode_of(text));
  auto add = [&](int32_t begin, int32_t end) {
    std::string term = utf8_of(folded.tempSubStringBetween(begin, end));
    uint32_t at = position++;
    if (rules_.stemmer != nullptr && rules_.name == "english") drop_possessive(&term);
    if (term.empty() || (rules_.english_stop_words && is_stop_word(term))) return;
    out->push_back({rules_.stemmer == nullptr ? std::move(term) : stem(rules_.stemmer, term), at});
  };
  split(rules_.words, folded, [&](int32_t begin, int32_t end) {
    for (; end - begin > kMaxWordUnits && rules_.words != Words::kWhole; begin = folded.getChar32Start(begin + kMaxWordUnits))
      add(begin, folded.getChar32Start(begin + kMaxWordUnits));
    add(begin, end);
  });
  return position;
}

std::string TextAnalyzer::normalize(std::string_view part) const { return utf8_of(fold(rules_, unicode_of(part))); }

std::vector<std::string_view> TextAnalyzer::stop_words() const {
  if (!rules_.english_stop_words) return {};
  return {kEnglishStopWords.begin(), kEnglishStopWords.end()};
}

const TextAnalyzer* TextAnalyzer::find(std::string_view name) {
  for (const TextAnalyzer& a : kAnalyzers)
    if (a.name() == name) return &a;
  return nullptr;
}

std::vector<const TextAnalyzer*> TextAnalyzer::all() {
  std::vector<const TextAnalyzer*> out;
  for (const TextAnalyzer& a : kAnalyzers) out.push_back(&a);
  return out;
}

}  // namespace graft::graph
