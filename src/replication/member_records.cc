#include "replication/member_records.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/codec.h"

namespace graft::replication {
namespace {

constexpr std::string_view kClusterKey = "cluster/identity";
constexpr std::string_view kMemberPrefix = "cluster/member/";
constexpr std::string_view kTombstonePrefix = "cluster/removed/";
constexpr uint8_t kMemberFormat = 1;

// Fixed width, so that the order of keys is the order of ids.
std::string id_key(std::string_view prefix, raft::MemberId id) { return fmt::format("{}{:016x}", prefix, id); }

}  // namespace

ClusterRecord cluster_record(const graph::GraphView& view) {
  std::string bytes = view.system_record(kClusterKey);
  ClusterRecord record;
  if (bytes.empty()) return record;
  ByteReader reader(bytes);
  reader.u8();
  record.id = reader.bytes();
  record.epoch = reader.varint();
  return record;
}

void set_cluster_record(graph::GraphTransaction& transaction, const ClusterRecord& record) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.u8(kMemberFormat);
  writer.bytes(record.id);
  writer.varint(record.epoch);
  transaction.set_system_record(kClusterKey, bytes);
}

std::string encode_member(const Member& member) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.u8(kMemberFormat);
  writer.varint(member.id);
  writer.bytes(member.ip);
  writer.u16(member.bolt_port);
  writer.u16(member.bolt_raft_port);
  writer.u8(static_cast<uint8_t>((member.learner ? 1 : 0) | (member.promoting ? 2 : 0)));
  writer.bytes(member.incarnation);
  return bytes;
}

Result<Member> decode_member(std::string_view bytes) {
  ByteReader reader(bytes);
  Member member;
  uint8_t format = reader.u8();
  member.id = reader.varint();
  member.ip = reader.bytes();
  member.bolt_port = reader.u16();
  member.bolt_raft_port = reader.u16();
  uint8_t flags = reader.u8();
  member.learner = flags & 1;
  member.promoting = flags & 2;
  member.incarnation = reader.bytes();
  if (!reader.ok() || !reader.done() || format != kMemberFormat) return Error{ErrorCode::kCorruption, "malformed member record"};
  return member;
}

std::vector<Member> members_of(const graph::GraphView& view) {
  std::vector<Member> members;
  for (const auto& [key, bytes] : view.system_records(kMemberPrefix)) {
    auto member = decode_member(bytes);
    if (member.ok()) members.push_back(std::move(*member));
  }
  std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.id < b.id; });
  return members;
}

std::optional<Member> find_member(const graph::GraphView& view, raft::MemberId id) {
  std::string bytes = view.system_record(id_key(kMemberPrefix, id));
  if (bytes.empty()) return std::nullopt;
  auto member = decode_member(bytes);
  if (!member.ok()) return std::nullopt;
  return std::move(*member);
}

void set_member(graph::GraphTransaction& transaction, const Member& member) {
  transaction.set_system_record(id_key(kMemberPrefix, member.id), encode_member(member));
}

void remove_member(graph::GraphTransaction& transaction, raft::MemberId id) {
  transaction.set_system_record(id_key(kMemberPrefix, id), "");
  transaction.set_system_record(id_key(kTombstonePrefix, id), "removed");
}

bool is_removed(const graph::GraphView& view, raft::MemberId id) {
  return !view.system_record(id_key(kTombstonePrefix, id)).empty();
}

std::vector<raft::MemberId> removed_members(const graph::GraphView& view) {
  std::vector<raft::MemberId> ids;
  for (const auto& [key, bytes] : view.system_records(kTombstonePrefix)) {
    std::string_view digits = std::string_view(key).substr(kTombstonePrefix.size());
    raft::MemberId id = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), id, 16);
    ids.push_back(id);
  }
  return ids;
}

raft::Configuration configuration_of(const std::vector<Member>& members) {
  raft::Configuration configuration;
  for (const Member& member : members) {
    (member.learner || member.promoting ? configuration.learners : configuration.voters).push_back(member.id);
  }
  return configuration;
}

std::string describe(const Member& member) {
  return fmt::format("node {} ({}, Bolt port {}, Raft port {})", member.id, member.ip, member.bolt_port, member.bolt_raft_port);
}

}  // namespace graft::replication
