#pragma once

// How a member that can no longer vouch for its log or its store gets well: docs/adr/0007-healing.md.
//
//   damage ─> note in the data directory, durable ─> damaged files set aside ─> kHeal asked of the members, again and again
//          ─> the leader offers a snapshot that holds all that this member may have acknowledged ─> received, made current
//          ─> log begun anew after it, with the term and vote that were kept ─> note removed ─> a member as before
//
// While the note is there, no Raft node runs: the member neither votes nor acknowledges. A crash anywhere on the way
// leaves the note, and the next start begins anew.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "replication/peer_transport.h"
#include "replication/role_handle.h"

namespace graft::replication {

// The file `healing`.
struct HealingNote {
  std::string reason;           // for people
  std::string aside;            // name of the directory that the damaged files are moved to
  std::vector<Member> members;  // as last known: whom to ask besides bolt_raft_init_peers
  bool operator==(const HealingNote&) const = default;
};
std::string encode_healing_note(const HealingNote& note);
Result<HealingNote> decode_healing_note(std::string_view text);

// CallKind::kHeal.
struct HealRequest {
  Member self;  // with incarnation
};
std::string encode_heal_request(const HealRequest& request);
Result<HealRequest> decode_heal_request(std::string_view bytes);

struct HealAnswer {
  enum class Kind : uint8_t { kOffer = 1, kLater = 2, kRefused = 3, kRemoved = 4 };
  Kind kind = Kind::kLater;
  std::string text;              // why not
  Member self;                   // who answers
  std::vector<Member> members;   // as it knows them
  raft::LogIndex index = 0;      // kOffer: what a snapshot's descriptor says
  raft::Term term = 0;
  std::string data;
};
std::string encode_heal_answer(const HealAnswer& answer);
Result<HealAnswer> decode_heal_answer(std::string_view bytes);

class HealerHost {  // called on the raft role
 public:
  virtual ~HealerHost() = default;
  virtual bool being_filled() = 0;  // by an earlier offer that still goes on: nobody is asked
  virtual void on_heal_waiting(const std::string& reason) = 0;
  virtual void on_heal_offer(const HealAnswer& offer) = 0;
  virtual void on_heal_refused(const HealAnswer& answer) = 0;
};

// Asks all members until one that leads makes an offer, and again when that came to nothing. Raft role.
class Healer {
 public:
  static constexpr env::Duration kRoundInterval = std::chrono::milliseconds(200);

  Healer(Member self, std::vector<Member> members, PeerTransport& transport, HealerHost& host, RoleHandle raft_role);

  void run() { round(); }
  void finish() { finished_ = true; }

 private:
  void round();
  void next_round();
  void on_answer(raft::MemberId from, const Result<std::string>& bytes);
  void learn(const std::vector<Member>& members);

  Member self_;
  std::map<raft::MemberId, Member> members_;
  PeerTransport& transport_;
  HealerHost& host_;
  RoleHandle role_;
  uint64_t round_number_ = 0;
  size_t asked_ = 0;                             // in this round
  std::map<raft::MemberId, std::string> heard_;  // of these: why not
  bool finished_ = false;
};

}  // namespace graft::replication
