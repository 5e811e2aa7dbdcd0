#include "server/session/routing_table.h"

#include <gtest/gtest.h>

namespace graft::server {
namespace {

replication::ReplicaStatus three_members(raft::MemberId leader, std::vector<raft::MemberId> unreachable) {
  replication::ReplicaStatus status;
  for (raft::MemberId id : {1, 2, 3}) {
    replication::Member member;
    member.id = id;
    member.ip = "n" + std::to_string(id);
    member.bolt_port = 7687;
    status.members.push_back(std::move(member));
  }
  status.leader = leader;
  status.unreachable = std::move(unreachable);
  return status;
}

// "WRITE n1; READ n2 n3; ROUTE n1 n2 n3"
std::string shown(const replication::ReplicaStatus& status) {
  const graph::Value table = routing_table(status, "", "");
  std::string text;
  for (const graph::Value& server : table.find("servers")->as_list()) {
    text += (text.empty() ? "" : "; ") + std::string(server.find("role")->as_string());
    for (const graph::Value& address : server.find("addresses")->as_list()) {
      text += " " + std::string(address.as_string().substr(0, 2));
    }
  }
  return text;
}

TEST(RoutingTable, TheLeaderWritesTheOthersRead) {
  EXPECT_EQ(shown(three_members(2, {})), "WRITE n2; READ n1 n3; ROUTE n1 n2 n3");
}

TEST(RoutingTable, WithoutALeaderNobodyWrites) {
  EXPECT_EQ(shown(three_members(0, {1})), "WRITE; READ n2 n3; ROUTE n2 n3");
}

TEST(RoutingTable, WhoCannotBeReachedIsLeftOut) {
  EXPECT_EQ(shown(three_members(2, {1})), "WRITE n2; READ n3; ROUTE n2 n3");
}

TEST(RoutingTable, TheLeaderReadsWhenItIsAlone) {
  EXPECT_EQ(shown(three_members(2, {1, 3})), "WRITE n2; READ n2; ROUTE n2");
}

}  // namespace
}  // namespace graft::server
