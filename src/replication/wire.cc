#include "replication/wire.h"

#include "base/checksum.h"
#include "base/codec.h"
#include "replication/member_records.h"

namespace graft::replication {
namespace {

Error malformed_frame(const char* what) { return {ErrorCode::kInvalidArgument, std::string("malformed ") + what + " from a member"}; }

uint64_t frame_checksum(std::string_view head8, std::string_view body) { return checksum64(body, checksum64(head8)); }

}  // namespace

std::string encode_frame(FrameType type, std::string_view body) {
  std::string out;
  out.reserve(kFrameHeaderBytes + body.size());
  ByteWriter writer(&out);
  writer.u32(static_cast<uint32_t>(body.size()));
  writer.u8(static_cast<uint8_t>(type));
  writer.u8(kProtocolVersion);
  writer.u16(0);
  writer.u64(frame_checksum(out, body));
  writer.raw(body);
  return out;
}

Result<std::optional<Frame>> FrameReader::next(size_t max_bytes) {
  std::string_view rest = std::string_view(buffer_).substr(start_);
  if (rest.size() < kFrameHeaderBytes) return std::optional<Frame>();
  ByteReader reader(rest);
  uint32_t length = reader.u32();
  uint8_t type = reader.u8();
  uint8_t version = reader.u8();
  reader.u16();
  uint64_t sum = reader.u64();
  if (version != kProtocolVersion) {
    return Error{ErrorCode::kInvalidArgument, "not Graft's member protocol, version " + std::to_string(kProtocolVersion)};
  }
  if (type < 1 || type > static_cast<uint8_t>(FrameType::kSnapshotDone)) return malformed_frame("frame type");
  if (length > max_bytes) {
    return Error{ErrorCode::kInvalidArgument, "a frame of " + std::to_string(length) + " bytes, " + std::to_string(max_bytes) + " are allowed"};
  }
  if (rest.size() < kFrameHeaderBytes + length) return std::optional<Frame>();
  std::string_view body = rest.substr(kFrameHeaderBytes, length);
  if (sum != frame_checksum(rest.substr(0, 8), body)) return Error{ErrorCode::kCorruption, "a frame's checksum is wrong"};
  Frame frame{static_cast<FrameType>(type), std::string(body)};
  start_ += kFrameHeaderBytes + length;
  if (start_ == buffer_.size() || start_ > (1 << 20)) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
  return std::optional<Frame>(std::move(frame));
}

std::string encode_hello(const Hello& hello) {
  std::string out;
  ByteWriter writer(&out);
  writer.u8(static_cast<uint8_t>(hello.purpose));
  writer.bytes(hello.cluster_id);
  writer.bytes(encode_member(hello.from));
  writer.u64(hello.to);
  writer.u64(hello.start);
  writer.u64(hello.serial);
  return out;
}

Result<Hello> decode_hello(std::string_view body) {
  ByteReader reader(body);
  Hello hello;
  uint8_t purpose = reader.u8();
  hello.cluster_id = reader.bytes();
  std::string_view member = reader.bytes();
  hello.to = reader.u64();
  hello.start = reader.u64();
  hello.serial = reader.u64();
  if (!reader.ok() || purpose < 1 || purpose > 3) return malformed_frame("hello");
  hello.purpose = static_cast<Purpose>(purpose);
  GRAFT_TRY_ASSIGN(hello.from, decode_member(member));
  if (hello.from.id == 0) return malformed_frame("hello");
  return hello;
}

std::string encode_welcome(const Welcome& welcome) {
  std::string out;
  ByteWriter writer(&out);
  writer.bytes(welcome.cluster_id);
  writer.u64(welcome.id);
  writer.bytes(welcome.incarnation);
  return out;
}

Result<Welcome> decode_welcome(std::string_view body) {
  ByteReader reader(body);
  Welcome welcome;
  welcome.cluster_id = reader.bytes();
  welcome.id = reader.u64();
  welcome.incarnation = reader.bytes();
  if (!reader.ok()) return malformed_frame("welcome");
  return welcome;
}

std::string encode_refusal(const Refusal& refusal) {
  std::string out;
  ByteWriter writer(&out);
  writer.u8(static_cast<uint8_t>(refusal.code));
  writer.bytes(refusal.text);
  return out;
}

Result<Refusal> decode_refusal(std::string_view body) {
  ByteReader reader(body);
  uint8_t code = reader.u8();
  Refusal refusal;
  refusal.text = reader.bytes();
  if (!reader.ok()) return malformed_frame("refusal");
  refusal.code = code <= static_cast<uint8_t>(RefusalCode::kNotYet) ? static_cast<RefusalCode>(code) : RefusalCode::kOther;
  return refusal;
}

std::string encode_raft_frame(raft::LogIndex applied, const std::vector<std::string_view>& messages) {
  std::string out;
  ByteWriter writer(&out);
  writer.u64(applied);
  writer.varint(messages.size());
  for (std::string_view m : messages) writer.bytes(m);
  return out;
}

Result<RaftFrame> decode_raft_frame(std::string_view body) {
  ByteReader reader(body);
  RaftFrame frame;
  frame.applied = reader.u64();
  uint64_t count = reader.varint();
  if (count > reader.remaining()) return malformed_frame("Raft frame");
  frame.messages.reserve(count);
  for (uint64_t i = 0; i < count && reader.ok(); ++i) frame.messages.emplace_back(reader.bytes());
  if (!reader.ok() || !reader.done()) return malformed_frame("Raft frame");
  return frame;
}

std::string random_hex_id(uint64_t high, uint64_t low) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (uint64_t half : {high, low}) {
    for (int shift = 60; shift >= 0; shift -= 4) out.push_back(kDigits[(half >> shift) & 15]);
  }
  return out;
}

}  // namespace graft::replication
