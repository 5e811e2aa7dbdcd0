#pragma once

#include <string>

#include "graph/value.h"
#include "replication/replica.h"

namespace graft::server {

// What ROUTE answers. WRITE: the leader (nobody when leader is 0); READ: all others, or the leader when alone; ROUTE:
// all. Members that cannot be reached are left out: a driver waits for such an address as long as its connection timeout,
// 30 s mostly, and with our time to live it asks a router before each transaction. own_address, when not empty, takes the place of the only member's.
// database: as the client named it; drivers keep the table under the name that comes back.
graph::Value routing_table(const replication::ReplicaStatus& status, const std::string& own_address, const std::string& database);

}  // namespace graft::server
