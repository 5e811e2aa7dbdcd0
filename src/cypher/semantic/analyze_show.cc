#include <algorithm>

#include "cypher/semantic/analyzer_impl.h"
#include "cypher/semantic/show_columns.h"

namespace graft::cypher {

const std::vector<ShowColumn>& show_columns(ShowKind kind) {
  static const std::vector<ShowColumn> kIndexes = {
      {"id", true}, {"name", true}, {"state", true}, {"populationPercent", true}, {"type", true}, {"entityType", true}, {"labelsOrTypes", true},
      {"properties", true}, {"indexProvider", true}, {"owningConstraint", true}, {"lastRead", true}, {"readCount", true}, {"trackedSince", false},
      {"options", false}, {"failureMessage", false}, {"createStatement", false}};
  static const std::vector<ShowColumn> kConstraints = {
      {"id", true}, {"name", true}, {"type", true}, {"entityType", true}, {"labelsOrTypes", true}, {"properties", true}, {"ownedIndex", true},
      {"propertyType", true}, {"options", false}, {"createStatement", false}};
  static const std::vector<ShowColumn> kProcedures = {
      {"name", true}, {"description", true}, {"mode", true}, {"worksOnSystem", true}, {"signature", false}, {"argumentDescription", false},
      {"returnDescription", false}, {"admin", false}, {"rolesExecution", false}, {"rolesBoostedExecution", false}, {"isDeprecated", false},
      {"deprecatedBy", false}, {"option", false}};
  static const std::vector<ShowColumn> kFunctions = {
      {"name", true}, {"category", true}, {"description", true}, {"signature", false}, {"isBuiltIn", false}, {"argumentDescription", false},
      {"returnDescription", false}, {"aggregating", false}, {"rolesExecution", false}, {"rolesBoostedExecution", false}, {"isDeprecated", false},
      {"deprecatedBy", false}};
  static const std::vector<ShowColumn> kDatabases = {
      {"name", true}, {"type", true}, {"aliases", true}, {"access", true}, {"databaseID", false}, {"serverID", false}, {"address", true},
      {"role", true}, {"writer", true}, {"requestedStatus", true}, {"currentStatus", true}, {"statusMessage", true}, {"default", true},
      {"home", true}, {"currentPrimariesCount", false}, {"currentSecondariesCount", false}, {"requestedPrimariesCount", false},
      {"requestedSecondariesCount", false}, {"creationTime", false}, {"lastStartTime", false}, {"lastStopTime", false}, {"store", false},
      {"lastCommittedTxn", false}, {"replicationLag", false}, {"constituents", true}, {"options", false}};
  static const std::vector<ShowColumn> kTransactions = {
      {"database", true}, {"transactionId", true}, {"currentQueryId", true}, {"outerTransactionId", false}, {"connectionId", true},
      {"clientAddress", true}, {"username", true}, {"metaData", false}, {"currentQuery", true}, {"parameters", false}, {"planner", false},
      {"runtime", false}, {"indexes", false}, {"startTime", true}, {"currentQueryStartTime", false}, {"protocol", false}, {"requestUri", false},
      {"status", true}, {"currentQueryStatus", false}, {"statusDetails", false}, {"resourceInformation", false}, {"activeLockCount", false},
      {"currentQueryActiveLockCount", false}, {"elapsedTime", true}, {"cpuTime", false}, {"waitTime", false}, {"idleTime", false},
      {"currentQueryElapsedTime", false}, {"currentQueryCpuTime", false}, {"currentQueryWaitTime", false}, {"currentQueryIdleTime", false},
      {"currentQueryAllocatedBytes", false}, {"allocatedDirectBytes", false}, {"estimatedUsedHeapMemory", false}, {"pageHits", false},
      {"pageFaults", false}, {"currentQueryPageHits", false}, {"currentQueryPageFaults", false}, {"initializationStackTrace", false}};
  static const std::vector<ShowColumn> kTerminated = {{"transactionId", true}, {"username", true}, {"message", true}};
  static const std::vector<ShowColumn> kSettings = {
      {"name", true}, {"value", true}, {"isDynamic", true}, {"defaultValue", true}, {"description", true}, {"startupValue", false}, {"isExplicitlySet", false},
      {"validValues", false}, {"isDeprecated", false}};
  static const std::vector<ShowColumn> kUsers = {
      {"user", true}, {"roles", true}, {"passwordChangeRequired", true}, {"suspended", true}, {"home", true}};
  switch (kind) {
    case ShowKind::kIndexes: return kIndexes;
    case ShowKind::kConstraints: return kConstraints;
    case ShowKind::kProcedures: return kProcedures;
    case ShowKind::kFunctions: return kFunctions;
    case ShowKind::kDatabases: return kDatabases;
    case ShowKind::kTransactions: return kTransactions;
    case ShowKind::kTerminateTransactions: return kTerminated;
    case ShowKind::kSettings: return kSettings;
    case ShowKind::kUsers: case ShowKind::kCurrentUser: return kUsers;
  }
  return kIndexes;
}

// Fields that are wanted, as slots; then YIELD's page, WHERE and RETURN over them.
void Analyzer::show(ShowCommand* c) {
  const std::vector<ShowColumn>& columns = show_columns(c->show);
  for (Expr* name : c->names) plain(name, Scope{}, "a command");
  if (!c->has_yield || c->yield_star) {
    for (const ShowColumn& column : columns) {
      // The one that is asked for is the default one and home: Neo4j leaves the columns out.
      if ((c->default_database || c->home_database) && (column.name == "default" || column.name == "home")) continue;
      if (column.by_default || c->yield_star) c->yields.push_back({column.name, column.name, c->position, kNoSlot});
    }
  }
  Scope scope;
  for (YieldItem& item : c->yields) {
    const bool known = std::any_of(columns.begin(), columns.end(), [&](const ShowColumn& column) { return column.name == item.field; });
    if (!known) {
      std::vector<std::string> names;
      for (const ShowColumn& column : columns) names.push_back(column.name);
      const std::string near = nearest_name(item.field, names);
      fail("Trying to YIELD non-existing column: `" + item.field + "`" + (near.empty() ? "" : ": did you mean `" + near + "`?"), item.position);
    }
    item.slot = new_slot(item.name);
    declare(&scope, item.name, item.slot, Type{}, item.position);
  }
  if (c->where) predicate(c->where, scope, "WHERE");
  if (c->yield_projection) projection(c->yield_projection, &scope, Scope{});
  if (c->result) projection(c->result, &scope, Scope{});
}

}  // namespace graft::cypher
