#pragma once

// From text to the terms of a full text index. Words are found by ICU's word boundaries (Unicode TR 29, with dictionaries
// for Chinese, Japanese and Thai), compared in the form NFKC_Casefold (so in upper or lower case, composed or not), and
// brought to their stems by Snowball. All members of a cluster must be built with the same libraries: postings are derived
// on each of them.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace graft::graph {

struct TextToken {
  std::string term;       // UTF-8
  uint32_t position = 0;  // counts words; one that was left out (a stop word) leaves a gap
};

inline constexpr std::string_view kDefaultAnalyzer = "standard-no-stop-words";

// Immutable, any thread.
class TextAnalyzer {
 public:
  enum class Words : uint8_t { kBoundaries, kLetters, kSpaces, kWhole, kBigrams };
  struct Rules {
    std::string_view name;
    Words words = Words::kBoundaries;
    bool fold_case = true, fold_accents = false, english_stop_words = false;
    const char* stemmer = nullptr;  // Snowball's name
    std::string_view description;
  };

  explicit TextAnalyzer(const Rules& rules) : rules_(rules) {}
  std::string_view name() const { return rules_.name; }
  std::string_view description() const { return rules_.description; }
  std::vector<std::string_view> stop_words() const;
  bool takes_whole_texts() const { return rules_.words == Words::kWhole; }

  // Appends the terms of `text`; positions begin at `position`. Gives the position behind the last word.
  uint32_t analyze(std::string_view text, uint32_t position, std::vector<TextToken>* out) const;
  // A part of a word as the terms have it, without stemming: for prefixes, wildcards, ranges.
  std::string normalize(std::string_view part) const;

  static const TextAnalyzer* find(std::string_view name);  // null: no such analyzer
  static std::vector<const TextAnalyzer*> all();           // sorted by name

 private:
  Rules rules_;
};

}  // namespace graft::graph
