#include "server/bolt/summary.h"

#include <algorithm>

namespace graft::server {
namespace {

using graph::List;
using graph::Map;
using graph::Value;

Value text(std::string_view s) { return Value::string(s); }

void put(Map* map, std::string_view key, Value value) { map->emplace_back(key, std::move(value)); }

Value position_value(const cypher::Position& position) {
  Map map;
  put(&map, "offset", Value::integer(position.offset));
  put(&map, "line", Value::integer(position.line));
  put(&map, "column", Value::integer(position.column));
  return Value::map(std::move(map));
}

Value legacy_notification(const cypher::Notification& n) {
  Map map;
  put(&map, "code", text(n.code));
  put(&map, "title", text(n.title));
  put(&map, "description", text(n.description));
  put(&map, "severity", text(n.severity));
  put(&map, "category", text(n.category));
  if (n.position) put(&map, "position", position_value(*n.position));
  return Value::map(std::move(map));
}

Value notification_status(const cypher::Notification& n) {
  const bool warning = n.severity == "WARNING";
  Map record;
  put(&record, "OPERATION", text(""));
  put(&record, "OPERATION_CODE", text("0"));
  put(&record, "CURRENT_SCHEMA", text("/"));
  put(&record, "_classification", text(n.category));
  put(&record, "_severity", text(n.severity));
  if (n.position) put(&record, "_position", position_value(*n.position));
  Map map;
  put(&map, "gql_status", text(!n.gql_status.empty() ? n.gql_status : warning ? "01N00" : "03N00"));
  put(&map, "status_description", text(!n.gql_description.empty() ? n.gql_description : (warning ? "warn: " : "info: ") + n.title + ". " + n.description));
  put(&map, "description", text(n.description));
  put(&map, "neo4j_code", text(n.code));
  put(&map, "title", text(n.title));
  put(&map, "diagnostic_record", Value::map(std::move(record)));
  return Value::map(std::move(map));
}

Value outcome_status(bool has_columns, bool had_rows) {
  Map map;
  put(&map, "gql_status", text(!has_columns ? "00001" : had_rows ? "00000" : "02000"));
  put(&map, "status_description", text(!has_columns ? "note: successful completion - omitted result"
                                       : had_rows   ? "note: successful completion"
                                                    : "note: no data"));
  return Value::map(std::move(map));
}

// "no data" first, then warnings, success, information: the order that drivers document.
int precedence(const Value& status) {
  const std::string_view code = status.find("gql_status")->as_string();
  if (code.starts_with("02")) return 0;
  if (code.starts_with("01")) return 1;
  return code.starts_with("00") ? 2 : 3;
}

struct Counter {
  const char* name;
  uint64_t graph::WriteCounters::* field;
};
constexpr Counter kCounters[] = {
    {"nodes-created", &graph::WriteCounters::nodes_created},
    {"nodes-deleted", &graph::WriteCounters::nodes_deleted},
    {"relationships-created", &graph::WriteCounters::relationships_created},
    {"relationships-deleted", &graph::WriteCounters::relationships_deleted},
    {"properties-set", &graph::WriteCounters::properties_set},
    {"labels-added", &graph::WriteCounters::labels_added},
    {"labels-removed", &graph::WriteCounters::labels_removed},
    {"indexes-added", &graph::WriteCounters::indexes_added},
    {"indexes-removed", &graph::WriteCounters::indexes_removed},
    {"constraints-added", &graph::WriteCounters::constraints_added},
    {"constraints-removed", &graph::WriteCounters::constraints_removed},
    {"system-updates", &graph::WriteCounters::system_updates},
};

}  // namespace

Value stats_value(const graph::WriteCounters& counters) {
  Map map;
  for (const Counter& counter : kCounters) {
    if (const uint64_t n = counters.*counter.field; n != 0) put(&map, counter.name, Value::integer(static_cast<int64_t>(n)));
  }
  if (counters.contains_updates()) put(&map, "contains-updates", Value::boolean(true));
  if (counters.contains_system_updates()) put(&map, "contains-system-updates", Value::boolean(true));
  return Value::map(std::move(map));
}

Value plan_value(const cypher::PlanDescription& plan, bool profiled) {
  Map map, arguments;
  for (const auto& [key, value] : plan.arguments) put(&arguments, key, value);
  List identifiers, children;
  for (const std::string& name : plan.identifiers) identifiers.push_back(text(name));
  for (const cypher::PlanDescription& child : plan.children) children.push_back(plan_value(child, profiled));
  put(&map, "operatorType", text(plan.operator_name));
  if (profiled) {
    constexpr std::pair<const char*, const char*> kMeasured[] = {{"Rows", "rows"}, {"DbHits", "dbHits"}, {"Time", "time"}};
    for (const auto& [argument, key] : kMeasured) {
      for (const auto& [name, value] : plan.arguments) {
        if (name == argument) put(&map, key, value);
      }
    }
  }
  put(&map, "args", Value::map(std::move(arguments)));
  put(&map, "identifiers", Value::list(std::move(identifiers)));
  put(&map, "children", Value::list(std::move(children)));
  return Value::map(std::move(map));
}

void add_notifications(const std::vector<cypher::Notification>& notifications, BoltVersion version, bool has_columns,
                       bool had_rows, Map* metadata) {
  List items;
  if (!version.has_gql_statuses()) {
    for (const cypher::Notification& n : notifications) items.push_back(legacy_notification(n));
    if (!items.empty()) put(metadata, "notifications", Value::list(std::move(items)));
    return;
  }
  items.push_back(outcome_status(has_columns, had_rows));
  for (const cypher::Notification& n : notifications) items.push_back(notification_status(n));
  std::stable_sort(items.begin(), items.end(), [](const Value& a, const Value& b) { return precedence(a) < precedence(b); });
  put(metadata, "statuses", Value::list(std::move(items)));
}

}  // namespace graft::server
