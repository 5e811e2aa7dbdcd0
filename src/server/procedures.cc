#include "server/procedures.h"

#include <nlohmann/json.hpp>

#include "graph/transaction.h"
#include "server/version.h"

namespace graft::server {
namespace {

using cypher::ProcedureCall;
using cypher::ProcedureInfo;
using cypher::ProcedureMode;
using graph::Value;

const char* role_text(raft::Role role) {
  switch (role) {
    case raft::Role::kLeader: return "StateLeader";
    case raft::Role::kCandidate: return "StateCandidate";
    case raft::Role::kPreCandidate: return "StatePreCandidate";
    default: return "StateFollower";
  }
}

const char* state_text(replication::ReplicaState state) {
  switch (state) {
    case replication::ReplicaState::kStarting: return "starting";
    case replication::ReplicaState::kWaitingForPeers: return "waiting for peers";
    case replication::ReplicaState::kJoining: return "joining";
    case replication::ReplicaState::kServing: return "serving";
    case replication::ReplicaState::kFailed: return "failed";
    case replication::ReplicaState::kHealing: return "healing";
    default: return "removed";
  }
}

std::vector<std::vector<Value>> member_rows(const replication::ReplicaStatus& status) {
  std::vector<std::vector<Value>> rows;
  for (const replication::Member& m : status.members) {
    rows.push_back({Value::integer(static_cast<int64_t>(m.id)), Value::string(m.ip), Value::integer(m.bolt_port),
                    Value::integer(m.bolt_raft_port), Value::boolean(m.id == status.leader), Value::boolean(m.learner)});
  }
  return rows;
}

bool is_voter(const replication::ReplicaStatus& status, raft::MemberId id) {
  for (const replication::Member& m : status.members) {
    if (m.id == id) return !m.learner && !m.promoting;
  }
  return false;
}

ProcedureInfo waiting_procedure(std::string name, std::vector<cypher::ProcedureInput> inputs, bool admin, std::string description) {
  ProcedureInfo info;
  info.name = std::move(name);
  info.inputs = std::move(inputs);
  info.mode = ProcedureMode::kDbms;
  info.admin = admin;
  info.server_side = true;
  info.description = std::move(description);
  return info;
}

Value config_value(const ConfigKey& key, const Config& config) {
  if (key.text != nullptr) return Value::string(config.*key.text);
  if (key.boolean != nullptr) return Value::boolean(config.*key.boolean);
  if (key.small != nullptr) return Value::integer(config.*key.small);
  if (key.medium != nullptr) return Value::integer(config.*key.medium);
  if (key.large != nullptr) return Value::integer(static_cast<int64_t>(config.*key.large));
  graph::List peers;
  for (const replication::Member& m : config.bolt_raft_init_peers) {
    peers.push_back(Value::map({{"bolt_raft_node_id", Value::integer(static_cast<int64_t>(m.id))},
                                {"ip", Value::string(m.ip)},
                                {"bolt_raft_port", Value::integer(m.bolt_raft_port)},
                                {"bolt_port", Value::integer(m.bolt_port)}}));
  }
  return Value::list(std::move(peers));
}

// TuGraph's names; what has no counterpart here is left out.
std::vector<std::vector<Value>> system_rows(env::Duration up) {
  const double seconds = std::chrono::duration<double>(up).count();
  return {{Value::string("lgraph_version"), Value::string(kVersion)},
          {Value::string("up_time"), Value::floating(seconds)},
          {Value::string("cpp_compiler_id"), Value::string("GNU")},
          {Value::string("cpp_compiler_version"), Value::string(__VERSION__)}};
}

void add_information_procedures(cypher::ProcedureRegistry& registry, const Config& config, const env::Clock& clock) {
  ProcedureInfo system;
  system.name = "dbms.system.info";
  system.outputs = {{"name", "STRING"}, {"value", "ANY"}};
  system.mode = ProcedureMode::kDbms;
  system.description = "This server's version and how long it has been up, in seconds.";
  system.call = [&clock, begun = clock.monotonic()](const ProcedureCall&) { return cypher::make_rows(system_rows(clock.monotonic() - begun)); };
  registry.add(std::move(system));

  ProcedureInfo list;
  list.name = "dbms.config.list";
  list.outputs = {{"name", "STRING"}, {"value", "ANY"}};
  list.mode = ProcedureMode::kDbms;
  list.admin = true;
  list.description = "This server's configuration.";
  list.call = [&config](const ProcedureCall&) {
    std::vector<std::vector<Value>> rows;
    for (const ConfigKey& key : config_keys()) rows.push_back({Value::string(key.name), config_value(key, config)});
    return cypher::make_rows(std::move(rows));
  };
  registry.add(std::move(list));
}

}  // namespace

std::string raft_status_json(const replication::ReplicaStatus& status, const std::string& state_sums) {
  nlohmann::ordered_json json;
  json["id"] = status.raft.id;
  json["term"] = status.raft.term;
  json["vote"] = status.raft.vote;
  json["commit"] = status.raft.commit;
  json["lead"] = status.raft.leader;
  json["raftState"] = role_text(status.raft.role);
  json["applied"] = status.raft.applied;
  nlohmann::ordered_json progress = nlohmann::ordered_json::object();
  for (const raft::Progress& p : status.raft.progress) {
    progress[std::to_string(p.id)] = {{"match", p.match}, {"next", p.next}, {"state", p.state}, {"voter", is_voter(status, p.id)}};
  }
  json["progress"] = progress;
  json["raftlog"] = {{"first", status.log_first}, {"last", status.log_last}};
  json["state"] = state_text(status.state);
  if (!status.reason.empty()) json["reason"] = status.reason;
  json["clusterId"] = status.cluster_id;
  json["epoch"] = status.epoch;
  json["stateSums"] = state_sums;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void add_server_procedures(cypher::ProcedureRegistry& registry, replication::Replica& replica, const Config& config, const env::Clock& clock) {
  add_information_procedures(registry, config, clock);
  ProcedureInfo list;
  list.name = "db.bolt.listRaftNodes";
  list.outputs = {{"node_id", "INTEGER"}, {"ip", "STRING"}, {"bolt_port", "INTEGER"}, {"bolt_raft_port", "INTEGER"},
                  {"is_leader", "BOOLEAN"}, {"is_learner", "BOOLEAN"}};
  list.description = "The members of the cluster as this member knows them.";
  list.call = [&replica](const ProcedureCall&) { return cypher::make_rows(member_rows(replica.status())); };
  registry.add(std::move(list));

  ProcedureInfo status;
  status.name = "db.bolt.getRaftStatus";
  status.outputs = {{"status", "STRING"}};
  status.description = "This member's Raft state, as JSON.";
  status.call = [&replica](const ProcedureCall& call) {
    const std::string sums = call.caller.view == nullptr ? std::string() : graph::state_sums(*call.caller.view).to_string();
    return cypher::make_rows({{Value::string(raft_status_json(replica.status(), sums))}});
  };
  registry.add(std::move(status));

  const std::vector<cypher::ProcedureInput> member = {
      {"node_id", "INTEGER", {}}, {"ip", "STRING", {}}, {"bolt_port", "INTEGER", {}}, {"bolt_raft_port", "INTEGER", {}}};
  const std::vector<cypher::ProcedureInput> id = {{"node_id", "INTEGER", {}}};
  registry.add(waiting_procedure("db.bolt.addRaftNode", member, true,
                                 "Adds a member, or makes a learner one; it gets a vote when it has caught up. On the leader."));
  registry.add(waiting_procedure("db.bolt.addRaftLearnerNode", member, true, "Adds a member without a vote. On the leader."));
  registry.add(waiting_procedure("db.bolt.removeRaftNode", id, true, "Removes a member. On the leader."));
  registry.add(waiting_procedure("db.bolt.transferRaftLeader", id, true, "Makes another member the leader. On the leader."));
  registry.add(waiting_procedure("dbms.security.changePassword",
                                 {{"current_password", "STRING", {}}, {"new_password", "STRING", {}}}, false,
                                 "Changes the password of the user who calls it."));
}

}  // namespace graft::server
