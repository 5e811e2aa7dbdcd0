#pragma once

// What Graft puts into a Raft entry: change sets under a chain mark, or a statement about state sums.
// A change set is right only on top of the version that it was made on; the mark says which one that is.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "raft/raft_node.h"

namespace graft::replication {

// The chain's last entry that took effect. Part of the replicated state: carried by checkpoints and snapshots.
struct ChainMark {
  raft::Term term = 0;
  uint64_t number = 0;  // within the term; grows, with gaps where proposals were refused
  auto operator<=>(const ChainMark&) const = default;
};

enum class PayloadKind : uint8_t { kChanges = 1, kSums = 2 };

struct Envelope {
  PayloadKind kind = PayloadKind::kChanges;
  ChainMark mark;            // kSums: number is 0, it takes no place in the chain
  uint64_t predecessor = 0;  // number of the entry before it in this term; 0: what the earlier terms left
  std::vector<std::string> change_sets;  // kChanges: one per commit, in order
  std::string sums;                      // kSums: text of the sums that the predecessor's version carries
};

std::string encode_envelope(const Envelope& envelope);
// kCorruption: not an envelope.
Result<Envelope> decode_envelope(std::string_view bytes);

// The guard: true if the entry, committed in `entry_term`, belongs on top of `last`. The same answer on every member.
bool fits(const ChainMark& last, raft::Term entry_term, const Envelope& envelope);

}  // namespace graft::replication
