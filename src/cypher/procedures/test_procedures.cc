// The openCypher TCK brings procedures of its own: a signature and a table of inputs and outputs.
#include "cypher/functions/query_context.h"
#include "cypher/functions/unicode.h"
#include "cypher/procedures/registry.h"

namespace graft::cypher {
namespace {

using graph::Value;
using graph::ValueType;

std::string_view trimmed(std::string_view text) { return trim(text, TrimSide::kBoth); }

// "name :: TYPE, name :: TYPE"
std::vector<std::pair<std::string, std::string>> parse_fields(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> fields;
  while (!trimmed(text).empty()) {
    size_t comma = text.find(',');
    std::string_view field = text.substr(0, comma);
    size_t colons = field.find("::");
    if (colons == std::string_view::npos) throw_error(ErrorCode::kArgument, "A field of the signature has no type: " + std::string(field));
    fields.emplace_back(trimmed(field.substr(0, colons)), trimmed(field.substr(colons + 2)));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return fields;
}

bool matches(const graph::List& row, const std::vector<Value>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!graph::equivalent(row[i], arguments[i])) return false;
  }
  return true;
}

ProcedureInfo from_table(std::string_view signature, const graph::List& table) {
  size_t open = signature.find('('), close = signature.find(')');
  if (open == std::string_view::npos || close == std::string_view::npos) throw_error(ErrorCode::kArgument, "Not a signature: " + std::string(signature));
  ProcedureInfo p;
  p.name = std::string(trimmed(signature.substr(0, open)));
  for (auto& [name, type] : parse_fields(signature.substr(open + 1, close - open - 1))) p.inputs.push_back({name, type, {}});
  size_t open_results = signature.find('(', close), close_results = signature.rfind(')');
  if (open_results != std::string_view::npos) {
    for (auto& [name, type] : parse_fields(signature.substr(open_results + 1, close_results - open_results - 1))) p.outputs.push_back({name, type});
  }
  size_t inputs = p.inputs.size(), outputs = p.outputs.size();
  p.call = [table, inputs, outputs](const ProcedureCall& call) {
    std::vector<std::vector<Value>> rows;
    for (const Value& line : table) {
      const graph::List& row = line.as_list();
      if (row.size() != inputs + outputs) throw_error(ErrorCode::kArgument, "A row of the table has another width than the signature");
      if (matches(row, call.arguments)) rows.emplace_back(row.begin() + static_cast<ptrdiff_t>(inputs), row.end());
    }
    return make_rows(std::move(rows));
  };
  return p;
}

}  // namespace

void add_test_procedures(const std::shared_ptr<ProcedureRegistry>& registry) {
  ProcedureInfo hook;
  hook.name = "graft.test.registerProcedure";
  hook.inputs = {{"signature", "STRING", {}}, {"columns", "LIST<STRING>", {}}, {"rows", "LIST<ANY>", {}}};
  hook.mode = ProcedureMode::kDbms;
  hook.description = "Registers a procedure that answers from a table. For the openCypher TCK only.";
  ProcedureRegistry* target = registry.get();  // owns the hook that adds to it
  hook.call = [target](const ProcedureCall& call) {
    for (const Value& row : call.arguments[2].as_list()) {
      if (row.type() != ValueType::kList) throw_error(ErrorCode::kType, "Each row must be a list");
    }
    target->add(from_table(call.arguments[0].as_string(), call.arguments[2].as_list()));
    return make_rows({});
  };
  registry->add(std::move(hook));
}

}  // namespace graft::cypher
