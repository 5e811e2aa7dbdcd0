#pragma once

// Reading entities the way Cypher wants it: an error for what the statement itself has deleted, names looked up late.

#include <string>
#include <string_view>

#include "cypher/functions/query_context.h"
#include "graph/value.h"

namespace graft::cypher {

// A token known by name only until the catalog has it; looked up again when the catalog changes.
class LateToken {
 public:
  enum Kind : uint8_t { kLabel, kType, kPropertyKey };
  LateToken(Kind kind, std::string name, uint32_t id = graph::kNoToken) : kind_(kind), name_(std::move(name)), id_(id) {}
  const std::string& name() const { return name_; }
  uint32_t find(const QueryContext& context) { return id_ != graph::kNoToken ? id_ : look_up(context); }
  uint32_t make(QueryContext& context);  // found, or made in the transaction

 private:
  uint32_t look_up(const QueryContext& context);
  Kind kind_;
  std::string name_;
  uint32_t id_;
  uint64_t version_ = ~uint64_t{0};
};

// key: kNoToken gives null.
graph::Value node_property(QueryContext& context, graph::NodeId id, graph::PropertyKeyId key);
graph::Value relationship_property(QueryContext& context, graph::RelationshipId id, graph::PropertyKeyId key);
// As maps, sorted by property name.
graph::Value node_properties(QueryContext& context, graph::NodeId id);
graph::Value relationship_properties(QueryContext& context, graph::RelationshipId id);
graph::Value label_names(QueryContext& context, graph::NodeId id);  // list of strings
graph::Value relationship_type_name(QueryContext& context, graph::RelationshipId id);
graph::RelationshipRecord relationship_record(QueryContext& context, graph::RelationshipId id);
void require_node(const QueryContext& context, graph::NodeId id);
void require_relationship(const QueryContext& context, graph::RelationshipId id);

// subject.key for any subject: entity, map, temporal, point; null gives null. Throws kType for the rest.
graph::Value property_of(QueryContext& context, const graph::Value& subject, std::string_view key);
// subject[key] of a list, map or entity.
graph::Value element_of(QueryContext& context, const graph::Value& subject, const graph::Value& key);
// All properties of an entity, or the map itself; null gives null.
graph::Value properties_of(QueryContext& context, const graph::Value& subject);

}  // namespace graft::cypher
