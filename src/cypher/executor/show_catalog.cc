// SHOW PROCEDURES, FUNCTIONS, DATABASES.

#include "cypher/executor/show_rows.h"
#include "cypher/functions/registry.h"
#include "cypher/procedures/registry.h"

namespace graft::cypher {

using graph::List;
using graph::Map;
using graph::Value;

namespace {

Value as_text(std::string_view s) { return Value::string(s); }

Value argument(const std::string& name, const std::string& type, const std::optional<Value>& default_value, bool is_input) {
  Map map{{"name", as_text(name)}, {"type", as_text(type)}, {"description", as_text(name + " :: " + type)}, {"isDeprecated", Value::boolean(false)}};
  if (is_input && default_value.has_value()) map.emplace_back("default", as_text("DefaultParameterValue{value=" + graph::to_text(*default_value) + ", type=" + type + "}"));
  return Value::map(std::move(map));
}

std::string_view mode_name(ProcedureMode mode) {
  switch (mode) {
    case ProcedureMode::kRead: return "READ";
    case ProcedureMode::kWrite: return "WRITE";
    case ProcedureMode::kSchema: return "SCHEMA";
    case ProcedureMode::kDbms: return "DBMS";
  }
  return "";
}

}  // namespace

std::vector<Map> show_procedures(QueryContext& context) {
  std::vector<Map> rows;
  if (context.options().procedures == nullptr) return rows;
  for (const ProcedureInfo* p : context.options().procedures->all()) {
    List inputs, outputs;
    for (const ProcedureInput& input : p->inputs) inputs.push_back(argument(input.name, input.type, input.default_value, true));
    for (const ProcedureOutput& output : p->outputs) outputs.push_back(argument(output.name, output.type, {}, false));
    rows.push_back({
        {"name", as_text(p->name)},
        {"description", as_text(p->description)},
        {"mode", as_text(mode_name(p->mode))},
        {"worksOnSystem", Value::boolean(p->mode == ProcedureMode::kDbms)},
        {"signature", as_text(p->signature)},
        {"argumentDescription", Value::list(std::move(inputs))},
        {"returnDescription", Value::list(std::move(outputs))},
        {"admin", Value::boolean(p->admin)},
        {"rolesExecution", Value()},
        {"rolesBoostedExecution", Value()},
        {"isDeprecated", Value::boolean(false)},
        {"deprecatedBy", Value()},
        {"option", Value::map({{"deprecated", Value::boolean(false)}})},
    });
  }
  return rows;
}

namespace {

// "name(a :: T, b = 1 :: LIST<U>) :: V": the arguments, and V.
List arguments_of(std::string_view signature, std::string_view* result) {
  List out;
  size_t open = signature.find('('), depth = 0, begin = open + 1;
  if (open == std::string_view::npos) return out;
  auto add = [&](std::string_view part) {
    size_t colons = part.find(" :: ");
    if (colons == std::string_view::npos) return;
    std::string_view name = part.substr(0, colons), type = part.substr(colons + 4);
    name = name.substr(name.find_first_not_of(' '));
    out.push_back(argument(std::string(name.substr(0, name.find(" ="))), std::string(type), {}, false));
  };
  for (size_t i = open + 1; i < signature.size(); ++i) {
    char c = signature[i];
    if (c == '<' || c == '(') ++depth;
    bool ends = depth == 0 && (c == ',' || c == ')');
    if (ends) {
      add(signature.substr(begin, i - begin));
      begin = i + 1;
    }
    if (ends && c == ')') {
      if (signature.substr(i).starts_with(") :: ")) *result = signature.substr(i + 5);
      return out;
    }
    if (c == '>' || c == ')') --depth;
  }
  return out;
}

}  // namespace

std::vector<Map> show_functions() {
  std::vector<Map> rows;
  for (std::string_view name : function_names()) {
    const FunctionInfo* f = find_function(name);
    std::string_view result;
    List arguments = arguments_of(f->signature, &result);
    rows.push_back({
        {"name", as_text(f->name)},
        {"category", as_text(f->category)},
        {"description", as_text(f->description)},
        {"signature", as_text(f->signature)},
        {"isBuiltIn", Value::boolean(true)},
        {"argumentDescription", Value::list(std::move(arguments))},
        {"returnDescription", as_text(result)},
        {"aggregating", Value::boolean(f->aggregating)},
        {"rolesExecution", Value()},
        {"rolesBoostedExecution", Value()},
        {"isDeprecated", Value::boolean(false)},
        {"deprecatedBy", Value()},
    });
  }
  return rows;
}

std::vector<Map> show_databases(QueryContext& context) {
  return {{
      {"name", as_text(context.options().database)},
      {"type", as_text("standard")},
      {"aliases", Value::list({})},
      {"access", as_text("read-write")},
      {"address", as_text("")},
      {"role", as_text("primary")},
      {"writer", Value::boolean(true)},
      {"requestedStatus", as_text("online")},
      {"currentStatus", as_text("online")},
      {"statusMessage", as_text("")},
      {"default", Value::boolean(true)},
      {"home", Value::boolean(true)},
      {"constituents", Value::list({})},
  }};
}

}  // namespace graft::cypher
