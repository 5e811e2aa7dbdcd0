#pragma once

// Runs a full text query on an index: which entities match, and how well (BM25 as Lucene computes it, with the statistics
// of the reader's own version; prefixes, wildcards, ranges and regular expressions count 1 for each property).

#include <cstdint>
#include <string_view>
#include <vector>

#include "cypher/functions/query_context.h"
#include "graph/catalog.h"
#include "graph/text_analyzer.h"

namespace graft::cypher {

struct TextHit {
  uint64_t id;
  double score;
};

// The best first; equal scores in order of ids. analyzer: for the query's words, null: the index's. Throws QueryError.
std::vector<TextHit> search_text(QueryContext& context, const graph::IndexDefinition& index, std::string_view query,
                                 const graph::TextAnalyzer* analyzer);

}  // namespace graft::cypher
