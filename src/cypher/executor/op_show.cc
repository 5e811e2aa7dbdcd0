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
    if (show_.command->kind != CommandKind::kShow) throw_error(ErrorCode::kUnsupported, "TERMINATE TRANSACTIONS is not supported yet");
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
      default: throw_error(ErrorCode::kUnsupported, "This SHOW command is not supported yet");
    }
    std::erase_if(rows_, [&](const Map& row) { return !passes_filter(command, row); });
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
