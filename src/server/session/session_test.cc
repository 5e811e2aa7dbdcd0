#include "server/session/session.h"

#include "server/session/test_session.h"

namespace graft::server {
namespace {

const graph::Map kRead = {{"mode", Value::string("r")}};

TEST_F(SessionTest, ReadsArePulledInPieces) {
  log_in();
  run("ROWS 5", kRead);
  pull(2);
  settle();
  EXPECT_EQ(tags(), "SRRS");
  EXPECT_TRUE(last_.back().value.find("has_more")->as_boolean());
  pull();
  settle();
  EXPECT_EQ(tags(), "RRRS");
  EXPECT_EQ(last_.back().value.find("bookmark")->as_string(), "graft:c:1:5");
  EXPECT_EQ(last_.back().value.find("type")->as_string(), "r");
  EXPECT_EQ(session_->state(), Session::State::kReady);
}

TEST_F(SessionTest, AReadThatHasBeenShortNeedsNoWorker) {
  log_in();
  for (bool first : {true, false, false}) {
    run("ROWS 2", kRead);
    pull();
    run_io();
    EXPECT_EQ(tags(), first ? "" : "SRRS");
    settle();
    EXPECT_EQ(tags(), first ? "SRRS" : "");
  }
}

TEST_F(SessionTest, AReadOfManyRowsIsAWorkers) {
  log_in();
  for (int i = 0; i < 3; ++i) {
    run("ROWS 500", kRead);
    pull();
    run_io();
    EXPECT_EQ(tags(), "");
    settle();
    EXPECT_EQ(tags(), "S" + std::string(500, 'R') + "S");
  }
}

TEST_F(SessionTest, AWriteThatIsPlannedGoesToTheLaneAtOnce) {
  log_in();
  run("WRITE");
  settle();
  ASSERT_EQ(replica_->commits.size(), 1u);
  replica_->commits[0].second(replication::CommitOutcome{{"c", 1, 9}, {}});
  pull();
  settle();
  EXPECT_EQ(tags(), "SS");
  run("WRITE");
  EXPECT_EQ(replica_->commits.size(), 2u);
}

TEST(RunningTimeTest, FallsFastAndRisesSlowly) {
  using std::chrono::microseconds;
  cypher::RunningTime time;
  EXPECT_FALSE(time.is_short());  // never run
  time.note(microseconds(5000));
  EXPECT_FALSE(time.is_short());
  for (int i = 0; i < 5; ++i) time.note(microseconds(20));
  EXPECT_TRUE(time.is_short());
  time.note(std::chrono::seconds(10));  // one that was interrupted
  EXPECT_TRUE(time.is_short());
  for (int i = 0; i < 5; ++i) time.note(microseconds(5000));
  EXPECT_FALSE(time.is_short());
}

TEST(RunningTimeTest, TwoLongWritesInARowAreTooLong) {
  cypher::RunningTime time;
  for (bool too_long : {true, false, true}) {
    time.note_write(too_long);
    EXPECT_FALSE(time.writes_too_long());
  }
  time.note_write(true);
  EXPECT_TRUE(time.writes_too_long());
  time.note_write(false);
  EXPECT_FALSE(time.writes_too_long());
}

TEST_F(SessionTest, AWriteIsAnsweredWhenItIsCommitted) {
  log_in();
  run("WRITE");
  pull();
  settle();
  EXPECT_EQ(tags(), "");
  ASSERT_EQ(replica_->commits.size(), 1u);
  graph::WriteCounters counters;
  counters.nodes_created = 2;
  replica_->commits[0].second(replication::CommitOutcome{{"c", 1, 9}, counters});
  settle();
  EXPECT_EQ(tags(), "SS");
  EXPECT_EQ(last_[1].value.find("stats")->find("nodes-created")->as_integer(), 2);
  EXPECT_EQ(last_[1].value.find("bookmark")->as_string(), "graft:c:1:9");
}

TEST_F(SessionTest, AfterAFailureAllIsIgnoredUntilReset) {
  log_in();
  run("NONSENSE");
  pull();
  run("ROWS 1", kRead);
  settle();
  EXPECT_EQ(tags(), "FII");
  EXPECT_EQ(last_[0].code(), "Neo.ClientError.Statement.SyntaxError");
  reset();
  run("ROWS 1", kRead);
  pull();
  settle();
  EXPECT_EQ(tags(), "SSRS");
}

TEST_F(SessionTest, WritesInReadModeAreRefused) {
  log_in();
  run("WRITE", kRead);
  settle();
  EXPECT_EQ(tags(), "F");
  EXPECT_EQ(last_[0].code(), "Neo.ClientError.Statement.AccessMode");
}

TEST_F(SessionTest, ResetStopsWhatRuns) {
  log_in();
  run("HANG", kRead);
  pull();
  settle_some();
  tags();
  pull();  // queued behind what runs
  reset();
  settle();
  const std::string text = tags();
  EXPECT_TRUE(text.ends_with("FIS")) << text;
  EXPECT_EQ(session_->state(), Session::State::kReady);
}

TEST_F(SessionTest, ResetDoesNotWaitForAWorkerThatDoesNotLookUp) {
  log_in();
  for (bool in_transaction : {false, true}) {
    if (in_transaction) {
      send(0x11, {map(kRead)});
      settle();
      replica_->reads.back().second(replica_->applied());
      settle();
      tags();
    }
    run("ROWS 500", kRead);
    pull();
    reset();
    run_io();
    EXPECT_EQ(tags(), "");  // it may yet see that it is to stop
    clock_.now += std::chrono::milliseconds(60);
    run_io();
    EXPECT_EQ(tags(), "FIS");
    EXPECT_EQ(session_->state(), Session::State::kReady);
    settle();  // the worker comes to its end
    EXPECT_EQ(tags(), "");
  }
  run("ROWS 1", kRead);
  pull();
  settle();
  EXPECT_EQ(tags(), "SRS");
}

TEST_F(SessionTest, ResetsWhoseAnswersNobodyReadsAreHeldBack) {
  log_in();
  connection_->hold = true;
  size_t sent = 0;
  for (; sent < 2'000'000 && !connection_->paused; ++sent) reset();
  EXPECT_TRUE(connection_->paused);
  EXPECT_LT(connection_->unsent, size_t{6} << 20);
  connection_->hold = false;
  connection_->unsent = 0;
  session_->on_sent();
  EXPECT_FALSE(connection_->paused);
  EXPECT_EQ(answers().size(), sent);
}

TEST_F(SessionTest, ResetGivesUpWaitingForABookmark) {
  log_in();
  run("ROWS 1", {{"mode", Value::string("r")}, {"bookmarks", Value::list({Value::string("graft:c:1:1000")})}});
  settle();
  ASSERT_EQ(replica_->reads.size(), 1u);
  EXPECT_FALSE(replica_->reads[0].first.linearizable);
  reset();
  settle();
  EXPECT_EQ(tags(), "FS");
  replica_->reads[0].second(replica_->applied());  // too late: nobody listens
  settle();
  EXPECT_EQ(tags(), "");
  EXPECT_EQ(session_->state(), Session::State::kReady);
}

TEST_F(SessionTest, ResetDuringACommitWaitsForItsOutcome) {
  log_in();
  run("WRITE");
  settle();
  reset();
  settle();
  EXPECT_EQ(tags(), "");
  replica_->commits[0].second(replication::CommitOutcome{{"c", 1, 9}, {}});
  settle();
  EXPECT_EQ(tags(), "SS");
}

TEST_F(SessionTest, ReadsInWriteModeAreLinearizable) {
  log_in();
  run("ROWS 1");
  settle();
  ASSERT_EQ(replica_->reads.size(), 1u);
  EXPECT_TRUE(replica_->reads[0].first.linearizable);
  replica_->reads[0].second(replica_->applied());
  pull();
  settle();
  EXPECT_EQ(tags(), "SRS");
}

TEST_F(SessionTest, AForeignBookmarkIsRefused) {
  log_in();
  run("ROWS 1", {{"bookmarks", Value::list({Value::string("graft:other:1:1")})}});
  settle();
  EXPECT_EQ(tags(), "F");
  EXPECT_EQ(last_[0].code(), "Neo.ClientError.Transaction.InvalidBookmark");
}

TEST_F(SessionTest, OnAFollowerATransactionReadsAndItsWritesNameTheLeader) {
  log_in();
  send(0x11, {map()});
  settle();
  ASSERT_EQ(replica_->reads.size(), 1u);
  EXPECT_TRUE(replica_->reads[0].first.linearizable);
  replica_->reads[0].second(replica_->applied());
  run("ROWS 2");
  pull();
  run("WRITE");
  settle();
  EXPECT_EQ(tags(), "SSRRSF");
  EXPECT_EQ(last_.back().code(), "Neo.ClientError.Cluster.NotALeader");
  EXPECT_NE(last_.back().value.find("message")->as_string().find("10.0.0.1:7687"), std::string::npos);
}

TEST_F(SessionTest, ATransactionEndsAtItsTimeout) {
  log_in();
  send(0x11, {map({{"mode", Value::string("r")}, {"tx_timeout", Value::integer(1000)}})});
  settle();
  replica_->reads[0].second(replica_->applied());
  settle();
  EXPECT_EQ(tags(), "S");
  clock_.now += std::chrono::seconds(2);
  run("ROWS 1");
  settle();
  EXPECT_EQ(tags(), "F");
  EXPECT_EQ(last_[0].code(), "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration");
}

TEST_F(SessionTest, ResultsOfATransactionAreToldApart) {
  log_in();
  send(0x11, {map(kRead)});
  settle();
  replica_->reads[0].second(replica_->applied());
  run("ROWS 2");
  run("ROWS 3");
  send(0x3F, {map({{"n", Value::integer(-1)}, {"qid", Value::integer(0)}})});
  send(0x2F, {map({{"n", Value::integer(-1)}, {"qid", Value::integer(1)}})});
  send(0x12, {});
  settle();
  EXPECT_EQ(tags(), "SSSRRSSS");
  EXPECT_EQ(last_.back().value.find("bookmark")->as_string(), "graft:c:1:5");
}

TEST_F(SessionTest, RouteTellsRolesAndHoldsWhileNoLeaderIsKnown) {
  log_in();
  replica_->leader = 0;
  send(0x66, {map(), Value::list({}), map()});
  settle();
  EXPECT_EQ(tags(), "");
  replica_->leader = 2;
  replica_->leader_waiters.at(0)({});
  settle();
  EXPECT_EQ(tags(), "S");
  std::map<std::string, std::string> roles;
  for (const Value& server : last_[0].value.find("rt")->find("servers")->as_list()) {
    std::string& all = roles[std::string(server.find("role")->as_string())];
    for (const Value& address : server.find("addresses")->as_list()) all += std::string(address.as_string()) + " ";
  }
  EXPECT_EQ(roles["WRITE"], "10.0.0.2:7687 ");
  EXPECT_EQ(roles["READ"], "10.0.0.1:7687 [::1]:7687 ");
  EXPECT_EQ(roles["ROUTE"], "10.0.0.1:7687 10.0.0.2:7687 [::1]:7687 ");
}

TEST_F(SessionTest, OtherDatabasesAreNotFound) {
  log_in();
  for (const char* name : {"default", "neo4j", "Neo4j", ""}) {
    run("ROWS 0", {{"mode", Value::string("r")}, {"db", Value::string(name)}});
    pull();
    settle();
    EXPECT_EQ(tags(), "SS") << name;
  }
  run("ROWS 0", {{"db", Value::string("movies")}});
  settle();
  EXPECT_EQ(tags(), "F");
  EXPECT_EQ(last_[0].code(), "Neo.ClientError.Database.DatabaseNotFound");
}

TEST_F(SessionTest, MessagesOutOfOrderCloseTheConnection) {
  log_in();
  pull();
  settle();
  EXPECT_EQ(tags(), "F");
  EXPECT_EQ(last_[0].code(), "Neo.ClientError.Request.Invalid");
  EXPECT_TRUE(connection_->closed);
}

TEST_F(SessionTest, AMessageBeforeLoginThatIsTooLongClosesTheConnection) {
  session_->on_data(std::string("\x60\x60\xB0\x17\x00\x08\x08\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20));
  session_->on_data(std::string("\xFF\xFF", 2) + std::string(65535, 'x'));
  session_->on_data(std::string("\xFF\xFF", 2));
  EXPECT_TRUE(connection_->closed);
}

TEST_F(SessionTest, AClientThatDoesNotReadIsWaitedFor) {
  log_in();
  connection_->hold = true;
  run("ROWS 2000000", kRead);
  pull();
  settle();
  const size_t held = connection_->sent.size();
  EXPECT_GT(held, size_t{1} << 20);
  EXPECT_LT(held, size_t{3} << 20);
  for (int i = 0; i < 400 && session_->state() != Session::State::kReady; ++i) {
    connection_->unsent = 0;
    connection_->sent.clear();
    session_->on_sent();
    settle();
  }
  EXPECT_EQ(session_->state(), Session::State::kReady);
}

TEST_F(SessionTest, ManyQueuedMessagesPauseReading) {
  log_in();
  run("WRITE");
  for (int i = 0; i < 300; ++i) pull();
  EXPECT_TRUE(connection_->paused);
  settle();
  replica_->commits[0].second(Error{ErrorCode::kConflict, "again"});
  settle();
  EXPECT_FALSE(connection_->paused);
  EXPECT_EQ(tags(), "F" + std::string(300, 'I'));
}

TEST_F(SessionTest, AClosedConnectionFreesWhatItHeld) {
  log_in();
  run("HANG", kRead);
  settle_some();
  session_->on_closed({ErrorCode::kIo, "reset by peer"});
  settle();
  EXPECT_EQ(session_->state(), Session::State::kClosed);
  EXPECT_EQ(store_->stats().pins, 0u);
}

TEST_F(SessionTest, ExplainRunsNothing) {
  log_in();
  run("EXPLAIN");
  pull();
  settle();
  EXPECT_EQ(tags(), "SS");
  EXPECT_EQ(last_[1].value.find("plan")->find("operatorType")->as_string(), "ProduceResults");
}

TEST_F(SessionTest, AWaitingClientGetsKeepAlives) {
  log_in();
  run("WRITE");
  settle();
  clock_.now += std::chrono::seconds(20);
  session_->sweep(clock_.now);
  EXPECT_EQ(connection_->sent, std::string(2, '\0'));
}

// It has sent everything and waits, though the network still has the rest.
TEST_F(SessionTest, ALongMessageOnItsWayGetsKeepAlives) {
  log_in();
  session_->on_data(std::string("\x00\x05\xb1", 3));
  connection_->sent.clear();
  clock_.now += std::chrono::seconds(20);
  session_->sweep(clock_.now);
  EXPECT_EQ(connection_->sent, std::string(2, '\0'));
}

TEST_F(SessionTest, AnIdleClientGetsNone) {
  log_in();
  connection_->sent.clear();
  clock_.now += std::chrono::seconds(20);
  session_->sweep(clock_.now);
  EXPECT_EQ(connection_->sent, "");
}

TEST_F(SessionTest, WhoDoesNotLogInIsClosed) {
  clock_.now += std::chrono::seconds(31);
  session_->sweep(clock_.now);
  EXPECT_TRUE(connection_->closed);
}

}  // namespace
}  // namespace graft::server
