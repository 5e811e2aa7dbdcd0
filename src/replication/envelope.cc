#include "replication/envelope.h"

#include "base/codec.h"

namespace graft::replication {
namespace {

constexpr uint8_t kEnvelopeFormat = 1;

}  // namespace

std::string encode_envelope(const Envelope& envelope) {
  std::string out;
  size_t payload = envelope.sums.size();
  for (const std::string& set : envelope.change_sets) payload += set.size() + 5;
  out.reserve(payload + 32);
  ByteWriter writer(&out);
  writer.u8(kEnvelopeFormat);
  writer.u8(static_cast<uint8_t>(envelope.kind));
  writer.varint(envelope.mark.term);
  writer.varint(envelope.mark.number);
  writer.varint(envelope.predecessor);
  if (envelope.kind == PayloadKind::kSums) {
    writer.bytes(envelope.sums);
  } else {
    writer.varint(envelope.change_sets.size());
    for (const std::string& set : envelope.change_sets) writer.bytes(set);
  }
  return out;
}

Result<Envelope> decode_envelope(std::string_view bytes) {
  ByteReader reader(bytes);
  Envelope envelope;
  uint8_t format = reader.u8();
  if (!reader.ok() || format != kEnvelopeFormat) {
    return Error{ErrorCode::kCorruption, "a Raft entry has envelope format " + std::to_string(format) + ", this version reads 1"};
  }
  uint8_t kind = reader.u8();
  envelope.mark.term = reader.varint();
  envelope.mark.number = reader.varint();
  envelope.predecessor = reader.varint();
  if (kind == static_cast<uint8_t>(PayloadKind::kSums)) {
    envelope.kind = PayloadKind::kSums;
    envelope.sums = reader.bytes();
  } else if (kind == static_cast<uint8_t>(PayloadKind::kChanges)) {
    uint64_t count = reader.varint();
    for (uint64_t i = 0; i < count && reader.ok(); ++i) envelope.change_sets.emplace_back(reader.bytes());
  } else {
    reader.fail();
  }
  if (!reader.ok() || !reader.done()) return Error{ErrorCode::kCorruption, "a Raft entry holds a malformed envelope"};
  return envelope;
}

bool fits(const ChainMark& last, raft::Term entry_term, const Envelope& envelope) {
  if (envelope.mark.term != entry_term || last.term > entry_term) return false;
  uint64_t number = last.term == entry_term ? last.number : 0;
  if (envelope.predecessor != number) return false;
  return envelope.kind == PayloadKind::kSums || envelope.mark.number > number;
}

}  // namespace graft::replication
