// What other members send is taken or refused, whatever it is: frames, their bodies, and the entries of the log.

#include <gtest/gtest.h>

#include "base/test_fuzz.h"
#include "replication/bootstrap.h"
#include "replication/envelope.h"
#include "replication/healing.h"
#include "replication/member_records.h"
#include "replication/snapshot_messages.h"
#include "replication/wire.h"

namespace graft::replication {
namespace {

struct Kind {
  const char* name;
  FrameType frame;
  std::vector<std::string> good;
  std::function<std::optional<Error>(std::string_view)> decode;
};

template <class F>
std::function<std::optional<Error>(std::string_view)> decoder(F decode) {
  return [decode](std::string_view bytes) -> std::optional<Error> {
    auto decoded = decode(bytes);
    if (decoded.ok()) return std::nullopt;
    return decoded.error();
  };
}

Member some_member(raft::MemberId id) {
  Member m;
  m.id = id;
  m.ip = "host-" + std::to_string(id) + ".example.com";
  m.bolt_port = 7687;
  m.bolt_raft_port = 9093;
  m.incarnation = std::string(32, 'a');
  return m;
}

std::vector<Kind> kinds() {
  std::vector<Member> members{some_member(1), some_member(2), some_member(300)};
  Hello hello{.purpose = Purpose::kRaft, .cluster_id = std::string(32, 'c'), .from = members[0], .to = 2, .start = 77, .serial = 3};
  Welcome welcome{std::string(32, 'c'), 2, std::string(32, 'b')};
  ProbeAnswer answer{.state = ProbeState::kMember, .self = members[1], .peers = members, .founders = {{1, "x"}, {2, "y"}}, .cluster_id = "c",
                     .members = members, .leader = members[2], .standing = Standing::kBound, .bound_incarnation = "z"};
  Envelope envelope{.kind = PayloadKind::kChanges, .mark = {7, 1000}, .predecessor = 999, .change_sets = {"one", std::string(300, 'c'), ""}, .sums = {}};
  Envelope sums{.kind = PayloadKind::kSums, .mark = {7, 0}, .predecessor = 1000, .change_sets = {}, .sums = "nodes=0 properties=0"};
  Identity identity{.id = 1, .incarnation = std::string(32, 'a'), .cluster_id = "c", .founders = {{1, "x"}, {2, "y"}}, .founded = true, .registered = true};
  std::string entry("\x3a\x03\x22\x01x", 5);
  return {
      {"hello", FrameType::kHello, {encode_hello(hello)}, decoder(decode_hello)},
      {"welcome", FrameType::kWelcome, {encode_welcome(welcome)}, decoder(decode_welcome)},
      {"refusal", FrameType::kRefusal, {encode_refusal({RefusalCode::kRemoved, "removed"})}, decoder(decode_refusal)},
      {"raft", FrameType::kRaft, {encode_raft_frame(12, {"message", entry, ""})}, decoder(decode_raft_frame)},
      {"probe request", FrameType::kCall, {encode_probe_request({members[0], members})}, decoder(decode_probe_request)},
      {"probe answer", FrameType::kAnswer, {encode_probe_answer(answer)}, decoder(decode_probe_answer)},
      {"register request", FrameType::kCall, {encode_register_request({members[0]})}, decoder(decode_register_request)},
      {"register answer", FrameType::kAnswer, {encode_register_answer({false, "not here", members[1]})}, decoder(decode_register_answer)},
      {"snapshot request", FrameType::kSnapshotRequest, {encode_snapshot_request({5, "key"})}, decoder(decode_snapshot_request)},
      {"snapshot begin", FrameType::kSnapshotBegin, {encode_snapshot_begin({9, 2, "extra"})}, decoder(decode_snapshot_begin)},
      {"snapshot chunk", FrameType::kSnapshotChunk, {encode_snapshot_chunk({"key", std::string(500, 'p')})}, decoder(decode_snapshot_chunk)},
      {"snapshot done", FrameType::kSnapshotDone, {encode_snapshot_done({false, "no"})}, decoder(decode_snapshot_done)},
      {"snapshot ack", FrameType::kSnapshotAck, {encode_snapshot_ack(1 << 20)}, decoder(decode_snapshot_ack)},
      {"snapshot id", FrameType::kPing, {encode_snapshot_id(1 << 20)}, decoder(decode_snapshot_id)},
      {"envelope", FrameType::kRaft, {encode_envelope(envelope), encode_envelope(sums)}, decoder(decode_envelope)},
      {"member", FrameType::kCall, {encode_member(members[2])}, decoder(decode_member)},
      {"identity", FrameType::kCall, {encode_identity(identity)}, decoder(decode_identity)},
      {"heal answer", FrameType::kAnswer, {encode_heal_answer({HealAnswer::Kind::kOffer, "text", members[0], members, 9, 2, "id"})}, decoder(decode_heal_answer)},
      {"healing note", FrameType::kCall, {encode_healing_note({"reason", "damaged-1", members})}, decoder(decode_healing_note)},
  };
}

TEST(ReplicationFuzz, MutatedBodiesAreTakenOrRefused) {
  const std::vector<Kind> all = kinds();
  std::vector<std::string> corpus;
  for (const Kind& kind : all) {
    for (const std::string& body : kind.good) {
      EXPECT_FALSE(kind.decode(body).has_value()) << kind.name;
      corpus.push_back(body);
    }
  }
  FuzzRun run("ReplicationFuzz.MutatedBodiesAreTakenOrRefused", 50'000);
  for (uint64_t seed = 0; run.next(&seed);) {
    Mutator random(seed);
    const Kind& kind = all[random.next(all.size())];
    std::string body = kind.good[random.next(kind.good.size())];
    for (uint64_t rounds = 1 + random.next(3); rounds > 0; --rounds) random.mutate(&body, corpus);
    auto error = kind.decode(body);
    EXPECT_TRUE(!error || !error->message.empty()) << kind.name << ", seed " << seed;
  }
}

TEST(ReplicationFuzz, MutatedStreamsOfFramesEndInAnErrorOrInFrames) {
  const std::vector<Kind> all = kinds();
  std::vector<std::string> corpus;
  for (const Kind& kind : all) corpus.push_back(encode_frame(kind.frame, kind.good[0]));
  FuzzRun run("ReplicationFuzz.MutatedStreamsOfFramesEndInAnErrorOrInFrames", 10'000);
  for (uint64_t seed = 0; run.next(&seed);) {
    Mutator random(seed);
    std::string stream;
    for (uint64_t n = 1 + random.next(6); n > 0; --n) stream += corpus[random.next(corpus.size())];
    for (uint64_t rounds = random.next(3); rounds > 0; --rounds) random.mutate(&stream, corpus);
    FrameReader reader;
    bool broken = false;
    for (size_t at = 0; at < stream.size() && !broken;) {
      const size_t length = std::min<size_t>(1 + random.next(100), stream.size() - at);
      reader.feed(std::string_view(stream).substr(at, length));
      at += length;
      for (;;) {
        auto frame = reader.next(kMaxStrangerFrameBytes);
        broken = !frame.ok();
        if (broken || !*frame) break;
      }
      ASSERT_LE(reader.buffered(), kMaxStrangerFrameBytes + kFrameHeaderBytes + 100) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace graft::replication
