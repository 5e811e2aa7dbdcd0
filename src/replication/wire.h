#pragma once

// What members say to each other, as bytes. A connection carries frames; the first one is a Hello, the first one back a
// Welcome or a Refusal. docs/file-formats.md has the layout.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "raft/raft_node.h"
#include "replication/member.h"

namespace graft::replication {

constexpr uint8_t kProtocolVersion = 1;
constexpr size_t kFrameHeaderBytes = 16;
constexpr size_t kMaxFrameBytes = 160 << 20;          // one entry of max_transaction_bytes, and room
constexpr size_t kMaxStrangerFrameBytes = 64 << 10;   // before the Welcome

enum class FrameType : uint8_t {
  kHello = 1,
  kWelcome = 2,
  kRefusal = 3,
  kRaft = 4,             // applied index, then Raft messages
  kPing = 5,             // applied index
  kPong = 6,
  kCall = 7,             // kind, request: one per connection
  kAnswer = 8,
  kSnapshotRequest = 9,  // id, resume key
  kSnapshotBegin = 10,
  kSnapshotChunk = 11,
  kSnapshotEnd = 12,
  kSnapshotAck = 13,     // bytes taken so far
  kSnapshotDone = 14,    // installed, or why not
};

struct Frame {
  FrameType type;
  std::string body;
};

// Length, type, version, checksum, body.
std::string encode_frame(FrameType type, std::string_view body);

// Takes a stream apart. After an error the connection has to be closed.
class FrameReader {
 public:
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // kCorruption: checksum; kInvalidArgument: version, type or size.
  Result<std::optional<Frame>> next(size_t max_bytes);
  size_t buffered() const { return buffer_.size() - start_; }

 private:
  std::string buffer_;
  size_t start_ = 0;
};

enum class Purpose : uint8_t { kRaft = 1, kCall = 2, kSnapshot = 3 };

struct Hello {
  Purpose purpose = Purpose::kRaft;
  std::string cluster_id;         // empty: not known yet
  Member from;                    // with its incarnation
  raft::MemberId to = 0;          // 0: whoever listens there
  uint64_t start = 0;             // random per start of the process
  uint64_t serial = 0;            // of the connection within the start
};
std::string encode_hello(const Hello& hello);
Result<Hello> decode_hello(std::string_view body);

struct Welcome {
  std::string cluster_id;
  raft::MemberId id = 0;
  std::string incarnation;
};
std::string encode_welcome(const Welcome& welcome);
Result<Welcome> decode_welcome(std::string_view body);

enum class RefusalCode : uint8_t {
  kOther = 0,
  kForeignCluster = 1,      // another cluster id
  kForeignIncarnation = 2,  // the id belongs to another data directory
  kRemoved = 3,             // the id was removed from the cluster
  kUnknownMember = 4,       // the id was never added
  kWrongMember = 5,         // somebody else listens at this address
  kNotReady = 6,            // starting: ask again at once
  kNotYet = 7,              // not registered, or being filled anew: ask again, there is time
};
struct Refusal {
  RefusalCode code = RefusalCode::kOther;
  std::string text;  // for people
};
std::string encode_refusal(const Refusal& refusal);
Result<Refusal> decode_refusal(std::string_view body);

struct RaftFrame {
  raft::LogIndex applied = 0;  // the sender's: flow control
  std::vector<std::string> messages;
};
std::string encode_raft_frame(raft::LogIndex applied, const std::vector<std::string_view>& messages);
Result<RaftFrame> decode_raft_frame(std::string_view body);

// 16 bytes as 32 hex digits: incarnations, cluster ids.
std::string random_hex_id(uint64_t high, uint64_t low);

}  // namespace graft::replication
