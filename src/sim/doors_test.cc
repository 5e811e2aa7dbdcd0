#include <gtest/gtest.h>

#include "sim/file_system.h"
#include "sim/network.h"
#include "sim/process.h"

namespace graft::sim {
namespace {

using env::OpenMode;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SimTaskRunner, RunsInOrderWithTimersAndCancel) {
  SimScheduler scheduler(1);
  auto process = std::make_shared<SimProcess>(scheduler, 1, 0);
  std::vector<int> order;
  for (int i = 0; i < 50; i++) process->lane.post([&order, i] { order.push_back(i); });
  process->lane.post_after(milliseconds(50), [&] { order.push_back(50); });
  const env::TimerId cancelled = process->lane.post_after(milliseconds(20), [&] { order.push_back(-1); });
  EXPECT_TRUE(process->lane.cancel(cancelled));
  EXPECT_FALSE(process->lane.cancel(cancelled));
  scheduler.run_until(seconds(1));
  ASSERT_EQ(order.size(), 51u);
  for (int i = 0; i <= 50; i++) EXPECT_EQ(order[i], i);
}

TEST(SimTaskRunner, TheDeadRunNothing) {
  SimScheduler scheduler(1);
  auto process = std::make_shared<SimProcess>(scheduler, 1, 0);
  auto owned = std::make_shared<int>(0);
  process->raft.post([&, owned] { process->die(); });
  process->raft.post([owned] { (*owned)++; });
  process->io.post_after(milliseconds(10), [owned] { (*owned)++; });
  scheduler.run_until(seconds(1));
  EXPECT_EQ(*owned, 0);
  process->reap();
  EXPECT_EQ(owned.use_count(), 1);
}

TEST(SimScheduler, TheSameSeedGoesTheSameWay) {
  auto run = [](uint64_t seed) {
    SimScheduler scheduler(seed);
    auto process = std::make_shared<SimProcess>(scheduler, seed, 0);
    for (int i = 0; i < 100; i++) process->lane.post([&, i] { process->raft.post([&, i] { scheduler.note(i); }); });
    scheduler.run_until(seconds(1));
    return scheduler.fingerprint();
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

struct Machine {
  SimScheduler scheduler{1};
  Disk disk;
  DiskFaults faults;
  std::shared_ptr<SimProcess> process = std::make_shared<SimProcess>(scheduler, 1, 0);
  SimFileSystem fs{process, disk, faults};
};

TEST(SimFileSystem, SyncedBytesAndNamesSurviveEveryCrash) {
  int lost_names = 0, lost_bytes = 0, kept_bytes = 0;
  for (uint64_t seed = 0; seed < 200; seed++) {
    Machine m;
    SimRandom random(seed);
    ASSERT_TRUE(m.fs.create_directories("/d").ok());
    auto file = m.fs.open("/d/a", OpenMode::kCreate).value();
    ASSERT_TRUE(file->write_at(0, std::string(2000, 'a')).ok());
    ASSERT_TRUE(file->sync().ok());
    ASSERT_TRUE(m.fs.sync_directory("/d").ok());
    ASSERT_TRUE(file->write_at(1000, std::string(2000, 'b')).ok());
    ASSERT_TRUE(m.fs.open("/d/b", OpenMode::kCreate).ok());
    m.process->die();
    EXPECT_FALSE(file->write_at(0, "x").ok());
    file.reset();
    m.disk.crash(random);

    auto left = m.disk.find("/d/a");
    ASSERT_NE(left, nullptr);
    const std::string bytes(left->bytes.data(), left->bytes.size());
    ASSERT_GE(bytes.size(), 2000u);
    EXPECT_EQ(bytes.substr(0, 1000), std::string(1000, 'a'));
    if (bytes == std::string(1000, 'a') + std::string(2000, 'b')) kept_bytes++;
    else lost_bytes++;
    if (m.disk.find("/d/b") == nullptr) lost_names++;
  }
  EXPECT_GT(lost_names, 10);
  EXPECT_GT(lost_bytes, 10);
  EXPECT_GT(kept_bytes, 10);
}

TEST(SimFileSystem, ReplaceFileIsWholeWhereverTheCrashFalls) {
  for (uint64_t at = 1; at < 12; at++) {
    for (uint64_t seed = 0; seed < 20; seed++) {
      Machine m;
      SimRandom random(seed * 100 + at);
      ASSERT_TRUE(m.fs.create_directories("/d").ok());
      ASSERT_TRUE(env::replace_file(m.fs, "/d/f", std::string(1000, 'a')).ok());
      m.faults.crash_at_operation = m.faults.operations + at;
      const bool done = env::replace_file(m.fs, "/d/f", std::string(1500, 'b')).ok();
      m.disk.crash(random);
      auto file = m.disk.find("/d/f");
      ASSERT_NE(file, nullptr);
      const std::string content(file->bytes.data(), file->bytes.size());
      const bool is_new = content == std::string(1500, 'b');
      EXPECT_TRUE(is_new || (!done && content == std::string(1000, 'a'))) << "operation " << at << " seed " << seed;
    }
  }
}

TEST(SimFileSystem, AMapSeesWritesAndAFailedSyncLosesThem) {
  Machine m;
  SimRandom random(3);
  ASSERT_TRUE(m.fs.create_directories("/d").ok());
  auto file = m.fs.open("/d/a", OpenMode::kCreate).value();
  ASSERT_TRUE(m.fs.sync_directory("/d").ok());
  const char* mapped = file->map(uint64_t{1} << 40).value();
  ASSERT_TRUE(file->write_at(100, "hello").ok());
  EXPECT_EQ(std::string_view(mapped + 100, 5), "hello");
  m.faults.sync_failure = 1;
  EXPECT_FALSE(file->sync().ok());
  m.faults.sync_failure = 0;
  EXPECT_TRUE(m.faults.violations.empty());
  EXPECT_FALSE(file->sync().ok());
  EXPECT_EQ(m.faults.violations.size(), 1u);
  file.reset();
  m.process->die();
  m.disk.crash(random);
  EXPECT_EQ(m.disk.find("/d/a")->bytes.size(), 0u);
}

// Two processes; one sends numbered words, the other keeps what comes.
class Sink : public env::ConnectionHandler {
 public:
  void on_data(std::string_view bytes) override { data += bytes; }
  void on_closed(const Error& error) override { closed++; reason = error.message; }
  std::string data, reason;
  int closed = 0;
  std::shared_ptr<env::Connection> connection;
};

struct Pair {
  explicit Pair(uint64_t seed) : scheduler(seed), network(scheduler, seed) {
    for (int i : {0, 1}) {
      processes.push_back(std::make_shared<SimProcess>(scheduler, seed + static_cast<uint64_t>(i), i));
      transports.push_back(std::make_unique<SimTransport>(network, processes[i], "n" + std::to_string(i)));
    }
    listener = transports[1]->listen({"n1", 1000}, nullptr, [this](std::shared_ptr<env::Connection> connection) {
      server->connection = std::move(connection);
      return server;
    }).value();
    transports[0]->connect({"n1", 1000}, seconds(1), client, [this](std::shared_ptr<env::Connection> connection) {
      client->connection = std::move(connection);
    });
    scheduler.run_until(seconds(1));
  }
  ~Pair() {
    for (auto& process : processes) {
      process->die();
      network.reap(*process);
      process->reap();
    }
    client->connection.reset();
    server->connection.reset();
  }
  std::string send_words(int from, int to) {
    std::string sent;
    for (int i = from; i < to; i++) {
      client->connection->send(std::to_string(i) + ",");
      sent += std::to_string(i) + ",";
    }
    return sent;
  }
  SimScheduler scheduler;
  SimNetwork network;
  std::vector<std::shared_ptr<SimProcess>> processes;
  std::vector<std::unique_ptr<SimTransport>> transports;
  std::unique_ptr<env::Listener> listener;
  std::shared_ptr<Sink> client = std::make_shared<Sink>(), server = std::make_shared<Sink>();
};

TEST(SimNetwork, BytesComeInOrderAlsoAcrossAPartition) {
  for (uint64_t seed = 0; seed < 20; seed++) {
    Pair p(seed);
    ASSERT_NE(p.client->connection, nullptr);
    std::string sent = p.send_words(0, 500);
    p.scheduler.run_until(seconds(2));
    EXPECT_EQ(p.server->data, sent);
    p.network.block(0, 1);
    sent += p.send_words(500, 600);
    p.scheduler.run_until(seconds(10));
    EXPECT_LT(p.server->data.size(), sent.size());
    p.network.unblock_all();
    p.scheduler.run_until(seconds(12));
    if (p.server->closed == 0) {
      EXPECT_EQ(p.server->data, sent);
    } else {
      EXPECT_EQ(p.client->closed, 1);  // both ends learn of a reset
    }
    EXPECT_EQ(sent.substr(0, p.server->data.size()), p.server->data);
  }
}

TEST(SimNetwork, CloseDeliversWhatWasSentAndDeathIsNoticed) {
  Pair p(5);
  const std::string sent = p.send_words(0, 100);
  p.client->connection->close();
  p.scheduler.run_until(seconds(2));
  EXPECT_EQ(p.server->data, sent);
  EXPECT_EQ(p.server->closed, 1);
  EXPECT_EQ(p.client->closed, 1);

  Pair q(6);
  q.processes[1]->die();
  q.network.on_death(*q.processes[1], false);
  q.scheduler.run_until(seconds(2));
  EXPECT_EQ(q.client->closed, 1);
  auto late = std::make_shared<Sink>();
  q.transports[0]->connect({"n1", 1000}, seconds(1), late, [](auto) { ADD_FAILURE() << "connected to the dead"; });
  q.scheduler.run_until(seconds(5));
  EXPECT_EQ(late->reason, "cannot connect to n1:1000: Connection refused");
}

TEST(SimNetwork, APausedReaderHoldsTheSenderBack) {
  Pair p(7);
  p.server->connection->pause_reading();
  p.client->connection->send(std::string(1 << 20, 'x'));
  p.scheduler.run_until(seconds(3));
  EXPECT_EQ(p.server->data.size(), 0u);
  EXPECT_GT(p.client->connection->unsent_bytes(), 0u);
  p.server->connection->resume_reading();
  p.scheduler.run_until(seconds(4));
  EXPECT_EQ(p.server->data.size(), size_t{1} << 20);
  EXPECT_EQ(p.client->connection->unsent_bytes(), 0u);
}

}  // namespace
}  // namespace graft::sim
