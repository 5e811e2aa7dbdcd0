// What a client sends is answered or refused, whatever it is: PackStream values, requests, and whole conversations.

#include "base/test_fuzz.h"
#include "server/bolt/handshake.h"
#include "server/bolt/messages.h"
#include "server/config.h"
#include "server/session/test_session.h"

namespace graft::server {
namespace {

std::string packed(uint8_t tag, const graph::List& fields) {
  std::string message;
  PackWriter writer(&message);
  writer.structure_header(static_cast<uint8_t>(fields.size()), tag);
  for (const Value& field : fields) encode_value(field, {}, nullptr, &writer);
  return message;
}

Value text(const char* s) { return Value::string(s); }
Value map(graph::Map entries = {}) { return Value::map(std::move(entries)); }

// One of each message that a driver sends, and a few that it does not.
std::vector<std::string> some_messages() {
  const Value nested = map({{"list", Value::list({Value::integer(1), Value::floating(2.5), Value(), text("\xC3\xA9"), Value::list({})})},
                            {"map", map({{"a", Value::boolean(true)}})}});
  return {
      packed(0x01, {map({{"user_agent", text("fuzz/1.0")}, {"patch_bolt", Value::list({text("utc")})}, {"routing", map({{"address", text("a:1")}})}})}),
      packed(0x6A, {map({{"scheme", text("none")}})}),
      packed(0x6A, {map({{"scheme", text("basic")}, {"principal", text("admin")}, {"credentials", text("x")}})}),
      packed(0x6B, {}),
      packed(0x10, {text("ROWS 7"), map(), map({{"mode", text("r")}})}),
      packed(0x10, {text("ROWS 3000"), nested, map({{"bookmarks", Value::list({text("graft:c:1:4")})}, {"tx_timeout", Value::integer(1000)}})}),
      packed(0x10, {text("WRITE"), map({{"p", nested}}), map({{"db", text("neo4j")}})}),
      packed(0x10, {text("HANG"), map(), map({{"mode", text("r")}})}),
      packed(0x10, {text("FAIL"), map(), map()}),
      packed(0x10, {text("nonsense"), map(), map()}),
      packed(0x11, {map({{"mode", text("r")}, {"tx_metadata", map({{"app", text("x")}})}})}),
      packed(0x12, {}),
      packed(0x13, {}),
      packed(0x0F, {}),
      packed(0x02, {}),
      packed(0x3F, {map({{"n", Value::integer(-1)}})}),
      packed(0x3F, {map({{"n", Value::integer(2)}, {"qid", Value::integer(0)}})}),
      packed(0x2F, {map({{"n", Value::integer(-1)}})}),
      packed(0x66, {map({{"address", text("a:1")}}), Value::list({}), map({{"db", Value()}})}),
      packed(0x54, {Value::integer(2)}),
  };
}

TEST(BoltFuzz, MutatedRequestsAreTakenOrRefused) {
  const std::vector<std::string> corpus = some_messages();
  FuzzRun run("BoltFuzz.MutatedRequestsAreTakenOrRefused", 50'000);
  for (uint64_t seed = 0; run.next(&seed);) {
    Mutator random(seed);
    std::string message = corpus[random.next(corpus.size())];
    for (uint64_t rounds = 1 + random.next(3); rounds > 0; --rounds) random.mutate(&message, corpus);
    const BoltVersion version{static_cast<uint8_t>(4 + random.next(2)), static_cast<uint8_t>(random.next(9))};
    auto request = decode_request(message, version);
    EXPECT_TRUE(request.ok() || !request.error().message.empty()) << "seed " << seed;
    PackReader reader(message);
    DecodeLimits limits;
    while (!reader.done() && decode_value(&reader, &limits).ok()) {
    }
  }
}

class BoltConversations : public SessionTest {
 protected:
  void open(uint64_t number) {
    connection_ = std::make_shared<FakeConnection>();
    session_ = std::make_shared<Session>(services_, connection_, number);
  }
  // Messages in any order, some of them spoilt, in pieces of any size.
  std::string conversation(Mutator& random) {
    static const std::string kHandshakes[] = {
        std::string("\x60\x60\xB0\x17\x00\x08\x08\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20),
        std::string("\x60\x60\xB0\x17\x00\x00\x04\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20),
        std::string("\x60\x60\xB0\x17\x00\x00\x01\xFF\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x08\x05\x00", 25)};
    std::string stream = kHandshakes[random.next(8) < 6 ? 0 : 1 + random.next(2)];
    auto add = [&](std::string message) {
      if (random.next(6) == 0) random.mutate(&message, corpus_);
      append_message(message, &stream);
    };
    if (random.next(8) != 0) add(corpus_[0]), add(corpus_[1]);
    for (uint64_t n = random.next(14); n > 0; --n) add(corpus_[random.next(corpus_.size())]);
    if (random.next(5) == 0) random.mutate(&stream, corpus_);
    return stream;
  }
  // What the replica and time bring.
  void answer_some(Mutator& random) {
    auto reads = std::exchange(replica_->reads, {});
    for (auto& [request, done] : reads) {
      if (random.next(6) == 0) done(Error{ErrorCode::kUnavailable, "no leader"});
      else done(replica_->applied());
    }
    auto commits = std::exchange(replica_->commits, {});
    for (auto& [work, done] : commits) {
      if (random.next(3) == 0) done(Error{ErrorCode::kLeadershipLost, "moved"});
      else done(replication::CommitOutcome{{"c", 1, 6}, {}});
    }
    auto waiters = std::exchange(replica_->leader_waiters, {});
    for (auto& done : waiters) done(random.next(2) != 0 ? Status() : Status(Error{ErrorCode::kUnavailable, "none"}));
    if (random.next(4) == 0) clock_.now += std::chrono::seconds(random.next(40));
  }

  std::vector<std::string> corpus_ = some_messages();
};

TEST_F(BoltConversations, EndInAnswersOrInAClosedConnection) {
  FuzzRun run("BoltConversations.EndInAnswersOrInAClosedConnection", 3000);
  for (uint64_t seed = 0; run.next(&seed);) {
    Mutator random(seed);
    open(seed);
    const std::string stream = conversation(random);
    for (size_t at = 0; at < stream.size() && !connection_->closed;) {
      const size_t length = std::min<size_t>(1 + random.next(random.next(3) == 0 ? 5 : 300), stream.size() - at);
      session_->on_data(std::string_view(stream).substr(at, length));
      at += length;
      if (random.next(3) == 0) settle_some(), answer_some(random);
    }
    settle_some();
    answer_some(random);
    ASSERT_LT(connection_->sent.size(), size_t{32} << 20) << "seed " << seed;
    session_->on_closed({});
    settle();
    answer_some(random);
    settle();
  }
  EXPECT_EQ(store_->stats().pins, 0u);  // nobody has forgotten a version
}

TEST(ConfigFuzz, MutatedFilesAreTakenOrRefusedWithAReason) {
  const std::vector<std::string> corpus = {
      R"({"directory": "/var/lib/graft", "host": "127.0.0.1", "bolt_port": 7687, "bolt_raft_port": 9093, "bolt_raft_node_id": 1, "log_dir": "", "verbose": 1})",
      R"({"bolt_raft_node_id": 2, "bolt_raft_init_peers": [{"bolt_raft_node_id": 1, "ip": "10.0.0.1", "bolt_raft_port": 9093, "bolt_port": 7687},
          {"bolt_raft_node_id": 2, "ip": "10.0.0.2", "bolt_raft_port": 9093, "bolt_port": 7687}]})",
      R"({"ssl_auth": true, "server_cert": "c.pem", "server_key": "k.pem", "disable_auth": false, "query_memory_mb": 64, "enable_ip_check": true})",
      R"({"bolt_raft_init_peers": "[{\"bolt_raft_node_id\": 1, \"ip\": \"::1\", \"bolt_raft_port\": 1, \"bolt_port\": 2}]", "bolt_raft_tick_interval": 20})"};
  const std::vector<std::string> pieces = {"{", "}", "[", "]", "\"", ":", ",", "null", "true", "-1", "1e999", "18446744073709551616", "0.5", "\\u0000", "\xFF", "\xEF\xBB\xBF", "\"bolt_port\":"};
  FuzzRun run("ConfigFuzz.MutatedFilesAreTakenOrRefusedWithAReason", 20'000);
  for (uint64_t seed = 0; run.next(&seed);) {
    Mutator random(seed);
    std::string file = random.one_of(std::span<const std::string>(corpus));
    for (uint64_t rounds = 1 + random.next(4); rounds > 0; --rounds) random.mutate(&file, corpus, pieces);
    const Result<ParsedConfig> parsed = parse_config(file, "graft.json", {});
    if (!parsed.ok()) {
      EXPECT_FALSE(parsed.error().message.empty()) << file;
    }
  }
  for (const char* bracket : {"[", "{\"a\":"}) {
    std::string deep;
    for (int i = 0; i < 200'000; ++i) deep += bracket;
    EXPECT_FALSE(parse_config(deep, "graft.json", {}).ok());
  }
}

}  // namespace
}  // namespace graft::server
