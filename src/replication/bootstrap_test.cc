#include "replication/bootstrap.h"

#include <gtest/gtest.h>

#include <set>

namespace graft::replication {
namespace {

Member member(raft::MemberId id) {
  return {.id = id, .ip = "10.0.0." + std::to_string(id), .bolt_port = 7687, .bolt_raft_port = 7688};
}

std::vector<Member> list(std::initializer_list<raft::MemberId> ids) {
  std::vector<Member> out;
  for (auto id : ids) out.push_back(member(id));
  return out;
}

// Nodes that ask each other; what they store survives a restart.
struct Node {
  Identity identity;
  std::vector<Member> peers;
  bool copied = false;
  bool up = true;
  std::unique_ptr<Bootstrap> bootstrap;
  std::optional<ProbeAnswer> as_member;  // answers as a member of a cluster
  std::string outcome;
  Founders founders;
  std::string reason;
};

class World {
 public:
  Node& add(raft::MemberId id, std::vector<Member> peers, bool copied = false) {
    Node& n = nodes[id];
    n.identity.id = id;
    n.identity.incarnation = "i" + std::to_string(++incarnations);
    n.peers = std::move(peers);
    n.copied = copied;
    start(id);
    return n;
  }
  void start(raft::MemberId id) {
    Node& n = nodes[id];
    n.up = true;
    n.bootstrap = std::make_unique<Bootstrap>(n.identity, member(id), n.peers, n.copied);
  }
  void lose_directory(raft::MemberId id) {
    Node& n = nodes[id];
    n.identity = {.id = id, .incarnation = "i" + std::to_string(++incarnations)};
    n.outcome.clear();
    start(id);
  }

  Result<ProbeAnswer> ask(raft::MemberId from, raft::MemberId to) {
    auto found = nodes.find(to);
    if (found == nodes.end() || !found->second.up || cut.count({from, to}) || cut.count({to, from})) {
      return Error{ErrorCode::kUnavailable, "connection refused"};
    }
    Node& n = found->second;
    ProbeAnswer answer = n.bootstrap->answer();
    if (n.outcome == "found") answer.state = ProbeState::kFounded, answer.founders = n.founders;
    if (n.as_member) {
      answer = answer_as_member(n.as_member->self, n.as_member->cluster_id, n.as_member->members, removed, n.as_member->leader,
                                nodes[from].bootstrap->request());
    }
    auto decoded = decode_probe_answer(encode_probe_answer(answer));
    EXPECT_TRUE(decoded.ok());
    return decoded;
  }

  // One node's round: asks all, takes the step.
  void round(raft::MemberId id) {
    Node& n = nodes[id];
    if (!n.up || !n.outcome.empty()) return;
    n.bootstrap->start_round();
    for (const Member& m : n.bootstrap->whom_to_ask()) n.bootstrap->on_answer(m.id, ask(id, m.id));
    take(id, n.bootstrap->step());
  }
  void take(raft::MemberId id, const Bootstrap::Step& step) {
    Node& n = nodes[id];
    if (auto* wait = std::get_if<Bootstrap::Wait>(&step)) n.reason = wait->reason;
    if (auto* prepare = std::get_if<Bootstrap::Prepare>(&step)) {
      n.identity.founders = prepare->founders;
      n.bootstrap->prepared(prepare->founders);
    }
    if (auto* found = std::get_if<Bootstrap::Found>(&step)) n.outcome = "found", n.founders = found->founders, n.identity.founded = true;
    if (std::get_if<Bootstrap::Register>(&step)) n.outcome = "register";
    if (std::get_if<Bootstrap::Join>(&step)) n.outcome = "join";
    if (auto* refuse = std::get_if<Bootstrap::Refuse>(&step)) n.outcome = "refuse", n.reason = refuse->reason;
  }
  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      for (auto& [id, n] : nodes) round(id);
    }
  }
  std::string outcomes() {
    std::string out;
    for (auto& [id, n] : nodes) out += std::to_string(id) + ":" + n.outcome + " ";
    return out;
  }
  // node `id` runs in a cluster with these members
  void make_member(raft::MemberId id, std::vector<Member> members, raft::MemberId leader) {
    Node& n = nodes[id];
    n.identity = {.id = id};
    n.bootstrap = std::make_unique<Bootstrap>(n.identity, member(id), list({id}), false);
    n.outcome = "member";
    n.as_member = ProbeAnswer{.self = member(id), .cluster_id = "cafe", .members = members};
    if (leader != 0) n.as_member->leader = member(leader);
  }

  std::map<raft::MemberId, Node> nodes;
  std::set<std::pair<raft::MemberId, raft::MemberId>> cut;
  std::vector<raft::MemberId> removed;
  int incarnations = 0;
};

TEST(Bootstrap, OneNodeFoundsAtOnce) {
  World w;
  w.add(1, list({1}));
  w.rounds(2);
  EXPECT_EQ(w.outcomes(), "1:found ");
  EXPECT_EQ(w.nodes[1].founders, (Founders{{1, "i1"}}));
}

TEST(Bootstrap, ThreeNodesFoundTogether) {
  World w;
  for (raft::MemberId id : {1, 2, 3}) w.add(id, list({3, 1, 2}));
  w.rounds(4);
  EXPECT_EQ(w.outcomes(), "1:found 2:found 3:found ");
  for (raft::MemberId id : {1, 2, 3}) EXPECT_EQ(w.nodes[id].founders, (Founders{{1, "i1"}, {2, "i2"}, {3, "i3"}}));
}

TEST(Bootstrap, AMajorityIsNotEnough) {
  World w;
  w.add(1, list({1, 2, 3}));
  w.add(2, list({1, 2, 3}));
  w.rounds(10);
  EXPECT_EQ(w.outcomes(), "1: 2: ");
  EXPECT_NE(w.nodes[1].reason.find("node 3 (10.0.0.3"), std::string::npos) << w.nodes[1].reason;
  EXPECT_NE(w.nodes[1].reason.find("connection refused"), std::string::npos);
}

TEST(Bootstrap, ListsThatDifferAreNamedFieldByField) {
  World w;
  auto other = list({1, 2, 3});
  other[1].bolt_port = 1;
  other[2].ip = "10.9.9.9";
  w.add(1, list({1, 2, 3}));
  w.add(2, other);
  w.add(3, list({1, 2, 3}));
  w.rounds(10);
  EXPECT_EQ(w.outcomes(), "1: 2: 3: ");
  EXPECT_NE(w.nodes[1].reason.find("node 2: bolt_port 1 there, 7687 here; node 3: ip 10.9.9.9 there, 10.0.0.3 here"), std::string::npos)
      << w.nodes[1].reason;
}

TEST(Bootstrap, DifferencesNameMissingNodes) {
  EXPECT_EQ(differences(list({1, 2}), list({2, 3})), "node 1: not listed there; node 3: not listed here");
  EXPECT_EQ(differences(list({1, 2}), list({2, 1})), "");
}

TEST(Bootstrap, CopiesOfOneDirectoryDoNotFound) {
  World w;
  w.add(1, list({1, 2}));
  w.add(2, list({1, 2}));
  w.nodes[2].identity.incarnation = "i1";
  w.start(2);
  w.rounds(5);
  EXPECT_EQ(w.outcomes(), "1: 2: ");
  EXPECT_NE(w.nodes[1].reason.find("copies of one data directory"), std::string::npos);
}

TEST(Bootstrap, ANodeThatWasAwayWhenOthersFoundedFoundsTheSame) {
  World w;
  for (raft::MemberId id : {1, 2, 3}) w.add(id, list({1, 2, 3}));
  w.round(1), w.round(2), w.round(3);  // all have stored
  w.round(1);
  EXPECT_EQ(w.nodes[1].outcome, "found");
  w.start(3);  // restarts with what it stored
  w.cut = {{3, 2}};
  w.rounds(3);
  EXPECT_EQ(w.nodes[3].outcome, "found");
  EXPECT_EQ(w.nodes[3].founders, w.nodes[1].founders);
}

TEST(Bootstrap, AFounderThatLostItsDirectoryIsRefused) {
  World w;
  for (raft::MemberId id : {1, 2, 3}) w.add(id, list({1, 2, 3}));
  w.rounds(4);
  w.lose_directory(3);
  w.rounds(3);
  EXPECT_EQ(w.nodes[3].outcome, "refuse");
  EXPECT_NE(w.nodes[3].reason.find("removeRaftNode(3)"), std::string::npos);
}

TEST(Bootstrap, ADirectoryLostBeforeFoundingIsNoHarm) {
  World w;
  for (raft::MemberId id : {1, 2, 3}) w.add(id, list({1, 2, 3}));
  w.round(1), w.round(2), w.round(3);
  w.lose_directory(3);
  w.rounds(5);
  EXPECT_EQ(w.outcomes(), "1:found 2:found 3:found ");
  EXPECT_EQ(w.nodes[1].founders.at(3), "i4");
}

// Restarts, lost directories and lost questions in random order: whoever founds founds with the same founders.
TEST(Bootstrap, NoTwoNodesFoundWithDifferentFounders) {
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    uint64_t state = seed * 0x9e3779b97f4a7c15;
    auto random = [&](uint64_t n) { return (state = state * 6364136223846793005 + 1442695040888963407) / (uint64_t{1} << 33) % n; };
    World w;
    for (raft::MemberId id : {1, 2, 3}) w.add(id, list({1, 2, 3}));
    std::map<raft::MemberId, std::vector<std::pair<raft::MemberId, Result<ProbeAnswer>>>> heard;  // answers on their way
    for (int i = 0; i < 60; ++i) {
      raft::MemberId id = 1 + random(3);
      Node& n = w.nodes[id];
      switch (random(12)) {
        case 0: if (n.outcome.empty()) w.start(id), heard[id].clear(); break;
        case 1: if (random(4) == 0) w.lose_directory(id), heard[id].clear(); break;
        case 2: w.cut.clear(); break;
        case 3: w.cut.insert({1 + random(3), 1 + random(3)}); break;
        case 4: case 5: case 6: case 7:  // asks; the answers wait
          if (!n.outcome.empty()) break;
          heard[id].clear();
          n.bootstrap->start_round();
          for (const Member& m : n.bootstrap->whom_to_ask()) heard[id].emplace_back(m.id, w.ask(id, m.id));
          break;
        default:  // hears them, perhaps much later
          if (!n.outcome.empty() || heard[id].empty()) break;
          for (auto& [from, answer] : heard[id]) n.bootstrap->on_answer(from, answer);
          w.take(id, n.bootstrap->step());
          heard[id].clear();
      }
    }
    std::set<Founders> different;
    for (auto& [id, n] : w.nodes) {
      if (n.outcome == "found") different.insert(n.founders);
    }
    ASSERT_LE(different.size(), 1u) << "seed " << seed;
  }
}

TEST(Bootstrap, ANewNodeHasToBeAddedFirstAndSaysHow) {
  World w;
  w.make_member(1, list({1, 2}), 1);
  w.add(4, list({1, 2, 4}));
  w.rounds(3);
  EXPECT_EQ(w.nodes[4].outcome, "");
  EXPECT_NE(w.nodes[4].reason.find("CALL db.bolt.addRaftNode(4, '10.0.0.4', 7687, 7688)"), std::string::npos) << w.nodes[4].reason;
}

TEST(Bootstrap, ANodeThatWasAddedRegistersAndJoins) {
  World w;
  w.make_member(1, list({1, 2, 4}), 0);
  w.add(4, list({1, 2, 4}));
  w.round(4);
  EXPECT_NE(w.nodes[4].reason.find("waits for a leader"), std::string::npos);
  w.nodes[1].as_member->leader = member(2);
  w.round(4);
  ASSERT_EQ(w.nodes[4].outcome, "register");
  w.nodes[4].bootstrap->register_failed("not now");
  w.take(4, w.nodes[4].bootstrap->step());
  EXPECT_EQ(w.nodes[4].reason, "not now");
  w.nodes[4].bootstrap->registered();
  w.nodes[4].outcome.clear();
  w.round(4);
  EXPECT_EQ(w.nodes[4].outcome, "join");
}

TEST(Bootstrap, WhatCannotChangeBackCountsWhoeverSaysIt) {
  World w;
  w.make_member(1, list({1, 2, 4}), 1);
  w.make_member(2, list({1, 2}), 1);
  w.add(4, list({1, 2, 4}));
  auto bound = list({1, 2, 4});
  bound[2].incarnation = w.nodes[4].identity.incarnation;
  w.nodes[2].as_member->members = bound;
  w.round(4);
  EXPECT_EQ(w.nodes[4].outcome, "join");
  w.nodes[4].outcome.clear();
  bound[2].incarnation = "another";
  w.nodes[2].as_member->members = bound;
  w.round(4);
  EXPECT_EQ(w.nodes[4].outcome, "refuse");
  w.nodes[4].outcome.clear();
  w.removed = {4};
  w.round(4);
  EXPECT_EQ(w.nodes[4].outcome, "refuse");
  EXPECT_NE(w.nodes[4].reason.find("was removed"), std::string::npos);
}

TEST(Bootstrap, MembersOfTwoClustersAreAMistake) {
  World w;
  w.make_member(1, list({1, 4}), 1);
  w.make_member(2, list({2, 4}), 2);
  w.nodes[2].as_member->cluster_id = "beef";
  w.add(4, list({1, 2, 4}));
  w.round(4);
  EXPECT_EQ(w.nodes[4].outcome, "refuse");
}

TEST(Bootstrap, ACopiedDirectoryNeverFounds) {
  World w;
  for (raft::MemberId id : {1, 2}) w.add(id, list({1, 2, 3}));
  w.add(3, list({1, 2, 3}), true);
  w.rounds(5);
  EXPECT_EQ(w.outcomes(), "1: 2: 3: ");
  EXPECT_NE(w.nodes[1].reason.find("node 3 holds another node's data"), std::string::npos) << w.nodes[1].reason;
}

// Also when the leader itself says that the id was not added: it may be added in a moment.
TEST(Bootstrap, ACopiedDirectoryWaitsForTheLeadersWord) {
  World w;
  w.make_member(1, list({1, 2}), 2);  // a follower that may be behind
  w.add(4, list({1, 2, 4}), true);
  w.round(4);
  EXPECT_EQ(w.nodes[4].outcome, "");
  w.make_member(2, list({1, 2}), 2);
  w.round(4);
  EXPECT_EQ(w.nodes[4].outcome, "");
  EXPECT_NE(w.nodes[4].reason.find("stays untouched"), std::string::npos) << w.nodes[4].reason;
  EXPECT_NE(w.nodes[4].reason.find("db.bolt.addRaftNode(4"), std::string::npos) << w.nodes[4].reason;
  w.nodes[2].as_member->members = list({1, 2, 4});
  w.round(4);
  EXPECT_EQ(w.nodes[4].outcome, "register");
}

TEST(Bootstrap, MalformedBytesAreErrors) {
  std::string good = encode_probe_answer({.self = member(1), .peers = list({1, 2}), .leader = member(2)});
  for (size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(decode_probe_answer(good.substr(0, n)).ok()) << n;
  std::string request = encode_probe_request({.self = member(1), .peers = list({1, 2})});
  for (size_t n = 0; n < request.size(); ++n) EXPECT_FALSE(decode_probe_request(request.substr(0, n)).ok()) << n;
}

}  // namespace
}  // namespace graft::replication
