#include "replication/snapshot_messages.h"

#include "base/codec.h"

namespace graft::replication {
namespace {

Error malformed_snapshot(const char* what) { return {ErrorCode::kInvalidArgument, std::string("malformed snapshot ") + what}; }

}  // namespace

std::string encode_snapshot_request(const SnapshotRequest& request) {
  std::string out;
  ByteWriter writer(&out);
  writer.u64(request.id);
  writer.bytes(request.resume_key);
  return out;
}

Result<SnapshotRequest> decode_snapshot_request(std::string_view body) {
  ByteReader reader(body);
  SnapshotRequest request;
  request.id = reader.u64();
  request.resume_key = reader.bytes();
  if (!reader.ok()) return malformed_snapshot("request");
  return request;
}

std::string encode_snapshot_begin(const storage::CheckpointMeta& meta) {
  std::string out;
  ByteWriter writer(&out);
  writer.u64(meta.applied_index);
  writer.u64(meta.applied_term);
  writer.bytes(meta.extra);
  return out;
}

Result<storage::CheckpointMeta> decode_snapshot_begin(std::string_view body) {
  ByteReader reader(body);
  storage::CheckpointMeta meta;
  meta.applied_index = reader.u64();
  meta.applied_term = reader.u64();
  meta.extra = reader.bytes();
  if (!reader.ok()) return malformed_snapshot("beginning");
  return meta;
}

std::string encode_snapshot_chunk(const SnapshotChunk& chunk) {
  std::string out;
  out.reserve(chunk.bytes.size() + chunk.resume_key.size() + 10);
  ByteWriter writer(&out);
  writer.bytes(chunk.resume_key);
  writer.raw(chunk.bytes);
  return out;
}

Result<SnapshotChunk> decode_snapshot_chunk(std::string_view body) {
  ByteReader reader(body);
  SnapshotChunk chunk;
  chunk.resume_key = reader.bytes();
  chunk.bytes = reader.raw(reader.remaining());
  if (!reader.ok()) return malformed_snapshot("chunk");
  return chunk;
}

std::string encode_snapshot_done(const SnapshotDone& done) {
  std::string out;
  ByteWriter writer(&out);
  writer.u8(done.ok ? 1 : 0);
  writer.bytes(done.text);
  return out;
}

Result<SnapshotDone> decode_snapshot_done(std::string_view body) {
  ByteReader reader(body);
  SnapshotDone done;
  done.ok = reader.u8() == 1;
  done.text = reader.bytes();
  if (!reader.ok()) return malformed_snapshot("end");
  return done;
}

std::string encode_snapshot_ack(uint64_t bytes) {
  std::string out;
  ByteWriter(&out).u64(bytes);
  return out;
}

Result<uint64_t> decode_snapshot_ack(std::string_view body) {
  ByteReader reader(body);
  uint64_t bytes = reader.u64();
  if (!reader.ok()) return malformed_snapshot("acknowledgement");
  return bytes;
}

std::string encode_snapshot_id(uint64_t id) { return encode_snapshot_ack(id); }
Result<uint64_t> decode_snapshot_id(std::string_view data) { return decode_snapshot_ack(data); }

}  // namespace graft::replication
