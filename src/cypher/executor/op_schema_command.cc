// CREATE and DROP of indexes and constraints: effects, no rows. Errors with Neo4j's codes and words.

#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/schema_text.h"
#include "cypher/functions/unicode.h"
#include "graph/search_options.h"

namespace graft::cypher {

using graph::ConstraintDefinition;
using graph::ConstraintKind;
using graph::EntityKind;
using graph::IndexDefinition;
using graph::IndexKind;
using graph::Value;

namespace {

template <class T>
const T* named(const std::vector<T>& definitions, const std::string& name) {
  auto at = std::find_if(definitions.begin(), definitions.end(), [&](const T& d) { return d.name == name; });
  return name.empty() || at == definitions.end() ? nullptr : &*at;
}

bool same_schema(const IndexDefinition& a, const IndexDefinition& b) {
  return a.entity == b.entity && a.labels_or_types == b.labels_or_types && a.keys == b.keys;
}

bool is_search(IndexKind kind) { return kind == IndexKind::kFulltext || kind == IndexKind::kVector; }
bool has_index(const ConstraintDefinition& c) { return c.kind == ConstraintKind::kUnique || c.kind == ConstraintKind::kKey; }

class SchemaCommand final : public Operator {
 public:
  SchemaCommand(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), command_(*static_cast<const PlanSchemaCommand&>(plan).command) {}

 private:
  void start() override { done_ = false; }

  Batch* next() override {
    if (done_) return nullptr;
    done_ = true;
    switch (command_.kind) {
      case CommandKind::kCreateIndex: create_index(static_cast<const CreateIndexCommand&>(command_)); break;
      case CommandKind::kDropIndex: drop_index(static_cast<const DropIndexCommand&>(command_)); break;
      case CommandKind::kCreateConstraint: create_constraint(static_cast<const CreateConstraintCommand&>(command_)); break;
      default: drop_constraint(static_cast<const DropConstraintCommand&>(command_)); break;
    }
    return nullptr;
  }

  const graph::Catalog& catalog() const { return context().view().catalog(); }

  std::string name_of(const std::string& name, const Expr* parameter) {
    if (parameter == nullptr) return name;
    Value v = compile_expression(parameter)->eval(argument_frame());
    if (v.type() != graph::ValueType::kString) throw_type("String", v);
    return std::string(v.as_string());
  }

  uint32_t token(EntityKind entity, const std::string& name) {
    return entity == EntityKind::kNode ? context().writer().label(name) : context().writer().type(name);
  }

  std::vector<graph::PropertyKeyId> keys_of(const std::vector<std::string>& names, EntityKind entity, const std::vector<uint32_t>& tokens, const char* what) {
    std::vector<graph::PropertyKeyId> keys;
    for (const std::string& name : names) keys.push_back(context().writer().property_key(name));
    std::vector<graph::PropertyKeyId> sorted = keys;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
      throw_error(ErrorCode::kRepeatedProperty, std::string(what) + " on " + schema_text(catalog(), entity, tokens, keys) + " includes a property more than once.");
    }
    return keys;
  }

  // {indexProvider: ..., indexConfig: {...}}: nothing to choose here, but what Neo4j would refuse is refused.
  Value options_of(const Expr* options, IndexKind kind, const std::string& what) {
    if (options == nullptr) return {};
    Value map = compile_expression(options)->eval(argument_frame());
    if (map.type() != graph::ValueType::kMap) throw_type("Map", map);
    if (is_search(kind)) return map;  // checked with what they mean
    for (const auto& [key, value] : map.as_map()) {
      if (to_lower(key) == "indexconfig" && value.type() == graph::ValueType::kMap) continue;
      if (to_lower(key) != "indexprovider") {
        throw_error(ErrorCode::kSyntax, "Failed to create " + what + ": Invalid option provided, valid options are `indexProvider` and `indexConfig`.");
      }
      std::string provider(index_provider_name(kind));
      if (value.type() == graph::ValueType::kString && value.as_string() == provider) continue;
      throw_error(ErrorCode::kInvalidOptions, "Could not create " + what + " with specified index provider '" +
                                                  (value.type() == graph::ValueType::kString ? std::string(value.as_string()) : graph::to_text(value)) +
                                                  "'.\nThe available index providers for the given type: ['" + provider + "'].");
    }
    return map;
  }

  void require_name_free(const std::string& name) const {
    if (named(catalog().indexes(), name) != nullptr && !owned_by_constraint(name)) {
      throw_error(ErrorCode::kIndexNameTaken, "There already exists an index called '" + name + "'.");
    }
    if (named(catalog().constraints(), name) != nullptr) {
      throw_error(ErrorCode::kConstraintNameTaken, "There already exists a constraint called '" + name + "'.");
    }
  }
  bool owned_by_constraint(const std::string& index_name) const { return owner_of(*named(catalog().indexes(), index_name)) != nullptr; }
  const ConstraintDefinition* owner_of(const IndexDefinition& index) const {
    for (const ConstraintDefinition& c : catalog().constraints())
      if (c.backing_index == index.id) return &c;
    return nullptr;
  }

  void create_index(const CreateIndexCommand& command) {
    IndexDefinition definition;
    definition.name = name_of(command.name, command.name_parameter);
    definition.kind = command.index_kind;
    definition.entity = command.entity;
    for (const std::string& name : command.labels_or_types) definition.labels_or_types.push_back(token(command.entity, name));
    definition.keys = keys_of(command.keys, command.entity, definition.labels_or_types, "Index");
    std::string kind = to_lower(index_type_name(definition.kind));
    std::string what = definition.kind == IndexKind::kLookup ? "token lookup index" : kind + (definition.entity == EntityKind::kNode ? " node" : " relationship") + " property index";
    Value options = options_of(command.options, definition.kind, what);
    if (is_search(definition.kind)) options = unwrap(graph::complete_options(definition.kind, options));
    if (!options.is_null()) graph::set_options(options, &definition);

    const IndexDefinition* same = nullptr;
    for (const IndexDefinition& other : catalog().indexes())
      if (other.kind == definition.kind && same_schema(other, definition)) same = &other;
    if (command.if_not_exists && (same != nullptr || named(catalog().indexes(), definition.name) != nullptr)) return;
    std::string schema = schema_text(catalog(), definition.entity, definition.labels_or_types, definition.keys);
    if (same != nullptr && same->name == definition.name && owner_of(*same) == nullptr) {
      throw_error(ErrorCode::kEquivalentRuleExists, "An equivalent index already exists, '" + index_text(catalog(), *same) + "'.");
    }
    require_name_free(definition.name);
    if (same != nullptr && owner_of(*same) != nullptr) {
      const char* rule = owner_of(*same)->kind == ConstraintKind::kUnique ? "uniqueness" : "key";
      throw_error(ErrorCode::kConstraintAlreadyExists, std::string("There is a ") + rule + " constraint on " + schema + ", so an index is already created that matches this.");
    }
    if (same != nullptr) throw_error(ErrorCode::kIndexAlreadyExists, "There already exists an index " + schema + ".");
    unwrap(context().writer().create_index(std::move(definition)));
  }

  void drop_index(const DropIndexCommand& command) {
    std::string name = name_of(command.name, command.name_parameter);
    const IndexDefinition* index = named(catalog().indexes(), name);
    if (index == nullptr && command.if_exists) return;
    if (index == nullptr) throw_error(ErrorCode::kIndexDropFailed, "Unable to drop index called `" + name + "`. There is no such index.");
    if (const ConstraintDefinition* owner = owner_of(*index)) {
      throw_error(ErrorCode::kIndexDropFailed, "Unable to drop index: Index belongs to constraint: `" + owner->name + "`");
    }
    unwrap(context().writer().drop_index(name));
  }

  void create_constraint(const CreateConstraintCommand& command) {
    ConstraintDefinition definition;
    definition.name = name_of(command.name, command.name_parameter);
    definition.kind = command.constraint_kind;
    definition.entity = command.entity;
    definition.label_or_type = token(command.entity, command.label_or_type);
    definition.keys = keys_of(command.keys, command.entity, {definition.label_or_type}, "Constraint");
    if (command.type != nullptr) definition.property_type = to_text(*command.type);
    static constexpr std::string_view kKinds[] = {"uniqueness", "key", "property existence", "property type"};
    std::string what = std::string(definition.entity == EntityKind::kNode ? "node " : "relationship ") + std::string(kKinds[static_cast<size_t>(definition.kind)]) + " constraint";
    if (command.options != nullptr && !has_index(definition)) {
      throw_error(ErrorCode::kSyntax, "Failed to create " + what + ": `OPTIONS` can only be given where the constraint has an index.");
    }
    options_of(command.options, IndexKind::kRange, what);
    const ConstraintDefinition* same = nullptr;   // of the same kind
    const ConstraintDefinition* alike = nullptr;  // a key and a uniqueness constraint stand in each other's way
    for (const ConstraintDefinition& other : catalog().constraints()) {
      if (other.entity != definition.entity || other.label_or_type != definition.label_or_type || other.keys != definition.keys) continue;
      if (other.kind == definition.kind) same = &other;
      else if (has_index(other) && has_index(definition)) alike = &other;
    }
    if (command.if_not_exists && (same != nullptr || named(catalog().constraints(), definition.name) != nullptr)) return;
    refuse_conflicts(definition, same, alike);
    unwrap(context().writer().create_constraint(std::move(definition)));
  }

  void refuse_conflicts(const ConstraintDefinition& definition, const ConstraintDefinition* same, const ConstraintDefinition* alike) const {
    if (same != nullptr && same->name == definition.name && same->property_type == definition.property_type) {
      throw_error(ErrorCode::kEquivalentRuleExists, "An equivalent constraint already exists, '" + constraint_text(catalog(), *same) + "'.");
    }
    require_name_free(definition.name);
    if (same == nullptr) same = alike;
    if (same != nullptr) throw_error(ErrorCode::kConstraintAlreadyExists, "Constraint already exists: " + constraint_text(catalog(), *same));
    if (!has_index(definition)) return;
    for (const IndexDefinition& index : catalog().indexes()) {
      if (index.kind != IndexKind::kRange || index.entity != definition.entity || index.keys != definition.keys ||
          index.labels_or_types != std::vector<uint32_t>{definition.label_or_type}) {
        continue;
      }
      throw_error(ErrorCode::kIndexAlreadyExists, "There already exists an index " + schema_text(catalog(), index.entity, index.labels_or_types, index.keys) +
                                                      ". A constraint cannot be created until the index has been dropped.");
    }
  }

  void drop_constraint(const DropConstraintCommand& command) {
    std::string name = name_of(command.name, command.name_parameter);
    const ConstraintDefinition* constraint = named(catalog().constraints(), name);
    if (constraint == nullptr && command.if_exists) return;
    if (constraint == nullptr) throw_error(ErrorCode::kConstraintDropFailed, "Unable to drop constraint `" + name + "`: No such constraint " + name + ".");
    unwrap(context().writer().drop_constraint(name));
  }

  const Command& command_;
  bool done_ = true;
};

}  // namespace

OperatorPtr make_schema_command(Executor& executor, const PlanNode& plan) {
  return std::make_unique<SchemaCommand>(executor, plan);
}

}  // namespace graft::cypher
