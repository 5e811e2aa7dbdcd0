#pragma once

// How a node with an empty data directory finds out whether to found a cluster, to join one, or to wait: a pure state
// machine. Somebody else asks the questions (PeerTransport::call, CallKind::kProbe), stores what has to be stored and
// tells what was answered.
//
//   waiting ──all answer, empty, same list──> prepare (store the founders) ──all have stored the same──> found
//      │ ├── one has founded with us in it ────────────────────────────────────────────────────────────> found
//      │ └── one belongs to a cluster that has added us ──> register with the leader ──────────────────> join
//      └──── one belongs to a cluster in which our id was removed or is another directory's ───────────> refuse
//
// Safety: founders are ids with incarnations. A node founds with exactly the founders that every one of them has stored,
// so no two nodes found with different ones (each goes through what the other has stored), and a node that lost its
// directory after storing has another incarnation and is not among them.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "replication/member.h"

namespace graft::replication {

using Founders = std::map<raft::MemberId, std::string>;  // id -> incarnation

// What a data directory knows about itself; a small file, replaced whole.
struct Identity {
  raft::MemberId id = 0;
  std::string incarnation;
  std::string cluster_id;          // empty until known
  Founders founders;               // stored before founding; empty for one that joins
  bool founded = false;            // has the founders' checkpoint: may vote
  bool registered = false;         // joined: the cluster has bound our id to our incarnation
  bool operator==(const Identity&) const = default;
};
std::string encode_identity(const Identity& identity);
// kCorruption: not such a file.
Result<Identity> decode_identity(std::string_view text);

struct ProbeRequest {
  Member self;                // with incarnation
  std::vector<Member> peers;  // bolt_raft_init_peers, self included
};
std::string encode_probe_request(const ProbeRequest& request);
Result<ProbeRequest> decode_probe_request(std::string_view bytes);

enum class ProbeState : uint8_t { kEmpty = 1, kPrepared = 2, kFounded = 3, kMember = 4, kCopied = 5 };
enum class Standing : uint8_t { kUnknown = 0, kAdded = 1, kBound = 2, kRemoved = 3 };  // of the asker's id in the cluster

struct ProbeAnswer {
  ProbeState state = ProbeState::kEmpty;
  Member self;                     // who answers
  std::vector<Member> peers;       // its own list (before it is a member)
  Founders founders;               // kPrepared, kFounded
  std::string cluster_id;          // kMember
  std::vector<Member> members;     // kMember: as applied there
  std::optional<Member> leader;    // kMember, if known
  Standing standing = Standing::kUnknown;  // kMember
  std::string bound_incarnation;   // kMember, kBound
};
std::string encode_probe_answer(const ProbeAnswer& answer);
Result<ProbeAnswer> decode_probe_answer(std::string_view bytes);

// For a node that belongs to a cluster: what to answer. removed: ids with a tombstone.
ProbeAnswer answer_as_member(const Member& self, const std::string& cluster_id, const std::vector<Member>& members,
                             const std::vector<raft::MemberId>& removed, const std::optional<Member>& leader,
                             const ProbeRequest& request);

// Asked of the leader (CallKind::kRegister) by a node that was added; it answers when the entry is applied.
struct RegisterRequest {
  Member self;  // with incarnation
};
struct RegisterAnswer {
  bool ok = false;
  std::string text;               // why not
  std::optional<Member> leader;   // ask there instead
};
std::string encode_register_request(const RegisterRequest& request);
Result<RegisterRequest> decode_register_request(std::string_view bytes);
std::string encode_register_answer(const RegisterAnswer& answer);
Result<RegisterAnswer> decode_register_answer(std::string_view bytes);

class Bootstrap {
 public:
  // What to do now. After kPrepare and kFound: store `founders` durably, then call prepared() / go on as a founder.
  struct Wait { std::string reason; };                       // ask everybody again
  struct Prepare { Founders founders; };
  struct Found { Founders founders; };
  struct Register { std::string cluster_id; Member leader; std::vector<Member> members; };  // then registered()
  struct Join { std::string cluster_id; std::vector<Member> members; };
  struct Refuse {
    std::string reason;
    bool removed = false;  // our id has a tombstone
  };
  using Step = std::variant<Wait, Prepare, Found, Register, Join, Refuse>;

  // copied: the directory is not empty, but another node's: it may only join, where its id was added.
  Bootstrap(Identity identity, Member self, std::vector<Member> peers, bool copied);

  // A round: ask all of these, tell each one's answer (or that it did not), then take the step.
  std::vector<Member> whom_to_ask() const;
  ProbeRequest request() const;
  void start_round();
  void on_answer(raft::MemberId asked, const Result<ProbeAnswer>& answer);
  bool round_complete() const;
  Step step() const;

  void prepared(const Founders& founders);
  void registered();
  // The leader's word on our registration was no (its text), or it is elsewhere.
  void register_failed(std::string text);

  // What to answer others meanwhile. Founded or not is the identity's word.
  ProbeAnswer answer() const;
  const Identity& identity() const { return identity_; }

 private:
  struct Heard {
    std::optional<ProbeAnswer> answer;
    std::string problem;
  };
  std::optional<Step> step_as_joiner() const;
  std::optional<Step> step_as_late_founder() const;
  Step step_as_founder() const;
  std::string waiting_for() const;

  Identity identity_;
  Member self_;
  std::vector<Member> peers_;  // sorted by id
  bool copied_;
  bool registered_ = false;
  std::string register_problem_;
  std::map<raft::MemberId, Heard> round_;
};

// "node 2: bolt_port 7687 there, 7688 here" for each difference; empty: the same members.
std::string differences(const std::vector<Member>& here, const std::vector<Member>& there);

}  // namespace graft::replication
