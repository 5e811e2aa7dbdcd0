#include "cypher/search/phrase_frequency.h"

#include <algorithm>
#include <limits>

namespace graft::cypher {

namespace {

using graph::TextToken;
using Positions = std::vector<std::vector<uint32_t>>;

float exact_frequency(const std::vector<TextToken>& tokens, const Positions& positions) {
  uint32_t count = 0;
  for (uint32_t first : positions[0]) {
    bool all = true;
    for (size_t i = 1; i < tokens.size() && all; ++i)
      all = std::binary_search(positions[i].begin(), positions[i].end(), first + tokens[i].position - tokens[0].position);
    count += all ? 1 : 0;
  }
  return static_cast<float>(count);
}

// Walks the words' occurrences by the place where the phrase would begin, always moving on the one that lies farthest back.
class SloppyMatch {
 public:
  SloppyMatch(const std::vector<TextToken>& tokens, const Positions& positions) : tokens_(tokens) {
    for (size_t i = 0; i < tokens.size(); ++i) words_.push_back({&positions[i], 0, i});
  }

  float frequency(int64_t slop) {
    float total = 0;
    if (!separate_equal_words()) return 0;
    for (const Word& w : words_) end_ = std::max(end_, start(w));
    for (int64_t moved = next_match(); ; moved = next_match()) {
      if (moved <= slop) total += 1 / (1 + static_cast<float>(moved));
      if (over_) return total;
    }
  }

 private:
  struct Word {
    const std::vector<uint32_t>* positions;
    size_t at;
    size_t token;
  };

  int64_t position(const Word& w) const { return (*w.positions)[w.at]; }
  int64_t start(const Word& w) const { return position(w) - int64_t{tokens_[w.token].position}; }

  bool advance(Word* w) {
    if (w->at + 1 == w->positions->size()) return false;
    ++w->at;
    end_ = std::max(end_, start(*w));
    return true;
  }

  // A word that the phrase has twice must stand at two places.
  bool separate_equal_words() {
    for (size_t j = 1; j < words_.size(); ++j)
      for (size_t k = 0; k < j; ++k)
        if (tokens_[j].term == tokens_[k].term && ++words_[j].at == words_[j].positions->size()) return false;
    return true;
  }

  // After *w moved: others of the same term at the same place make the lesser of the two move on.
  bool resolve_collisions(Word* w) {
    for (size_t i = 0; i < words_.size();) {
      Word* other = &words_[i++];
      if (other == w || tokens_[other->token].term != tokens_[w->token].term || position(*other) != position(*w)) continue;
      bool lesser = start(*w) != start(*other) ? start(*w) < start(*other) : w->token < other->token;
      if (!lesser) w = other;
      if (!advance(w)) return false;
      i = 0;
    }
    return true;
  }

  Word* least(const Word* but) {
    Word* found = nullptr;
    for (Word& w : words_)
      if (&w != but && (found == nullptr || start(w) < start(*found))) found = &w;
    return found;
  }

  // How much the words of the next match are moved.
  int64_t next_match() {
    Word* last = least(nullptr);
    int64_t next = start(*least(last)), moved = end_ - start(*last);
    while (advance(last)) {
      if (!resolve_collisions(last)) break;
      if (start(*last) > next) return moved;
      moved = std::min(moved, end_ - start(*last));
    }
    over_ = true;
    return moved;
  }

  const std::vector<TextToken>& tokens_;
  std::vector<Word> words_;
  int64_t end_ = std::numeric_limits<int64_t>::min();
  bool over_ = false;
};

}  // namespace

float phrase_frequency(const std::vector<TextToken>& tokens, const Positions& positions, int slop) {
  return slop == 0 ? exact_frequency(tokens, positions) : SloppyMatch(tokens, positions).frequency(slop);
}

}  // namespace graft::cypher
