#pragma once

// The cluster's own records inside the replicated state: who it is and who belongs to it. Written by change sets like
// any other data, so that every version, checkpoint and snapshot carries its own membership.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/transaction.h"
#include "graph/view.h"
#include "raft/raft_node.h"
#include "replication/member.h"

namespace graft::replication {

struct ClusterRecord {
  std::string id;      // 32 hex digits; empty before genesis
  uint64_t epoch = 0;  // a restored or recovered cluster has a new one: bookmarks of the old are refused
};

ClusterRecord cluster_record(const graph::GraphView& view);
void set_cluster_record(graph::GraphTransaction& transaction, const ClusterRecord& record);

std::vector<Member> members_of(const graph::GraphView& view);  // sorted by id
std::optional<Member> find_member(const graph::GraphView& view, raft::MemberId id);
void set_member(graph::GraphTransaction& transaction, const Member& member);
// Leaves a tombstone, so that the id is never given again and a node that returns can be told.
void remove_member(graph::GraphTransaction& transaction, raft::MemberId id);
bool is_removed(const graph::GraphView& view, raft::MemberId id);
std::vector<raft::MemberId> removed_members(const graph::GraphView& view);

// Who votes: a member that is to become a voter is a learner until it has caught up.
raft::Configuration configuration_of(const std::vector<Member>& members);

std::string encode_member(const Member& member);
Result<Member> decode_member(std::string_view bytes);

// "node 3 (10.0.0.3, Bolt port 7687, Raft port 7688)"
std::string describe(const Member& member);

}  // namespace graft::replication
