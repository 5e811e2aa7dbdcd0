// vector.similarity.*
#include <cmath>

#include "cypher/functions/function_helpers.h"
#include "cypher/search/vector_search.h"

namespace graft::cypher {
namespace {

using graph::Value;
using graph::ValueType;

std::vector<float> similarity_vector(const Value& v, const char* function) {
  std::vector<float> out;
  for (const Value& item : list_argument(v)) {
    if (!item.is_number()) throw_type("List<Integer | Float>", v);
    float f = static_cast<float>(item.as_number());
    if (!std::isfinite(f)) throw_error(ErrorCode::kArgument, std::string(function) + " needs vectors of finite numbers, not " + graph::to_text(v));
    out.push_back(f);
  }
  if (out.empty()) throw_error(ErrorCode::kArgument, std::string(function) + " needs vectors of at least one dimension");
  return out;
}

template <graph::VectorSimilarity similarity>
Value similarity_of(QueryContext&, Arguments args) {
  constexpr bool cosine = similarity == graph::VectorSimilarity::kCosine;
  constexpr const char* name = cosine ? "vector.similarity.cosine()" : "vector.similarity.euclidean()";
  std::vector<float> a = similarity_vector(args[0], name), b = similarity_vector(args[1], name);
  if (a.size() != b.size()) {
    throw_error(ErrorCode::kArgument, std::string(name) + " needs vectors of the same number of dimensions, not " + std::to_string(a.size()) + " and " + std::to_string(b.size()));
  }
  for (const std::vector<float>* v : {&a, &b}) {
    float norm = 0;
    for (float f : *v) norm += f * f;
    if (cosine && norm == 0) throw_error(ErrorCode::kArgument, std::string(name) + " needs vectors whose length is above 0");
  }
  return Value::floating(vector_score(similarity, a, b));
}

}  // namespace

void add_vector_functions(FunctionTable& t) {
  t.scalar("vector.similarity.cosine(a :: LIST<FLOAT>, b :: LIST<FLOAT>) :: FLOAT", "Vector", similarity_of<graph::VectorSimilarity::kCosine>,
           "How near two directions are: 0 for opposite ones, 1 for the same.");
  t.scalar("vector.similarity.euclidean(a :: LIST<FLOAT>, b :: LIST<FLOAT>) :: FLOAT", "Vector", similarity_of<graph::VectorSimilarity::kEuclidean>,
           "How near two points are: 1 / (1 + squared distance).");
}

}  // namespace graft::cypher
