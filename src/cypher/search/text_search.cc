#include "cypher/search/text_search.h"

#include <absl/container/flat_hash_map.h>
#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "cypher/functions/unicode.h"
#include "cypher/search/phrase_frequency.h"
#include "cypher/search/text_distance.h"
#include "cypher/search/text_query.h"
#include "graph/fulltext.h"
#include "graph/search_options.h"

namespace graft::cypher {

namespace {

using graph::FulltextPosting;
using graph::TextToken;
using Kind = TextQuery::Kind;
using Occur = TextQuery::Occur;
using Scores = absl::flat_hash_map<uint64_t, float>;

constexpr float kSaturation = 1.2f, kLengthWeight = 0.75f;  // Lucene's k1 and b
constexpr size_t kMaxFuzzyTerms = 50;                       // Lucene's maxExpansions
constexpr size_t kBytesPerHit = 24;

float inverse_frequency(uint64_t documents, uint64_t matching) {
  double n = static_cast<double>(documents), df = static_cast<double>(matching);
  return static_cast<float>(std::log(1 + (n - df + 0.5) / (df + 0.5)));
}

class TextSearch {
 public:
  TextSearch(QueryContext& context, const graph::IndexDefinition& index, const graph::TextAnalyzer& analyzer)
      : context_(context), memory_(context), reader_(context.view(), index), analyzer_(analyzer) {
    for (graph::PropertyKeyId key : index.keys) names_.push_back(context.view().catalog().property_key_name(key));
  }

  Scores run(const TextQuery& query) {
    if (query.kind == Kind::kBoolean) return boolean(query);
    Scores scores;
    for (size_t field = 0; field < reader_.fields(); ++field)
      if (query.field.empty() || query.field == names_[field]) leaf(query, static_cast<uint8_t>(field), &scores);
    for (auto& [id, score] : scores) score = query.kind == Kind::kAll ? query.boost : score * query.boost;
    return scores;
  }

 private:
  void add(uint64_t id, float score, Scores* scores) {
    context_.tick();
    auto [at, fresh] = scores->try_emplace(id, 0.0f);
    if (fresh) memory_.charge(kBytesPerHit);
    at->second += score;
  }

  // The clauses that are left without those of which the analyzer leaves nothing. AND makes both of its sides required;
  // its left side is the last that is left.
  std::vector<std::pair<Occur, const TextQuery*>> clauses_of(const TextQuery& query) const {
    std::vector<std::pair<Occur, const TextQuery*>> out;
    for (const TextQuery::Clause& clause : query.clauses) {
      Occur occur = clause.occur;
      if (clause.after_and && !out.empty() && out.back().first == Occur::kShould) out.back().first = Occur::kMust;
      if (clause.after_and && occur == Occur::kShould) occur = Occur::kMust;
      if (!is_empty(*clause.query)) out.emplace_back(occur, clause.query.get());
    }
    return out;
  }

  Scores boolean(const TextQuery& query) {
    Scores result;
    bool required = false;
    auto clauses = clauses_of(query);
    for (const auto& [occur, clause] : clauses) {
      if (occur != Occur::kMust) continue;
      Scores next = run(*clause);
      if (required) intersect(next, &result); else result = std::move(next);
      required = true;
    }
    for (const auto& [occur, clause] : clauses) {
      if (occur != Occur::kShould) continue;
      for (const auto& [id, score] : run(*clause))
        if (!required || result.contains(id)) add(id, score, &result);
    }
    for (const auto& [occur, clause] : clauses) {
      if (occur != Occur::kMustNot) continue;
      for (const auto& [id, score] : run(*clause)) result.erase(id);
    }
    for (auto& [id, score] : result) score *= query.boost;
    return result;
  }

  static void intersect(const Scores& next, Scores* result) {
    for (auto at = result->begin(); at != result->end();) {
      auto found = next.find(at->first);
      if (found == next.end()) {
        result->erase(at++);
      } else {
        at->second += found->second;
        ++at;
      }
    }
  }

  // Words that the analyzer leaves nothing of (stop words) ask for nothing.
  bool is_empty(const TextQuery& query) const {
    if (query.kind == Kind::kBoolean) {
      return std::all_of(query.clauses.begin(), query.clauses.end(), [&](const TextQuery::Clause& c) { return is_empty(*c.query); });
    }
    if (query.kind != Kind::kWords && query.kind != Kind::kPhrase) return false;
    return tokens_of(query).empty();
  }
  std::vector<TextToken> tokens_of(const TextQuery& query) const {
    std::vector<TextToken> tokens;
    analyzer_.analyze(query.text, 0, &tokens);
    return tokens;
  }

  void leaf(const TextQuery& query, uint8_t field, Scores* scores) {
    switch (query.kind) {
      case Kind::kWords:
        for (const TextToken& token : tokens_of(query)) term(field, token.term, 1, scores);
        break;
      case Kind::kPhrase: phrase(query, field, scores); break;
      case Kind::kPrefix: prefix(query, field, scores); break;
      case Kind::kWildcard: wildcard(query, field, scores); break;
      case Kind::kFuzzy: fuzzy(query, field, scores); break;
      case Kind::kRange: range(query, field, scores); break;
      case Kind::kRegex: regex(query, field, scores); break;
      case Kind::kAll: reader_.documents(field, [&](uint64_t id) { return add(id, 1, scores), true; }); break;
      case Kind::kBoolean: break;
    }
  }

  // What a frequency in a field of some length is worth.
  class Weight {
   public:
    Weight(const graph::FulltextStatistics& s, float idf)
        : idf_(idf), average_(s.documents == 0 ? 1 : static_cast<float>(static_cast<double>(s.words) / static_cast<double>(s.documents))) {}
    float score(float frequency, uint32_t length) const {
      float norm = kSaturation * (1 - kLengthWeight + kLengthWeight * static_cast<float>(length) / average_);
      return idf_ * frequency / (frequency + norm);
    }

   private:
    float idf_, average_;
  };

  struct Match {
    uint64_t id;
    uint32_t frequency, length;
  };
  std::vector<Match> matches(uint8_t field, std::string_view term) {
    std::vector<Match> out;
    reader_.postings(field, term, false, [&](const FulltextPosting& p) {
      context_.tick();
      out.push_back({p.id, p.frequency, p.length});
      return true;
    });
    return out;
  }

  void term(uint8_t field, std::string_view term, float boost, Scores* scores) {
    std::vector<Match> found = matches(field, term);
    graph::FulltextStatistics s = reader_.statistics(field);
    Weight weight(s, inverse_frequency(s.documents, found.size()));
    for (const Match& m : found) add(m.id, boost * weight.score(static_cast<float>(m.frequency), m.length), scores);
  }

  void phrase(const TextQuery& query, uint8_t field, Scores* scores) {
    std::vector<TextToken> tokens = tokens_of(query);
    if (tokens.size() == 1) return term(field, tokens[0].term, 1, scores);
    struct Candidate {
      uint32_t length;
      std::vector<std::vector<uint32_t>> positions;  // of each token
    };
    absl::flat_hash_map<uint64_t, Candidate> candidates;
    MemoryAccount held(context_);
    graph::FulltextStatistics s = reader_.statistics(field);
    float idf = 0;
    for (size_t i = 0; i < tokens.size(); ++i) {
      uint64_t documents = 0;
      reader_.postings(field, tokens[i].term, true, [&](const FulltextPosting& p) {
        context_.tick();
        ++documents;
        auto at = candidates.find(p.id);
        if (i == 0) at = candidates.try_emplace(p.id, Candidate{p.length, {}}).first;
        if (at == candidates.end() || at->second.positions.size() != i) return true;
        held.charge(64 + p.positions.size() * 4);
        at->second.positions.push_back(p.positions);
        return true;
      });
      idf += inverse_frequency(s.documents, documents);
    }
    Weight weight(s, idf);
    for (const auto& [id, candidate] : candidates) {
      if (candidate.positions.size() != tokens.size()) continue;
      float frequency = phrase_frequency(tokens, candidate.positions, query.slop);
      if (frequency > 0) add(id, weight.score(frequency, candidate.length), scores);
    }
  }

  // Every document that has one of the terms counts 1, however often.
  template <class F>
  void constant(uint8_t field, std::string_view from, Scores* scores, F&& next) {
    Scores once;
    reader_.terms(field, from, [&](std::string_view term) {
      context_.tick();
      bool wanted = false;
      if (!next(term, &wanted)) return false;
      if (wanted) reader_.postings(field, term, false, [&](const FulltextPosting& p) {
        context_.tick();
        if (once.try_emplace(p.id, 1.0f).second) memory_.charge(kBytesPerHit);
        return true;
      });
      return true;
    });
    for (const auto& [id, score] : once) add(id, score, scores);
  }

  void prefix(const TextQuery& query, uint8_t field, Scores* scores) {
    std::string wanted = analyzer_.normalize(query.text);
    constant(field, wanted, scores, [&](std::string_view term, bool* matches) { return *matches = term.starts_with(wanted); });
  }

  void wildcard(const TextQuery& query, uint8_t field, Scores* scores) {
    WildcardPattern pattern(query.text, [&](std::string_view literal) { return analyzer_.normalize(literal); });
    std::string head = pattern.literal_prefix();
    constant(field, head, scores, [&](std::string_view term, bool* matches) {
      *matches = pattern.matches(term);
      return term.starts_with(head);
    });
  }

  void range(const TextQuery& query, uint8_t field, Scores* scores) {
    std::string low = analyzer_.normalize(query.low), high = analyzer_.normalize(query.high);
    constant(field, low, scores, [&](std::string_view term, bool* matches) {
      bool above = low.empty() || term > low || query.low_inclusive;
      *matches = above && (high.empty() || term < high || (query.high_inclusive && term == high));
      return high.empty() || term <= high;
    });
  }

  void regex(const TextQuery& query, uint8_t field, Scores* scores) {
    RE2::Options options;
    options.set_log_errors(false);
    RE2 expression(query.text, options);
    if (!expression.ok())
      throw_error(ErrorCode::kProcedureCallFailed, "Cannot parse the regular expression /" + query.text + "/ in the full text query: " + expression.error());
    constant(field, "", scores, [&](std::string_view term, bool* matches) {
      *matches = RE2::FullMatch(re2::StringPiece(term.data(), term.size()), expression);
      return true;
    });
  }

  // The nearest terms, weighted by how near.
  void fuzzy(const TextQuery& query, uint8_t field, Scores* scores) {
    std::vector<uint32_t> wanted = decode_utf8(analyzer_.normalize(query.text));
    float length = static_cast<float>(wanted.size());
    auto edits = static_cast<uint32_t>(query.edits >= 1 || query.edits == 0 ? std::min(query.edits, 2.0f) : std::min((1 - query.edits) * length, 2.0f));
    std::vector<std::pair<float, std::string>> near;
    reader_.terms(field, "", [&](std::string_view term) {
      context_.tick();
      std::vector<uint32_t> other = decode_utf8(term);
      uint32_t distance = edit_distance(wanted, other, edits);
      if (distance > edits) return true;
      float shorter = static_cast<float>(std::max<size_t>(1, std::min(wanted.size(), other.size())));
      near.emplace_back(std::max(0.0f, 1 - static_cast<float>(distance) / shorter), term);
      return true;
    });
    std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    if (near.size() > kMaxFuzzyTerms) near.resize(kMaxFuzzyTerms);
    for (const auto& [boost, word] : near) term(field, word, boost, scores);
  }

  QueryContext& context_;
  MemoryAccount memory_;
  graph::FulltextReader reader_;
  const graph::TextAnalyzer& analyzer_;
  std::vector<std::string> names_;
};

bool only_spaces(std::string_view text) { return text.find_first_not_of(" \t\n\r") == std::string_view::npos; }

}  // namespace

std::vector<TextHit> search_text(QueryContext& context, const graph::IndexDefinition& index, std::string_view text,
                                 const graph::TextAnalyzer* analyzer) {
  if (only_spaces(text)) throw_error(ErrorCode::kProcedureCallFailed, "Cannot parse the full text query '" + std::string(text) + "': it is empty");
  const graph::TextAnalyzer& used = analyzer != nullptr ? *analyzer : graph::analyzer_of(index);
  std::unique_ptr<TextQuery> query = parse_text_query(text, used.takes_whole_texts());
  TextSearch search(context, index, used);
  std::vector<TextHit> hits;
  for (const auto& [id, score] : search.run(*query)) hits.push_back({id, score});
  std::sort(hits.begin(), hits.end(), [&](const TextHit& a, const TextHit& b) {
    context.tick();
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  });
  return hits;
}

}  // namespace graft::cypher
