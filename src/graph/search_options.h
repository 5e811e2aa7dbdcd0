#pragma once

// What CREATE FULLTEXT INDEX and CREATE VECTOR INDEX say in OPTIONS, kept encoded in IndexDefinition::options.

#include <string>
#include <string_view>

#include "base/result.h"
#include "graph/catalog.h"
#include "graph/text_analyzer.h"
#include "graph/value.h"

namespace graft::graph {

enum class VectorSimilarity : uint8_t { kCosine, kEuclidean };
inline constexpr int64_t kMaxVectorDimensions = 4096;

struct VectorOptions {
  uint32_t dimensions = 0;  // 0: any
  VectorSimilarity similarity = VectorSimilarity::kCosine;
  uint32_t links = 16, build_effort = 100;  // of the derived index: vector.hnsw.m and .ef_construction
};

// Checks what was written (a map with indexConfig and indexProvider, or null) and gives it back complete, with the defaults
// that were left out. kInvalidArgument names the setting and what it may be.
Result<Value> complete_options(IndexKind kind, const Value& written);
void set_options(const Value& complete, IndexDefinition* definition);
Value options_of(const IndexDefinition& definition);  // as complete_options gives them; null: none

// Of an index whose options were completed; one that was not has the defaults.
const TextAnalyzer& analyzer_of(const IndexDefinition& definition);
VectorOptions vector_options_of(const IndexDefinition& definition);

}  // namespace graft::graph
