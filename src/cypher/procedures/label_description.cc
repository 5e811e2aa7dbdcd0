#include "cypher/procedures/label_description.h"

#include <nlohmann/json.hpp>

#include "cypher/functions/query_context.h"
#include "cypher/functions/unicode.h"

namespace graft::cypher {
namespace {

using nlohmann::json;

[[noreturn]] void bad(const std::string& what) { throw_error(ErrorCode::kArgument, "The description of the label is not acceptable: " + what); }

json parse(std::string_view text) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    bad(std::string("it is not JSON: ") + error.what());
  }
}

std::string text_of(const json& object, const char* key) {
  auto at = object.find(key);
  if (at == object.end() || !at->is_string()) bad(std::string("\"") + key + "\" must be a string");
  return at->get<std::string>();
}

bool flag_of(const json& object, const char* key) {
  auto at = object.find(key);
  if (at == object.end()) return false;
  if (!at->is_boolean()) bad(std::string("\"") + key + "\" must be true or false");
  return at->get<bool>();
}

std::vector<std::pair<std::string, std::string>> pairs_of(const json& list) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!list.is_array()) bad("the pairs of labels must be a list such as [[\"person\", \"city\"]]");
  for (const json& pair : list) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) bad("a pair of labels must be two strings");
    pairs.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
  }
  return pairs;
}

void read_property(const json& property, DescribedLabel* out) {
  if (!property.is_object()) bad("each of \"properties\" must be an object");
  graph::SchemaField field{text_of(property, "name"), to_upper(text_of(property, "type")), flag_of(property, "optional")};
  if (flag_of(property, "index") && field.name != out->schema.primary) out->indexes.emplace_back(field.name, flag_of(property, "unique"));
  out->schema.fields.push_back(std::move(field));
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_end_labels(std::string_view text) { return pairs_of(parse(text)); }

DescribedLabel parse_label_description(std::string_view text, graph::EntityKind entity) {
  json object = parse(text);
  if (!object.is_object()) bad("it must be an object");
  bool node = entity == graph::EntityKind::kNode;
  DescribedLabel out;
  out.schema.entity = entity;
  out.name = text_of(object, "label");
  if (to_upper(text_of(object, "type")) != (node ? "VERTEX" : "EDGE")) bad(node ? "\"type\" must be \"VERTEX\"" : "\"type\" must be \"EDGE\"");
  if (node) out.schema.primary = text_of(object, "primary");
  if (!node && object.contains("constraints")) out.schema.end_labels = pairs_of(object["constraints"]);
  if (object.contains("properties")) {
    if (!object["properties"].is_array()) bad("\"properties\" must be a list");
    for (const json& property : object["properties"]) read_property(property, &out);
  }
  return out;
}

}  // namespace graft::cypher
