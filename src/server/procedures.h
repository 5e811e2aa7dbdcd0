#pragma once

#include <memory>

#include "cypher/procedures/registry.h"
#include "replication/replica.h"
#include "server/config.h"

namespace graft::server {

// db.bolt.listRaftNodes, getRaftStatus (any member, its own view of things), and, run by the session that asks for them,
// db.bolt.addRaftNode, addRaftLearnerNode, removeRaftNode, transferRaftLeader, dbms.security.changePassword.
// dbms.system.info and dbms.config.list (administrators) are TuGraph's. What is given outlives the registry.
void add_server_procedures(cypher::ProcedureRegistry& registry, replication::Replica& replica, const Config& config, const env::Clock& clock);

// The text of db.bolt.getRaftStatus: JSON. state_sums: of the version that the caller reads.
std::string raft_status_json(const replication::ReplicaStatus& status, const std::string& state_sums);

}  // namespace graft::server
