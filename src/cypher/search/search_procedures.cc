// db.index.fulltext.*, db.index.vector.* and what goes with them.
#include "cypher/search/search_procedures.h"

#include <algorithm>

#include "cypher/functions/query_context.h"
#include "cypher/procedures/builtin.h"
#include "cypher/search/text_search.h"
#include "cypher/search/vector_search.h"
#include "graph/vector_pages.h"

namespace graft::cypher {
namespace {

using graph::EntityKind;
using graph::IndexDefinition;
using graph::IndexKind;
using graph::Value;
using graph::ValueType;

Value entity_value(EntityKind entity, uint64_t id) {
  return entity == EntityKind::kNode ? Value::node(id) : Value::relationship(id);
}

// The index to be asked, which must be online.
const IndexDefinition& index_named(const ProcedureCall& call, std::string_view name, IndexKind kind, EntityKind entity) {
  std::string_view what = kind == IndexKind::kFulltext ? "fulltext" : "vector";
  for (const IndexDefinition& index : call.caller.view->catalog().indexes()) {
    if (index.name != name || index.kind != kind) continue;
    if (index.entity != entity) {
      bool nodes = index.entity == EntityKind::kNode;
      throw_error(ErrorCode::kProcedureCallFailed, "The " + std::string(what) + " index '" + index.name + "' is for " + (nodes ? "nodes" : "relationships") +
                                                       ": use db.index." + std::string(what) + (nodes ? ".queryNodes" : ".queryRelationships"));
    }
    if (index.state == graph::IndexState::kFailed) throw_error(ErrorCode::kProcedureCallFailed, "Index '" + index.name + "' has failed: " + index.failure);
    if (index.state != graph::IndexState::kOnline) {
      throw_error(ErrorCode::kProcedureCallFailed, "Index '" + index.name + "' is still being built: wait with CALL db.awaitIndexes() until SHOW INDEXES says ONLINE");
    }
    return index;
  }
  throw_error(ErrorCode::kProcedureCallFailed, "There is no such " + std::string(what) + " schema index: " + std::string(name));
}

struct Page {
  size_t skip = 0, limit = SIZE_MAX;
  const graph::TextAnalyzer* analyzer = nullptr;
};

size_t count_option(const std::string& key, const Value& value) {
  if (value.type() != ValueType::kInteger || value.as_integer() < 0) throw_error(ErrorCode::kArgument, "The option '" + key + "' must be an integer, 0 or more, not " + graph::to_text(value));
  return static_cast<size_t>(value.as_integer());
}

Page page_of(const Value& options) {
  Page page;
  if (options.is_null()) return page;
  for (const auto& [key, value] : options.as_map()) {
    if (key == "skip") {
      page.skip = count_option(key, value);
    } else if (key == "limit") {
      page.limit = count_option(key, value);
    } else if (key == "analyzer") {
      page.analyzer = value.type() == ValueType::kString ? graph::TextAnalyzer::find(value.as_string()) : nullptr;
      if (page.analyzer == nullptr) throw_error(ErrorCode::kArgument, "No such full text analyzer: " + graph::to_text(value));
    } else {
      throw_error(ErrorCode::kArgument, "Unknown option '" + key + "': skip, limit and analyzer are known");
    }
  }
  return page;
}

template <EntityKind entity>
std::unique_ptr<ProcedureRows> query_fulltext(const ProcedureCall& call) {
  const IndexDefinition& index = index_named(call, call.arguments[0].as_string(), IndexKind::kFulltext, entity);
  Page page = page_of(call.arguments[2]);
  std::vector<TextHit> hits = search_text(call.query, index, call.arguments[1].as_string(), page.analyzer);
  std::vector<Row> rows;
  size_t end = page.limit < hits.size() - std::min(page.skip, hits.size()) ? page.skip + page.limit : hits.size();
  for (size_t i = page.skip; i < end; ++i) {
    call.query.tick();
    rows.push_back({entity_value(entity, hits[i].id), Value::floating(hits[i].score)});
  }
  return make_rows(std::move(rows));
}

std::unique_ptr<ProcedureRows> list_analyzers(const ProcedureCall&) {
  std::vector<Row> rows;
  for (const graph::TextAnalyzer* a : graph::TextAnalyzer::all()) {
    graph::List stop_words;
    for (std::string_view word : a->stop_words()) stop_words.push_back(Value::string(word));
    rows.push_back({Value::string(a->name()), Value::string(a->description()), Value::list(std::move(stop_words))});
  }
  return make_rows(std::move(rows));
}

std::unique_ptr<ProcedureRows> nothing_to_wait_for(const ProcedureCall&) { return nullptr; }  // every commit keeps the indexes

// The vector of an argument. Throws for what no index could hold.
std::vector<float> vector_argument(const Value& value, const graph::VectorOptions& options) {
  if (value.type() != ValueType::kList) throw_type("List<Float>", value);
  if (options.dimensions != 0 && value.as_list().size() != options.dimensions) {
    throw_error(ErrorCode::kArgument, "Index query vector has " + std::to_string(value.as_list().size()) + " dimensions, but indexed vectors have " + std::to_string(options.dimensions) + ".");
  }
  auto vector = graph::vector_of(value, options);
  if (!vector) throw_error(ErrorCode::kArgument, "Index query vector must contain finite numbers only" + std::string(options.similarity == graph::VectorSimilarity::kCosine ? ", and have a length above 0." : "."));
  return std::move(*vector);
}

template <EntityKind entity>
ProcedureFunction query_vectors(std::shared_ptr<VectorIndexes> indexes) {
  return [indexes](const ProcedureCall& call) {
    const IndexDefinition& index = index_named(call, call.arguments[0].as_string(), IndexKind::kVector, entity);
    int64_t k = call.arguments[1].as_integer();
    if (k <= 0) throw_error(ErrorCode::kArgument, "'numberOfNearestNeighbours' must be positive");
    std::vector<float> query = vector_argument(call.arguments[2], graph::vector_options_of(index));
    std::vector<Row> rows;
    for (const VectorHit& hit : nearest_vectors(call.query, indexes.get(), index, query, static_cast<size_t>(k)))
      rows.push_back({entity_value(entity, hit.id), Value::floating(hit.score)});
    return make_rows(std::move(rows));
  };
}

template <EntityKind entity>
std::unique_ptr<ProcedureRows> set_vector(const ProcedureCall& call) {
  graph::List floats;
  for (const Value& item : call.arguments[2].as_list()) {
    if (!item.is_number()) throw_type("List<Float>", call.arguments[2]);
    floats.push_back(Value::floating(item.as_number()));
  }
  if (floats.empty()) throw_error(ErrorCode::kArgument, "A vector must have at least one dimension");
  graph::GraphTransaction& writer = writer_of(call);
  graph::PropertyKeyId key = writer.property_key(call.arguments[1].as_string());
  Value vector = Value::list(std::move(floats));
  unwrap(entity == EntityKind::kNode ? writer.set_node_property(call.arguments[0].as_node(), key, vector)
                                     : writer.set_relationship_property(call.arguments[0].as_relationship(), key, vector));
  return nullptr;
}

std::unique_ptr<ProcedureRows> set_vector_and_give(const ProcedureCall& call) {
  set_vector<EntityKind::kNode>(call);
  return make_rows({{call.arguments[0]}});
}

// Neo4j's older way to make a vector index.
std::unique_ptr<ProcedureRows> create_vector_index(const ProcedureCall& call) {
  graph::GraphTransaction& writer = writer_of(call);
  IndexDefinition definition;
  definition.name = call.arguments[0].as_string();
  definition.kind = IndexKind::kVector;
  definition.labels_or_types = {writer.label(call.arguments[1].as_string())};
  definition.keys = {writer.property_key(call.arguments[2].as_string())};
  Value config = Value::map({{"vector.dimensions", call.arguments[3]}, {"vector.similarity_function", call.arguments[4]}});
  graph::set_options(unwrap(graph::complete_options(definition.kind, Value::map({{"indexConfig", config}}))), &definition);
  unwrap(writer.create_index(std::move(definition)));
  return nullptr;
}

class Adder {
 public:
  explicit Adder(ProcedureRegistry& registry) : registry_(registry) {}
  void add(std::string name, std::vector<ProcedureInput> inputs, std::vector<ProcedureOutput> outputs, ProcedureMode mode, std::string description, ProcedureFunction call) {
    ProcedureInfo p;
    p.name = std::move(name);
    p.inputs = std::move(inputs);
    p.outputs = std::move(outputs);
    p.mode = mode;
    p.description = std::move(description);
    p.call = std::move(call);
    registry_.add(std::move(p));
  }

 private:
  ProcedureRegistry& registry_;
};

}  // namespace

void add_search_procedures(ProcedureRegistry& registry, std::shared_ptr<VectorIndexes> indexes) {
  Adder procedures(registry);
  std::vector<ProcedureInput> text{{"indexName", "STRING", {}}, {"queryString", "STRING", {}}, {"options", "MAP", Value::map({})}};
  std::vector<ProcedureInput> vector{{"indexName", "STRING", {}}, {"numberOfNearestNeighbours", "INTEGER", {}}, {"query", "LIST<FLOAT>", {}}};
  std::vector<ProcedureOutput> nodes{{"node", "NODE"}, {"score", "FLOAT"}}, relationships{{"relationship", "RELATIONSHIP"}, {"score", "FLOAT"}};
  procedures.add("db.index.fulltext.queryNodes", text, nodes, ProcedureMode::kRead, "Nodes that a full text query finds, the best first.", query_fulltext<EntityKind::kNode>);
  procedures.add("db.index.fulltext.queryRelationships", text, relationships, ProcedureMode::kRead, "Relationships that a full text query finds, the best first.", query_fulltext<EntityKind::kRelationship>);
  procedures.add("db.index.fulltext.listAvailableAnalyzers", {}, {{"analyzer", "STRING"}, {"description", "STRING"}, {"stopwords", "LIST<STRING>"}}, ProcedureMode::kRead, "What `fulltext.analyzer` may be.", list_analyzers);
  procedures.add("db.index.fulltext.awaitEventuallyConsistentIndexRefresh", {}, {}, ProcedureMode::kRead, "Returns at once: indexes are never behind.", nothing_to_wait_for);
  procedures.add("db.index.vector.queryNodes", vector, nodes, ProcedureMode::kRead, "The nodes whose vectors are nearest, the best first.", query_vectors<EntityKind::kNode>(indexes));
  procedures.add("db.index.vector.queryRelationships", vector, relationships, ProcedureMode::kRead, "The relationships whose vectors are nearest, the best first.", query_vectors<EntityKind::kRelationship>(indexes));
  procedures.add("db.create.setNodeVectorProperty", {{"node", "NODE", {}}, {"key", "STRING", {}}, {"vector", "LIST<FLOAT>", {}}}, {}, ProcedureMode::kWrite, "Sets a property to a list of floats.", set_vector<EntityKind::kNode>);
  procedures.add("db.create.setRelationshipVectorProperty", {{"relationship", "RELATIONSHIP", {}}, {"key", "STRING", {}}, {"vector", "LIST<FLOAT>", {}}}, {}, ProcedureMode::kWrite, "Sets a property to a list of floats.", set_vector<EntityKind::kRelationship>);
  procedures.add("db.create.setVectorProperty", {{"node", "NODE", {}}, {"key", "STRING", {}}, {"vector", "LIST<FLOAT>", {}}}, {{"node", "NODE"}}, ProcedureMode::kWrite, "Sets a property to a list of floats. The older form of db.create.setNodeVectorProperty.", set_vector_and_give);
  procedures.add("db.index.vector.createNodeIndex", {{"indexName", "STRING", {}}, {"label", "STRING", {}}, {"propertyKey", "STRING", {}}, {"vectorDimension", "INTEGER", {}}, {"vectorSimilarityFunction", "STRING", {}}}, {}, ProcedureMode::kSchema, "The older form of CREATE VECTOR INDEX.", create_vector_index);
}

}  // namespace graft::cypher
