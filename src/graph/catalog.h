#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/ids.h"
#include "graph/value.h"

namespace graft::graph {

enum class EntityKind : uint8_t { kNode, kRelationship };
enum class IndexKind : uint8_t { kRange, kText, kPoint, kLookup, kFulltext, kVector };
enum class IndexState : uint8_t { kPopulating, kOnline, kFailed };

struct IndexDefinition {
  IndexId id = kNoToken;
  std::string name;
  IndexKind kind = IndexKind::kRange;
  EntityKind entity = EntityKind::kNode;
  std::vector<uint32_t> labels_or_types;  // one, but for full text
  std::vector<PropertyKeyId> keys;
  bool unique = false;
  IndexState state = IndexState::kOnline;
  std::string failure;                    // why, when kFailed
  std::string options;                    // encoded map
};

enum class ConstraintKind : uint8_t { kUnique, kKey, kExists, kPropertyType };

struct ConstraintDefinition {
  std::string name;
  ConstraintKind kind = ConstraintKind::kUnique;
  EntityKind entity = EntityKind::kNode;
  uint32_t label_or_type = kNoToken;
  std::vector<PropertyKeyId> keys;
  std::string property_type;              // kPropertyType: as written, normalised
  IndexId backing_index = kNoToken;       // kUnique, kKey
  bool validating = false;                // holds for writes, but what was there before is still being checked
};

// TuGraph's typed schema for one label or type (db.createVertexLabel, db.createEdgeLabel): BOOL, INT8 ... INT64, FLOAT,
// DOUBLE, DATE, DATETIME, STRING, BLOB, POINT ...
struct SchemaField {
  std::string name;
  std::string type;  // upper case
  bool optional = false;
  bool operator==(const SchemaField&) const = default;
};
struct LabelSchema {
  EntityKind entity = EntityKind::kNode;
  uint32_t label_or_type = kNoToken;
  std::string primary;                                          // nodes
  std::vector<std::pair<std::string, std::string>> end_labels;  // relationships: allowed (start, end); empty: any
  std::vector<SchemaField> fields;
  bool validating = false;                                      // as in ConstraintDefinition
};

// Work that a schema change over much data has left to be done, piece by piece (replication/schema_builder.h).
struct SchemaTask {
  enum class Kind : uint8_t { kBuildIndex, kCheckConstraint, kCheckSchema };
  Kind kind = Kind::kBuildIndex;
  IndexId index = kNoToken;               // kBuildIndex
  std::string constraint;                 // kCheckConstraint; kBuildIndex: the constraint that the index is for, if any
  EntityKind entity = EntityKind::kNode;  // kCheckSchema
  uint32_t label_or_type = kNoToken;
  bool operator==(const SchemaTask&) const = default;
};

// Names, indexes, constraints and schemas of one version. Immutable; shared between versions until one changes it.
class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual uint64_t version() const = 0;  // changes with every change of the catalog: plan cache key
  virtual std::optional<LabelId> label(std::string_view name) const = 0;
  virtual std::optional<TypeId> type(std::string_view name) const = 0;
  virtual std::optional<PropertyKeyId> property_key(std::string_view name) const = 0;
  virtual const std::string& label_name(LabelId id) const = 0;      // an unknown id is a CHECK
  virtual const std::string& type_name(TypeId id) const = 0;
  virtual const std::string& property_key_name(PropertyKeyId id) const = 0;
  virtual std::vector<std::string> labels() const = 0;              // sorted
  virtual std::vector<std::string> types() const = 0;
  virtual std::vector<std::string> property_keys() const = 0;
  virtual const std::vector<IndexDefinition>& indexes() const = 0;
  virtual const std::vector<ConstraintDefinition>& constraints() const = 0;
  virtual const LabelSchema* schema(EntityKind entity, uint32_t label_or_type) const = 0;
};

// All that is left to do, in a fixed order.
std::vector<SchemaTask> schema_tasks(const Catalog& catalog);
// Whether one piece of work is still under way, has come to its good end, or is over with what it was for removed.
enum class TaskState : uint8_t { kUnderWay, kDone, kFailed };
TaskState task_state(const Catalog& catalog, const SchemaTask& task, std::string* failure);

}  // namespace graft::graph
