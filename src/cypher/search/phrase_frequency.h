#pragma once

#include <cstdint>
#include <vector>

#include "graph/text_analyzer.h"

namespace graft::cypher {

// How often a document's field has a phrase: positions[i] are those of tokens[i] there, ascending and at least one each.
// With slop, words may stand elsewhere by up to so many places in all; what was moved by d counts 1 / (1 + d). The same
// numbers as Lucene's (ExactPhraseMatcher, SloppyPhraseMatcher).
float phrase_frequency(const std::vector<graph::TextToken>& tokens, const std::vector<std::vector<uint32_t>>& positions, int slop);

}  // namespace graft::cypher
