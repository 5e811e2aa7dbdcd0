#include "server/information.h"

#include <algorithm>

#include <fmt/format.h>

#include "graph/calendar.h"
#include "server/auth/users.h"

namespace graft::server {
namespace {

using graph::Map;
using graph::Value;

Value shown_text(std::string_view s) { return Value::string(s); }

void require_admin(const cypher::ProcedureContext& caller, std::string_view what) {
  if (!caller.is_admin) throw cypher::QueryError{ErrorCode::kForbidden, fmt::format("Only an administrator may {}.", what), std::nullopt};
}

Value instant(env::Duration wall) {
  const int64_t millis = std::chrono::duration_cast<std::chrono::milliseconds>(wall).count();
  const graph::DateTime at{graph::floor_div(millis, 1000), static_cast<int32_t>(graph::floor_mod(millis, 1000) * 1'000'000), 0, ""};
  return shown_text(graph::iso_text(at));
}

Value length(env::Duration d) {
  const int64_t nanos = std::chrono::duration_cast<std::chrono::milliseconds>(d).count() * 1'000'000;
  return Value::duration({0, 0, nanos / graph::kNanosPerSecond, static_cast<int32_t>(nanos % graph::kNanosPerSecond)});
}

std::string value_text(const ConfigKey& key, const Config& config) {
  if (key.text != nullptr) return config.*key.text;
  if (key.boolean != nullptr) return config.*key.boolean ? "true" : "false";
  if (key.small != nullptr) return std::to_string(config.*key.small);
  if (key.medium != nullptr) return std::to_string(config.*key.medium);
  if (key.large != nullptr) return std::to_string(config.*key.large);
  std::string peers;
  for (const replication::Member& m : config.bolt_raft_init_peers) {
    peers += fmt::format("{}{}@{}:{}:{}", peers.empty() ? "" : ", ", m.id, m.ip, m.bolt_raft_port, m.bolt_port);
  }
  return "[" + peers + "]";
}

std::string valid_values(const ConfigKey& key) {
  switch (key.type) {
    case KeyType::kText: return "a string";
    case KeyType::kBoolean: return "a boolean";
    case KeyType::kInteger: return fmt::format("an integer from {} to {}", key.low, key.high);
    default: return "a list of members";
  }
}

}  // namespace

Map Information::describe(const RunningTransaction& transaction) const {
  const TransactionOrigin& origin = transaction.origin();
  const RunningTransaction::Query query = transaction.query();
  const env::Duration now = clock_.monotonic();
  const bool terminated = transaction.terminated();
  Map row = {
      {"database", shown_text("default")},
      {"transactionId", shown_text(transaction.name())},
      {"currentQueryId", shown_text(query.number == 0 ? "" : fmt::format("query-{}", query.number))},
      {"outerTransactionId", shown_text("")},
      {"connectionId", shown_text(origin.connection)},
      {"clientAddress", shown_text(origin.client_address)},
      {"username", shown_text(origin.user)},
      {"metaData", Value::map(origin.metadata)},
      {"currentQuery", shown_text(query.text)},
      {"parameters", Value::map({})},
      {"planner", shown_text("idp")},
      {"runtime", shown_text("batched")},
      {"indexes", Value::list({})},
      {"startTime", instant(origin.wall)},
      {"protocol", shown_text("bolt")},
      {"requestUri", shown_text(origin.request_address)},
      {"status", shown_text(terminated ? "Terminated with reason: Explicitly terminated by the user." : "Running")},
      {"statusDetails", shown_text("")},
      {"resourceInformation", Value::map({})},
      {"activeLockCount", Value::integer(0)},
      {"elapsedTime", length(now - origin.monotonic)},
      {"initializationStackTrace", shown_text("")},
  };
  if (query.number == 0) return row;
  row.emplace_back("currentQueryStartTime", instant(query.wall));
  row.emplace_back("currentQueryStatus", shown_text(query.running ? "running" : "idle"));
  row.emplace_back("currentQueryActiveLockCount", Value::integer(0));
  row.emplace_back("currentQueryElapsedTime", length(now - query.monotonic));
  return row;
}

std::vector<Map> Information::transactions(const cypher::ProcedureContext& caller) {
  std::vector<Map> rows;
  for (const auto& transaction : transactions_->all()) {
    if (caller.is_admin || transaction->origin().user == caller.user) rows.push_back(describe(*transaction));
  }
  return rows;
}

std::vector<Map> Information::terminate(const std::vector<std::string>& names, const cypher::ProcedureContext& caller) {
  std::vector<uint64_t> numbers;
  for (const std::string& name : names) {
    numbers.push_back(TransactionRegistry::number(name));
    if (numbers.back() == 0) {
      throw cypher::QueryError{ErrorCode::kInvalidArguments, "Could not parse id (expected format: <databasename>-transaction-<id>)", std::nullopt};
    }
  }
  std::vector<Map> rows;
  for (size_t i = 0; i < names.size(); ++i) {
    const auto transaction = transactions_->find(numbers[i]);
    if (transaction == nullptr || (!caller.is_admin && transaction->origin().user != caller.user)) {
      rows.push_back({{"transactionId", shown_text(names[i])}, {"username", Value()}, {"message", shown_text("Transaction not found.")}});
      continue;
    }
    const bool stopped = transaction->terminate();
    rows.push_back({{"transactionId", shown_text(names[i])},
                    {"username", shown_text(transaction->origin().user)},
                    {"message", shown_text(stopped ? "Transaction terminated." : "Unable to terminate transaction: it was terminated before.")}});
  }
  return rows;
}

std::vector<Map> Information::settings(const cypher::ProcedureContext& caller) {
  require_admin(caller, "see the settings");
  std::vector<Map> rows;
  for (const ConfigKey& key : config_keys()) {
    const std::string value = value_text(key, config_);
    const bool given = std::find(config_.given.begin(), config_.given.end(), key.name) != config_.given.end();
    rows.push_back({{"name", shown_text(key.name)},
                    {"value", shown_text(value)},
                    {"isDynamic", Value::boolean(false)},
                    {"defaultValue", shown_text(key.fallback)},
                    {"description", shown_text(key.help)},
                    {"startupValue", shown_text(value)},
                    {"isExplicitlySet", Value::boolean(given)},
                    {"validValues", shown_text(valid_values(key))},
                    {"isDeprecated", Value::boolean(false)}});
  }
  std::sort(rows.begin(), rows.end(), [](const Map& a, const Map& b) { return a[0].second.as_string() < b[0].second.as_string(); });
  return rows;
}

std::vector<Map> Information::users(const cypher::ProcedureContext& caller) {
  require_admin(caller, "list the users");
  std::vector<Map> rows;
  const std::string prefix = user_key("");
  for (const auto& [key, record] : caller.view->system_records(prefix)) {
    rows.push_back({{"user", shown_text(key.substr(prefix.size()))},
                    {"roles", Value()},
                    {"passwordChangeRequired", Value::boolean(false)},
                    {"suspended", Value()},
                    {"home", Value()}});
  }
  return rows;
}

}  // namespace graft::server
