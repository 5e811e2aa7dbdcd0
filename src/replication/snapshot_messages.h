#pragma once

// What giver and taker of a snapshot say to each other. See docs/file-formats.md, "Member protocol".

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/store.h"

namespace graft::replication {

struct SnapshotRequest {
  uint64_t id = 0;
  std::string resume_key;  // of the last chunk that was taken; empty: from the start
};
std::string encode_snapshot_request(const SnapshotRequest& request);
Result<SnapshotRequest> decode_snapshot_request(std::string_view body);

std::string encode_snapshot_begin(const storage::CheckpointMeta& meta);
Result<storage::CheckpointMeta> decode_snapshot_begin(std::string_view body);

struct SnapshotChunk {
  std::string resume_key;  // where to go on after it
  std::string bytes;
};
std::string encode_snapshot_chunk(const SnapshotChunk& chunk);
Result<SnapshotChunk> decode_snapshot_chunk(std::string_view body);

struct SnapshotDone {
  bool ok = false;
  std::string text;  // why not
};
std::string encode_snapshot_done(const SnapshotDone& done);
Result<SnapshotDone> decode_snapshot_done(std::string_view body);

// Frame kSnapshotAck: chunk bytes taken since the request. Sent at least once a second: it says that somebody is there.
std::string encode_snapshot_ack(uint64_t bytes);
Result<uint64_t> decode_snapshot_ack(std::string_view body);

// Raft's descriptor names the snapshot.
std::string encode_snapshot_id(uint64_t id);
Result<uint64_t> decode_snapshot_id(std::string_view data);

}  // namespace graft::replication
