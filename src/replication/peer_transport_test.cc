#include "replication/peer_transport.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include "env/doors.h"
#include "replication/frame_connection.h"

namespace graft::replication {
namespace {

using namespace std::chrono_literals;

Member member(raft::MemberId id, uint16_t port, std::string incarnation = "") {
  return {.id = id, .ip = "127.0.0.1", .bolt_port = 1, .bolt_raft_port = port, .incarnation = std::move(incarnation)};
}

// One member: a transport, and what its handler was told. All on a raft role of its own.
class Peer final : public PeerHandler {
 public:
  Peer(raft::MemberId id, std::string cluster, uint16_t port = 0, std::function<void(PeerOptions&)> tune = {}) {
    options.self = member(id, port, "incarnation-" + std::to_string(id));
    options.cluster_id = std::move(cluster);
    options.listen = {"127.0.0.1", port};
    options.start = id * 1000 + ++starts;
    options.ping_interval = 20ms;
    options.silence_limit = 5s;
    options.first_retry = 5ms;
    options.last_retry = 20ms;
    if (tune) tune(options);
    auto made = PeerTransport::start(options, *this, doors.clock, doors.transport, doors.raft);
    if (!made.ok()) ADD_FAILURE() << made.error().message;
    transport = std::move(made).value();
    self = member(id, transport->address().port, options.self.incarnation);
  }
  ~Peer() override {
    run([this] { transport.reset(); });
    doors.stop();
  }

  void run(std::function<void()> f) {
    std::promise<void> done;
    doors.raft.post([&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }
  void know(std::vector<Member> peers) {
    run([&] { transport->set_peers(peers); });
  }
  void say(raft::MemberId to, std::string text) { transport->send({{.to = to, .bytes = std::move(text)}}); }

  bool until(std::function<bool(Peer&)> condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, [&] { return condition(*this); });
  }
  bool connected_to(raft::MemberId id) {
    return until([id](Peer& p) { return p.connects[id] > 0; });
  }

  std::optional<Refusal> judge(const Hello& hello) override {
    std::lock_guard lock(mutex);
    hellos.push_back(hello);
    return refuse;
  }
  void on_message(raft::MemberId from, std::string m) override {
    note([&] { messages.push_back(std::to_string(from) + ":" + m.substr(0, 20)); });
  }
  void on_peer_applied(raft::MemberId from, raft::LogIndex index) override {
    note([&] { applied[from] = index; });
  }
  void on_peer_connected(raft::MemberId id) override {
    note([&] { ++connects[id]; });
  }
  void on_peer_unreachable(raft::MemberId id, const Error&) override {
    note([&] { ++losses[id]; });
  }
  void on_peer_refused(raft::MemberId id, const Refusal& r) override {
    note([&] { refusals[id] = r; });
  }
  void on_peer_congested(raft::MemberId, bool c) override {
    note([&] { congestion += c ? "c" : "f"; });
  }
  void on_call(CallKind kind, const Hello& hello, std::string request, Respond respond) override {
    if (request == "silence") {
      note([&] { kept = respond; });
    } else if (request != "nothing") {
      respond(std::to_string(int(kind)) + " from " + std::to_string(hello.from.id) + ": " + request);
    }
  }
  void on_snapshot_connection(const Hello&, std::shared_ptr<FrameChannel> c) override {
    c->set_handler([raw = c.get()](Frame f) { raw->send(FrameType::kSnapshotChunk, f.body + "!"); }, [](const Error&) {});
    channel = c;
  }

  template <class F>
  void note(F f) {
    std::lock_guard lock(mutex);
    f();
    changed.notify_all();
  }

  inline static uint64_t starts = 0;
  env::PosixDoors doors{1};
  PeerOptions options;
  std::unique_ptr<PeerTransport> transport;
  Member self;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> messages;
  std::vector<Hello> hellos;
  std::map<raft::MemberId, raft::LogIndex> applied;
  std::map<raft::MemberId, int> connects, losses;
  std::map<raft::MemberId, Refusal> refusals;
  std::string congestion;
  std::optional<Refusal> refuse;
  Respond kept;
  std::shared_ptr<FrameChannel> channel;
};

TEST(PeerTransport, MessagesArriveInOrderWithTheSendersAppliedIndex) {
  Peer a(1, "c"), b(2, "c");
  a.know({a.self, b.self});
  ASSERT_TRUE(a.connected_to(2));
  a.transport->set_applied(77);
  for (int i = 0; i < 1000; ++i) a.say(2, std::to_string(i));
  ASSERT_TRUE(b.until([](Peer& p) { return p.messages.size() == 1000; }));
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(b.messages[i], "1:" + std::to_string(i));
  EXPECT_TRUE(b.until([](Peer& p) { return p.applied[1] == 77; }));
  EXPECT_FALSE(b.transport->connected(1));  // its own direction is its own affair
}

TEST(PeerTransport, TheAppliedIndexTravelsWithoutMessages) {
  Peer a(1, "c"), b(2, "c");
  a.transport->set_applied(5);
  a.know({b.self});
  EXPECT_TRUE(b.until([](Peer& p) { return p.applied[1] == 5; }));
}

TEST(PeerTransport, AForeignClusterIsRefusedAndSaysSo) {
  Peer a(1, "one"), b(2, "two");
  a.know({b.self});
  ASSERT_TRUE(a.until([](Peer& p) { return p.refusals.count(2) != 0; }));
  EXPECT_EQ(a.refusals[2].code, RefusalCode::kForeignCluster);
  EXPECT_NE(a.refusals[2].text.find("belongs to cluster two"), std::string::npos);
}

// It is the other one that is wrong: we are told that it cannot be reached, not that we were refused.
TEST(PeerTransport, AnotherDataDirectoryUnderAKnownIdIsNotSpokenTo) {
  Peer a(1, "c"), b(2, "c");
  Member wrong = b.self;
  wrong.incarnation = "an older one";
  a.know({wrong});
  ASSERT_TRUE(a.until([](Peer& p) { return p.losses[2] > 0; }));
  EXPECT_TRUE(a.refusals.empty());
  EXPECT_FALSE(a.transport->connected(2));
}

TEST(PeerTransport, SomebodyElseAtTheAddressIsRefused) {
  Peer a(1, "c"), b(2, "c");
  a.know({member(3, b.self.bolt_raft_port)});
  ASSERT_TRUE(a.until([](Peer& p) { return p.refusals.count(3) != 0; }));
  EXPECT_EQ(a.refusals[3].code, RefusalCode::kWrongMember);
}

TEST(PeerTransport, TheHandlerMayRefuseAndIsAskedAgain) {
  Peer a(1, "c"), b(2, "c");
  b.note([&] { b.refuse = Refusal{RefusalCode::kRemoved, "node 1 was removed"}; });
  a.know({b.self});
  ASSERT_TRUE(a.until([](Peer& p) { return p.refusals[2].code == RefusalCode::kRemoved; }));
  b.note([&] { b.refuse.reset(); });
  EXPECT_TRUE(a.connected_to(2));
}

TEST(PeerTransport, ALostConnectionIsToldAtOnceAndComesBack) {
  Peer a(1, "c");
  auto b = std::make_unique<Peer>(2, "c");
  uint16_t port = b->self.bolt_raft_port;
  a.know({b->self});
  ASSERT_TRUE(a.connected_to(2));
  b.reset();
  ASSERT_TRUE(a.until([](Peer& p) { return p.losses[2] > 2; }));  // reset, then refused again and again
  b = std::make_unique<Peer>(2, "c", port);
  ASSERT_TRUE(a.until([](Peer& p) { return p.connects[2] > 1; }));
  a.say(2, "again");
  EXPECT_TRUE(b->until([](Peer& p) { return p.messages == std::vector<std::string>{"1:again"}; }));
}

TEST(PeerTransport, AMemberThatCallsIsCalledBackAtOnce) {
  auto slow = [](PeerOptions& o) { o.first_retry = o.last_retry = 60s; };
  Peer a(1, "c", 0, slow);
  uint16_t port = 0;
  {
    Peer b(2, "c");
    port = b.self.bolt_raft_port;
  }
  a.know({member(2, port)});
  ASSERT_TRUE(a.until([](Peer& p) { return p.losses[2] > 0; }));
  Peer b(2, "c", port);
  b.know({a.self});
  EXPECT_TRUE(a.connected_to(2));
}

// A connection without a transport around it.
struct Raw {
  explicit Raw(Peer& to) : peer(to) {
    std::promise<void> open;
    peer.doors.transport.connect({"127.0.0.1", to.self.bolt_raft_port}, 5s, sink, [&](std::shared_ptr<env::Connection> c) {
      connection = std::move(c);
      open.set_value();
    });
    open.get_future().wait();
  }
  struct Sink final : env::ConnectionHandler {
    void on_data(std::string_view bytes) override {
      std::lock_guard lock(mutex);
      data += bytes;
      changed.notify_all();
    }
    void on_closed(const Error&) override {
      std::lock_guard lock(mutex);
      closed = true;
      changed.notify_all();
    }
    bool until_closed() {
      std::unique_lock lock(mutex);
      return changed.wait_for(lock, 10s, [&] { return closed; });
    }
    bool until_bytes(size_t n) {
      std::unique_lock lock(mutex);
      return changed.wait_for(lock, 10s, [&] { return data.size() >= n; });
    }
    std::mutex mutex;
    std::condition_variable changed;
    std::string data;
    bool closed = false;
  };
  ~Raw() { connection->abort(); }
  void hello(uint64_t start, uint64_t serial) {
    Hello h{.purpose = Purpose::kRaft, .cluster_id = "c", .from = member(1, 1), .to = 2, .start = start, .serial = serial};
    connection->send(encode_frame(FrameType::kHello, encode_hello(h)));
    ASSERT_TRUE(sink->until_bytes(kFrameHeaderBytes + 1));
  }
  void say(const std::string& text) { connection->send(encode_frame(FrameType::kRaft, encode_raft_frame(0, {text}))); }

  Peer& peer;
  std::shared_ptr<Sink> sink = std::make_shared<Sink>();
  std::shared_ptr<env::Connection> connection;
};

TEST(PeerTransport, ANewerConnectionEndsTheOlder) {
  Peer b(2, "c");
  Raw old(b);
  old.hello(9, 1);
  old.say("one");
  ASSERT_TRUE(b.until([](Peer& p) { return p.messages.size() == 1; }));
  Raw newer(b);
  newer.hello(9, 2);
  newer.say("two");
  ASSERT_TRUE(b.until([](Peer& p) { return p.messages.size() == 2; }));
  EXPECT_TRUE(old.sink->until_closed());
  EXPECT_EQ(b.losses[1], 0);  // it was replaced, not lost
  Raw late(b);
  late.hello(9, 1);  // an old Hello that was delayed
  EXPECT_TRUE(late.sink->until_closed());
  newer.say("three");
  EXPECT_TRUE(b.until([](Peer& p) { return p.messages.size() == 3; }));
}

TEST(PeerTransport, GarbageClosesTheConnectionAndNothingElse) {
  Peer b(2, "c");
  std::string broken = encode_frame(FrameType::kHello, "xx");
  broken.back() ^= 1;
  std::string huge = encode_frame(FrameType::kHello, std::string(kMaxStrangerFrameBytes + 1, 'x'));
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n\r\n and more"), broken, huge.substr(0, 100), encode_frame(FrameType::kHello, "short"),
                                   encode_frame(FrameType::kRaft, encode_raft_frame(0, {}))}) {
    Raw raw(b);
    raw.connection->send(bytes);
    EXPECT_TRUE(raw.sink->until_closed());
  }
  Raw raw(b);
  raw.hello(9, 1);
  raw.connection->send(encode_frame(FrameType::kRaft, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
  EXPECT_TRUE(raw.sink->until_closed());
  EXPECT_TRUE(b.messages.empty());
  Peer a(1, "c");
  a.know({b.self});
  EXPECT_TRUE(a.connected_to(2));
}

TEST(PeerTransport, ASilentPeerIsNoticed) {
  Peer a(1, "c", 0, [](PeerOptions& o) { o.silence_limit = 100ms; });
  env::PosixDoors doors(1);
  std::vector<std::shared_ptr<env::Connection>> kept;
  auto listener = doors.transport.listen({"127.0.0.1", 0}, nullptr, [&](std::shared_ptr<env::Connection> c) {
    kept.push_back(c);
    return std::make_shared<Raw::Sink>();
  });
  ASSERT_TRUE(listener.ok());
  a.know({member(2, (*listener)->address().port)});
  EXPECT_TRUE(a.until([](Peer& p) { return p.losses[2] > 0; }));
  doors.stop();
}

TEST(PeerTransport, CallsAreAnsweredRefusedOrUnavailable) {
  Peer a(1, ""), b(2, "c");
  auto ask = [&](env::Address to, raft::MemberId expected, std::string request) {
    std::promise<Result<std::string>> answer;
    a.run([&] {
      a.transport->call(to, expected, CallKind::kProbe, request, [&](Result<std::string> r) { answer.set_value(std::move(r)); });
    });
    return answer.get_future().get();
  };
  env::Address there{"127.0.0.1", b.self.bolt_raft_port};
  auto good = ask(there, 0, "who are you");
  ASSERT_TRUE(good.ok()) << good.error().message;
  EXPECT_EQ(*good, "1 from 1: who are you");
  EXPECT_EQ(ask(there, 7, "x").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(ask(there, 2, "nothing").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(ask(there, 2, "silence").error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(ask({"127.0.0.1", 1}, 2, "x").error().code, ErrorCode::kUnavailable);
  b.note([&] { b.kept = nullptr; });
}

TEST(PeerTransport, AChannelCarriesFramesBothWays) {
  Peer a(1, "c"), b(2, "c");
  std::promise<std::string> echo;
  std::shared_ptr<FrameChannel> mine;
  a.run([&] {
    a.transport->open_snapshot_channel(b.self, [&](Result<std::shared_ptr<FrameChannel>> c) {
      ASSERT_TRUE(c.ok()) << c.error().message;
      mine = *c;
      mine->set_handler([&](Frame f) { echo.set_value(f.body); }, [](const Error&) {});
      mine->send(FrameType::kSnapshotRequest, "pages");
    });
  });
  EXPECT_EQ(echo.get_future().get(), "pages!");
  a.run([&] { mine->close(); });
}

TEST(PeerTransport, WhatAPeerDoesNotTakeIsBounded) {
  Peer a(1, "c", 0, [](PeerOptions& o) {
    o.congested_bytes = 8 << 20;   // more than the kernel's buffers take
    o.max_queued_bytes = 32 << 20;
  });
  Peer b(2, "c", 0, [](PeerOptions& o) { o.max_undelivered_bytes = 1 << 20; });
  a.know({b.self});
  ASSERT_TRUE(a.connected_to(2));
  std::promise<void> go;
  b.doors.raft.post([f = go.get_future().share()] { f.wait(); });  // b's raft role is busy
  for (int i = 0; i < 200; ++i) a.say(2, std::string(1 << 20, 'x'));
  ASSERT_TRUE(a.until([](Peer& p) { return p.congestion == "c"; })) << a.congestion;
  go.set_value();
  EXPECT_TRUE(a.until([](Peer& p) { return p.congestion == "cf"; }));
  a.say(2, "last");
  ASSERT_TRUE(b.until([](Peer& p) { return !p.messages.empty() && p.messages.back() == "1:last"; })) << b.messages.size() << " " << a.losses[2] << a.congestion << a.connects[2];
  EXPECT_LT(b.messages.size(), 100u);  // the rest was dropped
}

TEST(FrameReader, TakesAStreamApartWhereverItIsCut) {
  std::string stream;
  for (int i = 0; i < 20; ++i) stream += encode_frame(FrameType::kRaft, std::string(i * 7, static_cast<char>('a' + i)));
  for (size_t step = 1; step < 40; ++step) {
    FrameReader reader;
    int count = 0;
    for (size_t at = 0; at < stream.size(); at += step) {
      reader.feed(std::string_view(stream).substr(at, step));
      for (auto f = reader.next(1000); f.ok() && *f; f = reader.next(1000)) EXPECT_EQ((*f)->body.size(), size_t(count++ * 7));
    }
    EXPECT_EQ(count, 20);
  }
}

}  // namespace
}  // namespace graft::replication
