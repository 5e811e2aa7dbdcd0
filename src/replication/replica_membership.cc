// Membership and leadership on request.

#include <fmt/format.h>

#include "replication/replica_core.h"

namespace graft::replication {

void ReplicaCore::transfer_leadership(raft::MemberId, std::function<void(Status)> done) { done(Status()); }
void ReplicaCore::add_member(Member, std::function<void(Status)> done) { done(not_leader_error()); }
void ReplicaCore::remove_member(raft::MemberId, std::function<void(Status)> done) { done(not_leader_error()); }

}  // namespace graft::replication
