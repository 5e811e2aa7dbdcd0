#include "base/codec.h"
#include "replication/bootstrap.h"
#include "replication/member_records.h"

namespace graft::replication {
namespace {

Error malformed_probe(const char* what) { return {ErrorCode::kInvalidArgument, std::string("malformed ") + what + " from a node"}; }

void put_members(const std::vector<Member>& members, ByteWriter* writer) {
  writer->varint(members.size());
  for (const Member& m : members) writer->bytes(encode_member(m));
}

bool get_member(ByteReader* reader, Member* member) {
  auto decoded = decode_member(reader->bytes());
  if (!reader->ok() || !decoded.ok()) return false;
  *member = std::move(*decoded);
  return true;
}

bool get_members(ByteReader* reader, std::vector<Member>* members) {
  uint64_t count = reader->varint();
  for (uint64_t i = 0; i < count; ++i) {
    Member m;
    if (!get_member(reader, &m)) return false;
    members->push_back(std::move(m));
  }
  return reader->ok();
}

void put_optional(const std::optional<Member>& member, ByteWriter* writer) {
  writer->u8(member ? 1 : 0);
  if (member) writer->bytes(encode_member(*member));
}

bool get_optional(ByteReader* reader, std::optional<Member>* member) {
  if (reader->u8() == 0) return reader->ok();
  return get_member(reader, &member->emplace());
}

}  // namespace

std::string encode_probe_request(const ProbeRequest& request) {
  std::string out;
  ByteWriter writer(&out);
  writer.bytes(encode_member(request.self));
  put_members(request.peers, &writer);
  return out;
}

Result<ProbeRequest> decode_probe_request(std::string_view bytes) {
  ByteReader reader(bytes);
  ProbeRequest request;
  if (!get_member(&reader, &request.self) || !get_members(&reader, &request.peers)) return malformed_probe("question");
  return request;
}

std::string encode_probe_answer(const ProbeAnswer& answer) {
  std::string out;
  ByteWriter writer(&out);
  writer.u8(static_cast<uint8_t>(answer.state));
  writer.bytes(encode_member(answer.self));
  put_members(answer.peers, &writer);
  writer.varint(answer.founders.size());
  for (const auto& [id, incarnation] : answer.founders) {
    writer.varint(id);
    writer.bytes(incarnation);
  }
  writer.bytes(answer.cluster_id);
  put_members(answer.members, &writer);
  put_optional(answer.leader, &writer);
  writer.u8(static_cast<uint8_t>(answer.standing));
  writer.bytes(answer.bound_incarnation);
  return out;
}

Result<ProbeAnswer> decode_probe_answer(std::string_view bytes) {
  ByteReader reader(bytes);
  ProbeAnswer answer;
  uint8_t state = reader.u8();
  if (!get_member(&reader, &answer.self) || !get_members(&reader, &answer.peers)) return malformed_probe("answer");
  uint64_t founders = reader.varint();
  for (uint64_t i = 0; i < founders && reader.ok(); ++i) {
    raft::MemberId id = reader.varint();
    answer.founders[id] = reader.bytes();
  }
  answer.cluster_id = reader.bytes();
  if (!get_members(&reader, &answer.members) || !get_optional(&reader, &answer.leader)) return malformed_probe("answer");
  uint8_t standing = reader.u8();
  answer.bound_incarnation = reader.bytes();
  if (!reader.ok() || state < 1 || state > 5 || standing > 3) return malformed_probe("answer");
  answer.state = static_cast<ProbeState>(state);
  answer.standing = static_cast<Standing>(standing);
  return answer;
}

std::string encode_register_request(const RegisterRequest& request) { return encode_member(request.self); }

Result<RegisterRequest> decode_register_request(std::string_view bytes) {
  RegisterRequest request;
  GRAFT_TRY_ASSIGN(request.self, decode_member(bytes));
  return request;
}

std::string encode_register_answer(const RegisterAnswer& answer) {
  std::string out;
  ByteWriter writer(&out);
  writer.u8(answer.ok ? 1 : 0);
  writer.bytes(answer.text);
  put_optional(answer.leader, &writer);
  return out;
}

Result<RegisterAnswer> decode_register_answer(std::string_view bytes) {
  ByteReader reader(bytes);
  RegisterAnswer answer;
  answer.ok = reader.u8() == 1;
  answer.text = reader.bytes();
  if (!get_optional(&reader, &answer.leader)) return malformed_probe("answer");
  return answer;
}

}  // namespace graft::replication
