#pragma once

// Records of a log segment, as bytes. See docs/file-formats.md, "Raft log".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "raft/raft_node.h"

namespace graft::raft {

enum class RecordType : uint32_t { kEntry = 1, kHardState = 2 };

struct Record {
  RecordType type;
  uint64_t durable_size;  // of the file, when the record was written: what lies before it has been synced
  std::string_view body;
  uint64_t end;           // offset of the next record
};

void put_record(RecordType type, std::string_view body, uint64_t durable_size, uint64_t sequence, uint64_t offset,
                std::string* out);
// Nothing: no whole, undamaged record of this segment begins at offset. `file` may be a part that begins at `base`.
std::optional<Record> get_record(std::string_view file, uint64_t base, uint64_t offset, uint64_t sequence);

std::string encode_log_entry(const LogEntry& entry);
bool decode_log_entry(std::string_view body, LogEntry* entry);
std::string encode_hard_state(const HardState& state);
bool decode_hard_state(std::string_view body, HardState* state);

}  // namespace graft::raft
