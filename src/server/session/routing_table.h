#pragma once

#include <string>
#include <vector>

#include "graph/value.h"
#include "replication/member.h"

namespace graft::server {

// What ROUTE answers. WRITE: the leader (nobody when leader is 0); READ: all others, or the leader when alone; ROUTE:
// all. own_address, when not empty, takes the place of the only member's. database: as the client named it; drivers keep
// the table under the name that comes back.
graph::Value routing_table(const std::vector<replication::Member>& members, raft::MemberId leader, const std::string& own_address,
                           const std::string& database);

}  // namespace graft::server
