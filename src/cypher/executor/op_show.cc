#include <algorithm>

#include "cypher/executor/executor.h"
#include "cypher/executor/operators.h"
#include "cypher/executor/show_rows.h"

namespace graft::cypher {

using graph::Map;
using graph::Value;

bool passes_filter(const ShowCommand& command, const Map& row) {
  bool all = command.filter.empty() && command.names.empty();
  if (all || command.filter == "ALL" || command.filter == "EXECUTABLE") return true;
  Value map = Value::map(row);
  const Value* type = map.find("type");
  switch (command.show) {
    case ShowKind::kIndexes: return type != nullptr && type->as_string() == command.filter;
    case ShowKind::kConstraints: {
      std::string_view t = type->as_string();
      auto has = [&](std::string_view part) { return t.find(part) != std::string_view::npos; };
      bool relationship = t.starts_with("RELATIONSHIP");
      const std::string& f = command.filter;
      if (f.find("NODE") != std::string::npos && relationship) return false;
      if (f.find("REL") != std::string::npos && !relationship) return false;
      if (f.find("UNIQUE") != std::string::npos) return has("UNIQUENESS");
      if (f.find("KEY") != std::string::npos) return has("KEY");
      if (f.find("EXIST") != std::string::npos) return has("EXISTENCE");
      if (f.find("TYPE") != std::string::npos) return has("TYPE");
      return true;
    }
    case ShowKind::kFunctions: return command.filter != "USER DEFINED";
    case ShowKind::kDatabases:
      return command.names.empty() || std::any_of(command.names.begin(), command.names.end(), [&](const Expr* name) {
               std::string_view wanted = name->literal.as_string();
               return wanted == map.find("name")->as_string() || wanted == "neo4j" || wanted == "default";
             });
    default: return true;
  }
}

namespace {

class Show final : public Operator {
 public:
  Show(Executor& executor, const PlanNode& plan)
      : Operator(executor, plan), show_(static_cast<const PlanShow&>(plan)), out_(make_batch()) {}

 private:
  void start() override {
    rows_.clear();
    given_ = 0;
    load(static_cast<const ShowCommand&>(*show_.command));
  }

  void load(const ShowCommand& command) {
    switch (command.show) {
      case ShowKind::kIndexes: rows_ = show_indexes(context()); break;
      case ShowKind::kConstraints: rows_ = show_constraints(context()); break;
      case ShowKind::kProcedures: rows_ = show_procedures(context()); break;
      case ShowKind::kFunctions: rows_ = show_functions(); break;
      case ShowKind::kDatabases: rows_ = show_databases(context()); break;
      case ShowKind::kCurrentUser:
        rows_.push_back({{"user", Value::string(context().options().procedure_context.user)},
                         {"roles", Value()},
                         {"passwordChangeRequired", Value()},
                         {"suspended", Value()},
                         {"home", Value()}});
        break;
      default: load_from_server(command);
    }
    std::erase_if(rows_, [&](const Map& row) { return !passes_filter(command, row); });
  }

  void load_from_server(const ShowCommand& command) {
    ServerInformation* server = context().options().server;
    if (server == nullptr) throw_error(ErrorCode::kUnsupported, "There is no server here that could answer this command");
    const ProcedureContext& caller = context().options().procedure_context;
    const std::vector<std::string> names = wanted_names(command);
    const char* key = "transactionId";
    switch (command.show) {
      case ShowKind::kTerminateTransactions: rows_ = server->terminate(names, caller); return;
      case ShowKind::kTransactions: rows_ = server->transactions(caller); break;
      case ShowKind::kUsers: rows_ = server->users(caller); break;
      default:
        rows_ = server->settings(caller);
        key = "name";
    }
    if (command.names.empty()) return;
    std::erase_if(rows_, [&](const Map& row) { return std::find(names.begin(), names.end(), Value::map(row).find(key)->as_string()) == names.end(); });
  }

  // SHOW TRANSACTIONS 'a', 'b' or one list of strings.
  std::vector<std::string> wanted_names(const ShowCommand& command) const {
    std::vector<std::string> names;
    const auto add = [&](const Value& value) {
      if (value.type() != graph::ValueType::kString) throw_type("String", value);
      names.emplace_back(value.as_string());
    };
    for (const Expr* e : command.names) {
      const Value value = compile_expression(e)->eval(argument_frame());
      if (value.type() != graph::ValueType::kList) {
        add(value);
        continue;
      }
      for (const Value& item : value.as_list()) add(item);
    }
    return names;
  }

  Batch* next() override {
    auto n = static_cast<uint32_t>(std::min<size_t>(kBatchRows, rows_.size() - given_));
    if (n == 0) return nullptr;
    out_.clear_all();
    for (uint32_t i = 0; i < n; ++i) {
      Value row = Value::map(rows_[given_ + i]);
      for (const auto& [field, slot] : show_.fields) {
        const Value* value = row.find(field);
        out_.column(slot).set(i, value == nullptr ? Value() : *value);
      }
    }
    out_.size = n;
    given_ += n;
    return &out_;
  }

  const PlanShow& show_;
  Batch out_;
  std::vector<Map> rows_;
  size_t given_ = 0;
};

}  // namespace

OperatorPtr make_show(Executor& executor, const PlanNode& plan) { return std::make_unique<Show>(executor, plan); }

}  // namespace graft::cypher
