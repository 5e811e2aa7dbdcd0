#pragma once

// One session with a connection, a replica and an engine that do what each test says, on runners that run a task when
// told to.

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "env/posix/file_system.h"
#include "env/posix/random.h"
#include "server/bolt/replies.h"
#include "server/session/session.h"

namespace graft::server {

using graph::Value;

class ManualClock final : public env::Clock {
 public:
  env::Duration monotonic() const override { return now; }
  env::Duration wall() const override { return now; }
  env::Duration now = std::chrono::hours(1);
};

class ManualRunner final : public env::TaskRunner {
 public:
  explicit ManualRunner(ManualClock& clock) : clock_(clock) {}
  void post(env::Task task) override { tasks_.push_back(std::move(task)); }
  env::TimerId post_after(env::Duration delay, env::Task task) override {
    timers_.emplace(clock_.now + delay, std::make_pair(++last_timer_, std::move(task)));
    return last_timer_;
  }
  bool cancel(env::TimerId id) override {
    return std::erase_if(timers_, [&](const auto& timer) { return timer.second.first == id; }) > 0;
  }
  size_t backlog() const override { return tasks_.size(); }
  bool run_one() {
    if (!timers_.empty() && timers_.begin()->first <= clock_.now) {
      env::Task task = std::move(timers_.begin()->second.second);
      timers_.erase(timers_.begin());
      task();
      return true;
    }
    if (tasks_.empty()) return false;
    env::Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }

 private:
  ManualClock& clock_;
  std::deque<env::Task> tasks_;
  std::multimap<env::Duration, std::pair<env::TimerId, env::Task>> timers_;
  env::TimerId last_timer_ = 0;
};

class FakeConnection final : public env::Connection {
 public:
  void send(std::string bytes) override { sent += bytes; unsent += hold ? bytes.size() : 0; }
  size_t unsent_bytes() const override { return unsent; }
  void pause_reading() override { paused = true; }
  void resume_reading() override { paused = false; }
  void close() override { closed = true; }
  void abort() override { closed = true; }
  std::string peer() const override { return "127.0.0.1:5555"; }
  std::string sent;
  size_t unsent = 0;
  bool hold = false, paused = false, closed = false;
};

// "ROWS n": n rows of one integer; "WRITE": a write; "HANG": runs until cancelled; "FAIL": fails when run; else a syntax error.
class FakePrepared final : public cypher::PreparedQuery {
 public:
  explicit FakePrepared(std::string text) : text(std::move(text)) {
    if (!this->text.starts_with("WRITE")) columns_ = {"x"};
  }
  const std::vector<std::string>& columns() const override { return columns_; }
  cypher::QueryMode mode() const override { return text.starts_with("EXPLAIN") ? cypher::QueryMode::kExplain : cypher::QueryMode::kNormal; }
  cypher::QueryType type() const override { return text.starts_with("WRITE") ? cypher::QueryType::kWrite : cypher::QueryType::kRead; }
  bool is_cluster_procedure() const override { return false; }
  bool expects_large_write() const override { return false; }
  const std::vector<cypher::Notification>& notifications() const override { return notifications_; }
  cypher::PlanDescription plan() const override { return {"ProduceResults", {}, {}, {}}; }
  const std::string text;

 private:
  std::vector<std::string> columns_;
  std::vector<cypher::Notification> notifications_;
};

class FakeExecution final : public cypher::Execution {
 public:
  explicit FakeExecution(const FakePrepared& query) : query_(query) {
    if (query.text.starts_with("ROWS ")) left_ = std::stoi(query.text.substr(5));
  }
  Result<cypher::RowBatch> next(size_t max_rows, bool* done) override {
    if (cancelled_) return Error{ErrorCode::kCancelled, "cancelled"};
    if (query_.text.starts_with("FAIL")) return Error{ErrorCode::kArithmetic, "division by zero"};
    cypher::RowBatch batch;
    batch.columns = query_.columns().size();
    for (; left_ > 0 && batch.values.size() < max_rows; --left_) batch.values.push_back(Value::integer(left_));
    *done = left_ == 0 && query_.text != "HANG";
    if (query_.text == "HANG") batch.values.assign(200, Value::integer(1));
    return batch;
  }
  void cancel(ErrorCode) override { cancelled_ = true; }
  cypher::PlanDescription profile() const override { return {}; }

 private:
  const FakePrepared& query_;
  int left_ = 0;
  bool cancelled_ = false;
};

class FakeEngine final : public cypher::QueryEngine {
 public:
  std::variant<Prepared, cypher::QueryError> prepare(std::string_view text, const Parameters&, const graph::GraphView&) override {
    for (const char* word : {"ROWS ", "WRITE", "HANG", "FAIL", "EXPLAIN"}) {
      if (text.starts_with(word)) return known_[std::string(text)] = std::make_shared<FakePrepared>(std::string(text));
    }
    return cypher::QueryError{ErrorCode::kSyntax, "bad", {}};
  }
  Prepared find_prepared(std::string_view text, const graph::GraphView&) override {
    const auto found = known_.find(text);
    return found == known_.end() ? nullptr : found->second;
  }
  std::unique_ptr<cypher::Execution> start(Prepared query, const graph::GraphView&, graph::GraphTransaction*, cypher::ExecutionOptions) override {
    return std::make_unique<FakeExecution>(static_cast<const FakePrepared&>(*query));
  }
  std::variant<cypher::ServerCall, cypher::QueryError> server_call(const cypher::PreparedQuery&, const graph::GraphView&, const cypher::ExecutionOptions&) override {
    return cypher::QueryError{ErrorCode::kInternal, "", {}};
  }

 private:
  std::map<std::string, Prepared, std::less<>> known_;
};

class FakeReplica final : public replication::Replica {
 public:
  explicit FakeReplica(storage::Store& store) : store_(store) {}
  replication::ReplicaStatus status() const override {
    replication::ReplicaStatus s;
    s.state = replication::ReplicaState::kServing;
    s.members = {{1, "10.0.0.1", 7687, 9093}, {2, "10.0.0.2", 7687, 9093}, {3, "::1", 7687, 9093}};
    s.leader = leader;
    return s;
  }
  raft::MemberId leader_hint() const override { return leader; }
  void wait_for_leader(env::Duration, std::function<void(Status)> done) override { leader_waiters.push_back(std::move(done)); }
  replication::ReadVersion applied() const override { return {store_.applied(), {"c", 1, 5}}; }
  void read(replication::ReadRequest request, std::function<void(Result<replication::ReadVersion>)> done) override {
    reads.emplace_back(std::move(request), std::move(done));
  }
  void autocommit(std::shared_ptr<replication::LaneWork> work, replication::CommitCallback done) override { commits.emplace_back(std::move(work), std::move(done)); }
  void begin(std::vector<std::string>, std::function<void(Result<std::unique_ptr<replication::ExplicitTransaction>>)> done) override {
    done(Error{ErrorCode::kNotLeader, "not the leader: 10.0.0.1:7687"});
  }
  Result<std::unique_ptr<replication::ExplicitTransaction>> begin_at_applied() override {
    return Error{ErrorCode::kNotLeader, "This fake does not begin transactions by itself."};
  }
  void commit(std::unique_ptr<replication::ExplicitTransaction>, replication::CommitCallback) override {}
  void await_schema(std::vector<graph::SchemaTask> tasks, env::Duration, std::function<void(Status)> done) override { schema_waits.emplace_back(std::move(tasks), std::move(done)); }
  void add_member(replication::Member, std::function<void(Status)>) override {}
  void remove_member(raft::MemberId, std::function<void(Status)>) override {}
  void transfer_leadership(raft::MemberId, std::function<void(Status)>) override {}
  void stop(std::function<void()>) override {}

  raft::MemberId leader = 1;
  std::vector<std::pair<std::vector<graph::SchemaTask>, std::function<void(Status)>>> schema_waits;
  std::vector<std::function<void(Status)>> leader_waiters;
  std::vector<std::pair<replication::ReadRequest, std::function<void(Result<replication::ReadVersion>)>>> reads;
  std::vector<std::pair<std::shared_ptr<replication::LaneWork>, replication::CommitCallback>> commits;

 private:
  storage::Store& store_;
};

// One answer of the server's.
struct Answer {
  uint8_t tag = 0;   // 0x70 SUCCESS, 0x71 RECORD, 0x7E IGNORED, 0x7F FAILURE
  Value value;       // metadata, or a record's list
  std::string code() const { return value.find("neo4j_code") != nullptr ? std::string(value.find("neo4j_code")->as_string()) : ""; }
};

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / ("graft-session-" + std::to_string(::getpid()));
    std::filesystem::create_directories(directory_);
    storage::StoreOptions options;
    options.map_reserve_bytes = uint64_t{1} << 30;
    auto store = storage::Store::open(files_, directory_.string(), options);
    ASSERT_TRUE(store.ok()) << store.error().message;
    store_ = std::move(store).value();
    replica_ = std::make_unique<FakeReplica>(*store_);
    authenticator_ = std::make_unique<Authenticator>(clock_, random_, io_, worker_);
    services_ = std::make_shared<SessionServices>(SessionServices{clock_, random_, io_, worker_, *replica_, engine_, *authenticator_});
    services_->disable_auth = true;
    session_ = std::make_shared<Session>(services_, connection_, 1);
  }
  void TearDown() override {
    session_->on_closed({});
    settle();
    session_.reset();
    replica_.reset();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void settle() {
    while (io_.run_one() || worker_.run_one()) {
    }
  }
  void settle_some() {
    for (int i = 0; i < 6; ++i) {
      run_io();
      worker_.run_one();
    }
  }
  void run_io() {
    while (io_.run_one()) {
    }
  }
  void send(uint8_t tag, const graph::List& fields) {
    std::string message, framed;
    PackWriter writer(&message);
    writer.structure_header(static_cast<uint8_t>(fields.size()), tag);
    for (const Value& field : fields) encode_value(field, {}, nullptr, &writer);
    append_message(message, &framed);
    session_->on_data(framed);
  }
  static Value map(graph::Map entries = {}) { return Value::map(std::move(entries)); }
  void run(const std::string& text, graph::Map extra = {}) { send(0x10, {Value::string(text), map(), map(std::move(extra))}); }
  void pull(int64_t n = -1) { send(0x3F, {map({{"n", Value::integer(n)}})}); }
  void reset() { send(0x0F, {}); }
  void log_in() {
    session_->on_data(std::string("\x60\x60\xB0\x17\x00\x08\x08\x05\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20));
    send(0x01, {map({{"user_agent", Value::string("test")}})});
    send(0x6A, {map({{"scheme", Value::string("none")}})});
    settle();
    ASSERT_EQ(connection_->sent.substr(0, 4), std::string("\x00\x00\x08\x05", 4));
    connection_->sent.erase(0, 4);
    ASSERT_EQ(answers().size(), 2u);
    ASSERT_EQ(session_->state(), Session::State::kReady);
  }

  // What was sent since the last call.
  std::vector<Answer> answers() {
    MessageReader reader;
    reader.set_limit(1 << 24);
    std::vector<std::string> messages;
    EXPECT_TRUE(reader.feed(std::exchange(connection_->sent, {}), &messages).ok());
    std::vector<Answer> result;
    for (const std::string& message : messages) {
      PackReader in(message);
      DecodeLimits limits;
      Answer answer;
      answer.tag = in.next().tag;
      if (!in.done()) answer.value = decode_value(&in, &limits).value();
      result.push_back(std::move(answer));
    }
    return result;
  }
  std::string tags() {
    std::string text;
    for (const Answer& a : last_ = answers()) text += a.tag == 0x70 ? 'S' : a.tag == 0x71 ? 'R' : a.tag == 0x7E ? 'I' : 'F';
    return text;
  }

  std::filesystem::path directory_;
  ManualClock clock_;
  env::KernelRandom random_;
  env::PosixFileSystem files_;
  ManualRunner io_{clock_}, worker_{clock_};
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<FakeReplica> replica_;
  FakeEngine engine_;
  std::unique_ptr<Authenticator> authenticator_;
  std::shared_ptr<SessionServices> services_;
  std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>();
  std::shared_ptr<Session> session_;
  std::vector<Answer> last_;
};

}  // namespace graft::server
