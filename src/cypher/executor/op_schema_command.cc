// CREATE and DROP of indexes and constraints: effects, no rows.

#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "graph/search_options.h"

namespace graft::cypher {

using graph::ConstraintDefinition;
using graph::EntityKind;
using graph::IndexDefinition;
using graph::IndexKind;
using graph::Value;

namespace {

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

  bool name_taken(const std::string& name) const {
    auto has_name = [&](const auto& definition) { return definition.name == name; };
    const auto& indexes = catalog().indexes();
    const auto& constraints = catalog().constraints();
    return !name.empty() && (std::any_of(indexes.begin(), indexes.end(), has_name) ||
                             std::any_of(constraints.begin(), constraints.end(), has_name));
  }

  void set_options(const CreateIndexCommand& command, IndexDefinition* definition) {
    Value options;
    if (command.options != nullptr) {
      options = compile_expression(command.options)->eval(argument_frame());
      if (options.type() != graph::ValueType::kMap) throw_type("Map", options);
    }
    bool search = definition->kind == IndexKind::kFulltext || definition->kind == IndexKind::kVector;
    if (search) options = unwrap(graph::complete_options(definition->kind, options));
    if (!options.is_null()) graph::set_options(options, definition);
  }

  void create_index(const CreateIndexCommand& command) {
    IndexDefinition definition;
    definition.name = name_of(command.name, command.name_parameter);
    definition.kind = command.index_kind;
    definition.entity = command.entity;
    for (const std::string& name : command.labels_or_types) definition.labels_or_types.push_back(token(command.entity, name));
    for (const std::string& key : command.keys) definition.keys.push_back(context().writer().property_key(key));
    set_options(command, &definition);
    const auto& indexes = catalog().indexes();
    bool same = std::any_of(indexes.begin(), indexes.end(), [&](const IndexDefinition& other) {
      return other.kind == definition.kind && other.entity == definition.entity &&
             other.labels_or_types == definition.labels_or_types && other.keys == definition.keys;
    });
    if (command.if_not_exists && (same || name_taken(definition.name))) return;
    if (same) throw_error(ErrorCode::kIndexAlreadyExists, "There already exists an equivalent index");
    if (name_taken(definition.name)) {
      throw_error(ErrorCode::kIndexAlreadyExists, "There already exists an index or constraint called '" + definition.name + "'");
    }
    unwrap(context().writer().create_index(std::move(definition)));
  }

  void drop_index(const DropIndexCommand& command) {
    std::string name = name_of(command.name, command.name_parameter);
    const auto& indexes = catalog().indexes();
    bool exists = std::any_of(indexes.begin(), indexes.end(), [&](const auto& index) { return index.name == name; });
    if (!exists && command.if_exists) return;
    if (!exists) throw_error(ErrorCode::kIndexNotFound, "Unable to drop index called `" + name + "`: there is no such index");
    unwrap(context().writer().drop_index(name));
  }

  void create_constraint(const CreateConstraintCommand& command) {
    ConstraintDefinition definition;
    definition.name = name_of(command.name, command.name_parameter);
    definition.kind = command.constraint_kind;
    definition.entity = command.entity;
    definition.label_or_type = token(command.entity, command.label_or_type);
    for (const std::string& key : command.keys) definition.keys.push_back(context().writer().property_key(key));
    if (command.type != nullptr) definition.property_type = to_text(*command.type);
    const auto& constraints = catalog().constraints();
    bool same = std::any_of(constraints.begin(), constraints.end(), [&](const ConstraintDefinition& other) {
      return other.kind == definition.kind && other.entity == definition.entity &&
             other.label_or_type == definition.label_or_type && other.keys == definition.keys;
    });
    if (command.if_not_exists && (same || name_taken(definition.name))) return;
    if (same) throw_error(ErrorCode::kConstraintAlreadyExists, "An equivalent constraint already exists");
    if (name_taken(definition.name)) {
      throw_error(ErrorCode::kConstraintAlreadyExists,
                  "There already exists an index or constraint called '" + definition.name + "'");
    }
    unwrap(context().writer().create_constraint(std::move(definition)));
  }

  void drop_constraint(const DropConstraintCommand& command) {
    std::string name = name_of(command.name, command.name_parameter);
    const auto& constraints = catalog().constraints();
    bool exists = std::any_of(constraints.begin(), constraints.end(), [&](const auto& c) { return c.name == name; });
    if (!exists && command.if_exists) return;
    if (!exists) throw_error(ErrorCode::kConstraintNotFound, "Unable to drop constraint `" + name + "`: there is no such constraint");
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
