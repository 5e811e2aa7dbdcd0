#include "graph/search_options.h"

#include <algorithm>
#include <cctype>

namespace graft::graph {

namespace {

constexpr std::string_view kFulltextProvider = "fulltext-1.0", kVectorProvider = "vector-2.0";
constexpr std::string_view kAnalyzerKey = "fulltext.analyzer", kConsistencyKey = "fulltext.eventually_consistent";
constexpr std::string_view kDimensionsKey = "vector.dimensions", kSimilarityKey = "vector.similarity_function";
constexpr std::string_view kLinksKey = "vector.hnsw.m", kEffortKey = "vector.hnsw.ef_construction", kQuantizationKey = "vector.quantization.enabled";

Error bad_option(const std::string& message) { return {ErrorCode::kArgument, message}; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

Error unknown_key(std::string_view key, IndexKind kind) {
  return bad_option("Unknown index setting '" + std::string(key) + "': " +
                    (kind == IndexKind::kFulltext ? "a full text index has `fulltext.analyzer` and `fulltext.eventually_consistent`"
                                                  : "a vector index has `vector.dimensions`, `vector.similarity_function`, `vector.hnsw.m`, `vector.hnsw.ef_construction` and `vector.quantization.enabled`"));
}

Result<Value> complete_fulltext(const Map& written) {
  Value analyzer = Value::string(kDefaultAnalyzer), eventual = Value::boolean(false);
  for (const auto& [key, value] : written) {
    if (key == kAnalyzerKey) {
      if (value.type() != ValueType::kString) return bad_option("`fulltext.analyzer` must be a string, not " + to_text(value));
      if (TextAnalyzer::find(value.as_string()) == nullptr)
        return bad_option("No such full text analyzer: " + to_text(value) + "; db.index.fulltext.listAvailableAnalyzers() lists them");
      analyzer = value;
    } else if (key == kConsistencyKey) {
      if (value.type() != ValueType::kBoolean) return bad_option("`fulltext.eventually_consistent` must be a boolean, not " + to_text(value));
      eventual = value;
    } else {
      return unknown_key(key, IndexKind::kFulltext);
    }
  }
  return Value::map({{std::string(kAnalyzerKey), analyzer}, {std::string(kConsistencyKey), eventual}});
}

// An integer from 1 to `most`.
Status check_count(std::string_view key, const Value& value, int64_t most) {
  if (value.type() == ValueType::kInteger && value.as_integer() >= 1 && value.as_integer() <= most) return {};
  return bad_option("`" + std::string(key) + "` must be an integer from 1 to " + std::to_string(most) + ", not " + to_text(value));
}

Result<Value> complete_vector(const Map& written) {
  Value dimensions, similarity = Value::string("COSINE"), links = Value::integer(16), effort = Value::integer(100), quantized = Value::boolean(true);
  for (const auto& [key, value] : written) {
    if (key == kDimensionsKey) {
      GRAFT_TRY(check_count(key, value, kMaxVectorDimensions));
      dimensions = value;
    } else if (key == kLinksKey) {
      GRAFT_TRY(check_count(key, value, 512));
      links = value;
    } else if (key == kEffortKey) {
      GRAFT_TRY(check_count(key, value, 3200));
      effort = value;
    } else if (key == kQuantizationKey) {
      if (value.type() != ValueType::kBoolean) return bad_option("`vector.quantization.enabled` must be a boolean, not " + to_text(value));
      quantized = value;
    } else if (key == kSimilarityKey) {
      std::string name = value.type() == ValueType::kString ? lower(value.as_string()) : std::string();
      if (name != "cosine" && name != "euclidean")
        return bad_option("`vector.similarity_function` must be 'cosine' or 'euclidean', not " + to_text(value));
      similarity = Value::string(name == "cosine" ? "COSINE" : "EUCLIDEAN");
    } else {
      return unknown_key(key, IndexKind::kVector);
    }
  }
  Map complete{{std::string(kEffortKey), effort}, {std::string(kLinksKey), links}, {std::string(kQuantizationKey), quantized}, {std::string(kSimilarityKey), similarity}};
  if (!dimensions.is_null()) complete.insert(complete.begin(), {std::string(kDimensionsKey), dimensions});
  return Value::map(std::move(complete));
}

// A setting of an index; null when it is not there.
Value setting(const IndexDefinition& definition, std::string_view key) {
  Value options = options_of(definition);
  if (options.type() != ValueType::kMap) return {};
  const Value* config = options.find("indexConfig");
  if (config == nullptr || config->type() != ValueType::kMap) return {};
  const Value* found = config->find(key);
  return found == nullptr ? Value() : *found;
}

}  // namespace

Result<Value> complete_options(IndexKind kind, const Value& written) {
  std::string_view provider = kind == IndexKind::kFulltext ? kFulltextProvider : kVectorProvider;
  Map config;
  if (!written.is_null()) {
    if (written.type() != ValueType::kMap) return bad_option("OPTIONS must be a map, not " + to_text(written));
    for (const auto& [key, value] : written.as_map()) {
      if (key == "indexConfig") {
        if (value.type() != ValueType::kMap) return bad_option("indexConfig must be a map, not " + to_text(value));
        config = value.as_map();
      } else if (key == "indexProvider") {
        bool known = value.type() == ValueType::kString &&
                     (value.as_string() == provider || (kind == IndexKind::kVector && value.as_string() == "vector-1.0"));
        if (!known) return bad_option("The index provider must be '" + std::string(provider) + "', not " + to_text(value));
      } else {
        return bad_option("Unknown option '" + key + "': indexConfig and indexProvider are known");
      }
    }
  }
  GRAFT_TRY_ASSIGN(Value complete, kind == IndexKind::kFulltext ? complete_fulltext(config) : complete_vector(config));
  return Value::map({{"indexConfig", std::move(complete)}, {"indexProvider", Value::string(provider)}});
}

void set_options(const Value& complete, IndexDefinition* definition) {
  definition->options.clear();
  encode_value(complete, &definition->options);
}

Value options_of(const IndexDefinition& definition) {
  std::string_view bytes = definition.options;
  Value options;
  if (bytes.empty() || !decode_value(&bytes, &options)) return {};
  return options;
}

const TextAnalyzer& analyzer_of(const IndexDefinition& definition) {
  Value name = setting(definition, kAnalyzerKey);
  const TextAnalyzer* found = name.type() == ValueType::kString ? TextAnalyzer::find(name.as_string()) : nullptr;
  return found != nullptr ? *found : *TextAnalyzer::find(kDefaultAnalyzer);
}

VectorOptions vector_options_of(const IndexDefinition& definition) {
  VectorOptions out;
  Value dimensions = setting(definition, kDimensionsKey), similarity = setting(definition, kSimilarityKey);
  if (dimensions.type() == ValueType::kInteger) out.dimensions = static_cast<uint32_t>(dimensions.as_integer());
  Value links = setting(definition, kLinksKey), effort = setting(definition, kEffortKey);
  if (links.type() == ValueType::kInteger) out.links = static_cast<uint32_t>(links.as_integer());
  if (effort.type() == ValueType::kInteger) out.build_effort = static_cast<uint32_t>(effort.as_integer());
  if (similarity.type() == ValueType::kString && similarity.as_string() == "EUCLIDEAN") out.similarity = VectorSimilarity::kEuclidean;
  return out;
}

}  // namespace graft::graph
