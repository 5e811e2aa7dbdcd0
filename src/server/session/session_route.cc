// ROUTE, and the errors that name the leader or say why this node cannot serve.

#include <fmt/format.h>

#include "server/bolt/replies.h"
#include "server/session/routing_table.h"
#include "server/session/session_plan.h"

namespace graft::server {
void Session::handle_route(RouteRequest& request) {
  if (Status status = check_database(request.database); !status.ok()) return fail(status.error());
  if (services_.replica.leader_hint() != 0) return route_now(request);
  wait_for(Wait::kVersion);
  services_.replica.wait_for_leader(kLeaderWait, on_io<void>([this, request](Status) { route_now(request); }));
}

void Session::route_now(const RouteRequest& request) {
  const replication::ReplicaStatus status = services_.replica.status();
  if (status.state != replication::ReplicaState::kServing) return fail(unavailable_error());
  std::string own_address;
  if (services_.route_to_client_address && status.members.size() == 1) {
    own_address = request.routing_address.empty() ? routing_address_ : request.routing_address;
  }
  graph::Map metadata;
  metadata.emplace_back("rt", routing_table(status, own_address, request.database));
  succeed(std::move(metadata));
}

Error Session::not_leader_error() const {
  const replication::ReplicaStatus status = services_.replica.status();
  for (const replication::Member& member : status.members) {
    if (member.id != status.leader) continue;
    return {ErrorCode::kNotLeader, fmt::format("This member is not the leader: write to the leader, {}.", env::Address{member.ip, member.bolt_port}.to_string())};
  }
  return {ErrorCode::kNotLeader, "This member is not the leader, and no leader is known now."};
}

Error Session::unavailable_error() const {
  const replication::ReplicaStatus status = services_.replica.status();
  return {ErrorCode::kUnavailable, status.reason.empty() ? "This node cannot serve now." : "This node cannot serve now: " + status.reason};
}

Error write_in_read_mode() {
  return {ErrorCode::kAccessMode, "Writing in read access mode is not allowed: open the session or transaction for writing."};
}

}  // namespace graft::server
