// Procedures about the server's own abilities.
#include "cypher/functions/query_context.h"
#include "cypher/functions/registry.h"
#include "cypher/procedures/builtin.h"

namespace graft::cypher {
namespace {

using graph::Value;

std::string_view mode_name(ProcedureMode mode) {
  switch (mode) {
    case ProcedureMode::kRead: return "READ";
    case ProcedureMode::kWrite: return "WRITE";
    case ProcedureMode::kSchema: return "SCHEMA";
    case ProcedureMode::kDbms: return "DBMS";
  }
  return "READ";
}

std::unique_ptr<ProcedureRows> list_procedures(const ProcedureRegistry& registry) {
  std::vector<Row> rows;
  for (const ProcedureInfo* p : registry.all()) {
    bool writes = p->mode == ProcedureMode::kWrite || p->mode == ProcedureMode::kSchema;
    rows.push_back({Value::string(p->name), Value::string(p->signature), Value::boolean(!writes), Value::string(p->description), Value::string(mode_name(p->mode))});
  }
  return make_rows(std::move(rows));
}

std::unique_ptr<ProcedureRows> list_functions(const ProcedureCall&) {
  std::vector<Row> rows;
  for (std::string_view name : function_names()) {
    const FunctionInfo* f = find_function(name);
    rows.push_back({Value::string(f->name), Value::string(f->signature), Value::string(f->category), Value::string(f->description), Value::boolean(f->aggregating)});
  }
  return make_rows(std::move(rows));
}

// Tools look for these names and a version that they know how to talk to.
std::unique_ptr<ProcedureRows> components(const ProcedureCall&) {
  return make_rows({{Value::string("Neo4j Kernel"), Value::list({Value::string("5.26.0")}), Value::string("community")},
                    {Value::string("Graft"), Value::list({Value::string("0.1.0")}), Value::string("community")}});
}

// One database; its identity is the cluster's, which db.bolt.getRaftStatus tells.
std::unique_ptr<ProcedureRows> info(const ProcedureCall& call) {
  return make_rows({{Value::string(""), Value::string(call.query.options().database), Value()}});
}

ServerInformation& server_of(const ProcedureCall& call) {
  ServerInformation* server = call.query.options().server;
  if (server == nullptr) throw_error(ErrorCode::kUnsupported, "There is no server here that could tell what it runs");
  return *server;
}

// TuGraph's view of what SHOW TRANSACTIONS lists; its tasks are our transactions.
std::unique_ptr<ProcedureRows> list_tasks(const ProcedureCall& call) {
  std::vector<Row> rows;
  for (graph::Map& entries : server_of(call).transactions(call.caller)) {
    const Value transaction = Value::map(std::move(entries));
    rows.push_back({Value::map({{"elapsed_time", *transaction.find("elapsedTime")},
                                {"task_id", *transaction.find("transactionId")},
                                {"task_name", *transaction.find("currentQuery")},
                                {"user", *transaction.find("username")}})});
  }
  return make_rows(std::move(rows));
}

std::unique_ptr<ProcedureRows> terminate_task(const ProcedureCall& call) {
  const std::string id(call.arguments[0].as_string());
  for (graph::Map& entries : server_of(call).terminate({id}, call.caller)) {
    const Value answer = Value::map(std::move(entries));
    if (answer.find("username")->is_null()) throw_error(ErrorCode::kProcedureCallFailed, "There is no task '" + id + "'; dbms.task.listTasks lists those that run");
  }
  return make_rows({});
}

std::unique_ptr<ProcedureRows> ping(const ProcedureCall&) { return make_rows({{Value::boolean(true)}}); }

}  // namespace

void add_system_procedures(const std::shared_ptr<ProcedureRegistry>& registry) {
  auto add = [&](std::string name, std::vector<ProcedureOutput> outputs, std::string description, ProcedureFunction call) {
    ProcedureInfo p;
    p.name = std::move(name);
    p.outputs = std::move(outputs);
    p.mode = ProcedureMode::kDbms;
    p.description = std::move(description);
    p.call = std::move(call);
    registry->add(std::move(p));
  };
  const ProcedureRegistry* self = registry.get();  // owns the procedure that looks at it
  add("dbms.procedures", {{"name", "STRING"}, {"signature", "STRING"}, {"read_only", "BOOLEAN"}, {"description", "STRING"}, {"mode", "STRING"}},
      "All procedures.", [self](const ProcedureCall&) { return list_procedures(*self); });
  add("dbms.functions", {{"name", "STRING"}, {"signature", "STRING"}, {"category", "STRING"}, {"description", "STRING"}, {"aggregating", "BOOLEAN"}}, "All functions.", list_functions);
  add("dbms.components", {{"name", "STRING"}, {"versions", "LIST<STRING>"}, {"edition", "STRING"}}, "What serves here, and its versions.", components);
  add("db.info", {{"id", "STRING"}, {"name", "STRING"}, {"creationDate", "STRING"}}, "Information about the database.", info);
  add("dbms.task.listTasks", {{"tasks_info", "MAP"}}, "The transactions that run on this server; all of them for administrators.", list_tasks);
  ProcedureInfo terminate;
  terminate.name = "dbms.task.terminateTask";
  terminate.inputs = {{"task_id", "STRING", {}}};
  terminate.mode = ProcedureMode::kDbms;
  terminate.description = "Ends a transaction of dbms.task.listTasks.";
  terminate.call = terminate_task;
  registry->add(std::move(terminate));
  add("db.ping", {{"success", "BOOLEAN"}}, "True: the server answers.", ping);
}

}  // namespace graft::cypher
