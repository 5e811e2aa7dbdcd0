#include "raft/log_record.h"

#include "base/checksum.h"
#include "base/codec.h"

namespace graft::raft {
namespace {

constexpr size_t kRecordHeaderBytes = 24;

uint64_t padded(uint64_t n) { return (n + 7) & ~uint64_t{7}; }

// The checksum covers place and segment too: a record that lies anywhere else than where it was written is not one.
uint64_t record_checksum(std::string_view head16, std::string_view body, uint64_t sequence, uint64_t offset) {
  std::string where(head16);
  ByteWriter writer(&where);
  writer.u64(sequence);
  writer.u64(offset);
  return checksum64(body, checksum64(where));
}

}  // namespace

void put_record(RecordType type, std::string_view body, uint64_t durable_size, uint64_t sequence, uint64_t offset,
                std::string* out) {
  size_t start = out->size();
  ByteWriter writer(out);
  writer.u32(static_cast<uint32_t>(body.size()));
  writer.u32(static_cast<uint32_t>(type));
  writer.u64(durable_size);
  uint64_t sum = record_checksum(std::string_view(*out).substr(start, 16), body, sequence, offset);
  writer.u64(sum);
  writer.raw(body);
  out->resize(start + padded(out->size() - start), '\0');
}

std::optional<Record> get_record(std::string_view file, uint64_t base, uint64_t offset, uint64_t sequence) {
  uint64_t at = offset - base;
  if (at + kRecordHeaderBytes > file.size()) return std::nullopt;
  ByteReader reader(file.substr(at, kRecordHeaderBytes));
  uint32_t length = reader.u32();
  uint32_t type = reader.u32();
  uint64_t durable_size = reader.u64();
  uint64_t sum = reader.u64();
  uint64_t end = at + padded(kRecordHeaderBytes + uint64_t{length});
  if (end > file.size() || (type != 1 && type != 2)) return std::nullopt;
  std::string_view body = file.substr(at + kRecordHeaderBytes, length);
  if (sum != record_checksum(file.substr(at, 16), body, sequence, offset)) return std::nullopt;
  return Record{static_cast<RecordType>(type), durable_size, body, base + end};
}

std::string encode_log_entry(const LogEntry& entry) {
  std::string out;
  out.reserve(entry.data.size() + entry.context.size() + 32);
  ByteWriter writer(&out);
  writer.u64(entry.index);
  writer.u64(entry.term);
  writer.u8(static_cast<uint8_t>(entry.kind));
  writer.bytes(entry.context);
  writer.raw(entry.data);
  return out;
}

bool decode_log_entry(std::string_view body, LogEntry* entry) {
  ByteReader reader(body);
  entry->index = reader.u64();
  entry->term = reader.u64();
  uint8_t kind = reader.u8();
  entry->context = reader.bytes();
  entry->data = reader.raw(reader.remaining());
  entry->kind = static_cast<EntryKind>(kind);
  return reader.ok() && kind <= 1;
}

std::string encode_hard_state(const HardState& state) {
  std::string out;
  ByteWriter writer(&out);
  writer.u64(state.term);
  writer.u64(state.vote);
  writer.u64(state.commit);
  return out;
}

bool decode_hard_state(std::string_view body, HardState* state) {
  ByteReader reader(body);
  state->term = reader.u64();
  state->vote = reader.u64();
  state->commit = reader.u64();
  return reader.ok() && reader.done();
}

}  // namespace graft::raft
