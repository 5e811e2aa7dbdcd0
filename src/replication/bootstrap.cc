#include "replication/bootstrap.h"

#include <algorithm>

#include <fmt/format.h>

#include "replication/member_records.h"

namespace graft::replication {
namespace {

const Member* find_listed(const std::vector<Member>& members, raft::MemberId id) {
  for (const Member& m : members) {
    if (m.id == id) return &m;
  }
  return nullptr;
}

std::string how_to_add(const Member& m) {
  return fmt::format("CALL db.bolt.addRaftNode({}, '{}', {}, {})", m.id, m.ip, m.bolt_port, m.bolt_raft_port);
}

void add_reason(std::string* text, const std::string& more) {
  if (!text->empty()) *text += "; ";
  *text += more;
}

}  // namespace

std::string differences(const std::vector<Member>& here, const std::vector<Member>& there) {
  std::string out;
  for (const Member& ours : here) {
    const Member* theirs = find_listed(there, ours.id);
    if (theirs == nullptr) {
      add_reason(&out, fmt::format("node {}: not listed there", ours.id));
      continue;
    }
    auto differ = [&](const char* field, const auto& a, const auto& b) {
      if (a != b) add_reason(&out, fmt::format("node {}: {} {} there, {} here", ours.id, field, b, a));
    };
    differ("ip", ours.ip, theirs->ip);
    differ("bolt_port", ours.bolt_port, theirs->bolt_port);
    differ("bolt_raft_port", ours.bolt_raft_port, theirs->bolt_raft_port);
  }
  for (const Member& theirs : there) {
    if (find_listed(here, theirs.id) == nullptr) add_reason(&out, fmt::format("node {}: not listed here", theirs.id));
  }
  return out;
}

ProbeAnswer answer_as_member(const Member& self, const std::string& cluster_id, const std::vector<Member>& members,
                             const std::vector<raft::MemberId>& removed, const std::optional<Member>& leader, const ProbeRequest& request) {
  ProbeAnswer answer{.state = ProbeState::kMember, .self = self, .cluster_id = cluster_id, .members = members, .leader = leader};
  raft::MemberId asker = request.self.id;
  if (std::find(removed.begin(), removed.end(), asker) != removed.end()) {
    answer.standing = Standing::kRemoved;
  } else if (const Member* m = find_listed(members, asker)) {
    answer.standing = m->incarnation.empty() ? Standing::kAdded : Standing::kBound;
    answer.bound_incarnation = m->incarnation;
  }
  return answer;
}

Bootstrap::Bootstrap(Identity identity, Member self, std::vector<Member> peers, bool copied)
    : identity_(std::move(identity)), self_(std::move(self)), peers_(std::move(peers)), copied_(copied) {
  self_.incarnation = identity_.incarnation;
  std::sort(peers_.begin(), peers_.end(), [](const Member& a, const Member& b) { return a.id < b.id; });
}

std::vector<Member> Bootstrap::whom_to_ask() const {
  std::vector<Member> out;
  for (const Member& m : peers_) {
    if (m.id != self_.id) out.push_back(m);
  }
  return out;
}

ProbeRequest Bootstrap::request() const { return {.self = self_, .peers = peers_}; }

void Bootstrap::start_round() {
  round_.clear();
  register_problem_.clear();
}

void Bootstrap::on_answer(raft::MemberId asked, const Result<ProbeAnswer>& answer) {
  Heard& heard = round_[asked];
  if (!answer.ok()) {
    heard.problem = answer.error().message;
  } else if (answer->self.id != asked) {
    heard.problem = fmt::format("node {} answers there", answer->self.id);
  } else {
    heard.answer = *answer;
  }
}

bool Bootstrap::round_complete() const { return round_.size() >= whom_to_ask().size(); }

void Bootstrap::prepared(const Founders& founders) { identity_.founders = founders; }
void Bootstrap::registered() { registered_ = true; }
void Bootstrap::register_failed(std::string text) { register_problem_ = std::move(text); }

Bootstrap::Step Bootstrap::step() const {
  if (auto step = step_as_joiner()) return *step;
  if (copied_) {
    return Wait{"the data directory is another node's; it is used only if the leader of its cluster confirms that this node was added, "
                "and none of the listed nodes is a member that answers: " + waiting_for()};
  }
  if (auto step = step_as_late_founder()) return *step;
  return step_as_founder();
}

// Somebody belongs to a cluster: what counts is what it knows about us. What can never change back comes first.
std::optional<Bootstrap::Step> Bootstrap::step_as_joiner() const {
  const ProbeAnswer* best = nullptr;
  const Member* leader = nullptr;
  for (const auto& [id, heard] : round_) {
    if (!heard.answer || heard.answer->state != ProbeState::kMember) continue;
    const ProbeAnswer& a = *heard.answer;
    if (best != nullptr && a.cluster_id != best->cluster_id) {
      return Refuse{fmt::format("nodes {} and {} belong to different clusters ({}, {})", best->self.id, id, best->cluster_id, a.cluster_id)};
    }
    if (a.leader) leader = &*a.leader;
    if (best == nullptr || a.standing > best->standing) best = &a;
  }
  if (best == nullptr) return std::nullopt;
  switch (best->standing) {
    case Standing::kRemoved:
      return Refuse{fmt::format("node {} was removed from cluster {}; an id is never used again: add the node under a new one", self_.id, best->cluster_id), true};
    case Standing::kBound:
      if (best->bound_incarnation != self_.incarnation) {
        return Refuse{fmt::format("in cluster {} node {} has another data directory than this one (lost or exchanged?): remove it (CALL "
                                  "db.bolt.removeRaftNode({})) and add this node under a new id", best->cluster_id, self_.id, self_.id)};
      }
      if (!copied_ && !identity_.founders.empty()) return Found{identity_.founders};
      return Join{best->cluster_id, best->members};
    case Standing::kAdded:
      if (registered_) return Join{best->cluster_id, best->members};
      if (!register_problem_.empty()) return Wait{register_problem_};
      if (leader == nullptr) return Wait{"waits for a leader of cluster " + best->cluster_id + " to register with"};
      return Register{best->cluster_id, *leader, best->members};
    case Standing::kUnknown:
      break;
  }
  std::string reason = fmt::format("node {} is not a member of cluster {}, which node {} belongs to: it has to be added first, {}", self_.id,
                                   best->cluster_id, best->self.id, how_to_add(self_));
  if (copied_) return Wait{"the data directory is another node's and stays untouched until then: " + reason};
  return Wait{reason};
}

// Somebody has founded already. If with us, then with exactly what we are to found with.
std::optional<Bootstrap::Step> Bootstrap::step_as_late_founder() const {
  for (const auto& [id, heard] : round_) {
    if (!heard.answer || heard.answer->state != ProbeState::kFounded) continue;
    const Founders& founders = heard.answer->founders;
    auto us = founders.find(self_.id);
    if (us == founders.end()) {
      return Wait{fmt::format("node {} has founded a cluster without node {}: {}", id, self_.id, differences(peers_, heard.answer->peers))};
    }
    if (us->second != self_.incarnation) {
      return Refuse{fmt::format("node {} has founded a cluster with another data directory of node {} (lost or exchanged since?): remove it "
                                "(CALL db.bolt.removeRaftNode({})) and add this node under a new id", id, self_.id, self_.id)};
    }
    return Found{founders};
  }
  return std::nullopt;
}

Bootstrap::Step Bootstrap::step_as_founder() const {
  if (std::string reason = waiting_for(); !reason.empty()) return Wait{reason};
  Founders founders{{self_.id, self_.incarnation}};
  bool all_prepared = true;
  for (const auto& [id, heard] : round_) {
    for (const auto& [other, incarnation] : founders) {
      if (incarnation == heard.answer->self.incarnation) return Wait{fmt::format("nodes {} and {} run on copies of one data directory", other, id)};
    }
    founders[id] = heard.answer->self.incarnation;
  }
  if (identity_.founders != founders) return Prepare{founders};
  std::string waiting;
  for (const auto& [id, heard] : round_) {
    if (heard.answer->state == ProbeState::kPrepared && heard.answer->founders == founders) continue;
    all_prepared = false;
    add_reason(&waiting, fmt::format("node {} has not noted the founders yet", id));
  }
  if (all_prepared) return Found{founders};
  return Wait{waiting};
}

// Why no cluster can be founded now; empty: nothing is in the way.
std::string Bootstrap::waiting_for() const {
  std::string out;
  for (const Member& peer : whom_to_ask()) {
    auto heard = round_.find(peer.id);
    if (heard == round_.end() || !heard->second.answer) {
      std::string why = heard == round_.end() ? "no answer yet" : heard->second.problem;
      add_reason(&out, fmt::format("{} does not answer ({})", describe(peer), why));
      continue;
    }
    const ProbeAnswer& a = *heard->second.answer;
    if (a.state == ProbeState::kCopied) add_reason(&out, fmt::format("node {} holds another node's data", peer.id));
    if (a.state == ProbeState::kEmpty || a.state == ProbeState::kPrepared) {
      std::string difference = differences(peers_, a.peers);
      if (!difference.empty()) add_reason(&out, fmt::format("node {} lists other members in bolt_raft_init_peers ({})", peer.id, difference));
      if (a.self.incarnation.empty()) add_reason(&out, fmt::format("node {} is not ready yet", peer.id));
    }
  }
  return out;
}

ProbeAnswer Bootstrap::answer() const {
  ProbeAnswer answer{.state = ProbeState::kEmpty, .self = self_, .peers = peers_, .founders = identity_.founders};
  if (!identity_.founders.empty()) answer.state = ProbeState::kPrepared;
  if (identity_.founded) answer.state = ProbeState::kFounded;
  if (copied_) answer.state = ProbeState::kCopied;
  return answer;
}

}  // namespace graft::replication
